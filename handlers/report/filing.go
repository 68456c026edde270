package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// filing is one unit's report of one form and day on its way: what is there, what was
// there the day before, and who is at it.
type filing struct {
	*handlers.Desk
	sh    *sheet
	day   config.Day
	unit  config.Committee
	by    config.Person
	today Report
	prev  Report // the day before
	draft draft  // the open question of this person, of whatever form; rev 0 = none
	verb  string // what a corrected line begins with: "/日报 ", "/改 "
	texts map[string]string
}

// load reads everything a filing needs in one round trip.
func (f *Family) load(ctx context.Context, c *handlers.Call, sh *sheet, day config.Day, unit config.Committee) (*filing, error) {
	b := c.Read()
	today := b.Cell(store.Reports(sh.form.Name, string(day)), unit.Name)
	prev := b.Cell(store.Reports(sh.form.Name, string(day.Add(-1))), unit.Name)
	open := b.Cell(store.Drafts(), c.Person.UserID)
	texts := b.Cell(store.ReportTexts(sh.form.Name, string(day)), unit.Name)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read report %s/%s: %w", sh.form.Name, unit.Name, err)
	}
	fl := &filing{Desk: &c.Desk, sh: sh, day: day, unit: unit, by: c.Person, verb: "/" + sh.form.Name + " "}
	var err error
	if fl.today, err = decode(sh.form, *today); err != nil {
		return nil, err
	}
	if fl.prev, err = decode(sh.form, *prev); err != nil {
		return nil, err
	}
	if fl.draft, err = openDraft(*open); err != nil {
		return nil, err
	}
	if texts.Rev != 0 {
		if err := json.Unmarshal([]byte(texts.Value), &fl.texts); err != nil {
			return nil, fmt.Errorf("decode texts %s/%s: %w", sh.form.Name, unit.Name, err)
		}
	}
	return fl, nil
}

// number is the filing's receipt number.
func (fl *filing) number() string { return receipt(fl.day, fl.unit) }

// late reports whether the cut-off has passed.
func (fl *filing) late() bool { return fl.At.After(fl.Street.At(fl.day, fl.sh.form.Cutoff)) }

// lookup gives rules their numbers: today's from v, yesterday's under the prefix 昨日.
func (fl *filing) lookup(v Values) func(string) (int, bool) {
	return func(name string) (int, bool) {
		if n, ok := v[name]; ok {
			return n, true
		}
		if y, ok := strings.CutPrefix(name, config.Yesterday); ok && fl.prev.Filed() {
			n, ok := fl.prev.Values[y]
			return n, ok
		}
		return 0, false
	}
}

// check finds the first broken rule of each sort: a hard one refuses, a soft one asks.
func (fl *filing) check(v Values) (hard, soft *config.Check) {
	get := fl.lookup(v)
	for _, c := range fl.sh.form.Checks {
		holds, known := c.Rule.Eval(get)
		if holds || !known {
			continue
		}
		if c.Hard && hard == nil {
			hard = c
		}
		if !c.Hard && soft == nil {
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
	if !words {
		return c.Rule.Show(fl.lookup(v), nil)
	}
	return c.Rule.Show(fl.lookup(v), func(name string) string { return string([]rune(name)[0]) })
}

// store is the outcome that keeps the report.
func (fl *filing) store(r Report, texts map[string]string, raw string) handlers.Outcome {
	form, day := fl.sh.form, string(fl.day)
	cell := encode(form, r)
	out := handlers.Outcome{
		Changes: []store.Change{
			store.PutKeep(store.Reports(form.Name, day), fl.unit.Name, fl.today.Rev, cell, store.ReportLog(form.Name, day)),
		},
		Audit:  handlers.Audit{Unit: fl.unit.Name, Record: form.Name + "/" + day, Rev: fl.today.Rev + 1, Values: cell},
		Sealed: fl.sh.pack.Name,
		Read:   fl.understood(r.Values, texts, nil),
	}
	if len(fl.sh.form.Checks) > 0 {
		// The sums were checked against yesterday's figures: they must still be those.
		out.Require = append(out.Require, store.Guard{
			Table: store.Reports(form.Name, string(fl.day.Add(-1))), Field: fl.unit.Name, Rev: fl.prev.Rev,
		})
	}
	if len(texts) > 0 {
		body, err := json.Marshal(texts)
		if err != nil {
			panic("report: texts do not encode: " + err.Error())
		}
		out.Changes = append(out.Changes, store.Put(store.ReportTexts(form.Name, day), fl.unit.Name, store.Any, string(body)))
	}
	if fl.draft.rev > 0 && fl.draft.Form == form.Name {
		out.Changes = append(out.Changes, store.Delete(store.Drafts(), fl.by.UserID, fl.draft.rev))
	}
	if raw != "" {
		field := fmt.Sprintf("%s/%s#%d", form.Name, fl.unit.Name, fl.today.Rev+1)
		out.Changes = append(out.Changes, store.PutSealed(store.Raw(string(fl.Day)), field, store.Any, raw, fl.sh.pack.Name))
	}
	return out
}

func (fl *filing) understood(v Values, texts map[string]string, asks []string) handlers.Understanding {
	u := handlers.Understanding{Unit: fl.unit.Name, Period: string(fl.day), Values: map[string]any{}, Asks: asks}
	for k, n := range v {
		u.Values[k] = n
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
	if !fl.prev.Filed() {
		return strings.TrimPrefix(fl.sh.form.Example(), "/")
	}
	v := Values{}
	for _, x := range fl.sh.required() {
		v[x.Name] = 0
		if n, ok := fl.prev.Values[x.Name]; ok && x.Stock {
			v[x.Name] = n
		}
	}
	return fl.sh.form.Name + " " + fl.sh.line(v, nil)
}

// line writes numbers as one types them, in the form's order; a field named in blank
// appears with a question mark.
func (sh *sheet) line(v Values, blank []string) string {
	var parts []string
	for _, x := range sh.form.Fields {
		if n, ok := v[x.Name]; ok {
			parts = append(parts, fmt.Sprintf("%s%d", x.Name, n))
		} else if slices.Contains(blank, x.Name) {
			parts = append(parts, x.Name+"？")
		}
	}
	return strings.Join(parts, " ")
}
