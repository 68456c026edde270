package store

import (
	"context"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Settings are what a Redis must be asked before it is trusted with a street.
type Settings struct {
	Addr     string // as Redis was asked
	Version  string
	AOF      bool   // every write is also appended to a file
	Eviction string // noeviction, or the policy by which it would forget things when full
}

// Settings asks the Redis, or each master of a cluster, how it is set up. What one does
// not tell is left empty.
func (s *Store) Settings(ctx context.Context) ([]Settings, error) {
	var mu sync.Mutex
	var all []Settings
	ask := func(ctx context.Context, c *redis.Client) error {
		one := Settings{Addr: c.Options().Addr}
		for _, section := range []string{"server", "persistence", "memory"} {
			text, err := c.Info(ctx, section).Result()
			if unavailable(err) {
				return err
			}
			for line := range strings.Lines(text) {
				switch name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
				case "redis_version":
					one.Version = value
				case "aof_enabled":
					one.AOF = value == "1"
				case "maxmemory_policy":
					one.Eviction = value
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, one)
		return nil
	}
	var err error
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, ask)
	case *redis.Client:
		err = ask(ctx, c)
	}
	return all, failed("ask for settings", err)
}
