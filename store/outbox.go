package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// State says where a push is in its life:
//
//	waiting ⇄ claimed → sending → sent | unknown | dead | dropped
//
// A claim whose lease ran out counts as waiting again; a sending whose lease ran out stays
// sending, since nobody knows what was said: whoever finds it settles it as unknown.
// Again leads from claimed and sending back to waiting.
type State string

// The states. The last four are ends: the push has left the queue.
const (
	StateWaiting State = "waiting"
	StateClaimed State = "claimed" // somebody has it and has not begun
	StateSending State = "sending" // recorded before the first byte
	StateSent    State = "sent"
	StateUnknown State = "unknown" // begun, and the outcome was not heard
	StateDead    State = "dead"    // refused for good, or too often
	StateDropped State = "dropped" // its purpose has passed; the reason says how
)

// over reports whether a push in this state has left the queue.
func (s State) over() bool {
	return s == StateSent || s == StateUnknown || s == StateDead || s == StateDropped
}

// Waiting is a push on its way.
type Waiting struct {
	N       int64 // its number, as said to people
	Push    Push
	State   State
	Attempt int // how often it was tried and came back
	Due     time.Time
	Rev     int // of its record; each step names the one it was decided on
	Created time.Time
	Reason  string // why it came back the last time
	Lost    bool   // the body was sealed and its key has been forgotten
}

// Entry is one line of the list of what waits and what was settled.
type Entry struct {
	N        int64
	To, Kind string
	State    State
	Reason   string
	At       time.Time // settled at; of what is under way: due at
	Attempt  int
}

