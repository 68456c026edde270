package report

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// filing is one unit's report of one form and day on its way: what is there, what was
// there the day before, and who is at it.
type filing struct {
	*handlers.Desk
	sh      *sheet
	period  config.Period
	day     config.Day // the period's
	from    reporter
	by      config.Person
	today   Report
	prev    Report            // the period before, or of a form that is filed now and then the last one filed
	older   Report            // where there is none for the day before: the last one of a week, to be proposed and no more
	olderOn config.Day        // its day; "" = none
	since   []store.Guard     // what was looked at for prev, the latest period first
	sisters map[string]Report // where parts of a committee file: all of them, by key
	lent    Values            // figures of this report that other forms have asked for already
	round   round             // of a form with rounds, the one that runs
	debts   []debt            // other forms' reports that borrow from this one
	afar    Values            // figures of other forms that this one's sums name, 排摸.外出
	known   Values            // figures that registers know, to be confirmed
	pile    pile              // what this person has begun
	draft   draft             // of these, the one of this form
	gone    string            // what has expired, to be said once
	curious bool              // somebody wants to know what was understood
	moved   Values            // stocks of which the change was typed (-3), for the receipt
	verb    string            // what a corrected line begins with: "/日报 ", "/改 "
	texts   map[string]string
}

// load is loadOf for a committee's report of a day: of today's period, or an earlier day's.
func (f *Family) load(ctx context.Context, c *handlers.Call, sh *sheet, day config.Day, unit config.Committee) (*filing, error) {
	return f.loadOf(ctx, c, sh, sh.period(&c.Desk, day, 0), reporter{unit: unit})
}

// loadOf reads everything a filing needs in one round trip. given are the figures that the
// line has: where none is missing, no register is asked what it knows.
func (f *Family) loadOf(ctx context.Context, c *handlers.Call, sh *sheet, p config.Period, from reporter, given ...syntax.Value) (*filing, error) {
	b := c.Read()
	now := store.Reports(sh.form.Name, p.Key())
	today := b.Cell(now, from.key())
	since := sh.before(p)
	prev := make([]*store.Cell, len(since))
	for i, q := range since {
		prev[i] = b.Cell(store.Reports(sh.form.Name, q.Key()), from.key())
	}
	open := b.Cell(store.Drafts(), c.Person.UserID)
	texts := b.Cell(store.ReportTexts(sh.form.Name, p.Key()), from.key())
	var all *map[string]store.Cell
	if from.part != "" {
		all = b.All(now)
	}
	afar := f.afar(b, &c.Desk, sh, p.Day, from.unit)
	lent, was := sh.borrow(b, c.Street, p.Day, from.key(), ""), sh.borrow(b, c.Street, sh.form.Before(p).Day, from.key(), "")
	turn := roundOf(b, sh.form)
	debts := f.debts(b, &c.Desk, sh, p, from)
	known := f.known(b, &c.Desk, sh, p, from, given)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read report %s/%s: %w", sh.form.Name, from.key(), err)
	}
	fl := &filing{Desk: &c.Desk, sh: sh, period: p, day: p.Day, from: from, by: c.Person, curious: c.Curious(), verb: "/" + sh.form.Name + " "}
	if from.part != "" {
		fl.verb += from.part + " "
	}
	if c.Person.Unit != from.unit.Name && c.Person.UserID != "" {
		fl.verb = strings.Replace(fl.verb, " ", " "+from.unit.Name+" ", 1)
	}
	if p.Slot > 0 && !fl.current() && fl.slot() == sh.form.Shifts[p.Slot-1] {
		fl.verb += fl.slot() + " "
	}
	var err error
	if fl.afar, err = afar(); err != nil {
		return nil, err
	}
	if fl.known, err = known(); err != nil {
		return nil, err
	}
	if all != nil {
		fl.sisters = map[string]Report{}
		for key, cell := range *all {
			if fl.sisters[key], err = decode(sh.form, cell); err != nil {
				return nil, err
			}
		}
	}
	if fl.today, err = decode(sh.form, *today); err != nil {
		return nil, err
	}
	if fl.round, err = turn(); err != nil {
		return nil, err
	}
	for i, cell := range prev {
		fl.since = append(fl.since, store.Guard{Table: store.Reports(sh.form.Name, since[i].Key()), Field: from.key(), Rev: cell.Rev})
		if fl.prev, err = decode(sh.form, *cell); err != nil {
			return nil, err
		}
		if fl.prev.Filed() && fl.prev.At.Before(fl.round.since) {
			fl.prev = Report{} // of an earlier round
		}
		if fl.prev.Filed() {
			break
		}
	}
	if err := fl.settle(lent, was, debts); err != nil {
		return nil, err
	}
	if err := fl.lookFurther(ctx, given); err != nil {
		return nil, err
	}
	if fl.pile, err = openPile(&c.Desk, *open); err != nil {
		return nil, err
	}
	fl.draft = fl.pile.of(sh.form.Name)
	if len(fl.pile.stale) > 0 {
		fl.gone = f.farewell(c, fl.pile)
	}
	if texts.Rev != 0 && fl.today.Filed() {
		if err := json.Unmarshal([]byte(texts.Value), &fl.texts); err != nil {
			return nil, fmt.Errorf("decode texts %s/%s: %w", sh.form.Name, from.key(), err)
		}
	}
	return fl, nil
}

