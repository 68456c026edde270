package report

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// A form fades where nothing changes. After so many days without a change the bot writes
// the zero report itself and asks for one yes; the yes covers a day, the next one two, and
// so on. On the days it covers the report is carried on by itself and marked so. Any change
// ends it, and the form asks every day again.

// flagCarried marks a report that was carried on by an earlier yes: 沿用.
const flagCarried = 'a'

// askFade is the question of a zero report that the bot wrote.
const askFade = "fade"

const recipeFade = "report.fade"

// consent is what the last yes of a unit covers. Its cell: "<n>|<until>|<userid>".
type consent struct {
	n     int        // so many in a row
	until config.Day // the last day covered
	by    string
	rev   int
}

func consents() store.Table { return store.Records("fade") }

func consentField(form, unit string) string { return form + "/" + unit }

func openConsent(c store.Cell) (consent, error) {
	out := consent{rev: c.Rev}
	if c.Rev == 0 {
		return out, nil
	}
	parts := strings.SplitN(c.Value, "|", 3)
	if len(parts) != 3 {
		return out, fmt.Errorf("decode consent: %d parts", len(parts))
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil {
		return out, fmt.Errorf("decode consent: %w", err)
	}
	out.n, out.until, out.by = n, config.Day(parts[1]), parts[2]
	return out, nil
}

// fade looks, before anybody is reminded, which units need not be asked today, and asks the
// others that have been quiet long enough for one yes.
func (f *Family) fade(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(ctx, m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	rule := sh.form.Fade
	if rule == nil || sh.form.Every != "" && sh.form.Every != config.EveryDay {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	b := m.Read()
	var days []*map[string]store.Cell // today first
	for i := range rule.After + 2 {
		days = append(days, b.All(store.Reports(sh.form.Name, string(m.Day.Add(-i)))))
	}
	given := b.All(consents())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read quiet days of %s: %w", sh.form.Name, err)
	}
	out := handlers.Outcome{Loads: []handlers.Load{{Office: sh.form.Owner}}}
	var carried []string
	for _, unit := range m.Dir.Units(m.Street) {
		yes, err := openConsent((*given)[consentField(sh.form.Name, unit.Name)])
		if err != nil {
			return handlers.Outcome{}, fmt.Errorf("%s: %w", unit.Name, err)
		}
		quiet, filed, err := sh.quiet(days, unit.Name)
		switch {
		case err != nil:
			return handlers.Outcome{}, fmt.Errorf("%s: %w", unit.Name, err)
		case quiet < rule.After && yes.rev > 0: // something has changed: back to every day
			out.Changes = append(out.Changes, store.Delete(consents(), consentField(sh.form.Name, unit.Name), yes.rev))
			continue
		case quiet < rule.After || filed:
			continue
		}
		if yes.until < m.Day.Add(-1) { // it lapsed, and the days since were reported by hand
			yes.n = 0
		}
		if yes.until >= m.Day {
			cell, err := f.carryOn(ctx, m, sh, unit, yes, &out)
			if err != nil {
				return handlers.Outcome{}, err
			}
			carried = append(carried, cell)
			continue
		}
		if err := f.propose(ctx, m, sh, unit, yes.n, &out); err != nil {
			return handlers.Outcome{}, err
		}
	}
	if len(out.Changes) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out.Audit = handlers.Audit{Record: sh.form.Name + "/" + string(m.Day) + "/沿用", Values: strings.Join(carried, ";")}
	out.Sealed = sh.pack.Name
	return out, nil
}

// quiet counts the days before today, up to the form's rule, on which a unit reported that
// nothing had changed, and says whether it has reported today.
func (sh *sheet) quiet(days []*map[string]store.Cell, unit string) (n int, filed bool, err error) {
	reports := make([]Report, len(days))
	for i, day := range days {
		if reports[i], err = decode(sh.form, (*day)[unit]); err != nil {
			return 0, false, err
		}
	}
	for i := 1; i+1 < len(reports) && sh.unchanged(reports[i], reports[i+1]); i++ {
		n++
	}
	return n, reports[0].Filed(), nil
}

// unchanged reports whether nothing happened on a day: flows 0, stocks as the day before.
func (sh *sheet) unchanged(now, before Report) bool {
	if !now.Filed() || !before.Filed() {
		return false
	}
	for _, x := range sh.required() {
		n, ok := now.Values[x.Name]
		switch old, was := before.Values[x.Name]; {
		case !ok, x.Stock && (!was || n != old), !x.Stock && n != 0:
			return false
		}
	}
	return true
}

// at is the filing of a unit's report at a moment, for one of its people.
func (f *Family) at(ctx context.Context, d *handlers.Desk, sh *sheet, day config.Day, unit config.Committee, by config.Person) (*filing, error) {
	return f.load(ctx, &handlers.Call{Desk: *d, Person: by}, sh, day, unit)
}

// errCannotCarry says that a report cannot be written from yesterday's.
var errCannotCarry = errors.New("yesterday's report is not whole")

// nothingNew are the figures of a zero report.
func (fl *filing) nothingNew() (Values, error) {
	d := fl.begin()
	fl.carry(&d, true)
	for _, x := range fl.sh.required() {
		if _, ok := d.Values[x.Name]; !ok {
			return nil, errCannotCarry
		}
	}
	if hard, soft := fl.check(d.Values); hard != nil || soft != nil {
		return nil, errCannotCarry
	}
	return d.Values, nil
}

// carryOn files the report that an earlier yes covers. It returns the report's cell.
func (f *Family) carryOn(ctx context.Context, m *handlers.Moment, sh *sheet, unit config.Committee, yes consent, out *handlers.Outcome) (string, error) {
	by, _, _ := m.Dir.Person(yes.by)
	by.UserID = yes.by
	fl, err := f.at(ctx, &m.Desk, sh, m.Day, unit, by)
	if err != nil {
		return "", err
	}
	v, err := fl.nothingNew()
	if errors.Is(err, errCannotCarry) || fl.today.Filed() {
		return "", nil
	}
	r := Report{Values: fl.defaults(v), By: yes.by, At: m.At, Flags: with(with("", flagZero), flagCarried)}
	one := fl.store(r, nil, "")
	out.Changes = append(out.Changes, one.Changes...)
	out.Require = append(out.Require, one.Require...)
	out.Loads = append(out.Loads, handlers.Load{Office: sh.form.Owner, Reports: 1, Prefilled: len(v)})
	return unit.Name + "=" + encode(sh.form, r), nil
}

// propose writes the zero report as a draft of the unit's secretary and asks for one yes.
func (f *Family) propose(ctx context.Context, m *handlers.Moment, sh *sheet, unit config.Committee, n int, out *handlers.Outcome) error {
	people := m.Dir.InUnit(m.Street, unit.Name, config.RoleSecretary)
	if len(people) == 0 {
		people = m.Dir.InUnit(m.Street, unit.Name, sh.form.Who...)
	}
	if len(people) == 0 {
		return nil
	}
	fl, err := f.at(ctx, &m.Desk, sh, m.Day, unit, people[0])
	if err != nil {
		return err
	}
	v, err := fl.nothingNew()
	if errors.Is(err, errCannotCarry) || fl.today.Filed() || fl.draft.open() {
		return nil // what the person has begun comes first
	}
	d := fl.begin()
	d.Ask, d.Propose, d.Fade, d.At = askFade, v, n, m.At.Unix()
	for _, x := range sh.required() {
		d.Labels = append(d.Labels, x.Name)
	}
	out.Changes = append(out.Changes, fl.pile.change(people[0].UserID, sh.form.Name, &d)...)
	push := handlers.PushRecipe(handlers.ToPerson(people[0].UserID), handlers.Nudge, recipeFade,
		map[string]string{"form": sh.form.Name, "day": string(m.Day), "unit": unit.Name}, m.At)
	out.Pushes = append(out.Pushes, handlers.Sealed(push, sh.pack))
	return nil
}

// renderFade puts the question, unless it has been answered meanwhile.
func (f *Family) renderFade(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	sh, p, err := f.serving(s)
	if err != nil {
		return handlers.Content{}, err
	}
	unit, ok := s.Dir.Unit(s.Street, s.Args["unit"])
	if !ok {
		return handlers.Content{}, &handlers.Moot{Why: "居民区已不在名单里"}
	}
	person := config.Person{UserID: strings.TrimPrefix(string(s.To), "user:"), Unit: unit.Name}
	fl, err := f.at(ctx, &s.Desk, sh, p.Day, unit, person)
	if err != nil {
		return handlers.Content{}, err
	}
	if fl.today.Filed() || fl.draft.Ask != askFade {
		return handlers.Content{}, &handlers.Moot{Why: "已经报了"}
	}
	full, _ := fl.question(fl.draft)
	return handlers.Say(full), nil
}

// fadeQuestion asks for one yes to what the bot wrote.
func (fl *filing) fadeQuestion(d draft) string {
	rule := fl.sh.form.Fade
	if rule == nil { // the form no longer fades
		return fmt.Sprintf("%s按昨天算是：%s。对就回1，不对就写出来", d.Form, fl.sh.line(d.Propose, nil))
	}
	cover := ""
	if n := rule.Covers(d.Fade); n > 1 {
		cover = fmt.Sprintf("，到%s都按这个", d.Day.Add(n-1).Label())
	}
	return fmt.Sprintf("好几天没变化了，%s我先替您拟好：%s\n没变就回1%s；有变化就写出来", d.Form, fl.sh.line(d.Propose, nil), cover)
}

// agree takes a yes to what the bot wrote.
func (d *draft) agree(text string) bool {
	if !syntax.Yes(text) {
		return false
	}
	d.Values, d.Zero = d.Propose, true
	return true
}

// agreed is what a yes to the bot's zero report covers: it is remembered, and said.
func (fl *filing) agreed(d draft) (changes []store.Change, line string) {
	rule := fl.sh.form.Fade
	if d.Ask != askFade || !d.Zero || d.Typed > 0 || rule == nil {
		return nil, ""
	}
	n := rule.Covers(d.Fade)
	until := fl.day.Add(n - 1)
	value := fmt.Sprintf("%d|%s|%s", d.Fade+1, until, fl.by.UserID)
	changes = []store.Change{store.Put(consents(), consentField(fl.sh.form.Name, fl.from.unit.Name), store.Any, value)}
	if n > 1 {
		line = fmt.Sprintf("到%s没变化不用再报，有变化随时报。", until.Label())
	}
	return changes, line
}

// fading reports whether one of the drafts is the bot's own, which nobody has begun.
func fading(d draft) bool { return d.Ask == askFade }
