package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// Time budgets. The stop steps together stay below what Docker gives a container (10 s);
// a test adds them up.
const (
	budgetReceive  = 4 * time.Second // of one message; the platform waits 5
	budgetPatience = 3 * time.Second // of those, while Redis is away
	budgetSend     = 10 * time.Second
	budgetRedis    = time.Second

	budgetStopServer = 4 * time.Second // handlers that are answering
	budgetStopAdmin  = time.Second     // /metrics and the like
	budgetStopLoop   = 3 * time.Second // sends that are being written
	budgetStopStore  = time.Second
)

// every is how often the loop looks by itself; a commit wakes it at once.
const (
	everyTick       = time.Second
	everyRefresh    = 5 * time.Second  // the directory's overlay, for what another replica bound
	everyCheckpoint = time.Minute      // of the audit chain
	everyJitter     = 40 * time.Second // schedules' pushes are spread over so long after their slot
	everySlow       = 2 * time.Second  // a turn goes on without the streets that take longer
)

// app is the bot put together: everything but its listeners and its simulator.
type app struct {
	options appOptions
	clock   clock
	store   *store.Store
	line    *wecom.LongConn // nil in callback mode
	holder  *holder         // of the line; nil in callback mode
	metrics *metrics
	log     *slog.Logger
	end     *teardown

	running atomic.Pointer[works] // never nil once the app is made
	wake    chan struct{}
	pulse   atomic.Int64 // machine time of the last turn, unix seconds
	beat    atomic.Int64 // machine time of the last successful turn
	turns   sync.Mutex   // one turn at a time
}

// appOptions put an app together.
type appOptions struct {
	Config *config.Config
	Store  *store.Store
	Clock  clock
	Logger *slog.Logger
	Owner  string // this replica's name

	Jitter time.Duration // what a schedule says leaves up to this much after its slot; 0 = at once
	Lease  leaseTiming   // of the long connection; zero: usualLease
	Send   time.Duration // how long the platform may take to answer what is sent; 0 = budgetSend, on the long connection its default
	Tick   time.Duration // how often the loop looks by itself; 0 = everyTick
	Slow   time.Duration // a turn waits no longer for a street whose group does not answer; 0 = until it is served
}

// newApp wires the bot. Nothing runs yet.
func newApp(ctx context.Context, o appOptions) (*app, error) {
	a := &app{
		options: o, clock: o.Clock, store: o.Store, log: o.Logger, metrics: newMetrics(),
		end: &teardown{log: o.Logger}, wake: make(chan struct{}, 1),
	}
	var err error
	if a.line, err = a.newLine(o.Config); err != nil {
		return nil, err
	}
	if a.line != nil {
		a.holder = newHolder(a.store, a.line, o.Config.Bot.WeCom.Bot.ID, o.Owner, o.Lease, o.Logger)
	}
	w, err := a.build(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	a.running.Store(w)
	return a, nil
}

// receive answers one message and measures it.
func (a *app) receive(ctx context.Context, m handlers.Message) (handlers.Content, error) {
	defer a.metrics.timed(time.Now())
	counted := a.counting(ctx, m)
	var owed []int64
	if m.Single() { // before the message makes new ones
		owed = a.works().courier.Owed(m.From, m.At)
	}
	c, err := a.works().router.Handle(ctx, m)
	counted()
	if err == nil && m.Single() {
		c = a.works().courier.Join(ctx, m.From, c, m.At, owed)
	}
	return c, err
}

// counting counts an answer that shares a pace with pushes, while the answer is found: on
// the long connection every one, of the app those to a pressed button, which go out as
// messages. What it returns waits until that is done. Hardly any message is not answered.
func (a *app) counting(ctx context.Context, m handlers.Message) (wait func()) {
	if m.Via == handlers.ViaBot && a.line == nil || m.Via == handlers.ViaApp && m.Kind != handlers.Click {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.works().ways.Answered(ctx, a.store, m, m.At); err != nil {
			a.log.WarnContext(ctx, "answer not counted", "id", m.ID, "err", err)
		}
	}()
	return func() { <-done }
}

// nudge wakes the loop.
func (a *app) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// answerByApp says what a passive reply can't: the answer to a pressed button, whose
// card it also marks as dealt with.
func (a *app) answerByApp(ctx context.Context, m handlers.Message, c handlers.Content) {
	if m.Kind == handlers.Click && m.Press.Response != "" {
		if err := a.works().client.UpdateCard(ctx, m.From, wecom.Secret(m.Press.Response), "已处理"); err != nil {
			a.log.WarnContext(ctx, "card not updated", "id", m.ID, "err", err)
		}
	}
	if c.Empty() {
		return
	}
	if _, err := a.works().client.App(ctx, m.From, c, wecom.SendOptions{Dedupe: true}); err != nil {
		a.log.ErrorContext(ctx, "answer not sent", "id", m.ID, "user", m.From, "err", err)
	}
}

// start runs the loop, and the long connection if that is how messages come in. The
// stop steps are noted in a.end.
func (a *app) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	if a.holder != nil {
		wg.Go(func() { a.holder.run(ctx) })
	}
	wg.Go(func() {
		a.loop(ctx)
		a.works().courier.Wait()
	})
	a.end.add("loop and long connection", budgetStopLoop, func(stop context.Context) error {
		cancel()
		return waitFor(stop, &wg)
	})
	return nil
}

