package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/robfig/cron/v3"
)

// readPack reads a file of packs/.
func readPack(r *reader, top value) *Pack {
	o := top.object()
	defer o.close()
	p := &Pack{}
	head := o.get("pack").need().object()
	p.Place = head.at
	p.Name = head.get("name").need().code()
	p.Title = head.get("title").need().text()
	head.close()

	for _, v := range o.get("forms").items() {
		p.Forms = append(p.Forms, readForm(v))
	}
	for _, v := range o.get("duties").items() {
		p.Duties = append(p.Duties, readDuty(v))
	}
	nameDuties(p.Duties)
	for _, v := range o.get("notices").items() {
		p.Notices = append(p.Notices, readTemplate(v))
	}
	for _, v := range o.get("digest").items() {
		p.Digest = append(p.Digest, readSection(v))
	}
	p.Budget = readBudget(o.get("budget"))
	if !top.missing {
		checkPack(r, p)
	}
	return p
}

func readForm(v value) *Form {
	o := v.object()
	defer o.close()
	f := &Form{Place: v.at}
	f.Name = o.get("name").need().word()
	f.Aliases = o.get("aliases").words()
	f.Version = o.get("version").number(1, 1, 9999)
	for _, w := range o.get("who").need().items() {
		f.Who = append(f.Who, Role(w.oneOf("", texts(Roles())...)))
	}
	f.Opens = o.get("opens").clock(8 * 60)
	f.Cutoff = o.get("cutoff").need().clock(24 * 60)
	f.AsOf = o.get("as_of").clock(f.Cutoff)
	before := v.found
	for _, w := range o.get("fields").need().items() {
		f.Fields = append(f.Fields, readField(w))
	}
	flawless := v.found == before
	for _, w := range o.get("checks").items() {
		f.Checks = append(f.Checks, readCheck(w, f))
	}
	if flawless {
		checkExample(v, f)
	}
	f.Zero = o.get("zero").yes(false)
	f.Same = o.get("same").yes(false)
	f.Until = o.get("until").day()
	return f
}

func readField(v value) *Field {
	o := v.object()
	defer o.close()
	f := &Field{Place: v.at}
	f.Name = o.get("name").need().word()
	f.Aliases = o.get("aliases").words()
	f.Optional = o.get("optional").yes(false)
	f.Class = o.get("class").oneOf("C0", "C0", "C1", "C2", "C3", "C4")
	f.Health = o.get("health").yes(false)
	f.Item = o.get("item").text()
	if f.Item == "" {
		f.Item = f.Name
	}
	f.Help = o.get("help").text()
	f.Kind = KindInt
	switch kind := o.get("kind").oneOf("flow", "flow", "stock", "text"); kind {
	case "text":
		f.Kind = KindText
		f.Chars = o.get("chars").number(60, 1, 500)
		f.Example = o.get("example").text()
	default:
		if kind == "" {
			f.Kind = ""
		}
		f.Stock = kind == "stock"
		f.Unit = o.get("unit").text()
		f.Words = readUnitWords(o.get("words"), f.Unit)
		limits := o.get("range").need()
		f.Min, f.Max = limits.limits()
		f.Warn = readWarn(o.get("warn"), f)
		if example := o.get("example").number(f.Min, f.Min, max(f.Min, f.Max)); !f.Optional {
			f.Example = strconv.Itoa(example)
		}
	}
	return f
}

// readUnitWords reads the unit words of a field; its own unit always is one.
func readUnitWords(v value, unit string) []string {
	words := v.texts()
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, "0123456789 ") {
			v.problem(v.placeOf("%s.%d", v.path, i), "单位“"+w+"”不对", "写数字后面的字，如 人")
		}
	}
	if unit != "" && !slices.Contains(words, unit) {
		words = append([]string{unit}, words...)
	}
	return words
}

func readWarn(v value, f *Field) int {
	warn := v.number(0, 0, maxLiteral)
	if warn != 0 && (warn < f.Min || warn >= f.Max) && f.Max > f.Min {
		v.problem(v.at, "warn "+strconv.Itoa(warn)+"不在范围"+strconv.Itoa(f.Min)+".."+strconv.Itoa(f.Max)+"以内", "写小于上限的数，或去掉")
		return 0
	}
	return warn
}

