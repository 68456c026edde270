package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"juwei/config"
	"juwei/store/storetest"
)

// The bot is killed killRounds times, on a slow machine as often as it goes in killTime, but
// at least killLeast times.
const (
	killRounds = 300
	killLeast  = 40
	killTime   = 40 * time.Second
)

// The bot is killed, really, at a random moment between receiving and answering or between
// due and sent, again and again, and started anew at once. The platform's own record
// decides: whoever was answered is stored, once; whoever asked again after silence is
// answered, once; each push arrived at most once without its mark; what must arrive has
// arrived or stands in the outbox for a person to see; the audit chain is whole.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	needRedis(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := &killer{
		r:    rand.New(rand.NewPCG(seed, 0)),
		site: newSite(t, storetest.StartTCP(t).Addr(), "2020-02-12T18:00", ""),
		late: map[string]int{}, visible: map[string]bool{},
	}
	k.bot = k.serve()
	k.p = k.player()
	deadline := time.Now().Add(killTime)
	var days []config.Day
	for day := config.Day("2020-02-13"); day <= "2020-03-20" && (k.kills < killLeast || k.kills < killRounds && time.Now().Before(deadline)); day = day.Add(1) {
		days = append(days, day)
		k.day(day)
	}
	last := days[len(days)-1].Add(1)
	k.clock(last, "07:30") // in peace
	k.clock(last, "08:01") // what was held for the morning has left
	k.note(last)
	t.Logf("%d kills in %d days: %d while reporting, %d around a duty", k.kills, len(days), k.reporting, k.kills-k.reporting)
	if k.kills < killLeast {
		t.Errorf("only %d kills in %d days", k.kills, len(days))
	}
	k.judge(days)
}

// killer kills a site's bot.
type killer struct {
	*site
	r                *rand.Rand
	p                *player
	bot              *program
	kills, reporting int
	late             map[string]int  // day and unit → how often it had to be sent again
	visible          map[string]bool // day and target that had something unknown or dead, for a person to see
}

// during does something and kills the bot after a random part of at most so long; then a
// new one is started.
func (k *killer) during(most time.Duration, do func()) {
	k.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	timer := time.NewTimer(time.Duration(k.r.Int64N(int64(most))))
	<-timer.C
	k.bot.kill()
	k.kills++
	k.bot = k.serve()
	<-done
}

func (k *killer) clock(day config.Day, at string) {
	postQuietly(k.base, "/sim/clock", map[string]string{"set": string(day) + "T" + at + ":00+08:00"})
}

// day is one day of the street.
func (k *killer) day(day config.Day) {
	k.t.Helper()
	k.moment(day, "07:30")
	k.clock(day, "09:00")
	units := slices.Clone(k.cfg.Streets[0].Committees)
	k.r.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
	for i, unit := range units[:6+k.r.IntN(7)] {
		k.report(day, unit, i)
	}
	for _, at := range []string{"15:30", "16:30", "17:15"} {
		k.moment(day, at)
	}
	k.clock(day, "23:00")
	k.note(day)
}

// note remembers what a person would see in the day's outbox.
func (k *killer) note(day config.Day) {
	k.t.Helper()
	var v outboxView
	if err := json.Unmarshal(k.p.get("/sim/outbox"), &v); err != nil {
		k.t.Fatal(err)
	}
	for _, e := range slices.Concat(v.Unknown, v.Dead) {
		k.visible[string(day)+" "+e.To] = true
	}
	for _, e := range v.Waiting { // what the quiet hours hold leaves in the morning
		if e.At.Before(day.Add(1).Time(e.At.Location())) {
			k.t.Errorf("%s: still waiting at night: %+v", day, e)
		}
	}
}

// moment moves the clock to a duty. One in three goes by in peace.
func (k *killer) moment(day config.Day, at string) {
	k.t.Helper()
	if k.r.IntN(3) > 0 {
		for _, endpoint := range []string{"webhook/send", "message/send"} {
			postQuietly(k.base, "/sim/fault", map[string]any{"endpoint": endpoint, "kind": "latency", "value": 2 + k.r.IntN(30), "count": 4})
		}
		k.during(80*time.Millisecond, func() { k.clock(day, at) })
		for _, endpoint := range []string{"webhook/send", "message/send"} {
			postQuietly(k.base, "/sim/fault", map[string]any{"endpoint": endpoint, "kind": "none"})
		}
	}
	k.clock(day, at)
	// What was being sent is known to be lost once its lease has run out.
	minute, err := time.Parse("15:04", at)
	if err != nil {
		k.t.Fatal(err)
	}
	k.clock(day, minute.Add(5*time.Minute).Format("15:04"))
}

