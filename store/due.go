package store

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// DueAfter asks for the first moment after t at which any due item comes up; zero if
// there is none.
func (b *Batch) DueAfter(t time.Time) *time.Time {
	out, k := new(time.Time), key(b.street, dueName)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.ZRangeByScoreWithScores(ctx, k, &redis.ZRangeBy{
			Min: "(" + strconv.FormatInt(t.UnixMilli(), 10), Max: "+inf", Count: 1,
		})
		return func() error {
			items, err := cmd.Result()
			if len(items) > 0 {
				*out = time.UnixMilli(int64(items[0].Score))
			}
			return err
		}
	})
	return out
}

// Schedules reports whether the change sets or moves a due item.
func (c Change) Schedules() bool { return c.op == opDue }
