package report

import (
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// known joins what registers know of a report's figures to a batch, unless all are given. It
// reads whole registers: a line that needs no help should not wait for them.
func (f *Family) known(b *store.Batch, d *handlers.Desk, sh *sheet, p config.Period, from reporter, given []syntax.Value) func() (Values, error) {
	if f.Prefill == nil || from.part != "" || sh.complete(given) {
		return func() (Values, error) { return nil, nil }
	}
	read := f.Prefill(d, b, sh.form.Name, from.unit.Name, p.Day)
	return func() (Values, error) {
		v, err := read()
		if err != nil {
			return nil, fmt.Errorf("read what is known of %s: %w", sh.form.Name, err)
		}
		return v, nil
	}
}

// complete reports whether a line gives all the figures that a report must have.
func (sh *sheet) complete(given []syntax.Value) bool {
	return !slices.ContainsFunc(sh.form.Fields, func(x *config.Field) bool {
		return required(x) && !slices.ContainsFunc(given, func(v syntax.Value) bool { return v.Label == x.Name })
	})
}

// fill puts what is known in the place of what would be guessed.
func (fl *filing) fill(guess Values, missing []string) {
	for _, name := range missing {
		x := fl.sh.form.Field(name)
		if n, ok := fl.known[name]; ok && inside(x, n) {
			guess[name] = n
		}
	}
}

// whence says what a proposal rests on.
func (fl *filing) whence(labels []string) string {
	for _, l := range labels {
		if _, ok := fl.known[l]; ok {
			return "按册子和" + fl.last()
		}
	}
	return "按" + fl.last()
}

// propose answers the bare command where registers know figures of the report: all that is
// left is a yes. ok is false where they know none, or where the answer would be heard.
func (fl *filing) propose(c *handlers.Call) (out handlers.Outcome, ok bool, err error) {
	if len(fl.known) == 0 || fl.today.Filed() || !c.Private() || fl.closed() != nil {
		return out, false, nil
	}
	d := fl.begin()
	if fl.draft.of(fl) {
		d = d.over(fl.draft)
	}
	var missing []string
	for _, x := range fl.sh.required() {
		if _, given := d.Values[x.Name]; !given {
			missing = append(missing, x.Name)
		}
	}
	d = fl.askFor(d, missing)
	if d.Ask != askAll || len(missing) == 0 || strings.TrimSpace(c.Rest) != "" {
		return out, false, nil
	}
	out, err = fl.ask(c, d)
	return out, true, err
}
