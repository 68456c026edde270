package report

import (
	"fmt"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// keep stores a complete draft as the unit's report and answers with its receipt.
func (fl *filing) keep(c *handlers.Call, d draft, kept bool, raw string) (handlers.Outcome, error) {
	r := Report{Values: d.Values, By: c.Person.UserID, At: c.At}
	if fl.today.Filed() {
		if same(fl.today.Values, d.Values) && len(d.Texts) == 0 {
			out := handlers.Answer(fmt.Sprintf("和刚才一样，%s 没有变。", fl.number()))
			out.Read = fl.understood(d.Values, nil, nil)
			return out, nil
		}
		r.Flags = without(without(fl.today.Flags, flagZero), flagKept)
		if fl.late() {
			r.Flags = with(r.Flags, flagFixed)
		}
	} else if fl.late() {
		r.Flags = with(r.Flags, flagLate)
	}
	texts := merge(merge(nil, fl.texts), d.Texts)
	delete(texts, reasonKey)
	if d.Zero {
		r.Flags = with(r.Flags, flagZero)
	}
	if kept {
		r.Flags = with(r.Flags, flagKept)
		texts = merge(texts, map[string]string{reasonKey: d.Reason})
	}
	if c.Person.Unit != fl.unit.Name {
		r.Flags = with(r.Flags, flagProxy)
	}
	out := fl.store(r, texts, raw)
	return fl.reply(c, out, fl.receipt(r, texts)), nil
}

// reply says a receipt: whole in a 1:1 chat; in a group only that it arrived, with the
// figures in private (they are health counts of one unit).
func (fl *filing) reply(c *handlers.Call, out handlers.Outcome, full string) handlers.Outcome {
	if c.Private() {
		out.Reply = handlers.Say(full)
		return out
	}
	out.Reply = handlers.Say(fmt.Sprintf("已收 %s ✓ 明细已私信", fl.number()))
	out.Pushes = append(out.Pushes, c.PrivateHalf(full, fl.sh.pack))
	return out
}

// receipt is at most four lines: what was stored with its labels and sums, and how to
// correct it (G16).
func (fl *filing) receipt(r Report, texts map[string]string) string {
	head := fmt.Sprintf("已收 %s %s%s", fl.number(), fl.unit.Name, fl.sh.form.Name)
	var marks []string
	switch {
	case fl.today.Filed():
		marks = append(marks, fmt.Sprintf("第%d次，以这次为准", fl.today.Rev+1))
	case r.has(flagLate):
		marks = append(marks, "补报")
	case fl.day == fl.Day && fl.At.Before(fl.Street.At(fl.day, fl.sh.form.Opens)):
		marks = append(marks, fmt.Sprintf("%s才开始收，先记下了", fl.sh.form.Opens))
	}
	if fl.day != fl.Day {
		marks = append(marks, fl.day.Label()+"的")
	}
	if r.has(flagZero) {
		marks = append(marks, "零报")
	}
	if r.has(flagProxy) {
		marks = append(marks, "代报")
	}
	if len(marks) > 0 {
		head += "（" + strings.Join(marks, "，") + "）"
	}
	lines := []string{head, fl.figures(r, nil)}
	if t := fl.said(texts); t != "" {
		lines = append(lines, t)
	}
	return strings.Join(append(lines, "错了回：/改 标签 数字"), "\n")
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
			continue
		}
		parts = append(parts, fmt.Sprintf("%s%d%s", x.Name, n, fl.sum(x.Name, r)))
	}
	return strings.Join(parts, " ")
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
		return "(昨天没报，没法核对)"
	case holds:
		return "(" + fl.arithmetic(rule, r.Values, false) + " ✓)"
	case r.has(flagKept):
		return "(" + fl.arithmetic(rule, r.Values, false) + "，原因已记)"
	}
	return "(" + fl.arithmetic(rule, r.Values, false) + "，对不上)"
}

func (fl *filing) said(texts map[string]string) string {
	var parts []string
	for _, x := range fl.sh.form.Fields {
		if t := texts[x.Name]; t != "" {
			parts = append(parts, x.Name+"："+t)
		}
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
