package roster

import (
	"maps"
	"slices"
	"strings"

	"juwei/config"
)

// Relief proposes that somebody stands in on one shift of who wants to rest. To is "" where
// nobody can: the shift stays with who has it, for a post is never left empty.
type Relief struct {
	Shift    *Shift
	From, To string
}

// plan is what a rotation is made of. Nothing in it is changed.
type plan struct {
	street *config.Street
	shifts []*Shift
	hands  map[string]*Hand
	rests  map[string]Leave // who wants to rest, and on which days
	pool   []string         // who may be asked, in a fixed order
	fit    func(s *Shift, who string) bool
	rules  func(s *Shift) (*config.Post, config.Rosters)
	rank   func(s *Shift, who string) int // lower is asked first
}

// propose finds for every shift that lies on a day of rest who could take it: allowed there,
// not resting himself, rested before and after, near, and with few shifts of late. The same
// plan gives the same answer. Each proposal counts for those behind it.
func (p plan) propose() []Relief {
	hands := make(map[string]*Hand, len(p.hands))
	for who, h := range p.hands {
		hands[who] = &Hand{who: who, Slots: slices.Clone(h.Slots)}
	}
	hand := func(who string) *Hand {
		if hands[who] == nil {
			hands[who] = &Hand{who: who}
		}
		return hands[who]
	}
	on := map[string]bool{} // shift/who that the proposals make
	var out []Relief
	for _, who := range slices.Sorted(maps.Keys(p.rests)) {
		for _, s := range p.shifts {
			if s.Off || s.taker(who) < 0 || !p.rests[who].covers(p.street, s.From, s.To) {
				continue
			}
			post, r := p.rules(s)
			var best []string
			for _, x := range p.pool {
				if x == who || s.taker(x) >= 0 || on[s.id+"/"+x] || !p.fit(s, x) || p.rests[x].covers(p.street, s.From, s.To) {
					continue
				}
				if b, _, _ := hand(x).check(p.street, r, post, s.slot()); b == Fits {
					best = append(best, x)
				}
			}
			week := s.From - 7*24*3600
			slices.SortStableFunc(best, func(a, b string) int {
				if n := p.rank(s, a) - p.rank(s, b); n != 0 {
					return n
				}
				if n := hand(a).since(week) - hand(b).since(week); n != 0 {
					return n
				}
				return strings.Compare(a, b)
			})
			if len(best) == 0 {
				out = append(out, Relief{Shift: s, From: who})
				continue
			}
			to := best[0]
			on[s.id+"/"+to] = true
			h := hand(to)
			h.Slots = append(h.Slots, s.slot())
			hand(who).drop(s.id)
			out = append(out, Relief{Shift: s, From: who, To: to})
		}
	}
	return out
}
