package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// teardown is a list of named steps that undo a start, last first. Every step runs, also
// after a failed one; a second call returns the first result.
type teardown struct {
	log   *slog.Logger
	mu    sync.Mutex
	steps []step
	once  sync.Once
	err   error
}

type step struct {
	name   string
	budget time.Duration
	undo   func(context.Context) error
}

// add notes how to undo what was just started, within a budget.
func (t *teardown) add(name string, budget time.Duration, undo func(context.Context) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, step{name, budget, undo})
}

// run undoes everything, last first.
func (t *teardown) run() error {
	t.once.Do(func() {
		t.mu.Lock()
		steps := t.steps
		t.mu.Unlock()
		var errs []error
		for i := len(steps) - 1; i >= 0; i-- {
			s := steps[i]
			ctx, cancel := context.WithTimeout(context.Background(), s.budget)
			done := make(chan error, 1)
			go func() { done <- s.undo(ctx) }()
			var err error
			select {
			case err = <-done:
			case <-ctx.Done(): // a step that hangs is named and left behind
				err = ctx.Err()
			}
			if err != nil {
				t.log.Error("stop step failed", "step", s.name, "err", err)
				errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
			}
			cancel()
		}
		t.err = errors.Join(errs...)
	})
	return t.err
}
