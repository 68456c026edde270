package store_test

import (
	"os"
	"testing"
	"time"

	"juwei/store"
	"juwei/store/storetest"
)

// A ring that looks at its directory once a second knows a key that another process has
// just made at once, and of one that was ended within the second.
func TestRingLooksEvery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, err := store.InitRing(dir)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := store.OpenRing(dir)
	if err != nil {
		t.Fatal(err)
	}
	now := at
	ours.LookEvery(time.Second, func() time.Time { return now })
	server, street := storetest.Start(t), storetest.Street(t)
	open := func(r *store.Ring) *store.Store {
		return server.Open(t, func(o *store.Options) { o.Seal, o.AuditKey = r, r.AuditKey() })
	}
	here, there := open(ours), open(theirs)
	put := func(s *store.Store, field, campaign string) {
		t.Helper()
		mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{store.PutSealed(store.Notices(), field, 0, "n", campaign)}})
	}
	later := func(hours int) { // file systems count in ticks, and this test takes less than one
		t.Helper()
		if err := os.Chtimes(dir, time.Time{}, at.Add(time.Duration(hours)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	put(here, "1", "epidemic") // looks, and has looked
	put(there, "2", "typhoon")
	if c := mustCell(t, here, street, store.Notices(), "2"); c.Lost || c.Value != "n" {
		t.Errorf("sealed with a key made this second: %+v", c)
	}
	if err := theirs.Forget(store.Scoped(street, "epidemic")); err != nil {
		t.Fatal(err)
	}
	later(1)
	now = now.Add(time.Second)
	if c := mustCell(t, here, street, store.Notices(), "1"); !c.Lost {
		t.Errorf("a second after the campaign ended: %+v", c)
	}
	now = now.Add(-time.Hour) // the clock was put back
	put(there, "3", "epidemic")
	if err := theirs.Forget(store.Scoped(street, "typhoon")); err != nil {
		t.Fatal(err)
	}
	later(2)
	if c := mustCell(t, here, street, store.Notices(), "2"); !c.Lost {
		t.Errorf("a clock that was put back: %+v", c)
	}
	put(here, "4", "epidemic")
	if c := mustCell(t, there, street, store.Notices(), "4"); c.Lost {
		t.Error("sealed with a key that was gone")
	}
}