// report files a unit's report, and sends it again, as the platform would, until it has
// been answered.
func (k *killer) report(day config.Day, unit config.Committee, n int) {
	k.t.Helper()
	who := k.secretary(unit.Name)
	// The stocks are the same each day, so that nothing needs to be asked.
	text := fmt.Sprintf("/日报 新返%d 重点0 新隔0 解除0 在隔%d 发热0 未联系%d", n, unit.Ordinal, unit.Ordinal+3)
	msg := map[string]any{"chat": who, "from": who, "text": text, "msgid": "m-" + string(day) + "-" + who}
	answered := false
	send := func() {
		_, body := postQuietly(k.base, "/sim/send", msg)
		var out struct {
			Reply json.RawMessage `json:"reply"`
		}
		answered = json.Unmarshal(body, &out) == nil && len(out.Reply) > 0
	}
	if k.r.IntN(2) == 0 {
		if k.r.IntN(2) == 0 {
			postQuietly(k.base, "/sim/fault", map[string]any{"endpoint": "callback/bot", "kind": "latency", "value": k.r.IntN(10)})
		}
		k.reporting++
		k.during(7*time.Millisecond, send)
	} else {
		send()
	}
	for range 20 {
		if answered {
			return
		}
		k.late[string(day)+" "+unit.Name]++
		send()
	}
	k.t.Errorf("%s %s was never answered", day, unit.Name)
}

// judge holds the platform's record against what is stored.
func (k *killer) judge(days []config.Day) {
	k.t.Helper()
	st := k.open()
	said, receipts, marked := map[string]int{}, map[string]int{}, 0
	for _, m := range k.p.messages(0) {
		switch {
		case m.Via == "person":
		case m.Via == "reply" || m.Via == "bot":
			receipts[m.At[:10]+" "+m.Chat]++
			if !strings.HasPrefix(m.Text, "已收 R") {
				k.t.Errorf("%s: %s heard %q", m.At, m.Chat, m.Text)
			}
		default:
			said[m.At[:13]+" "+m.Chat+" "+m.Text]++
			if strings.Contains(m.Text, "（重发）") {
				marked++
			}
		}
	}
	for what, times := range said {
		if times > 1 && !strings.Contains(what, "（重发）") {
			k.t.Errorf("said %d times: %s", times, what)
		}
	}
	for _, day := range days {
		k.audited(day)
		reports := stored(k.t, st, "demo", day)
		answered := 0
		for who, times := range receipts {
			if strings.HasPrefix(who, string(day)) {
				answered++
			}
			if times != 1 {
				k.t.Errorf("%s was answered %d times", who, times)
			}
		}
		if len(reports) != answered {
			k.t.Errorf("%s: %d were answered, %d are stored", day, answered, len(reports))
		}
		for unit, times := range reports {
			if times != 1 {
				k.t.Errorf("%s %s was stored %d times", day, unit, times)
			}
		}
		next := day.Add(1)
		k.arrived(said, string(next)+"T07 g-lingdao", "【晨报 "+next.Label()+"】", k.visible[string(next)+" chat:领导群"])
		k.arrived(said, string(day)+"T17 g-zhiban", "【"+day.Label()+"】日报", k.visible[string(day)+" chat:值班群"])
	}
	k.t.Logf("%d reports had to be sent again; %d pushes went twice, marked; %d targets had something for a person to see", len(k.late), marked, len(k.visible))
}

// arrived finds what must arrive, or what a person sees in its place.
func (k *killer) arrived(said map[string]int, where, text string, visible bool) {
	k.t.Helper()
	for what := range said {
		if strings.HasPrefix(what, where) && strings.Contains(what, text) {
			return
		}
	}
	if !visible {
		k.t.Errorf("%s at %s was lost", text, where)
	}
}
