package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

var shanghai = time.FixedZone("CST", 8*60*60)

// noon is when a test begins: no quiet hours, a whole day of budget.
var noon = time.Date(2020, 2, 13, 12, 0, 0, 0, shanghai)

// world is a street with a platform that answers what a test wants.
type world struct {
	t        *testing.T
	store    *store.Store
	street   *config.Street
	courier  *Courier
	platform *platform
	clock    *clock
}

// clock is the house clock of a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// said is one message the platform delivered.
type said struct {
	at      time.Time
	channel string
	to      handlers.Target
	text    string
	all     bool
}

// platform stands in for the platform: it answers each send with the next of its replies,
// and delivers what was accepted or got lost on the way back.
type platform struct {
	clock *clock
	mu    sync.Mutex
	said  []said
	tried int
	reply func(channel string, to handlers.Target, text string) reply
	seen  map[string]time.Time // by target and text, of the app's check for repeats
}

// reply is how a send ends.
type reply struct {
	err       error
	delivered bool // with err: it was delivered all the same
}

func refuse(code int) reply { return reply{err: &wecom.Error{Op: "test", Code: code, Status: 200}} }

var (
	lostAnswer  = reply{err: &wecom.Error{Op: "test", Wrote: true}, delivered: true}
	lostRequest = reply{err: &wecom.Error{Op: "test", Wrote: true}}
	noNetwork   = reply{err: &wecom.Error{Op: "test"}}
)

func (p *platform) send(channel string, to handlers.Target, c handlers.Content, o wecom.SendOptions) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tried++
	text := wecom.Plain(c)
	r := reply{}
	if p.reply != nil {
		r = p.reply(channel, to, text)
	}
	if r.err != nil && !r.delivered {
		return r.err
	}
	now := p.clock.Now()
	print := string(to) + "\x00" + text
	if at, ok := p.seen[print]; o.Dedupe && ok && now.Before(at.Add(30*time.Minute)) {
		return r.err
	}
	if o.Dedupe {
		p.seen[print] = now
	}
	p.said = append(p.said, said{now, channel, to, text, c.MentionAll})
	return r.err
}

// lines is what was delivered: "target: text".
func (p *platform) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, s := range p.said {
		out = append(out, string(s.to)+": "+s.text)
	}
	return out
}

// Limits of the stand-in platform.
var testWindows = []store.Window{{Span: time.Minute, Limit: 4}, {Span: time.Hour, Limit: 40}}

// outlets are the ways out of a test: webhook for chats, app and then bot for persons.
func (p *platform) outlets(street string) func(*handlers.Street, handlers.Target, int) (Outlet, error) {
	return func(_ *handlers.Street, to handlers.Target, hop int) (Outlet, error) {
		ways := []string{"app", "bot"}
		if to.IsChat() {
			ways = []string{"webhook"}
		}
		if hop >= len(ways) || to == "chat:没有的群" {
			return Outlet{}, &ErrNoOutlet{"发不出去"}
		}
		channel := ways[hop]
		pace := channel + ":" + street + ":" + string(to)
		return Outlet{
			Channel: channel, Brake: pace, Dedupe: channel == "app", Bytes: 200 + roomForMarks,
			Limits: []Limit{{pace, testWindows}},
			Parts:  wecom.Channel{Text: 200, Calls: channel == "webhook"}.Parts,
			Send: func(_ context.Context, c handlers.Content, o wecom.SendOptions) error {
				return p.send(channel, to, c, o)
			},
		}, nil
	}
}

// newWorld is a street of three persons, a duty desk, an administrator and a group.
func newWorld(t *testing.T, st *store.Store, recipes ...handlers.Recipe) *world {
	t.Helper()
	w := &world{t: t, store: st, clock: &clock{now: noon}}
	w.platform = &platform{clock: w.clock, seen: map[string]time.Time{}}
	w.street = &config.Street{
		Code: storetest.Street(t), Name: "示范街道", Location: shanghai,
		People: []config.Person{
			{UserID: "a", Title: "梅园书记", Roles: []config.Role{config.RoleSecretary}},
			{UserID: "b", Title: "文苑书记", Roles: []config.Role{config.RoleSecretary}},
			{UserID: "zb", Title: "值班室一", Roles: []config.Role{config.RoleDutyDesk}},
			{UserID: "adm", Title: "管理员", Roles: []config.Role{config.RoleAdmin}},
		},
		Chats: []config.Chat{{Name: "书记群", Kind: config.ChatSecretaries}},
	}
	recipes = append(recipes, handlers.Recipe{Name: handlers.RecipeUndelivered, Render: func(context.Context, *handlers.Serving) (handlers.Content, error) {
		return handlers.Say("【投递】有没发成的"), nil
	}})
	w.courier = w.replica(st, "one", recipes...)
	return w
}

