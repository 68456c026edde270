package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startBudget is how long a redis-server may take until it answers.
const startBudget = 10 * time.Second

// shared is the redis-server of this test binary.
var shared struct {
	once sync.Once
	addr string
	stop func() error // never called, but holds the pipe open
	err  error
}

// haveRedis reports whether there is a redis-server; in CI its absence fails the test.
func haveRedis(tb testing.TB) bool {
	tb.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil && inCI() {
		tb.Fatal("storetest: redis-server is missing")
	}
	return err == nil
}

// keeper runs a redis-server for as long as its own standard input is open. The test
// binary holds the other end, so that nothing is left behind even when it is killed. An
// interrupt from the keyboard reaches the keeper too, and must not end it before its work.
const keeper = `trap '' INT HUP TERM; dir=$1; shift; redis-server "$@" & pid=$!; read -r _; kill $pid; wait $pid; rm -rf "$dir"`

// keep starts a redis-server in dir. stop ends it, waits, and removes dir.
func keep(dir string, args ...string) (stop func() error, err error) {
	args = append([]string{"-c", keeper, "keeper", dir}, append(args,
		"--dir", dir, "--logfile", filepath.Join(dir, "log"), "--daemonize", "no")...)
	if !slices.Contains(args, "--sentinel") {
		args = append(args, "--save", "")
	}
	cmd := exec.Command("sh", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	return func() error {
		if err := in.Close(); err != nil {
			return fmt.Errorf("stop redis-server: %w", err)
		}
		return cmd.Wait()
	}, nil
}

func startShared() (addr string, stop func() error, err error) {
	dir, err := os.MkdirTemp("", "juwei-redis-")
	if err != nil {
		return "", nil, fmt.Errorf("start redis-server: %w", err)
	}
	socket := filepath.Join(dir, "r.sock")
	stop, err = keep(dir, "--port", "0", "--unixsocket", socket, "--appendonly", "no")
	if err != nil {
		return "", nil, err
	}
	if err := ready(socket); err != nil {
		return "", nil, errors.Join(err, stop())
	}
	return "unix:" + socket, stop, nil
}

// ready waits until a server answers.
func ready(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startBudget)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	defer c.Close()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("redis-server at %s does not answer: %w", addr, err)
		}
	}
}

// StartTCP starts a redis-server of this test's own on a loopback port, with whatever
// further arguments it wants (--appendonly yes …): for programs that are started as
// processes, and for benchmarks. Without a redis-server it is a miniredis.
func StartTCP(tb testing.TB, args ...string) *Server {
	tb.Helper()
	if !haveRedis(tb) {
		return Mini(tb)
	}
	addr := freePort(tb)
	_, port, _ := net.SplitHostPort(addr)
	startAt(tb, addr, append([]string{"--bind", "127.0.0.1", "--port", port}, args...)...)
	return &Server{addr: addr, real: true}
}

func startAt(tb testing.TB, addr string, args ...string) {
	tb.Helper()
	dir, err := os.MkdirTemp("", "juwei-redis-")
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	stop, err := keep(dir, args...)
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Logf("storetest: redis-server ended with %v", err)
		}
	})
	if err := ready(addr); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		tb.Fatalf("storetest: %v\n%s", err, log)
	}
}

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

// StartSentinel starts a redis-server and a Sentinel that knows it as "main", and returns
// the Sentinel's address. The test is skipped where there is no redis-server.
func StartSentinel(tb testing.TB) string {
	tb.Helper()
	if !haveRedis(tb) {
		tb.Skip("no redis-server here to watch over")
	}
	host, port, _ := net.SplitHostPort(StartTCP(tb).Addr())
	addr := freePort(tb)
	_, own, _ := net.SplitHostPort(addr)
	config := filepath.Join(tb.TempDir(), "sentinel.conf")
	if err := os.WriteFile(config, []byte("sentinel monitor main "+host+" "+port+" 1\n"), 0o600); err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	startAt(tb, addr, config, "--sentinel", "--bind", "127.0.0.1", "--port", own)
	return addr
}

// StartCluster starts a Redis Cluster of three masters on loopback and returns their
// addresses. The test is skipped where there is no redis-server.
func StartCluster(tb testing.TB) []string {
	tb.Helper()
	if !haveRedis(tb) {
		tb.Skip("no redis-server here to make a cluster of")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*startBudget)
	defer cancel()
	const nodes, slots = 3, 16384
	addrs := make([]string, nodes)
	clients := make([]*redis.Client, nodes)
	for i := range nodes {
		addrs[i] = freePort(tb)
		_, port, _ := net.SplitHostPort(addrs[i])
		_, bus, _ := net.SplitHostPort(freePort(tb))
		startAt(tb, addrs[i], "--bind", "127.0.0.1", "--port", port, "--cluster-port", bus,
			"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
		c := redis.NewClient(&redis.Options{Addr: addrs[i], ContextTimeoutEnabled: true})
		tb.Cleanup(func() { c.Close() })
		clients[i] = c
		err := c.ClusterAddSlotsRange(ctx, i*slots/nodes, (i+1)*slots/nodes-1).Err()
		if err == nil && i > 0 {
			_, first, _ := net.SplitHostPort(addrs[0])
			firstBus := busPort(ctx, tb, clients[0])
			err = c.Do(ctx, "cluster", "meet", "127.0.0.1", first, firstBus).Err()
		}
		if err != nil {
			tb.Fatalf("storetest: make cluster: %v", err)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, c := range clients {
		for !clusterWhole(ctx, c, nodes) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tb.Fatal("storetest: the cluster does not come together")
			}
		}
	}
	return addrs
}

func busPort(ctx context.Context, tb testing.TB, c *redis.Client) string {
	tb.Helper()
	v, err := c.ConfigGet(ctx, "cluster-port").Result()
	if _, convErr := strconv.Atoi(v["cluster-port"]); err != nil || convErr != nil {
		tb.Fatalf("storetest: cluster port: %v %v", err, convErr)
	}
	return v["cluster-port"]
}

func clusterWhole(ctx context.Context, c *redis.Client, nodes int) bool {
	shards, err := c.ClusterShards(ctx).Result()
	if err != nil || len(shards) != nodes {
		return false
	}
	info, err := c.ClusterInfo(ctx).Result()
	return err == nil && strings.Contains(info, "cluster_state:ok")
}
