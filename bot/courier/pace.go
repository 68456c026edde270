package courier

import (
	"context"
	"sync"
	"time"
)

// permit takes one send out of every limit; a time says when to ask again. It is asked for
// what is claimed and about to leave, so that no place is taken for what another replica
// sends or nobody does. A limit that has refused is not asked again before that time, and
// nothing is taken from the narrower ones in front of it meanwhile: thousands wait for the
// corp's window together, and each would use up its own window by asking.
func (c *Courier) permit(ctx context.Context, limits []Limit, now time.Time) (time.Time, error) {
	if at := c.rests.longest(limits, now); !at.IsZero() {
		return at, nil
	}
	for _, l := range limits {
		ok, at, err := c.o.Store.Permit(ctx, l.Key, now, l.Windows...)
		if err != nil {
			return time.Time{}, err
		}
		if !ok {
			c.rests.note(l.Key, at)
			return at, nil
		}
	}
	return time.Time{}, nil
}

// rests are the limits this replica knows to be full, and until when. A window only empties
// as time goes by, so what was heard once holds.
type rests struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (r *rests) note(key string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[string]time.Time{}
	}
	r.at[key] = at
}

// longest is when all of the limits may be asked again; zero: now.
func (r *rests) longest(limits []Limit, now time.Time) time.Time {
	var latest time.Time
	for _, l := range limits {
		if at := r.until(l, now); at.After(latest) {
			latest = at
		}
	}
	return latest
}

// until is when a limit that is known to be full may be asked again; zero: now. A time
// further off than the limit can make one wait is from before the clock was put back.
func (r *rests) until(l Limit, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, known := r.at[l.Key]
	if !known {
		return time.Time{}
	}
	longest := longestHalt
	for _, w := range l.Windows {
		longest = max(longest, w.Span)
	}
	if !at.After(now) || at.Sub(now) > longest {
		delete(r.at, l.Key)
		return time.Time{}
	}
	return at
}

// longestHalt is how long the store halts a pace at most.
const longestHalt = 16 * time.Minute
