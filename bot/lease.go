package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// leaseTiming says how one replica follows another on the long connection. Times are
// machine time: the machines' clocks must agree to within a second or so (NTP).
type leaseTiming struct {
	Term     time.Duration   // a holder that has not been heard of for so long has lost it
	Renew    time.Duration   // how often the holder is heard of, and the others ask
	Handover time.Duration   // how long a stopping holder goes on answering until the next has taken over
	Kicked   []time.Duration // the waits after a stranger took the bot, one after the other
}

// usualLease lets another replica answer about five seconds after a holder has died. Its
// hand-over leaves time to answer what is in hand, within budgetStopLoop.
var usualLease = leaseTiming{
	Term: 4 * time.Second, Renew: 500 * time.Millisecond, Handover: 1500 * time.Millisecond,
	Kicked: []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute},
}

// leases is what a holder needs of the store: leases as values on machine time.
type leases interface {
	Hold(ctx context.Context, name, owner string, now, until time.Time) (bool, error)
}

// runner is a long connection as its holder sees it.
type runner interface {
	Run(ctx context.Context) error // wecom.ErrReplaced when another connection took the bot
	Connected() bool
}

// holder sees to it that of all replicas exactly one holds the bot's long connection: the
// platform gives messages to the newest connection only, and two programs that both
// reconnect kick each other for ever.
//
//	standby → connected    the lease is free: nobody has it, or its holder has died
//	connected → standby    another replica has the lease (this one was asleep too long)
//	connected → kicked     a program outside our leases took the bot: wait, say so, try again
//	connected → gone       a graceful stop: the lease is given back first, and the messages
//	                       are answered here until the next has taken over
//
// While Redis is away the connection stays: nobody else can take the lease then, and who
// writes hears that it will be tried again.
type holder struct {
	leases leases
	line   runner
	name   string // of the lease
	owner  string
	timing leaseTiming
	log    *slog.Logger

	mu    sync.Mutex
	role  string
	retry time.Time // when a kicked holder tries again
}

// The roles /readyz shows.
const (
	roleStandby = "standby"
	roleHolder  = "holder"
	roleKicked  = "kicked" // another program outside our leases has the bot
)

func newHolder(l leases, line runner, bot, owner string, t leaseTiming, log *slog.Logger) *holder {
	if t.Term == 0 {
		t = usualLease
	}
	return &holder{leases: l, line: line, name: "longconn:" + bot, owner: owner, timing: t, log: log, role: roleStandby}
}

// newLine is the bot's long connection, or nil where messages come by callback.
func (a *app) newLine(cfg *config.Config) (*wecom.LongConn, error) {
	w := cfg.Bot.WeCom
	if w.Bot.Mode != config.ModeLongConn {
		return nil, nil
	}
	transport, err := wecom.Transport(cfg.Bot.CAFile)
	if err != nil {
		return nil, fmt.Errorf("long connection: %w", err)
	}
	line, err := wecom.NewLongConn(wecom.LongConnOptions{
		URL: w.WSURL, BotID: w.Bot.ID, Secret: wecom.Secret(w.Bot.Secret.Reveal()), Receive: a.receive, Now: a.clock.Now,
		Lost: a.answerLater, HTTP: &http.Client{Transport: transport}, Budget: budgetReceive, AckWait: a.options.Send, Logger: a.log,
	})
	if err != nil {
		return nil, fmt.Errorf("long connection: %w", err)
	}
	return line, nil
}

// answerLater puts an answer into the outbox whose connection was taken over before it
// could be said: what was asked has been done, so the asker must hear of it, in private;
// marked as said again if it may have been seen (unsure).
func (a *app) answerLater(ctx context.Context, m handlers.Message, c handlers.Content, unsure bool) {
	user, err := a.works().client.ResolveUser(ctx, m.From)
	person, s, known := a.works().dir.Person(user)
	if err != nil || !known {
		a.log.WarnContext(ctx, "answer not delivered to a stranger", "id", m.ID, "err", err)
		return
	}
	now := a.clock.Now()
	push := handlers.PushAt(handlers.ToPerson(person.UserID), handlers.Reply, c, now)
	push.Body = handlers.Parcel{Content: c, Again: unsure}.Body()
	if packs := s.Active(s.Day(now)); len(packs) > 0 {
		push = handlers.Sealed(push, packs[0])
	}
	_, err = a.store.Commit(ctx, store.Act{Street: s.Code, ID: "later:" + m.ID, At: now, Pushes: []store.Push{push}})
	if err != nil {
		a.log.ErrorContext(ctx, "answer not delivered", "id", m.ID, "err", err)
		return
	}
	a.log.InfoContext(ctx, "answer goes by the outbox", "id", m.ID)
	a.nudge()
}

