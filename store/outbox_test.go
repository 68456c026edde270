package store_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/store"
	"juwei/store/storetest"
)

// mustPush commits pushes and returns their numbers.
func mustPush(tb testing.TB, s *store.Store, street string, pushes ...store.Push) []int64 {
	tb.Helper()
	return mustCommit(tb, s, store.Act{Street: street, Pushes: pushes}).Pushes
}

func mustDue(tb testing.TB, s *store.Store, street string, now time.Time) []store.Waiting {
	tb.Helper()
	w, err := s.Due(tb.Context(), street, now, 100)
	if err != nil {
		tb.Fatalf("due: %v", err)
	}
	return w
}

func numbersOf(ws []store.Waiting) (ns []int64) {
	for _, w := range ws {
		ns = append(ns, w.N)
	}
	return ns
}

func TestDueIsOrderedAndLimited(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		later := at.Add(time.Hour)
		mustPush(t, s, street,
			store.Push{To: "user:a", Priority: 9}, store.Push{To: "user:a", Priority: 10},
			store.Push{To: "user:a", Priority: 1, NotBefore: later}, store.Push{To: "user:b", Priority: 0},
			store.Push{To: "user:a", Priority: 9, NotBefore: at.Add(-time.Hour)})
		mustPush(t, s, street, make([]store.Push, 0, 1)...)
		if diff := cmp.Diff([]int64{4, 1, 5, 2}, numbersOf(mustDue(t, s, street, at))); diff != "" {
			t.Errorf("due (-want +got):\n%s", diff)
		}
		if w := mustDue(t, s, street, at.Add(-time.Millisecond)); len(w) != 0 {
			t.Errorf("due before they were said: %v", w)
		}
		if diff := cmp.Diff([]int64{4, 3, 1, 5, 2}, numbersOf(mustDue(t, s, street, later))); diff != "" {
			t.Errorf("due later (-want +got):\n%s", diff)
		}
		two, err := s.Due(t.Context(), street, later, 2)
		if diff := cmp.Diff([]int64{4, 3}, numbersOf(two)); diff != "" || err != nil {
			t.Errorf("two due, %v (-want +got):\n%s", err, diff)
		}
		if next, ok, err := s.NextDue(t.Context(), street); !ok || err != nil || !next.Equal(at) {
			t.Errorf("next due %v %v %v, want %v", next, ok, err, at)
		}
		if _, ok, err := s.NextDue(t.Context(), storetest.Street(t)); ok || err != nil {
			t.Errorf("next due of an empty street: %v %v", ok, err)
		}
	})
}

func TestPushLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		push := store.Push{To: "chat:g|1", Kind: "notice", Priority: 3, Body: []byte("私\x00密"), Expires: at.Add(time.Hour), Campaign: "epidemic"}
		mustPush(t, s, street, push)
		w := mustDue(t, s, street, at)[0]
		want := store.Waiting{N: 1, Push: push, State: store.StateWaiting, Due: at, Rev: 1, Created: at}
		if diff := cmp.Diff(want, w, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Fatalf("waiting (-want +got):\n%s", diff)
		}

		c, err := s.Claim(ctx, street, w, "courier-1", at.Add(time.Minute))
		if err != nil || c.State != store.StateClaimed || c.Rev != 2 {
			t.Fatalf("claim: %+v, %v", c, err)
		}
		if _, err := s.Claim(ctx, street, w, "courier-2", at.Add(time.Minute)); !errors.Is(err, store.ErrStale) {
			t.Errorf("second claim: %v, want ErrStale", err)
		}
		if w := mustDue(t, s, street, at.Add(time.Minute-time.Millisecond)); len(w) != 0 {
			t.Errorf("due while claimed: %+v", w)
		}
		if next, ok, _ := s.NextDue(ctx, street); !ok || !next.Equal(at.Add(time.Minute)) {
			t.Errorf("next due %v %v, want the end of the lease", next, ok)
		}

		// The claim's lease runs out: it waits again, and the first owner has lost it.
		back := mustDue(t, s, street, at.Add(time.Minute))
		if len(back) != 1 || back[0].State != store.StateWaiting || back[0].Attempt != 0 {
			t.Fatalf("after the lease: %+v", back)
		}
		c2, err := s.Claim(ctx, street, back[0], "courier-2", at.Add(2*time.Minute))
		if err != nil {
			t.Fatalf("claim after the lease: %v", err)
		}
		if _, err := s.Sending(ctx, street, c, at.Add(3*time.Minute)); !errors.Is(err, store.ErrStale) {
			t.Errorf("sending with a lost claim: %v, want ErrStale", err)
		}
		sending, err := s.Sending(ctx, street, c2, at.Add(3*time.Minute))
		if err != nil || sending.State != store.StateSending {
			t.Fatalf("sending: %+v, %v", sending, err)
		}

		// Refused for now: it waits again, one attempt older.
		if err := s.Again(ctx, street, sending, at.Add(5*time.Minute), "45009"); err != nil {
			t.Fatalf("again: %v", err)
		}
		if w := mustDue(t, s, street, at.Add(4*time.Minute)); len(w) != 0 {
			t.Errorf("due before its new time: %+v", w)
		}
		w = mustDue(t, s, street, at.Add(5*time.Minute))[0]
		if w.Attempt != 1 || w.State != store.StateWaiting || w.Reason != "45009" || string(w.Push.Body) != "私\x00密" {
			t.Errorf("again: %+v", w)
		}

		// Begun, and never heard of again: it comes up as sending, never as waiting.
		c, err = s.Claim(ctx, street, w, "courier-1", at.Add(6*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Sending(ctx, street, c, at.Add(7*time.Minute)); err != nil {
			t.Fatal(err)
		}
		w = mustDue(t, s, street, at.Add(7*time.Minute))[0]
		if w.State != store.StateSending {
			t.Fatalf("an expired sending came up as %s", w.State)
		}
		if _, err := s.Claim(ctx, street, w, "courier-2", at.Add(8*time.Minute)); err == nil {
			t.Error("an expired sending could be claimed")
		}
		end := at.Add(8 * time.Minute)
		if err := s.Settle(ctx, street, w, store.StateUnknown, "no answer", end); err != nil {
			t.Fatalf("settle: %v", err)
		}
		if err := s.Settle(ctx, street, w, store.StateSent, "", end); !errors.Is(err, store.ErrStale) {
			t.Errorf("settled twice: %v, want ErrStale", err)
		}
		if _, ok, _ := s.NextDue(ctx, street); ok {
			t.Error("a settled push is still due")
		}
		entries, err := s.Outbox(ctx, street, day)
		wantEntries := []store.Entry{{N: 1, To: "chat:g|1", Kind: "notice", State: store.StateUnknown, Reason: "no answer", At: end, Attempt: 1}}
		if diff := cmp.Diff(wantEntries, entries, cmp.Comparer(time.Time.Equal)); diff != "" || err != nil {
			t.Errorf("outbox, %v (-want +got):\n%s", err, diff)
		}
		kept, ok, err := s.Kept(ctx, street, day, 1)
		if diff := cmp.Diff(push, kept, cmp.Comparer(time.Time.Equal)); diff != "" || !ok || err != nil {
			t.Errorf("kept %v %v (-want +got):\n%s", ok, err, diff)
		}
	})
}

func TestSettleKeepsNoBodyOfWhatIsDone(t *testing.T) {
	t.Parallel()
	rows := map[store.State]bool{store.StateSent: false, store.StateDropped: false, store.StateUnknown: true, store.StateDead: true}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for state, kept := range rows {
			t.Run(string(state), func(t *testing.T) {
				street := storetest.Street(t)
				mustPush(t, s, street, store.Push{To: "user:a", Kind: "k", Body: []byte("text")})
				if err := s.Settle(t.Context(), street, mustDue(t, s, street, at)[0], state, "r|1", at); err != nil {
					t.Fatal(err)
				}
				want := map[string]any{
					"push:n":         "1",
					"pushlog:" + day: []string{"1|" + string(state) + "|0|" + strconv.FormatInt(at.UnixMilli(), 10) + "|k|user:a|r%7C1"},
				}
				dump := storetest.Dump(t, s, street)
				if _, has := dump["push:kept:"+day]; has != kept {
					t.Errorf("kept %v, want %v", has, kept)
				}
				delete(dump, "push:kept:"+day)
				if diff := cmp.Diff(want, dump); diff != "" {
					t.Errorf("redis (-want +got):\n%s", diff)
				}
				if _, ok, err := s.Kept(t.Context(), street, day, 1); ok != kept || err != nil {
					t.Errorf("kept %v, %v, want %v", ok, err, kept)
				}
			})
		}
		street := storetest.Street(t)
		mustPush(t, s, street, store.Push{To: "user:a"})
		for _, state := range []store.State{store.StateWaiting, store.StateClaimed, store.StateSending, "x", ""} {
			if err := s.Settle(t.Context(), street, mustDue(t, s, street, at)[0], state, "", at); err == nil {
				t.Errorf("settled as %q", state)
			}
		}
	})
}

