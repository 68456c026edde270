package syntax

import "strings"

// number reads the number at byte i (the sign, if any, begins at lx.i) with all that hangs
// on it, and emits a value, or something that is no count.
func (lx *lexer) number(sign int8, i int) {
	after := lx.afterLabel()
	if sign == 0 && !after {
		if end := momentAt(lx.f, i); end > i && !lx.address(i, end) || lx.listNumber(i, &end) {
			lx.emit(noiseToken, end).day = momentParts(lx.f, i).day > 0
			return
		}
	}
	n, end, v := numberAt(lx.f, i)
	if e := lx.compound(end); e > end {
		lx.notCount(after, e)
		return
	}
	t := lx.emit(valueToken, end)
	t.n, t.sign, t.bad = n, sign, v != good
	t.from, t.to = end, end
	lx.approximate(t, end)
	j := lx.i
	if r, _ := runeAt(lx.f, j); r == ' ' {
		j++
	}
	if w := lx.r.counts.longest(lx.f, j); w > 0 && lx.r.names.longest(lx.f, j) <= w && (j == lx.i || !lx.plainAt(j+w)) {
		t.from, t.to = j, j+w
		lx.i = j + w
		lx.approximate(t, lx.i)
	}
	if t.from == t.to {
		lx.foreignMeasure(t)
	}
	if t.bad {
		t.end = lx.i // what is shown to the person is all of it
		t.from, t.to = t.end, t.end
	}
}

// foreignMeasure takes the number's certainty away when a word that nothing here knows touches
// it: 2对夫妻 are four people, 口罩3箱 no three pieces, and 1l was to be 11.
func (lx *lexer) foreignMeasure(t *token) {
	end := lx.i
	if r, _ := runeAt(lx.f, end); r == ' ' { // 口罩3 箱
		if n := measureTable.longest(lx.f, end+1); n > lx.r.names.longest(lx.f, end+1) && !lx.plainAt(end+1+n) {
			t.bad, lx.i = true, end+1+n
		}
		return
	}
	for runes := 0; runes < maxQuoted && (lx.plainAt(end) || end > lx.i && end < len(lx.f) && isDigit(lx.f[end])); runes++ {
		_, w := runeAt(lx.f, end)
		end += w
	}
	t.bad = t.bad || end > lx.i
	lx.i = end
}

// maxQuoted is how many characters behind a number are shown back with it.
const maxQuoted = 6

// approximate looks for a word at byte i, or one before the number, that takes the number's
// certainty away.
func (lx *lexer) approximate(t *token, i int) {
	for k := len(lx.toks) - 2; k >= 0; k-- {
		if b := lx.toks[k]; b.kind != spaceToken && b.kind != linkToken {
			t.approx = t.approx || b.approx
			break
		}
	}
	e, ok := approxTable.match(lx.f, i)
	if !ok || strings.HasPrefix(lx.f[i:], "多了") {
		return
	}
	lx.i = i + len(e.text)
	if e.id == aboutSo {
		t.approx = true
		return
	}
	t.bad = true
}

// address reports whether the "12号" at [i, end) is no day but a house: a word touches it.
func (lx *lexer) address(i, end int) bool {
	k := len(lx.toks)
	return k > 0 && lx.toks[k-1].kind == wordToken && lx.toks[k-1].end == i &&
		strings.HasSuffix(lx.f[i:end], "号") && !strings.Contains(lx.f[i:end], "月")
}

// notCount emits a number-like thing up to end: behind a label as its bad value.
func (lx *lexer) notCount(after bool, end int) {
	if !after {
		lx.emit(otherToken, end)
		return
	}
	t := lx.emit(valueToken, end)
	t.bad, t.from, t.to = true, end, end
}

// compound is the end of an address, range, size or sum whose first number ends at end:
// 6-1203, 412-497, 86/110, 9+0-1=8, 7号楼102, 14天, 96%. It is end for a plain number.
func (lx *lexer) compound(end int) int {
	joined := func(j int) int {
		r, w := runeAt(lx.f, j)
		if w > 0 && strings.ContainsRune("-−~/*+:=×_^", r) {
			if next, _ := runeAt(lx.f, j+w); digitOf(next) >= 0 {
				return j + w
			}
		}
		if r > 0x7f && !isHan(r) && !isMark(r) && !isLatin(r) && !strings.ContainsRune(openBrackets+closeBrackets, r) {
			if next, _ := runeAt(lx.f, j+w); digitOf(next) >= 0 { // 1😷2
				return j + w
			}
		}
		if w > 0 && strings.ContainsRune(notCounts, r) && lx.r.names.longest(lx.f, j) == 0 && lx.r.counts.longest(lx.f, j) == 0 && phraseTable.longest(lx.f, j) <= w {
			return j + w
		}
		return 0
	}
	for {
		j := joined(end)
		if j == 0 {
			return end
		}
		end = j
		for {
			_, e, v := numberAt(lx.f, end)
			if v == noNumber || e == end {
				break
			}
			end = e
		}
	}
}

