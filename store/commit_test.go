package store_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"juwei/store"
	"juwei/store/storetest"
)

const day = "2020-02-13"

var (
	at    = time.Date(2020, 2, 13, 15, 0, 0, 0, time.FixedZone("CST", 8*3600))
	table = store.Reports("daily", day)
)

func mustCommit(tb testing.TB, s *store.Store, a store.Act) store.Done {
	tb.Helper()
	if a.At.IsZero() {
		a.At = at
	}
	d, err := s.Commit(tb.Context(), a)
	if err != nil {
		tb.Fatalf("commit: %v", err)
	}
	return d
}

func mustCell(tb testing.TB, s *store.Store, street string, t store.Table, field string) store.Cell {
	tb.Helper()
	b := s.Read(street)
	c := b.Cell(t, field)
	if err := b.Run(tb.Context()); err != nil {
		tb.Fatalf("read: %v", err)
	}
	return *c
}

// fullAct uses everything an act can hold.
func fullAct(street, id string) store.Act {
	return store.Act{
		Street: street, ID: id, At: at, Day: day,
		Require: []store.Guard{{Table: store.Reports("daily", "2020-02-12"), Field: "梅园", Rev: 0}},
		Changes: []store.Change{
			store.Put(table, "梅园", 0, "3|2,0,1|sj-meiyuan|k3f9z"),
			store.Put(store.Drafts(), "sj-meiyuan", store.Any, "half"),
			store.DueAt("case", "7", at.Add(time.Hour)),
		},
		Pushes: []store.Push{
			{To: "user:ll-1", Kind: "nudge", Priority: 5, Body: []byte("a|b\x00c")},
			{To: "chat:g-shuji", Kind: "notice", Priority: 1, Body: []byte("n"), NotBefore: at.Add(time.Minute), Expires: at.Add(time.Hour)},
		},
		Line:  &store.Line{Actor: "sj-meiyuan", Command: "日报", Unit: "梅园", Record: "R0213-07", Rev: 1, Values: "2,0,1", Note: "一句话"},
		Reply: []byte("已收 R0213-07"),
	}
}

func TestCommitWritesAWholeAct(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		done := mustCommit(t, s, fullAct(street, "aibot:1"))
		if diff := cmp.Diff(store.Done{Reply: []byte("已收 R0213-07"), Pushes: []int64{1, 2}}, done); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		ms := at.UnixMilli()
		rec := func(prio int, due, nb, exp int64, rest string) string {
			return fmt.Sprintf("1|waiting|0|%d|%d|%d|%d|%d|0|0|0|0|0|%s", prio, due, nb, exp, ms, rest)
		}
		later, end := at.Add(time.Minute).UnixMilli(), at.Add(time.Hour).UnixMilli()
		got := storetest.Dump(t, s, street)
		want := map[string]any{
			"report:daily:2020-02-13": map[string]string{"梅园": "1|3|2,0,1|sj-meiyuan|k3f9z"},
			"draft":                   map[string]string{"sj-meiyuan": "1|half"},
			"due":                     map[string]float64{"case:7": float64(end)},
			"push": map[string]string{
				"1": rec(5, ms, 0, 0, "nudge|user:ll-1||||a|b\x00c"),
				"2": rec(1, later, later, end, "notice|chat:g-shuji||||n"),
			},
			"push:due":     map[string]float64{"5:1": float64(ms), "1:2": float64(later)},
			"push:n":       "2",
			"done:aibot:1": "1,2|已收 R0213-07",
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreMapEntries(func(k string, _ any) bool { return strings.HasPrefix(k, "audit:") })); diff != "" {
			t.Errorf("redis (-want +got):\n%s", diff)
		}
		lines := got["audit:"+day].([]string)
		head := got["audit:"+day+":head"].(map[string]string)
		prefix := "1|" + head["head"][:8] + "|" + strconv.FormatInt(ms, 36) + "|sj-meiyuan|日报|梅园|R0213-07|1|"
		if len(lines) != 1 || !strings.HasPrefix(lines[0], prefix) || head["n"] != "1" {
			t.Errorf("audit line %q, head %v, want a line beginning %q", lines, head, prefix)
		}
	})
}

func TestCommitAgainRepliesAsTheFirstTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		act := fullAct(street, "aibot:1")
		mustCommit(t, s, act)
		before := storetest.Dump(t, s, street)
		act.Reply = []byte("another")
		act.Changes = []store.Change{store.Put(table, "文苑", 0, "x")}
		done := mustCommit(t, s, act)
		if diff := cmp.Diff(store.Done{Reply: []byte("已收 R0213-07"), Again: true, Pushes: []int64{1, 2}}, done); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, storetest.Dump(t, s, street)); diff != "" {
			t.Errorf("a replay changed something (-before +after):\n%s", diff)
		}
		b := s.Read(street)
		known, unknown := b.Done("aibot:1"), b.Done("aibot:2")
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]store.Remembered{{Found: true, Reply: []byte("已收 R0213-07")}, {}}, []store.Remembered{*known, *unknown}); diff != "" {
			t.Errorf("remembered (-want +got):\n%s", diff)
		}
	})
}

func TestCommitAcceptsAnyID(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		ids := []string{"a b", "}{x}:*", "\x00\xff\r\n", "企业|微信", strings.Repeat("长", 5000), strings.Repeat("长", 5001), "done:1", "%3A", ":"}
		for i, id := range ids {
			if d := mustCommit(t, s, store.Act{Street: street, ID: id, Reply: []byte(strconv.Itoa(i))}); d.Again {
				t.Errorf("id %.20q was taken for another", id)
			}
		}
		for i, id := range ids {
			if d := mustCommit(t, s, store.Act{Street: street, ID: id}); !d.Again || string(d.Reply) != strconv.Itoa(i) {
				t.Errorf("id %.20q: %+v, want reply %d again", id, d, i)
			}
		}
	})
}

func TestCommitRefusesStaleFacts(t *testing.T) {
	t.Parallel()
	other := store.Drafts()
	rows := map[string]struct {
		require []store.Guard
		change  store.Change
		stale   bool
	}{
		"put what must not exist":     {change: store.Put(table, "梅园", 0, "x"), stale: true},
		"put on an older revision":    {change: store.Put(table, "梅园", 1, "x"), stale: true},
		"put on a later revision":     {change: store.Put(table, "梅园", 3, "x"), stale: true},
		"put on the revision":         {change: store.Put(table, "梅园", 2, "x")},
		"put on any":                  {change: store.Put(table, "梅园", store.Any, "x")},
		"put on an absent revision":   {change: store.Put(table, "文苑", 1, "x"), stale: true},
		"keep on an older revision":   {change: store.PutKeep(table, "梅园", 1, "x", store.ReportLog("daily", day)), stale: true},
		"delete on an older revision": {change: store.Delete(table, "梅园", 1), stale: true},
		"delete on the revision":      {change: store.Delete(table, "梅园", 2)},
		"guard on an older revision":  {require: []store.Guard{{Table: table, Field: "梅园", Rev: 1}}, change: store.Put(other, "u", 0, "x"), stale: true},
		"guard on absence":            {require: []store.Guard{{Table: table, Field: "梅园"}}, change: store.Put(other, "u", 0, "x"), stale: true},
		"guard on the revision":       {require: []store.Guard{{Table: table, Field: "梅园", Rev: 2}}, change: store.Put(other, "u", 0, "x")},
		"guard on absence that holds": {require: []store.Guard{{Table: table, Field: "文苑"}}, change: store.Put(other, "u", 0, "x")},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, row := range rows {
			t.Run(name, func(t *testing.T) {
				street := storetest.Street(t)
				mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{store.Put(table, "梅园", 0, "one")}})
				mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{store.Put(table, "梅园", 1, "two")}})
				before := storetest.Dump(t, s, street)
				act := fullAct(street, "aibot:1")
				act.Require = row.require
				act.Changes = []store.Change{store.Put(store.Notices(), "N1", 0, "first"), row.change}
				_, err := s.Commit(t.Context(), act)
				if stale := errors.Is(err, store.ErrStale); stale != row.stale || err != nil && !stale {
					t.Fatalf("error %v, want stale %v", err, row.stale)
				}
				if diff := cmp.Diff(before, storetest.Dump(t, s, street)); row.stale && diff != "" {
					t.Errorf("a stale act changed something (-before +after):\n%s", diff)
				}
			})
		}
	})
}

