package store_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"juwei/store"
	"juwei/store/storetest"
)

func TestOpenFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		options     store.Options
		unavailable bool
	}{
		"no address":      {store.Options{}, false},
		"no socket":       {store.Options{Addrs: []string{"unix:" + filepath.Join(dir, "none.sock")}}, true},
		"no server":       {store.Options{Addrs: []string{"127.0.0.1:1"}, Timeout: time.Second}, true},
		"no authorities":  {store.Options{Addrs: []string{"127.0.0.1:1"}, TLS: true, CAFile: filepath.Join(dir, "none.pem")}, false},
		"no certificate":  {store.Options{Addrs: []string{"127.0.0.1:1"}, TLS: true, CAFile: empty}, false},
		"wrong password":  {store.Options{Addrs: []string{storetest.Mini(t).Addr()}, Username: "u", Password: "hunter2"}, false},
		"nobody answers":  {store.Options{Addrs: []string{mute(t)}, Timeout: 50 * time.Millisecond}, true},
		"no TLS on there": {store.Options{Addrs: []string{storetest.Mini(t).Addr()}, TLS: true, Timeout: 200 * time.Millisecond}, true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), row.options)
			if err == nil {
				t.Fatal("it opened", s.Close())
			}
			if errors.Is(err, store.ErrUnavailable) != row.unavailable {
				t.Errorf("error %v, want unavailable %v", err, row.unavailable)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error tells the password")
			}
		})
	}
}

