package config

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Limits that keep every sum far inside an int.
const (
	maxLiteral = 1_000_000
	maxTerms   = 32
)

// ParseRule reads a rule. Its error is a *RuleError with the column of the mistake.
func ParseRule(src string) (*Rule, error) {
	p := &ruleParser{toks: lex(src)}
	r := &Rule{src: src}
	var err *RuleError
	if r.left, err = p.sum(); err != nil {
		return nil, err
	}
	op := p.next()
	if !op.compares() {
		if op.kind == tokEnd {
			return nil, op.err("规则里没有比较号", "写成 在隔 == 昨日在隔 + 新隔 - 解除 这样")
		}
		return nil, op.err("看不懂“"+op.text+"”", "两个数之间写 + 或 -，左右之间写 ==、<= 或 >=")
	}
	r.op = op.text
	if r.right, err = p.sum(); err != nil {
		return nil, err
	}
	if end := p.next(); end.kind != tokEnd {
		if end.compares() {
			return nil, end.err("一条规则只能有一个比较号", "拆成两条规则")
		}
		return nil, end.err("看不懂“"+end.text+"”", "两个数之间写 + 或 -")
	}
	if len(r.left.terms)+len(r.right.terms) == 0 {
		return nil, &RuleError{Col: 1, What: "规则里没有字段", Mend: "至少写一个字段名"}
	}
	return r, nil
}

type tokKind int

const (
	tokEnd tokKind = iota
	tokName
	tokNumber
	tokSign // one of signs' values
	tokOther
)

type token struct {
	kind tokKind
	text string
	col  int
}

func (t token) err(what, mend string) *RuleError {
	return &RuleError{Col: t.col, What: what, Mend: mend}
}

func (t token) is(sign string) bool { return t.kind == tokSign && t.text == sign }

func (t token) compares() bool {
	return t.kind == tokSign && slices.Contains([]string{"==", "<=", ">=", "<", ">"}, t.text)
}

// signs maps each way of writing an operator to the one we use; longer ones first.
var signs = []struct{ written, text string }{
	{"==", "=="}, {"＝＝", "=="}, {"<=", "<="}, {">=", ">="}, {"=<", "<="}, {"=>", ">="},
	{"＜＝", "<="}, {"＞＝", ">="}, {"＜=", "<="}, {"＞=", ">="}, {"<＝", "<="}, {">＝", ">="},
	{"=", "=="}, {"＝", "=="}, {"≤", "<="}, {"≦", "<="}, {"≥", ">="}, {"≧", ">="},
	{"<", "<"}, {"＜", "<"}, {">", ">"}, {"＞", ">"},
	{"+", "+"}, {"＋", "+"}, {"-", "-"}, {"－", "-"}, {"−", "-"}, {"–", "-"},
	{"*", "×"}, {"＊", "×"}, {"×", "×"}, {"/", "/"}, {"／", "/"},
}

// lex cuts a rule into tokens; the last one is tokEnd.
func lex(src string) []token {
	rs := []rune(src)
	var toks []token
next:
	for i := 0; i < len(rs); {
		col := i + 1
		if unicode.IsSpace(rs[i]) {
			i++
			continue
		}
		for _, s := range signs {
			if w := []rune(s.written); len(rs)-i >= len(w) && slices.Equal(rs[i:i+len(w)], w) {
				toks = append(toks, token{tokSign, s.text, col})
				i += len(w)
				continue next
			}
		}
		from := i
		for i < len(rs) && digit(rs[i]) >= 0 {
			i++
		}
		if i > from && (i == len(rs) || !unicode.IsLetter(rs[i])) {
			var b strings.Builder
			for _, r := range rs[from:i] {
				b.WriteByte('0' + byte(digit(r)))
			}
			toks = append(toks, token{tokNumber, b.String(), col})
			continue
		}
		for i < len(rs) && (unicode.IsLetter(rs[i]) || unicode.IsDigit(rs[i]) || rs[i] == '_' || i > from && rs[i] == '.') {
			i++
		}
		if i > from {
			toks = append(toks, token{tokName, string(rs[from:i]), col})
			continue
		}
		toks = append(toks, token{tokOther, string(rs[i]), col})
		i++
	}
	return append(toks, token{tokEnd, "", len(rs) + 1})
}

// digit returns the value of a half- or full-width digit, or -1.
func digit(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r >= '０' && r <= '９':
		return int(r - '０')
	}
	return -1
}

type ruleParser struct {
	toks []token
}

func (p *ruleParser) peek() token { return p.toks[0] }

func (p *ruleParser) next() token {
	t := p.toks[0]
	if t.kind != tokEnd {
		p.toks = p.toks[1:]
	}
	return t
}

// sum reads terms joined by + and -; a sign may stand in front of the first.
func (p *ruleParser) sum() (sum, *RuleError) {
	var s sum
	for n := 0; ; n++ {
		times := 1
		switch t := p.peek(); {
		case t.is("+"):
			p.next()
		case t.is("-"):
			p.next()
			times = -1
		case n > 0:
			return s, nil
		}
		if n == maxTerms {
			return sum{}, p.peek().err("规则太长", "一边最多三十二项")
		}
		t, number, err := p.term()
		if err != nil {
			return sum{}, err
		}
		if t.name == "" {
			s.rest += times * number
			continue
		}
		t.times *= times
		s.terms = append(s.terms, t)
	}
}

// term reads a name, a number, name×number or number×name. Without a name it returns
// the number.
func (p *ruleParser) term() (term, int, *RuleError) {
	first, second := p.next(), token{}
	if p.peek().is("×") && (first.kind == tokName || first.kind == tokNumber) {
		times := p.next()
		second = p.next()
		if first.kind == second.kind {
			return term{}, 0, times.err("只能用数字乘字段", "例如 2×新返")
		}
	}
	t, number := term{times: 1}, 1
	for _, tok := range []token{first, second} {
		switch tok.kind {
		case tokName:
			t.name, t.col = tok.text, tok.col
		case tokNumber:
			n, err := strconv.Atoi(tok.text)
			if err != nil || n > maxLiteral {
				return term{}, 0, tok.err("数字“"+tok.text+"”太大", "最大一百万")
			}
			number = n
		case tokEnd:
			if tok.col == 0 { // there was no second
				continue
			}
			return term{}, 0, tok.err("规则没有写完", "后面还要一个字段名或数字")
		default:
			return term{}, 0, tok.err("看不懂“"+tok.text+"”", "这里要写字段名或数字")
		}
	}
	if t.name != "" {
		if number == 0 {
			return term{}, 0, first.err("乘以0没有意义", "去掉这一项")
		}
		t.times = number
	}
	return t, number, nil
}
