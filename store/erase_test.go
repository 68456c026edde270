package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/store"
	"juwei/store/storetest"
)

const erasedSecret = "6-1203 38.5"

// plant puts the same sealed text wherever a campaign's data can lie.
func plant(t *testing.T, s *store.Store, street, campaign string, at time.Time) {
	t.Helper()
	sealed := func(table store.Table, field string, rev int) store.Change {
		return store.PutSealedKeep(table, field, rev, erasedSecret, campaign, store.Records("log"))
	}
	mustCommit(t, s, store.Act{
		Street: street, ID: campaign + "/1", At: at, Day: "2020-02-13",
		Changes: []store.Change{
			sealed(store.Records("reg"), campaign, 0), sealed(store.ReportTexts("日报", "2020-02-13"), campaign, 0),
			store.PutSealed(store.Raw("2020-02-13"), campaign, store.Any, erasedSecret, campaign),
			store.PutSealed(store.Drafts(), campaign, store.Any, erasedSecret, campaign),
		},
		Pushes:    []store.Push{{To: "user:" + campaign, Kind: "card", Priority: 4, Body: []byte(erasedSecret), Campaign: campaign}},
		Line:      &store.Line{Actor: "sj", Command: "返", Record: "户", Note: erasedSecret, Values: erasedSecret, Campaign: campaign},
		Reply:     []byte(erasedSecret),
		SealReply: campaign,
	})
	mustCommit(t, s, store.Act{Street: street, At: at, Changes: []store.Change{sealed(store.Records("reg"), campaign, 1)}})
}

func traces(t *testing.T, s *store.Store, street, campaign string) []store.Trace {
	t.Helper()
	b := s.Read(street)
	out := b.Traces(campaign)
	if err := b.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return *out
}

