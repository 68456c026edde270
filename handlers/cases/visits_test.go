package cases

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// 123 gates of 19 units, 30 days: nobody checks himself, no gate twice in a row by one
// person, loads differ by at most one.
func TestVisits(t *testing.T) {
	t.Parallel()
	var gates []Gate
	var checkers []Checker
	for u := range 19 {
		checkers = append(checkers, Checker{fmt.Sprintf("p%d", u), fmt.Sprintf("u%d", u)})
	}
	for g := range 123 {
		gates = append(gates, Gate{fmt.Sprintf("g%d", g), fmt.Sprintf("u%d", g*g%19)})
	}
	var before []int
	tired := make([]bool, len(checkers))
	for day := range 30 {
		plan, err := Visits(fmt.Sprint("day", day), gates, checkers, before)
		if err != nil {
			t.Fatal(err)
		}
		load := make([]int, len(checkers))
		for g, i := range plan {
			load[i]++
			if checkers[i].Unit == gates[g].Unit {
				t.Fatalf("day %d: %s checks himself at %s", day, checkers[i].Name, gates[g].Name)
			}
			if before != nil && before[g] == i {
				t.Fatalf("day %d: %s at %s twice in a row", day, checkers[i].Name, gates[g].Name)
			}
		}
		if slices.Max(load)-slices.Min(load) > 1 {
			t.Fatalf("day %d: loads %v", day, load)
		}
		again, err := Visits(fmt.Sprint("day", day), gates, checkers, before)
		if err != nil || !slices.Equal(plan, again) {
			t.Fatalf("day %d: the same lists give another plan", day)
		}
		before = plan

		odd := OffPeak(fmt.Sprint("day", day), oddShare, gates, checkers, plan, func(i int) bool { return !tired[i] })
		nights, n := make([]int, len(checkers)), 0
		for g, yes := range odd {
			if yes {
				nights[plan[g]]++
				n++
			}
		}
		if 100*n < oddShare*len(gates) || 100*(n-1) >= oddShare*len(gates) {
			t.Fatalf("day %d: %d of %d visits in the odd hours", day, n, len(gates))
		}
		if slices.Max(nights)-slices.Min(nights) > 1 {
			t.Fatalf("day %d: odd hours %v", day, nights)
		}
		for i := range checkers {
			for j := range checkers { // who had fewer the last time has no fewer than who had more
				if tired[j] && !tired[i] && nights[i] < nights[j] {
					t.Fatalf("day %d: %s had the odd hours again before %s", day, checkers[j].Name, checkers[i].Name)
				}
			}
		}
		for i := range checkers {
			tired[i] = nights[i] > slices.Min(nights)
		}
	}
}

func TestVisitsNobodyFromElsewhere(t *testing.T) {
	t.Parallel()
	if _, err := Visits("day", []Gate{{"g", "u"}}, []Checker{{"p", "u"}}, nil); !errors.Is(err, ErrNoPlan) {
		t.Errorf("got %v", err)
	}
	if _, err := Visits("day", []Gate{{"g", "u"}}, nil, nil); !errors.Is(err, ErrNoPlan) {
		t.Errorf("got %v", err)
	}
}
