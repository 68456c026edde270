package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/store"
)

// flags of a report, one letter each in its cell.
const (
	flagZero     = 'z' // filed as a zero report
	flagLate     = 'l' // first filed after the cut-off: 补报
	flagFixed    = 'c' // corrected after the cut-off: 更正
	flagKept     = 'k' // does not add up, kept with a reason
	flagProxy    = 'p' // filed by somebody else for the unit: 代报
	flagAccepted = 'v' // looked at and accepted by the form's reviewer
	flagGone     = 'w' // withdrawn: the unit has no report, the log has what there was
)

// Report is one unit's report of one form and day.
type Report struct {
	Values Values
	By     string // userid of who filed the current version
	At     time.Time
	Flags  string
	Rev    int // 0: there is none
}

// Filed reports whether there is a report that has not been withdrawn.
func (r Report) Filed() bool { return r.Rev > 0 && !r.has(flagGone) }

// withdrawn reports whether a cell says that its report was taken back.
func withdrawn(c store.Cell) bool {
	i := strings.LastIndexByte(c.Value, '|')
	return i >= 0 && strings.ContainsRune(c.Value[i:], flagGone)
}

func (r Report) has(flag rune) bool { return strings.ContainsRune(r.Flags, flag) }

// with returns the flags with one more.
func with(flags string, flag rune) string {
	if strings.ContainsRune(flags, flag) {
		return flags
	}
	return flags + string(flag)
}

// without returns the flags without one.
func without(flags string, flag rune) string {
	return strings.ReplaceAll(flags, string(flag), "")
}

// Values are a form's numbers by field name.
type Values map[string]int

// encode writes a report as its cell: formVersion|v1,v2,…|by|at|flags, the numbers in
// the order of the form's fields, at in base 36 seconds. 64 bytes and less keep the
// store's hash compact.
func encode(f *config.Form, r Report) string {
	var b strings.Builder
	b.Grow(64)
	b.WriteString(strconv.Itoa(f.Version))
	b.WriteByte('|')
	first := true
	for _, field := range f.Fields {
		if !field.Stored() {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		if n, ok := r.Values[field.Name]; ok {
			b.WriteString(strconv.Itoa(n))
		}
	}
	b.WriteByte('|')
	b.WriteString(r.By)
	b.WriteByte('|')
	b.WriteString(strconv.FormatInt(r.At.Unix(), 36))
	b.WriteByte('|')
	b.WriteString(r.Flags)
	return b.String()
}

// decode reads a cell. Of a cell of an earlier version of the form, the numbers that both
// ask for are kept; of a version that is not known only its author and time.
func decode(f *config.Form, c store.Cell) (Report, error) {
	if c.Rev == 0 {
		return Report{}, nil
	}
	version, rest, _ := strings.Cut(c.Value, "|")
	numbers, rest, _ := strings.Cut(rest, "|")
	by, rest, _ := strings.Cut(rest, "|")
	seconds, flags, whole := strings.Cut(rest, "|")
	if !whole || strings.Contains(flags, "|") {
		return Report{}, fmt.Errorf("decode report %s: %d parts", f.Name, strings.Count(c.Value, "|")+1)
	}
	at, err := strconv.ParseInt(seconds, 36, 64)
	if err != nil {
		return Report{}, fmt.Errorf("decode report %s: time: %w", f.Name, err)
	}
	r := Report{By: by, At: time.Unix(at, 0), Flags: flags, Rev: c.Rev, Values: make(Values, strings.Count(numbers, ",")+1)}
	then := f
	for then != nil && version != strconv.Itoa(then.Version) {
		then = then.Earlier
	}
	if then == nil {
		return r, nil
	}
	i := 0
	for _, field := range then.Fields {
		if !field.Stored() {
			continue
		}
		var s string
		s, numbers, _ = strings.Cut(numbers, ",")
		i++
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return Report{}, fmt.Errorf("decode report %s: number %d: %w", f.Name, i, err)
		}
		if then == f {
			r.Values[field.Name] = n
		} else if x := f.Field(field.Name); x != nil && x.Name == field.Name && x.Item == field.Item {
			r.Values[field.Name] = n
		}
	}
	return r, nil
}

// receipt is how a report's number begins: R, month and day, the unit's fixed ordinal.
func receipt(day config.Day, unit config.Committee) string {
	d := string(day) // 2020-02-13
	return fmt.Sprintf("R%s%s-%02d", d[5:7], d[8:10], unit.Ordinal)
}
