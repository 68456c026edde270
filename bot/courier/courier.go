// Package courier delivers what the outbox holds, at the platform's pace.
//
// In: pushes that are due. Out: each of them sent, put back for later, or settled as
// unknown, dead or dropped, with the reason. Order is kept per target within a priority;
// "sending" is recorded before the first byte, so that a push is never said twice
// unseen and never lost unseen.
// Start with Drain; outlet.go says which channel serves which target.
package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
)

// Outlet is a way out for one target.
type Outlet struct {
	Channel string // for metrics: webhook, app, bot
	Paces   []Pace // the channel's limits, shared by all replicas
	Dedupe  bool   // the platform drops a repeated identical send: a repeat needs no mark
	Send    func(ctx context.Context, c handlers.Content) error
}

// Pace is one limit of a channel: at most Limit sends per Window under Key.
type Pace struct {
	Key    string
	Window time.Duration
	Limit  int
}

// ErrNoOutlet says that a target cannot be reached; Why is for the administrator.
type ErrNoOutlet struct{ Why string }

// Error is the reason.
func (e *ErrNoOutlet) Error() string { return e.Why }

// Options wire a Courier.
type Options struct {
	Store     *store.Store
	Directory *handlers.Directory
	Recipes   []handlers.Recipe
	Outlet    func(s *handlers.Street, to handlers.Target) (Outlet, error)
	Owner     string        // this replica's name
	Lease     time.Duration // how long a claim holds; longer than a send may take
	Attempts  int           // how often a push is tried before it is dead
	Parallel  int           // how many targets are served at once
	Sent      func(street, channel, outcome string)
	Logger    *slog.Logger
}

