package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// passed is what other registers' acts make of figures that an act hands on. What they would
// have to ask about, or refuse, they leave alone.
func (f *Family) passed(ctx context.Context, c *handlers.Call, w *deed) ([]*deed, error) {
	var out []*deed
	for _, p := range w.act.Passes {
		n, given := w.o.Values[p.From]
		other := w.pack.Register(p.Register)
		if !given || n == 0 || other == nil || w.now == nil {
			continue
		}
		b := f.shelf.of(w.pack, other)
		o := order{Pack: w.pack.Name, Register: b.Name, Act: p.Act, To: w.o.To, Values: keyValues(w.book, &w.o), Texts: keyTexts(w.book, &w.o), Sure: []string{"change"}}
		o.set(p.Field, n)
		x := &deed{bench: bench{book: b, d: w.d, by: w.by, act: b.Act(p.Act), o: o}}
		var err error
		if x.old, err = b.load(ctx, w.d, b.key(&o), o.To.Unit); err != nil {
			return nil, err
		}
		if len(p.In) > 0 && !slices.Contains(p.In, x.old.State) {
			continue
		}
		var refused *handlers.Refusal
		if x.verdict, err = x.decide(); errors.As(err, &refused) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("pass on to %s: %w", b.Name, err)
		}
		if x.now != nil {
			out = append(out, x)
		}
	}
	return out, nil
}

// queries are the questions that the act's alarms put to both ends of a matter.
func (w *deed) queries() []store.Push {
	g := w.figures(w.d, w.now, w.old, w.o.To)
	g.result, g.lacks = w.result, w.o.Lacks
	var out []store.Push
	var told []string
	for _, a := range w.rang {
		if a.Query == "" {
			continue
		}
		for _, role := range a.Tell {
			for _, id := range w.hearers(w.d, w.o.To.Unit, []config.Role{role}) {
				if id == w.by.UserID || slices.Contains(told, id) {
					continue
				}
				told = append(told, id)
				out = append(out, handlers.Sealed(handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say(g.say(a.Query)), w.d.At), w.pack))
			}
		}
	}
	return out
}

// thing is what an order is about, together with the answers that belong to its key: 梅园口罩.
func (b *book) thing(o *order) string {
	name := o.To.Name
	for _, with := range b.Key.With {
		if x := b.Field(with); x.Number() {
			name += x.Format(o.Values[with])
		} else {
			name += o.Texts[with]
		}
	}
	return strings.TrimSpace(name)
}
