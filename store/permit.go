package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Window is one limit of a pace: at most Limit sends in any Span, a whole number of
// milliseconds.
type Window struct {
	Span  time.Duration
	Limit int
}

// Permit asks whether one more send may happen on a pace (a channel and its id) now: the
// pace is not halted and every window has room, counted over all replicas. If not, it says
// from when on to ask again, and no window has been counted. A permit given is spent,
// whether used or not.
func (s *Store) Permit(ctx context.Context, pace string, now time.Time, windows ...Window) (ok bool, retryAt time.Time, err error) {
	return s.permit(ctx, "permit ", pace, now, true, windows)
}

// Spend counts a send that happens whether there is room or not, such as the answer to a
// message in a conversation whose pushes keep a pace.
func (s *Store) Spend(ctx context.Context, pace string, now time.Time, windows ...Window) error {
	_, _, err := s.permit(ctx, "spend ", pace, now, false, windows)
	return err
}

func (s *Store) permit(ctx context.Context, what, pace string, now time.Time, ask bool, windows []Window) (bool, time.Time, error) {
	what += pace
	longest := time.Duration(0)
	for _, w := range windows {
		if w.Limit < 1 || w.Span < time.Millisecond {
			return false, time.Time{}, fmt.Errorf("%s: %d per %s", what, w.Limit, w.Span)
		}
		longest = max(longest, w.Span)
	}
	if longest == 0 {
		return false, time.Time{}, fmt.Errorf("%s: no window", what)
	}
	c := newCall("")
	defer c.free()
	c.names, c.keys = append(c.names, "", haltName), append(c.keys, paceKey(pace), paceKey(pace)+":"+haltName)
	at, member := strconv.FormatInt(now.UnixMilli(), 10), strconv.FormatUint(rand.Uint64(), 36)
	if ask {
		c.add("H", "2", haltField, at, strconv.FormatInt(haltMost.Milliseconds(), 10))
	}
	for _, w := range windows {
		limit := w.Limit
		if !ask {
			limit = math.MaxInt32
		}
		c.add("W", "1", at, strconv.FormatInt(w.Span.Milliseconds(), 10), strconv.Itoa(limit),
			member, strconv.FormatInt(longest.Milliseconds(), 10))
	}
	r, err := c.run(ctx, &s.convoy)
	if err != nil {
		return false, time.Time{}, failed(what, err)
	}
	if r.retryAt > 0 {
		return false, time.UnixMilli(r.retryAt), nil
	}
	return true, time.Time{}, nil
}

// How long a pace is halted: the first time haltFirst, then twice as long each time, up to
// haltMost. After haltMost without a halt it begins anew.
const (
	haltFirst = time.Minute
	haltMost  = 16 * time.Minute
	haltField = "until"
)

// Halt stops a pace for all replicas, because the platform said that it is too fast
// (WECOM.md §17.9: at least a minute, doubling). It returns until when; a halt that is on
// already stays as it is.
func (s *Store) Halt(ctx context.Context, pace string, now time.Time) (time.Time, error) {
	what := "halt " + pace
	for {
		cell, until, length, err := s.halted(ctx, what, pace)
		if err != nil {
			return time.Time{}, err
		}
		if until.After(now) && !until.After(now.Add(haltMost)) {
			return until, nil
		}
		// The length is remembered for as long again as the longest halt lasts.
		if length = min(2*length, haltMost); length == 0 || now.Sub(until).Abs() > haltMost {
			length = haltFirst
		}
		until = now.Add(length)
		c := newCall("")
		c.names, c.keys = append(c.names, haltName), append(c.keys, paceKey(pace)+":"+haltName)
		c.add("P", "1", haltField, strconv.Itoa(cell.Rev),
			strconv.FormatInt(until.UnixMilli(), 10)+","+strconv.FormatInt(length.Milliseconds(), 10), seconds(2*keepDone))
		_, err = c.run(ctx, &s.convoy)
		c.free()
		if errors.Is(err, ErrStale) {
			continue // another replica met the same limit
		}
		return until, failed(what, err)
	}
}

// halted reads a pace's halt; zero times if there never was one.
func (s *Store) halted(ctx context.Context, what, pace string) (cell Cell, until time.Time, length time.Duration, err error) {
	k := paceKey(pace) + ":" + haltName
	raw, err := s.client.HGet(ctx, k, haltField).Result()
	if errors.Is(err, redis.Nil) {
		return Cell{}, time.Time{}, 0, nil
	}
	if err != nil {
		return Cell{}, time.Time{}, 0, failed(what, err)
	}
	if cell, err = s.cell(raw, k, haltField); err != nil {
		return Cell{}, time.Time{}, 0, fmt.Errorf("%s: %w", what, err)
	}
	a, b, _ := strings.Cut(cell.Value, ",")
	at, err1 := strconv.ParseInt(a, 10, 64)
	ms, err2 := strconv.ParseInt(b, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return Cell{}, time.Time{}, 0, fmt.Errorf("%s: %w: %w", what, ErrDamaged, err)
	}
	return cell, time.UnixMilli(at), time.Duration(ms) * time.Millisecond, nil
}

// paceKey is the zset of a pace's permits.
func paceKey(pace string) string { return "{pace:" + braces.Replace(pace) + "}" }

// braces keeps a pace's own name from ending its hash tag.
var braces = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")
