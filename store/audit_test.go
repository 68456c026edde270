package store_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"juwei/store"
	"juwei/store/storetest"
)

// mustAudit commits n audited acts.
func mustAudit(tb testing.TB, s *store.Store, street string, n int) {
	tb.Helper()
	for i := range n {
		mustCommit(tb, s, store.Act{Street: street, Day: day, At: at.Add(time.Duration(i) * time.Minute), Line: &store.Line{
			Actor: "sj-" + strconv.Itoa(i), Command: "日报", Unit: "梅|园\n", Record: "R" + strconv.Itoa(i), Rev: i, Values: "1,2," + strconv.Itoa(i), Note: "一句话",
		}})
	}
}

func mustCheckpoint(tb testing.TB, s *store.Store, street string) {
	tb.Helper()
	if err := s.Checkpoint(tb.Context(), street, day, at); err != nil {
		tb.Fatalf("checkpoint: %v", err)
	}
}

func TestAuditLines(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		if n, head, err := s.AuditHead(ctx, street, day); n != 0 || head != "" || err != nil {
			t.Errorf("head of nothing: %d %q %v", n, head, err)
		}
		if r, err := s.Verify(ctx, street, day); err != nil || cmp.Diff(store.Report{}, r) != "" {
			t.Errorf("verify nothing: %+v, %v", r, err)
		}
		mustCheckpoint(t, s, street)
		mustAudit(t, s, street, 3)
		lines, err := s.Audit(ctx, street, day)
		if err != nil || len(lines) != 3 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		got := lines[2]
		want := store.AuditLine{N: 3, At: at.Add(2 * time.Minute), Actor: "sj-2", Command: "日报", Unit: "梅|园\n", Record: "R2", Rev: 2, Digest: got.Digest, Salt: got.Salt, Note: "一句话"}
		if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("line (-want +got):\n%s", diff)
		}
		if !got.Proves("1,2,2") || got.Proves("1,2,3") || len(got.Salt) != 8 || got.Salt == lines[1].Salt {
			t.Errorf("salted digest %+v", got)
		}
		for key, v := range storetest.Dump(t, s, street) {
			if key != "audit:"+day+":side" && strings.Contains(strings.Join(flat(v), "\n"), "一句话") {
				t.Errorf("the note stands in %s", key)
			}
		}
		n, head, err := s.AuditHead(ctx, street, day)
		if n != 3 || len(head) != 40 || err != nil {
			t.Errorf("head %d %q %v", n, head, err)
		}
	})
}

func flat(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case map[string]string:
		var s []string
		for k, v := range v {
			s = append(s, k, v)
		}
		return s
	}
	return nil
}

