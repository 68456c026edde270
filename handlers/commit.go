package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
}

// Settle decides and commits until the facts hold still: it runs decide, commits what it
// says, and on store.ErrStale decides again on fresh facts, up to five times (then
// ErrBusy). A pure outcome is not committed. An occasion that happened before returns
// the first reply in done.Reply with done.Again set, and changes nothing.
func Settle(ctx context.Context, door Door, o Occasion, d *Desk, encode func(Content) []byte, decide func() (Outcome, error)) (Outcome, store.Done, error) {
	for range attempts {
		out, err := decide()
		if err != nil {
			return out, store.Done{}, err
		}
		if out.Pure() {
			return out, store.Done{}, nil
		}
		counts, loads := booked(out.loads(d, o.Actor), d.Day)
		act := store.Act{
			Street: d.Street.Code, ID: o.ID, At: d.At, Day: string(d.Day),
			Require: out.Require, Changes: slices.Concat(out.Changes, counts), Pushes: out.Pushes,
			Line: &store.Line{
				Actor: o.Actor, Command: o.Command,
				Unit: out.Audit.Unit, Record: out.Audit.Record, Rev: out.Audit.Rev,
				Values: out.Audit.Values, Note: strings.TrimSpace(out.Audit.Note + " " + loads),
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

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
