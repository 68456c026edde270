package cases

import (
	"context"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
)

// mostHanded is how many cases go over in one commit; the rest the next time.
const mostHanded = 80

// handOver gives one person's open cases to another. What the one reported, the other may
// look at. It implements handlers.HandOver.
func (f *Family) handOver(ctx context.Context, d *handlers.Desk, from, to string) (handlers.Handed, handlers.Outcome, error) {
	list, err := all(ctx, d)
	if err != nil {
		return handlers.Handed{}, handlers.Outcome{}, err
	}
	done := handlers.Handed{What: "问题单"}
	var out handlers.Outcome
	for _, k := range list {
		owned := slices.Contains(k.Owners, from)
		found := (k.Finder == from || slices.Contains(k.Others, from)) && !k.found(config.Person{UserID: to})
		if k.State == Closed || !owned && !found && !slices.Contains(k.Chain, from) {
			continue
		}
		if len(done.Names) == mostHanded {
			break
		}
		if !k.do(Hand, to, d.At, "") {
			continue
		}
		k.Owners, k.Chain = swapped(k.Owners, from, to), swapped(k.Chain, from, to)
		if found {
			k.Others = append(slices.Clone(k.Others), to)
		}
		out.Changes = append(out.Changes, f.outcome(d, k).Changes...)
		done.Names = append(done.Names, k.id)
		line := k.id
		if !k.sealed() {
			line = k.name()
		}
		switch {
		case owned && k.Due > 0:
			line += fmt.Sprintf("（%s前，改好回：/改 %s 怎么改的）", when(d, k.Due), k.short())
		case owned:
			line += fmt.Sprintf("（%s，看：/问题 %s）", k.State, k.short())
		default:
			line += fmt.Sprintf("（前任报的，看：/问题 %s）", k.short())
		}
		done.Lines = append(done.Lines, line)
	}
	return done, out, nil
}

// swapped is a list of userids with one in the place of another, once.
func swapped(ids []string, from, to string) []string {
	var out []string
	for _, id := range ids {
		if id == from {
			id = to
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
