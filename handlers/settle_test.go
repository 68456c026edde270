package handlers_test

import (
	"fmt"
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

// What is decided on memory is compared by the commit, and what commits nothing is decided
// again on what is there: nobody ever hears of what another process has changed since.
func TestSettleOnMemory(t *testing.T) {
	t.Parallel()
	yesterday, today := store.Reports("日报", "2020-02-12"), store.Reports("日报", "2020-02-13")
	at := time.Date(2020, 2, 13, 7, 0, 0, 0, time.UTC)
	rows := map[string]struct {
		pure    bool // nothing is to be written
		changed bool // another process changes what is remembered
		runs    int
		trips   int
		want    string
	}{
		"as remembered":     {runs: 1, trips: 1, want: "8"},
		"changed meanwhile": {changed: true, runs: 2, trips: 3, want: "9"},
		"pure":              {pure: true, runs: 2, trips: 1, want: "8"},
		"pure, changed":     {pure: true, changed: true, runs: 2, trips: 1, want: "9"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.Start(t)
			ours, theirs := server.Open(t), server.Open(t)
			street := &config.Street{Code: storetest.Street(t), Location: time.UTC}
			put := func(s *store.Store, rev int, value string) {
				t.Helper()
				if _, err := s.Commit(t.Context(), store.Act{Street: street.Code, At: at, Changes: []store.Change{store.Put(yesterday, "梅园", rev, value)}}); err != nil {
					t.Fatal(err)
				}
			}
			put(ours, 0, "8")
			if row.changed {
				put(theirs, 1, "9")
			}
			d := &handlers.Desk{Street: street, Day: "2020-02-13", At: at, Dir: handlers.NewDirectory([]*config.Street{street}), Book: ours}
			runs, trips := 0, storetest.Trips(t, ours)
			out, done, err := handlers.Settle(t.Context(), ours, handlers.Occasion{ID: "1", Actor: "sj", Command: "日报"}, d,
				func(c handlers.Content) []byte { return []byte(c.Text) },
				func() (handlers.Outcome, error) {
					runs++
					b := d.Read()
					cell := b.Cell(yesterday, "梅园")
					if err := b.Run(t.Context()); err != nil {
						return handlers.Outcome{}, fmt.Errorf("read: %w", err)
					}
					out := handlers.Answer(cell.Value)
					if !row.pure {
						out.Changes = []store.Change{store.Put(today, "梅园", 0, cell.Value)}
						out.Audit = handlers.Audit{Unit: "梅园", Record: "日报/2020-02-13", Rev: 1}
					}
					return out, nil
				})
			if err != nil || out.Reply.Text != row.want || !row.pure && string(done.Reply) != row.want {
				t.Errorf("%q, %q, %v; want %q", out.Reply.Text, done.Reply, err, row.want)
			}
			if n := storetest.Trips(t, ours) - trips; runs != row.runs || n != row.trips {
				t.Errorf("decided %d times in %d round trips, want %d in %d", runs, n, row.runs, row.trips)
			}
			if d.Book != handlers.Book(ours) {
				t.Error("the desk's book was not put back")
			}
		})
	}
}
