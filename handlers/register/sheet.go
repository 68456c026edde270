package register

import (
	"context"

	"juwei/config"
	"juwei/handlers"
)

// Sheet fills the table of a register: the entries that a sight leads to, without fields of
// class C3 and above. It implements handlers.HouseTable.
func (f *Family) Sheet(ctx context.Context, d *handlers.Desk, register string, sight handlers.Sight) (handlers.HouseSheet, string, bool, error) {
	b := f.shelf.named(d, "", register)
	if b == nil {
		return handlers.HouseSheet{}, "", false, nil
	}
	all, err := b.everything(ctx, d)
	if err != nil {
		return handlers.HouseSheet{}, "", false, err
	}
	s := handlers.HouseSheet{Title: b.Title, Header: []string{"居民区", "户号"}}
	if len(b.States) > 0 {
		s.Header = append(s.Header, "状态", "起")
	}
	var fields []*config.Field
	for _, x := range b.Fields {
		if x.Class < "C3" {
			fields = append(fields, x)
			s.Header = append(s.Header, x.Name)
		}
	}
	for _, e := range all {
		if e.Gone != "" || !sight.Of(e.Unit) {
			continue
		}
		g := b.figures(d, e, nil, b.shown(e))
		row := []string{e.Unit, g.to.Line}
		if len(b.States) > 0 {
			state := e.State
			if st := b.State(state); st != nil && st.Health {
				state = "" // where it stands is its health
			}
			row = append(row, state, day(d.Street, e.Since).Label())
		}
		for _, x := range fields {
			text, _ := g.written(e, x)
			row = append(row, text)
		}
		s.Rows = append(s.Rows, row)
	}
	return s, b.pack.Name, true, nil
}

var _ handlers.HouseTable = (*Family)(nil).Sheet
