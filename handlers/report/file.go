package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// file is the command of one form: /日报 新返2 重点没有 在隔八个.
func (f *Family) file(form *config.Form) func(context.Context, *handlers.Call) (handlers.Outcome, error) {
	return func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
		sh, err := f.find(c, form)
		if err != nil {
			return handlers.Outcome{}, err
		}
		return f.fileLine(ctx, c, sh, c.Rest, false)
	}
}

// zero is /零报: nothing new, stocks as they were. It files the form of the caller that
// takes a zero report; with several such forms the line names one.
func (f *Family) zero(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	var takes []*sheet
	for _, sh := range f.active(&c.Desk) {
		if sh.form.Zero && c.Person.Has(slices.Concat(sh.form.Who, proxies)...) {
			takes = append(takes, sh)
		}
	}
	if len(takes) == 0 {
		return handlers.Outcome{}, handlers.Refuse("现在没有要零报的表。", "想看要报什么，发：我的")
	}
	sh := takes[0]
	for _, other := range takes[1:] {
		if strings.Contains(c.Rest, other.form.Name) {
			sh = other
		}
	}
	return f.fileLine(ctx, c, sh, c.Rest, true)
}

// find is the form's sheet, if its pack runs today.
func (f *Family) find(c *handlers.Call, form *config.Form) (*sheet, error) {
	for _, sh := range f.active(&c.Desk) {
		if sh.form == form {
			return sh, nil
		}
	}
	return nil, handlers.Refusef("想看要报什么，发：我的", "%s现在不用报。", form.Name)
}

// fileLine reads a line and files it, or asks the one question that is missing.
func (f *Family) fileLine(ctx context.Context, c *handlers.Call, sh *sheet, text string, zero bool) (handlers.Outcome, error) {
	day, text := whichDay(c, text)
	reading := sh.reader.Read(text)
	unit, err := whose(c, sh, reading.Unit)
	if err != nil {
		return handlers.Outcome{}, err
	}
	fl, err := f.load(ctx, c, sh, day, unit)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !zero && !reading.Zero && !reading.Same && len(reading.Values)+len(reading.SameLabels)+len(reading.Unknown)+len(reading.BadNumber)+len(reading.Doubled) == 0 {
		return f.howTo(c, fl), nil
	}
	d := draft{Form: sh.form.Name, Day: day, Unit: unit.Name, Values: Values{}}
	if err := fl.take(&d, reading); err != nil {
		return handlers.Outcome{}, err
	}
	if fl.completes(d) { // the open draft's missing piece, sent with the command in front
		open := fl.draft
		maps.Copy(open.Values, d.Values)
		open.Texts = merge(open.Texts, d.Texts)
		d = open
	}
	if zero || reading.Zero {
		d.Zero = true
		fl.carry(&d, true)
	} else if reading.Same {
		fl.carry(&d, false)
	}
	return fl.advance(c, d, c.Message.Text)
}

// whichDay reads a day in front of the figures: 昨天 files for yesterday. Without one
// it is the business day of the message.
func whichDay(c *handlers.Call, text string) (config.Day, string) {
	today := c.Day.Time(c.Street.Location)
	if at, rest, ok := syntax.Date(text, today); ok {
		if d := c.Street.Day(at); d == c.Day.Add(-1) || d == c.Day {
			return d, rest
		}
	}
	return c.Day, text
}

// whose decides the unit: the caller's own, or the one named by who may file for others.
func whose(c *handlers.Call, sh *sheet, named string) (config.Committee, error) {
	own, files := c.Dir.Unit(c.Street, c.Person.Unit)
	files = files && c.Person.Has(sh.form.Who...)
	switch {
	case files && (named == "" || named == own.Name):
		return own, nil
	case files:
		return own, handlers.Refusef("报自己的不用写居民区名。", "您是%s的，不能替%s报。", own.Name, named)
	case named == "":
		return own, handlers.Refusef("例："+strings.Replace(sh.form.Example(), "/"+sh.form.Name, "/"+sh.form.Name+" "+c.Dir.Units(c.Street)[0].Name, 1), "替哪个居民区报%s？请写上名字。", sh.form.Name)
	}
	unit, _ := c.Dir.Unit(c.Street, named)
	if !c.Person.Has(config.RoleDutyDesk) && !slices.Contains(c.Dir.UnitsUnder(c.Street, c.Person), named) {
		return unit, handlers.Refusef("您联系的居民区，发：未报", "%s不是您联系的居民区，不能代报。", named)
	}
	return unit, nil
}

