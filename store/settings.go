package store

import (
	"context"
	"errors"
	"fmt"
)

// Finding is one setting of Redis that was looked at. Err is nil if it is as it should be;
// Mend is for the administrator.
type Finding struct {
	What string
	Err  error
	Mend string
}

// Settings looks at what would lose data: append-only file and eviction. A server that
// hides its settings is reported as such. It changes nothing.
func (s *Store) Settings(ctx context.Context) []Finding {
	return []Finding{
		s.setting(ctx, "Redis appendonly", "appendonly", "yes", "redis.conf 里写 appendonly yes、appendfsync everysec，否则重启会丢数据"),
		s.setting(ctx, "Redis maxmemory-policy", "maxmemory-policy", "noeviction", "redis.conf 里写 maxmemory-policy noeviction，否则内存满了会悄悄丢数据"),
	}
}

func (s *Store) setting(ctx context.Context, what, name, want, mend string) Finding {
	got, err := s.client.ConfigGet(ctx, name).Result()
	switch {
	case err != nil:
		err = failed("read setting "+name, err)
	case len(got) == 0:
		err = errors.New("the server does not show it")
	case got[name] != want:
		err = fmt.Errorf("it is %q, not %q", got[name], want)
	}
	return Finding{what, err, mend}
}
