package report

import (
	"context"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
)

// absent reads who rests at the desk's moment: they are not reminded, and their committee is
// not called missing.
func (f *Family) absent(ctx context.Context, d *handlers.Desk) (map[string]bool, error) {
	if f.Away == nil {
		return nil, nil
	}
	b := d.Read()
	read := f.Away(d, b)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read who rests: %w", err)
	}
	return read()
}

// present are those of people who do not rest.
func present(people []config.Person, absent map[string]bool) []config.Person {
	return slices.DeleteFunc(slices.Clone(people), func(p config.Person) bool { return absent[p.UserID] })
}

// nudged is whom a reminder of a committee's report goes to: its secretary; where all of them
// rest, or there is none, whoever else may file it.
func (sh *sheet) nudged(d *handlers.Desk, unit string, absent map[string]bool) []config.Person {
	if people := present(d.Dir.InUnit(d.Street, unit, config.RoleSecretary), absent); len(people) > 0 {
		return people
	}
	return present(d.Dir.InUnit(d.Street, unit, sh.form.Who...), absent)
}

// excused takes out of a gap the committees whose secretary rests today. They are counted,
// not named: who rests is nobody's business.
func (g gap) excused(d *handlers.Desk, absent map[string]bool) gap {
	all := len(g.missing)
	g.missing = slices.DeleteFunc(slices.Clone(g.missing), func(r reporter) bool {
		people := d.Dir.InUnit(d.Street, r.unit.Name, config.RoleSecretary)
		return len(people) > 0 && len(present(people, absent)) == 0
	})
	g.resting = all - len(g.missing)
	return g
}
