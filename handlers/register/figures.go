package register

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// figures looks up what rules, expressions and templates name, in one entry. Days count as
// numbers of days, so that a day and a number can be added.
type figures struct {
	*book
	street *config.Street
	at     time.Time
	now    *Entry
	before *Entry // what 原… names; may be nil
	to     target
	result string // what a follow-up recorded
	lacks  []string
	left   string                             // days to go, for a refusal
	count  func(name string) (int, int, bool) // a tally of the street or the committee, and out of how many
}

func (b *book) figures(d *handlers.Desk, now, before *Entry, to target) figures {
	return figures{book: b, street: d.Street, at: d.At, now: now, before: before, to: to}
}

// dayNumber counts days, so that 满日 == 抵沪 + 14.
func dayNumber(d config.Day) int { return int(d.Time(time.UTC).Unix() / 86400) }

// dayOf is the day a number of days stands for.
func dayOf(n int) config.Day {
	return config.Day(time.Unix(int64(n)*86400, 0).UTC().Format(time.DateOnly))
}

// get is the value of a name for rules and expressions.
func (f figures) get(name string) (int, bool) {
	switch name {
	case config.Today:
		return dayNumber(f.street.Day(f.at)), true
	case config.NameHouses:
		return f.to.Houses, f.to.Houses > 0
	case config.NameCount, config.NameItems:
		return f.items(name)
	}
	if base, part, ok := strings.Cut(name, "."); ok {
		return f.answered(base, part)
	}
	if x := f.Field(name); x != nil && x.Name == name {
		return f.value(f.now, x)
	}
	if base, ok := strings.CutPrefix(name, config.Before); ok {
		if x := f.Field(base); x != nil && x.Name == base {
			n, known := f.value(f.before, x)
			return n, known || x.Stock // what nobody has counted yet begins with nothing
		}
	}
	for i, end := range []string{"长", "起", "止"} {
		if base, ok := strings.CutSuffix(name, end); ok {
			if x := f.Field(base); x != nil && x.Kind == config.KindRange {
				n, known := f.value(f.now, x)
				from, to := config.Ends(n)
				return []int{to - from + 1, from, to}[i], known
			}
		}
	}
	return 0, false
}

// value is a field's value in an entry; computed where it is derived.
func (f figures) value(e *Entry, x *config.Field) (int, bool) {
	if x.Recent != "" {
		return f.recent(e, x)
	}
	if x.Derive != nil {
		g := f
		g.now = e
		if e == nil {
			return 0, false
		}
		factor := 1
		if x.Kind == config.KindPercent {
			factor = 100
		}
		for range x.Places {
			factor *= 10
		}
		return x.Derive.Value(factor, g.get)
	}
	if e == nil {
		return 0, false
	}
	n, ok := e.Values[x.Name]
	if ok && x.Kind == config.KindDate {
		n = dayNumber(config.Date(n))
	}
	return n, ok
}

// answered is FIELD.OPTION: 1 if that answer was given, or one with that tag.
func (f figures) answered(base, part string) (int, bool) {
	e := f.now
	if b, ok := strings.CutPrefix(base, config.Before); ok {
		base, e = b, f.before
	}
	yes := map[bool]int{true: 1}
	if base == config.NameState {
		return yes[e != nil && e.State == part], true
	}
	x := f.Field(base)
	if x == nil {
		return 0, false
	}
	if e == nil {
		return 0, true
	}
	n := e.Values[x.Name]
	if n < 1 || n > len(x.Options) {
		return 0, true
	}
	o := x.Options[n-1]
	return yes[o.Name == part || o.Tagged(part, f.street.Day(f.at))], true
}

// items counts the checklist: how many are there, how many there should be.
func (f figures) items(name string) (int, bool) {
	list := f.pack.Cases.List(f.List)
	if list == nil {
		return 0, false
	}
	if name == config.NameItems {
		return len(list.Items), true
	}
	n, known := 0, false
	for _, it := range list.Items {
		v, ok := f.now.Values[it.Name]
		known = known || ok
		n += v
	}
	return n, known
}

// holds reports whether a rule holds; no rule holds always, and what cannot be known does
// not hold.
func (f figures) holds(r *config.Rule) bool {
	if r == nil {
		return true
	}
	holds, known := r.Eval(f.get)
	return holds && known
}

