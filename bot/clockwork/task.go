package clockwork

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// errDone says that it has been done meanwhile, by another replica.
var errDone = errors.New("done meanwhile")

// duty does one slot by its policy and commits its outcome with the moved cursor. The
// cursor's revision guards the slot: of two replicas one finds it moved.
func (w *Clockwork) duty(ctx context.Context, p handlers.Plan, slot, now time.Time) error {
	if p.Kind.Run == nil {
		return fmt.Errorf("no such kind: %q", p.Duty.Do)
	}
	late, passed := p.Late(slot, now)
	if !passed {
		late = 0
	}
	s := p.Street
	desk := handlers.Desk{Street: s, Day: s.Day(slot), At: now, Dir: w.o.Directory, Book: w.o.Store}
	o := handlers.Occasion{Actor: "-", Command: p.Name(), Office: p.Kind.Office}
	_, done, err := handlers.Settle(ctx, w.o.Store, o, &desk, nil, func() (handlers.Outcome, error) {
		b := desk.Read()
		cell := b.Cell(store.Cursors(), p.Name())
		if err := b.Run(ctx); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read cursor: %w", err)
		}
		c, err := handlers.ParseCursor(*cell)
		if err != nil {
			return handlers.Outcome{}, err
		}
		if again, ok := p.Due(c, now); !ok || !again.Equal(slot) {
			return handlers.Outcome{}, errDone
		}
		var out handlers.Outcome
		if !passed {
			m := &handlers.Moment{Desk: desk, Pack: p.Run.Pack, Duty: p.Duty, Slot: slot}
			if out, err = p.Kind.Run(ctx, m); err != nil && !errors.Is(err, handlers.ErrNothing) {
				return handlers.Outcome{}, err
			}
		}
		for i := range out.Pushes {
			w.spread(&out.Pushes[i], slot, now)
		}
		out.Changes = append(out.Changes, store.Put(store.Cursors(), p.Name(), cell.Rev, p.Pass(c, slot, late).String()))
		if out.Audit.Record == "" {
			out.Audit.Record = slot.In(s.Location).Format("2006-01-02 15:04")
		}
		return out, nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil {
		return err
	}
	log := w.o.Logger.With("street", s.Code, "duty", p.Name(), "slot", slot)
	if passed {
		log.WarnContext(ctx, "duty skipped: its purpose has passed", "late", late.String())
		return nil
	}
	log.InfoContext(ctx, "duty done", "pushes", len(done.Pushes))
	if w.o.Done != nil {
		w.o.Done(s.Code, p.Duty.Do, now)
	}
	return nil
}

// spread delays a push by up to the jitter: the platform is busy at :00 and :30. How much
// depends on the slot and the target alone, so that every replica and every attempt says
// the same. What is urgent is not delayed.
func (w *Clockwork) spread(p *store.Push, slot, now time.Time) {
	if w.o.Jitter <= 0 || p.Kind == string(handlers.Emergency) {
		return
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", slot.Unix(), p.To)
	at := now.Add(time.Duration(h.Sum64() % uint64(w.o.Jitter)))
	if p.NotBefore.Before(at) {
		p.NotBefore = at
	}
}

// item does one due item and commits its outcome with the item forgotten. One cell for
// each kind guards it: of two replicas one finds the cell moved, looks again, and finds
// the item gone.
func (w *Clockwork) item(ctx context.Context, s *config.Street, it store.DueItem, now time.Time) error {
	kind := w.items[it.Kind]
	desk := handlers.Desk{Street: s, Day: s.Day(now), At: now, Dir: w.o.Directory, Book: w.o.Store}
	o := handlers.Occasion{Actor: "-", Command: "due/" + it.Kind, Office: kind.Office}
	field := itemField(it.Kind)
	_, _, err := handlers.Settle(ctx, w.o.Store, o, &desk, nil, func() (handlers.Outcome, error) {
		b := desk.Read()
		cell := b.Cell(store.Cursors(), field)
		if err := b.Run(ctx); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read due items: %w", err)
		}
		out, err := kind.Run(ctx, &handlers.Item{Desk: desk, ID: it.ID, Due: it.At})
		if err != nil && !errors.Is(err, handlers.ErrNothing) {
			return handlers.Outcome{}, err
		}
		// Looked for after the record was read: whoever moves the item from here on also
		// changes the record, whose guard then fails.
		b = desk.Read()
		list := b.DueBy(it.Kind, now)
		if err := b.Run(ctx); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read due items: %w", err)
		}
		if !slices.Contains(*list, it) {
			return handlers.Outcome{}, errDone
		}
		// Forgotten first, so that the item's own changes may set it anew.
		out.Changes = append([]store.Change{
			store.DueDone(it.Kind, it.ID),
			store.Put(store.Cursors(), field, cell.Rev, strconv.FormatInt(it.At.Unix(), 10)),
		}, out.Changes...)
		if out.Audit.Record == "" {
			out.Audit.Record = it.Kind + "/" + it.ID
		}
		return out, nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	if err != nil {
		return err
	}
	w.o.Logger.InfoContext(ctx, "due item done", "street", s.Code, "kind", it.Kind, "due", it.At)
	return nil
}

// itemField is the guard of a kind's due items among the cursors. No pack's name holds a
// colon, so it is no duty's.
func itemField(kind string) string { return "due:" + kind }
