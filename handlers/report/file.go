package report

import (
	"context"
	"errors"
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
		out, err := f.fileLine(ctx, c, sh, c.Rest, false)
		var no *handlers.Refusal
		if f.Behind != nil && errors.As(err, &no) {
			if other, ok, err := f.Behind(ctx, c, form.Name); ok {
				return other, err
			}
		}
		return out, err
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
	if word := strings.TrimSpace(c.Rest); !strings.Contains(c.Rest, sh.form.Name) && f.otherForm(c, sh, word) {
		return handlers.Outcome{}, handlers.Refusef(sh.form.Name+"没有新情况，就发：/零报", "零报报的是%s，不是“%s”。什么也没存。", sh.form.Name, handlers.Quote(word))
	}
	return f.fileLine(ctx, c, sh, c.Rest, true)
}

// shortWord is how many characters a word has that names a form rather than says how it goes.
const shortWord = 3

// otherForm reports whether what stands behind /零报 names another form than the one a zero
// report is taken for: its name, another word for it, or a short word that means nothing here.
func (f *Family) otherForm(c *handlers.Call, sh *sheet, word string) bool {
	if slices.Contains(sh.form.Aliases, word) {
		return false
	}
	if c.Taken(word) {
		return true
	}
	r := sh.read(&c.Desk, word)
	stray := len(r.Unknown) == 1 && r.Unknown[0].Text == word && r.Unknown[0].Value == "" && utf8.RuneCountInString(word) <= shortWord
	return stray && strings.IndexFunc(word, isDigit) < 0
}

// find is the form's sheet, if its pack runs today.
func (f *Family) find(c *handlers.Call, form *config.Form) (*sheet, error) {
	if sh := f.named(&c.Desk, form.Name); sh != nil { // in the version of the day
		return sh, nil
	}
	return nil, handlers.Refusef("想看要报什么，发：我的", "%s现在不用报。", form.Name)
}

