package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// opened is a request that became a case, or was one already.
type opened struct {
	k      *Case
	joined bool
}

// openAll opens a case for each request in one outcome, unless open has it: the same type,
// place and words. What comes back is in the order of the requests.
func (f *Family) openAll(ctx context.Context, d *handlers.Desk, by string, list []request, open []*Case) ([]opened, handlers.Outcome, error) {
	var out handlers.Outcome
	if len(list) == 0 {
		return nil, out, nil
	}
	b := d.Read()
	last := map[string]*store.Cell{}
	for _, r := range list {
		if last[r.typ.Letter] == nil {
			last[r.typ.Letter] = b.Cell(counts, r.typ.Letter)
		}
	}
	if err := b.Run(ctx); err != nil {
		return nil, out, fmt.Errorf("read numbers: %w", err)
	}
	m, err := readMode(ctx, d)
	if err != nil {
		return nil, out, err
	}
	given := map[string]int{}
	var all []opened
	for _, r := range list {
		r.loud = m.awake(d) && !r.typ.Work
		k := f.draft(d, by, r)
		if i := slices.IndexFunc(open, func(o *Case) bool {
			return o.State != Closed && o.Type == k.Type && o.Unit == k.Unit && o.Place == k.Place && o.Text == k.Text
		}); i >= 0 && r.item == [2]int{} {
			all = append(all, opened{open[i], true})
			continue
		}
		if before := k.repeats(open, d.At); before != nil {
			k.Of = before.id
		}
		if r.item != [2]int{} { // its list is counted by whoever opens it
			k.id = item(r.typ.Letter, r.item[0], r.item[1])
		} else {
			n := given[r.typ.Letter]
			if cell := last[r.typ.Letter]; n == 0 && cell.Rev > 0 {
				if n, err = strconv.Atoi(cell.Value); err != nil {
					return nil, out, fmt.Errorf("read number: %w", err)
				}
			}
			given[r.typ.Letter] = n + 1
			k.id = number(r.typ.Letter, n+1)
		}
		if r.typ.Kind == config.CaseUrgent {
			if k.Chain, err = f.chain(ctx, d, k); err != nil {
				return nil, out, err
			}
			k.Owners = k.Chain[:1]
			out.Pushes = append(out.Pushes, k.alert(d, k.Chain[0], ""))
		} else {
			out.Pushes = append(out.Pushes, f.announce(d, k)...)
		}
		o := f.outcome(d, k)
		out.Changes = append(out.Changes, o.Changes...)
		if o.Sealed != "" {
			out.Sealed = o.Sealed
		}
		open = append(open, k)
		all = append(all, opened{k, false})
	}
	var fresh []*Case
	for _, o := range all {
		if !o.joined {
			fresh = append(fresh, o.k)
		}
	}
	out.Changes = append(out.Changes, foundNow(d, fresh...)...)
	for l, n := range given {
		out.Changes = append(out.Changes, store.Put(counts, l, last[l].Rev, strconv.Itoa(n)))
	}
	return all, out, nil
}
