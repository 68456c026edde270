package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// reporter is what files a report: a committee, or one of its blocks or sites.
type reporter struct {
	unit config.Committee
	part string // the block or site; "" = the committee as a whole
}

// key is the reporter's place in a table of reports: 梅园, 梅园/3块.
func (r reporter) key() string {
	if r.part == "" {
		return r.unit.Name
	}
	return r.unit.Name + "/" + r.part
}

// name is the reporter as people say it: 梅园, 梅园3块, 站前公寓.
func (r reporter) name() string {
	if strings.HasPrefix(r.part, r.unit.Name) {
		return r.part
	}
	return r.unit.Name + r.part
}

// reporters are all that file the form for a committee.
func (sh *sheet) reporters(unit config.Committee) []reporter {
	if !sh.parts() {
		return []reporter{{unit: unit}}
	}
	var out []reporter
	for _, s := range unit.Reporters(sh.form) {
		out = append(out, reporter{unit, s.Name})
	}
	return out
}

// everybody is all that file the form in the street, in their fixed order.
func (sh *sheet) everybody(d *handlers.Desk) []reporter {
	var out []reporter
	if sh.form.By == config.ByLiaison {
		for i, a := range d.Street.Areas {
			out = append(out, reporter{unit: config.Committee{Name: a.Name, Ordinal: i + 1}})
		}
		return out
	}
	for _, u := range d.Dir.Units(d.Street) {
		out = append(out, sh.reporters(u)...)
	}
	return out
}

// parts reports whether the form is filed by parts of a committee.
func (sh *sheet) parts() bool { return sh.form.By == config.ByBlock || sh.form.By == config.BySite }

// reporterOf finds a reporter by its key.
func reporterOf(d *handlers.Desk, key string) (reporter, bool) {
	name, part, _ := strings.Cut(key, "/")
	unit, ok := d.Dir.Unit(d.Street, name)
	return reporter{unit, part}, ok
}

// heard is a line as the form understands it: who it is about, when, and what it says.
type heard struct {
	syntax.Reading
	from reporter
	slot int // the cut-off that is named, from 1; 0 = none is
}

// hear reads a line, and decides whose report it is about.
func (sh *sheet) hear(c *handlers.Call, text string) (heard, error) {
	text = sh.labelled(text)
	h := heard{Reading: sh.read(&c.Desk, text)}
	if err := sh.heading(h.Reading); err != nil {
		return h, err
	}
	units := slices.DeleteFunc(slices.Clone(h.Units), func(u string) bool { return sh.shift(u) > 0 })
	if !sh.parts() && len(units) > 1 {
		return h, handlers.Refusef("请一个居民区发一条。", "里面有%s，我一次只收一个居民区的，什么也没存。", strings.Join(units, "、"))
	}
	named := ""
	if len(units) > 0 {
		named = units[0]
	}
	for _, u := range h.Units {
		if n := sh.shift(u); n > 0 {
			h.slot = n
		}
	}
	if h.slot == 0 {
		h.slot = sh.shiftSaid(h.Reading, text)
	}
	if sh.form.By == config.ByLiaison {
		area, err := sh.area(c, named)
		h.from = reporter{unit: area}
		return h, err
	}
	unit, err := whose(c, sh, named)
	if err != nil {
		return h, err
	}
	h.from.unit = unit
	if !sh.parts() {
		return h, nil
	}
	all := sh.reporters(unit)
	h.Reading = sh.readOf(&c.Desk, unit, text)
	if h.slot == 0 { // 南门早: a word by itself only once the gate is known
		h.slot = sh.shiftSaid(h.Reading, text)
	}
	var parts []string
	for _, u := range h.Units {
		if slices.ContainsFunc(all, func(r reporter) bool { return r.part == u }) {
			parts = append(parts, u)
		}
	}
	switch {
	case len(parts) == 1:
		h.from.part = parts[0]
		return h, nil
	case len(parts) > 1:
		return h, handlers.Refusef("请一个发一条。", "里面有%s，我一次只收一个的，什么也没存。", strings.Join(parts, "、"))
	case len(all) == 0:
		return h, handlers.Refusef("请管理员在街道文件里给"+unit.Name+"写上"+sh.partWord()+"。", "%s还没有登记%s，%s报不了。", unit.Name, sh.partWord(), sh.form.Name)
	}
	if part, of := sh.foreign(c, unit, text); of != "" {
		return h, handlers.Refusef("那边请"+of+"来报。您的例："+sh.example(all[0]), "%s是%s的，不归您报，什么也没存。", part, of)
	}
	if len(all) == 1 { // who has one need not name it
		h.from = all[0]
		return h, nil
	}
	for _, r := range all {
		parts = append(parts, r.part)
	}
	return h, handlers.Refusef("例："+sh.example(all[0]), "是哪个%s？有%s。什么也没存。", sh.partWord(), strings.Join(parts, "、"))
}

