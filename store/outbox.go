package store

import (
	"context"
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
	Reason  string    // why it came back the last time
	Lost    bool      // the body was sealed and its key has been forgotten
	Said    int       // how many of its parts have been said
	Unsure  int       // how often it was begun and its outcome not heard
	Hop     int       // the way out it takes: 0 the first, 1 the next …
	Begun   time.Time // when its first byte left for the first time; zero: it never did
}

// Due returns up to limit pushes somebody has to act on at now, lower priority first, then
// by number: waiting ones whose time has come, claimed ones whose lease ran out (as
// waiting), sending ones whose lease ran out (as sending: settle them as unknown), and what a
// clock that had leapt ahead has put back beyond reason. One that
// was begun and came back, or that somebody is sending at this moment, holds back those
// behind it with the same target and priority, so that nothing overtakes it. Targets in
// except are left out.
func (s *Store) Due(ctx context.Context, street string, now time.Time, limit int, except ...string) ([]Waiting, error) {
	what := "due pushes of " + street
	if err := checkStreet(street); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	k := key(street, pushDueName)
	first, err := s.client.ZRangeByScore(ctx, k, &redis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: 1}).Result()
	if err != nil || len(first) == 0 || limit <= 0 {
		return nil, failed(what, err)
	}
	// The records are read before the times: a record that was changed in between is acted
	// on at an old revision, which fails. The other way round a push somebody has just
	// claimed would look like one whose lease ran out.
	var records *redis.MapStringStringCmd
	var times *redis.ZSliceCmd
	_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		records = p.HGetAll(ctx, key(street, pushes().name))
		times = p.ZRangeWithScores(ctx, k, 0, -1)
		return nil
	})
	if err != nil {
		return nil, failed(what, err)
	}
	queue := make([]queued, 0, len(times.Val()))
	for _, z := range times.Val() {
		member, _ := z.Member.(string)
		q, err := parseQueued(member)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		q.at = time.UnixMilli(int64(z.Score))
		queue = append(queue, q)
	}
	slices.SortFunc(queue, queued.compare)
	due, err := s.actable(records.Val(), queue, street, now, limit, except)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return due, nil
}

// actable picks from a sorted queue what may be acted on now.
func (s *Store) actable(records map[string]string, queue []queued, street string, now time.Time, limit int, except []string) ([]Waiting, error) {
	type lane struct {
		to       string
		priority int
	}
	var due []Waiting
	blocked := map[lane]bool{}
	left := make(map[string]bool, len(except))
	for _, to := range except {
		left[to] = true
	}
	for _, q := range queue {
		raw, ok := records[strconv.FormatInt(q.n, 10)]
		if !ok {
			continue // it came between the two reads
		}
		w, body, err := parseHead(raw, q.n)
		if err != nil {
			return nil, err
		}
		l := lane{w.Push.To, q.priority}
		if q.at.After(now) {
			// One that was planned for later from the start holds nobody back. Where record and
			// time differ, somebody took it between the two reads.
			back := w.State != StateWaiting || !w.Due.Equal(q.at) || w.Due.After(w.Push.NotBefore) && w.Due.After(w.Created)
			if !back || q.at.Sub(now) <= longestBack {
				blocked[l] = blocked[l] || back
				continue
			}
			// Its moment was set by a clock that had leapt ahead and has been put right.
		}
		if blocked[l] || left[w.Push.To] {
			continue
		}
		if err := s.openBody(&w, body, street); err != nil {
			return nil, err
		}
		if w.State == StateClaimed {
			w.State = StateWaiting
		}
		if due = append(due, w); len(due) == limit {
			break
		}
	}
	return due, nil
}

// longestBack is more than anything is put back for or sent within: a night, and the day
// whose budget is spent.
const longestBack = 3 * 24 * time.Hour

// queued is a member of the queue.
type queued struct {
	priority int
	n        int64
	at       time.Time // when somebody has to act on it
}

func queuedOf(w *Waiting) queued { return queued{priority: w.Push.Priority, n: w.N} }

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
	return queued{priority: priority, n: number}, nil
}

