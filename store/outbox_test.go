package store_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

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

func mustKept(tb testing.TB, s *store.Store, street string) []store.Waiting {
	tb.Helper()
	b := s.Read(street)
	kept := b.Kept(day)
	if err := b.Run(tb.Context()); err != nil {
		tb.Fatalf("kept: %v", err)
	}
	return *kept
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
		if next, ok, err := s.NextDue(t.Context(), street, at.Add(-time.Second)); !ok || err != nil || !next.Equal(at) {
			t.Errorf("next due %v %v %v, want %v", next, ok, err, at)
		}
		if _, ok, err := s.NextDue(t.Context(), storetest.Street(t), at); ok || err != nil {
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
		if next, ok, _ := s.NextDue(ctx, street, at); !ok || !next.Equal(at.Add(time.Minute)) {
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
		if _, err := s.Sending(ctx, street, []store.Waiting{c}, at, at.Add(3*time.Minute)); !errors.Is(err, store.ErrStale) {
			t.Errorf("sending with a lost claim: %v, want ErrStale", err)
		}
		begun, err := s.Sending(ctx, street, []store.Waiting{c2}, at, at.Add(3*time.Minute))
		if err != nil || begun[0].State != store.StateSending || !begun[0].Begun.Equal(at) {
			t.Fatalf("sending: %+v, %v", begun, err)
		}
		sending := begun[0]

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
		if _, err = s.Sending(ctx, street, []store.Waiting{c}, at, at.Add(7*time.Minute)); err != nil {
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
		if _, ok, _ := s.NextDue(ctx, street, at); ok {
			t.Error("a settled push is still due")
		}
		entries, err := s.Outbox(ctx, street, day)
		wantEntries := []store.Entry{{N: 1, To: "chat:g|1", Kind: "notice", State: store.StateUnknown, Reason: "no answer", At: end, Attempt: 1}}
		if diff := cmp.Diff(wantEntries, entries, cmp.Comparer(time.Time.Equal)); diff != "" || err != nil {
			t.Errorf("outbox, %v (-want +got):\n%s", err, diff)
		}
		kept := mustKept(t, s, street)
		if diff := cmp.Diff(push, kept[0].Push, cmp.Comparer(time.Time.Equal)); diff != "" || kept[0].State != store.StateUnknown {
			t.Errorf("kept %+v (-want +got):\n%s", kept, diff)
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
				if got := mustKept(t, s, street); len(got) == 1 != kept {
					t.Errorf("kept %v, want %v", got, kept)
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
	if err := ring.Forget(store.Scoped(street, "epidemic")); err != nil {
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
	if got := mustKept(t, s, street); len(got) != 1 || !got[0].Lost {
		t.Errorf("kept %+v, want nothing to send again", got)
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
			ok, retry, err := s.Permit(t.Context(), pace, at.Add(a.after), store.Window{Span: window, Limit: limit})
			if err != nil || ok != a.ok || !ok && !retry.Equal(at.Add(a.retry)) {
				t.Errorf("ask %d after %v: %v, retry after %v, %v; want %v after %v", i, a.after, ok, retry.Sub(at), err, a.ok, a.retry)
			}
		}
		if _, _, err := s.Permit(t.Context(), pace, at, store.Window{Span: window}); err == nil {
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
				ok, _, err := s.Permit(t.Context(), pace, at, store.Window{Span: time.Minute, Limit: limit})
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

// Two windows are one permit: what the hour refuses is not taken from the minute.
func TestPermitOfTwoWindows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		pace := storetest.Street(t)
		windows := []store.Window{{Span: time.Minute, Limit: 3}, {Span: time.Hour, Limit: 5}}
		for i, row := range []struct {
			after time.Duration
			ok    bool
			retry time.Duration
		}{
			{0, true, 0}, {0, true, 0}, {time.Second, true, 0},
			{2 * time.Second, false, time.Minute},
			{time.Minute, true, 0}, {time.Minute, true, 0},
			{2 * time.Minute, false, time.Hour}, {time.Hour - time.Millisecond, false, time.Hour},
			{time.Hour, true, 0}, {time.Hour, true, 0}, {time.Hour, false, time.Hour + time.Second},
			{time.Hour + time.Second, true, 0},
		} {
			ok, retry, err := s.Permit(t.Context(), pace, at.Add(row.after), windows...)
			if err != nil || ok != row.ok || !ok && !retry.Equal(at.Add(row.retry)) {
				t.Errorf("row %d: %v, retry after %v, %v; want %v after %v", i, ok, retry.Sub(at), err, row.ok, row.retry)
			}
		}
		// An answer is counted also above the limit; the next push waits for its window.
		late := at.Add(5 * time.Hour)
		for range 4 {
			if err := s.Spend(t.Context(), pace, late, windows...); err != nil {
				t.Fatal(err)
			}
		}
		if ok, retry, err := s.Permit(t.Context(), pace, late, windows...); ok || err != nil || !retry.Equal(late.Add(time.Minute)) {
			t.Errorf("after four answers: %v %v %v", ok, retry, err)
		}
	})
}

// A halt holds back every replica, doubles while it does not help, and begins anew after
// it has not been needed for a while.
func TestHalt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, pace := t.Context(), storetest.Street(t)
		one := store.Window{Span: time.Second, Limit: 100}
		halt := func(after, want time.Duration) {
			t.Helper()
			until, err := s.Halt(ctx, pace, at.Add(after))
			if err != nil || until.Sub(at) != want {
				t.Errorf("halt after %v until %v, %v; want %v", after, until.Sub(at), err, want)
			}
		}
		permit := func(after time.Duration, want bool) {
			t.Helper()
			ok, retry, err := s.Permit(ctx, pace, at.Add(after), one)
			if err != nil || ok != want {
				t.Errorf("permit after %v: %v until %v, %v; want %v", after, ok, retry.Sub(at), err, want)
			}
		}
		halt(0, time.Minute)
		halt(time.Second, time.Minute) // another replica met the same limit
		permit(time.Minute-time.Millisecond, false)
		permit(time.Minute, true)
		halt(time.Minute, 3*time.Minute)
		permit(3*time.Minute-time.Millisecond, false)
		halt(3*time.Minute, 7*time.Minute)
		halt(7*time.Minute, 15*time.Minute)
		halt(15*time.Minute, 31*time.Minute)
		halt(31*time.Minute, 47*time.Minute) // 16 minutes are the most
		halt(47*time.Minute+16*time.Minute+time.Millisecond, 64*time.Minute+time.Millisecond)
		permit(-24*time.Hour, true) // the clock was set back: it does not rest a day
	})
}

// One that came back or is being sent holds back those behind it, of its target and
// priority only; one planned for later does not.
func TestNothingOvertakes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		mustPush(t, s, street,
			store.Push{To: "user:a", Priority: 5}, store.Push{To: "user:a", Priority: 5},
			store.Push{To: "user:a", Priority: 0}, store.Push{To: "user:b", Priority: 5},
			store.Push{To: "user:c", Priority: 5, NotBefore: at.Add(time.Hour)}, store.Push{To: "user:c", Priority: 5})
		want := func(now time.Time, ns ...int64) []store.Waiting {
			t.Helper()
			due := mustDue(t, s, street, now)
			if diff := cmp.Diff(ns, numbersOf(due)); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
			return due
		}
		due := want(at, 3, 1, 2, 4, 6)
		first := due[1]
		if err := s.Again(ctx, street, first, at.Add(10*time.Minute), "45009"); err != nil {
			t.Fatal(err)
		}
		want(at.Add(time.Minute), 3, 4, 6)
		due = want(at.Add(10*time.Minute), 3, 1, 2, 4, 6)
		if _, err := s.Claim(ctx, street, due[1], "a", at.Add(11*time.Minute)); err != nil {
			t.Fatal(err)
		}
		want(at.Add(10*time.Minute), 3, 4, 6)
		due = want(at.Add(11*time.Minute), 3, 1, 2, 4, 6)
		if err := s.Settle(ctx, street, due[1], store.StateSent, "", at); err != nil {
			t.Fatal(err)
		}
		want(at.Add(11*time.Minute), 3, 2, 4, 6)
	})
}

