package tables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// query is /数: 新返 2.10-2.13, 在隔 昨天, 在隔 梅园. What the asker hears follows who asks
// and where: a group hears the street's figures only.
func (f *Family) query(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	text := syntax.Normalise(c.Rest)
	unit, text, _ := syntax.Unit(text, places(&c.Desk))
	item, text, err := which(&c.Desk, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	first, last, given, err := days(&c.Desk, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	q := question{Desk: &c.Desk, item: item, first: first, last: last, street: unitNames(&c.Desk, config.OrderFile)}
	if c.Private() {
		q.reach = reach(&c.Desk, c.Person)
	}
	if unit != "" {
		if !c.Private() {
			return handlers.Outcome{}, handlers.Refuse("群里只说全街道的数。", "居民区的请私聊我发：数 "+item.word+" "+unit)
		}
		if !slices.Contains(q.reach, unit) {
			return handlers.Outcome{}, handlers.Refusef("看全街道的，发：数 "+item.word, "%s的数不归您看。", unit)
		}
		q.reach = []string{unit}
	}
	wanted := span(first, last)
	if !given {
		wanted = []config.Day{last.Add(-1), last}
	}
	if q.read, err = f.gather(ctx, &c.Desk, wanted, []string{item.name}); err != nil {
		return handlers.Outcome{}, err
	}
	if q.field() == nil {
		return handlers.Outcome{}, handlers.Refusef("看别的日子，发：数 "+item.word+" 2.10-2.13", "%s没有收过“%s”。", when(&c.Desk, last), item.word)
	}
	if !q.field().Number() {
		return handlers.Outcome{}, handlers.Refusef("科室、值班室可以导出：/导", "“%s”是文字，不能当数查。", item.word)
	}
	lines := q.single(given)
	if first < last {
		lines = q.several()
	}
	if len(item.other) > 0 {
		lines = append(lines, "这是"+item.name+"；还能查："+strings.Join(item.other, "、"))
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

// askedItem is a data item as a person called it.
type askedItem struct {
	name  string   // of the item
	word  string   // as the street's forms call it
	other []string // items that another form calls by the same word
}

// which finds the item a line begins with: the longest name that fits, and of several items
// of that name the first form's.
func which(d *handlers.Desk, text string) (askedItem, string, error) {
	var best string
	var items, labels []string
	for _, run := range d.Street.Runs {
		for _, form := range run.Pack.Forms {
			if !byCommittee(form) {
				continue
			}
			for _, x := range form.Fields {
				if !slices.Contains(labels, x.Name) && x.Number() {
					labels = append(labels, x.Name)
				}
				for _, w := range append([]string{x.Item, x.Name}, x.Aliases...) {
					switch {
					case !strings.HasPrefix(text, syntax.Normalise(w)) || len(w) < len(best):
					case len(w) > len(best):
						best, items = w, []string{x.Item}
					case !slices.Contains(items, x.Item):
						items = append(items, x.Item)
					}
				}
			}
		}
	}
	menu := "可以查：" + strings.Join(labels[:min(len(labels), 8)], "、")
	switch {
	case text == "":
		return askedItem{}, "", handlers.Refuse("要查哪一个数？", menu)
	case len(items) == 0:
		word, _, _ := strings.Cut(text, " ")
		return askedItem{}, "", handlers.Refusef(menu, "没有收过“%s”这个数。", handlers.Quote(word))
	}
	rest := strings.TrimLeft(strings.TrimPrefix(text, syntax.Normalise(best)), " ,:的")
	return askedItem{name: items[0], word: best, other: slices.DeleteFunc(items[1:], func(i string) bool { return i == best })}, rest, nil
}

// places are the names of the street's units, as people write them.
func places(d *handlers.Desk) []syntax.Word {
	var out []syntax.Word
	for _, u := range d.Dir.Units(d.Street) {
		out = append(out, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	return out
}

// question is a query with its figures read.
type question struct {
	*handlers.Desk
	item        askedItem
	first, last config.Day
	street      []string // all units
	reach       []string // those whose own figures the asker may hear
	read        sheaf
}

// on are the figures of a day.
func (q question) on(day config.Day) figures { return q.read[day][q.item.name] }

// field is how the newest day writes the item; nil if no day has it.
func (q question) field() *config.Field {
	for d := q.last; d >= q.first; d = d.Add(-1) {
		if x := q.on(d).field; x != nil {
			return x
		}
	}
	return nil
}

// head names what is told, with the unit word: 新返（人）.
func (q question) head() string {
	x := q.field()
	if x.Unit == "" {
		return x.Name
	}
	return x.Name + "（" + x.Unit + "）"
}

// total is a day's figure of some units with its base: 86（19/19）.
func (q question) total(day config.Day, units []string) string {
	g := q.on(day)
	n, base := g.sum(units)
	switch {
	case g.field == nil:
		return "没有收"
	case base == 0 && day == q.Day:
		return "还没有数"
	case base == 0:
		return "没有数"
	case !g.field.Sums():
		return fmt.Sprintf("%d/%d个居民区有数，不能加总", base, len(units))
	}
	return fmt.Sprintf("%s（%d/%d）", g.field.Format(n), base, len(units))
}

// single tells one day, and the day before where the asker named none.
func (q question) single(given bool) []string {
	lines := []string{fmt.Sprintf("%s %s：%s", q.head(), when(q.Desk, q.last), q.total(q.last, q.street))}
	if !given {
		lines = append(lines, fmt.Sprintf("昨天：%s", q.total(q.last.Add(-1), q.street)))
	}
	switch g := q.on(q.last); {
	case len(q.reach) == 0:
	case len(q.reach) == 1:
		own := fmt.Sprintf("%s：%s", q.reach[0], q.one(q.reach[0], q.last))
		if !given {
			own += "，昨天" + q.one(q.reach[0], q.last.Add(-1))
		}
		lines = append(lines, own)
	default:
		if len(q.reach) < len(q.street) && g.field.Sums() {
			lines = append(lines, fmt.Sprintf("您联系的：%s", q.total(q.last, q.reach)))
		}
		lines = append(lines, q.byUnit(g))
	}
	return lines
}

// byUnit names the units with a figure above 0, and how many are 0 or missing.
func (q question) byUnit(g figures) string {
	var some []string
	zero, missing := 0, 0
	for _, u := range q.reach {
		switch n, ok := g.nums[u]; {
		case !ok:
			missing++
		case n == 0 && g.field.Sums():
			zero++
		default:
			some = append(some, u+g.field.Format(n))
		}
	}
	var parts []string
	if len(some) > 0 {
		parts = append(parts, strings.Join(some, " "))
	}
	if zero > 0 {
		parts = append(parts, fmt.Sprintf("是0的%d个", zero))
	}
	if missing > 0 {
		parts = append(parts, fmt.Sprintf("没报的%d个", missing))
	}
	return strings.Join(parts, "；")
}

// one is a unit's own figure.
func (q question) one(unit string, day config.Day) string {
	g := q.on(day)
	if n, ok := g.nums[unit]; ok {
		return g.field.Format(n)
	}
	return "没报"
}

// several tells a run of days, a line each; what one unit or one person's units had stands
// behind the street's.
func (q question) several() []string {
	whose := ""
	switch {
	case len(q.reach) == 1:
		whose = q.reach[0]
	case len(q.reach) > 1 && len(q.reach) < len(q.street):
		whose = "您联系的"
	}
	head := fmt.Sprintf("%s %s–%s", q.head(), q.first.Label(), q.last.Label())
	if whose != "" {
		head += "（后一个是" + whose + "）"
	}
	lines := []string{head}
	sum, whole := 0, true
	for _, day := range span(q.first, q.last) {
		line := fmt.Sprintf("%s %s", short(day), q.total(day, q.street))
		switch {
		case len(q.reach) == 1:
			line += "；" + q.one(q.reach[0], day)
		case whose != "":
			line += "；" + q.total(day, q.reach)
		}
		lines = append(lines, line)
		n, base := q.on(day).sum(q.street)
		sum += n
		whole = whole && base == len(q.street)
	}
	if x := q.field(); !x.Stock && x.Sums() {
		line := "合计 " + x.Format(sum)
		if !whole {
			line += "（有的天没报齐）"
		}
		lines = append(lines, line)
	}
	return lines
}

// short is a day in a column: 2.13.
func short(d config.Day) string {
	label := strings.TrimSuffix(d.Label(), "日")
	return strings.Replace(label, "月", ".", 1)
}
