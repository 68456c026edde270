package cases

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// house is a street with this family alone, on a Redis of its own.
type house struct {
	t      *testing.T
	family *Family
	router *handlers.Router
	store  *store.Store
	dir    *handlers.Directory
	street *config.Street
	now    time.Time
	n      int
}

func newHouse(t *testing.T) *house {
	t.Helper()
	cfg, err := config.Demo(config.Known{})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, family: New(nil), store: storetest.Mini(t).Open(t), dir: handlers.NewDirectory(cfg.Streets), street: cfg.Streets[0]}
	h.router = handlers.NewRouter(handlers.RouterOptions{
		BotName: "防控助手", Directory: h.dir, Book: h.store, Door: h.store, Families: []handlers.Family{h.family.Handlers(), mending(h.family)},
		Patience: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	h.now = time.Date(2020, 2, 13, 15, 0, 0, 0, h.street.Location)
	return h
}

// mending stands in for the family that has the word /改.
func mending(f *Family) handlers.Family {
	return handlers.Family{Name: "mending", Commands: func(*config.Street) []handlers.Command {
		return []handlers.Command{{Name: "改", Run: f.mend}}
	}}
}

func (h *house) desk() *handlers.Desk {
	return &handlers.Desk{Street: h.street, Day: h.street.Day(h.now), At: h.now, Dir: h.dir, Book: h.store}
}

// say says a line in a 1:1 chat. Only refusals and answers come of it, never a failure.
func (h *house) say(from, line string) handlers.Result {
	h.t.Helper()
	h.n++
	res := h.router.Try(context.Background(), handlers.Message{
		ID: fmt.Sprintf("bot:b:%d", h.n), Via: handlers.ViaBot, From: from, Kind: handlers.Text, Text: line, At: h.now,
	})
	if res.Err != nil {
		h.t.Fatalf("%s> %s: %v", from, line, res.Err)
	}
	return res
}

// ring does every due item whose time has come.
func (h *house) ring() {
	h.t.Helper()
	b := h.store.Read(h.street.Code)
	items := b.DueBy(dueKind, h.now)
	if err := b.Run(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	for _, it := range *items {
		d := h.desk()
		_, _, err := handlers.Settle(context.Background(), h.store, handlers.Occasion{Actor: "-", Command: "due"}, d, nil, func() (handlers.Outcome, error) {
			out, err := h.family.moment(context.Background(), &handlers.Item{Desk: *d, ID: it.ID, Due: it.At})
			out.Changes = append([]store.Change{store.DueDone(dueKind, it.ID)}, out.Changes...)
			return out, err
		})
		if err != nil {
			h.t.Fatalf("due %s: %v", it.ID, err)
		}
	}
}

// world is every case and every older version.
func (h *house) world() (now map[string]*Case, old map[string]string) {
	h.t.Helper()
	b := h.store.Read(h.street.Code)
	cells, log := b.All(records), b.All(history)
	if err := b.Run(context.Background()); err != nil {
		h.t.Fatal(err)
	}
	now, old = map[string]*Case{}, map[string]string{}
	for id, c := range *cells {
		k, err := decode(id, c)
		if err != nil {
			h.t.Fatal(err)
		}
		now[id] = k
	}
	for id, c := range *log {
		old[id] = c.Value
	}
	return now, old
}

// No sequence of commands, by whomever, reaches a state that the table does not have, or
// goes a way it does not know; the history only grows, by the version overwritten.
func TestLife(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			liveALot(t, rand.New(rand.NewPCG(seed, 7)))
		})
	}
}

