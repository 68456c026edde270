package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Yesterday in front of a name means the value in the unit's previous report.
const Yesterday = "昨日"

// Rule is a comparison of two sums over a form's numbers, such as
//
//	在隔 == 昨日在隔 + 新隔 - 解除
//	重点 <= 新返
//
// Each sum adds and subtracts names and whole numbers; a name may be multiplied by a
// number (2×户数). The operators are == <= >= < > + - ×, half- or full-width.
type Rule struct {
	src         string
	op          string
	left, right sum
}

// sum is a linear expression: its terms in the order written, then the numbers added up.
type sum struct {
	terms []term
	rest  int
}

type term struct {
	times int    // the factor with its sign, never 0
	name  string // with Yesterday in front if it was written so
	col   int
}

// RuleError is a mistake in a rule. Col is where, from 1, in characters.
type RuleError struct {
	Col        int
	What, Mend string
}

// Error returns the mistake on one line, in the words of the person who wrote the rule.
func (e *RuleError) Error() string {
	return fmt.Sprintf("第%d个字：%s，%s", e.Col, e.What, e.Mend)
}

// String returns the rule as written.
func (r *Rule) String() string { return r.src }

// Names returns the names the rule needs, each once, Yesterday included where written.
func (r *Rule) Names() []string {
	var names []string
	for _, t := range slices.Concat(r.left.terms, r.right.terms) {
		if !slices.Contains(names, t.name) {
			names = append(names, t.name)
		}
	}
	return names
}

// Eval reports whether the rule holds; known is false if get lacks one of its names.
func (r *Rule) Eval(get func(name string) (int, bool)) (holds, known bool) {
	l, ok := r.left.value(get)
	if !ok {
		return false, false
	}
	v, ok := r.right.value(get)
	if !ok {
		return false, false
	}
	switch r.op {
	case "==":
		return l == v, true
	case "<=":
		return l <= v, true
	case ">=":
		return l >= v, true
	case "<":
		return l < v, true
	default:
		return l > v, true
	}
}

// Solve says what the field alone on the left of == should be. ok is false if the rule
// is no such rule or get lacks a name on the right.
func (r *Rule) Solve(get func(name string) (int, bool)) (field string, value int, ok bool) {
	if !r.solvable() {
		return "", 0, false
	}
	value, ok = r.right.value(get)
	if !ok {
		return "", 0, false
	}
	return r.left.terms[0].name, value, true
}

// solvable reports whether the rule says what one of today's fields must be.
func (r *Rule) solvable() bool {
	if r.op != "==" || len(r.left.terms) != 1 || r.left.rest != 0 || r.left.terms[0].times != 1 {
		return false
	}
	field := r.left.terms[0].name
	return !strings.HasPrefix(field, Yesterday) &&
		!slices.ContainsFunc(r.right.terms, func(t term) bool { return t.name == field })
}

// Show returns the arithmetic for a receipt. A rule that Solve answers shows how the
// value comes about, 昨9+0−1=8; any other shows what is so, 4>3. With short, which may
// be nil, each number of today has its label: 昨9+新0−解1=8. "" if get lacks a name.
func (r *Rule) Show(get func(name string) (int, bool), short func(name string) string) string {
	left, ok := r.left.show(get, short)
	if !ok {
		return ""
	}
	right, ok := r.right.show(get, short)
	if !ok {
		return ""
	}
	if _, value, ok := r.Solve(get); ok {
		return right + "=" + strconv.Itoa(value)
	}
	l, _ := r.left.value(get)
	v, _ := r.right.value(get)
	sign := map[bool]map[string]string{
		true:  {"==": "=", "<=": "≤", ">=": "≥", "<": "<", ">": ">"},
		false: {"==": "≠", "<=": ">", ">=": "<", "<": "≥", ">": "≤"},
	}
	holds, _ := r.Eval(get)
	// A sum says its total, so that nobody must add up to see which side is larger.
	if len(r.left.terms) > 1 {
		left += "=" + strconv.Itoa(l)
	}
	if len(r.right.terms) > 1 {
		right += "=" + strconv.Itoa(v)
	}
	return left + sign[holds][r.op] + right
}

func (s sum) value(get func(string) (int, bool)) (int, bool) {
	total := s.rest
	for _, t := range s.terms {
		v, ok := get(t.name)
		if !ok {
			return 0, false
		}
		total += t.times * v
	}
	return total, true
}

func (s sum) show(get func(string) (int, bool), short func(string) string) (string, bool) {
	yesterdays := 0
	for _, t := range s.terms {
		if strings.HasPrefix(t.name, Yesterday) {
			yesterdays++
		}
	}
	var b strings.Builder
	for i, t := range s.terms {
		v, ok := get(t.name)
		if !ok {
			return "", false
		}
		times := t.times
		switch {
		case times < 0:
			b.WriteString("−")
			times = -times
		case i > 0:
			b.WriteString("+")
		}
		if times != 1 {
			fmt.Fprintf(&b, "%d×", times)
		}
		name, yesterday := strings.CutPrefix(t.name, Yesterday)
		if yesterday {
			b.WriteString("昨")
		}
		// One yesterday needs no label: people know which stock is carried.
		if short != nil && (!yesterday || yesterdays > 1) {
			b.WriteString(short(name))
		}
		b.WriteString(strconv.Itoa(v))
	}
	switch {
	case len(s.terms) == 0:
		b.WriteString(strconv.Itoa(s.rest))
	case s.rest > 0:
		fmt.Fprintf(&b, "+%d", s.rest)
	case s.rest < 0:
		fmt.Fprintf(&b, "−%d", -s.rest)
	}
	return b.String(), true
}
