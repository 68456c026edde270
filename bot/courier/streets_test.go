package courier

import (
	"context"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// hung is two streets: a send to the first one's group ends only when release is closed.
type hung struct {
	streets []*config.Street
	store   *store.Store
	courier *Courier
	release chan struct{}
}

func newHung(t *testing.T, patience time.Duration) *hung {
	t.Helper()
	h := &hung{store: storetest.Mini(t).Open(t), release: make(chan struct{})}
	for _, name := range []string{"a", "b"} {
		h.streets = append(h.streets, &config.Street{Code: storetest.Street(t) + name, Location: shanghai, Chats: []config.Chat{{Name: "书记群"}}})
	}
	h.courier = New(Options{
		Store: h.store, Directory: handlers.NewDirectory(h.streets), Now: func() time.Time { return noon },
		Owner: "one", Lease: 15 * time.Second, Attempts: 5, Parallel: 4, Streets: 2, Patience: patience,
		Logger: slog.New(slog.DiscardHandler),
		Outlet: func(s *handlers.Street, _ handlers.Target, _ int) (Outlet, error) {
			o := outlet(wecom.GroupWebhook)
			o.Send = func(context.Context, handlers.Content, wecom.SendOptions) error {
				if s == h.streets[0] {
					<-h.release
				}
				return nil
			}
			return o, nil
		},
	})
	return h
}

func (h *hung) push(t *testing.T, s *config.Street) {
	t.Helper()
	push := handlers.PushAt("chat:书记群", handlers.Digest, handlers.Say("晨报"), noon)
	if _, err := h.store.Commit(t.Context(), store.Act{Street: s.Code, At: noon, Pushes: []store.Push{push}}); err != nil {
		t.Fatal(err)
	}
}

// sent is how many pushes of a street have been sent.
func (h *hung) sent(t *testing.T, s *config.Street) int {
	t.Helper()
	entries, err := h.store.Outbox(t.Context(), s.Code, "2020-02-13")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.State == store.StateSent {
			n++
		}
	}
	return n
}

// A street whose group does not answer keeps the others waiting for a moment only, and is
// not served twice at the same time.
func TestSlowStreetKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	h := newHung(t, time.Millisecond)
	slow, quick := h.streets[0], h.streets[1]
	h.push(t, slow)
	for want := range 3 {
		h.push(t, quick)
		for h.sent(t, quick) <= want { // however short the patience, it is served in the end
			next, err := h.courier.Drain(t.Context(), noon)
			if err != nil || next.After(noon.Add(slowAgain)) || next.IsZero() {
				t.Fatalf("next %v, %v", next, err)
			}
		}
	}
	if n := h.sent(t, slow); n != 0 {
		t.Errorf("%d sent to a group that does not answer", n)
	}
	close(h.release)
	h.courier.Wait()
	if n := h.sent(t, slow); n != 1 {
		t.Errorf("%d sent to the slow group in the end", n)
	}
}

// Without patience a Drain ends when all are served, side by side.
func TestStreetsAreServedSideBySide(t *testing.T) {
	t.Parallel()
	h := newHung(t, 0)
	for _, s := range h.streets {
		h.push(t, s)
	}
	drained := make(chan error, 1)
	go func() {
		_, err := h.courier.Drain(t.Context(), noon)
		drained <- err
	}()
	for h.sent(t, h.streets[1]) == 0 { // while the first hangs
		runtime.Gosched()
	}
	if len(drained) > 0 {
		t.Error("the Drain did not wait")
	}
	close(h.release)
	if err := <-drained; err != nil || h.sent(t, h.streets[0]) != 1 {
		t.Errorf("%d sent to the first street, %v", h.sent(t, h.streets[0]), err)
	}
}