// Courier delivers. Safe for concurrent use, by several replicas too.
type Courier struct {
	o       Options
	recipes map[string]handlers.Recipe
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
// has to wait: until next, or for good (next is zero). Errors of single pushes are
// recorded with them; the error here is about the store.
func (c *Courier) Drain(ctx context.Context, now time.Time) (next time.Time, err error) {
	var errs []error
	for _, s := range c.o.Directory.Streets() {
		at, err := c.street(ctx, s, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("street %s: %w", s.Code, err))
		}
		next = sooner(next, at)
	}
	return next, errors.Join(errs...)
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// street drains one street: rounds over what is due, until a round moves nothing.
func (c *Courier) street(ctx context.Context, s *handlers.Street, now time.Time) (time.Time, error) {
	held := map[string]time.Time{} // targets that have to wait, and until when
	for {
		due, err := c.o.Store.Due(ctx, s.Code, now, batch)
		if err != nil {
			return time.Time{}, err
		}
		moved, err := c.round(ctx, s, now, due, held)
		if err != nil {
			return time.Time{}, err
		}
		if !moved || ctx.Err() != nil {
			break
		}
	}
	next, waiting, err := c.o.Store.NextDue(ctx, s.Code)
	if err != nil || !waiting {
		return time.Time{}, err
	}
	if next.After(now) {
		return next, nil
	}
	next = time.Time{}
	for _, at := range held {
		next = sooner(next, at)
	}
	return next, nil
}

// round serves the targets side by side, each one's pushes in order.
func (c *Courier) round(ctx context.Context, s *handlers.Street, now time.Time, due []store.Waiting, held map[string]time.Time) (bool, error) {
	queues := map[string][]store.Waiting{}
	var order []string
	for _, w := range due {
		if _, wait := held[w.Push.To]; wait {
			continue
		}
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
			for _, w := range queues[to] {
				retry, err := c.deliver(ctx, s, now, w)
				mu.Lock()
				moved = moved || retry.IsZero() && err == nil
				if err != nil {
					errs = append(errs, fmt.Errorf("push %d: %w", w.N, err))
				}
				if !retry.IsZero() {
					held[to] = retry
				}
				mu.Unlock()
				if !retry.IsZero() || err != nil || ctx.Err() != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return moved, errors.Join(errs...)
}

// deliver brings one push to its next state. A non-zero retry holds the target back
// until then, so that nothing overtakes. An error is the store's.
func (c *Courier) deliver(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting) (retry time.Time, err error) {
	log := c.o.Logger.With("id", w.N, "street", s.Code, "kind", w.Push.Kind, "attempt", w.Attempt)
	now = now.In(s.Location)
	if w.State == store.StateSending { // whoever was sending it is gone: nobody knows
		return time.Time{}, c.unheard(ctx, s, now, w, "发送时中断", log)
	}
	if w.Lost {
		return time.Time{}, c.settle(ctx, s, w, store.StateDropped, "密钥已销毁", now)
	}
	if !w.Push.Expires.IsZero() && now.After(w.Push.Expires) {
		return time.Time{}, c.settle(ctx, s, w, store.StateDropped, "过时", now)
	}
	outlet, err := c.o.Outlet(s, handlers.Target(w.Push.To))
	if err != nil {
		log.ErrorContext(ctx, "push has no way out", "err", err)
		return time.Time{}, c.settle(ctx, s, w, store.StateDead, err.Error(), now)
	}
	for _, p := range outlet.Paces {
		ok, at, err := c.o.Store.Permit(ctx, p.Key, p.Window, p.Limit, now)
		if err != nil {
			return time.Time{}, err
		}
		if !ok {
			return at, nil
		}
	}
	lease := now.Add(c.o.Lease)
	if w, err = c.o.Store.Claim(ctx, s.Code, w, c.o.Owner, lease); err != nil {
		return time.Time{}, lost(err)
	}
	content, err := c.render(ctx, s, now, w)
	if moot := (*handlers.Moot)(nil); errors.As(err, &moot) {
		return time.Time{}, c.settle(ctx, s, w, store.StateDropped, moot.Why, now)
	}
	if err != nil {
		log.ErrorContext(ctx, "push not rendered", "err", err)
		return c.back(ctx, s, w, now, time.Minute, "写不出来")
	}
	if w.Reason == resent && !outlet.Dedupe {
		content.Text = "（重发）" + content.Text
	}
	if w, err = c.o.Store.Sending(ctx, s.Code, w, lease); err != nil {
		return time.Time{}, lost(err)
	}
	err = outlet.Send(ctx, content)
	return c.heard(ctx, s, now, w, outlet, err, log)
}

// resent is the reason of a push that goes again although it may have arrived.
const resent = "上次是否送达不明"

// heard settles a push by what the platform answered.
func (c *Courier) heard(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, outlet Outlet, err error, log *slog.Logger) (time.Time, error) {
	// What was written is a fact: it is recorded also when the caller is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.o.Lease)
	defer cancel()
	if err == nil {
		c.count(s, outlet.Channel, "sent")
		return time.Time{}, c.settle(ctx, s, w, store.StateSent, "", now)
	}
	var failure *wecom.Error
	if !errors.As(err, &failure) {
		failure = &wecom.Error{Op: "send", Msg: err.Error(), Wrote: true}
	}
	switch {
	case failure.Retryable():
		c.count(s, outlet.Channel, "retry")
		log.WarnContext(ctx, "push not sent, will be tried again", "errcode", failure.Code, "err", failure)
		return c.back(ctx, s, w, now, failure.After()<<min(w.Attempt, 5), failure.Advice())
	case failure.Unknown():
		c.count(s, outlet.Channel, "unknown")
		return time.Time{}, c.unheard(ctx, s, now, w, "没有收到答复", log)
	}
	c.count(s, outlet.Channel, "dead")
	log.ErrorContext(ctx, "push refused", "errcode", failure.Code, "err", failure)
	return time.Time{}, c.settle(ctx, s, w, store.StateDead, failure.Advice(), now)
}

// unheard handles an unknown outcome: what must arrive goes again, marked; anything
// else stays unknown for a person to see.
func (c *Courier) unheard(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, why string, log *slog.Logger) error {
	again := handlers.MannersOf(handlers.PushKind(w.Push.Kind)).MustArrive && w.Attempt+1 < c.o.Attempts
	log.WarnContext(ctx, "push outcome unknown", "again", again)
	if !again {
		return c.settle(ctx, s, w, store.StateUnknown, why, now)
	}
	return lost(c.o.Store.Again(ctx, s.Code, w, now, resent))
}

// back puts a push back for later, or gives up loudly after too many attempts.
func (c *Courier) back(ctx context.Context, s *handlers.Street, w store.Waiting, now time.Time, after time.Duration, why string) (time.Time, error) {
	if w.Attempt+1 >= c.o.Attempts {
		c.o.Logger.ErrorContext(ctx, "push given up", "id", w.N, "street", s.Code, "attempt", w.Attempt+1)
		return time.Time{}, c.settle(ctx, s, w, store.StateDead, why, now)
	}
	at := now.Add(max(after, time.Second))
	return at, lost(c.o.Store.Again(ctx, s.Code, w, at, why))
}

func (c *Courier) settle(ctx context.Context, s *handlers.Street, w store.Waiting, to store.State, why string, now time.Time) error {
	return lost(c.o.Store.Settle(ctx, s.Code, w, to, why, now))
}

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

// render opens a push's parcel; a recipe is cooked now, on the facts of now.
func (c *Courier) render(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting) (handlers.Content, error) {
	p, err := handlers.OpenParcel(w.Push.Body)
	if err != nil || p.Recipe == "" {
		return p.Content, err
	}
	r, ok := c.recipes[p.Recipe]
	if !ok {
		return handlers.Content{}, fmt.Errorf("no recipe %q", p.Recipe)
	}
	return r.Render(ctx, &handlers.Serving{
		Desk: handlers.Desk{Street: s, Day: s.Day(now), At: now, Dir: c.o.Directory, Book: c.o.Store},
		To:   handlers.Target(w.Push.To), Args: p.Args,
	})
}
