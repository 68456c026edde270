package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// Tally reads every unit's report of a form and day, for the digest: of a form that is not
// daily, of its last period that ended by then. A block or site is a unit of its own,
// 梅园/3块. It implements handlers.Tally: the reads join the batch; call the result after the batch has run.
func (f *Family) Tally(b *store.Batch, form *config.Form, day config.Day) func() ([]handlers.Filed, error) {
	return f.tally(b, form, day, time.Time{})
}

// TallyAt is a Tally of what was known at a moment: of each unit the version that counted
// then, without what came in, was corrected or was withdrawn since.
func (f *Family) TallyAt(at time.Time) handlers.Tally {
	return func(b *store.Batch, form *config.Form, day config.Day) func() ([]handlers.Filed, error) {
		return f.tally(b, form, day, at)
	}
}

func (f *Family) tally(b *store.Batch, form *config.Form, day config.Day, at time.Time) func() ([]handlers.Filed, error) {
	f.mu.Lock()
	street := f.streets[b.Street()]
	f.mu.Unlock()
	p := form.PeriodOf(street, form.Closed(day), 24*60)
	if p.Slot > 0 {
		return shifts(b, form, p, at)
	}
	sh := f.sheetOf(street, form)
	now, prev := asOf(b, form.Name, p.Key(), at), nothing
	if len(form.Checks) > 0 { // only they look at the day before
		prev = asOf(b, form.Name, form.Before(p).Key(), at)
	}
	lent := sh.borrowAll(b, street, p.Day, at)
	return func() ([]handlers.Filed, error) {
		cells, err := now()
		if err != nil {
			return nil, err
		}
		before, err := prev()
		if err != nil {
			return nil, err
		}
		reports, err := sh.filed(cells, lent)
		if err != nil {
			return nil, err
		}
		out := make([]handlers.Filed, 0, len(reports))
		for unit, r := range reports {
			p, err := decode(form, before[unit])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", unit, err)
			}
			fl := &filing{sh: &sheet{form: form}, prev: p}
			_, soft := fl.check(r.Values)
			out = append(out, handlers.Filed{
				Unit: unit, Values: r.Values, Late: r.has(flagLate), Corrected: r.has(flagFixed), Carried: r.has(flagCarried),
				Unbalanced: soft != nil && !r.has(flagKept), Kept: r.has(flagKept), At: r.At,
			})
		}
		return out, nil
	}
}

// shifts is tally for a form with several cut-offs a day. Sessions and shifts, which have
// names, are parts of the day: their flows are added up. Without names they are looks at the
// same thing: the last one counts. A stock is always the last one's.
func shifts(b *store.Batch, form *config.Form, last config.Period, at time.Time) func() ([]handlers.Filed, error) {
	var slots []func() (map[string]store.Cell, error)
	for n := range last.Slot {
		slots = append(slots, asOf(b, form.Name, config.Period{Day: last.Day, Slot: n + 1}.Key(), at))
	}
	return func() ([]handlers.Filed, error) {
		day := map[string]handlers.Filed{}
		for n, read := range slots {
			cells, err := read()
			if err != nil {
				return nil, err
			}
			for unit, cell := range cells {
				r, err := decode(form, cell)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", unit, err)
				}
				if !r.Filed() {
					continue
				}
				one := handlers.Filed{Unit: unit, Values: r.Values, Late: r.has(flagLate), Corrected: r.has(flagFixed), Kept: r.has(flagKept), At: r.At}
				if before, ok := day[unit]; ok && form.Shifts[n] != "" {
					one.Late, one.Corrected = one.Late || before.Late, one.Corrected || before.Corrected
					for _, x := range form.Fields {
						if old, ok := before.Values[x.Name]; ok && x.Sums() && !x.Stock {
							one.Values[x.Name] += old
						}
					}
				}
				day[unit] = one
			}
		}
		out := make([]handlers.Filed, 0, len(day))
		for _, one := range day {
			out = append(out, one)
		}
		return out, nil
	}
}

// asOf asks for the reports of a form and period as they stood at a moment, by unit: of each
// the newest version by then. The zero moment is now, for which no older version is read.
func asOf(b *store.Batch, form, period string, at time.Time) func() (map[string]store.Cell, error) {
	now := b.All(store.Reports(form, period))
	if at.IsZero() {
		return func() (map[string]store.Cell, error) { return *now, nil }
	}
	log := b.All(store.ReportLog(form, period))
	return func() (map[string]store.Cell, error) {
		out := map[string]store.Cell{}
		take := func(unit string, c store.Cell, rev int) error {
			made, err := filedAt(c)
			if err != nil {
				return fmt.Errorf("%s: %w", unit, err)
			}
			if c.Rev = rev; !made.After(at) && rev > out[unit].Rev {
				out[unit] = c
			}
			return nil
		}
		for unit, c := range *now {
			if err := take(unit, c, c.Rev); err != nil {
				return nil, err
			}
		}
		for field, c := range *log {
			unit, number, _ := strings.Cut(field, "#")
			rev, err := strconv.Atoi(number)
			if err != nil {
				return nil, fmt.Errorf("older report %s: %w", field, err)
			}
			if err := take(unit, c, rev); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// nothing is asOf of what nobody has filed.
func nothing() (map[string]store.Cell, error) { return nil, nil }

// filedAt is when a report's version was filed.
func filedAt(c store.Cell) (time.Time, error) {
	parts := strings.Split(c.Value, "|")
	if len(parts) != 5 {
		return time.Time{}, fmt.Errorf("decode report: %d parts", len(parts))
	}
	seconds, err := strconv.ParseInt(parts[3], 36, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("decode report: time: %w", err)
	}
	return time.Unix(seconds, 0), nil
}
