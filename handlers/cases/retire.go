package cases

import (
	"fmt"

	"juwei/handlers"
	"juwei/store"
)

// forget drops cases that were closed long ago, with their history: a year for a site's, a
// month for a household's; and spot checks that count no more.
func forget(d *handlers.Desk, b *store.Batch, limit int) func() ([]store.Change, error) {
	cells, old := b.All(records), forgetSamples(d, b, limit)
	return func() ([]store.Change, error) {
		out, err := old()
		if err != nil {
			return nil, err
		}
		for id, cell := range *cells {
			k, err := decode(id, cell)
			if err != nil {
				return nil, err
			}
			keep := handlers.KeepWork
			if k != nil && k.sealed() {
				keep = handlers.KeepHealth
			}
			if k == nil || k.State != Closed || !d.Over(dayOf(d, k.Closed), keep) || len(out)+cell.Rev+2 > limit {
				continue
			}
			out = append(out, store.Delete(records, id, cell.Rev), store.Delete(recent, id, store.Any), store.DueDone(dueKind, id))
			for rev := 1; rev < cell.Rev; rev++ {
				out = append(out, store.Delete(history, fmt.Sprintf("%s#%d", id, rev), store.Any))
			}
		}
		return out, nil
	}
}
