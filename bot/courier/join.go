package courier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
)

const whyJoined = "并入给他的答复"

// Join adds to an answer in a private chat the cards that wait there for the end of the
// quiet hours: who writes is awake. They count as sent with the answer, and cost no budget.
// Outside the quiet hours, and when the store is away, the answer stays as it is.
func (c *Courier) Join(ctx context.Context, userid string, answer handlers.Content, now time.Time) handlers.Content {
	_, s, known := c.o.Directory.Person(userid)
	if !known || answer.Empty() || answer.Card != nil || !handlers.QuietUntil(s, now).After(now) {
		return answer
	}
	now = now.In(s.Location)
	err := errTaken
	for try := 0; try < joinTries && errors.Is(err, errTaken); try++ {
		answer, err = c.joinAll(ctx, s, now, handlers.ToPerson(userid), answer)
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
func (c *Courier) joinAll(ctx context.Context, s *handlers.Street, now time.Time, to handlers.Target, answer handlers.Content) (handlers.Content, error) {
	b := c.o.Store.Read(s.Code)
	waiting := b.To(string(to))
	if err := b.Run(ctx); err != nil {
		return answer, err
	}
	var taken error
	for _, w := range *waiting {
		var err error
		if answer, err = c.join(ctx, s, now, w, answer); errors.Is(err, errTaken) {
			taken = err
		} else if err != nil {
			return answer, err
		}
	}
	return answer, taken
}

func (c *Courier) join(ctx context.Context, s *handlers.Street, now time.Time, w store.Waiting, answer handlers.Content) (handlers.Content, error) {
	// Held for the quiet hours and for nothing else.
	if w.Push.Kind != string(handlers.CaseCard) || w.State != store.StateWaiting || gate(s, now, &w).why != whyQuiet || w.Unsure > 0 {
		return answer, nil
	}
	claimed, parcel, r, err := c.prepare(ctx, s, now, w)
	if r != nil && r.wait {
		return answer, errTaken
	}
	if err != nil || r != nil {
		return answer, err
	}
	longer := answer.Text + "\n\n" + together(parcel.Content)
	if len(wecom.EscapeTags(longer)) > wecom.LimitText-roomForMarks {
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
