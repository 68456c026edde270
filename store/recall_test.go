package store_test

import (
	"errors"
	"testing"

	"juwei/store"
	"juwei/store/storetest"
)

// report is one unit's first report of a day, decided on what is remembered: on yesterday's,
// which it returns, and on there being no draft.
func report(t *testing.T, s *store.Store, street, id string) (yesterday store.Cell, err error) {
	t.Helper()
	memory := s.Recall()
	b := memory.Read(street)
	today, before := b.Cell(table, "梅园"), b.Cell(store.Reports("daily", "2020-02-12"), "梅园")
	texts, draft := b.Cell(store.ReportTexts("daily", day), "梅园"), b.Cell(store.Drafts(), "sj-meiyuan")
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if today.Rev+texts.Rev+draft.Rev != 0 {
		t.Errorf("read %+v, texts %+v, draft %+v; want nothing", today, texts, draft)
	}
	_, err = s.Commit(t.Context(), store.Act{
		Street: street, ID: id, At: at, Day: day, Facts: memory.Facts(),
		Require: []store.Guard{{Table: store.Reports("daily", "2020-02-12"), Field: "梅园", Rev: before.Rev}},
		Changes: []store.Change{store.PutKeep(table, "梅园", 0, "8", store.ReportLog("daily", day))},
		Line:    &store.Line{Record: "daily/" + day}, Reply: []byte("已收"),
	})
	return *before, err
}

// What is remembered saves the reading, and is compared: whatever anybody else has done in
// between makes the act stale, also where the revisions are the same again.
func TestRecall(t *testing.T) {
	t.Parallel()
	yesterday := store.Reports("daily", "2020-02-12")
	rows := map[string]struct {
		meanwhile []store.Change // by another process
		flush     bool
		stale     bool
	}{
		"as it was":             {},
		"corrected yesterday":   {meanwhile: []store.Change{store.Put(yesterday, "梅园", 1, "9")}, stale: true},
		"filed by another":      {meanwhile: []store.Change{store.Put(table, "梅园", 0, "7")}, stale: true},
		"a draft was begun":     {meanwhile: []store.Change{store.Put(store.Drafts(), "sj-meiyuan", 0, "x")}, stale: true},
		"a text was left":       {meanwhile: []store.Change{store.Put(store.ReportTexts("daily", day), "梅园", 0, "x")}, stale: true},
		"another unit":          {meanwhile: []store.Change{store.Put(table, "文苑", 0, "7"), store.Put(yesterday, "文苑", 0, "7")}},
		"gone":                  {flush: true, stale: true},
		"the same revision":     {flush: true, meanwhile: []store.Change{store.Put(yesterday, "梅园", 0, "5")}, stale: true},
		"the same in all bytes": {flush: true, meanwhile: []store.Change{store.Put(yesterday, "梅园", 0, "8")}},
	}
	servers := map[string]*storetest.Server{"miniredis": storetest.Mini(t), "redis": storetest.StartTCP(t)}
	for name, row := range rows {
		for kind, server := range servers {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				s, other, street := server.Open(t), server.Open(t), storetest.Street(t)
				mustCommit(t, s, store.Act{Street: street, At: at, Changes: []store.Change{store.Put(yesterday, "梅园", 0, "8")}})
				if row.flush {
					for key := range storetest.Dump(t, s, street) {
						if err := storetest.Client(t, s).Del(t.Context(), "{"+street+"}:"+key).Err(); err != nil {
							t.Fatal(err)
						}
					}
				}
				if len(row.meanwhile) > 0 {
					mustCommit(t, other, store.Act{Street: street, At: at, Changes: row.meanwhile})
				}
				trips := storetest.Trips(t, s)
				before, err := report(t, s, street, "1")
				if errors.Is(err, store.ErrStale) != row.stale || !row.stale && err != nil {
					t.Errorf("commit: %v, stale wanted: %v", err, row.stale)
				}
				if before != (store.Cell{Rev: 1, Value: "8"}) {
					t.Errorf("yesterday is remembered as %+v", before)
				}
				if n := storetest.Trips(t, s) - trips; n != 1 {
					t.Errorf("%d round trips, want 1", n)
				}
			})
		}
	}
}

// What was read is remembered; what is not figures is asked for; what is no single cell is
// asked for, and rests on nothing.
func TestRecallAsks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		mustCommit(t, s, store.Act{Street: street, At: at, Changes: []store.Change{
			store.Put(table, "梅园", 0, "8"), store.Put(store.Drafts(), "sj-meiyuan", 0, "half"), store.Put(store.Notices(), "12", 0, "n"),
		}})
		rows := map[string]struct {
			ask   func(*store.Batch) *store.Cell
			trips int
		}{
			"a report":          {func(b *store.Batch) *store.Cell { return b.Cell(table, "梅园") }, 0},
			"a draft":           {func(b *store.Batch) *store.Cell { return b.Cell(store.Drafts(), "sj-meiyuan") }, 1},
			"a notice":          {func(b *store.Batch) *store.Cell { return b.Cell(store.Notices(), "12") }, 1},
			"among other asks":  {func(b *store.Batch) *store.Cell { b.Size(table); return b.Cell(table, "梅园") }, 1},
			"beside a draft":    {func(b *store.Batch) *store.Cell { b.Cell(store.Drafts(), "sj-meiyuan"); return b.Cell(table, "梅园") }, 1},
			"beside no draft":   {func(b *store.Batch) *store.Cell { b.Cell(store.Drafts(), "x"); return b.Cell(table, "梅园") }, 0},
			"the same one more": {func(b *store.Batch) *store.Cell { b.Cell(table, "梅园"); return b.Cell(table, "梅园") }, 0},
		}
		for name, row := range rows {
			before, memory := storetest.Trips(t, s), s.Recall()
			b := memory.Read(street)
			cell := row.ask(b)
			if err := b.Run(t.Context()); err != nil || cell.Rev != 1 {
				t.Errorf("%s: %+v, %v", name, cell, err)
			}
			if n := storetest.Trips(t, s) - before; n != row.trips {
				t.Errorf("%s: %d round trips, want %d", name, n, row.trips)
			}
			if (len(memory.Facts()) > 0) != (row.trips == 0) {
				t.Errorf("%s: %d facts from memory", name, len(memory.Facts()))
			}
		}
	})
}