// on is the day an expression gives, "" if it cannot be known.
func (f figures) on(e *config.Expr) config.Day {
	if e == nil {
		return ""
	}
	n, ok := e.Value(1, f.get)
	if !ok {
		return ""
	}
	return dayOf(n)
}

// show is a name's value as people read it; ok is false where there is none.
func (f figures) show(name string) (string, bool) {
	switch name {
	case config.NameKey:
		return f.to.Name, true
	case config.NameLine:
		return f.to.Line, true
	case config.NameUnit:
		return f.to.Unit, true
	case config.NameState:
		return f.now.State, f.now.State != ""
	case config.NameWas:
		if f.before == nil || f.before.State == "" {
			return "", false
		}
		return f.before.State, true
	case config.NameMeans:
		if s := f.State(f.now.State); s != nil && s.Title != "" {
			return s.Title, true
		}
		return "", false
	case config.NameResult:
		return f.result, f.result != ""
	case config.NameDay:
		return f.dayOfFollow()
	case config.NameLeft:
		return f.left, f.left != ""
	case config.NameUnitOf:
		return f.measure()
	case config.NameLacks:
		return strings.Join(f.lacks, "、"), len(f.lacks) > 0
	}
	if x := f.Field(name); x != nil && x.Name == name {
		return f.written(f.now, x)
	}
	if base, ok := strings.CutPrefix(name, config.Before); ok {
		if x := f.Field(base); x != nil {
			return f.written(f.before, x)
		}
	}
	for _, whole := range []string{"街道", "本居"} {
		if base, ok := strings.CutPrefix(name, whole); ok && f.count != nil {
			if base, all := strings.CutSuffix(base, "总"); all || f.Tally(base) != nil {
				n, of, known := f.count(whole + base)
				if all {
					n = of
				}
				return thousands(n), known
			}
		}
	}
	n, ok := f.get(name)
	return thousands(n), ok
}

// written is a field's value with its unit left to the template.
func (f figures) written(e *Entry, x *config.Field) (string, bool) {
	if !x.Number() {
		if e == nil || e.Texts[x.Name] == "" {
			return "", false
		}
		return e.Texts[x.Name], true
	}
	n, ok := f.value(e, x)
	switch {
	case !ok:
		return "", false
	case x.Kind == config.KindDate:
		return dayOf(n).Label(), true
	case x.Say != "" && n == 0:
		return x.Zero, x.Zero != ""
	case x.Say != "":
		return strings.ReplaceAll(x.Say, "{"+config.NameValue+"}", thousands(n)), true
	case x.Kind == config.KindInt:
		return thousands(n), true
	}
	return format(x, n), true
}

// thousands writes a count with its commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// dayOfFollow is which day of its first running follow-up today is, from 1.
func (f figures) dayOfFollow() (string, bool) {
	for _, w := range f.Follows {
		if r, ok := f.now.Round[w.Name]; ok {
			return strconv.Itoa(dayNumber(f.street.Day(f.at)) - dayNumber(f.begun(w, r)) + 1), true
		}
	}
	return "", false
}

// begun is the day a follow-up's clock counts from: the day its end is computed from, where
// it is the day of a field, else the day it came into it.
func (f figures) begun(w *config.Follow, r Round) config.Day {
	if w.Until != nil {
		for _, name := range w.Until.Names() {
			x := f.Field(name)
			for x != nil && x.Derive != nil && len(x.Derive.Names()) > 0 {
				x = f.Field(x.Derive.Names()[0])
			}
			if x != nil && x.Kind == config.KindDate {
				if n, ok := f.value(f.now, x); ok {
					return dayOf(n)
				}
			}
		}
	}
	return day(f.street, r.From)
}

// say fills a template: {name} is its value; what stands in [ ] is left out where one of
// its names has none.
func (f figures) say(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '[')
		if i < 0 {
			break
		}
		j := strings.IndexByte(text[i:], ']')
		if j < 0 {
			break
		}
		b.WriteString(f.fill(text[:i]))
		part := text[i+1 : i+j]
		if !slices.ContainsFunc(config.TemplateNames(part), func(n string) bool { _, ok := f.show(n); return !ok }) {
			b.WriteString(f.fill(part))
		}
		text = text[i+j+1:]
	}
	b.WriteString(f.fill(text))
	return b.String()
}

func (f figures) fill(text string) string {
	for _, name := range config.TemplateNames(text) {
		v, ok := f.show(name)
		if !ok {
			v = "？"
		}
		text = strings.ReplaceAll(text, "{"+name+"}", v)
	}
	return text
}
