// Package clockwork knows which duties became due since the last look.
//
// In: the packs' schedules, a cursor per duty in the store, and now. Out: each duty's
// outcome, committed together with its moved cursor, so that a slot happens once,
// whoever looks, however often, and also when the clock goes back. It sends nothing.
// Start with Run.
package clockwork

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// horizon is how far back a missed slot is looked for: after a longer stop its purpose
// has passed for every policy there is.
const horizon = 8 * 24 * time.Hour

// Store is what clockwork needs of the store.
type Store interface {
	handlers.Book
	handlers.Door
}

// Options wire a Clockwork.
type Options struct {
	Directory *handlers.Directory
	Store     Store
	Duties    []handlers.Duty
	Done      func(street, kind string, at time.Time) // called after a duty was done; may be nil
	Logger    *slog.Logger
}

// Clockwork runs duties. It is safe for concurrent use, by several replicas too.
type Clockwork struct {
	o      Options
	duties map[string]handlers.Duty
}

// New makes a Clockwork. Two duties of one kind are a mistake in the wiring: it panics.
func New(o Options) *Clockwork {
	w := &Clockwork{o: o, duties: map[string]handlers.Duty{}}
	for _, d := range o.Duties {
		if _, taken := w.duties[d.Kind]; taken {
			panic("clockwork: two duties of kind " + d.Kind)
		}
		w.duties[d.Kind] = d
	}
	return w
}

// entry is one scheduled duty of a street.
type entry struct {
	street *config.Street
	run    config.Run
	duty   *config.Duty
	past   bool // the duty speaks about the day before
}

// name is the entry's field among the cursors.
func (e entry) name() string { return e.run.Pack.Name + "/" + e.duty.Name() }

// active reports whether the entry's pack runs on the day of a slot.
func (e entry) active(slot time.Time) bool {
	d := e.street.Day(slot)
	if e.past {
		d = d.Add(-1)
	}
	return e.run.From <= d && (e.run.To == "" || d <= e.run.To)
}

// next is the first slot after a moment, or ok=false when there is none while the pack runs.
func (e entry) next(after time.Time) (time.Time, bool) {
	from := e.run.From.Time(e.street.Location).Add(-time.Second)
	if after.Before(from) {
		after = from
	}
	slot := e.duty.Schedule.Next(after.In(e.street.Location))
	return slot, !slot.IsZero() && e.active(slot)
}

func (w *Clockwork) entries(s *config.Street) []entry {
	var out []entry
	for _, run := range s.Runs {
		for _, d := range run.Pack.Duties {
			out = append(out, entry{s, run, d, w.duties[d.Do].Past})
		}
	}
	return out
}

// due is an entry with the slot that is to be done now.
type due struct {
	entry
	slot time.Time
}

// Run does every duty of every street whose slot has come, in the order of the slots. A
// duty that is seen for the first time starts now: what was before it existed is not
// made up for. A failed duty stays due; its error is returned with the others'.
func (w *Clockwork) Run(ctx context.Context, now time.Time) error {
	var errs []error
	for _, s := range w.o.Directory.Streets() {
		if err := w.street(ctx, s, now); err != nil {
			errs = append(errs, fmt.Errorf("street %s: %w", s.Code, err))
		}
	}
	return errors.Join(errs...)
}

func (w *Clockwork) street(ctx context.Context, s *config.Street, now time.Time) error {
	cursors, err := w.cursors(ctx, s)
	if err != nil {
		return err
	}
	var work []due
	var errs []error
	for _, e := range w.entries(s) {
		cell, seen := cursors[e.name()]
		if !seen {
			if err := w.start(ctx, e, now); err != nil {
				errs = append(errs, err)
			}
			continue
		}
		at, err := parseCursor(cell)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if slot, ok := latest(e, at, now); ok {
			work = append(work, due{e, slot})
		}
	}
	slices.SortStableFunc(work, func(a, b due) int { return cmp.Compare(a.slot.Unix(), b.slot.Unix()) })
	for _, d := range work {
		if err := w.do(ctx, d, now); err != nil {
			errs = append(errs, fmt.Errorf("duty %s: %w", d.name(), err))
		}
	}
	return errors.Join(errs...)
}

// latest is the last slot in (cursor, now]: after a stop the newest of several missed
// slots stands for all.
func latest(e entry, cursor, now time.Time) (time.Time, bool) {
	if old := now.Add(-horizon); cursor.Before(old) {
		cursor = old
	}
	var last time.Time
	for {
		slot, ok := e.next(cursor)
		if !ok || slot.After(now) {
			return last, !last.IsZero()
		}
		last, cursor = slot, slot
	}
}

