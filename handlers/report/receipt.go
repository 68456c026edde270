package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
)

// keep stores a complete draft as the unit's report and answers with its receipt.
func (fl *filing) keep(c *handlers.Call, d draft, kept bool, raw string) (handlers.Outcome, error) {
	r := Report{Values: fl.defaults(d.Values), By: c.Person.UserID, At: c.At}
	if fl.today.Filed() {
		if same(fl.today.Values, r.Values) && len(d.Texts) == 0 && !fl.askedAnew() {
			out := handlers.Answer(fmt.Sprintf("和刚才一样，%s 没有变。", fl.number()))
			out.Read = fl.understood(r.Values, nil, nil)
			return out, nil
		}
		r.Flags = without(without(without(without(fl.today.Flags, flagZero), flagKept), flagCarried), flagAccepted)
		if fl.late() {
			r.Flags = with(r.Flags, flagFixed)
		}
	} else if fl.late() {
		r.Flags = with(r.Flags, flagLate)
	}
	texts := merge(merge(nil, fl.texts), d.Texts)
	delete(texts, reasonKey)
	if d.Zero && fl.nothingHappened(r.Values) {
		r.Flags = with(r.Flags, flagZero)
	}
	fl.moved = d.Moved
	if kept {
		r.Flags = with(r.Flags, flagKept)
		texts = merge(texts, map[string]string{reasonKey: d.Reason})
	}
	if fl.proxy(c.Person) {
		r.Flags = with(r.Flags, flagProxy)
	}
	out := fl.store(r, texts, raw)
	paid, loads := fl.pays(r)
	out.Loads = append(fl.burden(d), loads...)
	covers, line := fl.agreed(d)
	out.Changes = append(out.Changes, covers...)
	return fl.reply(c, out, strings.TrimSuffix(fl.receipt(r, texts, d.Aside)+besides(paid)+"\n"+line, "\n")), nil
}

// nothingHappened reports whether every flow is 0. 新返2 其他没有 is no zero report, nor is one that
// was finished with figures.
func (fl *filing) nothingHappened(v Values) bool {
	return !slices.ContainsFunc(fl.sh.form.Fields, func(x *config.Field) bool {
		return !x.Stock && x.Asked() && x.Quantity() && v[x.Name] != 0
	})
}

// besides says which other forms a report has settled.
func besides(forms []string) string {
	if len(forms) == 0 {
		return ""
	}
	return fmt.Sprintf("；%s要的数也有了，不用再报", strings.Join(forms, "、"))
}

// reply says a receipt: whole in a 1:1 chat; in a group only that it arrived, with the
// figures in private (they are health counts of one unit).
func (fl *filing) reply(c *handlers.Call, out handlers.Outcome, full string) handlers.Outcome {
	if wait := fl.pile.others(fl.sh.form.Name); len(wait) > 0 {
		full += fmt.Sprintf("；%s还没报完，发：我的", strings.Join(wait, "、"))
	}
	if c.Private() {
		out.Reply = before(fl.gone, handlers.Say(full))
		return out
	}
	out.Reply = before(fl.gone, handlers.Say(fmt.Sprintf("已收 %s ✓ 明细已私信", fl.number())))
	out.Pushes = append(out.Pushes, c.PrivateHalf(full, fl.sh.pack))
	return out
}

// receipt is at most four lines: what was stored with its labels and sums, and how to
// correct it (G16).
func (fl *filing) receipt(r Report, texts map[string]string, aside []string) string {
	head := "已收 " + fl.title()
	var marks []string
	switch {
	case fl.today.Filed():
		marks = append(marks, fmt.Sprintf("第%d次，以这次为准", fl.today.Rev+1))
	case r.has(flagLate):
		marks = append(marks, "补报")
	case fl.At.Before(fl.sh.form.Opening(fl.Street, fl.period)):
		marks = append(marks, fmt.Sprintf("%s才开始收，先记下了", fl.opening()))
	}
	if by := fl.other(); by != "" {
		marks = append(marks, by)
	}
	if fl.day != fl.Day && !fl.current() {
		marks = append(marks, fl.day.Label()+"的")
	}
	if r.has(flagZero) {
		marks = append(marks, "零报")
	}
	if review := fl.sh.form.Review; review != "" {
		marks = append(marks, "待"+string(review)+"核")
	}
	if r.has(flagProxy) {
		marks = append(marks, "代报")
	}
	if len(marks) > 0 {
		head += "（" + strings.Join(marks, "，") + "）"
	}
	lines := []string{head}
	if t := fl.figures(r, nil); t != "" {
		lines = append(lines, t)
	}
	if t := fl.said(texts, fl.unknown(aside, r)); t != "" {
		lines = append(lines, t)
	}
	if t := fl.whole(r); t != "" {
		lines = append(lines, t)
	}
	return strings.Join(append(lines, "错了回：/改 标签 数字"+fl.offer(texts)), "\n")
}

// offer proposes to make a case of what a text says is lacking: a report is read tomorrow,
// a case today. It opens none by itself.
func (fl *filing) offer(texts map[string]string) string {
	for _, x := range fl.sh.form.Fields {
		text := texts[x.Name]
		if x.Kind != config.KindText || text == "" || utf8.RuneCountInString(text) > 30 {
			continue
		}
		for _, t := range fl.sh.pack.Cases.Types {
			if t.Kind == config.CaseLack && slices.ContainsFunc(t.Words, func(w string) bool { return strings.Contains(text, w) }) {
				return "；要街道补，发：/问 " + text
			}
		}
	}
	return ""
}