func liveALot(t *testing.T, r *rand.Rand) {
	h := newHouse(t)
	people := []string{"sj-meiyuan", "sg-meiyuan", "wy-1", "dc-1", "jw-1", "ll-1", "ld-shuji", "ld-zhuren", "zb-1", "ksh-1", "sj-wenyuan", "admin"}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	before, older := h.world()
	id := func() string { // mostly one that is there
		if len(before) == 0 || r.IntN(5) == 0 {
			return pick("1", "2", "3", "W1", "W9", "急1", "J1", "#1", "2.3")
		}
		ids := slices.Sorted(maps.Keys(before))
		if r.IntN(2) == 0 { // often one of the same few, so that much happens to it
			ids = ids[:min(4, len(ids))]
		}
		return pick(ids...)
	}
	lines := []func() string{
		func() string { return "/查 演员 彩虹花苑南门 没人问" },
		func() string { return "/查 新 彩虹花苑南门 没测温" },
		func() string { return "/问 新 彩虹花苑南门 老人要领口罩" },
		func() string { return "/问 并 " + id() },
		func() string { return "/暗 彩虹花苑北门 测温枪没电" },
		func() string { return "/交办 管理办 明天17:00 标准发各居委" },
		func() string { return "/急 彩虹花苑南门 吵起来了" },
		func() string { return "/急 " + pick("1", "2") + " 好些了" },
		func() string { return "/放 " + id() },
		func() string { return "/接 " + id() },
		func() string { return "/改 " + id() + " 改好了" },
		func() string { return "#1改好了" },
		func() string { return "/验 " + id() + " 过" },
		func() string { return "/验 " + id() + " 退 夜里没人" },
		func() string { return "/回 " + id() + " 过" },
		func() string { return "/回 " + id() + " 反弹 又没人" },
		func() string { return "/定 " + id() + " 加人 明天8点" },
		func() string { return "/延 " + id() + " 2.20 等配件" },
		func() string { return "/延 " + id() + " " + pick("准", "不准 不行") },
		func() string { return "/呼 " + id() + " 要两把测温枪" },
		func() string { return "/问题 " + id() + " 再看看" },
		func() string { return "/问题 " + id() },
		func() string { return "/问题" },
		func() string { // seldom: what is opened is read at every step
			return pick("/查 站前小区东门 没测温 已当场改", "/巡 文苑 旧里缺人 门岗好", "/清单 督查反馈\n管理办 明天 贴告示\n梅园 2.16 补登记本",
				"/任务 楼宇防疫\n管理办 2.20 出标准", "/问题", "/问题", "/问题", "/问题")
		},
		func() string {
			return "/清单 " + pick("1.1", "1.2", "2.1") + " " + pick("117/123", "八成", "完成", "123/123")
		},
		func() string { return "/任务 1.1 " + pick("50%", "100%") },
		func() string { return "/例会" },
	}
	seen := map[State]bool{}
	for range 400 {
		line := lines[r.IntN(len(lines))]()
		if r.IntN(8) == 0 {
			line = "(time)"
			h.now = h.now.Add(time.Duration(r.IntN(600)) * time.Minute)
			h.ring()
		} else {
			h.say(people[r.IntN(len(people))], strings.Replace(line, "#1改", "W1改", 1))
		}
		now, old := h.world()
		for name, value := range older {
			if old[name] != value {
				t.Fatalf("%s: the history's %s has changed", line, name)
			}
		}
		for name, k := range now {
			was := before[name]
			seen[k.State] = true
			switch {
			case was == nil && k.rev != 1, was != nil && k.rev < was.rev:
				t.Fatalf("%s: %s has revision %d", line, name, k.rev)
			case was == nil:
				was = &Case{}
			case k.rev == was.rev:
				if diff := cmp.Diff(was.encode(), k.encode()); diff != "" {
					t.Fatalf("%s: %s changed without a revision: %s", line, name, diff)
				}
				continue
			case k.rev != was.rev+1:
				t.Fatalf("%s: %s leapt from revision %d to %d", line, name, was.rev, k.rev)
			default:
				if old[fmt.Sprintf("%s#%d", name, was.rev)] != was.encode() {
					t.Fatalf("%s: the history has no revision %d of %s", line, was.rev, name)
				}
			}
			if to, ok := after(was.State, k.Last.Verb); !ok || to != k.State {
				t.Fatalf("%s: %s went from %q by %q to %q", line, name, was.State, k.Last.Verb, k.State)
			}
			if k.State == Closed && k.Fixer == k.Last.By && k.Last.Verb == Pass {
				t.Fatalf("%s: %s was verified by the one who fixed it", line, name)
			}
			if k.Due > 0 && !slices.Contains([]State{Waiting, Working}, k.State) {
				t.Fatalf("%s: %s is %s and its owner's clock runs", line, name, k.State)
			}
			if typ(h.street, k).Kind == config.CaseUrgent && k.State != Closed {
				if next := h.family.next(h.desk(), k); next.IsZero() || next.After(h.now.Add(followUp)) {
					t.Fatalf("%s: nobody is asked about %s, %s, for more than half an hour", line, name, k.State)
				}
			}
		}
		before, older = now, old
	}
	for _, s := range []State{Waiting, Working, Fixed, Closed} {
		if !seen[s] {
			t.Errorf("no case ever was %s", s)
		}
	}
}

