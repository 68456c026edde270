package roster

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// house is a street with this family alone, and some volunteers, on a Redis of its own.
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
	s := cfg.Streets[0]
	for i := range 6 {
		s.People = append(s.People, config.Person{
			UserID: fmt.Sprintf("zy-%02d", i+1), Title: fmt.Sprintf("志愿者%02d", i+1), Roles: []config.Role{config.RoleVolunteer}, Unit: []string{"梅园", "文苑"}[i%2],
		})
	}
	h := &house{t: t, family: New(), store: storetest.Mini(t).Open(t), dir: handlers.NewDirectory(cfg.Streets), street: s}
	h.router = handlers.NewRouter(handlers.RouterOptions{
		BotName: "防控助手", Directory: h.dir, Book: h.store, Door: h.store, Families: []handlers.Family{h.family.Handlers()},
		Patience: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	h.now = time.Date(2020, 2, 13, 15, 0, 0, 0, s.Location)
	return h
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

// world is every shift and everybody's own.
func (h *house) world() ([]*Shift, map[string]*Hand) {
	h.t.Helper()
	list, err := live(context.Background(), h.desk())
	if err != nil {
		h.t.Fatal(err)
	}
	all, err := allHands(context.Background(), h.desk())
	if err != nil {
		h.t.Fatal(err)
	}
	return list, all
}
