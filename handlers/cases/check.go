package cases

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	line, mode := modeOf(c.Rest)
	list, p, rest := checklist(c, line)
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
	rest, note := aside(rest)
	rest = turned(list, rest)
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
	return f.checked(ctx, c, checkup{list: list, pack: p, spot: s, place: place, missing: missing, mode: mode, note: note, open: open})
}

// checkup is a place gone through.
type checkup struct {
	list    *config.Checklist
	pack    *config.Pack
	spot    spot
	place   string
	missing []string // in the order of the list
	mode    string
	note    string // what was said besides: 复工12/86
	open    []*Case
}

func (f *Family) checked(ctx context.Context, c *handlers.Call, u checkup) (handlers.Outcome, error) {
	b := c.Read()
	field := u.list.Name + "/" + u.place
	cell := b.Cell(checks, field)
	every := b.All(checks)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read checks: %w", err)
	}
	var list []request
	for _, it := range u.list.Items {
		if !slices.Contains(u.missing, it.Name) {
			continue
		}
		list = append(list, u.lacks(it))
	}
	found, out, err := f.openAll(ctx, &c.Desk, c.Person.UserID, list, u.open)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out.Audit = handlers.Audit{Unit: u.spot.Unit, Record: "检/" + field, Rev: cell.Rev + 1, Values: strings.Join(u.missing, ",")}
	out.Changes = append(out.Changes, store.Put(checks, field, cell.Rev, fmt.Sprintf("%s|%d|%s|%s", strings.Join(u.missing, ","), c.At.Unix(), c.Person.UserID, u.mode)))
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
	var parts []string
	for i, o := range found {
		parts = append(parts, o.missing(&c.Desk, u.missing[i]))
	}
	if len(parts) > 0 {
		text += "：" + strings.Join(parts, "，")
	}
	if u.note != "" {
		text += "；" + u.note
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s\n%s齐的 %d/%d处（只算查过的）。", text, u.list.Title, whole, places))
	return out, nil
}

// lacks is the case of an item that is missing.
func (u checkup) lacks(it *config.ListItem) request {
	t := u.pack.Cases.Type(it.Type)
	return request{typ: t, pack: u.pack, unit: u.spot.Unit, place: u.at(), text: "缺" + it.Name + "（" + u.list.Title + "）", help: cmp.Or(t.Help, "补"+it.Name)}
}

// at is the place as a case names it: "" for a whole committee.
func (u checkup) at() string {
	if u.place == u.spot.Unit {
		return ""
	}
	return u.place
}

// missing is 缺登记本→W06（今天19:00前）.
func (o opened) missing(d *handlers.Desk, item string) string {
	if o.joined {
		return fmt.Sprintf("缺%s（已有%s）", item, o.k.id)
	}
	return fmt.Sprintf("缺%s→%s（%s前）", item, o.k.id, when(d, o.k.Due))
}

// checklist is the list a line begins with.
func checklist(c *handlers.Call, text string) (*config.Checklist, *config.Pack, string) {
	text = strings.TrimSpace(text)
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

// after an item, these say that it is not as it should be, or that it is.
var (
	badAfter  = []string{"不全", "不规范", "没有", "缺失", "缺", "坏了", "坏", "无"}
	goodAfter = []string{"规范", "正常", "齐全", "都好", "好", "有", "全", "ok", "√"}
)

// turned puts what is said behind an item before it: 登记不全 becomes 缺登记, 门禁好 falls away.
// A line that is all good is 全有.
func turned(list *config.Checklist, text string) string {
	text = syntax.Normalise(text)
	var bad []string
	good := 0
	for _, it := range list.Items {
		for _, name := range append([]string{it.Name}, it.Aliases...) {
			i := strings.Index(text, name)
			if i < 0 {
				continue
			}
			behind := strings.TrimLeft(text[i+len(name):], " ")
			if rest, ok := cutFirst(behind, badAfter); ok {
				bad = append(bad, it.Name)
				text = text[:i] + " " + rest
			} else if rest, ok := cutFirst(behind, goodAfter); ok {
				good++
				text = text[:i] + " " + rest
			}
			break
		}
	}
	text = strings.TrimSpace(text)
	switch {
	case len(bad) > 0:
		text += " 缺" + strings.Join(bad, "、")
	case good > 0 && strings.Trim(text, " ,。、0123456789/") == "":
		text += " 全有"
	}
	return text
}

func cutFirst(text string, words []string) (rest string, ok bool) {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(text, w); ok {
			return rest, true
		}
	}
	return text, false
}

// aside takes what is no item out of a line: a share such as 复工12/86 that the inspector
// noted by the way.
func aside(text string) (rest, note string) {
	var keep, notes []string
	for _, w := range strings.Fields(text) {
		if a, b, ok := strings.Cut(w, "/"); ok && a != "" && b != "" && b[0] >= '0' && b[0] <= '9' && a[len(a)-1] >= '0' && a[len(a)-1] <= '9' {
			notes = append(notes, w)
			continue
		}
		keep = append(keep, w)
	}
	return strings.Join(keep, " "), strings.Join(notes, " ")
}
