package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/store"
	"juwei/store/storetest"
)

// quickLease is usualLease at a tenth of its length.
var quickLease = leaseTiming{
	Term: 400 * time.Millisecond, Renew: 40 * time.Millisecond, Handover: time.Second,
	Kicked: []time.Duration{time.Minute},
}

// town is a simulator with a street, and the replicas of a bot that serve it.
type town struct {
	t      *testing.T
	base   string
	tenant sim.Tenant
	at     time.Time
	mode   string
	redis  *storetest.Server
	code   string
}

func newTown(t *testing.T, redis *storetest.Server, mode string) *town {
	t.Helper()
	cfg, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	at, err := parseAt(demoStart)
	if err != nil {
		t.Fatal(err)
	}
	house := newRemoteHouse(cfg.Streets[0], cfg.Bot.WeCom.Bot.Name)
	base, tenant := startSim(t, sim.Options{House: house, At: at, Register: house.At})
	return &town{t: t, base: base, tenant: tenant, at: at, mode: mode, redis: redis, code: storetest.Street(t)}
}

// startSim serves a simulator on a free port until the test ends.
func startSim(tb testing.TB, o sim.Options) (base string, tenant sim.Tenant) {
	tb.Helper()
	s, err := sim.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	simulator := &app{log: quiet(), end: &teardown{log: quiet()}} // for its listener only
	addr, err := simulator.serveOn("127.0.0.1:0", "simulator", time.Second, s.Handler())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.Close()
		simulator.end.run() //nolint:errcheck // a client that goes on asking ends with the test
	})
	return "http://" + addr.String(), s.Tenant()
}

// replica is one bot of a town.
type replica struct {
	*app
	clock *movedClock
	addr  string
}

// start brings up one more replica and, in callback mode, gives the simulator its address.
func (n *town) start(owner string) *replica {
	n.t.Helper()
	cfg, err := config.Demo(known())
	if err != nil {
		n.t.Fatal(err)
	}
	cfg.Streets[0].Code = n.code
	useTenant(cfg, n.tenant, n.base)
	cfg.Bot.WeCom.Bot.Mode = n.mode
	cfg.Bot.Simulator = n.base
	r := startReplica(n.t, cfg, n.redis.Open(n.t), n.at, owner)
	if err := announce(n.t.Context(), cfg, r.addr, r.addr); err != nil {
		n.t.Fatal(err)
	}
	return r
}

// startReplica runs one bot until the test ends. It is announced to nobody.
func startReplica(tb testing.TB, cfg *config.Config, st *store.Store, at time.Time, owner string, changes ...func(*appOptions)) *replica {
	tb.Helper()
	r := &replica{clock: newMovedClock(at)}
	ctx := tb.Context()
	var err error
	o := appOptions{Config: cfg, Store: st, Clock: r.clock, Logger: quiet(), Owner: owner, Lease: quickLease}
	for _, change := range changes {
		change(&o)
	}
	r.app, err = newApp(ctx, o)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := r.turn(ctx, at); err != nil {
		tb.Fatal(err)
	}
	if err := r.app.start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { r.end.run() }) //nolint:errcheck // a test that stops it looks at the error
	mux := http.NewServeMux()
	if err := r.callbacks(mux); err != nil {
		tb.Fatal(err)
	}
	r.adminRoutes(mux)
	r.houseRoutes(mux, r.clock)
	addr, err := r.serveOn("127.0.0.1:0", "bot", time.Second, mux)
	if err != nil {
		tb.Fatal(err)
	}
	r.addr = "http://" + addr.String()
	return r
}

// replicasHouse is the simulator's view of several replicas: each catches up with the
// clock, all at the same time.
type replicasHouse struct {
	*remoteHouse // of whom only the people count
	replicas     []*replica
	houses       []*remoteHouse
}

func (h *replicasHouse) add(r *replica) {
	house := &remoteHouse{client: h.client}
	house.At(r.addr)
	h.replicas, h.houses = append(h.replicas, r), append(h.houses, house)
}

