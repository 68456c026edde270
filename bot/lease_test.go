package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"juwei/bot/wecom"
)

// fakeLine is a long connection that ends when told to.
type fakeLine struct {
	end  chan error
	runs atomic.Int64
}

func (f *fakeLine) Connected() bool { return true }

func (f *fakeLine) Run(ctx context.Context) error {
	f.runs.Add(1)
	select {
	case err := <-f.end:
		return err
	case <-ctx.Done():
		return nil
	}
}

// table is the leases of several holders, as the store keeps them.
type table struct {
	mu    sync.Mutex
	held  map[string]string
	until map[string]time.Time
	err   error
}

func (l *table) Hold(_ context.Context, name, owner string, now, until time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return false, l.err
	}
	if l.held[name] != owner && l.until[name].After(now) {
		return false, nil
	}
	l.held[name], l.until[name] = owner, until
	return true, nil
}

func newTable() *table { return &table{held: map[string]string{}, until: map[string]time.Time{}} }

// Being kicked again and again, the holder waits 1, 2, 4, 8, 15, 15 minutes; after a long
// quiet time it begins with one minute again.
func TestKickedBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		line := &fakeLine{end: make(chan error)}
		h := newHolder(newTable(), line, "bot", "a", leaseTiming{}, slog.New(slog.DiscardHandler))
		ended := make(chan struct{})
		go func() { h.run(ctx); close(ended) }()
		var waits []time.Duration
		kick := func() {
			line.end <- wecom.ErrReplaced
			began := time.Now()
			synctest.Wait()
			if v := h.view(); v.Role != roleKicked {
				t.Fatalf("role %s after a kick", v.Role)
			}
			for h.view().Role != roleHolder {
				time.Sleep(usualLease.Renew)
			}
			waits = append(waits, time.Since(began).Round(10*time.Second))
		}
		for range 6 {
			kick()
		}
		time.Sleep(20 * time.Minute)
		kick()
		m := time.Minute
		if want := []time.Duration{m, 2 * m, 4 * m, 8 * m, 15 * m, 15 * m, m}; !slices.Equal(waits, want) {
			t.Errorf("waited %v, want %v", waits, want)
		}
		cancel()
		<-ended
	})
}

// While Redis is away the holder keeps its connection; a second holder takes over only
// when the lease has run out, and the first steps back when it hears of it.
func TestLeaseOnTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		leases := newTable()
		lines := []*fakeLine{{end: make(chan error)}, {end: make(chan error)}}
		log := slog.New(slog.DiscardHandler)
		a, b := newHolder(leases, lines[0], "bot", "a", leaseTiming{}, log), newHolder(leases, lines[1], "bot", "b", leaseTiming{}, log)
		var wg sync.WaitGroup
		wg.Go(func() { a.run(ctx) })
		time.Sleep(usualLease.Term)
		wg.Go(func() { b.run(ctx) })
		roles := func() string { return a.view().Role + " " + b.view().Role }
		time.Sleep(time.Minute)
		if got := roles(); got != "holder standby" {
			t.Errorf("at first: %s", got)
		}
		leases.mu.Lock()
		leases.err = errors.New("redis is away")
		leases.mu.Unlock()
		time.Sleep(time.Minute)
		if got := roles(); got != "holder standby" || lines[0].runs.Load() != 1 {
			t.Errorf("without Redis: %s", got)
		}
		leases.mu.Lock()
		leases.err = nil
		leases.held["longconn:bot"], leases.until["longconn:bot"] = "b", time.Now().Add(usualLease.Term) // b was faster
		leases.mu.Unlock()
		time.Sleep(2 * usualLease.Renew)
		if got := roles(); got != "standby holder" {
			t.Errorf("after b took it: %s", got)
		}
		cancel()
		wg.Wait()
	})
}
