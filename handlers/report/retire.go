package report

import (
	"fmt"
	"time"

	"juwei/handlers"
	"juwei/store"
)

// retire forgets what people began and never finished.
func retire(d *handlers.Desk, b *store.Batch, limit int) func() ([]store.Change, error) {
	cells := b.All(store.Drafts())
	return func() ([]store.Change, error) {
		var out []store.Change
		for userid, cell := range *cells {
			p, err := openPile(d, cell)
			if err != nil {
				return nil, fmt.Errorf("drafts of %s: %w", userid, err)
			}
			old := len(p.drafts) == 0
			for _, x := range p.stale {
				old = old && d.Over(d.Street.Day(time.Unix(x.At, 0)), handlers.KeepDrafts)
			}
			if old && len(out) < limit {
				out = append(out, store.Delete(store.Drafts(), userid, cell.Rev))
			}
		}
		return out, nil
	}
}