// What was put back, claimed or begun while the clock had leapt ahead is looked at when it
// has been put right, as soon as anything is due; what was planned for that day waits for it.
func TestDueAfterALeapOfTheClock(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		mustPush(t, s, street, store.Push{To: "user:a"}, store.Push{To: "user:b"}, store.Push{To: "user:c"},
			store.Push{To: "user:d", NotBefore: at.AddDate(0, 0, 10)}, store.Push{To: "user:e"}, store.Push{To: "user:a"})
		due, leapt := mustDue(t, s, street, at), at.AddDate(0, 0, 10)
		if err := s.Later(ctx, street, due[0], leapt.Add(12*time.Hour), "静默时段"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Claim(ctx, street, due[1], "one", leapt.Add(15*time.Second)); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.Claim(ctx, street, due[2], "one", leapt.Add(15*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sending(ctx, street, []store.Waiting{claimed}, leapt, leapt.Add(15*time.Second)); err != nil {
			t.Fatal(err)
		}
		var got []store.State
		for _, w := range mustDue(t, s, street, at.Add(time.Minute)) {
			got = append(got, w.State)
		}
		want := []store.State{store.StateWaiting, store.StateWaiting, store.StateSending, store.StateWaiting, store.StateWaiting}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("due (-want +got):\n%s", diff)
		}
		// Three days are the most that anything is put back for.
		if err := s.Later(ctx, street, due[3], at.Add(72*time.Hour), "今天已说满3条"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{1, 2, 3, 6}, numbersOf(mustDue(t, s, street, at))); diff != "" {
			t.Errorf("due with one held for three days (-want +got):\n%s", diff)
		}
	})
}