// area is the caller's 片区, as the unit that files: the only one, or the one that is named.
func (sh *sheet) area(c *handlers.Call, named string) (config.Committee, error) {
	var own []config.Committee
	var names []string
	for i, a := range c.Street.Areas {
		if a.Liaison == c.Person.UserID {
			own = append(own, config.Committee{Name: a.Name, Ordinal: i + 1})
			names = append(names, a.Name)
		}
	}
	i := slices.Index(names, named)
	switch {
	case len(own) == 0:
		return config.Committee{}, handlers.Refusef("请联系这个片区的联络员来发。", "%s由片区的联络员来报，一个片区一份。", sh.form.Name)
	case i >= 0:
		return own[i], nil
	case len(own) > 1:
		example := strings.Replace(sh.form.Example(), "/"+sh.form.Name, "/"+sh.form.Name+" "+names[0], 1)
		return config.Committee{}, handlers.Refusef("例："+example, "是哪个片区？有%s。什么也没存。", strings.Join(names, "、"))
	}
	return own[0], nil
}

// partWord is what a part is called: 块, 门岗.
func (sh *sheet) partWord() string {
	if sh.form.By == config.ByBlock {
		return string(config.SiteBlock)
	}
	return string(sh.form.Site)
}

// example is the form's example line for a reporter.
func (sh *sheet) example(r reporter) string {
	line := sh.form.Example()
	if r.part == "" {
		return line
	}
	return strings.Replace(line, "/"+sh.form.Name, "/"+sh.form.Name+" "+r.part, 1)
}

// shift is which cut-off of the day a word names, from 1; 0 if none.
func (sh *sheet) shift(word string) int {
	if word == "" {
		return 0
	}
	return slices.Index(sh.form.Shifts, word) + 1
}

// shiftSaid is the cut-off of the day that a line names in short, from 1: 早 or 早上 for 早班; 0 if
// it names none.
func (sh *sheet) shiftSaid(r syntax.Reading, text string) int {
	for i, name := range sh.form.Shifts {
		stem, ok := strings.CutSuffix(name, "班")
		if !ok || stem == "" {
			continue
		}
		alone := func(word string) bool { return word == stem }
		if slices.ContainsFunc(r.Unknown, func(s syntax.Stray) bool { return alone(s.Text) && s.Value == "" }) || slices.ContainsFunc(r.Notes, alone) {
			return i + 1
		}
		for _, tail := range []string{"上", "晨", "间", "里"} {
			if _, rest, ok := strings.Cut(text, stem+tail); ok && !strings.HasPrefix(rest, "好") {
				return i + 1
			}
		}
	}
	return 0
}

// foreign is the block or site of another committee that a line names, and whose it is: what is
// said of somebody else's is not hers. A short name counts where the line begins with it and
// only one committee has it: many have an A座.
func (sh *sheet) foreign(c *handlers.Call, own config.Committee, text string) (part, of string) {
	text = strings.TrimLeft(syntax.Normalise(text), " ,，、。")
	var full []syntax.Word
	owners, short := map[string]string{}, map[string]string{}
	for _, u := range c.Dir.Units(c.Street) {
		if u.Name == own.Name {
			continue
		}
		for _, r := range u.Reporters(sh.form) {
			full, owners[r.Name] = append(full, syntax.Word{Name: r.Name}), u.Name
			if slices.ContainsFunc(r.Aliases, func(a string) bool { return strings.HasPrefix(text, a) }) {
				short[u.Name] = r.Name
			}
		}
	}
	if name, _, ok := syntax.Unit(text, full); ok {
		return name, owners[name]
	}
	for u, name := range short {
		if len(short) == 1 {
			return name, u
		}
	}
	return "", ""
}

// afar are those of names that other forms' fields have.
func afar(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		_, _, ok := config.Elsewhere(name)
		return !ok
	})
}

// period is the period of the form that a line about a day belongs to; today's is the one
// that runs now, an earlier day's its last.
//
// A part of the day that is named and has not begun is yesterday's: 夜班, said in the morning.
func (sh *sheet) period(d *handlers.Desk, day config.Day, slot int) config.Period {
	p := sh.periodAt(d.Street, day, d.At)
	if slot > 0 && p.Slot > 0 {
		p.Slot = slot
		if p.Day == d.Day && sh.form.Opening(d.Street, p).After(d.At) && slot > 1 && sh.form.Every == config.EveryDay {
			p.Day = p.Day.Add(-1)
		}
	}
	return p
}

// periodAt is the period of a day that runs at a moment; of another day than the moment's,
// its last.
func (sh *sheet) periodAt(s *config.Street, day config.Day, at time.Time) config.Period {
	clock := config.Clock(24 * 60)
	if s.Day(at) == day {
		t := at.In(s.Location)
		clock = config.Clock(t.Hour()*60 + t.Minute())
		if t.Second() > 0 || t.Nanosecond() > 0 {
			clock++ // a moment behind the cut-off is behind it
		}
	}
	return sh.form.PeriodOf(s, day, clock)
}