// Everything a campaign sealed is found wherever it lies, and erased; what another campaign
// or another street sealed stays. With its key gone a restored backup opens no more, and the
// audit chain holds throughout.
func TestACampaignEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street, other, ctx := storetest.Street(t), storetest.Street(t), context.Background()
		at := time.Date(2020, 2, 13, 15, 0, 0, 0, time.UTC)
		for _, x := range []struct{ street, campaign string }{{street, "epidemic"}, {street, "typhoon"}, {other, "epidemic"}} {
			plant(t, s, x.street, x.campaign, at)
		}
		var kinds []string
		found := traces(t, s, street, "epidemic")
		for _, x := range found {
			kinds = append(kinds, x.Kind)
		}
		if diff := cmp.Diff([]string{"audit", "done", "draft", "push", "raw", "rec:log", "rec:reg", "report"}, kinds); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
		if text := fmt.Sprint(storetest.Dump(t, s, street)); strings.Contains(text, "1203") {
			t.Error("something lies open")
		}
		backup := storetest.Dump(t, s, street)
		b := s.Read(street)
		print, err := b.KeyPrint("epidemic")
		if err != nil || len(print) != 16 {
			t.Errorf("key print %q, %v", print, err)
		}
		hash, err := b.Lookup("epidemic", "6-1203")
		if err != nil {
			t.Fatal(err)
		}
		end := store.Act{Street: street, At: at, Day: "2020-02-13", Line: &store.Line{Actor: "-", Command: "结束"}}
		for _, x := range found {
			end.Changes = append(end.Changes, x.Erase())
		}
		mustCommit(t, s, end)
		if left := traces(t, s, street, "epidemic"); len(left) > 0 {
			t.Errorf("left: %+v", left)
		}
		if due, err := s.Due(ctx, street, at.Add(time.Hour), 10); err != nil || len(due) != 1 || due[0].Push.Campaign != "typhoon" {
			t.Errorf("pushes left: %+v, %v", due, err)
		}
		mustCommit(t, s, store.Act{Street: street, At: at, Changes: []store.Change{store.ForgetKey("epidemic")}})
		if again, err := b.Lookup("epidemic", "6-1203"); err != nil || again == hash {
			t.Error("the look-up hash outlived its key")
		}
		// The backup comes back.
		c := storetest.Client(t, s)
		for key, value := range backup {
			if fields, ok := value.(map[string]string); ok && !strings.HasPrefix(key, "audit") {
				for field, cell := range fields {
					if err := c.HSet(ctx, "{"+street+"}:"+key, field, cell).Err(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		for campaign, lost := range map[string]bool{"epidemic": true, "typhoon": false} {
			if cell := mustCell(t, s, street, store.Records("reg"), campaign); cell.Lost != lost || !lost && cell.Value != erasedSecret {
				t.Errorf("%s after the backup came back: %+v", campaign, cell)
			}
		}
		if cell := mustCell(t, s, other, store.Records("reg"), "epidemic"); cell.Value != erasedSecret {
			t.Errorf("the other street's: %+v", cell)
		}
		if r, err := s.Verify(ctx, street, "2020-02-13"); err != nil || len(r.Faults) > 0 || r.Lines != 3 {
			t.Errorf("the chain after erasing: %+v, %v", r, err)
		}
	})
}

// A head that was said outside is one the lines lead to, or it is told.
func TestVerifyAgainstAWitnessedHead(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street, ctx := storetest.Street(t), context.Background()
		line := func(record string) {
			mustCommit(t, s, store.Act{Street: street, At: time.Unix(1581577200, 0), Day: "2020-02-13", Line: &store.Line{Actor: "a", Record: record}})
		}
		head := func() store.ChainHead {
			b := s.Read(street)
			h := b.AuditHead("2020-02-13")
			if err := b.Run(ctx); err != nil {
				t.Fatal(err)
			}
			return *h
		}
		if h := head(); h != (store.ChainHead{}) {
			t.Errorf("head of nothing: %+v", h)
		}
		line("1")
		line("2")
		seen := head()
		line("3")
		verify := func(h store.ChainHead) []store.Fault {
			r, err := s.Verify(ctx, street, "2020-02-13", h)
			if err != nil {
				t.Fatal(err)
			}
			return r.Faults
		}
		if f := verify(store.ChainHead{N: 2, Head: seen.Head[:12]}); len(f) > 0 {
			t.Errorf("the true head: %+v", f)
		}
		if f := verify(store.ChainHead{N: 2, Head: strings.Repeat("0", 12)}); len(f) != 1 || f[0].What != store.FaultWitness {
			t.Errorf("another head: %+v", f)
		}
		// Cut off, with the head turned back as whoever can write to Redis might: nothing
		// inside tells, the head that was said outside does.
		c := storetest.Client(t, s)
		last := head()
		if err := c.LTrim(ctx, "{"+street+"}:audit:2020-02-13", 0, 1).Err(); err != nil {
			t.Fatal(err)
		}
		if err := c.HSet(ctx, "{"+street+"}:audit:2020-02-13:head", "n", "2", "head", seen.Head).Err(); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Verify(ctx, street, "2020-02-13"); err != nil || len(r.Faults) > 0 {
			t.Errorf("without a witness: %+v, %v", r.Faults, err)
		}
		if f := verify(last); len(f) != 1 || f[0].What != store.FaultCut {
			t.Errorf("with a witness: %+v", f)
		}
	})
}

func TestEraseTables(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		mustCommit(t, s, store.Act{Street: street, Changes: []store.Change{
			store.Put(store.Reports("日报", "2018-02-13"), "梅园", 0, "v"), store.Put(store.Reports("日报", "2020-02-13"), "梅园", 0, "v"),
		}})
		mustCommit(t, s, store.Act{Street: street, Changes: append(store.EraseOutbox("2018-02-13"), store.EraseTable(store.Reports("日报", "2018-02-13")))})
		if c := mustCell(t, s, street, store.Reports("日报", "2018-02-13"), "梅园"); c.Rev != 0 {
			t.Errorf("erased: %+v", c)
		}
		if c := mustCell(t, s, street, store.Reports("日报", "2020-02-13"), "梅园"); c.Rev != 1 {
			t.Errorf("kept: %+v", c)
		}
	})
}
