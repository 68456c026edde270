package handlers

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"juwei/config"
	"juwei/store"
)

// Plan is one duty of a street, and the days on which it is done.
type Plan struct {
	Street *config.Street
	Run    config.Run
	Duty   *config.Duty
	Kind   Duty // what is done; its zero value if nobody knows the kind
}

// Plans lists the duties of every run of a street, in the order of the files; kinds are
// what the families offer.
func Plans(s *config.Street, kinds []Duty) []Plan {
	known := make(map[string]Duty, len(kinds))
	for _, k := range kinds {
		known[k.Kind] = k
	}
	var out []Plan
	for _, run := range s.Runs {
		for _, d := range run.Pack.Duties {
			out = append(out, Plan{s, run, d, known[d.Do]})
		}
	}
	for _, k := range kinds {
		if k.Daily != "" {
			out = append(out, Plan{s, config.Run{Pack: house}, daily(k), k})
		}
	}
	return out
}

// house is the pack of what is done whatever packs run.
var house = &config.Pack{Name: "-", Title: "日常维护"}

// Standing reports whether the duty is done whatever packs run.
func (p Plan) Standing() bool { return p.Run.Pack == house }

// daily is the duty of a kind that is done every day at its time.
func daily(k Duty) *config.Duty {
	at, err := config.ParseClock(k.Daily)
	if err != nil {
		panic("handlers: duty " + k.Kind + ": " + err.Error())
	}
	line := fmt.Sprintf("%d %d * * *", int(at)%60, int(at)/60)
	schedule, err := cron.ParseStandard(line)
	if err != nil {
		panic("handlers: duty " + k.Kind + ": " + err.Error())
	}
	return &config.Duty{Do: k.Kind, Cron: line, Schedule: schedule, Days: config.DaysAll, Late: config.LateOnce}
}

// Name is the plan's field among store.Cursors. Two runs of one pack share it.
func (p Plan) Name() string { return p.Run.Pack.Name + "/" + p.Duty.Name() }

// Next is the first slot after a moment; ok is false when there is none before the end. A
// duty that speaks about yesterday begins and ends a day later than its pack.
func (p Plan) Next(after time.Time) (slot time.Time, ok bool) {
	first, last := p.Run.From, p.Run.End(p.Duty)
	if p.Kind.Past {
		first = first.Add(1)
		if last != "" {
			last = last.Add(1)
		}
	}
	if begin := first.Time(p.Street.Location).Add(-time.Second); after.Before(begin) {
		after = begin
	}
	slot = p.Duty.Next(p.Street, after)
	if slot.IsZero() || last != "" && p.Street.Day(slot) > last {
		return time.Time{}, false
	}
	return slot, true
}

// LeftOut is the first slot of the duty's cron line on a day that is left out because the
// duty is done on workdays or on days off only.
func (p Plan) LeftOut(day config.Day) (slot time.Time, ok bool) {
	if p.Duty.Days.On(p.Street.Calendar, day) {
		return time.Time{}, false
	}
	every := *p.Duty
	every.Days = config.DaysAll
	p.Duty = &every
	slot, ok = p.Next(day.Time(p.Street.Location).Add(-time.Second))
	return slot, ok && p.Street.Day(slot) == day
}

// latest is the last slot in (after, until].
func (p Plan) latest(after, until time.Time) (slot time.Time, ok bool) {
	for {
		next, more := p.Next(after)
		if !more || next.After(until) {
			return slot, ok
		}
		slot, after, ok = next, next, true
	}
}

const (
	// horizon is how far back a missed slot is looked for: after a longer stop its purpose
	// has passed for every policy there is.
	horizon = 8 * 24 * time.Hour
	// belated is how late a slot that the clock leapt over is still made up for, where its
	// duty says nothing.
	belated = time.Hour
)

// Cursor says how far a duty has come. Slots up to Done are not done again, also when the
// clock goes back. The one exception are slots nobody has done because the clock leapt
// over them: when it comes back, they are still to come.
type Cursor struct {
	Done    time.Time     // the last slot done or given up, or the moment the duty was first seen
	From    time.Time     // slots after it and before Done have not been done; Done itself if there are none
	Skipped time.Duration // how late it was when Done was given up; 0 = it was done
}

// StartCursor is the cursor of a duty seen for the first time: what was before it existed
// is not made up for.
func StartCursor(now time.Time) Cursor { return Cursor{Done: now, From: now} }

// ParseCursor reads a cell of store.Cursors: "<done>|<from>|<seconds late>", of which the
// latter two may be left out.
func ParseCursor(c store.Cell) (Cursor, error) {
	var n [3]int64
	parts := strings.Split(c.Value, "|")
	if len(parts) > len(n) {
		return Cursor{}, fmt.Errorf("parse cursor %q", c.Value)
	}
	for i, part := range parts {
		var err error
		if n[i], err = strconv.ParseInt(part, 10, 64); err != nil {
			return Cursor{}, fmt.Errorf("parse cursor: %w", err)
		}
	}
	out := Cursor{Done: time.Unix(n[0], 0), From: time.Unix(n[0], 0), Skipped: time.Duration(n[2]) * time.Second}
	if len(parts) > 1 {
		out.From = time.Unix(n[1], 0)
	}
	return out, nil
}

// String is the cursor as its cell holds it.
func (c Cursor) String() string {
	out := strconv.FormatInt(c.Done.Unix(), 10)
	if !c.From.Equal(c.Done) || c.Skipped != 0 {
		out += "|" + strconv.FormatInt(c.From.Unix(), 10)
	}
	if c.Skipped != 0 {
		out += "|" + strconv.FormatInt(int64(c.Skipped/time.Second), 10)
	}
	return out
}

// Due is the slot that is to be done at now, if there is one: after a stop the newest of
// several missed slots stands for all.
func (p Plan) Due(c Cursor, now time.Time) (slot time.Time, ok bool) {
	if !now.Before(c.Done) {
		return p.latest(later(c.Done, now.Add(-horizon)), now)
	}
	patience := p.Duty.Grace
	if p.Duty.Late == config.LateOnce {
		patience = belated
	}
	return p.latest(later(c.From, now.Add(-patience-time.Second)), now)
}

// Upcoming is the first slot after now that is still to be done.
func (p Plan) Upcoming(c Cursor, now time.Time) (slot time.Time, ok bool) {
	if now.Before(c.Done) {
		if slot, ok = p.Next(later(now, c.From)); !ok || slot.Before(c.Done) {
			return slot, ok
		}
		now = c.Done
	}
	return p.Next(now)
}

// Pass is the cursor after a slot was done, or given up that late.
func (p Plan) Pass(c Cursor, slot time.Time, skipped time.Duration) Cursor {
	if slot.Before(c.Done) { // one of those the clock had leapt over
		return Cursor{Done: c.Done, From: slot, Skipped: c.Skipped}
	}
	from := slot
	if first, ok := p.Next(c.Done); ok && first.Before(slot) {
		from = c.Done
	}
	return Cursor{Done: slot, From: from, Skipped: skipped}
}

// Late reports how late a slot comes at now, and whether its purpose has passed.
func (p Plan) Late(slot, now time.Time) (late time.Duration, passed bool) {
	late = now.Sub(slot)
	return late, p.Duty.Late == config.LateSkip && late > p.Duty.Grace
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
