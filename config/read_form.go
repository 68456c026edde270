package config

import (
	"cmp"
	"slices"
	"time"
)

func readForm(v value) *Form {
	o := v.object()
	defer o.close()
	f := &Form{Place: v.at}
	f.Name = o.get("name").need().word()
	f.Aliases = o.get("aliases").words()
	f.Version = o.get("version").number(0, 1, 9999) // 0: chainVersions counts
	f.From = o.get("from").day()
	f.Until = o.get("until").day()
	for _, w := range o.get("who").need().items() {
		f.Who = append(f.Who, Role(w.oneOf("", texts(Roles())...)))
	}
	readReporter(o, f)
	readRhythm(o, f)
	before := v.found
	for _, w := range o.get("fields").need().items() {
		f.Fields = append(f.Fields, readField(w, f))
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
	f.Fade = readFade(o.get("fade"), f.Zero)
	f.While = o.get("only_while").word()
	f.Review = Role(o.get("review").oneOf("", texts(Roles())...))
	f.Owner = o.get("owner").text()
	f.Purpose = o.get("purpose").text()
	f.Basis = o.get("basis").text()
	f.Minutes = o.get("minutes").number(0, 1, 240)
	f.Lead = o.get("lead").span()
	for _, w := range o.get("chain").items() {
		f.Chain = append(f.Chain, readDeadline(w))
	}
	f.Approved = o.get("approved_by").text()
	return f
}

// readReporter reads who files: by, and site where it is by site.
func readReporter(o *object, f *Form) {
	f.By = Reporter(o.get("by").oneOf(string(ByCommittee), string(ByCommittee), string(ByBlock), string(BySite), string(ByLiaison)))
	site := o.get("site")
	kinds := append([]SiteKind{SiteGate}, SiteKinds()...)
	switch {
	case f.By == BySite:
		f.Site = SiteKind(site.need().oneOf("", texts(kinds)...))
	case f.By != "" && !site.missing:
		site.problem(site.at, "只有 by: site 的表单写 site", "去掉 site，或写 by: site")
	}
}

// readRhythm reads how often, and from when to when.
func readRhythm(o *object, f *Form) {
	f.Every = Rhythm(o.get("every").oneOf(string(EveryDay), string(EveryDay), string(EveryWeek), string(EveryOnce), string(EveryEvent)))
	f.Required = o.get("required").yes(f.Every != EveryEvent)
	on := o.get("weekdays")
	switch {
	case f.Every == EveryWeek:
		for _, w := range on.need().items() {
			if n := slices.Index(weekdays, w.oneOf("", weekdays...)); n >= 0 {
				f.Weekdays = append(f.Weekdays, time.Weekday((n+1)%7))
			}
		}
		slices.SortFunc(f.Weekdays, func(a, b time.Weekday) int { return cmp.Compare((a+6)%7, (b+6)%7) })
	case f.Every != "" && !on.missing:
		on.problem(on.at, "只有 every: week 的表单写 weekdays", "去掉 weekdays，或写 every: week")
	}
	f.Opens = o.get("opens").clock(8 * 60)
	cutoff, when := o.get("cutoff"), o.get("when")
	switch {
	case f.Every == EveryEvent && cutoff.missing && when.missing:
		f.Cutoffs = []Clock{24 * 60}
	case when.missing:
		f.Cutoffs = []Clock{cutoff.need().clock(24 * 60)}
	case !cutoff.missing:
		when.problem(when.at, "cutoff 和 when 只能写一个", "一天一次写 cutoff，一天几次写 when")
	default:
		readCutoffs(when, f)
	}
	if len(f.Cutoffs) == 0 {
		f.Cutoffs = []Clock{24 * 60}
	}
	if len(f.Shifts) == 0 {
		f.Shifts = make([]string, len(f.Cutoffs))
	}
	f.Cutoff = f.Cutoffs[len(f.Cutoffs)-1]
	f.AsOf = o.get("as_of").clock(f.Cutoff)
	f.NoEarly = o.get("early").oneOf(takeIt, takeIt, refuseIt) == refuseIt
	f.NoLate = o.get("late").oneOf(takeIt, takeIt, refuseIt) == refuseIt
}

// readCutoffs reads when: [11:30, 17:00], or with names [{name: 早班, at: "14:00"}, …].
func readCutoffs(when value, f *Form) {
	for _, w := range when.need().items() {
		at, name := w, ""
		if !w.missing && len(w.node.Content) > 0 {
			o := w.object()
			name = o.get("name").need().word()
			at = o.get("at").need()
			o.close()
		}
		c := at.clock(-1)
		if c < 0 {
			continue
		}
		if n := len(f.Cutoffs); n > 0 && c <= f.Cutoffs[n-1] {
			at.problem(at.at, "when 里"+c.String()+"不晚于前一个"+f.Cutoffs[n-1].String(), "从早到晚写")
			continue
		}
		f.Cutoffs, f.Shifts = append(f.Cutoffs, c), append(f.Shifts, name)
	}
}

// What happens with a report that comes early or late.
const (
	takeIt   = "accept"
	refuseIt = "refuse"
)

// weekdays as they are written, from Monday on.
var weekdays = []string{"周一", "周二", "周三", "周四", "周五", "周六", "周日"}

func readDeadline(v value) Deadline {
	o := v.object()
	defer o.close()
	return Deadline{Who: o.get("who").need().text(), At: o.get("at").need().clock(24 * 60)}
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
		text.broken(err)
		return c
	}
	c.Rule = rule
	checkRule(text, slices.Concat(rule.left.terms, rule.right.terms), f, "规则")
	return c
}

// broken reports what is wrong with a rule or an expression, where it is wrong.
func (v value) broken(err error) {
	e := err.(*RuleError) // the parsers have no other
	v.problem(v.inside(e.Col), e.What, e.Mend)
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