// lastAt is periodAt, but of several cut-offs of a day the one that came last.
func (sh *sheet) lastAt(s *config.Street, day config.Day, at time.Time) config.Period {
	p := sh.periodAt(s, day, at)
	if (p.Slot > 1 || sh.form.Paced()) && !at.After(sh.form.Closing(s, p)) {
		p = sh.form.Before(p)
	}
	return p
}

// reopen loads the filing that a draft is part of.
func (f *Family) reopen(ctx context.Context, c *handlers.Call, d draft) (*filing, bool, error) {
	sh := f.named(&c.Desk, d.Form)
	if sh == nil {
		return nil, false, nil
	}
	from, known := reporterOf(&c.Desk, d.Unit)
	if sh.form.By == config.ByLiaison {
		area, err := sh.area(c, d.Unit)
		from, known = reporter{unit: area}, err == nil
	}
	if !known {
		return nil, false, nil
	}
	fl, err := f.loadOf(ctx, c, sh, config.Period{Day: d.Day, Slot: d.Slot}, from)
	return fl, true, err
}

// called cuts the form's name off the front of a line. ok is false if it is not there, or if
// nothing follows it.
func (sh *sheet) called(text string) (rest string, ok bool) {
	for _, name := range append([]string{sh.form.Name}, sh.form.Aliases...) {
		if rest, ok := strings.CutPrefix(text, name+" "); ok {
			return rest, true
		}
	}
	return text, false
}

// afar reads what the form's sums name of other forms, added up over all that belongs to
// the unit, as of a day. The result is called after the batch has run.
func (f *Family) afar(b *store.Batch, d *handlers.Desk, sh *sheet, day config.Day, unit config.Committee) func() (Values, error) {
	type need struct {
		name, field string
		form        *config.Form
		cells       *map[string]store.Cell
	}
	var needs []need
	for _, name := range sh.elsewhere {
		form, field, _ := config.Elsewhere(name)
		for _, p := range d.Street.Active(day) {
			if other := p.FormOn(form, day); other != nil {
				key := other.PeriodOf(d.Street, other.Closed(day), 24*60).Key()
				needs = append(needs, need{name, field, other, b.All(store.Reports(other.Name, key))})
			}
		}
	}
	return func() (Values, error) {
		out := Values{}
		for _, n := range needs {
			for key, cell := range *n.cells {
				if key != unit.Name && !strings.HasPrefix(key, unit.Name+"/") {
					continue
				}
				r, err := decode(n.form, cell)
				if err != nil {
					return nil, err
				}
				if v, ok := r.Values[n.field]; ok && r.Filed() {
					out[n.name] += v
				}
			}
		}
		return out, nil
	}
}

// defaults are a report's figures with what a field is worth when nobody gave it.
func (fl *filing) defaults(v Values) Values {
	if !slices.ContainsFunc(fl.sh.form.Fields, func(x *config.Field) bool { return x.Default != nil }) {
		return v
	}
	out := maps.Clone(v)
	for _, x := range fl.sh.form.Fields {
		if _, given := out[x.Name]; given || x.Default == nil {
			continue
		}
		if n, ok := x.Compute(fl.lookup(out)); ok && inside(x, n) {
			out[x.Name] = n
		}
	}
	return out
}

// withDefaults is now, changed from old, with those of its figures that were worth their
// default computed anew.
func (fl *filing) withDefaults(old, now, given Values) Values {
	now = maps.Clone(now)
	for _, x := range fl.sh.form.Fields {
		if _, said := given[x.Name]; said || x.Default == nil {
			continue
		}
		if n, ok := x.Compute(fl.lookup(old)); ok && old[x.Name] == n {
			delete(now, x.Name)
		}
	}
	return fl.defaults(now)
}

// whole is the line of a receipt that says where the committee stands with all its parts:
// 梅园合计（2/3块）应排210 已排180 覆盖率85.7%.
func (fl *filing) whole(r Report) string {
	all := fl.sh.reporters(fl.from.unit)
	if len(all) < 2 || fl.sisters == nil {
		return ""
	}
	sum, filed := Values{}, 0
	for _, one := range all {
		report := fl.sisters[one.key()]
		if one.key() == fl.from.key() {
			report = r
			report.Rev = 1
		}
		if !report.Filed() {
			continue
		}
		filed++
		for _, x := range fl.sh.form.Fields {
			if n, ok := report.Values[x.Name]; ok && x.Sums() {
				sum[x.Name] += n
			}
		}
	}
	get := fl.sh.form.Get(func(name string) (int, bool) {
		n, ok := sum[name]
		return n, ok
	})
	var parts []string
	for _, x := range fl.sh.form.Fields {
		if n, ok := get(x.Name); ok && (x.Sums() || !x.Asked()) {
			parts = append(parts, x.Name+x.Format(n))
		}
	}
	word := fl.sh.partWord()
	if fl.sh.form.By == config.BySite {
		word = "个" + word
	}
	return fmt.Sprintf("%s合计（%d/%d%s）%s", fl.from.unit.Name, filed, len(all), word, strings.Join(parts, " "))
}
