package store

import (
	"strings"
	"sync"
)

// Recall reads a street like the store itself, but answers single cells of reports and
// drafts without asking Redis: as this process last saw them, or as absent. That may be
// wrong. Whoever decides on it puts Facts into the act: the commit then compares every one
// of them with what is there, byte by byte, and is ErrStale unless all are so. A first
// report of the day is so in one round trip instead of two. What commits nothing must be
// read again. Used once, by one goroutine.
type Recall struct {
	s     *Store
	facts []Fact
}

// Fact is a cell taken from memory that an act rests on.
type Fact struct {
	name, field string
	raw         string // as stored; empty: absent
	rev         int
}

// Recall begins to read from memory.
func (s *Store) Recall() *Recall { return &Recall{s: s} }

// Read begins a batch of reads of one street.
func (r *Recall) Read(street string) *Batch { return &Batch{s: r.s, street: street, recall: r} }

// Facts are the cells that were taken from memory so far, for Act.Facts.
func (r *Recall) Facts() []Fact { return r.facts }

// recalled reports whether cells of the table may be answered from memory: those that the
// report of every unit and day rests on.
func (t Table) recalled() bool { return strings.HasPrefix(t.name, "report:") || t.name == "draft" }

// something stands in memory for a cell that is there, and is not kept: Redis is asked.
const something = "\x00"

// remember notes a cell as it was just seen, empty if it is absent. Only a report's figures
// are kept; of texts and drafts, which are to be gone when they are erased, only that there
// are some.
func (s *Store) remember(t Table, key, field, raw string) {
	if raw != "" && (!strings.HasPrefix(t.name, "report:") || strings.HasSuffix(t.name, ":text") || strings.Contains(raw, "\x00")) {
		raw = something
	}
	s.memory.put(key, field, raw)
}

// answer fills the cells from memory. false: one of them makes no sense, ask Redis.
func (r *Recall) answer(cells []cellAsk) bool {
	facts := r.facts
	for _, c := range cells {
		raw := r.s.memory.get(c.key, c.field)
		if raw == something {
			return false
		}
		*c.out = Cell{}
		if raw != "" {
			var err error
			if *c.out, err = r.s.cell(raw, c.key, c.field); err != nil {
				r.s.memory.put(c.key, c.field, "")
				return false
			}
		}
		facts = append(facts, Fact{name: c.table.name, field: c.field, raw: raw, rev: c.out.Rev})
	}
	r.facts = facts
	return true
}

// encodeFacts adds the comparisons of an act. What its own revisions say as well is left
// out: a cell that must not exist is as absent as a fact can be.
func encodeFacts(c *call, a *Act) {
	for i, f := range a.Facts {
		if f.rev == 0 && a.creates(f) || a.known(i) {
			continue
		}
		c.add("E", c.key(f.name), f.field, f.raw)
	}
}

// creates reports whether the act puts a cell that must not exist.
func (a *Act) creates(f Fact) bool {
	for i := range a.Changes {
		if ch := &a.Changes[i]; (ch.op == opPut || ch.op == opKeep) && ch.rev == 0 && ch.field == f.field && ch.table.name == f.name {
			return true
		}
	}
	return false
}

// known reports whether the i-th fact was stated before.
func (a *Act) known(i int) bool {
	for _, f := range a.Facts[:i] {
		if f == a.Facts[i] {
			return true
		}
	}
	return false
}

// implied reports whether a guard says less than a fact.
func (a *Act) implied(g Guard) bool {
	for _, f := range a.Facts {
		if f.rev == g.Rev && f.field == g.Field && f.name == g.Table.name {
			return true
		}
	}
	return false
}

// memory is what this process last saw of cells. It is bounded, and it may be wrong at any
// time: others write, too.
type memory struct {
	mu       sync.Mutex
	now, old map[memoryPlace]string // two generations
}

type memoryPlace struct{ key, field string }

// memorySize is how many cells a generation holds: two days of reports of fifty streets.
const memorySize = 2048

// get returns a cell as stored, empty if it is absent or not known.
func (m *memory) get(key, field string) string {
	p := memoryPlace{key, field}
	m.mu.Lock()
	defer m.mu.Unlock()
	if raw, ok := m.now[p]; ok {
		return raw
	}
	return m.old[p]
}

// put remembers a cell as stored; empty: it is absent, or nobody knows.
func (m *memory) put(key, field, raw string) {
	p := memoryPlace{key, field}
	m.mu.Lock()
	defer m.mu.Unlock()
	if raw == "" {
		delete(m.now, p)
		delete(m.old, p)
		return
	}
	if m.now == nil || len(m.now) >= memorySize {
		m.now, m.old = make(map[memoryPlace]string), m.now
	}
	m.now[p] = raw
}
