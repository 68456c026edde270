package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"juwei/config"
	"juwei/store"
	"juwei/store/storetest"
)

// A street in a bottle: nineteen committees report for thirty days on the moved clock, early,
// late, sloppily or not at all, while the platform refuses, breaks and swallows answers. The
// simulator's record decides: every day has its digest with the right base and its list of
// the missing; nobody hears more than the budget; no group hears a unit's figures; nothing is
// said twice without its mark; and every receipt stands for a stored report.
func TestStreetInABottle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 30))
			d := startDemo(t, storetest.Mini(t), nil)
			p := &player{t: t, base: "http://" + d.addr, names: map[string]string{}, ids: map[string]string{}}
			liveInABottle(&bottle{t: t, p: p, rnd: rnd, street: d.app.works().cfg.Streets[0], store: d.given, now: d.clock.Now()})
		})
	}
}

func liveInABottle(b *bottle) {
	b.t.Helper()
	const days = 30
	b.stock, b.filed, b.lost = map[string]int{}, map[config.Day]map[string]bool{}, map[config.Day]map[string]bool{}
	first := b.street.Day(b.now)
	for unit, cell := range b.cells(first.Add(-1)) { // what the demo's yesterday left in isolation
		_, rest, _ := strings.Cut(cell.Value, "|")
		var n int
		fmt.Sscan(strings.Split(rest, ",")[4], &n)
		b.stock[unit] = n
	}
	for i := range days {
		if b.newDay != nil {
			b.newDay(i)
		}
		b.day(first.Add(i))
	}
	b.judge(first, days)
}

type bottle struct {
	t      *testing.T
	p      *player
	rnd    *rand.Rand
	street *config.Street
	store  *store.Store
	now    time.Time // where the clock stands at first
	newDay func(i int)
	stock  map[string]int // in isolation, by unit, as of the last report
	filed  map[config.Day]map[string]bool
	lost   map[config.Day]map[string]bool // targets that something of the day visibly did not reach
}

// day plays one day: faults, reports around the reminders, and the next morning.
func (b *bottle) day(day config.Day) {
	b.t.Helper()
	b.filed[day] = map[string]bool{}
	b.p.clock(string(day) + " 15:00")
	waves := []string{" 15:31", " 16:31", " 17:16", " 19:40"}
	wave := map[string]int{}
	for _, c := range b.street.Committees {
		wave[c.Name] = b.rnd.IntN(6) // 4: very late, 5: not at all
	}
	for i, at := range append([]string{" 15:01"}, waves...) {
		b.p.clock(string(day) + at)
		b.fault()
		for _, person := range b.street.People {
			if person.Has(config.RoleSecretary) && wave[person.Unit] == i {
				b.report(day, person)
			}
		}
	}
	b.fault()
	b.p.clock(string(day.Add(1)) + " 07:31")
	b.p.clock(string(day.Add(1)) + " 08:31") // what had to be tried again
	b.look(day)
	b.look(day.Add(1))
}

// fault makes the platform misbehave once or twice.
func (b *bottle) fault() {
	for range b.rnd.IntN(3) {
		f := map[string]any{"endpoint": []string{"webhook/send", "message/send"}[b.rnd.IntN(2)], "count": 1 + b.rnd.IntN(2)}
		switch b.rnd.IntN(5) {
		case 0:
			f["kind"], f["value"] = "errcode", 45009
		case 1:
			f["kind"], f["value"] = "errcode", -1
		case 2:
			f["kind"] = "drop_response"
		case 3:
			f["kind"], f["value"] = "http", 502
		case 4:
			f["kind"] = "reset"
		}
		b.p.post("/sim/fault", f)
	}
}

// report files one unit's report by any of its doors, with a sum that holds.
func (b *bottle) report(day config.Day, person config.Person) {
	b.t.Helper()
	in := b.rnd.IntN(3)
	out := b.rnd.IntN(min(3, b.stock[person.Unit]+in+1))
	now := b.stock[person.Unit] + in - out
	line := fmt.Sprintf("日报 新返%d 重点%d 新隔%d 解除%d 在隔%d 发热0 未联系%d", in+b.rnd.IntN(3), 0, in, out, now, b.rnd.IntN(40))
	if b.rnd.IntN(3) == 0 {
		line = strings.NewReplacer(" ", "，", "0", "０", "1", "１").Replace(line)
	}
	chat := []string{person.UserID, "app:" + person.UserID, "g-shuji"}[b.rnd.IntN(3)]
	b.p.send(chat, person.UserID, "/"+line, "", "")
	if b.rnd.IntN(5) == 0 {
		b.p.post("/sim/send", b.p.last) // the platform delivers it again
	}
	if b.cells(day)[person.Unit].Rev == 0 { // a day was left out: the sum is asked about
		b.p.send("app:"+person.UserID, person.UserID, fmt.Sprintf("留%d 前几天没有报", now), "", "")
	}
	b.stock[person.Unit] = now
	b.filed[day][person.Unit] = true
}