func readCheck(v value, f *Form) *Check {
	o := v.object()
	defer o.close()
	c := &Check{Place: v.at, Hard: o.get("hard").yes(false)}
	text := o.get("rule").need()
	src := text.text()
	if src == "" {
		return c
	}
	rule, err := ParseRule(src)
	if err != nil {
		e := err.(*RuleError) // ParseRule has no other
		text.problem(text.inside(e.Col), e.What, e.Mend)
		return c
	}
	c.Rule = rule
	checkRule(text, rule, f)
	return c
}

// inside returns the place of a character of a scalar, from 1. In a folded scalar only
// the line it begins on is known.
func (v value) inside(col int) Place {
	at := v.at
	switch v.node.Style {
	case 0:
		at.Col += col - 1
	default: // quoted
		at.Col += col
	}
	return at
}

// fiveFields is the usual crontab line; no @every, no seconds.
var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func readDuty(v value) *Duty {
	o := v.object()
	defer o.close()
	d := &Duty{Place: v.at}
	d.Do = o.get("do").need().text()
	d.Form = o.get("form").text()
	line := o.get("cron").need()
	if d.Cron = strings.Join(strings.Fields(line.text()), " "); d.Cron != "" {
		d.Schedule = line.schedule(d.Cron)
	}
	d.Days = Days(o.get("days").oneOf(string(DaysAll), string(DaysAll), string(DaysWork), string(DaysRest)))
	d.Chat = ChatKind(o.get("chat").oneOf("", texts(ChatKinds())...))
	d.Late = o.get("late").oneOf(LateSkip, LateSkip, LateOnce)
	grace := o.get("grace")
	d.Grace = grace.span()
	switch {
	case d.Late == LateOnce && !grace.missing:
		grace.problem(grace.at, "late: once 不需要 grace", "去掉 grace，或写 late: skip")
	case d.Late == LateSkip:
		grace.need()
	}
	return d
}

// schedule parses a cron line and says which of its fields is wrong.
func (v value) schedule(line string) cron.Schedule {
	names := []string{"分（0-59）", "时（0-23）", "日（1-31）", "月（1-12）", "星期（0-6，0是星期日）"}
	fields := strings.Fields(line)
	// The parser also takes TZ=… in front, and panics if nothing follows it.
	if len(fields) != 5 || strings.Contains(line, "=") || strings.Contains(line, "@") {
		v.problem(v.at, "时间表“"+line+"”要有五段："+"分 时 日 月 星期", "例如每天17:15写 15 17 * * *")
		return nil
	}
	for i := range fields {
		probe := []string{"*", "*", "*", "*", "*"}
		probe[i] = fields[i]
		if _, err := fiveFields.Parse(strings.Join(probe, " ")); err != nil {
			v.problem(v.at, "时间表“"+line+"”的第"+strconv.Itoa(i+1)+"段“"+fields[i]+"”不对", "这一段是"+names[i])
			return nil
		}
	}
	s, err := fiveFields.Parse(line)
	if err != nil {
		v.problem(v.at, "时间表“"+line+"”读不懂", "例如每天17:15写 15 17 * * *")
		return nil
	}
	return s
}

// nameDuties gives each duty its id: the second nudge-日报 is nudge-日报-2.
func nameDuties(ds []*Duty) {
	count := make(map[string]int)
	for _, d := range ds {
		base := d.Name()
		if count[base]++; count[base] > 1 {
			base += "-" + strconv.Itoa(count[base])
		}
		d.name = base
	}
}

func readTemplate(v value) Template {
	o := v.object()
	defer o.close()
	return Template{Name: o.get("name").need().text(), Text: o.get("text").need().lines(), Place: v.at}
}

func readSection(v value) Section {
	o := v.object()
	defer o.close()
	return Section{
		Title:  o.get("title").need().text(),
		Form:   o.get("form").text(),
		Fields: o.get("fields").need().texts(),
		Change: o.get("change").yes(false),
		ByUnit: o.get("by_unit").yes(false),
		Place:  v.at,
	}
}

func readBudget(v value) Budget {
	o := v.object()
	defer o.close()
	return Budget{
		PerPerson: o.get("per_person").number(3, 1, 20),
		PerChat:   o.get("per_chat").number(3, 1, 20),
		QuietFrom: o.get("quiet_from").clock(20 * 60),
		QuietTo:   o.get("quiet_to").clock(8 * 60),
	}
}
