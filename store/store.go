package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What a caller can tell apart with errors.Is. Everything else is a mistake of the
// caller's or a Redis that holds something unexpected.
var (
	ErrStale       = errors.New("stale")                            // decided on facts that no longer hold: decide again
	ErrTooLarge    = errors.New("too many operations in one act")   // more than MaxOps
	ErrUnavailable = errors.New("redis unavailable")                // no answer or a refusal that will pass; what was asked may have been done
	ErrDamaged     = errors.New("damaged")                          // a value this package did not write
	ErrNoRing      = errors.New("sealing asked for without a ring") // Options.Seal is nil
	ErrNoAuditKey  = errors.New("audit asked for without a key")    // Options.AuditKey is empty
)

// Options say where Redis is and what this store may do.
type Options struct {
	Addrs              []string      // host:port, or unix:/path/to/socket; several for Sentinel or Cluster
	Username, Password string        // of Redis itself
	Master             string        // Sentinel's name of the master; empty: no Sentinel
	Cluster            bool          // Addrs are nodes of a Redis Cluster
	TLS                bool          // speak TLS, 1.2 or newer
	CAFile             string        // PEM file with the only authorities to trust; empty: the system's
	Timeout            time.Duration // of each dial, write and read; zero: 1 s
	PoolSize           int           // connections; zero: go-redis's default, 10 per core
	AuditKey           []byte        // of the audit chain; empty: an act with a Line is refused
	Seal               *Ring         // nil: sealing is refused, sealed values read as Lost
	Hooks              []redis.Hook  // around every command; for tests that take Redis away
}

// Store is an open connection pool to one Redis. Safe for concurrent use.
type Store struct {
	client   redis.UniversalClient
	seal     *Ring
	auditKey []byte
	macs     sync.Pool // of hash.Hash, keyed with auditKey
	convoy   convoy    // every read of a batch and every write goes with it
	memory   memory    // cells as last seen; nothing may rest on it that a commit does not check
}

// quiet keeps go-redis from printing: every error it meets is returned, and logged by
// whoever asked. Its logger is one for the whole program, and this package its only user.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

//go:embed commit.lua
var commitSource string

// Open connects and loads the script. It fails with ErrUnavailable when Redis does not
// answer within the timeout.
func Open(ctx context.Context, o Options) (*Store, error) {
	quiet()
	opts, err := o.universal()
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{client: redis.NewUniversalClient(opts), seal: o.Seal, auditKey: slices.Clone(o.AuditKey)}
	s.macs.New, s.convoy.client = s.newMAC, s.client
	for _, h := range o.Hooks {
		s.client.AddHook(h)
	}
	if err := s.client.ScriptLoad(ctx, commitSource).Err(); err != nil {
		return nil, errors.Join(failed("open store", err), s.client.Close())
	}
	return s, nil
}

// universal translates the options for go-redis.
func (o Options) universal() (*redis.UniversalOptions, error) {
	if len(o.Addrs) == 0 {
		return nil, errors.New("no redis address")
	}
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = time.Second
	}
	u := &redis.UniversalOptions{
		Username: o.Username, Password: o.Password,
		MasterName: o.Master, IsClusterMode: o.Cluster,
		DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		ContextTimeoutEnabled: true,
		PoolSize:              o.PoolSize,
		MaxRetries:            -1, // whoever asks decides whether to ask again
		DialerRetries:         1,
		Protocol:              2,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	for _, addr := range o.Addrs {
		if path, ok := strings.CutPrefix(addr, "unix:"); ok {
			abs, err := filepath.Abs(path)
			if err != nil {
				return nil, fmt.Errorf("redis socket %s: %w", path, err)
			}
			addr = abs // go-redis knows a socket by its leading slash
		}
		u.Addrs = append(u.Addrs, addr)
	}
	if o.TLS {
		u.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if o.CAFile != "" {
			pem, err := os.ReadFile(o.CAFile)
			if err != nil {
				return nil, fmt.Errorf("read authorities: %w", err)
			}
			u.TLSConfig.RootCAs = x509.NewCertPool()
			if !u.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("read authorities %s: no certificate in it", o.CAFile)
			}
		}
	}
	return u, nil
}

// Close gives the connections back. Calls under way fail.
func (s *Store) Close() error { return s.client.Close() }

// Ping asks Redis whether it is there.
func (s *Store) Ping(ctx context.Context) error {
	return failed("ping", s.client.Ping(ctx).Err())
}

// OtherStreets names the streets this Redis holds besides own, sorted. It scans all keys
// (of all masters, on a cluster) and is meant for the start of a program.
func (s *Store) OtherStreets(ctx context.Context, own string) ([]string, error) {
	var mu sync.Mutex
	found := map[string]bool{}
	scan := func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, "{*}:*", 1000).Iterator()
		for it.Next(ctx) {
			street, _, _ := strings.Cut(it.Val()[1:], "}")
			if checkStreet(street) == nil && street != own {
				mu.Lock()
				found[street] = true
				mu.Unlock()
			}
		}
		return it.Err()
	}
	var err error
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return scan(ctx, c) })
	} else {
		err = scan(ctx, s.client)
	}
	if err != nil {
		return nil, failed("look for streets", err)
	}
	streets := make([]string, 0, len(found))
	for street := range found {
		streets = append(streets, street)
	}
	slices.Sort(streets)
	return streets, nil
}

// checkStreet refuses codes that cannot be a hash tag or that are somebody else's.
func checkStreet(street string) error {
	if street == "" || street == botTag || strings.HasPrefix(street, "pace:") || strings.ContainsAny(street, "{}") {
		return fmt.Errorf("street code %q cannot be used", street)
	}
	return nil
}

// refusals are error replies that will pass: a server starting, failing over, or full.
var refusals = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "OOM", "MISCONF", "NOREPLICAS",
	"ERR max number of clients reached",
}

// failed wraps what go-redis returned, here and nowhere else. A nil error stays nil.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	if unavailable(err) {
		return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
	}
	if redis.HasErrorPrefix(err, "DAMAGED") {
		return fmt.Errorf("%s: %w: %w", what, ErrDamaged, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func unavailable(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false // the caller went away, not Redis
	}
	var netErr net.Error
	if errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, redis.ErrClosed) {
		return true
	}
	return slices.ContainsFunc(refusals, func(prefix string) bool { return redis.HasErrorPrefix(err, prefix) })
}
