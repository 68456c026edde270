package config

import "cmp"

// Lender returns who lends a field of form f its figure on a day: the first of the forms in
// force that asks the committees for the same data item. Only a form that somebody has
// approved borrows; any other that asks what is known is not admitted. ok is false if nobody
// lends.
func (s *Street) Lender(d Day, f *Form, x *Field) (e Entry, ok bool) {
	if f.Approved == "" || !x.Stored() || x.Item == "" || !f.whole() {
		return Entry{}, false
	}
	for _, p := range s.Active(d) {
		for _, g := range p.Forms {
			if g.Name == f.Name {
				return Entry{}, false
			}
			if !g.InForce(d) || !g.whole() {
				continue
			}
			for _, y := range g.Fields {
				if y.Stored() && y.Item == x.Item && y.Kind == x.Kind {
					return Entry{g, y}, true
				}
			}
		}
	}
	return Entry{}, false
}

// whole reports whether each committee files the form as a whole.
func (f *Form) whole() bool { return cmp.Or(f.By, ByCommittee) == ByCommittee }

// shares reports whether an approved form's field is the known one itself: the same data item,
// asked of the same kind of reporter. Then nobody is asked for it a second time.
func (f *Form) shares(x *Field, e Entry) bool {
	return f.Approved != "" && x.Item == e.Field.Item && x.Kind == e.Field.Kind && f.whole() && e.Form.whole()
}