// Settle implements sim.House: the next moment is the soonest of any replica's.
func (h *replicasHouse) Settle(ctx context.Context, now time.Time) (time.Time, error) {
	nexts, errs := make([]time.Time, len(h.houses)), make([]error, len(h.houses))
	var wg sync.WaitGroup
	for i, house := range h.houses {
		wg.Go(func() { nexts[i], errs[i] = house.Settle(ctx, now) })
	}
	wg.Wait()
	var soonest time.Time
	for _, at := range nexts {
		if soonest.IsZero() || !at.IsZero() && at.Before(soonest) {
			soonest = at
		}
	}
	return soonest, errors.Join(errs...)
}

// Outbox implements sim.House.
func (h *replicasHouse) Outbox(ctx context.Context) (json.RawMessage, error) {
	return h.houses[0].Outbox(ctx)
}

func (n *town) player(r *replica) *player { return playerAt(n.t, n.base, r.works().cfg.Streets[0]) }

// until waits for something that other goroutines bring about.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !within(time.Minute, holds) {
		t.Fatalf("waited in vain: %s", what)
	}
}

// within waits for at most d, and says whether it came to hold.
func within(d time.Duration, holds func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(d)
	for !holds() {
		select {
		case <-tick.C:
		case <-timeout:
			return false
		}
	}
	return true
}

func (r *replica) holds() bool {
	v := r.holder.view()
	return v.Role == roleHolder && v.Connected
}

// unitReport is a full report of 梅园's shape, told apart by n.
func unitReport(n int) string {
	return fmt.Sprintf("/日报 新返%d 重点0 新隔0 解除0 在隔%d 发热0 未联系%d", n%7, n%13, n%29)
}

// answers counts what the bot said in the 1:1 chats of the platform's record, by text.
func answers(p *player, user string) []string {
	var out []string
	for _, m := range p.messages(0) {
		if (m.Chat == user || m.Chat == "app:"+user) && m.Via != "person" {
			out = append(out, m.Text)
		}
	}
	return out
}

// Two replicas and one long connection: exactly one holds it. A stopped holder hands over
// without a message lost, a dead one is followed within its lease, and one that was cut off
// from Redis steps back instead of fighting. Every message is answered once.
func TestOneHolder(t *testing.T) {
	t.Parallel()
	n := newTown(t, storetest.Start(t), config.ModeLongConn)
	a := n.start("a")
	until(t, "a holds the line", a.holds)
	b := n.start("b")
	p := n.player(a)

	sent := 0
	say := func() {
		t.Helper()
		unit := n.units()[sent%len(n.units())]
		sent++
		p.send(unit, unit, unitReport(sent), "", "")
		until(t, "an answer for "+unit, func() bool { return len(answers(p, unit)) > 0 })
		unmarked := 0
		for _, text := range answers(p, unit) { // one that nobody acknowledged is said again, marked
			if !strings.HasPrefix(text, "（重发）") {
				unmarked++
			}
			if !strings.Contains(text, "已收") && !strings.Contains(text, "R0213") {
				t.Errorf("%s heard %q", unit, text)
			}
		}
		if unmarked > 1 {
			t.Errorf("%s heard twice: %q", unit, answers(p, unit))
		}
	}
	say()
	if b.holds() || !a.holds() || b.holder.view().Role != roleStandby {
		t.Fatal("two hold the line, or none")
	}

	// A graceful stop, while people go on writing.
	done := make(chan error, 1)
	go func() { done <- a.end.run() }()
	for range 5 {
		say()
	}
	if err := <-done; err != nil {
		t.Errorf("stop: %v", err)
	}
	until(t, "b follows", b.holds)
	say()

	// b dies: nobody gives its lease back.
	c := n.start("c")
	storetest.Down(t, b.store)
	b.end.run() //nolint:errcheck // it cannot end well without Redis
	until(t, "c follows", c.holds)
	say()

	// c is cut off from Redis and keeps the line until d, which is not, takes it.
	d := n.start("d")
	up := storetest.Down(t, c.store)
	until(t, "d follows", d.holds)
	say()
	up()
	until(t, "c steps back", func() bool { v := c.holder.view(); return v.Role == roleStandby && !v.Connected })
	if !d.holds() {
		t.Error("d lost the line to a replica that came back")
	}
	say()
}

