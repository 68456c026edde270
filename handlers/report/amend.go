package report

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// amend is /改 标签 数字: today's report with one figure changed (G9). A sum that no
// longer holds is stored and shown, because a correction is made knowingly.
func (f *Family) amend(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	day, text := whichDay(c, c.Rest)
	var open []*sheet
	for _, sh := range f.active(&c.Desk) {
		if c.Person.Has(sh.form.Who...) || c.Person.Has(proxies...) {
			open = append(open, sh)
		}
	}
	for _, sh := range open {
		reading := sh.reader.Read(text)
		if len(reading.Values)+len(reading.BadNumber)+len(reading.Doubled) == 0 {
			continue
		}
		unit, err := whose(c, sh, reading.Unit)
		if err != nil {
			return handlers.Outcome{}, err
		}
		fl, err := f.load(ctx, c, sh, day, unit)
		if err != nil {
			return handlers.Outcome{}, err
		}
		fl.verb = "/改 "
		d := draft{Form: sh.form.Name, Day: day, Unit: unit.Name, Values: Values{}}
		if err := fl.take(&d, reading); err != nil {
			return handlers.Outcome{}, err
		}
		if !fl.today.Filed() && fl.draft.rev > 0 && fl.draft.Form == d.Form && fl.draft.Day == d.Day && fl.draft.Unit == d.Unit {
			filled := fl.draft // correcting what has not been stored yet is answering the draft
			maps.Copy(filled.Values, d.Values)
			filled.Texts = merge(filled.Texts, d.Texts)
			filled.Sure, filled.Reason = false, ""
			return fl.advance(c, filled, c.Message.Text)
		}
		return fl.correct(c, d)
	}
	if len(open) == 0 {
		return handlers.Outcome{}, handlers.Refuse("现在没有要您报的表，没有可改的。", "")
	}
	return handlers.Outcome{}, handlers.Refuse("要改哪一项？请写上标签和数字。", "例："+amendExample(open[0].form))
}

func amendExample(form *config.Form) string {
	for _, x := range form.Fields {
		if x.Kind == config.KindInt && x.Stock {
			return "/改 " + x.Name + " 8"
		}
	}
	return "/改 " + form.Fields[0].Name + " 8"
}

func (fl *filing) correct(c *handlers.Call, d draft) (handlers.Outcome, error) {
	form := fl.sh.form
	if !fl.today.Filed() {
		return handlers.Outcome{}, handlers.Refusef("照这样报："+fl.copyLine(),
			"%s%s的%s还没报，没有可改的。", fl.unit.Name, dayWord(fl.day, fl.Day), form.Name)
	}
	r := fl.today
	r.Values = maps.Clone(fl.today.Values)
	maps.Copy(r.Values, d.Values)
	if same(r.Values, fl.today.Values) && len(d.Texts) == 0 {
		return handlers.Answer(fmt.Sprintf("%s 里本来就是这个数，没有变。", fl.number())), nil
	}
	hard, soft := fl.check(r.Values)
	if hard != nil {
		return handlers.Outcome{}, fl.hardRefusal(hard, d.Values, r.Values)
	}
	r.By, r.At = c.Person.UserID, c.At
	r.Flags = without(r.Flags, flagZero)
	if soft == nil {
		r.Flags = without(r.Flags, flagKept)
	}
	if fl.late() {
		r.Flags = with(r.Flags, flagFixed)
	}
	if c.Person.Unit != fl.unit.Name {
		r.Flags = with(r.Flags, flagProxy)
	}
	texts := merge(merge(nil, fl.texts), d.Texts)
	out := fl.store(r, texts, c.Message.Text)
	return fl.reply(c, out, fl.amended(r, d)), nil
}

// amended is the receipt of a correction: 在隔9→8(昨9+0−1=8 ✓).
func (fl *filing) amended(r Report, d draft) string {
	var parts []string
	for _, x := range fl.sh.form.Fields {
		if t, ok := d.Texts[x.Name]; ok {
			parts = append(parts, x.Name+"："+t)
		}
		n, given := d.Values[x.Name]
		if !given {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s%d→%d%s", x.Name, fl.today.Values[x.Name], n, fl.sum(x.Name, r)))
	}
	for _, x := range fl.sh.form.Fields { // a sum that the change touched, on a field it did not name
		rule := fl.balance(x.Name)
		if _, named := d.Values[x.Name]; named || rule == nil {
			continue
		}
		if holds, known := rule.Rule.Eval(fl.lookup(r.Values)); known && !holds {
			parts = append(parts, fmt.Sprintf("%s%d%s", x.Name, r.Values[x.Name], fl.sum(x.Name, r)))
		}
	}
	head := "已改 " + fl.number()
	if fl.late() {
		head += "（更正，明早晨报会注明）"
	}
	return head + "\n" + strings.Join(parts, " ")
}

func dayWord(day, today config.Day) string {
	if day == today {
		return "今天"
	}
	return day.Label()
}
