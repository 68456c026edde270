package storetest

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"juwei/store"
)

// sideDoor stands beside a store's connections and takes them away when asked to.
type sideDoor struct {
	client redis.UniversalClient
	down   atomic.Bool
	deaf   atomic.Bool
	trips  atomic.Int64
}

var (
	errRefused error = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	errReset   error = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
)

// Down takes Redis away from a store: every command and script fails before it is sent.
// up brings it back.
func Down(tb testing.TB, s *store.Store) (up func()) {
	tb.Helper()
	d := door(tb, s)
	d.down.Store(true)
	return func() { d.down.Store(false) }
}

// Deaf takes the answers away from a store: Redis does everything, and nobody hears of
// it. up brings them back.
func Deaf(tb testing.TB, s *store.Store) (up func()) {
	tb.Helper()
	d := door(tb, s)
	d.deaf.Store(true)
	return func() { d.deaf.Store(false) }
}

// Trips counts the round trips a store has made, greetings of new connections left out.
func Trips(tb testing.TB, s *store.Store) int {
	tb.Helper()
	return int(door(tb, s).trips.Load())
}

func (d *sideDoor) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if d.down.Load() {
			return nil, errRefused
		}
		return next(ctx, network, addr)
	}
}

func (d *sideDoor) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !greeting([]redis.Cmder{cmd}) {
			d.trips.Add(1)
		}
		if d.down.Load() {
			cmd.SetErr(errRefused)
			return errRefused
		}
		err := next(ctx, cmd)
		if d.deaf.Load() {
			cmd.SetErr(errReset)
			return errReset
		}
		return err
	}
}

func (d *sideDoor) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !greeting(cmds) {
			d.trips.Add(1)
		}
		if d.down.Load() {
			return failAll(cmds, errRefused)
		}
		err := next(ctx, cmds)
		if d.deaf.Load() {
			return failAll(cmds, errReset)
		}
		return err
	}
}

// greeting reports whether this is what go-redis says on a new connection.
func greeting(cmds []redis.Cmder) bool {
	if len(cmds) == 0 {
		return true
	}
	switch cmds[0].Name() {
	case "hello", "auth", "select", "client", "readonly":
		return true
	}
	return false
}

func failAll(cmds []redis.Cmder, err error) error {
	for _, cmd := range cmds {
		cmd.SetErr(err)
	}
	return err
}
