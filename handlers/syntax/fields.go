package syntax

import (
	"sync"
	"unicode/utf8"
)

// Kind says what a label's value is.
type Kind uint8

const (
	Int  Kind = iota // a whole number
	Text             // the rest of the line
)

// Label is a field that may be named in a line.
type Label struct {
	Name    string
	Aliases []string
	Kind    Kind
	Units   []string // measure words allowed behind the number; none: those for people and households
	Stock   bool     // +2 and -1 mean a change
	Alone   []string // measure words that name it by themselves, in front of the line's first label: 8家 134人
}

// Value is one label's reading.
type Value struct {
	Label string // canonical name
	Int   int    // the number; with Delta the signed change
	Text  string // a Text label's words; "" means "none", said outright (困难无)
	Delta bool   // a change of a stock label (+2, -1, 加2, 少1)
	Loose bool   // the number stands before its label, or a comma is between: not to be repeated back where other parts of the line were not understood
	Raw   string // the value as typed, without its unit
	Start int    // byte offsets of Raw in the normalised input (Normalise is idempotent, so Head.Rest will do)
	End   int
}

// Guess is a value that must not be stored before the person has said yes to it: its label
// was recognised by sound only (新反5), or its number was called approximate (大概8个).
type Guess struct {
	Value
	Typed string // the label as typed when it was recognised by sound, or ""
}

// Stray is something that was not understood.
type Stray struct {
	Text       string // the words as typed
	Start, End int    // byte offsets in the normalised input
	Near       string // Unknown: the label it looks like, or ""
	Label      string // BadNumber: the label that has no number
	Value      string // the number that stood behind the words, as typed, or ""
	After      string // Unknown: the label whose number stands before it and may be meant by it (11或12, 8人3户), or ""
}

// Reading is what was made of a text.
type Reading struct {
	Values     []Value  // in the order of the text, at most one for each label
	Guessed    []Guess  // what was probably meant; no label stands here and in Values
	Unit       string   // canonical name of the first unit named, only from readers built with units
	Units      []string // every unit named, in order, each once
	Same       bool     // 同昨, 照旧, 其他同昨: for all that is not stated
	SameLabels []string // labels said to be as yesterday (在隔同昨)
	Zero       bool     // 零报, 没情况, 一切正常, 其他没有: nothing (else) to report, said outright
	Doubled    []string // labels with two different values; they are not in Values
	Conflicts  []Value  // the differing values of the labels in Doubled
	Unknown    []Stray  // words and numbers that were not understood
	Aside      []string // running totals that are no label's value, as typed (累计47人)
	Days       []string // days named without a figure, as typed (2.13, 昨天): whose day is the report?
	BadNumber  []Stray  // known labels followed by something that is no count (新返很多, 在隔2.5, 发热); Text may be ""
	Notes      []string // remarks in brackets and harmless trailing words
}

// Reader reads lines for one set of labels; it is safe for concurrent use.
type Reader struct {
	labels    []Label
	unitNames []string   // canonical, by id
	names     *table     // labels, id = index
	places    *table     // units, id = index
	counts    *table     // measure words
	entries   []entry    // label names in the order given, for Near
	sounds    soundTable // Int labels by their sound
}

// NewReader compiles labels, and the names of units (committees) that are to be recognised
// before numbers are read. When two labels share a name or alias, the first keeps it.
func NewReader(labels []Label, units []Word) *Reader {
	r := &Reader{labels: labels, names: newTable(len(labels)), counts: newTable(32), sounds: soundTable{}}
	for id, l := range labels {
		r.names.add(l.Name, id)
	}
	for id, l := range labels {
		for _, a := range l.Aliases {
			r.names.add(a, id)
		}
		for _, n := range append([]string{l.Name}, l.Aliases...) {
			if t := fold(Normalise(n)); t != "" {
				r.entries = append(r.entries, entry{t, id, utf8.RuneCountInString(t)})
			}
			if l.Kind == Int {
				r.sounds.add(n, id)
			}
		}
		for _, u := range l.Units {
			r.counts.add(u, 0)
		}
	}
	for _, w := range countWords {
		r.counts.add(w, 0)
	}
	r.names.sorted()
	r.counts.sorted()
	return r.Among(NewPlaces(units))
}

// Among is the reader of the same labels for other units. It shares all that follows from
// the labels, so that many streets may have the same form.
func (r *Reader) Among(p *Places) *Reader {
	out := *r
	out.places, out.unitNames = p.names, p.units
	return &out
}

// Fields reads text with a Reader made for the occasion, without units.
func Fields(text string, labels []Label) Reading { return NewReader(labels, nil).Read(text) }

// FieldsIn is Fields that first masks the names of units, so that the 二 of 彩虹二居 is no
// number, and reports them.
func FieldsIn(text string, labels []Label, units []Word) Reading {
	return NewReader(labels, units).Read(text)
}

// Read reads one message body. It accepts labels and numbers with or without separators,
// numbers before or behind their label (解1个, 1个解除, 没有发热, 发热无), measure words, text
// labels (the rest of their line), remarks, courtesy. Where a "none" could belong to the
// label on either side (重点没有发热) neither gets it; both come back in BadNumber. A label
// recognised by its sound, and a number called approximate, come back in Guessed.
func (r *Reader) Read(text string) Reading {
	room := tokenRoom.Get().(*[]token)
	lx := lexer{r: r, s: Normalise(text), toks: (*room)[:0]}
	lx.f = fold(lx.s)
	lx.run()
	out := resolve(&lx) // holds parts of the text, no tokens
	if cap(lx.toks) <= 256 {
		*room = lx.toks
	}
	tokenRoom.Put(room)
	return out
}

// tokenRoom is where tokens are laid out: too much for the stack, and for each line anew.
var tokenRoom = sync.Pool{New: func() any { room := make([]token, 0, 48); return &room }}
