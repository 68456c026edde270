package handlers

import (
	"context"
	"time"
)

// DueItem is what happens when a remembered moment comes: a case's deadline, a follow-up.
// store.DueAt(Kind, id, at) remembers the moment, together with whatever it is about; a
// second DueAt moves it and store.DueDone forgets it.
type DueItem struct {
	Kind   string // the kind given to store.DueAt
	Title  string // what it is, in a few characters, for /日程: 整改到期
	Office string // whom its pushes are booked to where the outcome says nothing; "" = the family's
	Run    func(ctx context.Context, it *Item) (Outcome, error)
}

// Item is one due item whose moment has come. The commit that carries out what Run decides
// also forgets the item, unless Run's own changes set it anew with store.DueAt. Run guards
// the record it read (Outcome.Require, or a Put at its revision): then whoever moves the
// moment meanwhile makes it decide again.
type Item struct {
	Desk           // At is now, which after a stop may be long after Due
	ID   string    // as given to store.DueAt
	Due  time.Time // the moment it was set to
}