// replica is another courier of the same street.
func (w *world) replica(st *store.Store, owner string, recipes ...handlers.Recipe) *Courier {
	return New(Options{
		Store: st, Directory: handlers.NewDirectory([]*config.Street{w.street}), Recipes: recipes,
		Outlet: w.platform.outlets(w.street.Code), Now: w.clock.Now, Owner: owner,
		Lease: 15 * time.Second, Attempts: 5, Parallel: 4, Logger: slog.New(slog.DiscardHandler),
	})
}

// push puts something into the outbox now.
func (w *world) push(to handlers.Target, kind handlers.PushKind, text string) int64 {
	w.t.Helper()
	return w.commit(handlers.PushAt(to, kind, handlers.Say(text), w.clock.Now()))
}

func (w *world) commit(p store.Push) int64 {
	w.t.Helper()
	done, err := w.store.Commit(w.t.Context(), store.Act{Street: w.street.Code, At: w.clock.Now(), Pushes: []store.Push{p}})
	if err != nil {
		w.t.Fatal(err)
	}
	return done.Pushes[0]
}

// drain delivers what may go now.
func (w *world) drain() time.Time {
	w.t.Helper()
	next, err := w.courier.Drain(w.t.Context(), w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// run goes from due moment to due moment for so long.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	end := w.clock.Now().Add(d)
	for range 1000 {
		next := w.drain()
		if next.IsZero() || next.After(end) {
			w.clock.move(end.Sub(w.clock.Now()))
			w.drain()
			return
		}
		w.clock.move(max(next.Sub(w.clock.Now()), time.Second))
	}
	w.t.Fatal("it never ends")
}

// states are today's pushes: number → "state reason".
func (w *world) states() map[int64]string {
	w.t.Helper()
	out := map[int64]string{}
	for day := noon; !day.After(w.clock.Now().Add(24 * time.Hour)); day = day.Add(24 * time.Hour) {
		entries, err := w.store.Outbox(w.t.Context(), w.street.Code, day.In(shanghai).Format(time.DateOnly))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range entries {
			out[e.N] = strings.TrimSpace(string(e.State) + " " + e.Reason)
		}
	}
	return out
}

func (w *world) want(state map[int64]string, lines ...string) {
	w.t.Helper()
	if diff := cmp.Diff(lines, w.platform.lines()); diff != "" {
		w.t.Errorf("said (-want +got):\n%s", diff)
	}
	got := w.states()
	for n, want := range state {
		if !strings.HasPrefix(got[n], want) {
			w.t.Errorf("push %d is %q, want %q", n, got[n], want)
		}
	}
}

// Every class of refusal has its remedy (WECOM.md §14).
func TestRemedyOfEveryClass(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		reply reply
		kind  handlers.PushKind
		to    handlers.Target
		tries int    // of this push within an hour, if the platform always says so
		said  int    // deliveries
		state string // after an hour
	}{
		{name: "busy", reply: refuse(-1), kind: handlers.Notice, to: "chat:书记群", tries: 3, state: "dead 企业微信系统繁忙"},
		{name: "version conflict", reply: refuse(6000), kind: handlers.Notice, to: "chat:书记群", tries: 5, state: "dead"},
		{name: "too many at once", reply: refuse(45033), kind: handlers.Notice, to: "chat:书记群", tries: 5, state: "dead"},
		{name: "token", reply: refuse(42001), kind: handlers.Notice, to: "chat:书记群", tries: 5, state: "dead"},
		{name: "too fast", reply: refuse(45009), kind: handlers.Notice, to: "chat:书记群", tries: 7, state: "waiting 发得太快，歇到13:03"},
		{name: "bot too fast", reply: refuse(846607), kind: handlers.Notice, to: "chat:书记群", tries: 7, state: "waiting 发得太快，歇到13:03"},
		{name: "no network", reply: noNetwork, kind: handlers.Notice, to: "chat:书记群", tries: 20, state: "waiting 连不上企业微信"},
		{name: "service unavailable", reply: reply{err: &wecom.Error{Op: "t", Wrote: true, Status: 503}}, kind: handlers.Notice, to: "chat:书记群", tries: 18, state: "waiting"},
		{name: "no line", reply: refuse(846609), kind: handlers.Notice, to: "chat:书记群", tries: 20, state: "waiting"},
		{name: "too long", reply: refuse(45002), kind: handlers.Notice, to: "chat:书记群", tries: 1, state: "dead 内容太长"},
		{name: "unlisted", reply: refuse(99999), kind: handlers.Notice, to: "chat:书记群", tries: 1, state: "dead 企业微信返回了未收录"},
		{name: "webhook gone", reply: refuse(93000), kind: handlers.Notice, to: "chat:书记群", tries: 1, state: "dead 群机器人的 webhook"},
		{name: "forbidden", reply: reply{err: &wecom.Error{Op: "t", Wrote: true, Status: 403}}, kind: handlers.Notice, to: "chat:书记群", tries: 1, state: "dead"},
		{name: "unknown, must arrive", reply: lostAnswer, kind: handlers.Notice, to: "chat:书记群", tries: 3, said: 3, state: "unknown 没有收到答复"},
		{name: "unknown, need not", reply: lostAnswer, kind: handlers.Reminder, to: "chat:书记群", tries: 1, said: 1, state: "unknown 没有收到答复"},
		{name: "gateway", reply: reply{err: &wecom.Error{Op: "t", Wrote: true, Status: 502}}, kind: handlers.Reminder, to: "chat:书记群", tries: 1, state: "unknown"},
		{name: "unknown by app", reply: lostAnswer, kind: handlers.Notice, to: "user:a", tries: 3, said: 1, state: "unknown"},
		{name: "not a platform error", reply: reply{err: errors.New("?")}, kind: handlers.Reminder, to: "chat:书记群", tries: 1, state: "unknown"},
		{name: "no such person", reply: refuse(60111), kind: handlers.Notice, to: "user:a", tries: 2, state: "dead 收信人的 userid 不存在"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Mini(t).Open(t))
			tries := 0
			w.platform.reply = func(_ string, to handlers.Target, _ string) reply {
				if to != row.to {
					return reply{}
				}
				tries++
				return row.reply
			}
			n := w.push(row.to, row.kind, "话")
			w.run(time.Hour)
			if tries != row.tries {
				t.Errorf("tried %d times, want %d", tries, row.tries)
			}
			heard := 0
			for _, s := range w.platform.said {
				if s.to == row.to {
					heard++
				}
			}
			if heard != row.said {
				t.Errorf("said %d times, want %d: %q", heard, row.said, w.platform.lines())
			}
			if got := w.states()[n]; !strings.HasPrefix(got, row.state) {
				t.Errorf("it is %q, want %q", got, row.state)
			}
		})
	}
}

