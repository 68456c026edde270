package sim

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// zone is the platform's: China has one, without summer time.
var zone = time.FixedZone("CST", 8*60*60)

// maxSteps ends a move of the clock through a house that always has something due.
const maxSteps = 100_000

// settleTries is how often a house is asked to settle at a moment. One time-out on a busy
// machine must not make the clock leap over what is due: after an error nobody knows when
// that would be.
const settleTries = 3

// Now is what the clock shows.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *Sim) setNow(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = t.In(zone)
	s.book.publish("clock", map[string]any{"now": stamp(s.now)})
}

// Advance moves the clock to the target, from due moment to due moment, settling the
// house at each. A target in the past is set at once (somebody put the clock back).
// A house that goes on failing does not hold the clock up; the last error is returned.
func (s *Sim) Advance(ctx context.Context, target time.Time) error {
	s.settling.Lock()
	defer s.settling.Unlock()
	var failed error
	stuck := time.Duration(0)
	for range maxSteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := s.Now()
		if !target.After(now) {
			s.setNow(target)
			if _, err := s.settleLocked(ctx); err != nil {
				failed = err
			}
			return failed
		}
		next, err := s.settleLocked(ctx)
		if err != nil {
			failed = err
		}
		switch {
		case next.IsZero() || next.After(target):
			next = target
		case next.After(now):
			stuck = 0
		default:
			// Due, yet not done: give it ever more time rather than go in a circle.
			stuck = min(max(2*stuck, time.Second), 15*time.Minute)
			if next = now.Add(stuck); next.After(target) {
				next = target
			}
		}
		s.setNow(next)
	}
	return errors.Join(failed, fmt.Errorf("move clock: still something due after %d steps", maxSteps))
}

// AdvanceNext moves the clock to the house's next due moment and settles there. It
// reports false, and does not move, when nothing is planned.
func (s *Sim) AdvanceNext(ctx context.Context) (bool, error) {
	s.settling.Lock()
	next, err := s.settleLocked(ctx)
	s.settling.Unlock()
	if err != nil || !next.After(s.Now()) {
		return false, err
	}
	return true, s.Advance(ctx, next)
}

// settle lets the house catch up with the clock as it stands.
func (s *Sim) settle(ctx context.Context) error {
	s.settling.Lock()
	defer s.settling.Unlock()
	_, err := s.settleLocked(ctx)
	return err
}

func (s *Sim) settleLocked(ctx context.Context) (time.Time, error) {
	now := s.Now()
	next, err := s.o.House.Settle(ctx, now)
	for try := 1; err != nil && try < settleTries && ctx.Err() == nil; try++ {
		next, err = s.o.House.Settle(ctx, now)
	}
	if err != nil {
		s.log.Warn("settle failed", "err", err)
		err = fmt.Errorf("settle at %s: %w", stamp(now), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next = next; !next.IsZero() {
		s.next = next.In(zone)
	}
	s.book.publish("settled", map[string]any{"now": stamp(s.now), "next": stampOrEmpty(s.next)})
	return next, err
}

// parseAdvance reads a Go duration, or a whole number of days such as 2d.
func parseAdvance(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n > -3660 && n < 3660 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	return time.ParseDuration(text)
}

func stamp(t time.Time) string { return t.In(zone).Format(time.RFC3339) }

func stampOrEmpty(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}
