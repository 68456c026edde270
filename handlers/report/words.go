package report

import (
	"encoding/json"
	"fmt"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

var _ handlers.Words = (*Family)(nil).Words

// Words reads every unit's texts of a form and day, for tables. The reason why a sum does
// not hold is none of them.
func (f *Family) Words(b *store.Batch, form *config.Form, day config.Day) func() (map[string]map[string]string, error) {
	f.mu.Lock()
	street := f.streets[b.Street()]
	f.mu.Unlock()
	cells := b.All(store.ReportTexts(form.Name, form.PeriodOf(street, form.Closed(day), 24*60).Key()))
	return func() (map[string]map[string]string, error) {
		out := make(map[string]map[string]string, len(*cells))
		for unit, cell := range *cells {
			var texts map[string]string
			if cell.Lost || cell.Value == "" {
				continue // its campaign is over and its key forgotten
			}
			if err := json.Unmarshal([]byte(cell.Value), &texts); err != nil {
				return nil, fmt.Errorf("decode texts %s/%s: %w", form.Name, unit, err)
			}
			delete(texts, reasonKey)
			delete(texts, goneKey)
			out[unit] = texts
		}
		return out, nil
	}
}
