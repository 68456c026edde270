package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"juwei/store"
	"juwei/store/storetest"
)

func mustInit(tb testing.TB) (string, *store.Ring) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "keys")
	r, err := store.InitRing(dir)
	if err != nil {
		tb.Fatalf("init ring: %v", err)
	}
	return dir, r
}

func mustRing(tb testing.TB, dir string) *store.Ring {
	tb.Helper()
	r, err := store.OpenRing(dir)
	if err != nil {
		tb.Fatalf("open ring: %v", err)
	}
	return r
}

func withRing(r *store.Ring) func(*store.Options) {
	return func(o *store.Options) { o.Seal = r }
}

func TestSealedValues(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street, texts := storetest.Street(t), store.ReportTexts("daily", day)
		mustCommit(t, s, store.Act{Street: street, ID: "1", Reply: []byte("6号1201"), SealReply: "epidemic", Day: day,
			Changes: []store.Change{store.PutSealed(texts, "梅园", 0, "6号1201", "epidemic")},
			Pushes:  []store.Push{{To: "user:a", Body: []byte("6号1201"), Campaign: "epidemic"}},
			Line:    &store.Line{Note: "6号1201", Campaign: "epidemic", Values: "6号1201"},
		})
		for name, v := range storetest.Dump(t, s, street) {
			if strings.Contains(strings.Join(flat(v), "\n"), "1201") {
				t.Errorf("%s holds it in the open", name)
			}
		}
		if c := mustCell(t, s, street, texts, "梅园"); c.Value != "6号1201" || c.Lost {
			t.Errorf("cell %+v", c)
		}
		if d := mustCommit(t, s, store.Act{Street: street, ID: "1"}); string(d.Reply) != "6号1201" {
			t.Errorf("reply %+v", d)
		}
		if l, err := s.Audit(t.Context(), street, day); err != nil || l[0].Note != "6号1201" {
			t.Errorf("audit %+v, %v", l, err)
		}

		// The same bytes at another place, or with one bit turned, do not open.
		key := "{" + street + "}:" + texts.String()
		raw, err := storetest.Client(t, s).HGet(t.Context(), key, "梅园").Result()
		if err != nil {
			t.Fatal(err)
		}
		for field, value := range map[string]string{"文苑": raw, "梅园": raw[:len(raw)-1] + string(raw[len(raw)-1]^1), "站前": raw[:20]} {
			if err := storetest.Client(t, s).HSet(t.Context(), key, field, value).Err(); err != nil {
				t.Fatal(err)
			}
			b := s.Read(street)
			b.Cell(texts, field)
			if err := b.Run(t.Context()); !errors.Is(err, store.ErrForged) {
				t.Errorf("%s: error %v, want ErrForged", field, err)
			}
		}
	})
}

func TestForgottenCampaignIsLost(t *testing.T) {
	t.Parallel()
	rings := map[string]func(t *testing.T) *store.Ring{
		"directory": func(t *testing.T) *store.Ring { _, r := mustInit(t); return r },
		"memory": func(t *testing.T) *store.Ring {
			r, err := store.NewRing([]byte("0123456789abcdef"))
			if err != nil {
				t.Fatal(err)
			}
			return r
		},
	}
	for name, ring := range rings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ring(t)
			s := storetest.Start(t).Open(t, withRing(r))
			street := storetest.Street(t)
			put := func(field, campaign string) {
				mustCommit(t, s, store.Act{Street: street, ID: field, Reply: []byte("r"), SealReply: campaign,
					Changes: []store.Change{store.PutSealed(table, field, 0, "v", campaign)}})
			}
			put("梅园", "epidemic")
			put("文苑", "typhoon")
			for range 2 {
				if err := r.Forget(store.Scoped(street, "epidemic")); err != nil {
					t.Fatal(err)
				}
			}
			put("站前", "epidemic") // a new key, not the old one
			b := s.Read(street)
			got, reply := b.All(table), b.Done("梅园")
			if err := b.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := map[string]store.Cell{"梅园": {Rev: 1, Lost: true}, "文苑": {Rev: 1, Value: "v"}, "站前": {Rev: 1, Value: "v"}}
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
			if !reply.Found || reply.Reply != nil {
				t.Errorf("remembered %+v, want it found without a reply", reply)
			}
		})
	}
}

