package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Permit asks whether one more send may happen on a pace (a channel and its id) now: at
// most limit in any window, counted over all replicas. If not, it says from when on to
// ask again. A permit given is spent, whether used or not.
func (s *Store) Permit(ctx context.Context, pace string, window time.Duration, limit int, now time.Time) (ok bool, retryAt time.Time, err error) {
	what := "permit " + pace
	if limit < 1 || window < time.Millisecond {
		return false, time.Time{}, fmt.Errorf("%s: %d per %s", what, limit, window)
	}
	c := newCall("")
	defer c.free()
	c.names, c.keys = append(c.names, ""), append(c.keys, "{pace:"+braces.Replace(pace)+"}")
	c.add("W", "1", strconv.FormatInt(now.UnixMilli(), 10), strconv.FormatInt(window.Milliseconds(), 10),
		strconv.Itoa(limit), strconv.FormatUint(rand.Uint64(), 36))
	r, err := c.run(ctx, &s.convoy)
	if err != nil {
		return false, time.Time{}, failed(what, err)
	}
	if r.retryAt > 0 {
		return false, time.UnixMilli(r.retryAt), nil
	}
	return true, time.Time{}, nil
}

// braces keeps a pace's own name from ending its hash tag.
var braces = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")
