package syntax

import "strings"

type kind uint8

const (
	spaceToken kind = iota
	markToken       // comma, full stop, slash, pipe
	lineToken       // newline
	linkToken       // joins a label and its value
	noiseToken      // means nothing
	noteToken       // a remark in brackets
	labelToken      // an Int label
	textToken       // a Text label with its text
	valueToken      // a number or a word for none
	wordToken       // not understood
	otherToken      // a number-like thing that is no count
	sameToken       // as yesterday
	emptyToken      // nothing to report
	placeToken      // a unit's name
	fixToken        // what stands before it is not so: 新返3不对是2
)

type token struct {
	kind       kind
	start, end int
	id         int // label or unit

	n     int // valueToken
	sign  int8
	zero  bool // a word for none
	bad   bool // number-like, no count
	bound bool // belongs to the word before it

	sound     bool // labelToken: recognised by its sound only
	approx    bool // valueToken: called approximate; noiseToken: the word that says so
	day       bool // noiseToken: a written day
	total     bool // wordToken: a running total (累计)
	elsewhere bool // wordToken: a label that speaks of another day or of a total
	from, to  int  // textToken: the text; valueToken: the measure word behind
}

// lexer cuts folded text f into tokens; s is the same text as typed, with equal offsets.
type lexer struct {
	r    *Reader
	s, f string
	i    int
	word int // start of the run of not understood characters, or -1
	toks []token
}

func (lx *lexer) run() {
	lx.word = -1
	for lx.i < len(lx.f) {
		lx.step()
	}
	lx.flush()
}

// emit ends a pending word and adds a token over [i, end).
func (lx *lexer) emit(k kind, end int) *token {
	lx.flush()
	lx.toks = append(lx.toks, token{kind: k, start: lx.i, end: end})
	lx.i = end
	return &lx.toks[len(lx.toks)-1]
}

func (lx *lexer) flush() {
	if lx.word >= 0 {
		lx.toks = append(lx.toks, token{kind: wordToken, start: lx.word, end: lx.i})
		lx.word = -1
	}
}

// grow adds w bytes to the run of not understood characters.
func (lx *lexer) grow(w int) {
	if lx.word < 0 {
		lx.word = lx.i
	}
	lx.i += w
}

func (lx *lexer) step() {
	r, w := runeAt(lx.f, lx.i)
	switch {
	case r == '\n':
		lx.emit(lineToken, lx.i+w)
	case r == ' ':
		lx.emit(spaceToken, lx.i+w)
	case r == ':' || r == '=':
		lx.emit(linkToken, lx.i+w)
	case r == '/' || r == '|' || isMark(r):
		lx.emit(markToken, lx.i+w)
	case strings.ContainsRune(openBrackets, r):
		lx.bracket(r, w)
	case lx.product() || lx.place() || lx.label() || lx.phrase():
	case isDigit(lx.f[lx.i]):
		lx.flush()
		lx.number(0, lx.i)
	case (r == '+' || r == '-' || r == '−') && lx.signed(r, w):
	case isHanNumeral(r) && lx.numeral():
	case isLatin(r):
		lx.latin()
	case isHan(r):
		if !lx.heard() {
			lx.grow(w)
		}
	default:
		lx.emit(noiseToken, lx.i+w) // emoji, symbols, closing brackets
	}
}

// latin takes letters and what hangs on them as one word: W12, A座 is two.
func (lx *lexer) latin() {
	end := lx.i
	for end < len(lx.f) {
		r, w := runeAt(lx.f, end)
		if !isLatin(r) && !isDigit(lx.f[end]) && r != '-' && r != '_' {
			break
		}
		end += w
	}
	lx.grow(end - lx.i)
}

func (lx *lexer) place() bool {
	if len(lx.r.unitNames) == 0 {
		return false
	}
	id, n, ok := placeAt(lx.r.places, lx.f, lx.i)
	if ok {
		lx.emit(placeToken, lx.i+n).id = id
	}
	return ok
}

// label recognises the longest label here.
func (lx *lexer) label() bool {
	for _, e := range lx.r.names.at(lx.f, lx.i) {
		if !strings.HasPrefix(lx.f[lx.i:], e.text) {
			continue
		}
		end := lx.i + len(e.text)
		if lx.r.labels[e.id].Kind == Text {
			if lx.word >= 0 {
				continue
			}
			lx.text(e.id, end)
			return true
		}
		if e.runes == 1 && !lx.shortLabel(end) {
			continue
		}
		lx.emit(labelToken, end).id = e.id
		return true
	}
	return false
}

// product takes a product's name that begins with digits (84消毒液) as words, so that its
// digits are nobody's value.
func (lx *lexer) product() bool {
	if lx.word >= 0 || !isDigit(lx.f[lx.i]) {
		return false
	}
	n := productTable.longest(lx.f, lx.i)
	if n == 0 || lx.r.names.longest(lx.f, lx.i) >= n {
		return false
	}
	lx.grow(n)
	return true
}