func TestRingDirectory(t *testing.T) {
	t.Parallel()
	dir, first := mustInit(t)
	if _, err := store.InitRing(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("init again: %v, want fs.ErrExist", err)
	}
	server, street := storetest.Start(t), storetest.Street(t)
	s1 := server.Open(t, withRing(first))
	mustCommit(t, s1, store.Act{Street: street, Changes: []store.Change{store.PutSealed(table, "梅园", 0, "v", "流感/2020 a")}})

	// Another process opens it, rotates the master, and ends the campaign.
	second := mustRing(t, dir)
	s2 := server.Open(t, withRing(second))
	if string(first.AuditKey()) != string(second.AuditKey()) || len(first.AuditKey()) != 32 {
		t.Error("the audit key is not the same")
	}
	audit := first.AuditKey()
	if err := second.Rotate(); err != nil {
		t.Fatal(err)
	}
	third := mustRing(t, dir)
	if string(third.AuditKey()) != string(audit) {
		t.Error("rotating the master changed the audit key")
	}
	for i, s := range []*store.Store{s1, s2, server.Open(t, withRing(third))} {
		if c := mustCell(t, s, street, table, "梅园"); c.Value != "v" {
			t.Errorf("store %d after the rotation: %+v", i+1, c)
		}
	}
	one, err1 := first.Lookup(store.Scoped(street, "流感/2020 a"), "6号1201")
	two, err2 := third.Lookup(store.Scoped(street, "流感/2020 a"), "6号1201")
	other, err3 := third.Lookup(store.Scoped(street, "流感/2020 a"), "6号1202")
	if err := errors.Join(err1, err2, err3); err != nil || one != two || one == other || len(one) != 22 {
		t.Errorf("look-up hashes %q %q %q, %v", one, two, other, err)
	}
	if err := second.Forget(store.Scoped(street, "流感/2020 a")); err != nil {
		t.Fatal(err)
	}
	for i, s := range []*store.Store{s1, s2} {
		if c := mustCell(t, s, street, table, "梅园"); !c.Lost {
			t.Errorf("store %d after forgetting: %+v, want it lost", i+1, c)
		}
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range names {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", e.Name(), info.Mode(), err)
		}
		if e.Name() != "master.key" && e.Name() != "audit.key" {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

// Several processes that need a campaign's first key end up with the same one.
func TestRingsAgreeOnANewKey(t *testing.T) {
	t.Parallel()
	dir, _ := mustInit(t)
	hashes := make([]string, 8)
	var wg sync.WaitGroup
	for i := range hashes {
		r := mustRing(t, dir)
		wg.Go(func() {
			var err error
			if hashes[i], err = r.Lookup("epidemic", "x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, h := range hashes {
		if h != hashes[0] {
			t.Errorf("keys differ: %v", hashes)
		}
	}
}

func TestOpenRingRefuses(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"nothing there":   {os.RemoveAll, "no such file"},
		"read by others":  {func(dir string) error { return os.Chmod(filepath.Join(dir, "master.key"), 0o640) }, "chmod 600"},
		"an empty master": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "master.key"), nil, 0o600) }, "empty"},
		"a broken master": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "master.key"), []byte("zz zz\n"), 0o600)
		}, "line 1 is no key"},
		"a short master": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "master.key"), []byte("000000000000 AAAA\n"), 0o600)
		}, "wrong length"},
		"no audit key": {func(dir string) error { return os.Remove(filepath.Join(dir, "audit.key")) }, "no such file"},
		"another's key": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "campaign-x.key"), []byte("000000000000 "+strings.Repeat("A", 80)+"\n"), 0o600)
		}, "its master key 000000000000 is not in"},
		"a broken key": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "campaign-x.key"), []byte("x"), 0o600) }, "no wrapped key"},
		"a key renamed": {func(dir string) error {
			return os.Link(filepath.Join(dir, "campaign-epidemic.key"), filepath.Join(dir, "campaign-typhoon.key"))
		}, "does not open"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, r := mustInit(t)
			if _, err := r.Lookup("epidemic", "x"); err != nil {
				t.Fatal(err)
			}
			if err := row.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := store.OpenRing(dir)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one with %q", err, row.want)
			}
			master, _ := os.ReadFile(filepath.Join(dir, "master.key"))
			if _, secret, ok := strings.Cut(strings.TrimSpace(string(master)), " "); ok && err != nil && len(secret) > 20 && strings.Contains(err.Error(), secret) {
				t.Error("the error tells the key")
			}
		})
	}
	if _, err := store.NewRing([]byte("short")); err == nil {
		t.Error("a short master was accepted")
	}
}