func TestCommitKeepsWhatItOverwrites(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street, log := storetest.Street(t), store.ReportLog("daily", day)
		for rev, change := range []store.Change{
			store.PutKeep(table, "梅园", 0, "one", log),
			store.PutKeep(table, "梅园", 1, "\x00two", log),
			store.PutSealedKeep(table, "梅园", 2, "three", "epidemic", log),
			store.PutKeep(table, "梅园", 3, "four", log),
			store.PutKeep(table, "梅园", store.Any, "five", log),
		} {
			mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{change}})
			if got := mustCell(t, s, street, table, "梅园").Rev; got != rev+1 {
				t.Fatalf("revision %d, want %d", got, rev+1)
			}
		}
		b := s.Read(street)
		all, size := b.All(log), b.Size(log)
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]store.Cell{
			"梅园#1": {Rev: 1, Value: "one"}, "梅园#2": {Rev: 2, Value: "\x00two"},
			"梅园#3": {Rev: 3, Value: "three"}, "梅园#4": {Rev: 4, Value: "four"},
		}
		if diff := cmp.Diff(want, *all); diff != "" || *size != 4 {
			t.Errorf("log of %d (-want +got):\n%s", *size, diff)
		}
	})
}

func TestCommitRefusesMistakes(t *testing.T) {
	t.Parallel()
	s := storetest.Mini(t).Open(t, func(o *store.Options) { o.Seal, o.AuditKey = nil, nil })
	many := make([]store.Change, store.MaxOps+1)
	for i := range many {
		many[i] = store.Put(table, strconv.Itoa(i), 0, "x")
	}
	put := store.Put(table, "梅园", 0, "x")
	rows := map[string]struct {
		act  store.Act
		want error
	}{
		"no street":              {act: store.Act{}},
		"street with a brace":    {act: store.Act{Street: "a}b"}},
		"the bot's own tag":      {act: store.Act{Street: "bot"}},
		"a pace's tag":           {act: store.Act{Street: "pace:x"}},
		"too many":               {act: store.Act{Street: "s", Changes: many}, want: store.ErrTooLarge},
		"one too many":           {act: store.Act{Street: "s", Changes: many[:store.MaxOps], Line: &store.Line{}, Day: day}, want: store.ErrTooLarge},
		"a change by nobody":     {act: store.Act{Street: "s", Changes: []store.Change{{}}}},
		"one cell twice":         {act: store.Act{Street: "s", Changes: []store.Change{put, store.Delete(table, "梅园", 0)}}},
		"one cell twice in many": {act: store.Act{Street: "s", Changes: append(many[:20:20], store.Delete(table, "3", 0))}},
		"a guard on nothing":     {act: store.Act{Street: "s", Require: []store.Guard{{Field: "x"}}}},
		"a push to nobody":       {act: store.Act{Street: "s", Pushes: []store.Push{{Kind: "x"}}}},
		"a priority too low":     {act: store.Act{Street: "s", Pushes: []store.Push{{To: "user:a", Priority: 1000}}}},
		"sealing without a ring": {act: store.Act{Street: "s", Changes: []store.Change{store.PutSealed(table, "a", 0, "x", "c")}}, want: store.ErrNoRing},
		"a sealed reply":         {act: store.Act{Street: "s", ID: "1", SealReply: "c"}, want: store.ErrNoRing},
		"audit without a key":    {act: store.Act{Street: "s", Line: &store.Line{}, Day: day}, want: store.ErrNoAuditKey},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.Commit(t.Context(), row.act)
			if err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("error %v, want %v", err, row.want)
			}
		})
	}
	t.Run("as many as allowed", func(t *testing.T) {
		t.Parallel()
		mustCommit(t, s, store.Act{Street: "full", Changes: many[:store.MaxOps]})
		b := s.Read("full")
		if size := b.Size(table); b.Run(t.Context()) != nil || *size != store.MaxOps {
			t.Errorf("%d cells, want %d", *size, store.MaxOps)
		}
	})
}

// A key of the wrong type, wherever it is, fails the act before anything is written.
func TestCommitFailsBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	act := func(street string) store.Act {
		a := fullAct(street, "aibot:1")
		a.Changes = append(a.Changes, store.PutKeep(store.Digests(), "x", store.Any, "y", store.Records("old")), store.Delete(store.Notices(), "N", 0))
		return a
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		sample := storetest.Street(t)
		mustCommit(t, s, act(sample))
		keys := storetest.Dump(t, s, sample)
		keys["rec:old"], keys["notice"] = nil, nil
		for name, value := range keys {
			t.Run(name, func(t *testing.T) {
				street := storetest.Street(t)
				ctx, c, key := t.Context(), storetest.Client(t, s), "{"+street+"}:"+name
				err := c.RPush(ctx, key, "wrong").Err()
				if _, isList := value.([]string); isList {
					err = errors.Join(c.Del(ctx, key).Err(), c.Set(ctx, key, "wrong", 0).Err())
				}
				if err != nil {
					t.Fatal(err)
				}
				if name != "digest" { // so that there is something to be kept
					mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{store.Put(store.Digests(), "x", 0, "old")}})
				}
				before := storetest.Dump(t, s, street)
				if _, err := s.Commit(ctx, act(street)); err == nil || errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrUnavailable) {
					t.Errorf("error %v, want one about a wrong type", err)
				}
				if diff := cmp.Diff(before, storetest.Dump(t, s, street)); diff != "" {
					t.Errorf("something was written (-before +after):\n%s", diff)
				}
			})
		}
	})
}

