package notice

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// house is a street of n committees and an office of three, behind a Router.
type house struct {
	t      *testing.T
	s      *store.Store
	street *config.Street
	r      *handlers.Router
	at     time.Time

	mu sync.Mutex
	n  int
}

func newHouse(t *testing.T, s *store.Store, n int) *house {
	t.Helper()
	street := &config.Street{Code: storetest.Street(t), Location: shanghai, Chats: []config.Chat{{Name: "书记群", Kind: config.ChatSecretaries, ChatID: "g"}}}
	for i := range n {
		name := "居" + strconv.Itoa(i)
		street.Committees = append(street.Committees, config.Committee{Name: name, Ordinal: i + 1})
		street.People = append(street.People, config.Person{UserID: "sj" + strconv.Itoa(i), Title: name + "书记", Roles: []config.Role{config.RoleSecretary}, Unit: name})
	}
	for i := range 3 {
		street.People = append(street.People, config.Person{UserID: "jw" + strconv.Itoa(i), Title: "纪工委" + strconv.Itoa(i), Roles: []config.Role{config.RoleDiscipline}})
	}
	h := &house{t: t, s: s, street: street, at: time.Date(2020, 2, 13, 15, 0, 0, 0, shanghai)}
	h.r = handlers.NewRouter(handlers.RouterOptions{
		BotName: "助手", Directory: handlers.NewDirectory([]*config.Street{street}), Book: s, Door: s,
		Families: []handlers.Family{New().Handlers()}, Patience: 3 * time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	return h
}

func (h *house) hear(who string, kind handlers.Kind, text string) string {
	h.t.Helper()
	h.mu.Lock()
	h.n++
	m := handlers.Message{ID: "m" + strconv.Itoa(h.n), Via: handlers.ViaApp, From: who, Kind: kind, Text: text, At: h.at}
	h.mu.Unlock()
	if kind == handlers.Click {
		m.Text, m.Press = "", handlers.Press{Task: "t", Key: text}
	}
	c, err := h.r.Handle(context.Background(), m)
	if err != nil {
		h.t.Errorf("%s %q: %v", who, text, err)
	}
	return c.Text
}

const wanted = "/通知 告示\n请各居民区在小区门口张贴告示\n需落实\n截止：2月16日\n找谁：纪工委0"

// Two people of the office press 通过 at the same moment: one sends it out, the other hears
// who did. It is in the outbox once.
func TestTwoApproveAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHouse(t, s, 19)
		h.hear("jw0", handlers.Text, wanted)
		replies := make([]string, 2)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Go(func() { replies[i] = h.hear(fmt.Sprintf("jw%d", i+1), handlers.Click, "/通知 准 1") })
		}
		wg.Wait()
		sent, late := 0, 0
		for _, r := range replies {
			if strings.Contains(r, "已批准，正在发书记群") {
				sent++
			}
			if strings.Contains(r, "已由纪工委") && strings.Contains(r, "批准，已经发出去了") {
				late++
			}
		}
		if sent != 1 || late != 1 {
			t.Errorf("heard %q", replies)
		}
		posts := 0
		for _, w := range h.outbox() {
			if w.To == "chat:书记群" {
				posts++
			}
		}
		if posts != 1 {
			t.Errorf("%d posts in the group", posts)
		}
	})
}

// Nineteen confirm at once, each twice; a stranger and somebody of another street press the
// same button in vain. Nineteen receipts are counted.
func TestAllConfirmAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := newHouse(t, s, 19)
		h.hear("jw0", handlers.Text, wanted)
		h.hear("jw1", handlers.Click, "/通知 准 1")
		var wg sync.WaitGroup
		for i := range 38 {
			wg.Go(func() {
				if got := h.hear(fmt.Sprintf("sj%d", i%19), handlers.Click, "/收 1"); !strings.Contains(got, "已记") {
					t.Errorf("sj%d heard %q", i%19, got)
				}
			})
		}
		wg.Go(func() {
			if got := h.hear("nobody", handlers.Click, "/收 1"); !strings.Contains(got, "不在名单里") {
				t.Errorf("a stranger heard %q", got)
			}
		})
		wg.Go(func() {
			if got := h.hear("jw2", handlers.Click, "/收 1"); !strings.Contains(got, "要由") {
				t.Errorf("the office heard %q", got)
			}
		})
		wg.Wait()
		b := s.Read(h.street.Code)
		n := b.Size(store.NoticeAcks("1"))
		if err := b.Run(context.Background()); err != nil || *n != 19 {
			t.Errorf("%d receipts, %v", *n, err)
		}
	})
}

func (h *house) outbox() []store.Entry {
	h.t.Helper()
	list, err := h.s.Outbox(context.Background(), h.street.Code, string(h.street.Day(h.at)))
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// Working hours pass only while nobody is left in peace.
func TestWorkingHours(t *testing.T) {
	t.Parallel()
	street := &config.Street{Location: shanghai}
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for from, want := range map[string]string{
		"2020-02-13 15:00": "2020-02-13 19:00",
		"2020-02-13 18:00": "2020-02-14 10:00",
		"2020-02-13 21:30": "2020-02-14 12:00",
		"2020-02-14 03:00": "2020-02-14 12:00",
	} {
		if got := workAfter(street, at(from), patience); !got.Equal(at(want)) {
			t.Errorf("four hours after %s: %s, want %s", from, got, want)
		}
	}
	for until, want := range map[string]string{
		"2020-02-13 17:00": "2020-02-13 13:00",
		"2020-02-14 10:00": "2020-02-13 18:00",
		"2020-02-14 06:00": "2020-02-13 16:00",
	} {
		if got := workBefore(street, at(until), patience); !got.Equal(at(want)) {
			t.Errorf("four hours before %s: %s, want %s", until, got, want)
		}
	}
}

// What is typed as a list is numbered once; a heading and thanks are no points.
func TestPoints(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"一户一次5只":          "一户一次5只",
		"甲\n乙":            "①甲\n②乙",
		"1. 甲\n2. 乙":      "①甲\n②乙",
		"①甲\n②乙":          "①甲\n②乙",
		"一、甲\n二、乙\n谢谢配合！": "①甲\n②乙\n谢谢配合！",
		"温馨提示：统一标准。\n(1)甲\n(2)乙": "温馨提示：统一标准。\n①甲\n②乙",
		"请看：\n- 2.16前甲\n- 乙":     "请看：\n①2.16前甲\n②乙",
		"2.16前报名\n3户以下不用":        "①2.16前报名\n②3户以下不用",
		"一户一次5只\n\n二楼不用来":        "①一户一次5只\n②二楼不用来",
	} {
		if got := numbered(body); got != want {
			t.Errorf("%q is said as %q, want %q", body, got, want)
		}
		if again := numbered(numbered(body)); again != numbered(body) {
			t.Errorf("%q: numbering twice gives %q", body, again)
		}
	}
}
