// Package courier delivers what the outbox holds, at the platform's pace and with manners.
//
// In: pushes that are due. Out: each of them sent, put back for later, or settled as
// unknown, dead or dropped, with the reason. Order is kept per target within a priority;
// "sending" is recorded before the first byte, so that a push is never said twice
// unseen and never lost unseen.
// Start with Drain. gate.go says what may be said now, deliver.go how one push goes out,
// pace.go how fast, heard.go what follows from the platform's answer, outlet.go which channel serves whom.
package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"juwei/handlers"
	"juwei/store"
)

// Options wire a Courier.
type Options struct {
	Store     *store.Store
	Directory *handlers.Directory
	Recipes   []handlers.Recipe
	Outlet    func(s *handlers.Street, to handlers.Target, hop int) (Outlet, error) // *ErrNoOutlet: there is none (any more)
	Now       func() time.Time                                                      // the house clock; a long Drain looks at it again
	Owner     string                                                                // this replica's name
	Lease     time.Duration                                                         // how long a claim holds; longer than a send may take
	Attempts  int                                                                   // how often a push is tried before it is dead
	Parallel  int                                                                   // how many targets of a street are served at once
	Streets   int                                                                   // how many streets are served at once
	Patience  time.Duration                                                         // how long a Drain waits for a slow street, machine time; 0 = until it is served
	Sent      func(street, channel, outcome string)
	Logger    *slog.Logger
}

// Courier delivers. Safe for concurrent use, by several replicas too.
type Courier struct {
	o       Options
	recipes map[string]handlers.Recipe
	rests   rests

	mu   sync.Mutex
	busy map[string]bool // streets that are being served, also since an earlier Drain
	owed map[string]debt // by target: what the day's budget holds here
	wg   sync.WaitGroup  // their serving
}

// New makes a Courier. Two recipes of one name are a mistake in the wiring: it panics.
func New(o Options) *Courier {
	c := &Courier{o: o, recipes: map[string]handlers.Recipe{}}
	for _, r := range o.Recipes {
		if _, taken := c.recipes[r.Name]; taken {
			panic("courier: two recipes named " + r.Name)
		}
		c.recipes[r.Name] = r
	}
	return c
}

// batch is how many due pushes of a street are looked at in one go.
const batch = 256

// Drain delivers everything of all streets that may go at now, and returns when the rest
// has to wait: until next, or for good (next is zero). Streets are served side by side, and
// one whose group does not answer keeps nobody waiting for longer than Options.Patience: it
// is left out of the Drains after that until it has been served, as long as ctx lives. The
// error is about the store; those of single pushes are recorded with them.
func (c *Courier) Drain(ctx context.Context, now time.Time) (next time.Time, err error) {
	type served struct {
		next time.Time
		err  error
	}
	streets := c.o.Directory.Streets()
	results := make(chan served, len(streets))
	slots := make(chan struct{}, max(1, c.o.Streets))
	waiting := 0
	for _, s := range streets {
		if !c.begin(s.Code) {
			next = sooner(next, now.Add(slowAgain))
			continue
		}
		waiting++
		c.wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			at, err := c.street(ctx, s, now)
			if err != nil {
				err = fmt.Errorf("street %s: %w", s.Code, err)
			}
			c.end(s.Code)
			results <- served{at, err}
		})
	}
	var errs []error
	var enough <-chan time.Time
	if c.o.Patience > 0 {
		t := time.NewTimer(c.o.Patience)
		defer t.Stop()
		enough = t.C
	}
	for ; waiting > 0; waiting-- {
		select {
		case r := <-results:
			next, errs = sooner(next, r.next), append(errs, r.err)
		case <-enough:
			return sooner(next, now.Add(slowAgain)), errors.Join(errs...)
		}
	}
	return next, errors.Join(errs...)
}

// slowAgain is when to look again at a street that is still being served.
const slowAgain = time.Second

// Wait returns when no street is being served any more, after the last Drain's ctx ended.
func (c *Courier) Wait() { c.wg.Wait() }

