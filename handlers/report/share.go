package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// One number, one source. A form that somebody has approved may ask for what another form asks
// already, by naming the same data item. Nobody is asked for it twice: the figure is lent by
// the form that asked first, it is not stored a second time, and a report that has nothing
// else to say is in without being filed.

// loan is a field whose figure another form lends.
type loan struct {
	name string // of the field that borrows
	config.Entry
}

// loans are the form's borrowed fields on a day.
func (sh *sheet) loans(s *config.Street, day config.Day) []loan {
	if sh.form.Approved == "" {
		return nil
	}
	var out []loan
	for _, x := range sh.form.Fields {
		if e, ok := s.Lender(day, sh.form, x); ok {
			out = append(out, loan{x.Name, e})
		}
	}
	return out
}

// lenderPeriod is the period of the reports that a lender's figures of a day lie in.
func lenderPeriod(s *config.Street, form *config.Form, day config.Day) string {
	return form.PeriodOf(s, form.Closed(day), 24*60).Key()
}

// borrow reads what other forms lend a unit's report of a day, leaving one of them out; the
// result is called after the batch has run.
func (sh *sheet) borrow(b *store.Batch, s *config.Street, day config.Day, unit, without string) func() (Values, error) {
	loans := sh.loans(s, day)
	cells := map[string]*store.Cell{}
	for _, l := range loans {
		if cells[l.Form.Name] == nil && l.Form.Name != without {
			cells[l.Form.Name] = b.Cell(store.Reports(l.Form.Name, lenderPeriod(s, l.Form, day)), unit)
		}
	}
	return func() (Values, error) {
		out := Values{}
		for _, l := range loans {
			if cells[l.Form.Name] == nil {
				continue
			}
			if err := l.lend(out, *cells[l.Form.Name]); err != nil {
				return nil, fmt.Errorf("%s: %w", unit, err)
			}
		}
		return out, nil
	}
}

// borrowAll is borrow for every unit, as of a moment (asOf).
func (sh *sheet) borrowAll(b *store.Batch, s *config.Street, day config.Day, at time.Time) func() (map[string]Values, error) {
	loans := sh.loans(s, day)
	reads := map[string]func() (map[string]store.Cell, error){}
	for _, l := range loans {
		if reads[l.Form.Name] == nil {
			reads[l.Form.Name] = asOf(b, l.Form.Name, lenderPeriod(s, l.Form, day), at)
		}
	}
	return func() (map[string]Values, error) {
		out := map[string]Values{}
		for _, l := range loans {
			cells, err := reads[l.Form.Name]()
			if err != nil {
				return nil, err
			}
			for unit, cell := range cells {
				if out[unit] == nil {
					out[unit] = Values{}
				}
				if err := l.lend(out[unit], cell); err != nil {
					return nil, fmt.Errorf("%s: %w", unit, err)
				}
			}
		}
		return out, nil
	}
}

// lend puts the figure of a lender's report into v.
func (l loan) lend(v Values, cell store.Cell) error {
	r, err := decode(l.Form, cell)
	if err != nil {
		return err
	}
	if n, ok := r.Values[l.Field.Name]; ok && r.Filed() {
		v[l.name] = n
	}
	return nil
}

// covered reports whether all that the form asks for is lent.
func (sh *sheet) covered(lent Values) bool {
	return len(lent) > 0 && !slices.ContainsFunc(sh.required(), func(x *config.Field) bool { _, ok := lent[x.Name]; return !ok })
}

// settle takes what was read of other forms into the filing.
func (fl *filing) settle(lent, was func() (Values, error), debts func() ([]debt, error)) (err error) {
	if fl.debts, err = debts(); err != nil {
		return err
	}
	if fl.lent, err = lent(); err != nil {
		return err
	}
	before, err := was()
	if err != nil {
		return err
	}
	if fl.today.Filed() {
		maps.Copy(fl.today.Values, fl.lent)
	}
	if fl.prev.Filed() {
		maps.Copy(fl.prev.Values, before)
	} else if fl.sh.covered(before) {
		fl.prev = Report{Values: before, Rev: 1}
	}
	return nil
}

// settled reports whether there is nothing left to file: the report is in, or others have
// said all of it.
func (fl *filing) settled() bool { return fl.today.Filed() || fl.sh.covered(fl.lent) }

// lenders names the forms whose figures the report borrows, with the receipt's number of the
// unit: 日报.
func (fl *filing) lenders() string {
	var names []string
	for _, l := range fl.sh.loans(fl.Street, fl.day) {
		if !slices.Contains(names, l.Form.Name) {
			names = append(names, l.Form.Name)
		}
	}
	return strings.Join(names, "、")
}