// take moves what was read into the draft, or refuses: nothing is stored unless every
// number in the line was understood.
func (fl *filing) take(d *draft, r syntax.Reading) error {
	form := fl.sh.form
	fix := Values{}
	var blank []string
	var what string
	complain := func(label, text string) {
		if label != "" {
			blank = append(blank, label)
		}
		if what == "" {
			what = text
		}
	}
	for _, v := range r.Values {
		x := form.Field(v.Label)
		if x.Kind == config.KindText {
			text := strings.TrimSpace(v.Text)
			if n := utf8.RuneCountInString(text); x.Chars > 0 && n > x.Chars {
				complain("", fmt.Sprintf("%s最多%d个字，您写了%d个。", x.Name, x.Chars, n))
			}
			d.Texts = merge(d.Texts, map[string]string{x.Name: text})
			continue
		}
		n := v.Int
		if v.Delta {
			old, ok := fl.prev.Values[x.Name]
			if !ok {
				complain(x.Name, fmt.Sprintf("%s昨天没有数，不知道在多少上面加减。", x.Name))
				continue
			}
			n += old
		}
		if n < x.Min || n > x.Max {
			complain(x.Name, fmt.Sprintf("%s要在%d到%d之间，您写的是%d。", x.Name, x.Min, x.Max, n))
			continue
		}
		fix[x.Name] = n
	}
	for _, label := range r.SameLabels {
		if n, ok := fl.prev.Values[label]; ok && form.Field(label).Stock {
			fix[label] = n
		} else {
			complain(label, label+"没有昨天的数可以照抄。")
		}
	}
	for _, label := range r.Doubled {
		delete(fix, label)
		complain(label, fmt.Sprintf("%s写了两个不同的数。", label))
	}
	for _, s := range r.BadNumber {
		text := s.Label + "后面要写数字。"
		if s.Text != "" {
			text = fmt.Sprintf("%s后面要写数字，您写的是“%s”。", s.Label, clip(s.Text))
		}
		complain(s.Label, text)
	}
	for _, s := range r.Unknown {
		switch near := form.Field(s.Near); {
		case near != nil && s.Value != "":
			if n, ok := syntax.Integer(s.Value, near.Words...); ok {
				fix[near.Name] = n
			}
			complain("", fmt.Sprintf("“%s”不认识，是不是%s？", clip(s.Text), near.Name))
		case s.Value != "" || strings.ContainsFunc(s.Text, isDigit):
			complain("", fmt.Sprintf("“%s”不是%s里的项，不知道记在哪里。", clip(s.Text+s.Value), form.Name))
		}
	}
	if what == "" {
		maps.Copy(d.Values, fix)
		return nil
	}
	line := fl.sh.line(fix, blank)
	if line == "" {
		return handlers.Refuse(what+"什么也没存。", "照这样发："+fl.copyLine())
	}
	return handlers.Refuse(what+"什么也没存。", "请照这样改了再发："+fl.verb+line)
}

// carry fills what 同昨 (stocks) or 零报 (stocks, and flows with 0) means. A stock that
// yesterday's report does not have stays open and is asked.
func (fl *filing) carry(d *draft, flows bool) {
	for _, x := range fl.sh.required() {
		if _, given := d.Values[x.Name]; given {
			continue
		}
		if !x.Stock {
			if flows {
				d.Values[x.Name] = 0
			}
			continue
		}
		if n, ok := fl.prev.Values[x.Name]; ok {
			d.Values[x.Name] = n
		}
	}
}

// howTo answers the bare command: what to send, ready to copy.
func (f *Family) howTo(c *handlers.Call, fl *filing) handlers.Outcome {
	out := handlers.Outcome{Read: fl.understood(nil, nil, nil)}
	text := fmt.Sprintf("照这样发一行：\n%s", fl.copyLine())
	if fl.sh.form.Zero {
		text += "\n没有新情况就回：零报"
	}
	if fl.today.Filed() {
		text = fmt.Sprintf("今天报过了 %s。要改一个数，发：/改 标签 数字", fl.number())
	}
	if !c.Private() && fl.prev.Filed() && !fl.today.Filed() {
		text = "照这样发一行：\n" + fl.sh.form.Example() + "\n没有新情况就回：零报"
	}
	out.Reply = handlers.Say(text)
	return out
}

func merge(a, b map[string]string) map[string]string {
	if len(b) == 0 {
		return a
	}
	if a == nil {
		a = map[string]string{}
	}
	maps.Copy(a, b)
	return a
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// clip shortens user text that is quoted back.
func clip(s string) string {
	if r := []rune(s); len(r) > 12 {
		return string(r[:12]) + "…"
	}
	return s
}