// run holds the connection whenever it is this replica's turn, until ctx ends.
func (h *holder) run(ctx context.Context) {
	kicks := 0
	for h.acquire(ctx) {
		began := time.Now()
		err := h.hold(ctx)
		if !errors.Is(err, wecom.ErrReplaced) || !h.take(ctx) {
			continue // the end, or another replica's turn
		}
		waits := h.timing.Kicked
		if time.Since(began) > waits[len(waits)-1] {
			kicks = 0
		}
		wait := waits[min(kicks, len(waits)-1)]
		kicks++
		h.log.Error("long connection taken by a program that does not share our Redis; stop one of the two",
			"attempt", kicks, "dur_ms", wait.Milliseconds())
		h.rest(ctx, wait)
	}
}

// take takes or renews the lease. false: it is another's, or Redis did not answer.
func (h *holder) take(ctx context.Context) bool {
	ok, err := h.ask(ctx, h.name, h.timing.Term)
	return ok && err == nil
}

// ask takes the lease of that name for so long from now on; a term of 0 gives it back.
func (h *holder) ask(ctx context.Context, name string, term time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), budgetRedis)
	defer cancel()
	now := time.Now()
	return h.leases.Hold(ctx, name, h.owner, now, now.Add(term))
}

// next is the lease on being the next in turn, by which a stopping holder knows that
// somebody is waiting.
func (h *holder) next() string { return h.name + ":next" }

// acquire waits until the lease is this replica's; false means that ctx has ended.
func (h *holder) acquire(ctx context.Context) bool {
	h.become(roleStandby, time.Time{})
	tick := time.NewTicker(h.timing.Renew)
	defer tick.Stop()
	failing := false
	for ctx.Err() == nil {
		ok, err := h.ask(ctx, h.name, h.timing.Term)
		if ok && err == nil {
			h.become(roleHolder, time.Time{})
			h.log.Info("long connection is this replica's", "owner", h.owner)
			return true
		}
		if err == nil {
			_, err = h.ask(ctx, h.next(), h.timing.Term)
		}
		if err != nil && !failing {
			h.log.Warn("long connection: who holds it is unknown", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return false
}

// hold runs the connection and renews the lease. It returns nil when ctx ends or another
// replica has the lease, and the connection's own error otherwise.
func (h *holder) hold(ctx context.Context) error {
	line, stop := context.WithCancel(context.WithoutCancel(ctx)) // it outlives ctx for the hand-over
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.line.Run(line) }()
	tick := time.NewTicker(h.timing.Renew)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
			if ok, err := h.ask(ctx, h.name, h.timing.Term); err == nil && !ok {
				h.log.Warn("long connection is another replica's now", "owner", h.owner)
				stop()
				<-ended
				return nil
			}
		case <-ctx.Done():
			if h.handOver(ctx, ended) {
				return nil
			}
			stop()
			<-ended
			return nil
		}
	}
}

// handOver gives the lease back and goes on answering until the next replica has taken
// over, if one is waiting. It reports whether the connection has ended with that.
func (h *holder) handOver(ctx context.Context, ended <-chan error) bool {
	if _, err := h.ask(ctx, h.name, 0); err != nil {
		h.log.Warn("long connection: lease not given back; it runs out by itself", "err", err)
		return false
	}
	if alone, err := h.ask(ctx, h.next(), 0); err != nil || alone {
		return false
	}
	t := time.NewTimer(h.timing.Handover)
	defer t.Stop()
	select {
	case <-ended:
		h.log.Info("long connection handed over", "owner", h.owner)
		return true
	case <-t.C:
		return false
	}
}

// rest keeps the lease without connecting: while a stranger has the bot, our other
// replicas must not fight for it either. It ends early when ctx does.
func (h *holder) rest(ctx context.Context, wait time.Duration) {
	until := time.Now().Add(wait)
	h.become(roleKicked, until)
	tick := time.NewTicker(h.timing.Renew)
	defer tick.Stop()
	for time.Now().Before(until) {
		select {
		case <-ctx.Done():
			h.ask(ctx, h.name, 0) //nolint:errcheck // it runs out by itself
			return
		case <-tick.C:
			if ok, err := h.ask(ctx, h.name, h.timing.Term); err == nil && !ok {
				return
			}
		}
	}
}

func (h *holder) become(role string, retry time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.role, h.retry = role, retry
}

// lineView is the long connection on /readyz.
type lineView struct {
	Role      string     `json:"role"` // holder, standby, or kicked by a program outside our leases
	Connected bool       `json:"connected"`
	Retry     *time.Time `json:"retry,omitempty"` // when a kicked holder tries again
}

// view is what /readyz shows.
func (h *holder) view() lineView {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := lineView{Role: h.role, Connected: h.line.Connected()}
	if retry := h.retry; !retry.IsZero() {
		v.Retry = &retry
	}
	return v
}
