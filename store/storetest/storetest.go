// Package storetest gives tests a Redis of their own.
//
// In: a test. Out: a store on a real redis-server (one for each test binary, on a socket of
// its own) or on miniredis, streets nobody else uses, everything Redis holds as one value to
// compare, and Redis being away. Start with Each.
//
//	storetest.Each(t, func(t *testing.T, s *store.Store) {
//		street := storetest.Street(t)
//		… s.Commit(…)
//		if diff := cmp.Diff(want, storetest.Dump(t, s, street)); diff != "" { … }
//	})
//
// Where redis-server is missing, miniredis stands in for it, except where the environment
// says CI=true: there it is a failure.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"juwei/store"
)

// AuditKey is the audit key of every store opened here.
var AuditKey = []byte("storetest audit key, 32 bytes...")

// Server is a Redis to open stores on.
type Server struct {
	addr string
	real bool
}

// Addr is what Options.Addrs wants: unix:/path or host:port.
func (s *Server) Addr() string { return s.addr }

// Real reports whether it is a redis-server.
func (s *Server) Real() bool { return s.real }

// Start returns the redis-server of this test binary, begun at the first call and gone
// with the binary, however that ends. Tests keep apart by Street. Without a redis-server
// it is a miniredis of this test's own.
func Start(tb testing.TB) *Server {
	tb.Helper()
	if !haveRedis(tb) {
		return Mini(tb)
	}
	shared.once.Do(func() { shared.addr, shared.stop, shared.err = startShared() })
	if shared.err != nil {
		tb.Fatalf("storetest: %v", shared.err)
	}
	return &Server{addr: shared.addr, real: true}
}

// Mini returns a miniredis of this test's own.
func Mini(tb testing.TB) *Server {
	tb.Helper()
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		tb.Fatalf("storetest: start miniredis: %v", err)
	}
	tb.Cleanup(m.Close)
	return &Server{addr: m.Addr()}
}

// Each runs a test on miniredis, and on a real redis-server where there is one.
func Each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		f(t, Mini(t).Open(t))
	})
	if !haveRedis(t) {
		return // the miniredis half runs; in CI haveRedis has failed the test
	}
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		f(t, Start(t).Open(t))
	})
}

// patience is how long a test's store waits for an answer.
const patience = 30 * time.Second

// Open opens a store, with an audit key and a ring in memory, closed with the test. The
// changes are made to the options before.
func (s *Server) Open(tb testing.TB, changes ...func(*store.Options)) *store.Store {
	tb.Helper()
	ring, err := store.NewRing([]byte("storetest master key"))
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	side := &sideDoor{}
	// How long a loaded machine takes to answer is no part of what a test asks.
	o := store.Options{Addrs: []string{s.addr}, Timeout: patience, AuditKey: AuditKey, Seal: ring, Hooks: []redis.Hook{side}}
	for _, change := range changes {
		change(&o)
	}
	st, err := store.Open(context.Background(), o)
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	side.client = client(o)
	doors.Store(st, side)
	tb.Cleanup(func() {
		doors.Delete(st)
		if err := st.Close(); err != nil {
			tb.Errorf("storetest: close: %v", err)
		}
		if err := side.client.Close(); err != nil {
			tb.Errorf("storetest: close: %v", err)
		}
	})
	return st
}

// client opens a connection beside a store's, for looking and for meddling.
func client(o store.Options) redis.UniversalClient {
	u := &redis.UniversalOptions{IsClusterMode: o.Cluster, Protocol: 2}
	for _, a := range o.Addrs {
		u.Addrs = append(u.Addrs, strings.TrimPrefix(a, "unix:"))
	}
	return redis.NewUniversalClient(u)
}

// Client is a connection to the Redis of a store opened here, past the store.
func Client(tb testing.TB, s *store.Store) redis.UniversalClient {
	tb.Helper()
	return door(tb, s).client
}

var doors sync.Map // *store.Store → *sideDoor

func door(tb testing.TB, s *store.Store) *sideDoor {
	tb.Helper()
	d, ok := doors.Load(s)
	if !ok {
		tb.Fatal("storetest: this store was not opened here")
	}
	return d.(*sideDoor)
}

var streets atomic.Int64

// Street returns a street code nobody else uses.
func Street(tb testing.TB) string {
	tb.Helper()
	sum := sha256.Sum256([]byte(tb.Name()))
	return fmt.Sprintf("t%s-%d", hex.EncodeToString(sum[:3]), streets.Add(1))
}

// Dump returns every key of a street, without its hash tag, decoded by type: strings as
// string, hashes as map[string]string, sorted sets as map[string]float64, lists as
// []string.
func Dump(tb testing.TB, s *store.Store, street string) map[string]any {
	tb.Helper()
	dump, prefix := map[string]any{}, "{"+street+"}:"
	for key, value := range dumpKeys(tb, s, prefix+"*") {
		dump[strings.TrimPrefix(key, prefix)] = value
	}
	return dump
}

func dumpKeys(tb testing.TB, s *store.Store, match string) map[string]any {
	tb.Helper()
	ctx, c := context.Background(), Client(tb, s)
	var mu sync.Mutex
	var keys []string
	scan := func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, match, 1000).Iterator()
		for it.Next(ctx) {
			mu.Lock()
			keys = append(keys, it.Val())
			mu.Unlock()
		}
		return it.Err()
	}
	var err error
	if cluster, ok := c.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return scan(ctx, c) })
	} else {
		err = scan(ctx, c)
	}
	if err != nil {
		tb.Fatalf("storetest: dump: %v", err)
	}
	dump := map[string]any{}
	for _, key := range keys {
		if dump[key], err = value(ctx, c, key); err != nil {
			tb.Fatalf("storetest: dump %s: %v", key, err)
		}
	}
	return dump
}

func value(ctx context.Context, c redis.UniversalClient, key string) (any, error) {
	kind, err := c.Type(ctx, key).Result()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "string":
		return c.Get(ctx, key).Result()
	case "hash":
		return c.HGetAll(ctx, key).Result()
	case "list":
		return c.LRange(ctx, key, 0, -1).Result()
	case "zset":
		members, err := c.ZRangeWithScores(ctx, key, 0, -1).Result()
		scores := make(map[string]float64, len(members))
		for _, z := range members {
			scores[fmt.Sprint(z.Member)] = z.Score
		}
		return scores, err
	}
	return nil, fmt.Errorf("type %s", kind)
}

// inCI reports whether a missing redis-server is a failure.
func inCI() bool { return os.Getenv("CI") == "true" }
