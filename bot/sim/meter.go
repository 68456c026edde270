package sim

import "time"

// window counts what was let through in the last span of the simulator's clock.
type window struct {
	limit int
	span  time.Duration
	taken []taken // oldest first
	sum   int
}

// taken is what was let through at one moment.
type taken struct {
	at time.Time
	n  int
}

// room is how much the window has left at now. What lies in the future (the clock was put
// back) no longer counts.
func (w *window) room(now time.Time) int {
	from, to := 0, len(w.taken)
	for from < to && !w.taken[from].at.After(now.Add(-w.span)) {
		w.sum -= w.taken[from].n
		from++
	}
	for to > from && w.taken[to-1].at.After(now) {
		to--
		w.sum -= w.taken[to].n
	}
	w.taken = w.taken[from:to]
	return w.limit - w.sum
}

func (w *window) add(now time.Time, n int) {
	w.sum += n
	if last := len(w.taken) - 1; last >= 0 && w.taken[last].at.Equal(now) {
		w.taken[last].n += n
		return
	}
	w.taken = append(w.taken, taken{now, n})
}

// meter is the windows one sender or receiver must fit into together.
type meter struct {
	windows []*window
	until   time.Time // blocked until then, as a penalty
}

// take lets one through and counts it, or reports false and counts nothing.
func (m *meter) take(now time.Time) bool { return m.takeAll(now, 1) }

// takeAll lets n through together, or none.
func (m *meter) takeAll(now time.Time, n int) bool {
	if now.Before(m.until) {
		return false
	}
	for _, w := range m.windows {
		if w.room(now) < n {
			return false
		}
	}
	for _, w := range m.windows {
		w.add(now, n)
	}
	return true
}

// meterOf returns the meter of a name, made on first use from pairs of limit and
// span. The caller holds mu.
func (s *Sim) meterOf(name string, windows ...window) *meter {
	m := s.meters[name]
	if m == nil {
		m = &meter{}
		for _, w := range windows {
			m.windows = append(m.windows, &w)
		}
		s.meters[name] = m
	}
	return m
}