// own are a report's figures without those that others lend.
func (fl *filing) own(r Report) Report {
	if len(fl.lent) == 0 {
		return r
	}
	r.Values = maps.Clone(r.Values)
	maps.DeleteFunc(r.Values, func(name string, _ int) bool { _, lent := fl.lent[name]; return lent })
	return r
}

// contradicted refuses a figure that another form has said otherwise: one number has one source.
func (fl *filing) contradicted(r syntax.Reading) *handlers.Refusal {
	for _, l := range fl.sh.loans(fl.Street, fl.day) {
		n, lent := fl.lent[l.name]
		i := slices.IndexFunc(r.Values, func(v syntax.Value) bool { return v.Label == l.name })
		if !lent || i < 0 || r.Values[i].Int == n && !r.Values[i].Delta {
			continue
		}
		return handlers.Refusef(fmt.Sprintf("改一处就都改了：/改 %s %s %d", l.Form.Name, l.Field.Name, r.Values[i].Int),
			"%s以%s里的%s%s为准，这里不用再写。什么也没存。", l.name, l.Form.Name, l.Field.Name, l.Field.Format(n))
	}
	return nil
}

// debt is another form's report of the same unit and day, to which this one lends.
type debt struct {
	sh    *sheet
	lent  Values // by other forms
	filed bool
}

// debts reads what the unit still owes on forms that this one lends to.
func (f *Family) debts(b *store.Batch, d *handlers.Desk, sh *sheet, p config.Period, from reporter) func() ([]debt, error) {
	type read struct {
		sh   *sheet
		own  *store.Cell
		lent func() (Values, error)
	}
	var reads []read
	for _, other := range f.active(d) {
		if other.form.Approved == "" || !other.form.Due(p.Day) || from.part != "" ||
			!slices.ContainsFunc(other.loans(d.Street, p.Day), func(l loan) bool { return l.Form.Name == sh.form.Name }) {
			continue
		}
		reads = append(reads, read{
			other, b.Cell(store.Reports(other.form.Name, other.period(d, p.Day, 0).Key()), from.key()),
			other.borrow(b, d.Street, p.Day, from.key(), sh.form.Name),
		})
	}
	return func() ([]debt, error) {
		var out []debt
		for _, r := range reads {
			own, err := decode(r.sh.form, *r.own)
			if err != nil {
				return nil, err
			}
			lent, err := r.lent()
			if err != nil {
				return nil, err
			}
			out = append(out, debt{r.sh, lent, own.Filed() || r.sh.covered(lent)})
		}
		return out, nil
	}
}

// pays are the forms that a first report settles besides its own, and what that asked of
// nobody, by their offices.
func (fl *filing) pays(r Report) (names []string, loads []handlers.Load) {
	if fl.today.Filed() {
		return nil, nil
	}
	for _, d := range fl.debts {
		if d.filed {
			continue
		}
		v := maps.Clone(d.lent)
		for _, l := range d.sh.loans(fl.Street, fl.day) {
			if n, ok := r.Values[l.Field.Name]; ok && l.Form.Name == fl.sh.form.Name {
				v[l.name] = n
			}
		}
		if d.sh.covered(v) {
			names = append(names, d.sh.form.Name)
			loads = append(loads, handlers.Load{Office: d.sh.form.Owner, Prefilled: len(d.sh.required())})
		}
	}
	return names, loads
}

// filed decodes a period's reports by unit, without those withdrawn, completes them with what
// others lend, and adds the units of which others have said all.
func (sh *sheet) filed(cells map[string]store.Cell, borrowed func() (map[string]Values, error)) (map[string]Report, error) {
	out := make(map[string]Report, len(cells))
	for unit, cell := range cells {
		r, err := decode(sh.form, cell)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", unit, err)
		}
		if r.Filed() {
			out[unit] = r
		}
	}
	lent, err := borrowed()
	if err != nil {
		return nil, err
	}
	for unit, v := range lent {
		if r, ok := out[unit]; ok {
			maps.Copy(r.Values, v)
		} else if sh.covered(v) {
			out[unit] = Report{Values: v, Rev: 1}
		}
	}
	return out, nil
}

// sheetOf finds the compiled sheet of a street's form.
func (f *Family) sheetOf(s *config.Street, form *config.Form) *sheet {
	if s == nil {
		return &sheet{form: form}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if sh := f.sheets[sheetKey{s.Code, form}]; sh != nil {
		return sh
	}
	return &sheet{form: form}
}