// Due returns up to limit pushes somebody has to act on at now, lower priority first, then
// by number: waiting ones whose time has come, claimed ones whose lease ran out (as
// waiting), sending ones whose lease ran out (as sending: settle them as unknown).
func (s *Store) Due(ctx context.Context, street string, now time.Time, limit int) ([]Waiting, error) {
	what := "due pushes of " + street
	if err := checkStreet(street); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	members, err := s.client.ZRangeByScore(ctx, key(street, pushDueName), &redis.ZRangeBy{
		Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10),
	}).Result()
	if err != nil {
		return nil, failed(what, err)
	}
	// The priority is in the member, so that a flood of nudges is not read to find the
	// one emergency behind it.
	queue := make([]queued, 0, len(members))
	for _, m := range members {
		q, err := parseQueued(m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		queue = append(queue, q)
	}
	slices.SortFunc(queue, queued.compare)
	queue = queue[:min(len(queue), max(limit, 0))]
	if len(queue) == 0 {
		return nil, nil
	}
	fields := make([]string, len(queue))
	for i, q := range queue {
		fields[i] = strconv.FormatInt(q.n, 10)
	}
	k := key(street, pushes().name)
	raws, err := s.client.HMGet(ctx, k, fields...).Result()
	if err != nil {
		return nil, failed(what, err)
	}
	due := make([]Waiting, 0, len(raws))
	for i, raw := range raws {
		text, ok := raw.(string)
		if !ok {
			continue // settled between the two reads
		}
		w, err := s.parsePush(text, street, queue[i].n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		if w.State == StateClaimed {
			w.State = StateWaiting
		}
		due = append(due, w)
	}
	return due, nil
}

// queued is a member of the queue.
type queued struct {
	priority int
	n        int64
}

func (q queued) String() string {
	return strconv.Itoa(q.priority) + ":" + strconv.FormatInt(q.n, 10)
}

func (q queued) compare(o queued) int {
	if q.priority != o.priority {
		return q.priority - o.priority
	}
	return int(q.n - o.n)
}

func parseQueued(member string) (queued, error) {
	p, n, _ := strings.Cut(member, ":")
	priority, err := strconv.Atoi(p)
	number, err2 := strconv.ParseInt(n, 10, 64)
	if err != nil || err2 != nil {
		return queued{}, fmt.Errorf("%w: queue member %q", ErrDamaged, member)
	}
	return queued{priority, number}, nil
}

// NextDue tells when the next push comes due or the next lease runs out; false: none.
func (s *Store) NextDue(ctx context.Context, street string) (time.Time, bool, error) {
	what := "next due push of " + street
	if err := checkStreet(street); err != nil {
		return time.Time{}, false, fmt.Errorf("%s: %w", what, err)
	}
	first, err := s.client.ZRangeWithScores(ctx, key(street, pushDueName), 0, 0).Result()
	if err != nil {
		return time.Time{}, false, failed(what, err)
	}
	if len(first) == 0 {
		return time.Time{}, false, nil
	}
	return time.UnixMilli(int64(first[0].Score)), true, nil
}

// Claim takes a push for owner until then. ErrStale: somebody else has it, or it is gone.
func (s *Store) Claim(ctx context.Context, street string, w Waiting, owner string, until time.Time) (Waiting, error) {
	if w.State != StateWaiting {
		return w, fmt.Errorf("claim push %d: it is %s", w.N, w.State)
	}
	w.State = StateClaimed
	return s.step(ctx, "claim", street, w, owner, until)
}

// Sending records that the first byte is about to leave. ErrStale: the claim was lost.
func (s *Store) Sending(ctx context.Context, street string, w Waiting, until time.Time) (Waiting, error) {
	if w.State != StateClaimed {
		return w, fmt.Errorf("sending push %d: it is %s", w.N, w.State)
	}
	w.State = StateSending
	return s.step(ctx, "sending", street, w, "", until)
}

// Again puts a push back to wait until due, one attempt older.
func (s *Store) Again(ctx context.Context, street string, w Waiting, due time.Time, reason string) error {
	if w.State.over() {
		return fmt.Errorf("again push %d: it is %s", w.N, w.State)
	}
	w.State, w.Due, w.Reason = StateWaiting, due, reason
	w.Attempt++
	_, err := s.step(ctx, "again", street, w, "", due)
	return err
}

// step writes a push that stays in the queue, to come up at next.
func (s *Store) step(ctx context.Context, verb, street string, w Waiting, owner string, next time.Time) (Waiting, error) {
	what := verb + " push " + strconv.FormatInt(w.N, 10)
	record, err := s.pushRecord(street, &w, owner)
	if err != nil {
		return w, fmt.Errorf("%s: %w", what, err)
	}
	c := newCall(street)
	defer c.free()
	c.add("P", c.key(pushes().name), strconv.FormatInt(w.N, 10), strconv.Itoa(w.Rev), record, "0")
	c.add("Z", c.key(pushDueName), queued{w.Push.Priority, w.N}.String(), strconv.FormatInt(next.UnixMilli(), 10))
	if _, err := c.run(ctx, &s.convoy); err != nil {
		return w, failed(what, err)
	}
	w.Rev++
	return w, nil
}

// Settle ends a push as sent, unknown, dead or dropped. Its metadata goes to the log of
// the day, which is at's date in at's own zone; unknown and dead ones keep their body for
// seven days (Kept), so that a person can have them sent again. ErrStale: somebody else
// was faster.
func (s *Store) Settle(ctx context.Context, street string, w Waiting, to State, reason string, at time.Time) error {
	what := "settle push " + strconv.FormatInt(w.N, 10)
	if !to.over() {
		return fmt.Errorf("%s: %s is no end", what, to)
	}
	date, n := at.Format(time.DateOnly), strconv.FormatInt(w.N, 10)
	w.State, w.Reason = to, reason
	c := newCall(street)
	defer c.free()
	c.add("D", c.key(pushes().name), n, strconv.Itoa(w.Rev))
	c.add("X", c.key(pushDueName), queued{w.Push.Priority, w.N}.String())
	c.add("L", c.key(pushLogName(date)), logLine(&w, at), seconds(keepWeek))
	if to == StateUnknown || to == StateDead {
		record, err := s.pushRecord(street, &w, "")
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		c.add("P", c.key(kept(date).name), n, strconv.Itoa(Any), record, seconds(keepWeek))
	}
	_, err := c.run(ctx, &s.convoy)
	return failed(what, err)
}

// Outbox lists what is under way, by number, and then the day's settled pushes in the
// order they were settled.
func (s *Store) Outbox(ctx context.Context, street, day string) ([]Entry, error) {
	what := "outbox of " + street
	if err := checkStreet(street); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var records *redis.MapStringStringCmd
	var log *redis.StringSliceCmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		records = p.HGetAll(ctx, key(street, pushes().name))
		log = p.LRange(ctx, key(street, pushLogName(day)), 0, -1)
		return nil
	})
	if err != nil {
		return nil, failed(what, err)
	}
	entries := make([]Entry, 0, len(records.Val())+len(log.Val()))
	for field, raw := range records.Val() {
		n, _ := strconv.ParseInt(field, 10, 64)
		w, err := s.parsePush(raw, street, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		entries = append(entries, Entry{n, w.Push.To, w.Push.Kind, w.State, w.Reason, w.Due, w.Attempt})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return int(a.N - b.N) })
	for _, line := range log.Val() {
		e, err := parseLog(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Kept returns a push that was settled as unknown or dead on that day; false: there is
// none (any more), or its body was sealed and the key has been forgotten.
func (s *Store) Kept(ctx context.Context, street, day string, n int64) (Push, bool, error) {
	what := "kept push " + strconv.FormatInt(n, 10)
	if err := checkStreet(street); err != nil {
		return Push{}, false, fmt.Errorf("%s: %w", what, err)
	}
	raw, err := s.client.HGet(ctx, key(street, kept(day).name), strconv.FormatInt(n, 10)).Result()
	if errors.Is(err, redis.Nil) {
		return Push{}, false, nil
	}
	if err != nil {
		return Push{}, false, failed(what, err)
	}
	w, err := s.parsePush(raw, street, n)
	if err != nil {
		return Push{}, false, fmt.Errorf("%s: %w", what, err)
	}
	return w.Push, !w.Lost, nil
}