// heard recognises a label by its sound where its number or a word for none follows, or a
// word for none touches it in front.
func (lx *lexer) heard() bool {
	id, end, ok := lx.r.sounds.at(lx.f, lx.i)
	if !ok {
		return false
	}
	if !lx.counted(end) && !lx.valueAt(end) {
		return false
	}
	t := lx.emit(labelToken, end)
	t.id, t.sound = id, true
	return true
}

// counted reports whether a word for none or a number with its measure word touches the
// word [lx.i, end) in front, and nothing more of the word follows: 没有结除, 6名接触.
func (lx *lexer) counted(end int) bool {
	k := len(lx.toks)
	if lx.word >= 0 || k == 0 {
		return false
	}
	t := lx.toks[k-1]
	if t.kind != valueToken || max(t.end, t.to) != lx.i || !t.zero && t.from == t.to {
		return false
	}
	r, _ := runeAt(lx.f, end)
	return !isHan(r) && !isLatin(r) && digitOf(r) < 0 || lx.r.names.longest(lx.f, end) > 0 || phraseTable.longest(lx.f, end) > 0
}

// valueAt reports whether a number or a word for none stands at byte i, behind nothing but
// marks and joining words.
func (lx *lexer) valueAt(i int) bool {
	for i < len(lx.f) {
		r, w := runeAt(lx.f, i)
		if isDigit(lx.f[i]) || isHanNumeral(r) || zeroTable.longest(lx.f, i) > 0 {
			return true
		}
		if e, ok := phraseTable.match(lx.f, i); ok && (phrase(e.id) == linkPhrase || phrase(e.id) == approxPhrase) {
			w = len(e.text)
		} else if r == '\n' || !isMark(r) && !strings.ContainsRune("=+-−"+closeBrackets, r) {
			return false
		}
		i += w
	}
	return false
}

// shortLabel decides whether a label of one character (解) stands for itself: it begins a
// word, and its number or word for none stands beside it (解2, 解：无, 没有解, 4人解).
func (lx *lexer) shortLabel(end int) bool {
	if lx.word >= 0 {
		return false
	}
	if k := len(lx.toks); k > 0 {
		t := lx.toks[k-1]
		switch lx.f[t.start:t.end] {
		case "了", "的", "是": // 了解
			return false
		}
	}
	return lx.counted(end) || lx.valueAt(end)
}

// text takes a Text label and the rest of its line, or what stands before the next Text
// label on it. After a "none" (没有困难; 困难无，在隔8) the line goes on.
func (lx *lexer) text(id, from int) {
	if k := len(lx.toks); k > 0 && lx.toks[k-1].zero && lx.toks[k-1].end == lx.i && !lx.negated(k-1) {
		t := lx.emit(textToken, from)
		t.id, t.from, t.to = id, from, from
		return
	}
	if zero, end := lx.noneAt(from); end > 0 {
		t := lx.emit(textToken, end)
		t.id, t.from, t.to = id, zero, end
		return
	}
	to := len(lx.f)
	if n := strings.IndexByte(lx.f[from:], '\n'); n >= 0 {
		to = from + n
	}
	for j := from; j < to; {
		r, w := runeAt(lx.f, j)
		j += w
		if !isMark(r) {
			continue
		}
		if e, ok := lx.r.names.match(lx.f[:to], j); ok && lx.r.labels[e.id].Kind == Text && e.id != id {
			to = j
			break
		}
	}
	t := lx.emit(textToken, to)
	t.id = id
	t.from, t.to = trimText(lx.f, from, to)
}

// negated reports whether the word for none at token k belongs to the label before it.
func (lx *lexer) negated(k int) bool {
	return k > 0 && lx.toks[k-1].kind == labelToken
}

// noneAt finds a word for none that is all a Text label says, because a mark and an Int
// label follow: its start and end, or zeros.
func (lx *lexer) noneAt(i int) (start, end int) {
	i += len(lx.f[i:]) - len(strings.TrimLeft(lx.f[i:], " :="))
	n := zeroTable.longest(lx.f, i)
	if n == 0 {
		return 0, 0
	}
	rest := strings.TrimLeftFunc(lx.f[i+n:], isMark)
	if len(rest) == len(lx.f[i+n:]) {
		return 0, 0
	}
	if e, ok := lx.r.names.match(rest, 0); !ok || lx.r.labels[e.id].Kind != Int {
		return 0, 0
	}
	return i, i + n
}

