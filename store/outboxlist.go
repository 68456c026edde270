package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Entry is one line of the list of what waits and what was settled.
type Entry struct {
	N        int64
	To, Kind string
	State    State
	Reason   string
	At       time.Time // settled at; of what is under way: due at
	Attempt  int
}

// Outbox lists what is under way, by number, and then the day's settled pushes in the
// order they were settled.
func (s *Store) Outbox(ctx context.Context, street, day string) ([]Entry, error) {
	b := s.Read(street)
	entries := b.Outbox(day)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return *entries, nil
}

// Outbox asks for what is under way, by number, and then a day's settled pushes in the
// order they were settled.
func (b *Batch) Outbox(day string) *[]Entry {
	out := new([]Entry)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		records := p.HGetAll(ctx, key(b.street, pushes().name))
		log := p.LRange(ctx, key(b.street, pushLogName(day)), 0, -1)
		return func() error {
			raws, err := records.Result()
			if err != nil {
				return err
			}
			lines, err := log.Result()
			if err != nil {
				return err
			}
			entries := make([]Entry, 0, len(raws)+len(lines))
			for field, raw := range raws {
				n, _ := strconv.ParseInt(field, 10, 64)
				w, _, err := parseHead(raw, n)
				if err != nil {
					return err
				}
				entries = append(entries, Entry{n, w.Push.To, w.Push.Kind, w.State, w.Reason, w.Due, w.Attempt})
			}
			slices.SortFunc(entries, func(a, b Entry) int { return int(a.N - b.N) })
			for _, line := range lines {
				e, err := parseLog(line)
				if err != nil {
					return err
				}
				entries = append(entries, e)
			}
			*out = entries
			return nil
		}
	})
	return out
}

// Push asks for one push under way, as its record says; Rev 0: there is none. A claim or
// sending is told as such also when its lease ran out.
func (b *Batch) Push(n int64) *Waiting {
	out := new(Waiting)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.HGet(ctx, key(b.street, pushes().name), strconv.FormatInt(n, 10))
		return func() error {
			raw, err := cmd.Result()
			if err != nil {
				return err
			}
			*out, err = b.s.parsePush(raw, b.street, n)
			return err
		}
	})
	return out
}

// To asks for the pushes under way to one target, by number.
func (b *Batch) To(to string) *[]Waiting {
	out := new([]Waiting)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.HGetAll(ctx, key(b.street, pushes().name))
		return func() error {
			raws, err := cmd.Result()
			if err != nil {
				return err
			}
			for field, raw := range raws {
				n, _ := strconv.ParseInt(field, 10, 64)
				w, body, err := parseHead(raw, n)
				if err != nil {
					return err
				}
				if w.Push.To != to {
					continue
				}
				if err := b.s.openBody(&w, body, b.street); err != nil {
					return err
				}
				*out = append(*out, w)
			}
			slices.SortFunc(*out, func(a, b Waiting) int { return int(a.N - b.N) })
			return nil
		}
	})
	return out
}

// Kept asks for the pushes that were settled as unknown or dead on a day, by number. State
// says which, Due when, Reason why; Lost: there is nothing to send again any more.
func (b *Batch) Kept(day string) *[]Waiting {
	out := new([]Waiting)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.HGetAll(ctx, key(b.street, kept(day).name))
		return func() error {
			raws, err := cmd.Result()
			if err != nil {
				return err
			}
			for field, raw := range raws {
				n, _ := strconv.ParseInt(field, 10, 64)
				w, err := b.s.parsePush(raw, b.street, n)
				if err != nil {
					return err
				}
				*out = append(*out, w)
			}
			slices.SortFunc(*out, func(a, b Waiting) int { return int(a.N - b.N) })
			return nil
		}
	})
	return out
}

// Unkeep forgets an unknown or dead push of a day, because a person has dealt with it. The
// revision is the one that was read, so that two people do not deal with it twice.
func Unkeep(day string, w Waiting) Change {
	return Delete(kept(day), strconv.FormatInt(w.N, 10), w.Rev)
}

// Cancel drops a push that still waits, as a person decided at that moment; at's date in
// its own zone is the day whose log shows it.
func Cancel(w Waiting, reason string, at time.Time) Change {
	w.State, w.Reason = StateDropped, reason
	return Change{
		op: opCancel, log: Table{name: pushLogName(at.Format(time.DateOnly))}, field: queuedOf(&w).String(),
		rev: w.Rev, line: logLine(&w, at),
	}
}
