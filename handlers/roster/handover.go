package roster

import (
	"context"
	"slices"

	"juwei/handlers"
	"juwei/store"
)

// mostHanded is how many shifts go over in one commit; the rest the next time.
const mostHanded = 40

// handOver gives one person's shifts that have not begun to another, as far as the rules of
// rest let him take them; the others are free again, and what rings for a free place rings.
// It implements handlers.HandOver.
func (f *Family) handOver(ctx context.Context, d *handlers.Desk, from, to string) (handlers.Handed, handlers.Outcome, error) {
	done := handlers.Handed{What: "岗位"}
	var out handlers.Outcome
	list, err := live(ctx, d)
	if err != nil {
		return done, out, err
	}
	old, err := handOf(ctx, d, from)
	if err != nil {
		return done, out, err
	}
	next, err := handOf(ctx, d, to)
	if err != nil {
		return done, out, err
	}
	var touched, taken bool
	for _, s := range list {
		if len(done.Names) == mostHanded {
			break
		}
		i := s.taker(from)
		asked := s.By == from
		if s.Off || s.started(d.At) || i < 0 && !asked && !slices.ContainsFunc(s.Reserve, func(t Taker) bool { return t.Who == from }) {
			continue
		}
		s.Reserve = slices.DeleteFunc(slices.Clone(s.Reserve), func(t Taker) bool { return t.Who == from })
		line := s.name(d.Street) + "（前任要的人）"
		if asked {
			s.By = to
		}
		if i >= 0 {
			old.drop(s.id)
			touched = true
			p, r := post(d.Street, s)
			if b, _, _ := next.check(d.Street, r, p, s.slot()); b == Fits && s.taker(to) < 0 {
				s.Takers = slices.Clone(s.Takers)
				s.Takers[i] = Taker{Who: to, By: s.Takers[i].By, At: d.At.Unix()}
				next.add(s.slot(), d.At)
				taken = true
				line = s.name(d.Street) + "（归您值；去不了发：/替 " + s.id + "）"
			} else {
				s.Takers = slices.Delete(slices.Clone(s.Takers), i, i+1)
				s.Told &^= toldEarly | toldLate
				line = s.name(d.Street) + "（和您别的班太近，已空出来，请找人）"
			}
		}
		out.Changes = append(out.Changes, f.keep(d, s).Changes...)
		if i >= 0 {
			out.Changes = append(out.Changes, f.watch(d, s))
		}
		done.Names = append(done.Names, s.id)
		done.Lines = append(done.Lines, line)
	}
	if touched {
		out.Changes = append(out.Changes, old.put())
	}
	switch {
	case taken:
		out.Changes = append(out.Changes, next.put())
	case touched:
		out.Require = append(out.Require, store.Guard{Table: hands, Field: to, Rev: next.rev})
	}
	return done, out, nil
}
