package courier

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// at sets the clock to a time of the day, 2020-02-13 or so many days later.
func (w *world) at(clock string, days int) {
	w.t.Helper()
	c, err := time.ParseInLocation("15:04:05", clock, shanghai)
	if err != nil {
		w.t.Fatal(err)
	}
	day := time.Date(2020, 2, 13+days, c.Hour(), c.Minute(), c.Second(), 0, shanghai)
	w.clock.move(day.Sub(w.clock.Now()))
}

// What each kind does in the quiet hours, just before and just after their ends.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	const before, begin, end, after = "19:59:59", "20:00:00", "07:59:59", "08:00:00"
	rows := []struct {
		kind     handlers.PushKind
		at       string // when it is put into the outbox
		now      bool   // it is said at once
		state    string // at once
		tomorrow string // its state after 08:00 of the next day
	}{
		{handlers.Notice, before, true, "sent", "sent"},
		{handlers.Notice, begin, false, "waiting 静默时段", "sent"},
		{handlers.Emergency, begin, true, "sent", "sent"},
		{handlers.Digest, begin, true, "sent", "sent"},
		{handlers.Reply, begin, true, "sent", "sent"},
		{handlers.CaseCard, begin, false, "waiting 静默时段", "sent"},
		{handlers.Nudge, before, true, "sent", "sent"},
		{handlers.Nudge, begin, false, "dropped 静默时段", "dropped"}, // its purpose has passed by the morning
		{handlers.Nudge, end, false, "waiting 静默时段", "sent"},      // this one's has not
		{handlers.Nudge, after, true, "sent", "sent"},
		{handlers.Reminder, before, true, "sent", "sent"},
		{handlers.Reminder, begin, false, "dropped 静默时段", "dropped"},
		{handlers.Reminder, end, false, "dropped 静默时段", "dropped"},
		{handlers.Reminder, after, true, "sent", "sent"},
	}
	for _, row := range rows {
		t.Run(string(row.kind)+" "+row.at, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Mini(t).Open(t))
			day := 0
			if row.at < "12" {
				day = 1
			}
			w.at(row.at, day)
			n := w.push("user:a", row.kind, "话")
			w.drain()
			if got := len(w.platform.lines()) > 0; got != row.now {
				t.Errorf("said at once: %v, want %v", got, row.now)
			}
			if got := w.states()[n]; !strings.HasPrefix(got, row.state) {
				t.Errorf("it is %q, want %q", got, row.state)
			}
			w.at("08:00:00", 1)
			w.drain()
			if got := w.states()[n]; !strings.HasPrefix(got, row.tomorrow) {
				t.Errorf("in the morning it is %q, want %q", got, row.tomorrow)
			}
		})
	}
}

// Three a day, to a person and to a group; what is above waits or is dropped; what does not
// count does not count.
func TestBudget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		for _, to := range []handlers.Target{"user:a", "chat:书记群"} {
			for i := range 3 {
				w.push(to, handlers.Notice, fmt.Sprint("第", i+1))
				w.drain()
			}
			w.clock.move(time.Minute)
		}
		if got := len(w.platform.lines()); got != 6 {
			t.Fatalf("%d were said, want 6: %q", got, w.platform.lines())
		}
		notice := w.push("user:a", handlers.Notice, "第四条")
		card := w.push("user:a", handlers.CaseCard, "卡片")
		nudge := w.push("user:a", handlers.Nudge, "催")
		reminder := w.push("chat:书记群", handlers.Reminder, "群里催")
		w.push("user:a", handlers.Reply, "答复")
		w.push("user:a", handlers.Emergency, "急")
		w.drain()
		if got := len(w.platform.lines()); got != 8 {
			t.Errorf("%d were said, want 8: %q", got, w.platform.lines())
		}
		got := w.states()
		for n, want := range map[int64]string{
			notice: "waiting 今天已说满3条，等到明早", card: "waiting 今天已说满3条，等到明早",
			nudge: "dropped 今天已说满3条", reminder: "dropped 今天已说满3条",
		} {
			if got[n] != want {
				t.Errorf("%d is %q, want %q", n, got[n], want)
			}
		}
		w.at("07:59:59", 1)
		w.drain()
		if got := len(w.platform.lines()); got != 8 {
			t.Errorf("before 08:00 %d were said, want 8", got)
		}
		w.at("08:00:00", 1)
		w.drain()
		if got := len(w.platform.lines()); got != 10 {
			t.Errorf("at 08:00 %d were said, want 10: %q", got, w.platform.lines())
		}
	})
}

