package report

import (
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// read reads a line with the names of the street's committees.
func (sh *sheet) read(d *handlers.Desk, text string) syntax.Reading {
	return sh.readWith(d, sh.reader, text)
}

// readOf reads a line with the names of a committee's parts, too.
func (sh *sheet) readOf(d *handlers.Desk, unit config.Committee, text string) syntax.Reading {
	reader := sh.readers[unit.Name]
	if reader == nil {
		reader = sh.reader
	}
	return sh.readWith(d, reader, text)
}

// readWith takes what is more than a count out of a line and lets the reader read the rest.
func (sh *sheet) readWith(d *handlers.Desk, reader *syntax.Reader, text string) syntax.Reading {
	if sh.puller == nil {
		return reader.Read(text)
	}
	p := sh.puller.Pull(text, d.Day.Time(d.Street.Location))
	r := reader.Read(p.Rest)
	for _, x := range p.Found {
		r.Values = append(r.Values, syntax.Value{Label: x.Label, Int: sh.number(d, x), Text: words(x)})
	}
	r.BadNumber = append(r.BadNumber, p.Bad...)
	return r
}

// number is a special value as it is kept.
func (sh *sheet) number(d *handlers.Desk, x syntax.Found) int {
	switch sh.form.Field(x.Label).Kind {
	case config.KindDate:
		return d.Street.Day(x.At).Number()
	case config.KindRange:
		return config.Span(x.From, x.To)
	}
	return x.Int
}

// words are what a special value keeps in words: a household's code, or what was said
// besides the answer.
func words(x syntax.Found) string {
	if x.Home != (syntax.Home{}) {
		return x.Home.Key()
	}
	return x.Text
}

// labelled puts the label in front of a line that is nothing but the answer to the form's
// only question, or names a unit before it: /应答 到, /应答 站前 到.
func (sh *sheet) labelled(text string) string {
	text = strings.TrimSpace(text)
	unit, answer := text[:strings.LastIndexByte(text, ' ')+1], text[strings.LastIndexByte(text, ' ')+1:]
	if x := sh.sole(); x != nil && x.Option(syntax.Normalise(answer)) > 0 {
		return unit + x.Name + answer
	}
	return text
}

// sole is the form's only question, if it is answered from a list; else nil.
func (sh *sheet) sole() *config.Field {
	asked := sh.form.Asked()
	if len(asked) != 1 || asked[0].Kind != config.KindEnum || asked[0].Optional {
		return nil
	}
	return asked[0]
}

// bare reads the answer to a question about one field, without its label.
func (sh *sheet) bare(d *handlers.Desk, x *config.Field, text string) (int, bool) {
	n, ok := 0, false
	switch {
	case x.Kind == config.KindInt:
		n, ok = syntax.Integer(text, x.Words...)
	case x.Quantity():
		n, ok = syntax.Decimal(text, x.Places, x.Words...)
	case sh.puller != nil && x.Number():
		p := sh.puller.Pull(x.Name+text, d.Day.Time(d.Street.Location))
		if len(p.Found) == 1 && len(p.Bad) == 0 && p.Rest == "" && p.Found[0].Label == x.Name {
			n, ok = sh.number(d, p.Found[0]), true
		}
	}
	return n, ok && inside(x, n)
}

// inside reports whether a number lies within a field's limits; of a range, both its ends.
func inside(x *config.Field, n int) bool {
	if x.Kind == config.KindRange {
		from, to := config.Ends(n)
		return from >= x.Min && (x.Max == 0 || to <= x.Max)
	}
	return x.Min <= n && n <= x.Max
}

// tongue is what reads a form's labels, the same in every street.
type tongue struct {
	reader *syntax.Reader // knows no units
	puller *syntax.Puller // nil = there is nothing but counts and texts
}

// compile makes the readers of a sheet. Caller holds f.mu.
func (f *Family) compile(sh *sheet, s *config.Street) {
	own, known := f.tongues[sh.form]
	if !known {
		own = sh.tongue()
		f.tongues[sh.form] = own
	}
	sh.puller = own.puller
	units := make([]syntax.Word, 0, len(s.Committees))
	for _, c := range s.Committees {
		units = append(units, syntax.Word{Name: c.Name, Aliases: c.Aliases})
	}
	committees := len(units)
	if sh.form.By == config.ByLiaison {
		for _, a := range s.Areas {
			units = append(units, syntax.Word{Name: a.Name})
		}
	}
	for _, name := range sh.form.Shifts {
		if name != "" {
			units = append(units, syntax.Word{Name: name})
		}
	}
	places := f.places[s]
	if places == nil || len(units) > committees {
		places = syntax.NewPlaces(units)
	}
	if len(units) == committees {
		f.places[s] = places
	}
	sh.reader = own.reader.Among(places)
	sh.readers = map[string]*syntax.Reader{}
	for _, c := range s.Committees {
		parts := slices.Clone(units)
		for _, x := range c.Reporters(sh.form) {
			parts = append(parts, syntax.Word{Name: x.Name, Aliases: x.Aliases})
		}
		if len(parts) > len(units) {
			sh.readers[c.Name] = own.reader.Among(syntax.NewPlaces(parts))
		}
	}
	sh.elsewhere = sh.named()
}

// tongue compiles the form's labels.
func (sh *sheet) tongue() tongue {
	var labels []syntax.Label
	var counts, texts []syntax.Word
	var specials []syntax.Special
	over, under := "", ""
	for _, x := range sh.form.Fields {
		word := syntax.Word{Name: x.Name, Aliases: x.Aliases}
		special := syntax.Special{Name: x.Name, Aliases: x.Aliases, Places: x.Places, Units: x.Words}
		switch x.Kind {
		case config.KindText:
			labels = append(labels, syntax.Label{Name: x.Name, Aliases: x.Aliases, Kind: syntax.Text})
			texts = append(texts, word)
			continue
		case config.KindInt:
			if x.Asked() {
				labels = append(labels, syntax.Label{Name: x.Name, Aliases: x.Aliases, Kind: syntax.Int, Units: x.Words, Stock: x.Stock, Alone: x.Alone})
				counts = append(counts, word)
			}
			continue
		case config.KindEnum:
			special.As = syntax.AsChoice
			for _, o := range x.Options {
				special.Options = append(special.Options, syntax.Word{Name: o.Name, Aliases: o.Aliases})
			}
		case config.KindBool:
			special.As = syntax.AsYesNo
		case config.KindDate:
			special.As = syntax.AsDay
		case config.KindRange:
			special.As = syntax.AsRange
		case config.KindHouse:
			special.As = syntax.AsHome
		}
		if x.Asked() {
			specials = append(specials, special)
		} else if a, b, ok := x.Derive.Fraction(); ok && x.Kind == config.KindPercent {
			over, under = a, b
		}
	}
	out := tongue{reader: syntax.NewReader(labels, nil)}
	if len(specials) > 0 || over != "" {
		out.puller = syntax.NewPuller(specials, counts, texts, over, under)
	}
	return out
}

// named are the figures of other forms that the sheet's sums name.
func (sh *sheet) named() []string {
	var out []string
	for _, x := range sh.form.Fields {
		for _, e := range []*config.Expr{x.Derive, x.Default} {
			if e != nil {
				out = append(out, afar(e.Names())...)
			}
		}
	}
	for _, c := range sh.form.Checks {
		out = append(out, afar(c.Rule.Names())...)
	}
	return out
}
