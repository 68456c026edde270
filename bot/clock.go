package main

import (
	"sync/atomic"
	"time"
)

// clock is the house clock: what all business time is taken from.
type clock interface{ Now() time.Time }

// wallClock is the machine's.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// movedClock stands still until it is set: a simulator's clock, as last told.
type movedClock struct{ at atomic.Pointer[time.Time] }

func newMovedClock(t time.Time) *movedClock {
	c := &movedClock{}
	c.Set(t)
	return c
}

// Now is what the clock was last set to.
func (c *movedClock) Now() time.Time { return *c.at.Load() }

// Set moves the clock, backwards too.
func (c *movedClock) Set(t time.Time) { c.at.Store(&t) }