// lookBack is how many periods a form that is filed now and then is looked back for its last
// report: a week of two sessions a day.
const lookBack = 14

// before are the periods in which the report before p may lie, the latest first. What is due
// every time has it in the last one, or not at all.
func (sh *sheet) before(p config.Period) []config.Period {
	if whole := sh.form.Whole(); sh.form.Paced() { // the last one may have been filed at another pace
		out := []config.Period{whole.Before(p)}
		for len(out) < len(whole.Cutoffs)+lookBack {
			out = append(out, whole.Before(out[len(out)-1]))
		}
		return out
	}
	out := []config.Period{sh.form.Before(p)}
	for !sh.form.Required && sh.form.Every != config.EveryOnce && len(out) < lookBack {
		out = append(out, sh.form.Before(out[len(out)-1]))
	}
	return out
}

// week is how many days a stock is proposed after the last report that had it.
const week = 7

// lookFurther reads the last week where yesterday's report is missing and the line leaves a
// stock open: who missed one day is asked whether his stock is still what it was, not to look
// it up. It is proposed with its day and needs a yes; no rule counts with it.
func (fl *filing) lookFurther(ctx context.Context, given []syntax.Value) error {
	if fl.prev.Filed() || fl.today.Filed() || !fl.daily() || !fl.sh.form.Required || fl.sh.complete(given) {
		return nil
	}
	b, p := fl.Read(), fl.sh.form.Before(fl.period)
	var cells []*store.Cell
	var days []config.Day
	for range week - 1 {
		p = fl.sh.form.Before(p)
		days, cells = append(days, p.Day), append(cells, b.Cell(store.Reports(fl.sh.form.Name, p.Key()), fl.from.key()))
	}
	if err := b.Run(ctx); err != nil {
		return fmt.Errorf("read the week's %s/%s: %w", fl.sh.form.Name, fl.from.key(), err)
	}
	for i, cell := range cells {
		r, err := decode(fl.sh.form, *cell)
		if err != nil {
			return err
		}
		if r.Filed() {
			fl.older, fl.olderOn = r, days[i]
			return nil
		}
	}
	return nil
}

// stock is what a stock was when it was last said.
func (fl *filing) stock(name string) (int, bool) {
	if n, ok := fl.prev.Values[name]; ok {
		return n, true
	}
	n, ok := fl.older.Values[name]
	return n, ok
}

// number is the filing's receipt number. The one daily report that every committee owes has
// the short one, R0213-07. Any other says what it is, so that no two of a unit and day are the
// same: R0213-07罩上午, R0213-07排摸3块. Nothing is counted, so nothing can be counted twice.
func (fl *filing) number() string { return fl.numberOn(fl.day) }

