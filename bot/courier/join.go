package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
)

const whyJoined = "并入给他的答复"

// Owed takes what the day's budget holds for a person, as far as this replica held it itself:
// the numbers of the pushes. It is asked when a message comes in, for Join to add them to its
// answer. What the answer has no room for waits for the morning, and so does what another
// replica held, so that a day's answers need not ask the store.
func (c *Courier) Owed(userid string, now time.Time) []int64 {
	to := string(handlers.ToPerson(userid))
	c.mu.Lock()
	defer c.mu.Unlock()
	d, held := c.owed[to]
	delete(c.owed, to)
	if !held || !now.Before(d.until) {
		return nil
	}
	return d.pushes
}

// debt is what the budget holds for a target, and until when.
type debt struct {
	pushes []int64
	until  time.Time
}

// owe remembers that the budget holds a push.
func (c *Courier) owe(w *store.Waiting, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owed == nil {
		c.owed = map[string]debt{}
	}
	d := c.owed[w.Push.To]
	c.owed[w.Push.To] = debt{append(d.pushes, w.N), until}
}

// Join adds to an answer in a private chat the cards that wait there for the morning: for
// the end of the quiet hours, since who writes is awake, or, of those that are owed, because
// the day's budget is spent, since answers don't count. They count as sent with the answer.
// When the store is away the answer stays as it is.
func (c *Courier) Join(ctx context.Context, userid string, answer handlers.Content, now time.Time, owed []int64) handlers.Content {
	_, s, known := c.o.Directory.Person(userid)
	if !known || answer.Empty() || answer.Card != nil {
		return answer
	}
	if !handlers.QuietUntil(s, now).After(now) && len(owed) == 0 {
		return answer
	}
	now = now.In(s.Location)
	err := errTaken
	for try := 0; try < joinTries && errors.Is(err, errTaken); try++ {
		answer, err = c.joinAll(ctx, s, now, handlers.ToPerson(userid), answer, owed)
	}
	if err != nil && !errors.Is(err, errTaken) {
		c.o.Logger.WarnContext(ctx, "cards not joined", "user", userid, "street", s.Code, "err", err)
	}
	return answer
}

// errTaken says that a card changed hands since it was read: the loop, woken by the commit
// that made it, puts it off until the morning. It can be joined then.
var errTaken = errors.New("card taken meanwhile")

const joinTries = 3

// joinAll adds what waits. errTaken: some of it was not to be had just now.
func (c *Courier) joinAll(ctx context.Context, s *handlers.Street, now time.Time, to handlers.Target, answer handlers.Content, owed []int64) (handlers.Content, error) {
	b := c.o.Store.Read(s.Code)
	waiting := b.To(string(to))
	if err := b.Run(ctx); err != nil {
		return answer, err
	}
	var taken error
	held := map[int]bool{}
	for _, w := range *waiting {
		if !joins(s, now, &w, owed, held) {
			continue
		}
		var err error
		if answer, err = c.join(ctx, s, now, w, answer); errors.Is(err, errTaken) {
			taken = err
		} else if err != nil {
			return answer, err
		}
	}
	return answer, taken
}

// joins reports whether a push is a card that is held for the morning and for nothing else:
// by the quiet hours, or, if it is owed and was put back without having been begun, by the
// budget, or by one before it that is. A notice's copy is none: it must not be confirmed before the group
// has heard the notice. held are the priorities at which one is, and learns of this one.
func joins(s *handlers.Street, now time.Time, w *store.Waiting, owed []int64, held map[int]bool) bool {
	if w.Push.Kind != string(handlers.CaseCard) || w.State != store.StateWaiting || w.Attempt > 0 || !w.Begun.IsZero() || w.Push.NotBefore.After(handlers.NextMorning(s, now)) {
		return false
	}
	v, back := gate(s, now, w), w.Due.After(now)
	if v.why != whyQuiet && !(v.pass() && (back && slices.Contains(owed, w.N) || !back && held[w.Push.Priority])) {
		return false
	}
	held[w.Push.Priority] = true
	return true
}

// join adds one card to an answer, if that has room for it and it is all words.
func (c *Courier) join(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, answer handlers.Content) (handlers.Content, error) {
	claimed, parcel, r, err := c.prepare(ctx, s, now, w)
	if r != nil && r.wait {
		return answer, errTaken
	}
	if err != nil || r != nil {
		return answer, err
	}
	longer := answer.Text + "\n\n" + together(parcel.Content)
	if len(wecom.EscapeTags(longer)) > wecom.LimitText-roomForMarks || parcel.Again || attached(parcel.Content) {
		claimed.Push.Body = w.Push.Body
		return answer, lost(c.o.Store.Later(ctx, s.Code, claimed, w.Due, w.Reason))
	}
	begun, err := c.o.Store.Sending(ctx, s.Code, []store.Waiting{claimed}, now, now.Add(c.o.Lease))
	if err != nil {
		return answer, lost(err)
	}
	if err := c.settle(ctx, s, begun[0], store.StateSent, whyJoined, now); err != nil {
		return answer, fmt.Errorf("settle push %d: %w", w.N, err)
	}
	answer.Text = longer
	return answer, nil
}