// mute listens and never says a word.
func mute(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// A deadline reaches the socket: a Redis that hangs does not hold its caller.
func TestDeadlineReachesTheSocket(t *testing.T) {
	t.Parallel()
	server := storetest.StartTCP(t)
	if !server.Real() {
		t.Skip("miniredis cannot be paused")
	}
	s := server.Open(t, func(o *store.Options) { o.Timeout = time.Hour })
	if err := storetest.Client(t, s).ClientPause(t.Context(), time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Commit(ctx, fullAct("demo", "1")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	m := miniredis.NewMiniRedis()
	if err := m.StartTLS(&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	s, err := store.Open(t.Context(), store.Options{Addrs: []string{m.Addr()}, TLS: true, CAFile: ca})
	if err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, store.Act{Street: "demo", Changes: []store.Change{store.Put(table, "梅园", 0, "x")}})
	if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
		t.Error(err)
	}
	if s, err := store.Open(t.Context(), store.Options{Addrs: []string{m.Addr()}, TLS: true}); err == nil {
		t.Error("a certificate of nobody known was trusted", s.Close())
	}
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	addr := storetest.StartSentinel(t)
	s, err := store.Open(t.Context(), store.Options{Addrs: []string{addr}, Master: "main"})
	if err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, store.Act{Street: "demo", Changes: []store.Change{store.Put(table, "梅园", 0, "x")}})
	if c := mustCell(t, s, "demo", table, "梅园"); c.Value != "x" {
		t.Errorf("cell %+v", c)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	server := storetest.StartTCP(t, "--appendonly", "yes", "--maxmemory-policy", "allkeys-lru")
	got, err := server.Open(t).Settings(t.Context())
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := store.Settings{Addr: server.Addr(), Version: got[0].Version, AOF: true, Eviction: "allkeys-lru"}
	if diff := cmp.Diff([]store.Settings{want}, got); server.Real() && diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOtherStreets(t *testing.T) {
	t.Parallel()
	s := storetest.Mini(t).Open(t)
	ctx, c := t.Context(), storetest.Client(t, s)
	if got, err := s.OtherStreets(ctx, "demo"); err != nil || len(got) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
	for _, street := range []string{"demo", "xinhua", "bei}", "xinhua"} {
		if _, err := s.Commit(ctx, store.Act{Street: street, Changes: []store.Change{store.Put(table, "梅园", store.Any, "x")}}); err != nil && street != "bei}" {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Permit(ctx, "webhook:1", at, store.Window{Span: time.Minute, Limit: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(ctx, "bot", "a", at, at); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(ctx, "somebody:else", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	got, err := s.OtherStreets(ctx, "demo")
	if diff := cmp.Diff([]string{"xinhua"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A batch is one round trip, whatever it asks.
func TestBatchIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		mustCommit(t, s, fullAct(street, "1"))
		before := storetest.Trips(t, s)
		b := s.Read(street)
		cell, none := b.Cell(table, "梅园"), b.Cell(table, "文苑")
		cells, no := b.Cells(table, "文苑", "梅园"), b.Cells(table)
		all, empty, size := b.All(table), b.All(store.Cursors()), b.Size(table)
		done, due, early, other := b.Done("1"), b.DueBy("case", at.Add(time.Hour)), b.DueBy("case", at), b.DueBy("cas", at.Add(time.Hour))
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := storetest.Trips(t, s) - before; n != 1 {
			t.Errorf("%d round trips", n)
		}
		want := store.Cell{Rev: 1, Value: "3|2,0,1|sj-meiyuan|k3f9z"}
		for _, row := range []struct{ want, got any }{
			{want, *cell}, {store.Cell{}, *none}, {[]store.Cell{{}, want}, *cells}, {[]store.Cell{}, *no},
			{map[string]store.Cell{"梅园": want}, *all}, {map[string]store.Cell{}, *empty}, {1, *size}, {true, done.Found},
			{[]store.DueItem{{Kind: "case", ID: "7", At: time.UnixMilli(at.Add(time.Hour).UnixMilli())}}, *due},
			{[]store.DueItem(nil), *early}, {[]store.DueItem(nil), *other},
		} {
			if diff := cmp.Diff(row.want, row.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if err := s.Read("a{b").Run(t.Context()); err == nil {
			t.Error("a street code with a brace was read")
		}
		if err := s.Read(street).Run(t.Context()); err != nil {
			t.Errorf("an empty batch: %v", err)
		}
	})
}

func TestDueItemsMoveAndGo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		street := storetest.Street(t)
		ids := func() (ids []string) {
			b := s.Read(street)
			due := b.DueBy("case", at)
			if err := b.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, d := range *due {
				ids = append(ids, d.ID)
			}
			return ids
		}
		change := func(c ...store.Change) { mustCommit(t, s, store.Act{Street: street, Changes: c}) }
		change(store.DueAt("case", "2", at), store.DueAt("case", "1", at.Add(-time.Second)), store.DueAt("case:x", "3", at), store.DueAt("case", "x:4", at.Add(time.Second)))
		if diff := cmp.Diff([]string{"1", "2"}, ids()); diff != "" {
			t.Errorf("due (-want +got):\n%s", diff)
		}
		change(store.DueAt("case", "2", at.Add(-time.Minute)), store.DueDone("case", "1"), store.DueAt("case", "x:4", at), store.DueDone("case", "none"))
		if diff := cmp.Diff([]string{"2", "x:4"}, ids()); diff != "" {
			t.Errorf("due (-want +got):\n%s", diff)
		}
	})
}

// On a cluster every key of an act lies in one slot, whatever the street.
func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := storetest.StartCluster(t)
	s := (&storetest.Server{}).Open(t, func(o *store.Options) { o.Addrs, o.Cluster = addrs, true })
	ctx := t.Context()
	var streets []string
	for range 12 { // enough to meet each node
		street := storetest.Street(t)
		streets = append(streets, street)
		mustCommit(t, s, fullAct(street, "a}{b"))
		if d := mustCommit(t, s, fullAct(street, "a}{b")); !d.Again {
			t.Error("not remembered")
		}
		w := mustDue(t, s, street, at)
		if len(w) != 1 {
			t.Fatalf("due %+v", w)
		}
		c, err := s.Claim(ctx, street, w[0], "courier", at.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(ctx, street, c, store.StateDead, "r", at); err != nil {
			t.Fatal(err)
		}
		mustCheckpoint(t, s, street)
		if r, err := s.Verify(ctx, street, day); err != nil || cmp.Diff(store.Report{Lines: 1, Checkpoints: 1}, r) != "" {
			t.Errorf("verify %+v, %v", r, err)
		}
		if ok, _, err := s.Permit(ctx, street, at, store.Window{Span: time.Minute, Limit: 1}); !ok || err != nil {
			t.Errorf("permit %v, %v", ok, err)
		}
		if dump := storetest.Dump(t, s, street); len(dump) != 13 {
			t.Errorf("%d keys, want 13: %v", len(dump), dump)
		}
	}
	got, err := s.OtherStreets(ctx, streets[0])
	if err != nil || len(got) != len(streets)-1 {
		t.Errorf("%d other streets, %v, want %d", len(got), err, len(streets)-1)
	}
}

// BenchmarkCommit commits reports as they are accepted, each the first of its unit and day:
// one at a time, and many at once. script-µs is what Redis says a run of the script took.
func BenchmarkCommit(b *testing.B) {
	server := storetest.StartTCP(b, "--appendonly", "yes", "--appendfsync", "everysec")
	if !server.Real() {
		b.Skip("no redis-server here to measure with")
	}
	s := server.Open(b)
	run := func(name string, f func(*testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			if err := storetest.Client(b, s).ConfigResetStat(b.Context()).Err(); err != nil {
				b.Fatal(err)
			}
			f(b)
			stats, err := storetest.Client(b, s).Info(b.Context(), "commandstats").Result()
			if err != nil {
				b.Fatal(err)
			}
			_, stats, _ = strings.Cut(stats, "cmdstat_evalsha:")
			_, stats, _ = strings.Cut(stats, "usec_per_call=")
			stats, _, _ = strings.Cut(stats, ",")
			each, err := strconv.ParseFloat(stats, 64)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(each, "script-µs")
		})
	}
	run("one", func(b *testing.B) {
		street := storetest.Street(b)
		for i := 0; b.Loop(); i++ {
			benchmarkAct(b, s, street, i)
		}
	})
	run("many", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			street := storetest.Street(b)
			for i := 0; pb.Next(); i++ {
				benchmarkAct(b, s, street, i)
			}
		})
	})
}

// benchmarkAct is one accepted report of a street with 19 units: a cell, the sealed line,
// the burden, an audit line, a remembered reply.
func benchmarkAct(b *testing.B, s *store.Store, street string, i int) {
	day, unit, cell := strconv.Itoa(i/19), unitNames[i%19], "1|3,1,1,2,9,0,14|sj-meiyuan|k3f9z|"
	_, err := s.Commit(context.Background(), store.Act{
		Street: street, ID: "bot:bot-1:CAIQ16-" + strconv.Itoa(i), At: at, Day: day,
		Require: []store.Guard{{Table: store.Reports("日报", "before "+day), Field: unit}},
		Changes: []store.Change{
			store.PutKeep(store.Reports("日报", day), unit, 0, cell, store.ReportLog("日报", day)),
			store.PutSealed(store.Raw(day), "日报/"+unit+"#1", store.Any, "/日报 新返3 重点1 新隔1 解除2 在隔9 发热0 未联系14", "epidemic"),
			store.Count(store.Burden(day), "服务办", store.Counts{1, 7}),
		},
		Line: &store.Line{
			Actor: "sj-meiyuan", Command: "日报", Unit: unit, Record: "日报/" + day, Rev: 1, Values: cell, Note: "账服务办:1,7,0,0",
		},
		Reply:     []byte("已收 R0213-07 梅园日报\n新返3 重点1 新隔1 解除2 在隔9(昨9+1−2=8，对不上) 发热0 未联系14\n错了回：/改 标签 数字"),
		SealReply: "epidemic",
	})
	if err != nil {
		b.Error(err)
	}
}