func waitFor(ctx context.Context, wg *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loop looks every second, and at once after a commit, at what is due.
func (a *app) loop(ctx context.Context) {
	tick := time.NewTicker(cmp.Or(a.options.Tick, everyTick))
	defer tick.Stop()
	refresh := time.NewTicker(everyRefresh)
	defer refresh.Stop()
	checkpoint := time.NewTicker(everyCheckpoint)
	defer checkpoint.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-checkpoint.C:
			a.checkpoint(ctx)
			continue
		case <-refresh.C:
			if err := a.works().dir.Refresh(ctx, a.store); err != nil && ctx.Err() == nil && !failing {
				a.log.Warn("directory not refreshed", "err", err)
			}
			continue
		case <-a.wake:
		case <-tick.C:
		}
		_, err := a.turn(ctx, a.clock.Now())
		if err != nil && ctx.Err() == nil && !failing {
			a.log.Error("turn failed; trying on, next line when it works again", "err", err)
		}
		if err == nil && failing {
			a.log.Info("turn works again")
		}
		failing = err != nil
	}
}

// turn does every duty that is due at now and delivers what may go. It returns when the
// next thing is due, zero if nothing is planned.
func (a *app) turn(ctx context.Context, now time.Time) (time.Time, error) {
	a.turns.Lock()
	defer a.turns.Unlock()
	a.pulse.Store(time.Now().Unix())
	var errs []error
	due, err := a.works().clockwork.Run(ctx, now)
	if err != nil {
		errs = append(errs, err)
	}
	next, err := a.works().courier.Drain(ctx, now)
	if err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		a.metrics.redisErrors.Inc()
		return next, errors.Join(errs...)
	}
	a.beat.Store(time.Now().Unix())
	if next.IsZero() || !due.IsZero() && due.Before(next) {
		next = due
	}
	return next, nil
}

// checkpoint signs the head of the audit chain of every street: today's, and yesterday's
// for what was added in its last minute.
func (a *app) checkpoint(ctx context.Context) {
	now := a.clock.Now()
	for _, s := range a.works().dir.Streets() {
		for _, day := range []config.Day{s.Day(now).Add(-1), s.Day(now)} {
			if err := a.store.Checkpoint(ctx, s.Code, string(day), now); err != nil {
				a.log.Error("audit checkpoint not written", "street", s.Code, "err", err)
			}
		}
	}
}

// serveOn listens synchronously, so that a taken port fails the start, and serves h
// until the teardown.
func (a *app) serveOn(addr, what string, stop time.Duration, h http.Handler) (net.Addr, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, addr, err)
	}
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("server ended", "server", what, "err", err)
		}
	}()
	a.end.add(what, stop, func(ctx context.Context) error {
		err := srv.Shutdown(ctx)
		if err != nil {
			srv.Close()
		}
		return err
	})
	return ln.Addr(), nil
}