// A notice's copies leave the day's last place to who is missing and wait for the morning; his
// own cards, which find no place, come with his next answer.
func TestReserve(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		var cards []int64
		for i := range 3 {
			cards = append(cards, w.push("user:a", handlers.Copy, fmt.Sprint("提示", i+1)))
			w.drain()
		}
		w.want(map[int64]string{cards[2]: "waiting 今天已说2条，余下的留给催报，等到明早"}, "user:a: 提示1", "user:a: 提示2")
		nudge := w.push("user:a", handlers.Nudge, "还没报")
		w.drain()
		w.want(map[int64]string{nudge: "sent"}, "user:a: 提示1", "user:a: 提示2", "user:a: 还没报")
		late := w.push("user:a", handlers.Copy, "提示4")
		own := w.push("user:a", handlers.CaseCard, "他自己的事")
		second := w.push("user:a", handlers.CaseCard, "还有一件")
		w.commit(handlers.PushAt("user:a", handlers.CaseCard, handlers.Say("后天再说"), w.clock.Now().Add(48*time.Hour)))
		w.push("user:a", handlers.Notice, "通知")
		w.drain()
		w.want(map[int64]string{late: "waiting", own: "waiting 今天已说满3条，等到明早"},
			"user:a: 提示1", "user:a: 提示2", "user:a: 还没报")
		for i, want := range []string{"已收\n\n他自己的事\n\n还有一件", "已收"} {
			if got := w.courier.Join(t.Context(), "a", handlers.Say("已收"), w.clock.Now(), w.courier.Owed("a", w.clock.Now())); got.Text != want {
				t.Errorf("answer %d is %q, want %q", i, got.Text, want)
			}
		}
		w.want(map[int64]string{late: "waiting", own: "sent " + whyJoined, second: "sent " + whyJoined}, "user:a: 提示1", "user:a: 提示2", "user:a: 还没报")
	})
}

// The smallest budget of the packs that run holds, and their quiet hours add up.
func TestBudgetOfSeveralPacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	w.street.Runs = []config.Run{
		{Pack: &config.Pack{Name: "p", Budget: config.Budget{PerPerson: 5, PerChat: 5, QuietFrom: 20 * 60, QuietTo: 8 * 60}}, From: "2020-02-01"},
		{Pack: &config.Pack{Name: "q", Budget: config.Budget{PerPerson: 1, PerChat: 2, QuietFrom: 7 * 60, QuietTo: 9 * 60}}, From: "2020-02-01"},
	}
	w.push("user:a", handlers.Notice, "一")
	second := w.push("user:a", handlers.Notice, "二")
	w.drain()
	w.want(map[int64]string{second: "waiting 今天已说满1条"}, "user:a: 一")
	w.at("08:59:59", 1)
	w.drain()
	w.want(nil, "user:a: 一")
	w.at("09:00:00", 1)
	w.drain()
	w.want(nil, "user:a: 一", "user:a: 二")
}

// Two replicas that say something to the same person at the same moment don't both take
// the last place.
func TestBudgetIsSharedByReplicas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.push("user:a", handlers.Notice, "一")
		w.push("user:a", handlers.CaseCard, "二")
		w.drain()
		// Two kinds, so that neither waits for the other's turn.
		w.push("user:a", handlers.Notice, "三")
		w.push("user:a", handlers.CaseCard, "四")
		other := w.replica(st, "two")
		done := make(chan error)
		go func() {
			_, err := other.Drain(t.Context(), w.clock.Now())
			done <- err
		}()
		w.drain()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		w.clock.move(time.Second)
		w.drain()
		if got := len(w.platform.lines()); got != 3 {
			t.Errorf("%d were said, want 3: %q", got, w.platform.lines())
		}
	})
}

// What nobody heard is not counted.
func TestRefusedIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	w.platform.reply = func(string, handlers.Target, string) reply { return refuse(45002) }
	for range 3 {
		w.push("chat:书记群", handlers.Notice, "太长")
	}
	w.drain()
	w.platform.reply = nil
	w.push("chat:书记群", handlers.Notice, "好了")
	w.drain()
	if got := w.platform.lines(); len(got) == 0 || got[0] != "chat:书记群: 好了" {
		t.Errorf("said %q", got)
	}
}

