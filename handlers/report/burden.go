package report

import "juwei/handlers"

// burden is what a report asked of the person who filed it, booked to the form's owner:
// what was not typed was there already.
func (fl *filing) burden(d draft) []handlers.Load {
	fields := len(d.Values) + len(d.Texts)
	l := handlers.Load{Office: fl.sh.form.Owner, Typed: min(d.Typed, fields)}
	l.Prefilled = fields - l.Typed
	if !fl.today.Filed() {
		l.Reports = 1
	}
	return []handlers.Load{l}
}