// numberOn is the number the same report would have on another day.
func (fl *filing) numberOn(day config.Day) string {
	n := receipt(day, fl.from.unit)
	if fl.sh.first(fl.Desk, day) {
		return n
	}
	n += fl.sh.form.Name + fl.from.part
	if slot := fl.period.Slot; slot > 0 {
		n += cmp.Or(fl.sh.form.Shifts[slot-1], fl.sh.form.Cutoffs[slot-1].String())
	}
	return n
}

// title is the filing's number and whose report it is: R0213-07 梅园日报, R0213-07排摸3块 梅园.
func (fl *filing) title() string {
	if fl.sh.first(fl.Desk, fl.day) {
		return fl.number() + " " + fl.from.unit.Name + fl.sh.form.Name
	}
	return fl.number() + " " + fl.from.unit.Name
}

// first reports whether the form is the day's first that every committee owes once a day.
func (sh *sheet) first(d *handlers.Desk, day config.Day) bool {
	for _, p := range d.Street.Active(day) {
		for _, f := range p.On(day) {
			if f.Required && (f.Every == "" || f.Every == config.EveryDay) && (f.By == "" || f.By == config.ByCommittee) && len(f.Cutoffs) < 2 {
				return f.Name == sh.form.Name
			}
		}
	}
	return false
}

// late reports whether the cut-off has passed.
func (fl *filing) late() bool { return fl.At.After(fl.sh.form.Closing(fl.Street, fl.period)) }

// cutoff is the period's, in words: 17:00, of another day 2月14日17:00.
func (fl *filing) cutoff() string {
	at := fl.sh.form.Cutoff
	if fl.period.Slot > 0 {
		at = fl.sh.form.Cutoffs[fl.period.Slot-1]
	}
	if day := fl.Street.Day(fl.sh.form.Closing(fl.Street, fl.period).Add(-time.Second)); day != fl.Day {
		return day.Label() + at.String()
	}
	return at.String()
}

// current reports whether the period is the one that runs now.
func (fl *filing) current() bool { return fl.period == fl.sh.period(fl.Desk, fl.Day, 0) }

// daily reports whether the period before is yesterday.
func (fl *filing) daily() bool {
	return fl.sh.form.Before(fl.period).Day == fl.day.Add(-1) && fl.period.Slot == 0
}

// last is the period before, as people say it.
func (fl *filing) last() string {
	if fl.olderOn != "" {
		return fl.olderOn.Label()
	}
	if fl.daily() {
		return "昨天"
	}
	return "上次"
}

// proxy reports whether somebody files whose form it is not.
func (fl *filing) proxy(p config.Person) bool {
	return p.Unit != fl.from.unit.Name && (p.Unit != "" || !p.Has(fl.sh.form.Who...))
}

// lookup gives rules their numbers: today's from v, yesterday's under the prefix 昨日, other
// forms' with a point, and what follows from these.
func (fl *filing) lookup(v Values) func(string) (int, bool) {
	return fl.sh.form.Get(func(name string) (int, bool) {
		if n, ok := v[name]; ok {
			return n, true
		}
		if n, ok := fl.afar[name]; ok {
			return n, true
		}
		if y, ok := strings.CutPrefix(name, config.Yesterday); ok && fl.prev.Filed() {
			n, ok := fl.prev.Values[y]
			return n, ok
		}
		return 0, false
	})
}

// check finds the first broken rule of each sort: a hard one refuses, a soft one asks, unless
// it is excused.
func (fl *filing) check(v Values, excused ...string) (hard, soft *config.Check) {
	get := fl.lookup(v)
	for _, c := range fl.sh.form.Checks {
		holds, known := c.Rule.Eval(get)
		if holds || !known {
			continue
		}
		if c.Hard && hard == nil {
			hard = c
		}
		if !c.Hard && soft == nil && !slices.Contains(excused, c.Rule.String()) {
			soft = c
		}
	}
	return hard, soft
}

// balance is the rule that says what a field should be, if the form has one.
func (fl *filing) balance(field string) *config.Check {
	for _, c := range fl.sh.form.Checks {
		if name, ok := c.Rule.Field(); ok && !c.Hard && name == field {
			return c
		}
	}
	return nil
}

