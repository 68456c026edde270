package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// amend is /改 标签 数字: today's report with one figure changed (G9). A sum that no
// longer holds is stored and shown, because a correction is made knowingly.
func (f *Family) amend(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	why := f.whichNumber(c)
	if f.Rectify != nil && (why != nil || f.tells(c)) {
		if out, ok, err := f.Rectify(ctx, c); ok || err != nil {
			return out, err
		}
	}
	if why != nil {
		return handlers.Outcome{}, why
	}
	day, text, err := whichDay(c, c.Rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var open []*sheet
	for _, sh := range f.active(&c.Desk) {
		if !c.Person.Has(sh.form.Who...) && !c.Person.Has(proxies...) {
			continue
		}
		open = append(open, sh)
		if rest, ok := sh.called(text); ok { // the form's name in front leaves no doubt
			open, text = []*sheet{sh}, rest
			break
		}
	}
	if len(open) == 0 {
		return handlers.Outcome{}, handlers.Refuse("现在没有要您报的表，没有可改的。", "")
	}
	sh, err := f.whichForm(ctx, c, open, day, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	h, err := sh.hear(c, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	fl, err := f.loadOf(ctx, c, sh, sh.period(&c.Desk, day, h.slot), h.from)
	if err != nil {
		return handlers.Outcome{}, err
	}
	fl.verb = "/改 "
	d := fl.begin()
	if err := fl.take(&d, h.Reading); err != nil {
		return handlers.Outcome{}, err
	}
	if !fl.today.Filed() && fl.draft.of(fl) { // correcting what has not been stored yet is answering the draft
		return fl.advance(c, d.over(fl.draft), c.Message.Text)
	}
	if len(d.Guess) > 0 {
		all := maps.Clone(d.Values)
		maps.Copy(all, d.Guess)
		return handlers.Outcome{}, handlers.Refusef("对就这样发："+fl.verb+sh.line(all, nil), "您是要改成%s吗？还没改。", sh.line(all, nil))
	}
	return fl.correct(c, d)
}

// whichForm finds the form that a correction without a form's name is about: of those that
// know most of its labels the one that is in or begun, and of several such the person is asked.
func (f *Family) whichForm(ctx context.Context, c *handlers.Call, open []*sheet, day config.Day, text string) (*sheet, error) {
	var know []*sheet
	most := 0
	for _, sh := range open {
		r := sh.read(&c.Desk, text)
		n := len(r.Values) + len(r.SameLabels)
		if n == 0 && (sh.form.Required || len(open) == 1) && labels(r) > 0 {
			n = 1 // heard or half understood: a form that is due may say so
		}
		if n > most {
			know, most = nil, n
		}
		if n == most && n > 0 {
			know = append(know, sh)
		}
	}
	switch len(know) {
	case 0:
		return nil, handlers.Refuse("要改哪一项？请写上标签和数字。", "例："+amendExample(open[0].form))
	case 1:
		return know[0], nil
	}
	var begun []*sheet
	for _, sh := range know {
		ok, err := f.begun(ctx, c, sh, day, text)
		if err != nil {
			return nil, err
		}
		if ok {
			begun = append(begun, sh)
		}
	}
	switch len(begun) {
	case 0:
		return know[0], nil
	case 1:
		return begun[0], nil
	}
	var names, lines []string
	for _, sh := range begun {
		names = append(names, sh.form.Name)
		lines = append(lines, "/改 "+sh.form.Name+" "+handlers.Quote(text))
	}
	return nil, handlers.Refusef("请写上表名：\n"+strings.Join(lines, "\n"), "%s里都有这一项，改哪一张？还没改。", strings.Join(names, "、"))
}

// begun reports whether the caller's report of a form is in or half in: of a form of many
// blocks or sites, one of them.
func (f *Family) begun(ctx context.Context, c *handlers.Call, sh *sheet, day config.Day, text string) (bool, error) {
	h, err := sh.hear(c, text)
	from := []reporter{h.from}
	if err != nil {
		if h.from.unit.Name == "" || !sh.parts() {
			return false, nil // not for the caller to file
		}
		from = sh.reporters(h.from.unit)
	}
	for _, r := range from {
		fl, err := f.loadOf(ctx, c, sh, sh.period(&c.Desk, day, h.slot), r)
		if err != nil {
			return false, err
		}
		if (fl.today.Filed() || fl.draft.of(fl)) && !fl.only(h.Reading) {
			return true, nil
		}
	}
	return false, nil
}

// only reports whether a line names nothing but figures that other forms lend: it is about
// those forms.
func (fl *filing) only(r syntax.Reading) bool {
	return len(fl.lent) > 0 && !slices.ContainsFunc(r.Values, func(v syntax.Value) bool { _, lent := fl.lent[v.Label]; return !lent })
}

// whichNumber answers /改 12 and /改 12 已换班: the number of a case, or a figure without its
// label? (G9)
func (f *Family) whichNumber(c *handlers.Call) *handlers.Refusal {
	ref, rest, ok := syntax.Reference(c.Rest)
	if !ok || ref.Sub != 0 {
		return nil
	}
	for _, sh := range f.active(&c.Desk) {
		if r := sh.read(&c.Desk, rest); ref.Letter == "" && len(r.Values)+len(r.Guessed) > 0 && len(r.BadNumber) == 0 { // 测温枪到位了 is no figure
			return nil
		}
	}
	example := "改报过的数要写标签"
	if all := f.active(&c.Desk); len(all) > 0 {
		example = "改" + all[0].form.Name + "的数要写标签，例：" + amendExample(all[0].form)
	}
	if rest == "" && ref.Letter == "" {
		return handlers.Refusef(example, "“%d”是要改成的数，还是问题单的号？只写号我不知道，什么也没改。", ref.N)
	}
	return handlers.Refusef(example, "没有%d号问题单，什么也没记。", ref.N)
}

// tells reports whether a line with a number in front says more than figures: 25 两把测温枪到位.
func (f *Family) tells(c *handlers.Call) bool {
	_, rest, ok := syntax.Reference(c.Rest)
	if !ok || rest == "" {
		return false
	}
	for _, sh := range f.active(&c.Desk) {
		if !c.Person.Has(sh.form.Who...) && !c.Person.Has(proxies...) {
			continue
		}
		if r := sh.read(&c.Desk, rest); len(r.Values)+len(r.Guessed) > 0 && len(r.Unknown) == 0 {
			return false
		}
	}
	return true
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
			"%s%s的%s还没报，没有可改的。", fl.from.name(), dayWord(fl.day, fl.Day), form.Name)
	}
	r := fl.today
	r.Values = maps.Clone(fl.today.Values)
	maps.Copy(r.Values, d.Values)
	r.Values = fl.withDefaults(fl.today.Values, r.Values, d.Values)
	if same(r.Values, fl.today.Values) && len(d.Texts) == 0 {
		return handlers.Answer(fmt.Sprintf("%s 里本来就是这个数，没有变。", fl.number())), nil
	}
	hard, soft := fl.check(r.Values)
	if hard != nil {
		return handlers.Outcome{}, fl.hardRefusal(hard, d.Values, r.Values)
	}
	r.By, r.At = c.Person.UserID, c.At
	r.Flags = without(without(without(r.Flags, flagZero), flagCarried), flagAccepted)
	if soft == nil {
		r.Flags = without(r.Flags, flagKept)
	}
	if fl.late() {
		r.Flags = with(r.Flags, flagFixed)
	}
	if fl.proxy(c.Person) {
		r.Flags = with(r.Flags, flagProxy)
	}
	texts := merge(merge(nil, fl.texts), d.Texts)
	out := fl.store(r, texts, c.Message.Text)
	out.Loads = []handlers.Load{{Office: fl.sh.form.Owner, Typed: len(d.Values) + len(d.Texts)}}
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
		old := "没有"
		if was, ok := fl.today.Values[x.Name]; ok {
			old = x.Format(was)
		}
		parts = append(parts, fmt.Sprintf("%s%s→%s%s", x.Name, old, x.Format(n), fl.sum(x.Name, r)))
	}
	for _, x := range fl.sh.form.Fields { // a sum that the change touched, on a field it did not name
		rule := fl.balance(x.Name)
		if _, named := d.Values[x.Name]; named || rule == nil {
			continue
		}
		if holds, known := rule.Rule.Eval(fl.lookup(r.Values)); known && !holds {
			parts = append(parts, x.Name+x.Format(r.Values[x.Name])+fl.sum(x.Name, r))
		}
	}
	head := "已改 " + fl.number()
	if !fl.sh.form.Required {
		head = "已改 " + fl.title()
	}
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