// Two act on one case at once: one of them does it, the other hears who did.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.say("dc-1", "/查 彩虹花苑南门 没测温")
	people := []string{"wy-1", "sj-meiyuan", "sg-meiyuan"}
	replies := make(chan handlers.Result, len(people))
	for i, from := range people {
		go func() {
			replies <- h.router.Try(context.Background(), handlers.Message{
				ID: fmt.Sprint("at-once:", i), Via: handlers.ViaBot, From: from, Kind: handlers.Text, Text: "/改 1 换班了", At: h.now,
			})
		}()
	}
	done := 0
	for range people {
		switch r := <-replies; {
		case r.Err != nil:
			t.Fatal(r.Err)
		case r.Refusal == nil:
			done++
		case !strings.Contains(r.Refusal.What, "报了已改"):
			t.Errorf("the second hears %q", r.Refusal.What)
		}
	}
	now, old := h.world()
	if k := now["W01"]; done != 1 || k.State != Fixed || k.rev != 2 || len(old) != 1 {
		t.Errorf("%d did it, the case is %s at revision %d with %d older", done, k.State, k.rev, len(old))
	}
}

// A pressed button is the line it stands for: by a stranger, a second time or late it hears
// why not, and nothing changes.
func TestClicks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.say("dc-1", "/查 彩虹花苑南门 没测温")
	h.say("wy-1", "/改 1 换班了")
	n := 0
	press := func(from, key string) handlers.Result {
		n++
		return h.router.Try(context.Background(), handlers.Message{
			ID: fmt.Sprint("click:", n), Via: handlers.ViaApp, From: from, Kind: handlers.Click, Press: handlers.Press{Task: "t", Key: key}, At: h.now,
		})
	}
	before, _ := h.world()
	for from, why := range map[string]string{"sj-wenyuan": "不归您", "wy-1": "自己改的不能自己验", "sj-meiyuan": "自己这边", "nobody": "不在名单"} {
		if r := press(from, "/验 W01 过"); r.Refusal == nil || !strings.Contains(r.Refusal.Error(), why) {
			t.Errorf("%s presses and hears %+v", from, r.Refusal)
		}
	}
	if now, _ := h.world(); cmp.Diff(before["W01"].encode(), now["W01"].encode()) != "" {
		t.Error("a stranger's click changed the case")
	}
	if r := press("dc-1", "/验 W01 过"); r.Refusal != nil || r.Err != nil {
		t.Fatalf("the finder presses and hears %+v %v", r.Refusal, r.Err)
	}
	closed, _ := h.world()
	h.now = h.now.Add(48 * time.Hour)
	for _, key := range []string{"/验 W01 过", "/验 W01 退", "/接 W01", "/改 W01 已改"} {
		from := "dc-1"
		if !strings.HasPrefix(key, "/验") {
			from = "wy-1"
		}
		if r := press(from, key); r.Refusal == nil {
			t.Errorf("%s late: no refusal, %q", key, r.Outcome.Reply.Text)
		}
	}
	if now, _ := h.world(); cmp.Diff(closed["W01"].encode(), now["W01"].encode()) != "" {
		t.Error("a late click changed the case")
	}
}
