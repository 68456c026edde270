package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"juwei/bot/clockwork"
	"juwei/bot/courier"
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
	everyRefresh    = 5 * time.Second // the directory's overlay, for what another replica bound
	everyCheckpoint = time.Minute     // of the audit chain
)

// app is the bot put together: everything but its listeners and its simulator.
type app struct {
	cfg       *config.Config
	clock     clock
	store     *store.Store
	dir       *handlers.Directory
	router    *handlers.Router
	clockwork *clockwork.Clockwork
	courier   *courier.Courier
	client    *wecom.Client
	line      *wecom.LongConn // nil in callback mode
	metrics   *metrics
	log       *slog.Logger
	end       *teardown

	wake  chan struct{}
	pulse atomic.Int64 // machine time of the last turn, unix seconds
	beat  atomic.Int64 // machine time of the last successful turn
	turns sync.Mutex   // one turn at a time
	last  time.Time    // house time of the last turn
	due   time.Time    // next duty, as of the last turn; zero = look
}

// appOptions put an app together.
type appOptions struct {
	Config *config.Config
	Store  *store.Store
	Clock  clock
	Logger *slog.Logger
	Owner  string // this replica's name
}

// newApp wires the bot. Nothing runs yet.
func newApp(ctx context.Context, o appOptions) (*app, error) {
	a := &app{
		cfg: o.Config, clock: o.Clock, store: o.Store, log: o.Logger, metrics: newMetrics(),
		end: &teardown{log: o.Logger}, wake: make(chan struct{}, 1),
	}
	fs := families()
	a.dir = handlers.NewDirectory(a.cfg.Streets)
	if err := a.dir.Refresh(ctx, a.store); err != nil {
		return nil, err
	}
	w := a.cfg.Bot.WeCom
	var err error
	a.client, err = wecom.NewClient(wecom.ClientOptions{
		APIBase: w.APIBase, CAFile: a.cfg.Bot.CAFile, CorpID: w.App.CorpID, AgentID: w.App.AgentID,
		Secret: wecom.Secret(w.App.Secret.Reveal()), Budget: budgetSend, Now: a.clock.Now, Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("wecom client: %w", err)
	}
	a.router = handlers.NewRouter(handlers.RouterOptions{
		BotName: w.Bot.Name, Directory: a.dir, Book: a.store, Door: a.store, Families: fs,
		Patience: budgetPatience, Resolve: a.client.ResolveUser, Committed: func(string) { a.nudge() },
		Watch: a.metrics.handled, Logger: o.Logger,
	})
	a.clockwork = clockwork.New(clockwork.Options{
		Directory: a.dir, Store: a.store, Duties: duties(fs), Done: a.metrics.dutyDone, Logger: o.Logger,
	})
	a.courier = courier.New(courier.Options{
		Store: a.store, Directory: a.dir, Recipes: recipes(fs),
		Outlet: courier.Outlets(a.dir, a.client, w.App.CorpID),
		Owner:  o.Owner, Lease: budgetSend + 5*time.Second, Attempts: 5, Parallel: 4,
		Sent: a.metrics.sent, Logger: o.Logger,
	})
	return a, nil
}

// receive answers one message and measures it.
func (a *app) receive(ctx context.Context, m handlers.Message) (handlers.Content, error) {
	defer a.metrics.timed(time.Now())
	return a.router.Handle(ctx, m)
}

// nudge wakes the loop.
func (a *app) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// callbacks are the addresses WeCom calls.
func (a *app) callbacks(mux *http.ServeMux) error {
	w := a.cfg.Bot.WeCom
	if w.Bot.Mode == config.ModeCallback {
		c, err := wecom.NewCipher(w.Bot.AESKey.Reveal(), w.Bot.Token.Reveal(), "")
		if err != nil {
			return fmt.Errorf("bot callback: %w", err)
		}
		mux.Handle(w.Bot.Path, wecom.BotCallback(wecom.BotOptions{
			BotID: w.Bot.ID, Cipher: c, Receive: a.receive, Now: a.clock.Now, Budget: budgetReceive, Logger: a.log,
		}))
	}
	if w.App.CorpID != "" {
		c, err := wecom.NewCipher(w.App.AESKey.Reveal(), w.App.Token.Reveal(), w.App.CorpID)
		if err != nil {
			return fmt.Errorf("app callback: %w", err)
		}
		mux.Handle(w.App.Path, wecom.AppCallback(wecom.AppOptions{
			AgentID: w.App.AgentID, Cipher: c, Receive: a.receive, Now: a.clock.Now, Budget: budgetReceive, Logger: a.log,
			Answer: a.answerByApp,
		}))
	}
	return nil
}

// answerByApp says what a passive reply can't: the answer to a pressed button, whose
// card it also marks as dealt with.
func (a *app) answerByApp(ctx context.Context, m handlers.Message, c handlers.Content) {
	if m.Kind == handlers.Click && m.Press.Response != "" {
		if err := a.client.UpdateCard(ctx, m.From, wecom.Secret(m.Press.Response), "已处理"); err != nil {
			a.log.WarnContext(ctx, "card not updated", "id", m.ID, "err", err)
		}
	}
	if c.Empty() {
		return
	}
	if _, err := a.client.App(ctx, m.From, c, wecom.SendOptions{Dedupe: true}); err != nil {
		a.log.ErrorContext(ctx, "answer not sent", "id", m.ID, "user", m.From, "err", err)
	}
}

// start runs the loop, and the long connection if that is how messages come in. The
// stop steps are noted in a.end.
func (a *app) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	if w := a.cfg.Bot.WeCom; w.Bot.Mode == config.ModeLongConn {
		transport, err := wecom.Transport(a.cfg.Bot.CAFile)
		if err != nil {
			cancel()
			return fmt.Errorf("long connection: %w", err)
		}
		a.line, err = wecom.NewLongConn(wecom.LongConnOptions{
			URL: w.WSURL, BotID: w.Bot.ID, Secret: wecom.Secret(w.Bot.Secret.Reveal()), Receive: a.receive, Now: a.clock.Now,
			HTTP: &http.Client{Transport: transport}, Budget: budgetReceive, Logger: a.log,
		})
		if err != nil {
			cancel()
			return fmt.Errorf("long connection: %w", err)
		}
		wg.Go(func() {
			if err := a.line.Run(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("long connection ended", "err", err)
			}
		})
	}
	wg.Go(func() { a.loop(ctx) })
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
	tick := time.NewTicker(everyTick)
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
			if err := a.dir.Refresh(ctx, a.store); err != nil && ctx.Err() == nil && !failing {
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
	if a.due.IsZero() || !now.Before(a.due) || now.Before(a.last) {
		if err := a.clockwork.Run(ctx, now); err != nil {
			errs = append(errs, err)
		}
		next, planned, err := a.clockwork.Next(ctx, now)
		if err != nil {
			errs = append(errs, err)
		}
		a.due = time.Time{}
		if planned && err == nil && len(errs) == 0 {
			a.due = next
		}
	}
	a.last = now
	next, err := a.courier.Drain(ctx, now)
	if err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		a.metrics.redisErrors.Inc()
		return next, errors.Join(errs...)
	}
	a.beat.Store(time.Now().Unix())
	if next.IsZero() || !a.due.IsZero() && a.due.Before(next) {
		next = a.due
	}
	return next, nil
}

// checkpoint signs the head of the audit chain of every street: today's, and yesterday's
// for what was added in its last minute.
func (a *app) checkpoint(ctx context.Context) {
	now := a.clock.Now()
	for _, s := range a.dir.Streets() {
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
		return nil, fmt.Errorf("%s: %w", what, err)
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