// begin marks a street as being served; false: it is already.
func (c *Courier) begin(street string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[street] {
		return false
	}
	if c.busy == nil {
		c.busy = map[string]bool{}
	}
	c.busy[street] = true
	return true
}

func (c *Courier) end(street string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, street)
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// now is the house clock as it shows by now, in the street's zone. It never lies before
// the moment the caller came for.
func (c *Courier) now(s *handlers.Street, began time.Time) time.Time {
	if c.o.Now != nil {
		if t := c.o.Now(); t.After(began) {
			began = t
		}
	}
	return began.In(s.Location)
}

// held are the targets that have to wait in this Drain: until then, or until the next one
// (zero), because another replica is serving them.
type held map[string]time.Time

// street drains one street: rounds over what is due, until a round moves nothing and finds
// nobody who has to wait. Who has to wait is left out of the next round, so that a long
// queue for one slow target does not stand in front of the others'.
func (c *Courier) street(ctx context.Context, s *handlers.Street, now time.Time) (time.Time, error) {
	waits := held{}
	for ctx.Err() == nil {
		due, err := c.o.Store.Due(ctx, s.Code, now, batch, slices.Collect(maps.Keys(waits))...)
		if err != nil {
			return time.Time{}, err
		}
		before := len(waits)
		moved, err := c.round(ctx, s, now, due, waits)
		if err != nil {
			return time.Time{}, err
		}
		if !moved && len(waits) == before {
			break
		}
	}
	next, _, err := c.o.Store.NextDue(ctx, s.Code, now)
	if err != nil {
		return time.Time{}, err
	}
	for _, at := range waits {
		next = sooner(next, at)
	}
	return next, nil
}

// round serves the targets side by side, each one's pushes in order.
func (c *Courier) round(ctx context.Context, s *handlers.Street, now time.Time, due []store.Waiting, waits held) (bool, error) {
	queues := map[string][]store.Waiting{}
	var order []string
	for _, w := range due {
		if queues[w.Push.To] == nil {
			order = append(order, w.Push.To)
		}
		queues[w.Push.To] = append(queues[w.Push.To], w)
	}
	var (
		mu    sync.Mutex
		errs  []error
		moved bool
		wg    sync.WaitGroup
		slots = make(chan struct{}, max(1, c.o.Parallel))
	)
	for _, to := range order {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			n, wait, err := c.serve(ctx, s, now, queues[to])
			mu.Lock()
			defer mu.Unlock()
			moved = moved || n > 0
			if wait != nil {
				waits[to] = *wait
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("to %s: %w", to, err))
			}
		})
	}
	wg.Wait()
	return moved, errors.Join(errs...)
}

// serve brings one target's pushes out in order. It returns how many are over with for
// this Drain, and, if the target has to wait, until when.
func (c *Courier) serve(ctx context.Context, s *handlers.Street, began time.Time, queue []store.Waiting) (done int, wait *time.Time, err error) {
	for done < len(queue) && ctx.Err() == nil {
		r, err := c.deliver(ctx, s, c.now(s, began), queue[done:])
		done += r.done
		if err != nil {
			return done, nil, err
		}
		if r.wait {
			return done, &r.until, nil
		}
		if r.yield {
			return done, nil, nil
		}
	}
	return done, nil, nil
}

// result is what came of the head of a target's queue.
type result struct {
	done  int       // so many pushes of it are over with for now
	yield bool      // nothing more goes to the target in this round: it went back to the queue
	wait  bool      // nothing more goes to the target in this Drain
	until time.Time // with wait: when to come again; zero = whenever
}

// waitUntil is the result of a push whose target has to wait.
func waitUntil(at time.Time) result { return result{wait: true, until: at} }

// lost forgives losing a push to another replica, which then looks after it.
func lost(err error) error {
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	return err
}

func (c *Courier) count(s *handlers.Street, channel, outcome string) {
	if c.o.Sent != nil {
		c.o.Sent(s.Code, channel, outcome)
	}
}
