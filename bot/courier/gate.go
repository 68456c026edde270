package courier

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"juwei/handlers"
	"juwei/store"
)

// Reasons, as /投递 shows them.
const (
	whyKeyGone  = "密钥已销毁"
	whyPassed   = "过时"
	whyDrill    = "演练：不在演练名单里"
	whyQuiet    = "静默时段，等到早上"
	whyQuietEnd = "静默时段"
	whyBudget   = "今天已说满%d条，等到明早"
	whyOver     = "今天已说满%d条"
	whyYields   = "今天已说%d条，余下的留给催报，等到明早"
)

// verdict is what a push may do now: go, come again later, or be dropped.
type verdict struct {
	drop  string    // why it is dropped; "" = it is not
	later time.Time // when it may come again; zero = it may go
	why   string    // with later
}

func (v verdict) pass() bool { return v.drop == "" && v.later.IsZero() }

// gate holds a push against what does not depend on others: its key, its expiry, the
// drill's list, the quiet hours.
func gate(s *handlers.Street, now time.Time, w *store.Waiting) verdict {
	m := handlers.MannersOf(handlers.PushKind(w.Push.Kind))
	expired := func(at time.Time) bool { return !w.Push.Expires.IsZero() && at.After(w.Push.Expires) }
	switch {
	case w.Lost:
		return verdict{drop: whyKeyGone}
	case expired(now):
		return verdict{drop: whyPassed}
	case !handlers.InDrill(s, handlers.Target(w.Push.To)):
		return verdict{drop: whyDrill}
	case m.Loud:
		return verdict{}
	}
	until := handlers.QuietUntil(s, now)
	switch {
	case !until.After(now):
		return verdict{}
	case !m.Sleeps, expired(until):
		return verdict{drop: whyQuietEnd}
	}
	return verdict{later: until, why: whyQuiet}
}

// purse is what a message takes out of its target's budget: nothing, or its number written
// behind those that were counted before.
//
// The count is a cell per target and day that holds the numbers themselves: written at the
// revision it was read at, in the commit that records the sending, so two replicas cannot
// both take the last place, and a push that is tried again finds itself counted already.
type purse struct {
	day     string
	to      string
	counted []string
	rev     int
}

func readPurse(ctx context.Context, c *Courier, s *handlers.Street, now time.Time, to string) (purse, error) {
	p := purse{day: string(s.Day(now)), to: to}
	b := c.o.Store.Read(s.Code)
	cell := b.Cell(store.Said(p.day), to)
	if err := b.Run(ctx); err != nil {
		return p, fmt.Errorf("read budget: %w", err)
	}
	p.rev = cell.Rev
	if cell.Value != "" {
		p.counted = strings.Split(cell.Value, ",")
	}
	return p, nil
}

// has reports whether the push has been counted.
func (p purse) has(n int64) bool {
	for _, x := range p.counted {
		if x == strconv.FormatInt(n, 10) {
			return true
		}
	}
	return false
}

// pay is the change that counts a push.
func (p purse) pay(n int64) store.Change {
	return p.put(append(p.counted[:len(p.counted):len(p.counted)], strconv.FormatInt(n, 10)))
}

// refund is the change that takes a push back that was not heard after all.
func (p purse) refund(n int64) store.Change {
	var rest []string
	for _, x := range p.counted {
		if x != strconv.FormatInt(n, 10) {
			rest = append(rest, x)
		}
	}
	return p.put(rest)
}

func (p purse) put(counted []string) store.Change {
	return store.Put(store.Said(p.day), p.to, p.rev, strings.Join(counted, ","))
}

// afford holds a push against its target's budget. The change, if there is one, is to be
// committed with the sending.
func (c *Courier) afford(ctx context.Context, s *handlers.Street, now time.Time, w *store.Waiting) (verdict, []store.Change, error) {
	m := handlers.MannersOf(handlers.PushKind(w.Push.Kind))
	if !m.Counts {
		return verdict{}, nil, nil
	}
	p, err := readPurse(ctx, c, s, now, w.Push.To)
	if err != nil || p.has(w.N) {
		return verdict{}, nil, err
	}
	limit := handlers.Allowance(s, handlers.Target(w.Push.To), handlers.PushKind(w.Push.Kind), now)
	if len(p.counted) < limit {
		return verdict{}, []store.Change{p.pay(w.N)}, nil
	}
	morning := handlers.NextMorning(s, s.At(s.Day(now).Add(1), 0).Add(-time.Second)) // the budget is the day's
	if !m.Waits || !w.Push.Expires.IsZero() && morning.After(w.Push.Expires) {
		return verdict{drop: fmt.Sprintf(whyOver, limit)}, nil, nil
	}
	why := whyBudget
	if m.Yields && len(p.counted) < handlers.Allowance(s, handlers.Target(w.Push.To), handlers.Nudge, now) {
		why = whyYields
	}
	if w.Push.Kind == string(handlers.CaseCard) {
		c.owe(w, morning)
	}
	return verdict{later: morning, why: fmt.Sprintf(why, limit)}, nil, nil
}

// refund gives back what was paid for pushes that nobody heard.
func (c *Courier) refund(ctx context.Context, s *handlers.Street, now time.Time, w *store.Waiting) {
	if !handlers.MannersOf(handlers.PushKind(w.Push.Kind)).Counts || w.Begun.IsZero() || w.Said > 0 || w.Unsure > 0 {
		return
	}
	for range 3 { // another push of the target may be paying
		p, err := readPurse(ctx, c, s, now, w.Push.To)
		if err != nil || !p.has(w.N) {
			return
		}
		_, err = c.o.Store.Commit(ctx, store.Act{Street: s.Code, At: now, Changes: []store.Change{p.refund(w.N)}})
		if lost(err) != nil || err == nil {
			return
		}
	}
}

// turn carries out a verdict that lets a push not pass.
func (c *Courier) turn(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, v verdict) error {
	if v.drop != "" {
		return c.settle(ctx, s, w, store.StateDropped, v.drop, now)
	}
	return lost(c.o.Store.Later(ctx, s.Code, w, v.later, v.why))
}
