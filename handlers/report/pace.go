package report

import (
	"slices"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// A form may be filed at the pace of its pack's level (config.Levels): twice a day, every
// two hours, and not at all while no level holds. Its duties are written for every hour and
// have nothing to do in an hour without a cut-off.

// pace is a form as it is asked at the level that holds.
func pace(d *handlers.Desk, p *config.Pack, form *config.Form) *config.Form {
	if !form.Paced() {
		return form
	}
	return form.During(d.Dir.Alert(d.Street, p.Name).Step)
}

// soon reports whether a period's cut-off comes within the hour after a duty's slot, over
// whether it came within the hour before it. Of a form whose pace does not change both hold:
// its duties are where they belong.
func (sh *sheet) soon(m *handlers.Moment, p config.Period) bool {
	left := sh.form.Closing(m.Street, p).Sub(m.Slot)
	return !sh.form.Paced() || left >= 0 && left < time.Hour
}

// over is described at soon. A cut-off from before the level began asked nobody.
func (sh *sheet) over(m *handlers.Moment, p config.Period) bool {
	closing := sh.form.Closing(m.Street, p)
	late := m.Slot.Sub(closing)
	return !sh.form.Paced() || late >= 0 && late < time.Hour && closing.After(m.Dir.Alert(m.Street, sh.pack.Name).Began())
}

// loud is how a duty speaks: at a level that goes on at night, at night too.
func (sh *sheet) loud(m *handlers.Moment, kind handlers.PushKind) handlers.PushKind {
	if l := m.Level(sh.pack); sh.form.Paced() && l != nil && l.Night {
		return handlers.Emergency
	}
	return kind
}

// dated says which period a list is about: 2月13日, 2月13日16:00.
func (sh *sheet) dated(p config.Period) string {
	if !sh.form.Paced() || p.Slot == 0 {
		return p.Day.Label()
	}
	return p.Day.Label() + sh.form.Cutoffs[p.Slot-1].String()
}

// askedAnew reports whether the form is asked since the report that is in was filed, because
// the level has changed: the same answer is an answer again.
func (fl *filing) askedAnew() bool {
	l := fl.sh.pack.Levels
	if l == nil || fl.sh.form.Every != config.EveryEvent || !fl.today.Filed() {
		return false
	}
	for _, step := range append(slices.Clone(l.Steps), l.Lifted) {
		if slices.ContainsFunc(step.Asks, func(a config.Ask) bool { return fl.sh.form.Called(a.Form) }) {
			return fl.today.At.Before(fl.Dir.Alert(fl.Street, fl.sh.pack.Name).Began())
		}
	}
	return false
}

// zeroLine is the zero report of this form. A bare 零报 is the first form's of those that
// run and take one; any other is named.
func (fl *filing) zeroLine() string {
	for _, p := range fl.Packs() {
		for _, form := range p.On(fl.Day) {
			if form.Zero && form.Name != fl.sh.form.Name {
				return "零报 " + fl.sh.form.Name
			}
			if form.Zero {
				return "零报"
			}
		}
	}
	return "零报"
}
