package config

import (
	"fmt"
	"strconv"
	"strings"
)

// FieldKind is what a field holds.
type FieldKind string

// The kinds of field. All but text and house are kept as one whole number.
const (
	KindInt         FieldKind = "int"         // a whole number
	KindDecimal     FieldKind = "decimal"     // a number with Places digits behind the point, kept ×10^Places
	KindPercent     FieldKind = "percent"     // a decimal that is written with %
	KindEnum        FieldKind = "enum"        // one of Options, kept as its place in the list, from 1
	KindBool        FieldKind = "bool"        // 是 or 否, kept as 1 or 0
	KindDate        FieldKind = "date"        // a day, kept as yyyymmdd
	KindRange       FieldKind = "range"       // from–to (号段 412-497), kept by Span
	KindText        FieldKind = "text"        // a short sentence
	KindTemperature FieldKind = "temperature" // of a body, kept ×10; in registers only
	KindHouse       FieldKind = "house"       // the code of a household (6-1203): personal, kept like a text
)

// Field is one thing a form asks, or computes from what others were asked.
type Field struct {
	Name     string // the label: 新返
	Aliases  []string
	Kind     FieldKind
	Stock    bool     // carried from day to day (在隔); false = a flow that starts at 0 each day
	Unit     string   // 人, 户
	Words    []string // unit words that may follow the number, Unit included
	Alone    []string // of Words, those by which a number without a label is this field's: 家 in 8家 134人
	Places   int      // KindDecimal, KindPercent: digits behind the point
	Options  []Option // KindEnum
	Min, Max int      // the hard limits of a number, ×10^Places; of a range, of both its ends
	Warn     int      // above it the bot asks once; 0 = never
	Jump     int      // a difference to the last report above it is asked about once; 0 = never
	Chars    int      // KindText: the limit in characters
	Optional bool
	Derive   *Expr  // computed, never asked; nil = asked
	Default  *Expr  // what it is if it was not given; nil = it is asked for, or left open if optional
	Class    string // C0 to C4, DOMAIN.md §4.3
	Health   bool   // a health count: never shown per unit in a group
	Item     string // the data item it feeds: one number, one source
	Ahead    bool   // KindDate of a register: a plan, which may lie ahead
	Many     bool   // of a register: a line may give several figures; the highest is kept
	Recent   string // of a register: computed, the sum of this field over the last Days days; "" = not
	Days     int    // Recent: how many; of an entry that is younger, reckoned up to as many
	Round    string // of a register: computed, the running number of the round of this name
	Say      string // of a register: how a receipt writes it, {值} standing for the number
	Zero     string // Say: how it writes 0
	Help     string // one sentence for who asks what it means
	Example  string // its part in Form.Example; "" for an optional field
	Case     string // the type of case a figure above 0, or an answer without a type of its own, opens; "" = none
	Place    Place
}

// Option is one of the answers of an enum field.
type Option struct {
	Name    string
	Aliases []string
	Case    string // the type of case it opens; "" = the field's; NoCase = none
	Tag     string // of a register: what rules call a group of answers, 重点; "" = none
	TagFrom Day    // from when it belongs to the group; "" = always
	TagTo   Day    // until when; "" = no end
	Unit    string // of a register: what its things are counted in, 只
}

// Tagged reports whether the answer belongs to the group on a day.
func (o Option) Tagged(tag string, day Day) bool {
	return tag != "" && o.Tag == tag && (o.TagFrom == "" || o.TagFrom <= day) && (o.TagTo == "" || day <= o.TagTo)
}

// NoCase is written for an answer that opens no case where the field's others do.
const NoCase = "none"

// Opens returns the type of case that a value of the field opens, "" if it opens none.
func (x *Field) Opens(n int) string {
	if x.Kind == KindEnum {
		if n < 1 || n > len(x.Options) {
			return ""
		}
		switch o := x.Options[n-1]; o.Case {
		case NoCase:
			return ""
		case "":
		default:
			return o.Case
		}
	}
	if n <= 0 {
		return ""
	}
	return x.Case
}