// Many couriers take the same pushes: each push is claimed by exactly one.
func TestClaimsDoNotOverlap(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const pushes, couriers = 20, 5
		street := storetest.Street(t)
		for range pushes {
			mustPush(t, s, street, store.Push{To: "user:a"})
		}
		due := mustDue(t, s, street, at)
		var mu sync.Mutex
		got := map[int64]int{}
		var wg sync.WaitGroup
		for i := range couriers {
			wg.Go(func() {
				for _, w := range due {
					_, err := s.Claim(t.Context(), street, w, strconv.Itoa(i), at.Add(time.Minute))
					if err != nil && !errors.Is(err, store.ErrStale) {
						t.Error(err)
					}
					if err == nil {
						mu.Lock()
						got[w.N]++
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		for n := int64(1); n <= pushes; n++ {
			if got[n] != 1 {
				t.Errorf("push %d was claimed %d times", n, got[n])
			}
		}
	})
}

func TestForgottenBodyIsLost(t *testing.T) {
	t.Parallel()
	ring, err := store.NewRing([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.Start(t).Open(t, func(o *store.Options) { o.Seal = ring })
	street := storetest.Street(t)
	mustPush(t, s, street, store.Push{To: "user:a", Body: []byte("secret"), Campaign: "epidemic"})
	if err := ring.Forget("epidemic"); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		w := mustDue(t, s, street, at.Add(time.Hour))[0]
		if !w.Lost || w.Push.Body != nil {
			t.Fatalf("round %d: %+v, want a lost body", round, w)
		}
		if _, err := s.Claim(t.Context(), street, w, "a", at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	w := mustDue(t, s, street, at.Add(time.Hour))[0]
	if err := s.Settle(t.Context(), street, w, store.StateDead, "lost", at); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Kept(t.Context(), street, day, w.N); ok || err != nil {
		t.Errorf("kept %v, %v, want nothing to send again", ok, err)
	}
}

func TestPermit(t *testing.T) {
	t.Parallel()
	const window, limit = time.Minute, 3
	type ask struct {
		after time.Duration
		ok    bool
		retry time.Duration // after at
	}
	asks := []ask{
		{0, true, 0}, {10 * time.Second, true, 0}, {10 * time.Second, true, 0},
		{10 * time.Second, false, window}, {window - time.Millisecond, false, window},
		{window, true, 0}, {window, false, window + 10*time.Second},
		{window + 10*time.Second - time.Millisecond, false, window + 10*time.Second},
		{window + 10*time.Second, true, 0}, {window + 10*time.Second, true, 0},
		{window + 10*time.Second, false, 2 * window},
		{-24 * time.Hour, true, 0}, // the clock was set back: it does not wait a day
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		pace := "webhook:{" + storetest.Street(t) + "}"
		for i, a := range asks {
			ok, retry, err := s.Permit(t.Context(), pace, window, limit, at.Add(a.after))
			if err != nil || ok != a.ok || !ok && !retry.Equal(at.Add(a.retry)) {
				t.Errorf("ask %d after %v: %v, retry after %v, %v; want %v after %v", i, a.after, ok, retry.Sub(at), err, a.ok, a.retry)
			}
		}
		if _, _, err := s.Permit(t.Context(), pace, window, 0, at); err == nil {
			t.Error("a pace of 0 was accepted")
		}
	})
}

func TestPermitsAreSharedByReplicas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const limit = 20
		pace := storetest.Street(t)
		var mu sync.Mutex
		given := 0
		var wg sync.WaitGroup
		for range 3 * limit {
			wg.Go(func() {
				ok, _, err := s.Permit(t.Context(), pace, time.Minute, limit, at)
				if err != nil {
					t.Error(err)
				}
				if ok {
					mu.Lock()
					given++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if given != limit {
			t.Errorf("%d permits, want %d", given, limit)
		}
	})
}

func TestHold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		name := storetest.Street(t)
		for i, row := range []struct {
			owner string
			after time.Duration
			ok    bool
		}{
			{"a", 0, true}, {"b", 30 * time.Second, false}, {"a", 30 * time.Second, true},
			{"b", 89 * time.Second, false}, {"b", 90 * time.Second, true}, {"a", 91 * time.Second, false},
		} {
			now := at.Add(row.after)
			ok, err := s.Hold(t.Context(), name, row.owner, now, now.Add(time.Minute))
			if ok != row.ok || err != nil {
				t.Errorf("row %d: %v %v, want %v", i, ok, err, row.ok)
			}
		}
	})
}