// arithmetic shows a rule's sum: 昨9+0−1=8, or with words 昨9+新0−解1=8.
func (fl *filing) arithmetic(c *config.Check, v Values, words bool) string {
	var short func(string) string
	if words {
		short = func(name string) string { return string([]rune(name)[0]) }
	}
	s := c.Rule.Show(fl.lookup(v), short)
	if !fl.daily() {
		s = strings.ReplaceAll(s, "昨", "上次")
	}
	return s
}

// store is the outcome that keeps the report.
func (fl *filing) store(r Report, texts map[string]string, raw string) handlers.Outcome {
	form, day := fl.sh.form, fl.period.Key()
	cell := encode(form, fl.own(r))
	out := handlers.Outcome{
		Changes: []store.Change{
			store.PutKeep(store.Reports(form.Name, day), fl.from.key(), fl.today.Rev, cell, store.ReportLog(form.Name, day)),
		},
		Audit:  handlers.Audit{Unit: fl.from.key(), Record: form.Name + "/" + day, Rev: fl.today.Rev + 1, Values: cell},
		Sealed: fl.sh.pack.Name,
		Read:   fl.understood(r.Values, texts, nil),
	}
	if len(fl.sh.form.Checks) > 0 {
		// The sums were checked against yesterday's figures: they must still be those.
		out.Require = append(out.Require, fl.since...)
	}
	if len(texts) > 0 {
		body, err := json.Marshal(texts)
		if err != nil {
			panic("report: texts do not encode: " + err.Error())
		}
		out.Changes = append(out.Changes, fl.sh.keepTexts(day, fl.from.key(), string(body), households(texts)))
	}
	out.Changes = append(out.Changes, fl.pile.change(fl.by.UserID, form.Name, nil)...)
	if raw != "" {
		field := fmt.Sprintf("%s/%s#%d", form.Name, fl.from.key(), fl.today.Rev+1)
		out.Changes = append(out.Changes, store.PutSealed(store.Raw(string(fl.Day)), field, store.Any, raw, fl.sh.pack.Name))
	}
	out.Opens = fl.opens(r, texts)
	return out
}

func (fl *filing) understood(v Values, texts map[string]string, asks []string) handlers.Understanding {
	u := handlers.Understanding{Unit: fl.from.key(), Period: fl.period.Key(), Values: map[string]any{}, Asks: asks}
	if !fl.curious {
		return u
	}
	for k, n := range v {
		u.Values[k] = n
		if x := fl.sh.form.Field(k); x.Kind != config.KindInt {
			u.Values[k] = x.Format(n)
		}
	}
	for k, s := range texts {
		if k != reasonKey {
			u.Values[k] = s
		}
	}
	return u
}

// reasonKey is where a text cell keeps why a report does not add up.
const reasonKey = "留"

// copyLine is a line to copy that files "nothing new": flows 0, stocks as yesterday.
func (fl *filing) copyLine() string {
	if x := fl.sh.sole(); x != nil {
		return fl.sh.form.Name + " " + x.Example
	}
	if !fl.prev.Filed() && fl.olderOn == "" || len(fl.sh.required()) == 0 {
		return strings.TrimPrefix(fl.sh.example(fl.from), "/")
	}
	v := Values{}
	for _, x := range fl.sh.required() {
		if v[x.Name] = 0; !x.Quantity() || x.Min > 0 {
			v[x.Name], _ = x.ExampleValue()
		}
		if n, ok := fl.stock(x.Name); ok && x.Stock {
			v[x.Name] = n
		}
	}
	if fl.from.part != "" {
		return fl.sh.form.Name + " " + fl.from.part + " " + fl.sh.line(v, nil)
	}
	return fl.sh.form.Name + " " + fl.sh.line(v, nil)
}

// line writes numbers as one types them, in the form's order; a field named in blank
// appears with a question mark.
func (sh *sheet) line(v Values, blank []string) string {
	var parts []string
	for _, x := range sh.form.Fields {
		if n, ok := v[x.Name]; ok {
			parts = append(parts, x.Name+x.Format(n))
		} else if slices.Contains(blank, x.Name) {
			parts = append(parts, x.Name+"？")
		}
	}
	return strings.Join(parts, " ")
}
