package config

import (
	"slices"
	"time"

	"github.com/robfig/cron/v3"
)

// Pack is packs/*.yaml: what a campaign asks, when, and how it says it.
type Pack struct {
	Name      string // in ASCII: epidemic
	Title     string // 疫情防控
	Forms     []*Form
	Duties    []*Duty
	Notices   []Template
	Budget    Budget
	Digest    []Section   // the morning digest's parts, in order
	Exports   []*Export   // tables for the offices
	Cases     Cases       // matters followed to their end
	Rosters   Rosters     // posts, shifts, rest
	Registers []*Register // books kept by household, gate or site
	Views     []*View     // ways to look at them
	Levels    *Levels     // states of alarm; nil = it has none
	Place     Place
}

// Form returns the form with this name or alias, or nil.
func (p *Pack) Form(name string) *Form {
	for _, f := range p.Forms {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f
		}
	}
	return nil
}

// Budget limits what the bot says unasked. Answers don't count.
type Budget struct {
	PerPerson int   // pushes per person and day, default 3
	Reserve   int   // of these the last so many are not for the cards of notices, which the group has heard; default 1
	PerChat   int   // pushes per group and day, default 3
	QuietFrom Clock // default 20:00
	QuietTo   Clock // default 08:00, next morning
}

// Quiet reports whether a time of day lies in the quiet hours.
func (b Budget) Quiet(c Clock) bool {
	if b.QuietFrom <= b.QuietTo {
		return b.QuietFrom <= c && c < b.QuietTo
	}
	return c >= b.QuietFrom || c < b.QuietTo
}

// What happens with a duty's slot that passed while the bot was down.
const (
	LateSkip = "skip" // done only within Grace of its slot
	LateOnce = "once" // done once, however late
)

// Duty is something the bot does by itself at a time of day.
type Duty struct {
	Do       string        // its kind: remind-chat, nudge, missing, digest
	Form     string        // the form it is about; "" where the kind needs none
	Cron     string        // five fields, in the street's zone
	Schedule cron.Schedule // Cron parsed; Next wants a time in the street's zone
	Days     Days          // on which days; DaysAll where it says nothing
	Chat     ChatKind      // the kind of chat it speaks in; "" = to single persons
	Late     string        // LateSkip or LateOnce
	Grace    time.Duration // LateSkip: how late it still makes sense
	Place    Place

	name string
}

// Name returns the duty's id, unique in its pack and stable when its time is edited:
// nudge-日报, and nudge-日报-2 for the second of the kind.
func (d *Duty) Name() string {
	switch {
	case d.name != "":
		return d.name
	case d.Form != "":
		return d.Do + "-" + d.Form
	}
	return d.Do
}