func TestCommitRefusesDamagedRecords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for name, damage := range map[string]func(ctx context.Context, prefix string) error{
			"cell": func(ctx context.Context, prefix string) error {
				return storetest.Client(t, s).HSet(ctx, prefix+"draft", "sj-meiyuan", "no revision").Err()
			},
			"counter": func(ctx context.Context, prefix string) error {
				return storetest.Client(t, s).Set(ctx, prefix+"push:n", "many", 0).Err()
			},
			"head": func(ctx context.Context, prefix string) error {
				return storetest.Client(t, s).HSet(ctx, prefix+"audit:"+day+":head", "n", "many").Err()
			},
		} {
			t.Run(name, func(t *testing.T) {
				street := storetest.Street(t)
				if err := damage(t.Context(), "{"+street+"}:"); err != nil {
					t.Fatal(err)
				}
				before := storetest.Dump(t, s, street)
				if _, err := s.Commit(t.Context(), fullAct(street, "1")); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("error %v, want ErrDamaged", err)
				}
				if diff := cmp.Diff(before, storetest.Dump(t, s, street)); diff != "" {
					t.Errorf("something was written (-before +after):\n%s", diff)
				}
			})
		}
	})
}

func TestConcurrentCommitsOfOneStreet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const commits = 100
		street := storetest.Street(t)
		var wg sync.WaitGroup
		for i := range commits {
			wg.Go(func() {
				act := fullAct(street, "m"+strconv.Itoa(i))
				act.Changes = []store.Change{store.Put(table, "u"+strconv.Itoa(i), 0, "x")}
				if _, err := s.Commit(t.Context(), act); err != nil {
					t.Errorf("commit %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		r, err := s.Verify(t.Context(), street, day)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(store.Report{Lines: commits}, r); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
		b := s.Read(street)
		if size := b.Size(table); b.Run(t.Context()) != nil || *size != commits {
			t.Errorf("%d reports, want %d", *size, commits)
		}
	})
}

func TestOneOccasionHappensOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		dones := make([]store.Done, 20)
		var wg sync.WaitGroup
		for i := range dones {
			wg.Go(func() {
				var err error
				act := store.Act{Street: street, ID: "one", At: at, Reply: []byte(strconv.Itoa(i)), Changes: []store.Change{store.Put(table, "梅园", store.Any, strconv.Itoa(i))}}
				if dones[i], err = s.Commit(t.Context(), act); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		first := 0
		for _, d := range dones {
			if !d.Again {
				first++
			}
			if string(d.Reply) != string(dones[0].Reply) {
				t.Errorf("replies %q and %q to one occasion", d.Reply, dones[0].Reply)
			}
		}
		if c := mustCell(t, s, street, table, "梅园"); first != 1 || c.Rev != 1 || c.Value != string(dones[0].Reply) {
			t.Errorf("%d firsts, cell %+v, reply %q", first, c, dones[0].Reply)
		}
	})
}

func TestCommitLoadsALostScript(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		for i := range 3 {
			if err := storetest.Client(t, s).ScriptFlush(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			act := fullAct(street, "m"+strconv.Itoa(i))
			act.Changes = []store.Change{store.Put(table, strconv.Itoa(i), 0, "x")}
			mustCommit(t, s, act)
		}
	})
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, street := t.Context(), storetest.Street(t)
		calls := map[string]func() error{
			"commit":   func() error { _, err := s.Commit(ctx, fullAct(street, "1")); return err },
			"read":     func() error { b := s.Read(street); b.Cell(table, "x"); return b.Run(ctx) },
			"ping":     func() error { return s.Ping(ctx) },
			"streets":  func() error { _, err := s.OtherStreets(ctx, street); return err },
			"due":      func() error { _, err := s.Due(ctx, street, at, 1); return err },
			"next due": func() error { _, _, err := s.NextDue(ctx, street, at); return err },
			"claim": func() error {
				_, err := s.Claim(ctx, street, store.Waiting{State: store.StateWaiting}, "a", at)
				return err
			},
			"settle": func() error { return s.Settle(ctx, street, store.Waiting{}, store.StateSent, "", at) },
			"outbox": func() error { _, err := s.Outbox(ctx, street, day); return err },
			"permit": func() error {
				_, _, err := s.Permit(ctx, street, at, store.Window{Span: time.Second, Limit: 1})
				return err
			},
			"hold":       func() error { _, err := s.Hold(ctx, street, "a", at, at); return err },
			"checkpoint": func() error { return s.Checkpoint(ctx, street, day, at) },
			"verify":     func() error { _, err := s.Verify(ctx, street, day); return err },
			"audit":      func() error { _, err := s.Audit(ctx, street, day); return err },
		}
		up := storetest.Down(t, s)
		for name, call := range calls {
			if err := call(); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: error %v, want ErrUnavailable", name, err)
			}
		}
		up()
		if dump := storetest.Dump(t, s, street); len(dump) != 0 {
			t.Errorf("something was written: %v", dump)
		}
		hear := storetest.Deaf(t, s)
		if _, err := s.Commit(ctx, fullAct(street, "1")); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("commit without an answer: error %v, want ErrUnavailable", err)
		}
		hear()
		if d := mustCommit(t, s, fullAct(street, "1")); !d.Again || string(d.Reply) != "已收 R0213-07" {
			t.Errorf("asked again: %+v, want the first reply", d)
		}
	})
}

