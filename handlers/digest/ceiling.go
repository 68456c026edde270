package digest

import (
	"strings"
	"unicode"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// A digest is kept and heard in a group: nothing in it may be above C1 (DOMAIN.md §4.3).
// All that comes into one passes here; nowhere else need anybody think of it.

// withheld stands in the place of what may not be said.
const withheld = "含个人信息，晨报里不说"

// may reports whether a field's figures may be said.
func may(x *config.Field) bool {
	return config.Ceiling(x.Class) && x.Number()
}

// sayable are the totals that may be said and kept.
func sayable(form *config.Form, sum map[string]int) map[string]int {
	out := map[string]int{}
	for _, x := range form.Fields {
		if n, ok := sum[x.Name]; ok && may(x) {
			out[x.Name] = n
		}
	}
	return out
}

// pass is what of a part may be said; ok is false where all of it is withheld: its class is
// above C1 or unknown, or its words hold a household's code or a person's data all the same.
func (f *Family) pass(p handlers.Part) (clean handlers.Part, ok bool) {
	if len(p.Figures) == 0 && p.Text == "" && len(p.Decide) == 0 {
		return handlers.Part{}, true
	}
	if !config.Ceiling(p.Class) {
		return handlers.Part{}, false
	}
	words := append([]string{p.Text}, p.Decide...)
	for _, x := range p.Figures {
		words = append(words, x.Label)
	}
	for _, w := range words {
		if f.personal(w) {
			return handlers.Part{}, false
		}
	}
	p.Text = oneLine(p.Text)
	for i, w := range p.Decide {
		p.Decide[i] = oneLine(w)
	}
	return p, true
}

// personal reports whether words hold a household's code, with building and room, or what
// no message may hold.
func (f *Family) personal(words string) bool {
	if len(f.screen.PII(words)) > 0 {
		return true
	}
	for i, r := range words {
		if i > 0 && digit(words[i-1]) || !unicode.IsDigit(r) && !strings.ContainsRune("一二三四五六七八九十两廿", r) {
			continue
		}
		if home, _, ok := syntax.House(words[i:]); ok && home.Room != "" {
			return true
		}
	}
	return false
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
