package cases

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
)

// Checker is somebody who visits gates for the cross-check, and the unit that is his own.
type Checker struct{ Name, Unit string }

// Gate is a gate to be visited, and the unit it belongs to.
type Gate struct{ Name, Unit string }

// ErrNoPlan says that the gates cannot be shared out: too many of them are the checkers'
// own.
var ErrNoPlan = errors.New("no plan: too few checkers from elsewhere")

// Visits plans one day's cross-check (card S32): for each gate, the index of the checker
// who visits it. Nobody visits a gate of his own unit, nobody the gate he visited the last
// time (before, the result of the day before; nil = none), and loads differ by at most one.
// The same day and lists give the same plan; who goes where changes with the day.
func Visits(day string, gates []Gate, checkers []Checker, before []int) ([]int, error) {
	if len(checkers) == 0 {
		return nil, ErrNoPlan
	}
	p := planner{gates: gates, checkers: checkers, load: make([]int, len(checkers)), plan: make([]int, len(gates))}
	for g := range gates {
		p.plan[g] = -1
		p.choice = append(p.choice, p.preferred(day, g, before))
	}
	base := len(gates) / len(checkers)
	// First everybody gets the smaller load, then the rest one more each: what is found
	// later never takes a gate from anybody without giving another.
	for _, limit := range []int{base, base + 1} {
		p.limit = limit
		for g := range gates {
			if p.plan[g] < 0 {
				p.seen = make([]bool, len(checkers))
				p.place(g)
			}
		}
		if limit == base && slices.ContainsFunc(p.load, func(n int) bool { return n < base }) {
			return nil, ErrNoPlan
		}
	}
	if slices.Contains(p.plan, -1) {
		return nil, ErrNoPlan
	}
	return p.plan, nil
}

// OffPeak is which of a plan's visits fall in the odd hours: share per cent of them, rounded
// up, as evenly over the checkers as can be; who had one the last time (rested = false)
// comes after who had none.
func OffPeak(day string, share int, gates []Gate, checkers []Checker, plan []int, rested func(checker int) bool) []bool {
	rank := func(name string) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s|odd|%s", day, name)
		return h.Sum64()
	}
	order := make([]int, len(checkers))
	mine := make([][]int, len(checkers))
	for i := range checkers {
		order[i] = i
	}
	for g, i := range plan {
		mine[i] = append(mine[i], g)
	}
	slices.SortFunc(order, func(a, b int) int {
		if ra, rb := rested(a), rested(b); ra != rb {
			if ra {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(checkers[a].Name), rank(checkers[b].Name)), a-b)
	})
	for i := range mine {
		slices.SortFunc(mine[i], func(a, b int) int { return cmp.Or(cmp.Compare(rank(gates[a].Name), rank(gates[b].Name)), a-b) })
	}
	odd := make([]bool, len(gates))
	for left, turn := (len(gates)*share+99)/100, 0; left > 0; turn++ {
		for _, i := range order {
			if left > 0 && turn < len(mine[i]) {
				odd[mine[i][turn]] = true
				left--
			}
		}
	}
	return odd
}

type planner struct {
	gates    []Gate
	checkers []Checker
	choice   [][]int // by gate: who may visit it, the likeliest first
	load     []int
	plan     []int
	limit    int
	seen     []bool
}

// preferred are the checkers who may visit a gate, in an order that nobody can foresee by
// counting.
func (p *planner) preferred(day string, g int, before []int) []int {
	var out []int
	for i, c := range p.checkers {
		if c.Unit != p.gates[g].Unit && (before == nil || before[g] != i) {
			out = append(out, i)
		}
	}
	rank := func(i int) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s|%s|%s", day, p.gates[g].Name, p.checkers[i].Name)
		return h.Sum64()
	}
	slices.SortFunc(out, func(a, b int) int {
		if ra, rb := rank(a), rank(b); ra != rb {
			if ra < rb {
				return -1
			}
			return 1
		}
		return a - b
	})
	return out
}

// place finds a checker for a gate, moving others' gates where it must.
func (p *planner) place(g int) bool {
	for _, i := range p.choice[g] {
		if p.seen[i] {
			continue
		}
		p.seen[i] = true
		if p.load[i] < p.limit {
			p.load[i]++
			p.plan[g] = i
			return true
		}
		for other, who := range p.plan {
			if who == i && p.elsewhere(other, i) {
				p.plan[g] = i
				return true
			}
		}
	}
	return false
}

// elsewhere moves a gate away from a checker.
func (p *planner) elsewhere(g, from int) bool {
	for _, i := range p.choice[g] {
		if i == from || p.seen[i] {
			continue
		}
		p.seen[i] = true
		if p.load[i] < p.limit {
			p.load[i]++
			p.plan[g] = i
			return true
		}
		for other, who := range p.plan {
			if who == i && other != g && p.elsewhere(other, i) {
				p.plan[g] = i
				return true
			}
		}
	}
	return false
}