// listNumber recognises "1." and "2、" in front of an item.
func (lx *lexer) listNumber(i int, end *int) bool {
	val, e, _ := digitsAt(lx.f, i)
	r, w := runeAt(lx.f, e)
	if w == 0 || val > 30 || !strings.ContainsRune(".、)", r) {
		return false
	}
	next, _ := runeAt(lx.f, e+w)
	if digitOf(next) >= 0 && r == '.' || next == 0 {
		return false
	}
	start := lx.lineStart()
	j := e + w
	for j < len(lx.f) && lx.f[j] == ' ' {
		j++
	}
	if !start && r != ')' { // "11、未联系" may be a value; the label's own number decides
		n := lx.r.names.longest(lx.f, j)
		if _, heard, ok := lx.r.sounds.at(lx.f, j); ok && n == 0 {
			n = heard - j
		}
		if n == 0 || !lx.valueAt(j+n) || lx.behindWord() {
			return false
		}
	}
	*end = e + w
	return true
}

// lineStart reports whether nothing but a committee's name and courtesy stands before on
// this line.
func (lx *lexer) lineStart() bool {
	for k := len(lx.toks) - 1; k >= 0 && lx.word < 0; k-- {
		switch lx.toks[k].kind {
		case lineToken:
			return true
		case spaceToken, noiseToken, placeToken:
		case markToken:
			if k != 1 { // 大家好，1、
				return false
			}
		default:
			return false
		}
	}
	return lx.word < 0
}

// behindWord reports whether what stands directly before is a word not understood.
func (lx *lexer) behindWord() bool {
	for k := len(lx.toks) - 1; k >= 0 && lx.word < 0; k-- {
		if lx.toks[k].kind != spaceToken {
			return lx.toks[k].kind == wordToken
		}
	}
	return lx.word >= 0
}

// signed reads +2 or -1; a sign with no number directly behind is no token of its own.
func (lx *lexer) signed(r rune, w int) bool {
	if _, _, v := numberAt(lx.f, lx.i+w); v == noNumber {
		return r != '+' && lx.looseMinus(w)
	}
	lx.flush()
	sign := int8(1)
	if r != '+' {
		sign = -1
	}
	lx.number(sign, lx.i+w)
	return true
}

// looseMinus takes "在隔 - 1": a dash or a minus? It is handed back as a bad number.
func (lx *lexer) looseMinus(w int) bool {
	j := lx.i + w
	for j < len(lx.f) && lx.f[j] == ' ' {
		j++
	}
	_, end, v := numberAt(lx.f, j)
	if v == noNumber || !lx.afterLabel() {
		return false
	}
	lx.notCount(true, end)
	return true
}

// change reads 加2, 减少了1 behind a label; 增加到12 names the new number itself.
func (lx *lexer) change(p phrase, end int) bool {
	if lx.word >= 0 || !lx.afterLabel() {
		return false
	}
	if strings.HasPrefix(lx.f[end:], "了") {
		end += len("了")
	}
	sign := int8(1)
	if p == minusPhrase {
		sign = -1
	}
	absolute := false
	for _, to := range []string{"到", "至", "为"} {
		if strings.HasPrefix(lx.f[end:], to) {
			end += len(to)
			absolute = true
			break
		}
	}
	if _, _, v := numberAt(lx.f, end); v == noNumber {
		return false
	}
	if absolute {
		lx.emit(linkToken, end)
		lx.number(0, lx.i)
		return true
	}
	lx.number(sign, end)
	return true
}

// labelAt reports whether a label, or what sounds like one, stands at byte i.
func (lx *lexer) labelAt(i int) bool {
	if lx.r.names.longest(lx.f, i) > 0 {
		return true
	}
	_, end, ok := lx.r.sounds.at(lx.f, i)
	return ok && lx.valueAt(end)
}

// numeral reads Chinese numerals where they are a number and not part of a word: a measure
// word, a label, a separator or the end must follow (十二 but not 一起, 三角地, 万一).
func (lx *lexer) numeral() bool {
	_, end, v := hanAt(lx.f, lx.i)
	if v == noNumber {
		return false
	}
	count := lx.r.counts.longest(lx.f, end) > 0
	if lx.word >= 0 && !count {
		return false
	}
	if !count {
		r, w := runeAt(lx.f, end)
		switch {
		case w == 0 || !isHan(r) && !isLatin(r):
		case lx.labelAt(end), zeroTable.longest(lx.f, end) > 0, approxTable.longest(lx.f, end) > 0:
		case strings.ContainsRune(notCounts, r):
		default:
			e, ok := phraseTable.match(lx.f, end)
			if p := phrase(e.id); !ok || p == linkPhrase || p == plusPhrase || p == minusPhrase {
				return false
			}
		}
	}
	lx.flush()
	lx.number(0, lx.i)
	return true
}