// What waits for the same person is said together, as one message of the budget; what must
// arrive goes by itself.
func TestMerge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		moot := handlers.Recipe{Name: "moot", Render: func(context.Context, *handlers.Serving) (handlers.Content, error) {
			return handlers.Content{}, &handlers.Moot{Why: "已经报了"}
		}}
		w := newWorld(t, st, moot)
		w.push("user:a", handlers.Notice, "通知")
		w.commit(handlers.PushAt("user:a", handlers.CaseCard, handlers.Content{Text: "【问题3】整改好了吗", Card: &handlers.Card{
			Task: "t", Title: "问题3", Buttons: []handlers.Button{{Text: "改好了", Line: "/办结 3"}},
		}}, noon))
		dropped := w.commit(handlers.PushRecipe("user:a", handlers.Nudge, "moot", nil, noon))
		last := w.push("user:a", handlers.Nudge, "日报还没报")
		w.push("user:b", handlers.Nudge, "日报还没报")
		long := w.push("user:a", handlers.Nudge, strings.Repeat("长", 60))
		w.drain()
		want := "user:a: 通知|user:a: 【问题3】整改好了吗\n改好了请回：/办结 3\n\n日报还没报|user:a: " + strings.Repeat("长", 60)
		var toA []string
		for _, line := range w.platform.lines() {
			if strings.HasPrefix(line, "user:a") {
				toA = append(toA, line)
			}
		}
		if got := strings.Join(toA, "|"); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		got := w.states()
		if got[dropped] != "dropped 已经报了" || got[last] != "sent 和2一起说的" || got[long] != "sent" {
			t.Errorf("states %v", got)
		}
		b := st.Read(w.street.Code)
		cell := b.Cell(store.Said("2020-02-13"), "user:a")
		if err := b.Run(t.Context()); err != nil || cell.Value != "1,2,6" {
			t.Errorf("counted %q, %v", cell.Value, err)
		}
	})
}

// A nudge that was held up is asked again whether it is still true.
func TestRetriedNudgeIsRenderedAnew(t *testing.T) {
	t.Parallel()
	filed := false
	recipe := handlers.Recipe{Name: "nudge", Render: func(context.Context, *handlers.Serving) (handlers.Content, error) {
		if filed {
			return handlers.Content{}, &handlers.Moot{Why: "已经报了"}
		}
		return handlers.Say("还没报"), nil
	}}
	w := newWorld(t, storetest.Mini(t).Open(t), recipe)
	w.platform.reply = func(string, handlers.Target, string) reply { return refuse(45009) }
	n := w.commit(handlers.PushRecipe("user:a", handlers.Nudge, "nudge", nil, noon))
	w.drain()
	w.platform.reply, filed = nil, true
	w.run(5 * time.Minute)
	w.want(map[int64]string{n: "dropped 已经报了"})
}

// A long text goes in numbered parts; after a fault it goes on where it was, and only the
// part that may have been heard is marked.
func TestPartsAreNotRepeated(t *testing.T) {
	t.Parallel()
	lines := make([]string, 12)
	for i := range lines {
		lines[i] = fmt.Sprintf("%02d", i) + strings.Repeat("字", 12)
	}
	text := strings.Join(lines, "\n")
	for _, row := range []struct {
		name   string
		second reply // to the second part
		want   []string
	}{
		{"refused", refuse(-1), []string{"00", "04", "08"}},
		{"unknown", lostAnswer, []string{"00", "04", "（重发）04", "08"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Mini(t).Open(t))
			w.platform.reply = func(string, handlers.Target, string) reply {
				if w.platform.tried == 2 {
					return row.second
				}
				return reply{}
			}
			n := w.push("chat:书记群", handlers.Notice, text)
			w.push("chat:书记群", handlers.Notice, "后面的")
			w.run(10 * time.Minute)
			want := append(append([]string(nil), row.want...), "后面的")
			for i, line := range w.platform.lines() {
				if i >= len(want) || !strings.HasPrefix(line, "chat:书记群: "+want[i]) {
					t.Errorf("part %d is %q", i, line)
				}
			}
			if got := len(w.platform.lines()); got != len(want) {
				t.Errorf("%d messages, want %d", got, len(want))
			}
			if got := w.states()[n]; got != "sent" {
				t.Errorf("it is %q", got)
			}
		})
	}
}

// Parts keep the pace too.
func TestPartsKeepThePace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	w.push("chat:书记群", handlers.Notice, strings.Repeat(strings.Repeat("字", 60)+"\n", 6))
	w.drain()
	if got := len(w.platform.lines()); got != 4 {
		t.Errorf("%d parts at once, want 4", got)
	}
	w.clock.move(time.Minute)
	w.drain()
	if got := len(w.platform.lines()); got != 6 {
		t.Errorf("%d parts after a minute, want 6", got)
	}
}