// Next is the next moment at which a duty becomes due; ok is false when none ever will.
func (w *Clockwork) Next(ctx context.Context, now time.Time) (time.Time, bool, error) {
	var first time.Time
	for _, s := range w.o.Directory.Streets() {
		cursors, err := w.cursors(ctx, s)
		if err != nil {
			return time.Time{}, false, fmt.Errorf("street %s: %w", s.Code, err)
		}
		for _, e := range w.entries(s) {
			after := now
			if cell, seen := cursors[e.name()]; seen {
				if after, err = parseCursor(cell); err != nil {
					return time.Time{}, false, err
				}
			}
			if slot, ok := e.next(after); ok && (first.IsZero() || slot.Before(first)) {
				first = slot
			}
		}
	}
	return first, !first.IsZero(), nil
}

func (w *Clockwork) cursors(ctx context.Context, s *config.Street) (map[string]store.Cell, error) {
	b := w.o.Store.Read(s.Code)
	all := b.All(store.Cursors())
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	return *all, nil
}

func parseCursor(c store.Cell) (time.Time, error) {
	sec, err := strconv.ParseInt(c.Value, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("parse cursor: %w", err)
	}
	return time.Unix(sec, 0), nil
}

func move(e entry, rev int, to time.Time) store.Change {
	return store.Put(store.Cursors(), e.name(), rev, strconv.FormatInt(to.Unix(), 10))
}

// start sets the cursor of a duty seen for the first time.
func (w *Clockwork) start(ctx context.Context, e entry, now time.Time) error {
	_, err := w.o.Store.Commit(ctx, store.Act{
		Street: e.street.Code, At: now, Day: string(e.street.Day(now)), Changes: []store.Change{move(e, 0, now)},
	})
	if err != nil && !errors.Is(err, store.ErrStale) { // stale: another replica started it
		return fmt.Errorf("start duty %s: %w", e.name(), err)
	}
	return nil
}

// errDone says that the slot has been done meanwhile, by another replica.
var errDone = errors.New("slot already done")

// do runs one slot by its policy and commits its outcome with the moved cursor.
func (w *Clockwork) do(ctx context.Context, d due, now time.Time) error {
	duty, ok := w.duties[d.duty.Do]
	if !ok {
		return fmt.Errorf("no such kind: %q", d.duty.Do)
	}
	late := now.Sub(d.slot)
	skip := d.duty.Late == config.LateSkip && late > d.duty.Grace
	desk := handlers.Desk{
		Street: d.street, Day: d.street.Day(d.slot), At: now, Dir: w.o.Directory, Book: w.o.Store,
	}
	o := handlers.Occasion{
		ID:    fmt.Sprintf("duty:%s:%d", d.name(), d.slot.Unix()),
		Actor: "-", Command: d.name(),
	}
	_, done, err := handlers.Settle(ctx, w.o.Store, o, &desk, nil, func() (handlers.Outcome, error) {
		cursors, err := w.cursors(ctx, d.street)
		if err != nil {
			return handlers.Outcome{}, err
		}
		cell := cursors[d.name()]
		at, err := parseCursor(cell)
		if err != nil {
			return handlers.Outcome{}, err
		}
		if !at.Before(d.slot) {
			return handlers.Outcome{}, errDone
		}
		var out handlers.Outcome
		if !skip {
			m := &handlers.Moment{Desk: desk, Pack: d.run.Pack, Duty: d.duty, Slot: d.slot}
			if out, err = duty.Run(ctx, m); err != nil && !errors.Is(err, handlers.ErrNothing) {
				return handlers.Outcome{}, err
			}
		}
		out.Changes = append(out.Changes, move(d.entry, cell.Rev, d.slot))
		if out.Audit.Record == "" {
			out.Audit.Record = d.slot.In(d.street.Location).Format("2006-01-02 15:04")
		}
		return out, nil
	})
	if errors.Is(err, errDone) || err == nil && done.Again {
		return nil
	}
	if err != nil {
		return err
	}
	if skip {
		w.o.Logger.WarnContext(ctx, "duty skipped: its purpose has passed", "duty", d.name(), "slot", d.slot, "street", d.street.Code)
		return nil
	}
	w.o.Logger.InfoContext(ctx, "duty done", "duty", d.name(), "slot", d.slot, "street", d.street.Code, "pushes", len(done.Pushes))
	if w.o.Done != nil {
		w.o.Done(d.street.Code, d.duty.Do, now)
	}
	return nil
}
