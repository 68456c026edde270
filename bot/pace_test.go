package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// How fast pushes leave when every target of every street has more to hear than the
// platform lets through: at least 95 % of what its pace permits, and never above it, by the
// simulator's own record on the moved clock.
//
//	go test ./bot -run '^$' -bench Pace -benchtime 1x       220 streets, two replicas
//	JUWEI_PACE_STREETS=40 …                                 fewer of them

// paceLimit is what the platform lets one target of a kind hear in a minute (WECOM.md §13).
var paceLimit = map[string]int{"webhook": 20, "app": 30, "bot": 30}

// TestPace is six streets with a queue of five minutes for each of their targets.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{config.ModeCallback, config.ModeLongConn} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			for channel, p := range runPace(t, storetest.Start(t), mode, 6, 5) {
				t.Logf("%s: %s", channel, p)
			}
		})
	}
}

// BenchmarkPace is a city: 220 streets, each with its group and a person, three minutes of
// queue for each, first by webhook and app, then by webhook and the long connection.
func BenchmarkPace(b *testing.B) {
	streets := 220
	if n, err := strconv.Atoi(os.Getenv("JUWEI_PACE_STREETS")); err == nil {
		streets = n
	}
	for _, mode := range []string{config.ModeCallback, config.ModeLongConn} {
		b.Run(fmt.Sprintf("%s/streets=%d", mode, streets), func(b *testing.B) {
			server := storetest.StartTCP(b, aof...)
			began, pushes := time.Now(), 0
			for b.Loop() {
				for channel, p := range runPace(b, server, mode, streets, 3) {
					b.ReportMetric(p.least*100, channel+"-%-of-pace")
					pushes += p.said
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(pushes)/time.Since(began).Seconds(), "pushes/s-of-machine-time")
		})
	}
}

// pace is what became of one channel's targets.
type pace struct {
	targets, said int
	least         float64 // the slowest target's share of what it was permitted
}

func (p pace) String() string {
	return fmt.Sprintf("%d messages to %d targets, the slowest at %.1f %% of the platform's pace", p.said, p.targets, p.least*100)
}

// runPace fills the outboxes of so many streets with what the platform needs so many
// minutes for, lets two replicas deliver it, and judges.
func runPace(tb testing.TB, server *storetest.Server, mode string, streets, minutes int) map[string]pace {
	tb.Helper()
	c := newCity(tb, server, mode, streets)
	queue := map[string]int{} // by the platform's name of the target
	for _, s := range c.streets {
		chat, person := s.Chats[0], s.People[0]
		at := "app:" + person.UserID
		if mode == config.ModeLongConn {
			at = person.UserID
		}
		queue[chat.ChatID], queue[at] = paceLimit["webhook"]*minutes, paceLimit["app"]*minutes
		c.fill(s, "chat:"+handlers.Target(chat.Name), queue[chat.ChatID])
		c.fill(s, handlers.ToPerson(person.UserID), queue[at])
	}
	if moved := string(c.p.post("/sim/clock", map[string]string{"advance": fmt.Sprintf("%dm", minutes+2)})); strings.Contains(moved, `"error"`) {
		tb.Errorf("while the clock moved: %s", moved) // what was claimed then waits for its lease to run out
	}
	return c.judge(queue)
}

// city is many streets at one simulator, with two replicas of the bot.
type city struct {
	tb      testing.TB
	p       *player
	streets []*config.Street
	store   *store.Store
}

func newCity(tb testing.TB, server *storetest.Server, mode string, streets int) *city {
	tb.Helper()
	c := &city{tb: tb, store: server.Open(tb)}
	at, err := parseAt(demoStart)
	if err != nil {
		tb.Fatal(err)
	}
	cfg, err := config.Demo(known())
	if err != nil {
		tb.Fatal(err)
	}
	code, all := storetest.Street(tb), *cfg.Streets[0]
	all.Chats, all.People = nil, nil
	for i := range streets {
		s := *cfg.Streets[0] // without packs: nothing else is due
		s.Code, s.Runs, s.Areas, s.Committees = fmt.Sprintf("%s-%d", code, i), nil, nil, nil
		s.Chats = []config.Chat{{Name: "书记群", Kind: config.ChatSecretaries, ChatID: fmt.Sprintf("g-%d", i)}}
		s.People = []config.Person{{UserID: fmt.Sprintf("sj-%d", i), Title: fmt.Sprintf("书记%d", i), Roles: []config.Role{config.RoleAdmin}}}
		c.streets = append(c.streets, &s)
		all.Chats, all.People = append(all.Chats, s.Chats...), append(all.People, s.People...)
	}
	houses := &replicasHouse{remoteHouse: newRemoteHouse(&all, cfg.Bot.WeCom.Bot.Name)}
	base, tenant := startSim(tb, sim.Options{House: houses, At: at})
	c.p = &player{t: tb, base: base, names: map[string]string{}, ids: map[string]string{}}
	for _, owner := range []string{"a", "b"} {
		cfg, err := config.Demo(known())
		if err != nil {
			tb.Fatal(err)
		}
		cfg.Streets = c.streets
		useTenant(cfg, tenant, base)
		cfg.Bot.WeCom.Bot.Mode, cfg.Bot.Simulator = mode, base
		if mode == config.ModeLongConn {
			cfg.Bot.WeCom.App.CorpID = "" // so that the bot is the first way to a person
		}
		// However loaded the machine, no answer is given up: a repeat, or a claim that has to
		// run out, would cost the pace on the moved clock. And nobody looks by himself: what he
		// began at one moment of that clock would be heard at the next.
		houses.add(startReplica(tb, cfg, server.Open(tb), at, owner, func(o *appOptions) { o.Send, o.Tick = time.Minute, time.Hour }))
	}
	if mode == config.ModeLongConn {
		until(tb, "one holds the line", func() bool { return houses.replicas[0].holds() || houses.replicas[1].holds() })
		for _, s := range c.streets { // a bot may only speak to who has spoken to it
			c.p.send(s.People[0].UserID, s.People[0].UserID, "/帮助", "", "")
		}
		c.p.post("/sim/clock", map[string]string{"advance": "2m"}) // those answers no longer count
	}
	return c
}

// fill puts n pushes for a target into a street's outbox.
func (c *city) fill(s *config.Street, to handlers.Target, n int) {
	c.tb.Helper()
	now, err := parseAt(demoStart)
	if err != nil {
		c.tb.Fatal(err)
	}
	var pushes []store.Push
	for i := range n {
		pushes = append(pushes, handlers.PushAt(to, handlers.Digest, handlers.Say(fmt.Sprintf("第%d条", i+1)), now))
	}
	if _, err := c.store.Commit(c.tb.Context(), store.Act{Street: s.Code, At: now, Pushes: pushes}); err != nil {
		c.tb.Fatal(err)
	}
}

// judge reads the platform's record: each target has heard its whole queue, in order, each
// line once, never more in any minute than the platform permits.
func (c *city) judge(queue map[string]int) map[string]pace {
	c.tb.Helper()
	heard := map[string][]time.Time{}
	via := map[string]string{}
	for _, m := range c.p.messages(0) {
		if m.Via == "person" || m.Via == "reply" {
			continue
		}
		at, err := time.Parse(time.RFC3339, m.At)
		if err != nil {
			c.tb.Fatal(err)
		}
		if want := fmt.Sprintf("第%d条", len(heard[m.Chat])+1); m.Text != want {
			c.tb.Fatalf("%s hears %s where %s was due", m.Chat, m.Text, want)
		}
		heard[m.Chat], via[m.Chat] = append(heard[m.Chat], at), m.Via
	}
	out := map[string]pace{}
	for target, n := range queue {
		times, channel := heard[target], via[target]
		if len(times) != n {
			c.tb.Fatalf("%s heard %d of %d", target, len(times), n)
		}
		limit := paceLimit[channel]
		for i := limit; i < n; i++ {
			if times[i].Sub(times[i-limit]) < time.Minute {
				c.tb.Fatalf("%s hears more than %d in a minute from %s on", target, limit, times[i-limit])
			}
		}
		// The platform lets through a limit at once and the next when a minute has passed.
		fastest := time.Duration((n-1)/limit) * time.Minute
		share := fastest.Seconds() / times[n-1].Sub(times[0]).Seconds()
		if share < 0.95 {
			c.tb.Errorf("%s: %d messages by %s took %s, the platform permits %s", target, n, channel, times[n-1].Sub(times[0]), fastest)
		}
		p := out[channel]
		if p.targets == 0 || share < p.least {
			p.least = share
		}
		p.targets, p.said = p.targets+1, p.said+n
		out[channel] = p
	}
	if refused := string(c.p.get("/sim/requests")); strings.Contains(refused, `"errcode":45009`) || strings.Contains(refused, `"errcode":846607`) {
		c.tb.Error("the platform had to refuse something as too fast")
	}
	for _, s := range c.streets {
		entries, err := c.store.Outbox(c.tb.Context(), s.Code, string(s.Day(heard[s.Chats[0].ChatID][0])))
		if err != nil {
			c.tb.Fatal(err)
		}
		if i := slices.IndexFunc(entries, func(e store.Entry) bool { return e.State != store.StateSent }); i >= 0 {
			c.tb.Errorf("%s: push %d is %s", s.Code, entries[i].N, entries[i].State)
		}
	}
	return out
}