// NextDue tells when, after a moment, the next push comes due or the next lease runs out;
// false: none does.
func (s *Store) NextDue(ctx context.Context, street string, after time.Time) (time.Time, bool, error) {
	what := "next due push of " + street
	if err := checkStreet(street); err != nil {
		return time.Time{}, false, fmt.Errorf("%s: %w", what, err)
	}
	first, err := s.client.ZRangeByScoreWithScores(ctx, key(street, pushDueName), &redis.ZRangeBy{
		Min: "(" + strconv.FormatInt(after.UnixMilli(), 10), Max: "+inf", Count: 1,
	}).Result()
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

// Sending records that the first byte of pushes that are said together is about to leave,
// and with it the changes, such as what it costs their target's budget. A push whose body
// was made ready is stored as it will be said. ErrStale: a claim was lost, or a change's
// revision; nothing was recorded.
func (s *Store) Sending(ctx context.Context, street string, ws []Waiting, at, until time.Time, changes ...Change) ([]Waiting, error) {
	c := newCall(street)
	defer c.free()
	out := slices.Clone(ws)
	for i := range out {
		w := &out[i]
		what := "sending push " + strconv.FormatInt(w.N, 10)
		if w.State != StateClaimed {
			return ws, fmt.Errorf("%s: it is %s", what, w.State)
		}
		w.State = StateSending
		if w.Begun.IsZero() {
			w.Begun = at
		}
		if err := s.encodeStep(c, street, w, "", until); err != nil {
			return ws, fmt.Errorf("%s: %w", what, err)
		}
	}
	for i := range changes {
		if err := s.encodeChange(c, street, &changes[i]); err != nil {
			return ws, fmt.Errorf("sending: %w", err)
		}
	}
	if _, err := c.run(ctx, &s.convoy); err != nil {
		return ws, failed("sending", err)
	}
	for i := range out {
		out[i].Rev++
	}
	return out, nil
}

// Partly records that so many parts of a push have been said and that the next is about to
// leave.
func (s *Store) Partly(ctx context.Context, street string, w Waiting, said int, until time.Time) (Waiting, error) {
	if w.State != StateSending {
		return w, fmt.Errorf("partly push %d: it is %s", w.N, w.State)
	}
	w.Said = said
	return s.step(ctx, "partly", street, w, "", until)
}

// Again puts a push back to wait until due, one attempt older.
func (s *Store) Again(ctx context.Context, street string, w Waiting, due time.Time, reason string) error {
	w.Attempt++
	return s.Later(ctx, street, w, due, reason)
}

// Later puts a push back to wait until due for no fault of its own. What else the caller
// changed in w is stored with it.
func (s *Store) Later(ctx context.Context, street string, w Waiting, due time.Time, reason string) error {
	if w.State.over() {
		return fmt.Errorf("later push %d: it is %s", w.N, w.State)
	}
	w.State, w.Due, w.Reason = StateWaiting, due, reason
	_, err := s.step(ctx, "later", street, w, "", due)
	return err
}

// step writes a push that stays in the queue, to come up at next.
func (s *Store) step(ctx context.Context, verb, street string, w Waiting, owner string, next time.Time) (Waiting, error) {
	what := verb + " push " + strconv.FormatInt(w.N, 10)
	c := newCall(street)
	defer c.free()
	if err := s.encodeStep(c, street, &w, owner, next); err != nil {
		return w, fmt.Errorf("%s: %w", what, err)
	}
	if _, err := c.run(ctx, &s.convoy); err != nil {
		return w, failed(what, err)
	}
	w.Rev++
	return w, nil
}

func (s *Store) encodeStep(c *call, street string, w *Waiting, owner string, next time.Time) error {
	record, err := s.pushRecord(street, w, owner)
	if err != nil {
		return err
	}
	c.add("P", c.key(pushes().name), strconv.FormatInt(w.N, 10), strconv.Itoa(w.Rev), record, "0")
	c.add("Z", c.key(pushDueName), queuedOf(w).String(), strconv.FormatInt(next.UnixMilli(), 10))
	return nil
}

// Settle ends a push as sent, unknown, dead or dropped; the pushes that follow from it are
// put into the outbox in the same act. Its metadata goes to the log of the day, which is
// at's date in at's own zone; unknown and dead ones keep their body for seven days, so that
// a person can have them sent again (Batch.Kept). ErrStale: somebody else was faster.
func (s *Store) Settle(ctx context.Context, street string, w Waiting, to State, reason string, at time.Time, follow ...Push) error {
	what := "settle push " + strconv.FormatInt(w.N, 10)
	if !to.over() {
		return fmt.Errorf("%s: %s is no end", what, to)
	}
	date, n := at.Format(time.DateOnly), strconv.FormatInt(w.N, 10)
	w.State, w.Reason, w.Due = to, reason, at
	c := newCall(street)
	defer c.free()
	c.add("D", c.key(pushes().name), n, strconv.Itoa(w.Rev))
	c.add("X", c.key(pushDueName), queuedOf(&w).String())
	c.add("L", c.key(pushLogName(date)), logLine(&w, at), seconds(keepWeek))
	if to == StateUnknown || to == StateDead {
		record, err := s.pushRecord(street, &w, "")
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		c.add("P", c.key(kept(date).name), n, strconv.Itoa(Any), record, seconds(keepWeek))
	}
	for i := range follow {
		if err := s.encodePush(c, &Act{Street: street, At: at}, &follow[i]); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	_, err := c.run(ctx, &s.convoy)
	return failed(what, err)
}
