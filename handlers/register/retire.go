package register

import (
	"encoding/json"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// retire finds what is over its term: questions nobody answered, and whole registers of
// places whose pack ended long ago. Sealed ones go with their pack's key (/结束).
func (f *Family) retire(d *handlers.Desk, b *store.Batch, limit int) func() ([]store.Change, error) {
	questions := b.All(asked)
	type ended struct {
		book *book
		size *int
	}
	var over []ended
	for _, run := range d.Street.Runs {
		if run.Pack == nil || run.To == "" || again(d.Street, run) {
			continue
		}
		for _, r := range run.Pack.Registers {
			k := f.shelf.of(run.Pack, r)
			if !k.Sealed() && d.Over(run.To, handlers.TermOf(k.Class).Days) {
				over = append(over, ended{k, b.Size(k.entries())})
			}
		}
	}
	return func() ([]store.Change, error) {
		var out []store.Change
		for user, cell := range *questions {
			var p pending
			if !cell.Lost {
				if err := json.Unmarshal([]byte(cell.Value), &p); err != nil {
					return nil, err
				}
			}
			if len(out) < limit && (cell.Lost || d.Over(d.Street.Day(time.Unix(p.Put, 0)), handlers.KeepDrafts)) {
				out = append(out, store.Delete(asked, user, cell.Rev))
			}
		}
		for _, x := range over {
			if *x.size > 0 && len(out)+1 < limit {
				out = append(out, store.EraseTable(x.book.entries()), store.EraseTable(x.book.past()))
			}
		}
		return out, nil
	}
}

// again reports whether a run's pack runs once more, later or without an end.
func again(s *config.Street, run config.Run) bool {
	for _, other := range s.Runs {
		if other.Pack == run.Pack && other != run && (other.To == "" || other.To > run.To) {
			return true
		}
	}
	return false
}