// MayOpen reports whether some value of the field opens a case.
func (x *Field) MayOpen() bool {
	for n := range len(x.Options) {
		if x.Opens(n+1) != "" {
			return true
		}
	}
	return x.Case != ""
}

// Asked reports whether people are asked for the field.
func (x *Field) Asked() bool { return x.Derive == nil && x.Recent == "" && x.Round == "" }

// Number reports whether a value of the field is one whole number.
func (x *Field) Number() bool { return x.Kind != KindText && x.Kind != KindHouse }

// Stored reports whether a value of the field is kept as a number; what is computed is not.
func (x *Field) Stored() bool { return x.Number() && x.Asked() }

// Quantity reports whether people write a value of the field as one number.
func (x *Field) Quantity() bool {
	return x.Kind == KindInt || x.Kind == KindDecimal || x.Kind == KindPercent
}

// Compute returns what a derived field is worth, or what a field is by default, given the
// form's other numbers. ok is false if it can't be computed.
func (x *Field) Compute(get func(name string) (int, bool)) (n int, ok bool) {
	switch {
	case x.Derive != nil:
		return x.Derive.Value(x.factor(), get)
	case x.Default != nil:
		return x.Default.Value(x.factor(), get)
	}
	return 0, false
}

// Sums reports whether the values of several units may be added up.
func (x *Field) Sums() bool { return x.Kind == KindInt || x.Kind == KindDecimal }

// Option returns the place of an answer in the list, from 1; 0 if it is none. It takes
// names and aliases as they are written.
func (x *Field) Option(answer string) int {
	for i, o := range x.Options {
		if o.Name == answer {
			return i + 1
		}
		for _, a := range o.Aliases {
			if a == answer {
				return i + 1
			}
		}
	}
	return 0
}

// Format writes a value as people read it, without the field's name and unit word: 86,
// 12.5, 92.7%, 人手, 是, 2月13日, 412-497. A number that is no value of an enum or a date
// is written as it is.
func (x *Field) Format(n int) string {
	switch x.Kind {
	case KindDecimal, KindTemperature:
		return point(n, x.Places)
	case KindPercent:
		return point(n, x.Places) + "%"
	case KindEnum:
		if n >= 1 && n <= len(x.Options) {
			return x.Options[n-1].Name
		}
	case KindBool:
		if n == 0 {
			return "否"
		}
		return "是"
	case KindDate:
		if d := Date(n); d != "" {
			return d.Label()
		}
	case KindRange:
		from, to := Ends(n)
		return fmt.Sprintf("%d-%d", from, to)
	}
	return strconv.Itoa(n)
}

// factor is what a ratio is multiplied by to be kept: 10^Places, of a percentage ×100.
func (x *Field) factor() int {
	n := scale(x.Places)
	if x.Kind == KindPercent {
		n *= 100
	}
	return n
}

// scale is 10^places.
func scale(places int) int {
	n := 1
	for range places {
		n *= 10
	}
	return n
}

// point writes n with its last digits behind a point.
func point(n, places int) string {
	if places == 0 {
		return strconv.Itoa(n)
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%0*d", places+1, n)
	return sign + s[:len(s)-places] + "." + s[len(s)-places:]
}

// spanBase is above every end of a range.
const spanBase = 10_000_000

// Span is the number that keeps a range: both ends from 0 to a million.
func Span(from, to int) int { return from*spanBase + to }

// Ends are the two ends of the range that a number keeps.
func Ends(span int) (from, to int) { return span / spanBase, span % spanBase }

// Number returns the day as the number that keeps it: 20200213; 0 if d is no day.
func (d Day) Number() int {
	n, err := strconv.Atoi(strings.ReplaceAll(string(d), "-", ""))
	if err != nil || Date(n) != d {
		return 0
	}
	return n
}

// Date returns the day that a number keeps, or "".
func Date(n int) Day {
	d, err := ParseDay(fmt.Sprintf("%04d-%02d-%02d", n/10000, n/100%100, n%100))
	if err != nil {
		return ""
	}
	return d
}
