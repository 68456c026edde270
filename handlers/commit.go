package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"juwei/store"
)

// Door is the store as Settle needs it: the one door for writes.
type Door interface {
	Commit(ctx context.Context, a store.Act) (store.Done, error)
}

// attempts is how often an outcome is decided anew when the facts it was decided on
// have changed meanwhile.
const attempts = 5

// nobody is who the audit says wrote a complaint.
const nobody = "匿名"

// ErrBusy says that the facts changed under every attempt.
var ErrBusy = errors.New("busy: facts changed under every attempt")

// Occasion is what makes an outcome happen once, and who it is booked to.
type Occasion struct {
	ID      string // happens once
	Actor   string // userid, or the duty's name
	Command string
	Office  string // whom pushes are booked to that nobody has caused by typing; "" = the actor's
}

// Settle decides and commits until the facts hold still: it runs decide, commits what it
// says, and on store.ErrStale decides again on fresh facts, up to five times (then
// ErrBusy). A pure outcome is not committed. An occasion that happened before returns
// the first reply in done.Reply with done.Again set, and changes nothing.
//
// Where somebody waits for the reply (encode is not nil) the first attempt rests on what
// this process remembers of reports and drafts; the commit compares it (store.Recall).
// What would commit nothing, or fail, is decided again on what is really there.
func Settle(ctx context.Context, door Door, o Occasion, d *Desk, encode func(Content) []byte, decide func() (Outcome, error)) (Outcome, store.Done, error) {
	for attempt := range attempts {
		out, facts, err := first(d, encode != nil && attempt == 0, decide)
		if err != nil {
			return out, store.Done{}, err
		}
		if out.Pure() && out.Sealed == "" {
			return out, store.Done{}, nil
		}
		out = out.audited(d, o.Actor)
		counts, loads := booked(out.loads(d, o), d.Day)
		act := store.Act{
			Street: d.Street.Code, ID: o.ID, At: d.At, Day: string(d.Day),
			Facts: facts, Require: out.Require, Changes: append(out.Changes, counts...), Pushes: out.Pushes,
			Line: &store.Line{
				Actor: o.Actor, Command: o.Command,
				Unit: out.Audit.Unit, Record: out.Audit.Record, Rev: out.Audit.Rev,
				Values: out.Audit.Values, Note: noted(out.Audit.Note, loads), Campaign: out.Audit.Sealed,
			},
			SealReply: out.Sealed,
		}
		if out.Audit.Nobody {
			act.Line.Actor = nobody
		}
		if encode != nil {
			act.Reply = encode(out.Reply)
		}
		done, err := door.Commit(ctx, act)
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return out, done, fmt.Errorf("commit %s: %w", o.Command, err)
		}
		return out, done, nil
	}
	return Outcome{}, store.Done{}, ErrBusy
}

// first decides, on memory if that may be tried, and says which facts came from it.
func first(d *Desk, memory bool, decide func() (Outcome, error)) (Outcome, []store.Fact, error) {
	if book, ok := d.Book.(interface{ Recall() *store.Recall }); ok && memory {
		recall := book.Recall()
		was := d.Book
		d.Book = recall
		out, err := decide()
		d.Book = was
		if facts := recall.Facts(); len(facts) == 0 || err == nil && !out.Pure() {
			return out, facts, err
		}
	}
	out, err := decide()
	return out, nil, err
}

// audited adds to the audit what a reading leaves: an answer that is sealed was made of C2
// or above, and that it was read is kept also where nothing changed.
func (o Outcome) audited(d *Desk, actor string) Outcome {
	if o.Pure() || len(o.Touches) > 0 && o.Audit.Record == "" {
		o.Audit.Record = ReadRecord
	}
	if note, campaign := o.note(d, actor); note != "" {
		o.Audit.Note, o.Audit.Sealed = strings.TrimSpace(note+"\n"+o.Audit.Note), campaign
	}
	return o
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
