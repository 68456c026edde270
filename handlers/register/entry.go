package register

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// Entry is what a book knows of one household, gate or site.
type Entry struct {
	Key    string            `json:"k"`
	Unit   string            `json:"u"`
	State  string            `json:"s,omitempty"`
	Since  int64             `json:"c,omitempty"` // Unix seconds since it stands there
	Values map[string]int    `json:"v,omitempty"`
	Texts  map[string]string `json:"t,omitempty"`
	Turns  []Turn            `json:"m,omitempty"` // changes of state, oldest first
	Did    map[string]Deed   `json:"d,omitempty"` // by act: when it was last done
	Round  map[string]Round  `json:"f,omitempty"` // by follow-up: what was recorded since its clock started
	Flow   map[string]Flow   `json:"y,omitempty"` // by field: what it came to day by day, as far back as somebody asks
	Spans  map[string][]int  `json:"n,omitempty"` // by field: the ranges that were given out one after the other
	Told   []string          `json:"o,omitempty"` // limits that have spoken since it came into its state
	Ask    int64             `json:"q,omitempty"` // when to ask to measure again
	Asking string            `json:"w,omitempty"` // what is asked then
	Born   int64             `json:"b"`
	From   string            `json:"p,omitempty"` // field of the entry it was handed over from
	Gone   string            `json:"g,omitempty"` // where it was handed over to, as its people say it
	Last   Event             `json:"l"`

	field string
	rev   int
}

// Turn is one change of state.
type Turn struct {
	At   int64  `json:"a"`
	From string `json:"f"`
	To   string `json:"t"`
}

// Deed is when an act was last done, and by whom.
type Deed struct {
	At int64  `json:"a"`
	By string `json:"b"`
}

// Round is what a follow-up has recorded: by day and slot (2020-02-13/0).
type Round struct {
	From  int64             `json:"n"` // since when its clock runs
	Marks map[string]string `json:"m,omitempty"`
}

// Event is what happened to an entry last; the versions together are its history.
type Event struct {
	Act  string   `json:"a"`
	By   string   `json:"b"` // userid; "-": by itself
	At   int64    `json:"t"`
	What []string `json:"w,omitempty"` // 人数2→3, 蓝→绿
	Why  string   `json:"r,omitempty"` // the reason in words
}

func decode(field string, c store.Cell) (*Entry, error) {
	if c.Rev == 0 || c.Lost { // never there, or erased with its campaign's key
		return nil, nil
	}
	e := &Entry{field: field, rev: c.Rev}
	if err := json.Unmarshal([]byte(c.Value), e); err != nil {
		return nil, fmt.Errorf("decode entry: %w", err)
	}
	return e, nil
}

func (e *Entry) encode() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic("register: entry does not encode: " + err.Error())
	}
	return string(b)
}

// clone is a copy that can be changed.
func (e *Entry) clone() *Entry {
	n := *e
	n.Values, n.Texts, n.Did = maps.Clone(e.Values), maps.Clone(e.Texts), maps.Clone(e.Did)
	n.Flow, n.Spans = maps.Clone(e.Flow), maps.Clone(e.Spans)
	n.Turns, n.Told = slices.Clone(e.Turns), slices.Clone(e.Told)
	n.Round = map[string]Round{}
	for name, r := range e.Round {
		r.Marks = maps.Clone(r.Marks)
		n.Round[name] = r
	}
	if n.Values == nil {
		n.Values = map[string]int{}
	}
	if n.Texts == nil {
		n.Texts = map[string]string{}
	}
	if n.Did == nil {
		n.Did = map[string]Deed{}
	}
	n.Last = Event{}
	return &n
}

// put is the change that writes the entry, keeping the version before it.
func (b *book) put(e *Entry) store.Change {
	if b.Sealed() {
		return store.PutSealedKeep(b.entries(), e.field, e.rev, e.encode(), b.pack.Name, b.past())
	}
	return store.PutKeep(b.entries(), e.field, e.rev, e.encode(), b.past())
}

// field is where the entry of a key lies.
func (b *book) field(batch *store.Batch, key string) (string, error) {
	if !b.Sealed() {
		return key, nil
	}
	field, err := batch.Lookup(b.pack.Name, key)
	if err != nil {
		return "", fmt.Errorf("look up entry: %w", err)
	}
	return field, nil
}

// load reads one entry by its key; an absent one has no revision and no state.
func (b *book) load(ctx context.Context, d *handlers.Desk, key, unit string) (*Entry, error) {
	batch := d.Read()
	field, err := b.field(batch, key)
	if err != nil {
		return nil, err
	}
	cell := batch.Cell(b.entries(), field)
	if err := batch.Run(ctx); err != nil {
		return nil, fmt.Errorf("read entry: %w", err)
	}
	e, err := decode(field, *cell)
	if e == nil {
		e = &Entry{Key: key, Unit: unit, field: field, rev: cell.Rev}
	}
	return e, err
}

// everything reads all entries of a book in one round trip, in the order of their keys.
func (b *book) everything(ctx context.Context, d *handlers.Desk) ([]*Entry, error) {
	batch := d.Read()
	cells := batch.All(b.entries())
	if err := batch.Run(ctx); err != nil {
		return nil, fmt.Errorf("read register %s: %w", b.Name, err)
	}
	return b.decodeAll(*cells)
}

func (b *book) decodeAll(cells map[string]store.Cell) ([]*Entry, error) {
	out := make([]*Entry, 0, len(cells))
	for field, c := range cells {
		e, err := decode(field, c)
		if err != nil {
			return nil, err
		}
		if e != nil {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(x, y *Entry) int { return natural(x.Key, y.Key) })
	return out, nil
}

// natural compares keys as people count: 6-203 before 6-1203.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := chunk(a), chunk(b)
		if x != y {
			if digits(x) && digits(y) && len(x) != len(y) {
				return cmp.Compare(len(x), len(y))
			}
			return strings.Compare(x, y)
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

func chunk(s string) string {
	n := 1
	for n < len(s) && digits(s[:1]) == digits(s[n:n+1]) {
		n++
	}
	return s[:n]
}

func digits(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// standing reports whether the entry exists and has not been handed over.
func (e *Entry) standing() bool { return e.rev > 0 && e.Gone == "" }

// day is the street's day of a moment kept in an entry.
func day(s *config.Street, unix int64) config.Day { return s.Day(time.Unix(unix, 0)) }