// A private message that does not get through: the bot's own chat, then the duty desk,
// never a group; what is sealed is not told.
func TestFallback(t *testing.T) {
	t.Parallel()
	pack := &config.Pack{Name: "epidemic"}
	for _, row := range []struct {
		name string
		bot  bool // the bot's chat works
		push store.Push
		want []string
	}{
		{"the bot's chat", true, handlers.PushAt("user:a", handlers.Notice, handlers.Say("话"), noon), []string{"user:a: 话"}},
		{"the duty desk", false, handlers.PushAt("user:a", handlers.Notice, handlers.Say("话"), noon), []string{"user:zb: 【代转1】梅园书记收不到私信，请打电话转告：\n话"}},
		{"sealed", false, handlers.Sealed(handlers.PushAt("user:a", handlers.Reply, handlers.Say("6号1203"), noon), pack), []string{"user:zb: 【代转1】梅园书记收不到私信，请打电话转告。"}},
		{"the duty desk itself", false, handlers.PushAt("user:zb", handlers.Notice, handlers.Say("话"), noon), nil},
		{"a group", false, handlers.PushAt("chat:书记群", handlers.Notice, handlers.Say("话"), noon), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Mini(t).Open(t))
			w.platform.reply = func(channel string, to handlers.Target, _ string) reply {
				if string(to) == row.push.To && !(row.bot && channel == "bot") {
					return refuse(60111)
				}
				return reply{}
			}
			w.commit(row.push)
			w.drain()
			w.want(nil, row.want...)
			if row.bot {
				return
			}
			w.at("08:00:00", 1)
			w.drain()
			w.want(map[int64]string{}, append(row.want, "user:adm: 【投递】有没发成的")...)
		})
	}
}

// A code that concerns every message is told at once, once a day, and nobody else is
// troubled with it; one that concerns a group says which.
func TestAlert(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		40001: "user:adm: 【投递】现在什么也发不出去：应用的 Secret 不对或应用已停用：请到管理后台“应用管理”里核对 Secret。\n看详情：/投递",
		93000: "user:adm: 【投递】书记群发不出去：群机器人的 webhook 无效，或机器人已被移出群：请在群里重新添加并换上新的 key。\n看详情：/投递",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.Mini(t).Open(t))
			w.platform.reply = func(_ string, to handlers.Target, _ string) reply {
				if to.IsChat() {
					return refuse(code)
				}
				return reply{}
			}
			w.push("chat:书记群", handlers.Notice, "一")
			w.push("chat:书记群", handlers.Notice, "二")
			w.drain()
			w.want(nil, want)
		})
	}
}

// In a drill everything is marked and nobody outside the list is reached.
func TestDrill(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.street.Drill = []string{"a", "zb"}
		a := w.push("user:a", handlers.Emergency, "急")
		b := w.push("user:b", handlers.Emergency, "急")
		g := w.push("chat:书记群", handlers.Notice, "话")
		w.drain()
		w.want(map[int64]string{a: "sent", b: "dropped 演练：不在演练名单里", g: "dropped 演练：不在演练名单里"}, "user:a: 【演练】急")
		w.platform.reply = func(_ string, to handlers.Target, _ string) reply {
			if to == "user:a" {
				return refuse(60111)
			}
			return reply{}
		}
		w.push("user:a", handlers.Notice, "话")
		w.run(time.Hour)
		w.want(nil, "user:a: 【演练】急", "user:zb: 【演练】【代转4】梅园书记收不到私信，请打电话转告：\n话")
	})
}

// Everybody is called only when a second person wants it, and only where the channel can.
func TestMentionAllNeedsASecondPerson(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		to   handlers.Target
		yes  *handlers.Consent
		want bool
	}{
		{"chat:书记群", nil, false},
		{"chat:书记群", &handlers.Consent{Author: "a"}, false},
		{"chat:书记群", &handlers.Consent{Author: "a", Second: "a"}, false},
		{"chat:书记群", &handlers.Consent{Author: "a", Second: "b"}, true},
		{"user:a", &handlers.Consent{Author: "a", Second: "b"}, false},
	} {
		w := newWorld(t, storetest.Mini(t).Open(t))
		p := handlers.PushAt(row.to, handlers.Notice, handlers.Content{}, noon)
		p.Body = handlers.Parcel{Content: handlers.Say("话"), All: row.yes}.Body()
		w.commit(p)
		w.drain()
		if len(w.platform.said) != 1 || w.platform.said[0].all != row.want {
			t.Errorf("to %s with %+v: %+v", row.to, row.yes, w.platform.said)
		}
	}
}

