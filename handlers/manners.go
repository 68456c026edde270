package handlers

import (
	"slices"
	"strings"
	"time"

	"juwei/config"
)

// PushKind is a kind of thing said unasked (the table of docs/decisions.md, "Saying things").
type PushKind string

// The kinds, in the order in which they leave when several wait.
const (
	Emergency PushKind = "emergency"
	Reply     PushKind = "answer" // the private half of an answer; not counted against anybody's budget
	Digest    PushKind = "digest"
	Notice    PushKind = "notice"
	CaseCard  PushKind = "card"
	Copy      PushKind = "copy" // a notice's card to one person, when his group has heard the notice
	Nudge     PushKind = "nudge"
	Reminder  PushKind = "reminder"
)

// Manners is how a kind of push behaves.
type Manners struct {
	Priority   int           // lower leaves first
	MustArrive bool          // an unknown outcome is sent again, marked; others are not
	Counts     bool          // against the day's budget of whom it goes to
	Loud       bool          // may be said in the quiet hours
	Sleeps     bool          // in the quiet hours it waits for the morning; false: it is dropped
	Waits      bool          // above the budget it waits for the next morning; false: it is dropped
	Merges     bool          // may be said together with others that wait for the same person
	Yields     bool          // leaves the last places of the day's budget to what concerns the person alone
	Keep       time.Duration // how long it still makes sense to say it; 0 = always
}

var manners = map[PushKind]Manners{
	Emergency: {Priority: 0, MustArrive: true, Loud: true},
	Reply:     {Priority: 1, MustArrive: true, Loud: true, Keep: 12 * time.Hour},
	Digest:    {Priority: 2, MustArrive: true, Loud: true, Keep: 12 * time.Hour},
	Notice:    {Priority: 3, MustArrive: true, Counts: true, Sleeps: true, Waits: true},
	CaseCard:  {Priority: 4, Counts: true, Sleeps: true, Waits: true, Merges: true, Keep: 48 * time.Hour},
	Copy:      {Priority: 5, Counts: true, Sleeps: true, Waits: true, Merges: true, Yields: true, Keep: 48 * time.Hour},
	Nudge:     {Priority: 6, Counts: true, Sleeps: true, Merges: true, Keep: 90 * time.Minute},
	Reminder:  {Priority: 7, Counts: true, Merges: true, Keep: 60 * time.Minute},
}

// MannersOf returns a kind's manners; an unknown kind behaves like a reminder.
func MannersOf(k PushKind) Manners {
	if m, ok := manners[k]; ok {
		return m
	}
	return manners[Reminder]
}

// usual is the budget of a day on which no pack runs: the defaults of a pack.
var usual = config.Budget{PerPerson: 3, Reserve: 1, PerChat: 3, QuietFrom: 20 * 60, QuietTo: 8 * 60}

func budgets(s *config.Street, at time.Time) []config.Budget {
	var out []config.Budget
	for _, p := range s.Active(s.Day(at)) {
		out = append(out, p.Budget)
	}
	if len(out) == 0 {
		out = []config.Budget{usual}
	}
	return out
}

// Allowance is how many counted pushes a target may have heard on the day of a moment once
// one of that kind has been said: the smallest of the running packs, since nobody can tell
// one pack's messages from another's.
func Allowance(s *config.Street, to Target, kind PushKind, at time.Time) int {
	yields, least := MannersOf(kind).Yields, 0
	for _, b := range budgets(s, at) {
		n := b.PerPerson
		switch {
		case to.IsChat():
			n = b.PerChat
		case yields:
			n -= b.Reserve
		}
		if least == 0 || n < least {
			least = n
		}
	}
	return least
}

// QuietUntil is when the quiet hours end that a moment lies in; the moment itself when it
// lies in none. Hours that are quiet for one of the running packs are quiet.
func QuietUntil(s *config.Street, at time.Time) time.Time {
	at = at.In(s.Location)
	until := at
	for range 3 { // the end of one pack's hours may lie in another's
		before := until
		for _, b := range budgets(s, until) {
			if b.Quiet(config.Clock(until.Hour()*60 + until.Minute())) {
				until = nextAt(s, until, b.QuietTo)
			}
		}
		if until.Equal(before) {
			break
		}
	}
	return until
}

// NextMorning is when, after a moment, quiet hours end next.
func NextMorning(s *config.Street, at time.Time) time.Time {
	var first time.Time
	for _, b := range budgets(s, at) {
		if m := nextAt(s, at, b.QuietTo); first.IsZero() || m.Before(first) {
			first = m
		}
	}
	return QuietUntil(s, first)
}

// nextAt is the next time after a moment that a clock in the street shows c.
func nextAt(s *config.Street, after time.Time, c config.Clock) time.Time {
	day := s.Day(after)
	if at := s.At(day, c); at.After(after) {
		return at
	}
	return s.At(day.Add(1), c)
}

// DrillMark begins every text of a drill.
const DrillMark = "【演练】"

// InDrill reports whether a target may be reached: always, unless the street drills and
// does not name it.
func InDrill(s *config.Street, to Target) bool {
	_, who, _ := strings.Cut(string(to), ":")
	return len(s.Drill) == 0 || slices.Contains(s.Drill, who)
}

// Marked puts a mark in front of what is said, in the words and on the card.
func Marked(mark string, c Content) Content {
	if c.Text != "" {
		c.Text = mark + c.Text
	}
	if c.Card != nil {
		card := *c.Card
		card.Title = mark + card.Title
		c.Card = &card
	}
	return c
}