// opening is from when the period's report is wanted: 08:00, of another day 2月14日09:00.
func (fl *filing) opening() string {
	at := fl.sh.form.Opening(fl.Street, fl.period).In(fl.Street.Location)
	if day := fl.Street.Day(at); day != fl.Day {
		return day.Label() + at.Format("15:04")
	}
	return at.Format("15:04")
}

// slot is which of the day's cut-offs a report is for: 早班, 11:30场.
func (fl *filing) slot() string {
	if name := fl.sh.form.Shifts[fl.period.Slot-1]; name != "" {
		return name
	}
	return fl.sh.form.Cutoffs[fl.period.Slot-1].String() + "场"
}

// other warns that somebody else has filed the same report before: two people at one form
// should know of each other.
func (fl *filing) other() string {
	if !fl.today.Filed() || fl.today.By == fl.by.UserID {
		return ""
	}
	who := "别人"
	if p, _, ok := fl.Dir.Person(fl.today.By); ok {
		who = p.Title
	}
	return fmt.Sprintf("前一次是%s%s报的", who, fl.today.At.In(fl.Street.Location).Format("15:04"))
}

// figures writes a report's numbers in the form's order, each stock with its sum.
func (fl *filing) figures(r Report, only []*config.Field) string {
	if only == nil {
		only = fl.sh.form.Fields
	}
	var parts []string
	for _, x := range only {
		n, ok := r.Values[x.Name]
		if !ok {
			n, ok = fl.lookup(r.Values)(x.Name)
		}
		if !ok || !x.Number() {
			continue
		}
		parts = append(parts, x.Name+x.Format(n)+fl.sum(x.Name, r)+fl.change(x)+fl.follows(x, r)+fl.computed(x, n, r.Values))
	}
	return strings.Join(parts, " ")
}

// change is how a stock came about of which a change was typed, and no sum shows it: (昨14−3).
func (fl *filing) change(x *config.Field) string {
	by, moved := fl.moved[x.Name]
	if !moved || fl.balance(x.Name) != nil {
		return ""
	}
	was := "昨"
	if !fl.daily() {
		was = "上次"
	}
	sign := "+"
	if by < 0 {
		sign, by = "−", -by
	}
	return fmt.Sprintf("(%s%s%s%s)", was, x.Format(fl.prev.Values[x.Name]), sign, x.Format(by))
}

// computed is how a figure came about that nobody gave: (=110−86).
func (fl *filing) computed(x *config.Field, n int, v Values) string {
	e := x.Derive
	if e == nil {
		e = x.Default
	}
	if e == nil || !x.Sums() || len(e.Names()) > 3 {
		return ""
	}
	if is, ok := x.Compute(fl.lookup(v)); !ok || is != n {
		return ""
	}
	s := e.Show(fl.lookup(v))
	if s == x.Format(n) {
		return ""
	}
	if !fl.daily() {
		s = strings.ReplaceAll(s, "昨", "上次")
	}
	return "(=" + s + ")"
}

// follows says of a range how it goes on from the last one: (接上次411 ✓).
func (fl *filing) follows(x *config.Field, r Report) string {
	for _, c := range fl.sh.form.Checks {
		name, ok := c.Rule.Field()
		if span := fl.sh.form.Whose(name); !ok || span == nil || span.Name != x.Name {
			continue
		}
		holds, known := c.Rule.Eval(fl.lookup(r.Values))
		_, want, _ := c.Rule.Solve(fl.lookup(r.Values))
		switch {
		case !known:
			return ""
		case holds:
			return fmt.Sprintf("(接上次%d ✓)", want-1)
		case r.has(flagKept):
			return fmt.Sprintf("(上次到%d，原因已记)", want-1)
		}
		return fmt.Sprintf("(上次到%d，对不上)", want-1)
	}
	return ""
}

// sum is a field's arithmetic in brackets: (昨9+0−1=8 ✓).
func (fl *filing) sum(field string, r Report) string {
	rule := fl.balance(field)
	if rule == nil {
		return ""
	}
	holds, known := rule.Rule.Eval(fl.lookup(r.Values))
	switch {
	case !known:
		if !fl.daily() {
			return "(上次没报，没法核对)"
		}
		if fl.day != fl.Day {
			return "(前一天没报，没法核对)"
		}
		return "(昨天没报，没法核对)"
	case holds:
		return "(" + fl.arithmetic(rule, r.Values, false) + " ✓)"
	case r.has(flagKept):
		return "(" + fl.arithmetic(rule, r.Values, false) + "，原因已记)"
	}
	return "(" + fl.arithmetic(rule, r.Values, false) + "，对不上)"
}

// unknown are the asides that say something else than what the report's figures come to.
func (fl *filing) unknown(aside []string, r Report) []string {
	return slices.DeleteFunc(slices.Clone(aside), func(said string) bool {
		return slices.ContainsFunc(fl.sh.form.Fields, func(x *config.Field) bool {
			n, ok := fl.lookup(r.Values)(x.Name)
			return !x.Asked() && ok && strings.TrimSuffix(said, x.Unit) == x.Name+x.Format(n)
		})
	})
}

// said is what was written besides figures: the texts, and what is not part of the form.
func (fl *filing) said(texts map[string]string, aside []string) string {
	var parts []string
	for _, x := range fl.sh.form.Fields {
		if t := texts[x.Name]; t != "" {
			parts = append(parts, x.Name+"："+t)
		}
	}
	if len(aside) > 0 {
		parts = append(parts, "没记："+strings.Join(aside, "、"))
	}
	return strings.Join(parts, " ")
}

func same(a, b Values) bool {
	if len(a) != len(b) {
		return false
	}
	for k, n := range a {
		if m, ok := b[k]; !ok || m != n {
			return false
		}
	}
	return true
}
