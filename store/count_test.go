package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"juwei/store"
	"juwei/store/storetest"
)

// Many count in one cell at once: nothing is stale and nothing is lost.
func TestCount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, testCount)
}

func testCount(t *testing.T, s *store.Store) {
	street, table := storetest.Street(t), store.Burden("2020-02-13")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := s.Commit(t.Context(), store.Act{
				Street: street, ID: fmt.Sprint("count-", i), At: at,
				Changes: []store.Change{store.Count(table, "服务办", store.Counts{1, 2, i}), store.Count(table, "管理办", store.Counts{1})},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mustCommit(t, s, store.Act{Street: street, ID: "count-0", At: at, Changes: []store.Change{store.Count(table, "服务办", store.Counts{100})}}) // again: not counted
	mustCommit(t, s, store.Act{Street: street, ID: "fewer", At: at, Changes: []store.Change{store.Count(table, "服务办", store.Counts{1})}})
	mustCommit(t, s, store.Act{Street: street, ID: "more", At: at, Changes: []store.Change{store.Count(table, "管理办", store.Counts{1, 0, 5, -3})}})

	cell := mustCell(t, s, street, table, "服务办")
	if got, err := cell.Counts(); err != nil || got != (store.Counts{21, 40, 190}) || cell.Rev != 21 {
		t.Errorf("counted %v at revision %d (%v)", got, cell.Rev, err)
	}
	if got, err := mustCell(t, s, street, table, "管理办").Counts(); err != nil || got != (store.Counts{21, 0, 5, 0}) {
		t.Errorf("counted %v (%v)", got, err)
	}
	if got, err := (store.Cell{}).Counts(); got != (store.Counts{}) || err != nil {
		t.Errorf("nothing counts as %v (%v)", got, err)
	}
}

func TestCountRefusesWhatIsNoCount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, testCountRefuses)
}

func testCountRefuses(t *testing.T, s *store.Store) {
	street, table := storetest.Street(t), store.Burden("2020-02-13")
	mustCommit(t, s, store.Act{Street: street, At: at, Changes: []store.Change{store.Put(table, "服务办", 0, "新返2")}})
	_, err := s.Commit(t.Context(), store.Act{Street: street, At: at, Changes: []store.Change{store.Put(table, "x", 0, ""), store.Count(table, "服务办", store.Counts{1})}})
	if !errors.Is(err, store.ErrDamaged) {
		t.Errorf("counting on text: %v", err)
	}
	if cell := mustCell(t, s, street, table, "x"); cell.Rev != 0 {
		t.Error("half of an act was done")
	}
	if _, err := mustCell(t, s, street, table, "服务办").Counts(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("text read as counts: %v", err)
	}
	_, err = s.Commit(t.Context(), store.Act{Street: street, At: at, Changes: []store.Change{store.Count(table, "a", store.Counts{1}), store.Count(table, "a", store.Counts{1})}})
	if err == nil {
		t.Error("one cell was counted twice in one act")
	}
}
