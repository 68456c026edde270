package config

import (
	"slices"
	"strings"
)

// Expr is what a derived field is worth: a sum over numbers, or one sum divided by another,
// such as
//
//	应排 - 已排
//	已排 / 应排
//	排摸.外出 + 排摸.租客
//
// A name with a point is a field of another form, added up over all that belongs to the
// unit. The sign / divides everything left of it by everything right of it.
type Expr struct {
	src         string
	over, under sum
	ratio       bool
}

// ParseExpr reads an expression. Its error is a *RuleError with the column of the mistake.
func ParseExpr(src string) (*Expr, error) {
	p := &ruleParser{toks: lex(src)}
	e := &Expr{src: src}
	var err *RuleError
	if e.over, err = p.sum(); err != nil {
		return nil, err
	}
	if e.ratio = p.peek().is("/"); e.ratio {
		p.next()
		if e.under, err = p.sum(); err != nil {
			return nil, err
		}
	}
	if end := p.next(); end.kind != tokEnd {
		if end.compares() {
			return nil, end.err("这里是算式，不能有比较号", "要核对就写在 checks 里")
		}
		return nil, end.err("看不懂“"+end.text+"”", "两个数之间写 +、- 或一个 /")
	}
	if len(e.over.terms)+len(e.under.terms) == 0 {
		return nil, &RuleError{Col: 1, What: "算式里没有字段", Mend: "至少写一个字段名"}
	}
	return e, nil
}

// String returns the expression as written.
func (e *Expr) String() string { return e.src }

// Names returns the names the expression needs, each once, in order.
func (e *Expr) Names() []string {
	var names []string
	for _, t := range e.terms() {
		if !slices.Contains(names, t.name) {
			names = append(names, t.name)
		}
	}
	return names
}

func (e *Expr) terms() []term { return slices.Concat(e.over.terms, e.under.terms) }

// Value computes the expression; a ratio is multiplied by factor and rounded. ok is false
// if get lacks one of the names, or if it would divide by nothing.
func (e *Expr) Value(factor int, get func(name string) (int, bool)) (n int, ok bool) {
	over, ok := e.over.value(get)
	if !ok || !e.ratio {
		return over, ok
	}
	under, ok := e.under.value(get)
	if !ok || under <= 0 {
		return 0, false
	}
	half := under / 2
	if over < 0 {
		half = -half
	}
	return (over*factor + half) / under, true
}

// Fraction returns the two names of an expression that is one number divided by another.
func (e *Expr) Fraction() (over, under string, ok bool) {
	if !e.ratio || len(e.over.terms) != 1 || len(e.under.terms) != 1 {
		return "", "", false
	}
	a, b := e.over.terms[0], e.under.terms[0]
	return a.name, b.name, a.times == 1 && b.times == 1 && e.over.rest == 0 && e.under.rest == 0
}

// Show returns the arithmetic for a receipt: 110−86. "" if get lacks a name.
func (e *Expr) Show(get func(name string) (int, bool)) string {
	s, ok := e.over.show(get, nil)
	if !ok || !e.ratio {
		return s
	}
	under, ok := e.under.show(get, nil)
	if !ok {
		return ""
	}
	return s + "/" + under
}

// Elsewhere splits a name with a point, 排摸.外出, into the form and the field. ok is false
// for a name of the form's own.
func Elsewhere(name string) (form, field string, ok bool) { return strings.Cut(name, ".") }
