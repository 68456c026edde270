package config

import "slices"

// Export is a table as one office wants it: which items, in which order, under which
// headers. Its figures come from the reports that are already there; nobody is asked.
type Export struct {
	Name    string // also what is typed, /导 卫健日报, and the sheet's name
	Office  string // whose table it is: 服务办; "" = nobody's in particular
	Corner  string // the header above the units: 居民区
	Order   Order
	Columns []Column
	Place   Place
}

// Order is how the rows of a table are sorted.
type Order string

// The orders there are.
const (
	OrderFile    Order = "committees" // as the street's file lists them
	OrderOrdinal Order = "ordinal"    // by the number on the receipts
	OrderArea    Order = "area"       // area by area
)

// Column is one column of an export.
type Column struct {
	Header string // as the office calls it
	Item   string // the data item it shows, see Field.Item; written in the pack as the item or as a field's label
	Unit   string // shown behind the header: 人; "" = nothing is
	Place  Place
}

// Export returns the table with this name, or nil.
func (p *Pack) Export(name string) *Export {
	for _, x := range p.Exports {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Source is a field that feeds a data item, and its form.
type Source struct {
	Pack  *Pack
	Form  *Form
	Field *Field
}

// Sources returns the fields of the pack that feed an item, in the order of the file: one
// number, and each form that has asked for it.
func (p *Pack) Sources(item string) []Source {
	var out []Source
	for _, f := range p.Forms {
		for _, x := range f.Fields {
			if x.Item == item {
				out = append(out, Source{p, f, x})
			}
		}
	}
	return out
}

// Items returns the data items that a word may mean: the item of that name, or those of
// the fields with that label or alias. What whole committees are asked goes before what
// their blocks and sites are: 新返 is the committee's, not a dormitory's.
func (p *Pack) Items(word string) []string {
	var whole, parts []string
	for _, f := range p.Forms {
		for _, x := range f.Fields {
			if x.Item == word {
				return []string{word}
			}
		}
		x := f.Field(word)
		switch {
		case x == nil:
		case f.By == ByBlock || f.By == BySite:
			if !slices.Contains(parts, x.Item) {
				parts = append(parts, x.Item)
			}
		case !slices.Contains(whole, x.Item):
			whole = append(whole, x.Item)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return parts
}