// units are secretaries, each of whom writes once.
func (n *town) units() []string {
	return []string{"sj-meiyuan", "sj-wenyuan", "sj-sanjiaodi", "sj-zhanqian", "sj-caihong1", "sj-caihong2", "sj-wenyuan3",
		"sj-guixiang", "sj-hetang", "sj-yinxingli", "sj-zhuyuan", "sj-chunxiao", "sj-nanbang", "sj-liudi", "sj-shiqiaotou", "sj-xinyue"}
}

// A program outside our leases that takes the bot is not fought with: the holder keeps the
// lease, so that no replica of ours fights either, waits, and says so on /readyz.
func TestNoKickWar(t *testing.T) {
	t.Parallel()
	n := newTown(t, storetest.Start(t), config.ModeLongConn)
	a := n.start("a")
	until(t, "a holds the line", a.holds)
	b := n.start("b")

	other := newTown(t, storetest.Mini(t), config.ModeLongConn) // a second installation with the same bot
	other.base, other.tenant = n.base, n.tenant
	stranger := other.start("stranger")
	until(t, "a is kicked", func() bool { return a.holder.view().Role == roleKicked })
	if !stranger.holds() || b.holds() || a.holder.view().Connected {
		t.Error("the line is fought for")
	}
	resp, err := http.Get(a.addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var ready struct {
		LongConn struct {
			Role      string
			Connected bool
			Retry     time.Time
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	if l := ready.LongConn; l.Role != roleKicked || l.Connected || l.Retry.Before(time.Now()) {
		t.Errorf("/readyz shows %+v", l)
	}
}

// Replicas in callback mode need nothing of each other: one simulated load balancer, many
// bots, the same messages delivered to more than one of them.
func TestReplicasByCallback(t *testing.T) {
	t.Parallel()
	n := newTown(t, storetest.Start(t), config.ModeCallback)
	replicas := []*replica{n.start("a"), n.start("b"), n.start("c")}
	p := n.player(replicas[0])
	for i, unit := range n.units() {
		r := replicas[i%3]
		if err := announce(t.Context(), r.works().cfg, r.addr, r.addr); err != nil {
			t.Fatal(err)
		}
		p.send(unit, unit, unitReport(i), "", "")
		r = replicas[(i+1)%3] // the platform tries again, and the balancer chooses another
		if err := announce(t.Context(), r.works().cfg, r.addr, r.addr); err != nil {
			t.Fatal(err)
		}
		p.post("/sim/send", p.last)
	}
	// The same moment on every replica.
	at := n.at.Add(45 * time.Minute)
	var wg sync.WaitGroup
	for _, r := range replicas {
		r.clock.Set(at)
		wg.Go(func() {
			if _, err := r.turn(context.Background(), at); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	heard := map[string]int{}
	for _, m := range p.messages(0) {
		if m.Via != "person" && m.Via != "reply" {
			heard[m.Chat+" "+firstLine(m.Text)]++
		}
	}
	for what, times := range heard {
		if times != 1 {
			t.Errorf("%s: said %d times", what, times)
		}
	}
	if heard["g-shuji 日报17:00截止，已收16/19，@我或私聊回一行"] != 1 {
		t.Errorf("heard %v", heard)
	}
	st := replicas[0].store
	day := string(replicas[0].works().cfg.Streets[0].Day(at))
	report, err := st.Verify(t.Context(), n.code, day)
	if err != nil || len(report.Faults) > 0 {
		t.Errorf("audit: %v %v", report.Faults, err)
	}
	b := st.Read(n.code)
	reports := b.All(store.Reports("日报", day))
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(*reports) != len(n.units()) {
		t.Errorf("%d reports stored", len(*reports))
	}
	for unit, cell := range *reports {
		if cell.Rev != 1 {
			t.Errorf("%s was stored %d times", unit, cell.Rev)
		}
	}
}
