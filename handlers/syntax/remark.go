package syntax

import "strings"

// Remarks in brackets, and brackets that are only decoration.

const (
	openBrackets  = "([{<【〔《「『"
	closeBrackets = ")]}>】〕》」』"
)

// bracket takes a remark in brackets. Brackets around a label, a label with its number, or
// the number of the label before are only decoration.
func (lx *lexer) bracket(open rune, w int) {
	from := lx.i + w
	to, cw := lx.closing(from)
	if cw == 0 {
		lx.emit(markToken, from)
		return
	}
	inner := strings.TrimSpace(lx.f[from:to])
	switch {
	case inner == "", lx.r.counts.longest(inner, 0) == len(inner), open == '[' && len(inner) <= 12 && !strings.ContainsAny(inner, "0123456789"):
		lx.emit(noiseToken, to+cw) // (人), [握手]
	case lx.decorated(inner), open == '【' && to+cw < len(lx.f) && lx.f[to+cw] != ' ' && lx.valueAt(to+cw):
		lx.emit(noiseToken, from)
	default:
		t := lx.emit(noteToken, to+cw)
		t.from, t.to = from, to
		if _, ok := Integer(inner); ok {
			t.kind = noiseToken // (1) as a list number
		}
	}
}

// closing finds the bracket that closes a remark starting at byte i: its place and width.
// A remark is at most maxRemark characters and on one line; width 0 means there is none.
func (lx *lexer) closing(i int) (at, width int) {
	for range maxRemark {
		r, w := runeAt(lx.f, i)
		switch {
		case w == 0 || r == '\n':
			return 0, 0
		case strings.ContainsRune(closeBrackets, r):
			return i, w
		}
		i += w
	}
	return 0, 0
}

const maxRemark = 120

// decorated reports whether a remark holds nothing but a label, labels with their numbers
// (其中重点1人，发热0), or the number of the label before.
func (lx *lexer) decorated(inner string) bool {
	labels := 0
	for j := skipInner(inner, 0); ; {
		if e, ok := lx.r.names.match(inner, j); ok && lx.r.labels[e.id].Kind == Int {
			labels++
			if j += len(e.text); j == len(inner) {
				return labels == 1
			}
			j += len(inner[j:]) - len(strings.TrimLeft(inner[j:], " :="))
		} else if labels > 0 || !lx.afterLabel() {
			return false
		}
		_, end, v := numberAt(inner, j)
		if v == noNumber {
			if end = j + zeroTable.longest(inner, j); end == j {
				return false
			}
		}
		end += lx.r.counts.longest(inner, end)
		if end == len(inner) || labels == 0 {
			return end == len(inner)
		}
		j = skipInner(inner, end)
	}
}

// skipInner passes marks and 其中 inside a remark.
func skipInner(inner string, i int) int {
	for i < len(inner) {
		r, w := runeAt(inner, i)
		if rest := strings.TrimPrefix(inner[i:], "其中"); len(rest) < len(inner[i:]) {
			w = len("其中")
		} else if !isMark(r) {
			break
		}
		i += w
	}
	return i
}
