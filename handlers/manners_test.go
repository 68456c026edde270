package handlers

import (
	"testing"
	"time"

	"juwei/config"
)

// The quiet hours by their clock, just before and just after, over midnight and with two
// packs whose hours meet.
func TestQuietUntil(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*60*60)
	at := func(clock string) time.Time {
		tm, err := time.ParseInLocation("2006-01-02 15:04:05", "2020-02-"+clock, zone)
		if err != nil {
			t.Fatal(err)
		}
		return tm
	}
	none := &config.Street{Location: zone}
	pack := func(from, to config.Clock, n int) config.Run {
		return config.Run{From: "2020-02-13", Pack: &config.Pack{Budget: config.Budget{PerPerson: n, PerChat: n + 1, QuietFrom: from, QuietTo: to}}}
	}
	two := &config.Street{Location: zone, Runs: []config.Run{pack(20*60, 8*60, 4), pack(7*60, 9*60, 2)}}
	for _, row := range []struct {
		s                  *config.Street
		at, until, morning string
	}{
		{none, "13 19:59:59", "13 19:59:59", "14 08:00:00"},
		{none, "13 20:00:00", "14 08:00:00", "14 08:00:00"},
		{none, "13 23:59:59", "14 08:00:00", "14 08:00:00"},
		{none, "14 00:00:00", "14 08:00:00", "14 08:00:00"},
		{none, "14 07:59:59", "14 08:00:00", "14 08:00:00"},
		{none, "14 08:00:00", "14 08:00:00", "15 08:00:00"},
		{two, "14 06:30:00", "14 09:00:00", "14 09:00:00"},
		{two, "14 08:59:59", "14 09:00:00", "14 09:00:00"},
		{two, "14 09:00:00", "14 09:00:00", "15 09:00:00"},
	} {
		if got := QuietUntil(row.s, at(row.at)); !got.Equal(at(row.until)) {
			t.Errorf("%s is quiet until %v, want %s", row.at, got, row.until)
		}
		if got := NextMorning(row.s, at(row.at)); !got.Equal(at(row.morning)) {
			t.Errorf("after %s the morning is at %v, want %s", row.at, got, row.morning)
		}
	}
	// The first pack keeps three of its four places from notices' cards, the second none of two.
	two.Runs[0].Pack.Budget.Reserve = 3
	for _, row := range []struct {
		to   Target
		kind PushKind
		want [2]int
	}{{"user:a", Nudge, [2]int{3, 2}}, {"user:a", CaseCard, [2]int{3, 2}}, {"user:a", Copy, [2]int{2, 1}}, {"chat:群", Notice, [2]int{3, 3}}} {
		if got := [2]int{Allowance(none, row.to, row.kind, at("13 12:00:00")), Allowance(two, row.to, row.kind, at("13 12:00:00"))}; got != row.want {
			t.Errorf("%s may hear %v with a %s, want %v", row.to, got, row.kind, row.want)
		}
	}
}

// Every kind has manners of its own: the table of docs/decisions.md.
func TestManners(t *testing.T) {
	t.Parallel()
	type row struct{ must, counts, loud, sleeps, waits, merges, yields bool }
	want := map[PushKind]row{
		Emergency: {must: true, loud: true},
		Reply:     {must: true, loud: true},
		Digest:    {must: true, loud: true},
		Notice:    {must: true, counts: true, sleeps: true, waits: true},
		CaseCard:  {counts: true, sleeps: true, waits: true, merges: true},
		Copy:      {counts: true, sleeps: true, waits: true, merges: true, yields: true},
		Nudge:     {counts: true, sleeps: true, merges: true},
		Reminder:  {counts: true, merges: true},
		"else":    {counts: true, merges: true},
	}
	for kind, w := range want {
		m := MannersOf(kind)
		if got := (row{m.MustArrive, m.Counts, m.Loud, m.Sleeps, m.Waits, m.Merges, m.Yields}); got != w {
			t.Errorf("%s: %+v, want %+v", kind, got, w)
		}
	}
}