// Expiry, just before and just after; a group that is not configured; a forgotten key.
func TestEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Mini(t).Open(t))
	p := handlers.PushAt("user:a", handlers.Digest, handlers.Say("话"), noon)
	p.Expires = noon.Add(time.Minute)
	in := w.commit(p)
	p.To = "user:b"
	out := w.commit(p)
	gone := w.push("chat:没有的群", handlers.Notice, "话")
	w.clock.move(time.Minute)
	due, err := w.store.Due(t.Context(), w.street.Code, w.clock.Now(), 10)
	if err != nil || len(due) != 3 {
		t.Fatalf("%d due, %v", len(due), err)
	}
	if v := gate(w.street, w.clock.Now(), &due[0]); !v.pass() {
		t.Errorf("at its expiry it is %+v", v)
	}
	if _, err := w.store.Claim(t.Context(), w.street.Code, due[1], "x", w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.drain()
	w.want(map[int64]string{in: "sent", out: "sent", gone: "dead 发不出去"}, w.platform.lines()...)
	if v := gate(w.street, w.clock.Now().Add(time.Millisecond), &due[0]); v.drop != whyPassed {
		t.Errorf("after its expiry it is %+v", v)
	}
	if v := gate(w.street, w.clock.Now(), &store.Waiting{Lost: true}); v.drop != whyKeyGone {
		t.Errorf("with a forgotten key it is %+v", v)
	}
}

// Who writes in the quiet hours hears with the answer what waits for the morning; nobody
// else, nothing else, and only once.
func TestCardsJoinTheAnswer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		w := newWorld(t, st)
		w.at("20:00:00", 0)
		card := w.push("user:a", handlers.CaseCard, "问题3")
		notice := w.push("user:a", handlers.Notice, "通知")
		w.push("user:b", handlers.CaseCard, "别人的")
		w.drain()
		for i, row := range []struct{ who, want string }{
			{"a", "已收\n\n问题3"}, {"a", "已收"}, {"nobody", "已收"},
		} {
			if got := w.courier.Join(t.Context(), row.who, handlers.Say("已收"), w.clock.Now(), w.courier.Owed(row.who, w.clock.Now())); got.Text != row.want {
				t.Errorf("answer %d is %q, want %q", i, got.Text, row.want)
			}
		}
		w.want(map[int64]string{card: "sent " + whyJoined, notice: "waiting 静默时段"})
		w.at("08:00:00", 1)
		w.push("user:a", handlers.CaseCard, "早上的")
		if got := w.courier.Join(t.Context(), "a", handlers.Say("已收"), w.clock.Now(), w.courier.Owed("a", w.clock.Now())); got.Text != "已收" {
			t.Errorf("in the day the answer is %q", got.Text)
		}
		w.drain()
		long := strings.Repeat("长", 600)
		w.at("21:00:00", 1)
		stays := w.push("user:a", handlers.CaseCard, long)
		w.drain()
		if got := w.courier.Join(t.Context(), "a", handlers.Say(long), w.clock.Now(), w.courier.Owed("a", w.clock.Now())); got.Text != long {
			t.Errorf("a card that has no room was joined")
		}
		w.at("08:00:00", 2)
		w.run(10 * time.Minute)
		if got := w.states()[stays]; got != "sent" {
			t.Errorf("it is %q, want it sent in the morning", got)
		}
	})
}

// A card that the loop puts off at the very moment it is to be joined is joined all the same.
func TestCardPutOffMeanwhileIsJoined(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	w := newWorld(t, server.Open(t))
	w.at("20:00:00", 0)
	card := w.push("user:a", handlers.CaseCard, "问题3")
	first := &before{do: func() { w.drain() }}
	joins := w.replica(server.Open(t, func(o *store.Options) { o.Hooks = append(o.Hooks, first) }), "two")
	if got := joins.Join(t.Context(), "a", handlers.Say("已收"), w.clock.Now(), joins.Owed("a", w.clock.Now())); got.Text != "已收\n\n问题3" {
		t.Errorf("the answer is %q", got.Text)
	}
	w.want(map[int64]string{card: "sent " + whyJoined})
}

// before does something in front of the first run of the script.
type before struct {
	once sync.Once
	do   func()
}

func (b *before) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *before) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			b.once.Do(b.do)
		}
		return next(ctx, cmd)
	}
}

func (b *before) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
