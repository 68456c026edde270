package sim

import "time"

// window counts what was let through in the last span of the simulator's clock.
type window struct {
	limit int
	span  time.Duration
	times []time.Time
}

// full reports whether the window has no room at now. What lies in the future (the
// clock was put back) no longer counts.
func (w *window) full(now time.Time) bool {
	kept := w.times[:0]
	for _, t := range w.times {
		if !t.After(now) && t.After(now.Add(-w.span)) {
			kept = append(kept, t)
		}
	}
	w.times = kept
	return len(w.times) >= w.limit
}

// meter is the windows one sender or receiver must fit into together.
type meter struct {
	windows []*window
	until   time.Time // blocked until then, as a penalty
}

// take lets one through and counts it, or reports false and counts nothing.
func (m *meter) take(now time.Time) bool {
	if now.Before(m.until) {
		return false
	}
	for _, w := range m.windows {
		if w.full(now) {
			return false
		}
	}
	for _, w := range m.windows {
		w.times = append(w.times, now)
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