func TestCheckpointOnlyWhenTheHeadMoved(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		for _, lines := range []int{2, 0, 0, 1} {
			mustAudit(t, s, street, lines)
			mustCheckpoint(t, s, street)
		}
		r, err := s.Verify(t.Context(), street, day)
		if diff := cmp.Diff(store.Report{Lines: 3, Checkpoints: 2}, r); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// TestVerify does to a chain of nine lines, with checkpoints after lines 3 and 6, what
// somebody might do who can write to Redis and has no key.
func TestVerify(t *testing.T) {
	t.Parallel()
	type meddler struct {
		ctx                context.Context
		c                  redis.UniversalClient
		lines, marks, head string
		entries            []string
	}
	rewrite := func(m meddler, key string, entries []string) error {
		if err := m.c.Del(m.ctx, key).Err(); err != nil || len(entries) == 0 {
			return err
		}
		return m.c.RPush(m.ctx, key, entries).Err()
	}
	set := func(m meddler, i int, old, fresh string) error {
		if !strings.Contains(m.entries[i], old) {
			t.Errorf("%q does not hold %q", m.entries[i], old)
		}
		return m.c.LSet(m.ctx, m.lines, int64(i), strings.Replace(m.entries[i], old, fresh, 1)).Err()
	}
	type fault = store.Fault
	rows := map[string]struct {
		meddle func(m meddler) error
		want   []fault
	}{
		"nothing":        {func(meddler) error { return nil }, nil},
		"a changed byte": {func(m meddler) error { return set(m, 4, "sj-4", "sj-5") }, []fault{{5, store.FaultChanged}}},
		"the first byte": {func(m meddler) error { return set(m, 0, "sj-0", "sj-1") }, []fault{{1, store.FaultChanged}}},
		"a revision":     {func(m meddler) error { return set(m, 8, "|8|", "|9|") }, []fault{{9, store.FaultChanged}}},
		"a tag":          {func(m meddler) error { return set(m, 1, m.entries[1][2:10], "00000000") }, []fault{{2, store.FaultChanged}}},
		"two changed lines": {func(m meddler) error {
			if err := set(m, 1, "sj-1", "sj-5"); err != nil {
				return err
			}
			return set(m, 7, "sj-7", "sj-5")
		}, []fault{{2, store.FaultChanged}, {8, store.FaultChanged}}},
		"a missing line": {func(m meddler) error {
			return rewrite(m, m.lines, slices.Delete(slices.Clone(m.entries), 4, 5))
		}, []fault{{5, store.FaultMissing}}},
		"a missing line, renumbered": {func(m meddler) error {
			rest := slices.Clone(m.entries[:8])
			for i := 4; i < 8; i++ {
				_, tail, _ := strings.Cut(m.entries[i+1], "|")
				rest[i] = strconv.Itoa(i+1) + "|" + tail
			}
			return rewrite(m, m.lines, rest)
		}, []fault{{5, store.FaultChanged}, {7, store.FaultChanged}, {9, store.FaultCut}}},
		"a swapped pair": {func(m meddler) error {
			e := slices.Clone(m.entries)
			e[3], e[4] = e[4], e[3]
			return rewrite(m, m.lines, e)
		}, []fault{{5, store.FaultMoved}, {4, store.FaultMoved}}},
		"a swapped pair, renumbered": {func(m meddler) error {
			e := slices.Clone(m.entries)
			e[3], e[4] = "4"+e[4][1:], "5"+e[3][1:]
			return rewrite(m, m.lines, e)
		}, []fault{{4, store.FaultChanged}}},
		"a line twice": {func(m meddler) error {
			return rewrite(m, m.lines, slices.Insert(slices.Clone(m.entries), 5, m.entries[1]))
		}, []fault{{2, store.FaultMoved}}},
		"no line at all": {func(m meddler) error { return m.c.LSet(m.ctx, m.lines, 3, "x").Err() }, []fault{{4, store.FaultUnreadable}}},
		"a tail before a checkpoint": {func(m meddler) error { return rewrite(m, m.lines, m.entries[:5]) },
			[]fault{{6, store.FaultCut}, {9, store.FaultCut}}},
		"a tail with the head turned back": {func(m meddler) error {
			mark, err := m.c.LIndex(m.ctx, m.marks, 0).Result()
			if err != nil {
				return err
			}
			if err := m.c.HSet(m.ctx, m.head, "n", "3", "head", strings.Split(mark, "|")[1]).Err(); err != nil {
				return err
			}
			return rewrite(m, m.lines, m.entries[:3])
		}, []fault{{6, store.FaultCut}}},
		"a tail after the checkpoint": {func(m meddler) error { return rewrite(m, m.lines, m.entries[:8]) }, []fault{{9, store.FaultCut}}},
		"all lines":                   {func(m meddler) error { return rewrite(m, m.lines, nil) }, []fault{{6, store.FaultCut}, {9, store.FaultCut}}},
		"the head":                    {func(m meddler) error { return m.c.Del(m.ctx, m.head).Err() }, []fault{{9, store.FaultHead}}},
		"another head": {func(m meddler) error {
			return m.c.HSet(m.ctx, m.head, "head", strings.Repeat("0", 40)).Err()
		}, []fault{{9, store.FaultHead}}},
		"a head that is no number": {func(m meddler) error { return m.c.HSet(m.ctx, m.head, "n", "x").Err() }, []fault{{9, store.FaultUnreadable}}},
		"a forged checkpoint": {func(m meddler) error {
			return m.c.RPush(m.ctx, m.marks, "9|"+strings.Repeat("0", 40)+"|k6f2a9b1|AAAAAAAAAAAAAAAAAAAAAA").Err()
		}, []fault{{9, store.FaultForged}}},
		"a checkpoint moved to another line": {func(m meddler) error {
			mark, err := m.c.LIndex(m.ctx, m.marks, 1).Result()
			if err != nil {
				return err
			}
			return m.c.LSet(m.ctx, m.marks, 1, "5"+mark[1:]).Err()
		}, []fault{{5, store.FaultForged}, {6, store.FaultMarkGone}}},
		"a checkpoint twice": {func(m meddler) error {
			mark, err := m.c.LIndex(m.ctx, m.marks, 0).Result()
			if err != nil {
				return err
			}
			return m.c.RPush(m.ctx, m.marks, mark).Err()
		}, []fault{{3, store.FaultMark}}},
		"no checkpoints":           {func(m meddler) error { return m.c.Del(m.ctx, m.marks).Err() }, []fault{{6, store.FaultMarkGone}}},
		"a checkpoint of no shape": {func(m meddler) error { return m.c.RPush(m.ctx, m.marks, "x").Err() }, []fault{{0, store.FaultUnreadable}}},
		"a line added without a key": {func(m meddler) error {
			return m.c.RPush(m.ctx, m.lines, "10|00000000|k6f2a9b1|x|y|z||0|").Err()
		}, []fault{{10, store.FaultChanged}, {9, store.FaultHead}}},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, row := range rows {
			t.Run(name, func(t *testing.T) {
				ctx, street := t.Context(), storetest.Street(t)
				for range 3 {
					n, _, err := s.AuditHead(ctx, street, day)
					if err != nil {
						t.Fatal(err)
					}
					for i := n; i < n+3; i++ {
						mustCommit(t, s, store.Act{Street: street, Day: day, Line: &store.Line{Actor: "sj-" + strconv.Itoa(i), Rev: i, Values: "1"}})
					}
					if n < 6 {
						mustCheckpoint(t, s, street)
					}
				}
				base := "{" + street + "}:audit:" + day
				m := meddler{ctx: ctx, c: storetest.Client(t, s), lines: base, marks: base + ":mark", head: base + ":head"}
				var err error
				if m.entries, err = m.c.LRange(ctx, base, 0, -1).Result(); err != nil || len(m.entries) != 9 {
					t.Fatalf("%d lines, %v", len(m.entries), err)
				}
				if err := row.meddle(m); err != nil {
					t.Fatal(err)
				}
				r, err := s.Verify(ctx, street, day)
				if diff := cmp.Diff(row.want, r.Faults); diff != "" || err != nil {
					t.Errorf("faults, %v (-want +got):\n%s", err, diff)
				}
			})
		}
	})
}