// trimText narrows [from, to) to the words themselves: no separators, no closing courtesy.
func trimText(f string, from, to int) (int, int) {
	edge := func(r rune) bool { return isMark(r) || r == '=' || r == '|' }
	for {
		t := strings.TrimLeftFunc(f[from:to], edge)
		from = to - len(t)
		t = strings.TrimRightFunc(t, func(r rune) bool { return r == '\n' || edge(r) && r != '?' && r != '!' && r != '。' })
		to = from + len(t)
		cut := 0
		for _, c := range []string{"谢谢", "谢谢了", "辛苦了", "[握手]", "[抱拳]", "[玫瑰]", "[强]"} {
			if strings.HasSuffix(t, c) {
				cut = max(cut, len(c))
			}
		}
		if cut == 0 {
			return from, to
		}
		to -= cut
	}
}

// phrase recognises the longest everyday word here.
func (lx *lexer) phrase() bool {
	for _, e := range phraseTable.at(lx.f, lx.i) {
		if !strings.HasPrefix(lx.f[lx.i:], e.text) || lx.cutsLabel(e) {
			continue
		}
		p := phrase(e.id)
		if lx.word >= 0 && (e.runes < 2 || p != emptyStrong && p != fixPhrase && p != samePhrase && (p != noisePhrase || isLatin(rune(e.text[0])))) {
			continue
		}
		if lx.take(p, lx.i+len(e.text)) {
			return true
		}
	}
	return false
}

// take emits the phrase that ends at end, unless it means something else here.
func (lx *lexer) take(p phrase, end int) bool {
	switch p {
	case zeroPhrase:
		if lx.plainAt(end) { // 无锡, 没有测: the word goes on
			lx.grow(end - lx.i)
			return true
		}
		lx.zero(end)
	case emptyPhrase, emptyStrong:
		if k := len(lx.toks); lx.word < 0 && k > 0 && lx.toks[k-1].kind == labelToken {
			lx.zero(end) // 发热都没有
			return true
		}
		lx.emit(emptyToken, end)
	case samePhrase:
		lx.emit(sameToken, end)
	case linkPhrase:
		lx.emit(linkToken, end)
	case noisePhrase:
		lx.emit(noiseToken, end)
	case approxPhrase:
		lx.emit(noiseToken, end).approx = true
	case plusPhrase, minusPhrase:
		return lx.change(p, end)
	case fixPhrase:
		if !lx.corrects(end) {
			return false // 刚才打错了: nothing follows that it could be about
		}
		lx.emit(fixToken, end)
	}
	return true
}

// corrects reports whether what stands at byte i says what is so: a number, or a label.
func (lx *lexer) corrects(i int) bool {
	if lx.valueAt(i) {
		return true
	}
	i += len(lx.f[i:]) - len(strings.TrimLeftFunc(lx.f[i:], isMark))
	if e, ok := phraseTable.match(lx.f, i); ok && phrase(e.id) == fixPhrase { // 错了，应该是2
		return lx.corrects(i + len(e.text))
	}
	return lx.r.names.longest(lx.f, i) > 0
}

// zero emits a word for none and the measure word behind it.
func (lx *lexer) zero(end int) {
	t := lx.emit(valueToken, end)
	t.zero, t.from, t.to = true, end, end
	if n := lx.r.counts.longest(lx.f, end); n > 0 && !lx.plainAt(end+n) {
		t.to = end + n
		lx.i = t.to
	}
}

// cutsLabel reports whether a label begins inside phrase e and runs on behind it: the 没有
// 新增 of 没有新增返沪.
func (lx *lexer) cutsLabel(e entry) bool {
	end := lx.i + len(e.text)
	for j := range e.text {
		if j > 0 {
			if n := lx.r.names.longest(lx.f, lx.i+j); lx.i+j+n > end {
				return true
			}
		}
	}
	return false
}

// plainAt reports whether byte i begins a word that nothing here knows.
func (lx *lexer) plainAt(i int) bool {
	r, w := runeAt(lx.f, i)
	switch {
	case w == 0 || !isHan(r) && !isLatin(r):
		return false
	case lx.r.names.longest(lx.f, i) > 0, phraseTable.longest(lx.f, i) > 0, lx.r.counts.longest(lx.f, i) > 0:
		return false
	case isHanNumeral(r):
		return false
	}
	if _, _, sounds := lx.r.sounds.at(lx.f, i); sounds {
		return false
	}
	_, _, place := placeAt(lx.r.places, lx.f, i)
	return !place
}

// afterLabel reports whether only separators and fillers stand between here and a label.
func (lx *lexer) afterLabel() bool {
	for k := len(lx.toks) - 1; k >= 0 && lx.word < 0; k-- {
		switch lx.toks[k].kind {
		case labelToken:
			return true
		case spaceToken, markToken, linkToken, noiseToken, noteToken:
		default:
			return false
		}
	}
	return false
}
