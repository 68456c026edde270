package register

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// counters holds the last number given out: field = <pack>/<register>/<number's field>/<within>.
var counters = store.Records("reg-number")

// rounds fills in the running round where the key names one. Between two rounds nothing is
// kept.
func (f *Family) rounds(ctx context.Context, c *handlers.Call, b *book, o *order) error {
	for _, x := range b.Fields {
		if x.Round == "" {
			continue
		}
		n, err := f.round(ctx, c, x)
		if err != nil {
			return err
		}
		o.set(x.Name, n)
	}
	return nil
}

func (f *Family) round(ctx context.Context, c *handlers.Call, x *config.Field) (int, error) {
	if f.Round == nil {
		return 1, nil
	}
	r := c.Read()
	read := f.Round(r, x.Round)
	if err := r.Run(ctx); err != nil {
		return 0, fmt.Errorf("read round: %w", err)
	}
	n, open, err := read()
	if err == nil && !open {
		err = handlers.Refusef("下一轮开了再登。", "%s第%d轮已经关了，没有登。", x.Round, n)
	}
	return n, err
}

// number gives a new entry its numbers, each the next one of its kind.
func (f *Family) number(ctx context.Context, c *handlers.Call, w *deed) error {
	if !w.act.Once || w.old.rev > 0 && !w.final(w.old.State) {
		return nil
	}
	for _, n := range w.Numbers {
		if err := f.undrawn(ctx, c, w); err != nil {
			return err
		}
		field := w.counter(n, w.o.To.Unit, w.o.Values)
		r := c.Read()
		cell := r.Cell(counters, field)
		if err := r.Run(ctx); err != nil {
			return fmt.Errorf("read number: %w", err)
		}
		last := 0
		if cell.Rev > 0 {
			var err error
			if last, err = strconv.Atoi(cell.Value); err != nil {
				return fmt.Errorf("decode number: %w", err)
			}
		}
		w.o.set(n.Field, last+1)
		w.also = append(w.also, store.Put(counters, field, cell.Rev, strconv.Itoa(last+1)))
	}
	return nil
}

// counter is where the last number of a run lies: of a committee and the figures it is
// counted apart for.
func (b *book) counter(n config.Numbering, unit string, values map[string]int) string {
	var parts []string
	for _, name := range n.Within {
		if name == config.OfUnit {
			parts = append(parts, unit)
		} else {
			parts = append(parts, b.Field(name).Format(values[name]))
		}
	}
	return b.path() + "/" + n.Field + "/" + strings.Join(parts, "|")
}
