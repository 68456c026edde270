package main

import (
	"context"
	"slices"

	"juwei/handlers"
	"juwei/store"
)

// watched is the door for writes that says when a due item was remembered: nobody else
// would look before the moment that was next until then.
type watched struct {
	handlers.Door
	remembered func(street string)
}

// Commit implements handlers.Door.
func (w watched) Commit(ctx context.Context, a store.Act) (store.Done, error) {
	done, err := w.Door.Commit(ctx, a)
	if err == nil && slices.ContainsFunc(a.Changes, store.Change.Schedules) {
		w.remembered(a.Street)
	}
	return done, err
}

// remembered makes the loop look at a street again.
func (a *app) remembered(street string) {
	a.works().clockwork.Touch(street)
	a.nudge()
}