// A message that went out is paid for in the same act, at the revision that was read.
func TestSendingPaysTheBudget(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		mustPush(t, s, street, store.Push{To: "user:a"}, store.Push{To: "user:a"})
		var claimed []store.Waiting
		for _, w := range mustDue(t, s, street, at) {
			c, err := s.Claim(ctx, street, w, "a", at.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			claimed = append(claimed, c)
		}
		pay := func(rev int) store.Change { return store.Put(store.Said(day), "user:a", rev, "1") }
		if _, err := s.Sending(ctx, street, claimed, at, at.Add(time.Minute), pay(3)); !errors.Is(err, store.ErrStale) {
			t.Fatalf("paid at a revision that is not there: %v", err)
		}
		begun, err := s.Sending(ctx, street, claimed, at, at.Add(time.Minute), pay(0))
		if err != nil || len(begun) != 2 || begun[1].State != store.StateSending {
			t.Fatalf("sending: %+v, %v", begun, err)
		}
		more, err := s.Partly(ctx, street, begun[0], 1, at.Add(2*time.Minute))
		if err != nil || more.Said != 1 {
			t.Fatalf("partly: %+v, %v", more, err)
		}
		follow := store.Push{To: "user:b", Kind: "notice", Body: []byte("x"), From: 1}
		if err := s.Settle(ctx, street, more, store.StateDead, "r", at, follow); err != nil {
			t.Fatal(err)
		}
		if due := mustDue(t, s, street, at); len(due) != 1 || due[0].Push.From != 1 || due[0].N != 3 {
			t.Errorf("what follows: %+v", due)
		}
	})
}

// What a person cancels leaves the queue once, and what a person has dealt with is
// forgotten once.
func TestCancelAndUnkeep(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		mustPush(t, s, street, store.Push{To: "user:a", Kind: "k"}, store.Push{To: "user:a"})
		b := s.Read(street)
		w := b.Push(1)
		none := b.Push(9)
		if err := b.Run(ctx); err != nil || w.Rev != 1 || none.Rev != 0 {
			t.Fatalf("read: %+v %+v %v", w, none, err)
		}
		cancel := store.Act{Street: street, Changes: []store.Change{store.Cancel(*w, "取消", at)}}
		mustCommit(t, s, cancel)
		if _, err := s.Commit(ctx, cancel); !errors.Is(err, store.ErrStale) {
			t.Errorf("cancelled twice: %v", err)
		}
		due := mustDue(t, s, street, at)
		if diff := cmp.Diff([]int64{2}, numbersOf(due)); diff != "" {
			t.Errorf("due (-want +got):\n%s", diff)
		}
		if err := s.Settle(ctx, street, due[0], store.StateDead, "r", at); err != nil {
			t.Fatal(err)
		}
		unkeep := store.Act{Street: street, Changes: []store.Change{store.Unkeep(day, mustKept(t, s, street)[0])}}
		mustCommit(t, s, unkeep)
		if _, err := s.Commit(ctx, unkeep); !errors.Is(err, store.ErrStale) {
			t.Errorf("dealt with twice: %v", err)
		}
		entries, err := s.Outbox(ctx, street, day)
		if err != nil || len(entries) != 2 || entries[0].State != store.StateDropped || entries[0].Reason != "取消" {
			t.Errorf("outbox %+v, %v", entries, err)
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

// Whom another replica takes between the reading of records and of times is overtaken by
// nobody.
func TestDueWhileAnotherClaims(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s, street := server.Open(t), storetest.Street(t)
	first := mustPush(t, s, street, store.Push{To: "user:a", Kind: "k"}, store.Push{To: "user:a", Kind: "k"})[0]
	w := mustDue(t, s, street, at)[0]
	if w.N != first {
		t.Fatalf("the first is %d, want %d", w.N, first)
	}
	between := &split{do: func() {
		if _, err := s.Claim(t.Context(), street, w, "other", at.Add(15*time.Second)); err != nil {
			t.Error(err)
		}
	}}
	late := server.Open(t, func(o *store.Options) { o.Hooks = append(o.Hooks, between) })
	if got := mustDue(t, late, street, at); len(got) > 0 {
		t.Errorf("push %d may be said while %d is in another's hands", got[0].N, first)
	}
}

// split does something, once, between the first command of a pipeline and the others.
type split struct {
	once sync.Once
	do   func()
}

func (h *split) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (h *split) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (h *split) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if len(cmds) < 2 || cmds[0].Name() != "hgetall" {
			return next(ctx, cmds)
		}
		if err := next(ctx, cmds[:1]); err != nil {
			return err
		}
		h.once.Do(h.do)
		return next(ctx, cmds[1:])
	}
}
