package clockwork

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// look is what was read of a street in one round trip.
type look struct {
	cursors map[string]store.Cell
	items   []store.DueItem // that are due, of kinds the wiring knows
	after   time.Time       // when the next item comes up; zero if none
}

func (w *Clockwork) read(ctx context.Context, s *config.Street, now time.Time) (look, error) {
	b := w.o.Store.Read(s.Code)
	cursors := b.All(store.Cursors())
	lists := make([]*[]store.DueItem, len(w.kinds))
	for i, kind := range w.kinds {
		lists[i] = b.DueBy(kind, now)
	}
	after := new(time.Time)
	if len(w.kinds) > 0 {
		after = b.DueAfter(now)
	}
	if err := b.Run(ctx); err != nil {
		return look{}, fmt.Errorf("read what is due: %w", err)
	}
	l := look{cursors: *cursors, after: *after}
	for _, list := range lists {
		l.items = append(l.items, *list...)
	}
	return l, nil
}

// street does what is due in one street and returns when the next comes; zero if nothing
// is planned.
func (w *Clockwork) street(ctx context.Context, s *config.Street, now time.Time) (time.Time, error) {
	l, err := w.read(ctx, s, now)
	if err != nil {
		return time.Time{}, err
	}
	plans := handlers.Plans(s, w.o.Duties)
	tasks, errs := w.tasks(ctx, s, plans, l, now)
	for _, t := range tasks {
		if err := t.do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.name, err))
		}
	}
	if len(tasks) > 0 {
		if l, err = w.read(ctx, s, now); err != nil {
			return time.Time{}, errors.Join(append(errs, err)...)
		}
	}
	next := l.after
	for _, p := range plans {
		w.warn(ctx, p, now)
		slot, ok, err := upcoming(p, l.cursors[p.Name()], now)
		if err != nil {
			errs = append(errs, err)
		}
		if ok {
			next = sooner(next, slot)
		}
	}
	return next, errors.Join(errs...)
}

// upcoming is a plan's next slot; one that has not been seen starts at now.
func upcoming(p handlers.Plan, cell store.Cell, now time.Time) (time.Time, bool, error) {
	if cell.Rev == 0 {
		slot, ok := p.Next(now)
		return slot, ok, nil
	}
	c, err := handlers.ParseCursor(cell)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("duty %s: %w", p.Name(), err)
	}
	slot, ok := p.Upcoming(c, now)
	return slot, ok, nil
}

// task is one thing that is due.
type task struct {
	at   time.Time
	name string
	do   func(context.Context) error
}

// tasks lists what is due, earliest first, and starts the cursors of duties that are seen
// for the first time.
func (w *Clockwork) tasks(ctx context.Context, s *config.Street, plans []handlers.Plan, l look, now time.Time) ([]task, []error) {
	var (
		out  []task
		errs []error
	)
	started := map[string]bool{}
	for _, p := range plans {
		name := p.Name()
		cell, seen := l.cursors[name]
		if !seen && !started[name] {
			started[name] = true
			if err := w.start(ctx, p, now); err != nil {
				errs = append(errs, err)
			}
		}
		if !seen {
			continue
		}
		c, err := handlers.ParseCursor(cell)
		if err != nil {
			errs = append(errs, fmt.Errorf("duty %s: %w", name, err))
			continue
		}
		if slot, ok := p.Due(c, now); ok {
			out = append(out, task{slot, "duty " + name, func(ctx context.Context) error { return w.duty(ctx, p, slot, now) }})
		}
	}
	for _, it := range l.items {
		out = append(out, task{it.At, "due item " + it.Kind, func(ctx context.Context) error { return w.item(ctx, s, it, now) }})
	}
	slices.SortStableFunc(out, func(a, b task) int { return cmp.Compare(a.at.UnixMilli(), b.at.UnixMilli()) })
	return out, errs
}

// start sets the cursor of a duty seen for the first time.
func (w *Clockwork) start(ctx context.Context, p handlers.Plan, now time.Time) error {
	_, err := w.o.Store.Commit(ctx, store.Act{
		Street: p.Street.Code, At: now, Day: string(p.Street.Day(now)),
		Changes: []store.Change{store.Put(store.Cursors(), p.Name(), 0, handlers.StartCursor(now).String())},
	})
	if err != nil && !errors.Is(err, store.ErrStale) { // stale: another replica started it
		return fmt.Errorf("start duty %s: %w", p.Name(), err)
	}
	return nil
}

// warn says once for each street and year that its holidays are unknown to a duty that
// asks for them.
func (w *Clockwork) warn(ctx context.Context, p handlers.Plan, now time.Time) {
	day := p.Street.Day(now)
	if p.Duty.Days == config.DaysAll || p.Street.Calendar.Knows(day) {
		return
	}
	if end := p.Run.End(p.Duty); day < p.Run.From || end != "" && day > end {
		return
	}
	name := p.Street.Code + "/" + strconv.Itoa(day.Year())
	w.mu.Lock()
	said := w.warned[name]
	w.warned[name] = true
	w.mu.Unlock()
	if !said {
		w.o.Logger.WarnContext(ctx, "no holidays known for this year: workdays are Monday to Friday", "street", p.Street.Code, "year", day.Year(), "duty", p.Name())
	}
}
