package config

import (
	"fmt"
	"strings"
)

// ReadForm reads one form as it stands under forms: in a pack, by itself: everything bot check
// would say about it alone, without the forms that Admit compares it with. The form is nil
// if the text holds none.
func ReadForm(fragment string) (*Form, Problems) {
	var ps Problems
	r, top := read("表单", []byte("pack: {name: proposal, title: 提议}\nforms:\n"+fragment), nil, func(p Problem) {
		p.Line -= 2 // as the fragment counts its lines
		ps = append(ps, p)
	})
	p := readPack(r, top)
	if len(p.Forms) != 1 {
		return nil, ps
	}
	return p.Forms[0], ps
}

// Fragment writes a form of plain counts and texts as it stands under forms: in a pack, to be
// put there by an administrator. What it cannot say (checks, sites, sums) a proposal cannot ask.
func (f *Form) Fragment() string {
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %s: %s\n", key, value)
		}
	}
	fmt.Fprintf(&b, "  - name: %s\n", f.Name)
	line("who", "["+strings.Join(texts(f.Who), ", ")+"]")
	line("from", string(f.From))
	line("until", string(f.Until))
	if f.Every == EveryWeek {
		var days []string
		for _, d := range f.Weekdays {
			days = append(days, weekdays[(int(d)+6)%7])
		}
		line("every", string(EveryWeek))
		line("weekdays", "["+strings.Join(days, ", ")+"]")
	} else if f.Every == EveryOnce {
		line("every", string(EveryOnce))
	}
	line("opens", f.Opens.String())
	line("cutoff", f.Cutoff.String())
	if f.Zero {
		line("zero", "true")
	}
	line("owner", quoted(f.Owner))
	line("purpose", quoted(f.Purpose))
	line("basis", quoted(f.Basis))
	line("minutes", fmt.Sprint(f.Minutes))
	line("lead", fmt.Sprintf("%dm", int(f.Lead.Minutes())))
	for i, d := range f.Chain {
		if i == 0 {
			b.WriteString("    chain:\n")
		}
		fmt.Fprintf(&b, "      - {who: %s, at: %s}\n", quoted(d.Who), d.At)
	}
	line("approved_by", quoted(f.Approved))
	b.WriteString("    fields:\n")
	for _, x := range f.Fields {
		b.WriteString("      - {name: " + x.Name)
		switch {
		case x.Kind == KindText:
			fmt.Fprintf(&b, ", kind: text, chars: %d, optional: true, class: C1", x.Chars)
		case x.Stock:
			b.WriteString(", kind: stock")
		}
		if x.Unit != "" {
			b.WriteString(", unit: " + x.Unit)
		}
		if x.Kind == KindInt {
			fmt.Fprintf(&b, ", range: %d..%d", x.Min, x.Max)
		}
		if x.Health {
			b.WriteString(", health: true")
		}
		if x.Item != x.Name && x.Item != "" {
			b.WriteString(", item: " + quoted(x.Item))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// quoted is a text as a YAML scalar; "" stays "".
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(s) + `"`
}
