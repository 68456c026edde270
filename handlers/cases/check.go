package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// checks holds how each place stood when it was last gone through: field = list/place,
// value = missing items|when|by.
var checks = store.Records("check")

// check is /检 岗 彩虹花苑南门 缺本: every item that is missing opens its case; one that has a
// case already does not open another.
func (f *Family) check(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	list, p, rest := checklist(c)
	if list == nil {
		return handlers.Outcome{}, handlers.Refusef("例：/检 岗 彩虹花苑南门 缺本", "用哪张单子查？有：%s。", strings.Join(lists(&c.Desk), "、"))
	}
	s, rest, ok := f.atlas(c).find(rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("没看出是哪里，没有记。", "写上小区和门，例：彩虹花苑南门；楼里店里写居民区，例：梅园 东风路12号")
	}
	if c.Person.Unit != "" && c.Person.Unit != s.Unit || !c.Person.Has(slices.Concat(finders, committee, []config.Role{config.RoleProperty, config.RoleBuilding})...) {
		return handlers.Outcome{}, handlers.Refusef("看到问题，发：/问 "+s.Name+" 什么事", "%s 不归您检查，没有记。", s.Name)
	}
	place, rest := place(list, s, rest)
	var words []syntax.Word
	for _, it := range list.Items {
		words = append(words, syntax.Word{Name: it.Name, Aliases: it.Aliases})
	}
	missing, ok := syntax.Checklist(rest, words)
	if !ok {
		var names []string
		for _, it := range list.Items {
			names = append(names, it.Name)
		}
		return handlers.Outcome{}, handlers.Refusef("例：/检 "+list.Name+" "+place+" 缺"+list.Items[0].Name+"，或 /检 "+list.Name+" "+place+" 全有", "缺哪几样没看懂，没有记。%s：%s。", list.Title, strings.Join(names, "、"))
	}
	open, err := all(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	return f.checked(ctx, c, checkup{list, p, s, place, missing, open})
}

// checkup is a place gone through.
type checkup struct {
	list    *config.Checklist
	pack    *config.Pack
	spot    spot
	place   string
	missing []string
	open    []*Case
}

func (f *Family) checked(ctx context.Context, c *handlers.Call, u checkup) (handlers.Outcome, error) {
	b := c.Read()
	field := u.list.Name + "/" + u.place
	cell := b.Cell(checks, field)
	every := b.All(checks)
	last := map[string]*store.Cell{}
	for _, l := range letters(c.Street) {
		last[l] = b.Cell(counts, l)
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read checks: %w", err)
	}
	given := map[string]int{}
	out := handlers.Outcome{Audit: handlers.Audit{Unit: u.spot.Unit, Record: "检/" + field, Rev: cell.Rev + 1, Values: strings.Join(u.missing, ",")}}
	var found []string
	for _, it := range u.list.Items {
		if !slices.Contains(u.missing, it.Name) {
			continue
		}
		t := u.pack.Cases.Type(it.Type)
		help := t.Help
		if help == "" {
			help = "补" + it.Name
		}
		k := f.draft(c, request{typ: t, pack: u.pack, unit: u.spot.Unit, place: u.place, text: "缺" + it.Name + "（" + u.list.Title + "）", help: help})
		if i := slices.IndexFunc(u.open, func(o *Case) bool {
			return o.State != Closed && o.Type == k.Type && o.Place == k.Place && o.Text == k.Text
		}); i >= 0 {
			found = append(found, fmt.Sprintf("缺%s（已有%s）", it.Name, u.open[i].id))
			continue
		}
		if before := k.repeats(u.open, c.At); before != nil {
			k.Of = before.id
		}
		n := given[t.Letter]
		if n == 0 && last[t.Letter].Rev > 0 {
			var err error
			if n, err = strconv.Atoi(last[t.Letter].Value); err != nil {
				return handlers.Outcome{}, fmt.Errorf("read number: %w", err)
			}
		}
		given[t.Letter] = n + 1
		k.id = number(t.Letter, n+1)
		o := f.outcome(&c.Desk, k)
		out.Changes = append(append(out.Changes, o.Changes...), store.Put(recent, k.id, 0, "1"))
		out.Pushes = append(out.Pushes, f.announce(&c.Desk, k)...)
		found = append(found, fmt.Sprintf("缺%s→%s（%s前）", it.Name, k.id, when(&c.Desk, k.Due)))
	}
	for l, n := range given {
		out.Changes = append(out.Changes, store.Put(counts, l, last[l].Rev, strconv.Itoa(n)))
	}
	out.Changes = append(out.Changes, store.Put(checks, field, cell.Rev, fmt.Sprintf("%s|%d|%s", strings.Join(u.missing, ","), c.At.Unix(), c.Person.UserID)))
	whole, places := 0, 0
	for name, cell := range *every {
		if strings.HasPrefix(name, u.list.Name+"/") && name != field {
			places++
			if strings.HasPrefix(cell.Value, "|") {
				whole++
			}
		}
	}
	if places++; len(u.missing) == 0 {
		whole++
	}
	text := fmt.Sprintf("%s %d/%d", u.place, len(u.list.Items)-len(u.missing), len(u.list.Items))
	if len(found) > 0 {
		text += "：" + strings.Join(found, "，")
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s\n%s齐的 %d/%d处（只算查过的）。", text, u.list.Title, whole, places))
	return out, nil
}

// checklist is the list a line begins with.
func checklist(c *handlers.Call) (*config.Checklist, *config.Pack, string) {
	text := strings.TrimSpace(c.Rest)
	var best *config.Checklist
	var of *config.Pack
	for _, p := range c.Packs() {
		for _, l := range p.Cases.Lists {
			for _, n := range []string{l.Name, l.Title} {
				if strings.HasPrefix(text, n) && (best == nil || len(n) > len(best.Name)) {
					best, of = l, p
				}
			}
		}
	}
	if best == nil {
		return nil, nil, text
	}
	rest, ok := strings.CutPrefix(text, best.Title)
	if !ok {
		rest = strings.TrimPrefix(text, best.Name)
	}
	return best, of, strings.TrimLeft(rest, " ,。:、")
}

func lists(d *handlers.Desk) []string {
	var out []string
	for _, p := range d.Packs() {
		for _, l := range p.Cases.Lists {
			out = append(out, l.Name)
		}
	}
	return out
}

// place is the spot with what stands between it and the first word of the answer, such as
// the address of a shop: 梅园 东风路12号 缺测温.
func place(list *config.Checklist, s spot, rest string) (string, string) {
	at := len(rest)
	for _, w := range []string{"缺", "没", "全", "都", "齐", "×", "无", "除", "不缺", "5有", "4有", "3有", "2有", "1有", "有"} {
		if i := strings.Index(rest, w); i >= 0 && i < at {
			at = i
		}
	}
	for _, it := range list.Items {
		if i := strings.Index(rest, it.Name); i >= 0 && i < at {
			at = i
		}
	}
	more := strings.Trim(rest[:at], " ,。:、")
	if more == "" || s.Gate || strings.IndexFunc(more, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		return s.Name, rest
	}
	return s.Name + more, rest[at:]
}