// What is written is read back byte for byte, whatever it is.
func FuzzCommit(f *testing.F) {
	f.Add("梅园", "3|2,0,1", "reply", "user:a")
	f.Add("", "", "", "x")
	f.Add("a|b", "\x00s", "\x00p\x00k", "chat:\x00\r\n|%")
	f.Add("\xff#1", "-1", "1|2,3|", "%7C")
	stores := []*store.Store{storetest.Mini(f).Open(f), storetest.Start(f).Open(f)}
	f.Fuzz(func(t *testing.T, field, value, reply, to string) {
		if to == "" {
			return
		}
		for _, s := range stores {
			street := storetest.Street(t)
			act := store.Act{
				Street: street, ID: "i" + field, At: at, Day: day, Reply: []byte(reply), SealReply: "c",
				Changes: []store.Change{
					store.Put(table, field, 0, value),
					store.PutSealed(store.Notices(), field, 0, value, "c"),
					store.DueAt(field, value, at),
				},
				Pushes: []store.Push{{To: to, Kind: field, Body: []byte(value), Campaign: "c"}},
				Line:   &store.Line{Actor: to, Command: field, Unit: value, Record: reply, Values: value, Note: reply},
			}
			mustCommit(t, s, act)
			if d := mustCommit(t, s, act); !d.Again || string(d.Reply) != reply {
				t.Errorf("reply %q again %v, want %q", d.Reply, d.Again, reply)
			}
			b := s.Read(street)
			plain, sealed, due := b.Cell(table, field), b.Cells(store.Notices(), field, field+"x"), b.DueBy(field, at)
			if err := b.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			cell := store.Cell{Rev: 1, Value: value}
			if diff := cmp.Diff([]store.Cell{cell, cell, {}}, append([]store.Cell{*plain}, *sealed...)); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
			if len(*due) != 1 || (*due)[0].ID != value || (*due)[0].Kind != field {
				t.Errorf("due %+v, want %q of %q", *due, value, field)
			}
			w, err := s.Due(t.Context(), street, at, 9)
			if err != nil || len(w) != 1 || w[0].Push.To != to || w[0].Push.Kind != field || string(w[0].Push.Body) != value {
				t.Errorf("push %+v, %v", w, err)
			}
			lines, err := s.Audit(t.Context(), street, day)
			if err != nil || len(lines) != 1 {
				t.Fatalf("audit %v, %v", lines, err)
			}
			l := lines[0]
			if l.Actor != to || l.Command != field || l.Unit != value || l.Record != reply || l.Note != reply || value != "" && !l.Proves(value) || l.Proves(value+"x") {
				t.Errorf("line %+v", l)
			}
			if r, err := s.Verify(t.Context(), street, day); err != nil || len(r.Faults) > 0 {
				t.Errorf("audit %+v, %v", r, err)
			}
		}
	})
}
