package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Hold takes or renews the lease on something only one process may do at a time (the long
// connection of a bot). false: another owner has it at now. The lease is a value, compared
// with now; it does not run out by itself.
func (s *Store) Hold(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	what := "hold " + name
	raw, err := s.client.HGet(ctx, holdKey, name).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, failed(what, err)
	}
	rev := 0
	if err == nil {
		cell, err := s.cell(raw, holdKey, name)
		if err != nil {
			return false, fmt.Errorf("%s: %w", what, err)
		}
		end, holder, _ := strings.Cut(cell.Value, "|")
		ms, err := strconv.ParseInt(end, 10, 64)
		if err != nil {
			return false, fmt.Errorf("%s: %w", what, ErrDamaged)
		}
		if holder != owner && ms > now.UnixMilli() {
			return false, nil
		}
		rev = cell.Rev
	}
	c := newCall(botTag)
	defer c.free()
	c.add("P", c.key(holdName), name, strconv.Itoa(rev), strconv.FormatInt(until.UnixMilli(), 10)+"|"+owner, "0")
	_, err = c.run(ctx, &s.convoy)
	if errors.Is(err, ErrStale) {
		return false, nil // another was faster
	}
	return err == nil, failed(what, err)
}
