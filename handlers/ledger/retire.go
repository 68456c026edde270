package ledger

import (
	"strconv"

	"juwei/handlers"
	"juwei/store"
)

// retire forgets complaints that were answered long ago. Their numbers stay taken: the newest
// one is kept as long as it is the newest.
func retire(d *handlers.Desk, b *store.Batch, limit int) func() ([]store.Change, error) {
	read := allComplaints(b)
	return func() ([]store.Change, error) {
		list, err := read()
		if err != nil {
			return nil, err
		}
		var out []store.Change
		for i, c := range list {
			if i < len(list)-1 && c.Closed != "" && c.Closed != "lost" && d.Over(c.Closed, handlers.KeepStaff) && len(out) < limit {
				out = append(out, store.Delete(table(), strconv.Itoa(c.number), c.rev))
			}
		}
		return out, nil
	}
}