// fileLine reads a line and files it, or asks the one question that is missing.
func (f *Family) fileLine(ctx context.Context, c *handlers.Call, sh *sheet, text string, zero bool) (handlers.Outcome, error) {
	if n := utf8.RuneCountInString(text); n > longest {
		return handlers.Outcome{}, handlers.Refusef("请只发自己的那一行，例："+sh.form.Example(), "这段有%d个字，像是一整张表，我没法收，什么也没存。", n)
	}
	day, text, err := whichDay(c, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	h, err := sh.hear(c, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	reading, err := sh.inOrder(h.Reading)
	if err != nil {
		return handlers.Outcome{}, err
	}
	fl, err := f.loadOf(ctx, c, sh, sh.period(&c.Desk, day, h.slot), h.from, reading.Values...)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !zero && !reading.Zero && !reading.Same && len(reading.Values)+len(reading.Guessed)+len(reading.SameLabels)+len(reading.Unknown)+len(reading.BadNumber)+len(reading.Doubled) == 0 {
		if out, mine, err := fl.propose(c); mine || err != nil {
			return out, err
		}
		return f.howTo(c, fl), nil
	}
	if why := fl.closed(); why != nil {
		return handlers.Outcome{}, why
	}
	d := fl.begin()
	if err := fl.take(&d, reading); err != nil {
		return handlers.Outcome{}, err
	}
	if !zero && !reading.Zero && !reading.Same && len(d.Values)+len(d.Guess)+len(d.Texts) == 0 {
		return handlers.Outcome{}, handlers.Refusef("照这样发："+fl.copyLine(), "没看到%s的项，什么也没存。", sh.form.Name)
	}
	if err := fl.sameDay(c, reading, d); err != nil {
		return handlers.Outcome{}, err
	}
	afresh := zero || (reading.Zero || reading.Same) && len(d.Values)+len(d.Guess) == 0
	if open := fl.draft; open.of(fl) && !afresh {
		d = d.over(open)
	}
	if zero || reading.Zero {
		d.Zero = true
		fl.carry(&d, true)
	} else if reading.Same {
		fl.carry(&d, false)
	}
	return fl.advance(c, d, c.Message.Text)
}

// closed refuses a report outside its window, if the form is strict about it. What is in may
// still be corrected.
func (fl *filing) closed() *handlers.Refusal {
	form := fl.sh.form
	switch {
	case fl.round.shut:
		return handlers.Refusef(form.Owner+"再开一轮时再报。", "%s%s，%s现在不收，什么也没存。", form.While, fl.round.state(), form.Name)
	case fl.today.Filed():
		return nil
	case form.NoEarly && fl.At.Before(form.Opening(fl.Street, fl.period)):
		return handlers.Refusef("到时候再发这一行就行。", "%s要%s才开始收，什么也没存。", form.Name, fl.opening())
	case form.NoLate && fl.late():
		return handlers.Refusef("有急事请告诉值班室。", "%s%s截止了，不收补报，什么也没存。", form.Name, fl.cutoff())
	}
	return nil
}

// remark is how many characters are kept of what was said besides an answer from a list.
const remark = 60

// longest is how many characters a report may have: a line, not a table.
const longest = 300

// sameDay refuses a line that names another day than the one it files for: 新返2 在隔8 昨天的.
func (fl *filing) sameDay(c *handlers.Call, r syntax.Reading, d draft) error {
	for _, word := range r.Days {
		at, _, ok := syntax.Date(word, c.Day.Time(c.Street.Location))
		if ok && c.Street.Day(at) == fl.day {
			continue
		}
		return handlers.Refusef(fmt.Sprintf("报昨天的，发：/%s 昨天 %s\n报%s的，去掉“%s”再发。", d.Form, fl.sh.line(d.Values, nil), dayWord(fl.day, c.Day), word),
			"您写了“%s”，是哪一天的？什么也没存。", word)
	}
	return nil
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
	if why := fl.contradicted(r); why != nil {
		return why
	}
	form := fl.sh.form
	fix, guess, moved := Values{}, Values{}, Values{}
	var blank, loose []string
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
		if !x.Number() {
			text := strings.TrimSpace(v.Text)
			if n := utf8.RuneCountInString(text); x.Chars > 0 && n > x.Chars {
				complain("", fmt.Sprintf("%s最多%d个字，您写了%d个。", x.Name, x.Chars, n))
			}
			d.Texts = merge(d.Texts, map[string]string{x.Name: text})
			continue
		}
		if n, why := fl.figure(x, v); why != "" {
			complain(x.Name, why)
		} else {
			fix[x.Name] = n
		}
		if v.Delta {
			moved[x.Name] = v.Int
		}
		if v.Text != "" { // what was said besides the answer
			d.Texts = merge(d.Texts, map[string]string{x.Name: handlers.Clip(v.Text, remark)})
		}
		if v.Loose {
			loose = append(loose, x.Name)
		}
	}
	for _, g := range r.Guessed {
		x := form.Field(g.Label)
		if n, why := fl.figure(x, g.Value); why != "" {
			complain(x.Name, why)
		} else {
			guess[x.Name] = n
		}
		if g.Loose {
			loose = append(loose, x.Name)
		}
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
		x := form.Field(s.Label)
		text := fmt.Sprintf("%s后面要写%s。", s.Label, wants(x))
		if _, used, _ := syntax.Number(s.Text); used > 0 && x.Kind == config.KindInt && x.Unit != "" {
			text = fmt.Sprintf("%s要写准是几%s，您写的是“%s”。", s.Label, x.Unit, handlers.Quote(s.Text))
		} else if s.Text != "" {
			text = fmt.Sprintf("%s后面要写%s，您写的是“%s”。", s.Label, wants(x), handlers.Quote(s.Text))
		}
		complain(s.Label, text)
	}
	for _, s := range r.Unknown {
		if s.After != "" { // 11或12: the number before it is not certain either
			loose = append(loose, s.After)
		}
		switch near := form.Field(s.Near); {
		case near != nil && s.Value != "":
			if n, ok := syntax.Integer(s.Value, near.Words...); ok {
				if old, said := fix[near.Name]; said && old != n { // 新返2 从武汉回来1
					loose = append(loose, near.Name)
				}
				fix[near.Name] = n
			}
			complain("", fmt.Sprintf("“%s”不认识，是不是%s？", handlers.Quote(s.Text), near.Name))
		case numbered(s):
			text := s.Text
			if s.Value != s.Text {
				text += s.Value
			}
			complain("", fmt.Sprintf("“%s”不是%s里的项，不知道记在哪里。", handlers.Quote(text), form.Name))
		}
	}
	if what == "" {
		for label, n := range fix {
			d.Values[label] = n
			d.move(label, moved[label])
			delete(d.Guess, label)
		}
		for label, n := range guess {
			d.guess(label, n)
		}
		d.Aside = append(d.Aside, r.Aside...)
		d.Typed += len(r.Values) + len(r.Guessed)
		return nil
	}
	maps.Copy(fix, guess)
	for _, label := range loose { // who got which number is not certain in a line half understood
		delete(fix, label)
		blank = append(blank, label)
	}
	line := fl.sh.line(fix, blank)
	if line == "" {
		return handlers.Refuse(what+"什么也没存。", "照这样发："+fl.copyLine())
	}
	return handlers.Refuse(what+"什么也没存。", "请照这样改了再发："+fl.verb+line)
}

// figure is the number of a field as given, or why it cannot be.
func (fl *filing) figure(x *config.Field, v syntax.Value) (n int, why string) {
	n = v.Int
	if v.Delta {
		old, ok := fl.prev.Values[x.Name]
		if !ok {
			return 0, x.Name + "昨天没有数，不知道在多少上面加减。"
		}
		n += old
	}
	switch {
	case inside(x, n):
		return n, ""
	case x.Kind == config.KindRange:
		return 0, fmt.Sprintf("%s要在%d到%d之间，您写的是%s。", x.Name, x.Min, x.Max, x.Format(n))
	}
	return 0, fmt.Sprintf("%s要在%s到%s之间，您写的是%s。", x.Name, x.Format(x.Min), x.Format(x.Max), x.Format(n))
}

// wants says what has to stand behind a label.
func wants(x *config.Field) string {
	switch x.Kind {
	case config.KindEnum:
		var names []string
		for _, o := range x.Options {
			names = append(names, o.Name)
		}
		return strings.Join(names, "、") + "之一"
	case config.KindBool:
		return "有或没有"
	case config.KindDate:
		return "日期，如2.10"
	case config.KindRange:
		return "从几号到几号，如412-497"
	case config.KindHouse:
		return "门牌，如6-1203"
	case config.KindDecimal, config.KindPercent:
		if x.Places > 0 {
			return fmt.Sprintf("数字，最多%d位小数", x.Places)
		}
	}
	return "数字"
}

// carry fills what 同昨 (stocks) or 零报 (stocks, and flows with 0) means. A stock that
// yesterday's report does not have stays open and is asked.
func (fl *filing) carry(d *draft, flows bool) {
	for _, x := range fl.sh.required() {
		if _, given := d.Values[x.Name]; given {
			continue
		}
		if !x.Stock {
			if flows && x.Quantity() && x.Min <= 0 {
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
		text += "\n没有新情况就回：" + fl.zeroLine()
	}
	if fl.today.Filed() {
		text = fmt.Sprintf("今天报过了 %s。要改一个数，发：/改 标签 数字", fl.number())
	}
	if !fl.today.Filed() && fl.settled() {
		text = fmt.Sprintf("%s要的数%s里都有，不用再报。", fl.sh.form.Name, fl.lenders())
	} else if !c.Private() && fl.prev.Filed() && !fl.today.Filed() {
		text = "照这样发一行：\n" + fl.sh.example(fl.from)
		if fl.sh.form.Zero {
			text += "\n没有新情况就回：" + fl.zeroLine()
		}
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