// A repeat is marked where the platform would not drop it, and the app's is not.
func TestRepeatsAreMarked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		first := map[string]bool{}
		w.platform.reply = func(_ string, to handlers.Target, text string) reply {
			if !first[string(to)] {
				first[string(to)] = true
				return lostAnswer
			}
			return reply{}
		}
		w.push("chat:书记群", handlers.Notice, "群里的")
		w.push("user:a", handlers.Notice, "私下的")
		w.push("user:b", handlers.Reply, "答复")
		w.run(time.Minute)
		got := strings.Join(w.platform.lines(), "|")
		for _, want := range []string{"chat:书记群: 群里的", "chat:书记群: （重发）群里的", "user:b: （重发）答复"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is missing in %q", want, got)
			}
		}
		if n := strings.Count(got, "私下的"); n != 1 || strings.Contains(got, "（重发）私下的") {
			t.Errorf("the app's was said %d times: %q", n, got)
		}
	})
}

// A bot that died while sending: a repeat within the platform's half hour is identical, a
// later one marked.
func TestInterruptedSending(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		after time.Duration
		want  []string
	}{
		{dedupeFor - time.Second, []string{"user:a: 话"}},
		{dedupeFor, []string{"user:a: 话", "user:a: （重发）话"}},
	} {
		t.Run(row.after.String(), func(t *testing.T) {
			t.Parallel()
			server := storetest.Mini(t)
			w := newWorld(t, server.Open(t))
			mortal := server.Open(t)
			victim := w.replica(mortal, "two")
			up := func() {}
			w.platform.reply = func(string, handlers.Target, string) reply {
				up = storetest.Down(t, mortal)
				return reply{}
			}
			w.push("user:a", handlers.Notice, "话")
			if _, err := victim.Drain(t.Context(), w.clock.Now()); err == nil {
				t.Fatal("it did not die")
			}
			up()
			w.platform.reply = nil
			w.clock.move(14 * time.Second)
			w.drain()
			w.want(nil, "user:a: 话") // its lease still holds
			w.clock.move(row.after - 14*time.Second)
			w.drain()
			w.want(map[int64]string{1: "sent"}, row.want...)
		})
	}
}

