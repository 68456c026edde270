package privacy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

const (
	trailDays  = 14 // how far back /留痕 looks
	trailLines = 12 // what fits a phone
)

// trail is /留痕: who saw or changed a household in the last fortnight, and what for. The
// question leaves a trace itself.
func (f *Family) trail(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	text := strings.TrimSpace(syntax.Normalise(c.Rest))
	if rest, ok := strings.CutPrefix(text, "证书"); ok {
		if !c.Person.Has(append([]config.Role{config.RoleLeader}, reviewers...)...) {
			return handlers.Outcome{}, handlers.Refuse("证书由领导、党政办、纪工委看。", "销毁时已发在领导群和纪工委群。")
		}
		return f.showCertificate(ctx, c, strings.TrimSpace(rest))
	}
	var units []syntax.Word
	for _, u := range c.Dir.Units(c.Street) {
		units = append(units, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	unit, rest, named := syntax.Unit(text, units)
	if !named {
		unit, rest = c.Person.Unit, text
	}
	home, _, ok := syntax.House(strings.TrimSpace(rest))
	if !ok || unit == "" {
		return handlers.Outcome{}, handlers.Refuse("要写居民区和户号，自己居民区的只写户号。", "例：/留痕 梅园 6-1203")
	}
	if c.Person.Unit != "" && unit != c.Person.Unit {
		return handlers.Outcome{}, handlers.Refusef("自己居民区的这样查：/留痕 6-1203", "%s的住户不归您查。", unit)
	}
	found, err := f.seen(ctx, c, unit, home)
	if err != nil {
		return handlers.Outcome{}, err
	}
	who := unit + " " + home.Key()
	lines := []string{fmt.Sprintf("%s 近%d天：%d次", who, trailDays, len(found))}
	if len(found) > trailLines {
		found = found[len(found)-trailLines:]
		lines[0] += fmt.Sprintf("，列最近%d次", trailLines)
	}
	if len(found) == 0 {
		lines[0] = fmt.Sprintf("%s 近%d天没有人看过、改过。", who, trailDays)
	}
	out := handlers.Answer(strings.Join(append(lines, found...), "\n"))
	out.Sealed = handlers.KeyGlass
	if packs := c.Packs(); len(packs) > 0 {
		out.Touches = []handlers.Touch{{Pack: packs[0].Name, Houses: []string{who}, Purpose: "查留痕"}}
	}
	out.Audit = handlers.Audit{Unit: unit, Record: "查留痕"}
	return out, nil
}

// seen lists the readings and changes of a household, oldest first.
func (f *Family) seen(ctx context.Context, c *handlers.Call, unit string, home syntax.Home) ([]string, error) {
	b := c.Read()
	var days []*[]store.AuditLine
	for back := trailDays - 1; back >= 0; back-- {
		days = append(days, b.AuditDay(string(c.Day.Add(-back))))
	}
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	var out []string
	for _, lines := range days {
		for _, l := range *lines {
			houses, why := handlers.Seen(l.Note)
			if !slices.ContainsFunc(houses, func(h string) bool { return about(h, unit, home.Key()) }) {
				continue
			}
			verb := "看"
			if l.Rev > 0 {
				verb = "改"
			}
			line := fmt.Sprintf("%s %s %s", moment(&c.Desk, l.At.Unix()), title(&c.Desk, l.Actor), verb)
			if l.Command != "" {
				line += "（" + l.Command + "）"
			}
			if why != "" {
				line += "：" + why
			}
			out = append(out, line)
		}
	}
	return out, nil
}

// about reports whether a house in a note is the one asked for: 梅园 彩虹花苑6-1203 is 6-1203 of
// 梅园, 16-1203 is not.
func about(house, unit, key string) bool {
	rest, ok := strings.CutPrefix(house, unit+" ")
	if !ok || !strings.HasSuffix(rest, key) {
		return false
	}
	before := strings.TrimSuffix(rest, key)
	return before == "" || !strings.ContainsAny(before[len(before)-1:], "0123456789-")
}