func TestVerifyIsBoundToStreetDayAndKey(t *testing.T) {
	t.Parallel()
	server := storetest.Start(t)
	s := server.Open(t)
	ctx, c, street, other := t.Context(), storetest.Client(t, s), storetest.Street(t), storetest.Street(t)
	mustAudit(t, s, street, 2)
	mustCheckpoint(t, s, street)
	for name, value := range storetest.Dump(t, s, street) {
		var err error
		switch v := value.(type) {
		case []string:
			err = c.RPush(ctx, "{"+other+"}:"+name, v).Err()
		case map[string]string:
			err = c.HSet(ctx, "{"+other+"}:"+name, v).Err()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []store.Fault{{Line: 2, What: store.FaultForged}, {Line: 1, What: store.FaultChanged}, {Line: 2, What: store.FaultMarkGone}}
	if r, err := s.Verify(ctx, other, day); err != nil || cmp.Diff(want, r.Faults) != "" {
		t.Errorf("another street's chain: %+v, %v", r, err)
	}
	stranger := server.Open(t, func(o *store.Options) { o.AuditKey = []byte("another key") })
	if r, err := stranger.Verify(ctx, street, day); err != nil || cmp.Diff(want, r.Faults) != "" {
		t.Errorf("with another key: %+v, %v", r, err)
	}
}

func TestErasedNotesLeaveTheChainWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		mustAudit(t, s, street, 3)
		mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{store.EraseNotes(day)}})
		lines, err := s.Audit(ctx, street, day)
		if err != nil || len(lines) != 3 || lines[0].Note != "" || lines[0].Salt != "" || lines[0].Proves("1,2,0") {
			t.Errorf("after erasing: %+v, %v", lines, err)
		}
		if r, err := s.Verify(ctx, street, day); err != nil || cmp.Diff(store.Report{Lines: 3}, r) != "" {
			t.Errorf("after erasing: %+v, %v", r, err)
		}
	})
}

// What a line says anyway is left out of its record, and comes back whatever the record is.
func TestAuditRecordsComeBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		commands := []string{"日报", "", "%", "a|b", "日报/" + day, day}
		records := []string{
			"", "日报", "日报/", "日报/" + day, "日报/" + day + "/" + day, "日报日报", day, "%C", "%D", "%C/%D", "%25C/x", "%/%", "a|b/" + day,
			"日报/2020-02-1", day + "/" + day, "日报/" + day + "/日报/%D\n",
		}
		var want []store.AuditLine
		for _, command := range commands {
			for _, record := range records {
				mustCommit(t, s, store.Act{Street: street, Day: day, Line: &store.Line{Command: command, Record: record, Rev: 1}})
				want = append(want, store.AuditLine{N: len(want) + 1, At: at, Command: command, Record: record, Rev: 1})
			}
		}
		got, err := s.Audit(t.Context(), street, day)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		r, err := s.Verify(t.Context(), street, day)
		if len(r.Faults) > 0 || err != nil {
			t.Errorf("%v %v", r, err)
		}
	})
}