// Just before and just after each window of a pace.
func TestPaceOfATarget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		for i := range 6 {
			w.push("chat:书记群", handlers.Digest, fmt.Sprint("第", i+1))
		}
		said := func(n int) {
			t.Helper()
			if got := len(w.platform.lines()); got != n {
				t.Errorf("%v after noon %d were said, want %d", w.clock.Now().Sub(noon), got, n)
			}
		}
		next := w.drain()
		said(4)
		if want := noon.Add(time.Minute); !next.Equal(want) {
			t.Errorf("next at %v, want %v", next, want)
		}
		w.clock.move(time.Minute - time.Millisecond)
		w.drain()
		said(4)
		w.clock.move(time.Millisecond)
		w.drain()
		said(6)
		w.want(nil, "chat:书记群: 第1", "chat:书记群: 第2", "chat:书记群: 第3", "chat:书记群: 第4", "chat:书记群: 第5", "chat:书记群: 第6")
	})
}

// An emergency goes before a digest that has been waiting for its turn.
func TestEmergencyFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	for i := range 5 {
		w.push("chat:书记群", handlers.Digest, fmt.Sprint("晨报", i))
	}
	w.drain()
	w.push("chat:书记群", handlers.Emergency, "急")
	w.clock.move(time.Minute)
	w.drain()
	w.want(nil, "chat:书记群: 晨报0", "chat:书记群: 晨报1", "chat:书记群: 晨报2", "chat:书记群: 晨报3", "chat:书记群: 急", "chat:书记群: 晨报4")
}

// What came back holds back what is behind it; other targets go on.
func TestNothingOvertakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	bad := true
	w.platform.reply = func(_ string, to handlers.Target, _ string) reply {
		if bad && to == "chat:书记群" {
			bad = false
			return refuse(45009)
		}
		return reply{}
	}
	w.push("chat:书记群", handlers.Digest, "一")
	w.push("chat:书记群", handlers.Digest, "二")
	w.push("user:a", handlers.Digest, "三")
	w.drain()
	w.want(nil, "user:a: 三")
	w.clock.move(30 * time.Second)
	w.drain()
	w.want(nil, "user:a: 三")
	w.clock.move(30 * time.Second)
	w.drain()
	w.want(nil, "user:a: 三", "chat:书记群: 一", "chat:书记群: 二")
}

// A long queue for one target does not stand in front of the others.
func TestSlowTargetHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	for range batch + 10 {
		w.push("chat:书记群", handlers.Digest, "晨报")
	}
	w.push("user:a", handlers.Nudge, "催报")
	w.drain()
	got := w.platform.lines()
	if len(got) != 5 || !slices.Contains(got, "user:a: 催报") {
		t.Errorf("said %q", got)
	}
}

// A pause after 45009 holds for every replica and for the key as a whole, and doubles.
func TestAKeyRestsForAllReplicas(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	w := newWorld(t, server.Open(t))
	other := w.replica(server.Open(t), "two")
	refused := 2
	w.platform.reply = func(string, handlers.Target, string) reply {
		if refused > 0 {
			refused--
			return refuse(45009)
		}
		return reply{}
	}
	w.push("chat:书记群", handlers.Digest, "一")
	w.drain()
	w.push("chat:书记群", handlers.Emergency, "急")
	drainOther := func() {
		if _, err := other.Drain(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		move  time.Duration
		tried int
	}{{time.Minute - time.Millisecond, 1}, {time.Millisecond, 2}, {2*time.Minute - time.Millisecond, 2}, {time.Millisecond, 4}} {
		w.clock.move(step.move)
		drainOther()
		w.drain()
		if w.platform.tried != step.tried {
			t.Errorf("%v after noon tried %d times, want %d", w.clock.Now().Sub(noon), w.platform.tried, step.tried)
		}
	}
	w.want(nil, "chat:书记群: 急", "chat:书记群: 一")
}
