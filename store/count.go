package store

import (
	"fmt"
	"strconv"
	"strings"
)

// Counts are the four counters of a cell that Count keeps; what each counts is the caller's.
type Counts [4]int

// Count adds to a cell of counters, which begins at 0. Other than a Put it rests on no
// revision, so that many may count at once without one of them being stale. Below 0 counts
// as 0.
func Count(t Table, field string, n Counts) Change {
	return Change{op: opCount, table: t, field: field, counts: n}
}

// encodeCount lays it out for the script.
func encodeCount(c *call, ch *Change) {
	var n [len(ch.counts)]string
	for i, x := range ch.counts {
		n[i] = strconv.Itoa(max(0, x))
	}
	c.add("N", c.key(ch.table.name), ch.field, n[0], n[1], n[2], n[3], seconds(ch.table.keep))
}

// Counts reads a cell that Count keeps. One that is not there has counted nothing.
func (c Cell) Counts() (Counts, error) {
	var out Counts
	if c.Rev == 0 {
		return out, nil
	}
	parts := strings.Split(c.Value, ",")
	if len(parts) != len(out) {
		return Counts{}, fmt.Errorf("read counts: %w: %d of them", ErrDamaged, len(parts))
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			return Counts{}, fmt.Errorf("read counts: %w: not a number", ErrDamaged)
		}
		out[i] = n
	}
	return out, nil
}
