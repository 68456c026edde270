package store_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/store"
	"juwei/store/storetest"
)

// Commits that wait while Redis hangs: one gives up and leaves nothing, the others are all
// done as soon as it answers, in fewer round trips than there are commits.
func TestConvoy(t *testing.T) {
	t.Parallel()
	server := storetest.StartTCP(t)
	if !server.Real() {
		t.Skip("miniredis cannot be paused")
	}
	const commits = 40
	s := server.Open(t, func(o *store.Options) { o.Timeout = time.Minute })
	ctx, c, street := t.Context(), storetest.Client(t, s), storetest.Street(t)
	if err := c.Do(ctx, "client", "pause", time.Hour.Milliseconds(), "write").Err(); err != nil {
		t.Fatal(err)
	}
	before := storetest.Trips(t, s)
	var wg sync.WaitGroup
	commit := func(i int) {
		wg.Go(func() {
			act := store.Act{Street: street, ID: strconv.Itoa(i), At: at, Day: day, Reply: []byte(strconv.Itoa(i)), Line: &store.Line{Record: strconv.Itoa(i)},
				Changes: []store.Change{store.Put(table, strconv.Itoa(i), 0, "x")}}
			if i%5 == 4 {
				act.Changes = append(act.Changes, store.Put(store.Drafts(), "x", 7, "x"))
			}
			d, err := s.Commit(ctx, act)
			if stale := i%5 == 4; errors.Is(err, store.ErrStale) != stale || !stale && (err != nil || string(d.Reply) != strconv.Itoa(i)) {
				t.Errorf("commit %d: %q, %v", i, d.Reply, err)
			}
		})
	}
	commit(0)
	commit(1)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for storetest.Trips(t, s) < before+2 {
		<-tick.C
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Commit(gone, fullAct(street, "gone")); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a caller that went away: %v, want context.Canceled", err)
	}
	for i := 2; i < commits; i++ {
		commit(i)
	}
	if err := c.Do(ctx, "client", "unpause").Err(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	r, err := s.Verify(ctx, street, day)
	if diff := cmp.Diff(store.Report{Lines: commits * 4 / 5}, r); diff != "" || err != nil {
		t.Errorf("audit, %v (-want +got):\n%s", err, diff)
	}
	b := s.Read(street)
	if known := b.Done("gone"); b.Run(ctx) != nil || known.Found {
		t.Error("the commit of a caller that went away was done")
	}
}

// A script that was lost is loaded again also by commits that travel together.
func TestConvoyLoadsALostScript(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		if err := storetest.Client(t, s).ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := s.Commit(t.Context(), store.Act{Street: street, At: at, Changes: []store.Change{store.Put(table, strconv.Itoa(i), 0, "x")}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b := s.Read(street)
		if size := b.Size(table); b.Run(t.Context()) != nil || *size != 50 {
			t.Errorf("%d cells, want 50", *size)
		}
	})
}
