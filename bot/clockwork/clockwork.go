// Package clockwork knows what became due since the last look.
//
// In: the packs' schedules with a cursor per duty, the due items the families have
// remembered, and now. Out: each one's outcome, committed together with the moved cursor or
// the forgotten item, so that a slot happens once, whoever looks, however often, and also
// when the clock goes back. It sends nothing.
//
// Start with Run; street.go is one street's look, task.go one thing that is due. Which slot
// is due after a stop or a leap of the clock is decided by handlers.Plan.
package clockwork

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// relook is how long, by the house clock, a look at a street holds: another replica may
// have remembered a due item meanwhile.
const relook = 5 * time.Second

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
	Items     []handlers.DueItem
	Jitter    time.Duration                           // pushes of a duty leave up to this much after its slot, spread by target; 0 = at once
	Done      func(street, kind string, at time.Time) // called after a duty was done; may be nil
	Logger    *slog.Logger
}

// Clockwork runs duties and due items. It is safe for concurrent use, by several replicas
// too.
type Clockwork struct {
	o      Options
	duties map[string]bool
	items  map[string]handlers.DueItem
	kinds  []string // of items, in the order of the wiring

	mu     sync.Mutex
	looked time.Time            // when every street was last looked at
	next   map[string]time.Time // by street: nothing is due before; missing = look
	warned map[string]bool      // years without a calendar, by street
}

// New makes a Clockwork. Two duties or items of one kind are a mistake in the wiring: it
// panics.
func New(o Options) *Clockwork {
	w := &Clockwork{
		o: o, duties: map[string]bool{}, items: map[string]handlers.DueItem{},
		next: map[string]time.Time{}, warned: map[string]bool{},
	}
	for _, d := range o.Duties {
		if w.duties[d.Kind] {
			panic("clockwork: two duties of kind " + d.Kind)
		}
		w.duties[d.Kind] = true
	}
	for _, it := range o.Items {
		if _, taken := w.items[it.Kind]; taken {
			panic("clockwork: two due items of kind " + it.Kind)
		}
		w.items[it.Kind] = it
		w.kinds = append(w.kinds, it.Kind)
	}
	return w
}

// Touch tells that something due was remembered in a street, so that the next Run looks.
func (w *Clockwork) Touch(street string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.next, street)
}

// Run does everything in every street whose moment has come, in the order of the moments,
// and returns when the next comes; zero if nothing is planned. A duty that is seen for the
// first time starts now. What failed stays due; its error is returned with the others'.
// Where nothing can be due it asks nobody.
func (w *Clockwork) Run(ctx context.Context, now time.Time) (time.Time, error) {
	w.mu.Lock()
	if age := now.Sub(w.looked); age >= relook || age < 0 {
		clear(w.next)
		w.looked = now
	}
	w.mu.Unlock()
	var (
		errs  []error
		first time.Time
	)
	w.o.Directory.Dawn(now)
	for _, s := range w.o.Directory.Streets() {
		next, err := w.visit(ctx, s, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("street %s: %w", s.Code, err))
		}
		first = sooner(first, next)
	}
	return first, errors.Join(errs...)
}

// never stands for "nothing is planned" among the remembered looks.
var never = time.Unix(1<<40, 0)

// visit looks at a street unless it is known that nothing is due.
func (w *Clockwork) visit(ctx context.Context, s *config.Street, now time.Time) (time.Time, error) {
	w.mu.Lock()
	next, known := w.next[s.Code]
	if !known || !now.Before(next) {
		// Noted before the look: what is remembered during it is not forgotten after it.
		w.next[s.Code] = never
		known = false
	}
	w.mu.Unlock()
	if !known {
		var err error
		if next, err = w.street(ctx, s, now); err != nil {
			w.Touch(s.Code)
			return next, err
		}
		w.note(s.Code, next)
	}
	if next.Equal(never) {
		return time.Time{}, nil
	}
	return next, nil
}

// note remembers the result of a look, unless the street has been touched since.
func (w *Clockwork) note(street string, next time.Time) {
	if next.IsZero() {
		next = never
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, untouched := w.next[street]; untouched {
		w.next[street] = next
	}
}

// sooner is the earlier of two moments, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