func (b *bottle) cells(day config.Day) map[string]store.Cell {
	b.t.Helper()
	batch := b.store.Read(b.street.Code)
	all := batch.All(store.Reports("日报", string(day)))
	if err := batch.Run(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	return *all
}

// look notes what a person can see of a day's pushes that did not get through: they are
// unknown or dead in the outbox's record, which is kept for a week.
func (b *bottle) look(day config.Day) {
	b.t.Helper()
	entries, err := b.store.Outbox(context.Background(), b.street.Code, string(day))
	if err != nil {
		b.t.Fatal(err)
	}
	lost := map[string]bool{}
	for _, e := range entries {
		if e.State == store.StateUnknown || e.State == store.StateDead {
			lost[e.To] = true
		}
	}
	b.lost[day] = lost
}

// mayHear holds what is pushed to a group against who may hear what: of a single unit the
// leaders' and the duty desk's groups, who is missing the duty desk's alone.
func (b *bottle) mayHear(m shown) {
	b.t.Helper()
	if !strings.HasPrefix(m.Chat, "g-") || m.Chat == "g-zhiban" {
		return
	}
	if strings.Contains(m.Text, "未报") || strings.Contains(m.Text, "没报") {
		b.t.Errorf("%s hears who is missing: %s", m.Chat, m.Text)
	}
	for _, c := range b.street.Committees {
		if m.Chat != "g-lingdao" && strings.Contains(m.Text, c.Name) {
			b.t.Errorf("%s hears of %s: %s", m.Chat, c.Name, m.Text)
		}
	}
}

var unitFigures = regexp.MustCompile(`在隔\d|昨\d`)

// judge reads the simulator's record of all thirty days.
func (b *bottle) judge(first config.Day, days int) {
	b.t.Helper()
	zone, unheard := b.street.Location, 0
	digests, lists := map[string]string{}, map[string]string{}
	pushes, heard := map[string]int{}, map[string]bool{}
	for _, m := range b.p.messages(0) {
		if m.Via == "person" {
			continue
		}
		at, err := time.Parse(time.RFC3339, m.At)
		if err != nil {
			b.t.Fatal(err)
		}
		day := string(b.street.Day(at.In(zone)))
		if strings.HasPrefix(m.Chat, "g-") && m.Chat != "g-lingdao" && unitFigures.MatchString(m.Text) {
			b.t.Errorf("%s hears a unit's figures: %s", m.Chat, m.Text)
		}
		if m.Via == "reply" {
			continue
		}
		if said := m.Chat + m.At + m.Text; heard[said] {
			b.t.Errorf("%s hears twice, unmarked, at %s: %s", m.Chat, m.At, m.Text)
		} else {
			heard[said] = true
		}
		b.mayHear(m)
		text := strings.TrimPrefix(m.Text, "（重发）")
		if strings.HasPrefix(m.Chat, "g-") && text == m.Text {
			pushes[day+m.Chat]++
		}
		switch {
		case m.Chat == "g-lingdao" && strings.HasPrefix(text, "【晨报"):
			digests[day] = text
		case m.Chat == "g-zhiban" && strings.HasPrefix(text, "【"):
			lists[day] = text
		case strings.HasPrefix(m.Chat, "app:") && text == m.Text && (strings.HasPrefix(text, "日报 还没报") || strings.HasPrefix(text, "您联系的")):
			pushes[day+m.Chat]++
		}
	}
	for who, n := range pushes {
		if n > 3 {
			b.t.Errorf("%s hears %d pushes", who, n)
		}
	}
	for i := range days {
		day := first.Add(i)
		cells, want := b.cells(day), b.filed[day]
		for unit := range want {
			if n := cells[unit].Rev; n != 1 {
				b.t.Errorf("%s: the report of %s is stored %d times", day, unit, n)
			}
		}
		if len(cells) != len(want) {
			b.t.Errorf("%s: %d reports stored, %d sent", day, len(cells), len(want))
		}
		morning := day.Add(1)
		base := fmt.Sprintf("日报%d/19", len(want))
		switch said := digests[string(morning)]; {
		case said == "" && b.lost[morning]["chat:领导群"]:
			unheard++
		case !strings.Contains(said, day.Label()+base):
			b.t.Errorf("the digest of %s does not say %s%s: %q", morning, day.Label(), base, said)
		}
		switch {
		case lists[string(day)] == "" && b.lost[day]["chat:值班群"]:
			unheard++
		case lists[string(day)] == "":
			b.t.Errorf("%s: the duty desk got no list", day)
		}
	}
	b.t.Logf("%d of %d digests and lists did not get through and lie visibly unknown", unheard, 2*days)
	if unheard > days {
		b.t.Errorf("the faults swallowed too much to say anything: %d", unheard)
	}
	for i := range days {
		report, err := b.store.Verify(context.Background(), b.street.Code, string(first.Add(i)))
		if err != nil || len(report.Faults) > 0 || report.Lines == 0 {
			b.t.Errorf("audit of %s: %d lines, %v, %v", first.Add(i), report.Lines, report.Faults, err)
		}
	}
}
