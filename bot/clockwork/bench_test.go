package clockwork

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"juwei/config"
	"juwei/handlers"
	"juwei/store/storetest"
)

// BenchmarkStreets is a look at so many streets where nothing is due, a look that is known
// to be needless, and a moment at which each street has one duty: the numbers of
// docs/operations.md.
//
//	go test ./bot/clockwork -run '^$' -bench Streets -benchtime 20x
func BenchmarkStreets(b *testing.B) {
	schedule, err := cron.ParseStandard("30 15 * * *")
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 12, 220} {
		server := storetest.StartTCP(b, "--appendonly", "yes")
		if !server.Real() {
			b.Skip("no redis-server here to measure with")
		}
		pack := &config.Pack{Name: "p", Duties: []*config.Duty{{Do: "nudge", Schedule: schedule, Days: config.DaysAll, Late: config.LateOnce}}}
		var streets []*config.Street
		for i := range n {
			streets = append(streets, &config.Street{
				Code: fmt.Sprintf("s%03d", i), Location: zone, Calendar: &config.Calendar{},
				Runs: []config.Run{{Pack: pack, From: "2020-01-01", To: "2039-12-31"}},
			})
		}
		run := func(_ context.Context, m *handlers.Moment) (handlers.Outcome, error) {
			var out handlers.Outcome
			for i := range 20 { // a group and 19 secretaries
				out.Pushes = append(out.Pushes, handlers.PushRecipe(handlers.ToPerson(fmt.Sprint("u", i)), handlers.Nudge, "r", map[string]string{"day": string(m.Day)}, m.At))
			}
			return out, nil
		}
		w := New(Options{
			Directory: handlers.NewDirectory(streets), Store: server.Open(b),
			Duties: []handlers.Duty{{Kind: "nudge", Run: run}}, Logger: slog.New(slog.DiscardHandler),
		})
		now := at("2020-02-13 12:00:00")
		look := func(b *testing.B, now time.Time) {
			if _, err := w.Run(context.Background(), now); err != nil {
				b.Fatal(err)
			}
		}
		look(b, now)
		b.Run(fmt.Sprintf("look/streets=%d", n), func(b *testing.B) {
			for b.Loop() {
				now = now.Add(relook)
				look(b, now)
			}
		})
		b.Run(fmt.Sprintf("needless/streets=%d", n), func(b *testing.B) {
			for b.Loop() {
				look(b, now)
			}
		})
		now = at("2020-02-14 12:00:00")
		look(b, now)
		b.Run(fmt.Sprintf("due/streets=%d", n), func(b *testing.B) {
			for b.Loop() {
				now = now.AddDate(0, 0, 1)
				look(b, now)
			}
		})
	}
}
