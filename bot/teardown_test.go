package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// Docker kills a container ten seconds after it asked it to stop.
const dockerPatience = 10 * time.Second

func TestStopStepsFitDockersPatience(t *testing.T) {
	t.Parallel()
	sum := budgetStopServer + budgetStopAdmin + budgetStopLoop + budgetStopStore
	if sum >= dockerPatience {
		t.Errorf("the stop steps may take %v together, Docker waits %v", sum, dockerPatience)
	}
}

func TestTeardownRunsEveryStepOnce(t *testing.T) {
	t.Parallel()
	down := &teardown{log: slog.New(slog.DiscardHandler)}
	var order []string
	broken := errors.New("broken")
	down.add("first", time.Minute, func(context.Context) error { order = append(order, "first"); return nil })
	down.add("second", time.Minute, func(context.Context) error { order = append(order, "second"); return broken })
	down.add("hangs", time.Nanosecond, func(ctx context.Context) error { <-ctx.Done(); select {} })
	down.add("last", time.Minute, func(context.Context) error { order = append(order, "last"); return nil })
	err := down.run()
	if got := strings.Join(order, " "); got != "last second first" {
		t.Errorf("order %q", got)
	}
	if !errors.Is(err, broken) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "hangs: ") {
		t.Errorf("the error does not name what failed: %v", err)
	}
	if again := down.run(); again != err || len(order) != 3 {
		t.Errorf("a second stop ran again: %v, %v", again, order)
	}
}
