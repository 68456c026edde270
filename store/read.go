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

// Batch collects reads of one street and asks them all in one round trip. Each call
// returns a place that Run fills. A batch is used once, by one goroutine.
type Batch struct {
	s      *Store
	street string
	recall *Recall // not nil: cells may come from memory
	cells  []cellAsk
	alls   []allAsk
	asks   []ask
}

// allAsk is a table that is asked for whole.
type allAsk struct {
	key string
	out *map[string]Cell
}

// cellAsk asks for one cell, the most common question.
type cellAsk struct {
	out        *Cell
	table      Table
	key, field string
	cmd        *redis.StringCmd
}

// ask queues any other command and returns how to read its answer.
type ask func(ctx context.Context, p redis.Pipeliner) func() error

// Remembered tells whether an id was done, and what was replied.
type Remembered struct {
	Found bool
	Reply []byte // nil when there was none, or when its key has been forgotten
}

// DueItem is one item whose time has come.
type DueItem struct {
	Kind, ID string
	At       time.Time
}

// Read begins a batch of reads of one street.
func (s *Store) Read(street string) *Batch { return &Batch{s: s, street: street} }

// Street is the code of the street that is read.
func (b *Batch) Street() string { return b.street }

// Cell asks for one cell.
func (b *Batch) Cell(t Table, field string) *Cell {
	out := new(Cell)
	if b.cells == nil {
		b.cells = make([]cellAsk, 0, 4)
	}
	b.cells = append(b.cells, cellAsk{out: out, table: t, key: key(b.street, t.name), field: field})
	return out
}

// Cells asks for several cells of one table, in the order of fields.
func (b *Batch) Cells(t Table, fields ...string) *[]Cell {
	out, k := new([]Cell), key(b.street, t.name)
	*out = make([]Cell, len(fields))
	if len(fields) == 0 {
		return out
	}
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.HMGet(ctx, k, fields...)
		return func() error {
			raws, err := cmd.Result()
			if err != nil {
				return err
			}
			for i, raw := range raws {
				if raw, ok := raw.(string); ok {
					if (*out)[i], err = b.s.cell(raw, k, fields[i]); err != nil {
						return err
					}
				}
			}
			return nil
		}
	})
	return out
}

// All asks for every cell of a table. The map is never nil after Run; it is not to be changed:
// who asks for the same table gets the same one.
func (b *Batch) All(t Table) *map[string]Cell {
	k := key(b.street, t.name)
	for _, a := range b.alls {
		if a.key == k {
			return a.out
		}
	}
	out := new(map[string]Cell)
	b.alls = append(b.alls, allAsk{k, out})
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := redis.NewStringSliceCmd(ctx, "hgetall", k) // flat: the map is made once, of cells
		_ = p.Process(ctx, cmd)                           // only queued here
		return func() error {
			raws, err := cmd.Result()
			if err != nil {
				return err
			}
			*out = make(map[string]Cell, len(raws)/2)
			for i := 0; i+1 < len(raws); i += 2 {
				c, err := b.s.cell(raws[i+1], k, raws[i])
				if err != nil {
					return err
				}
				(*out)[raws[i]] = c
			}
			return nil
		}
	})
	return out
}

// Size asks how many cells a table has.
func (b *Batch) Size(t Table) *int {
	out, k := new(int), key(b.street, t.name)
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.HLen(ctx, k)
		return func() error {
			n, err := cmd.Result()
			*out = int(n)
			return err
		}
	})
	return out
}

// Done asks whether an id was done within the last 24 hours.
func (b *Batch) Done(id string) *Remembered {
	out, k := new(Remembered), key(b.street, doneName(id))
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.Get(ctx, k)
		return func() error {
			raw, err := cmd.Result()
			if err != nil {
				return err
			}
			d, err := b.s.remembered(raw, k)
			*out = Remembered{Found: err == nil, Reply: d.Reply}
			return err
		}
	})
	return out
}

// DueBy asks for the due items of one kind whose time is t or earlier, earliest first.
func (b *Batch) DueBy(kind string, t time.Time) *[]DueItem {
	out, k, prefix := new([]DueItem), key(b.street, dueName), part(kind)+":"
	b.asks = append(b.asks, func(ctx context.Context, p redis.Pipeliner) func() error {
		cmd := p.ZRangeByScoreWithScores(ctx, k, &redis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(t.UnixMilli(), 10)})
		return func() error {
			items, err := cmd.Result()
			if err != nil {
				return err
			}
			for _, z := range items {
				member, _ := z.Member.(string)
				if id, ok := strings.CutPrefix(member, prefix); ok {
					*out = append(*out, DueItem{Kind: kind, ID: id, At: time.UnixMilli(int64(z.Score))})
				}
			}
			return nil
		}
	})
	return out
}

// Run asks everything and fills the places. On an error nothing may be relied on.
func (b *Batch) Run(ctx context.Context) error {
	what := "read " + b.street
	if err := checkStreet(b.street); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return failed(what, b.run(ctx))
}

func (b *Batch) run(ctx context.Context) error {
	if len(b.asks)+len(b.cells) == 0 {
		return nil
	}
	if b.recall != nil && len(b.asks) == 0 && b.recallable() && b.recall.answer(b.cells) {
		return nil
	}
	cmds := make([]redis.Cmder, 0, len(b.cells)+len(b.asks))
	for i := range b.cells {
		c := &b.cells[i]
		c.cmd = redis.NewStringCmd(ctx, "hget", c.key, c.field)
		cmds = append(cmds, c.cmd)
	}
	fills := make([]func() error, len(b.asks))
	if len(b.asks) > 0 {
		p := b.s.client.Pipeline()
		for i, a := range b.asks {
			fills[i] = a(ctx, p)
		}
		cmds = append(cmds, p.Cmds()...)
	}
	b.s.convoy.process(ctx, cmds...)
	for i := range b.cells {
		if err := b.fill(&b.cells[i]); err != nil {
			return err
		}
	}
	for _, fill := range fills {
		if err := fill(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// recallable reports whether all that is asked for is kept in memory.
func (b *Batch) recallable() bool {
	for i := range b.cells {
		if !b.cells[i].table.recalled() {
			return false
		}
	}
	return true
}

// fill reads the answer to one question for a cell.
func (b *Batch) fill(c *cellAsk) error {
	raw, err := c.cmd.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if raw != "" || err == nil {
		if *c.out, err = b.s.cell(raw, c.key, c.field); err != nil {
			return err
		}
	}
	if c.table.recalled() {
		b.s.remember(c.table, c.key, c.field, raw)
	}
	return nil
}

// cell reads "<rev>|<value>" and opens what is sealed.
func (s *Store) cell(raw, key, field string) (Cell, error) {
	head, value, ok := strings.Cut(raw, "|")
	rev, err := strconv.Atoi(head)
	if !ok || err != nil {
		return Cell{}, fmt.Errorf("%w: cell %s of %s", ErrDamaged, field, key)
	}
	plain, lost, err := s.opened(value, key, field)
	if err != nil {
		return Cell{}, fmt.Errorf("cell %s of %s: %w", field, key, err)
	}
	return Cell{Rev: rev, Value: plain, Lost: lost}, nil
}
