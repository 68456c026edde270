package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Period is what one report is about: a day, a week by the day it is due, one of several
// cut-offs of a day, or all the days a pack runs.
type Period struct {
	Day  Day // of a week, the day it is due; of a form filed once, the first day
	Slot int // which cut-off of the day, from 1; 0 = there is only one
}

// Key returns the period as a part of a record's name: 2020-02-13, 2020-02-13.2.
func (p Period) Key() string {
	if p.Slot == 0 {
		return string(p.Day)
	}
	return fmt.Sprintf("%s.%d", p.Day, p.Slot)
}

// InForce reports whether this version of the form holds on a day: it has begun, and no
// later one has. A change takes effect with the next period: a week that was already
// running when it came stays with the version it began with.
func (f *Form) InForce(d Day) bool {
	if f.Until != "" && d > f.Until {
		return false
	}
	if f.From == "" && f.before == "" {
		return true
	}
	start := f.begins(f.due(d))
	return f.From <= start && (f.before == "" || start < f.before)
}

// Succeed makes next the version that follows f from its From on.
func (f *Form) Succeed(next *Form) { next.Earlier, f.before = f, next.From }

// due is the day of the period that a day belongs to.
func (f *Form) due(d Day) Day {
	if f.Every != EveryWeek || len(f.Weekdays) == 0 {
		return d
	}
	for !slices.Contains(f.Weekdays, d.Weekday()) {
		d = d.Add(1)
	}
	return d
}

// begins is the first day of the period that is due on a day.
func (f *Form) begins(due Day) Day {
	if f.Every != EveryWeek || len(f.Weekdays) == 0 {
		return due
	}
	d := due.Add(-1)
	for !slices.Contains(f.Weekdays, d.Weekday()) {
		d = d.Add(-1)
	}
	return d.Add(1)
}

// PeriodOf returns the period that a report filed on a day at a time of day belongs to.
// With several cut-offs it is the next one; after the last it is the last, late. s is
// asked for the first day of a form that is filed once.
func (f *Form) PeriodOf(s *Street, d Day, c Clock) Period {
	p := Period{Day: f.due(d)}
	if f.Every == EveryOnce {
		p.Day = s.began(f, d)
	}
	if len(f.Cutoffs) > 1 {
		for i, x := range f.Cutoffs {
			if !f.asks(i + 1) {
				continue
			}
			if p.Slot = i + 1; x >= c {
				break
			}
		}
	}
	return p
}

// Closed returns the last day, not after d, on which a period of the form ended: of a weekly
// form its last weekday, else d.
func (f *Form) Closed(d Day) Day {
	if due := f.due(d); due > d {
		return f.begins(due).Add(-1)
	}
	return d
}

// Prior returns the last day of the period before the one that ended on or before d.
func (f *Form) Prior(d Day) Day { return f.begins(f.Closed(d)).Add(-1) }

// Before returns the period before p; of a form that is filed once, p.
func (f *Form) Before(p Period) Period {
	switch {
	case f.Every == EveryOnce:
		return p
	case p.Slot > 0:
		for slot := p.Slot - 1; slot > 0; slot-- {
			if f.asks(slot) {
				return Period{p.Day, slot}
			}
		}
		p.Slot = len(f.Cutoffs)
		for !f.asks(p.Slot) {
			p.Slot--
		}
	}
	p.Day = f.begins(p.Day).Add(-1)
	return p
}

// Opening returns the moment from which a period's report may be filed without a remark,
// Closing the moment after which it is late. Something that happened is
// never late, nor is what is asked once, unless the form says until when.
func (f *Form) Opening(s *Street, p Period) time.Time {
	if before := f.Before(p); before.Slot > 0 && before.Day == p.Day && f.Every != EveryOnce {
		return s.At(p.Day, f.Cutoffs[before.Slot-1])
	}
	return s.At(p.Day, f.Opens)
}

// Closing is described at Opening.
func (f *Form) Closing(s *Street, p Period) time.Time {
	switch {
	case f.Every == EveryEvent:
		return s.At(p.Day, 24*60)
	case f.Every == EveryOnce:
		return s.At(cmp.Or(f.Until, p.Day.Add(366)), f.Cutoff)
	case p.Slot > 0:
		return s.At(p.Day, f.Cutoffs[p.Slot-1])
	}
	return s.At(p.Day, f.Cutoff)
}

// Due reports whether a report of the form is expected by the end of a day.
func (f *Form) Due(d Day) bool {
	return f.Required && f.Every != EveryEvent && f.InForce(d) && f.due(d) == d
}

// began returns the first day of the run that has the form on a day, or the day.
func (s *Street) began(f *Form, d Day) Day {
	if s == nil {
		return d
	}
	for _, r := range s.Runs {
		if r.From <= d && (r.To == "" || d <= r.To) && r.Pack != nil && slices.Contains(r.Pack.Forms, f) {
			return max(r.From, f.From)
		}
	}
	return d
}

// On returns the forms of a pack that are in force on a day, each in its version of that
// day.
func (p *Pack) On(d Day) []*Form {
	var fs []*Form
	for _, f := range p.Forms {
		if f.InForce(d) {
			fs = append(fs, f)
		}
	}
	return fs
}

// FormOn returns the version of a form, by its name or alias, that is in force on a day,
// or nil.
func (p *Pack) FormOn(name string, d Day) *Form {
	for _, f := range p.Forms {
		if f.Called(name) && f.InForce(d) {
			return f
		}
	}
	return nil
}
