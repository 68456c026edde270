package syntax

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Kinds of personal data a Screen finds, beside those about a name.
const (
	IDNumber = "身份证号"
	Mobile   = "手机号"
	BankCard = "银行卡号"
	Document = "证件号" // of a passport, a permit, a card, behind the word for it
)

// Finding is a piece of personal data in a text.
type Finding struct {
	Kind       string // IDNumber, Mobile, BankCard, Document, PersonIll or PersonNamed
	Start, End int    // byte offsets in the text as given, not normalised
}

// Screen finds personal data. Its zero value knows no place; safe for concurrent use.
type Screen struct{ known [][]rune }

// NewScreen makes a Screen that takes no name of these places, units and posts for a
// person's.
func NewScreen(places ...string) *Screen {
	s := &Screen{}
	for _, p := range places {
		if w := []rune(strings.Map(foldRune, p)); len(w) > 1 {
			s.known = append(s.known, w)
		}
	}
	return s
}

// PII finds what no message may hold, in its order and without overlaps: identity-card
// numbers (17 digits and a digit or X, whatever date they hold), mobile numbers (11 digits,
// 1[3-9]…) and bank cards (16, 17 or 19 digits of an issuer whose check digit is right), also
// in full-width, circled or Chinese digits (幺 too), with invisible characters inside, and cut
// up by spaces, dashes or dots, at their seams also by commas, strokes, brackets, emoji or the
// end of a line; other documents' numbers behind the word for the document; a person's name
// next to a health word or behind the label of a name. Digits that are part of a longer unbroken run are
// not: order numbers of 12 to 17 or 19 and more digits. Cut-up numbers must be cut the way
// people do it, so that rows of counts, house codes, dates and ranges stay free.
func (s *Screen) PII(text string) []Finding {
	var out []Finding
	if dense(text) {
		for _, c := range clusters(text, false) {
			out = append(out, c.findings(c.at)...)
		}
		for _, c := range clusters(text, true) { // the same cut up by what nobody puts inside a number
			out = append(out, c.findings(c.atApart)...)
		}
	}
	out = append(out, documents(text)...)
	out = append(out, s.ill(text)...)
	slices.SortStableFunc(out, func(a, b Finding) int { return a.Start - b.Start })
	end := 0
	return slices.DeleteFunc(out, func(f Finding) bool {
		if f.Start < end {
			return true
		}
		end = f.End
		return false
	})
}

// PII is Screen.PII of a Screen that knows no place.
func PII(text string) []Finding { return (&Screen{}).PII(text) }

// Clean is the text, normalised, without what PII finds and with single spaces: safe to
// suggest back. It never has findings of its own.
func (s *Screen) Clean(text string) string {
	for { // what is left can come to stand together: each round has fewer characters
		text = tidy(Normalise(s.without(text)))
		if len(s.PII(text)) == 0 {
			return text
		}
	}
}

// Clean is Screen.Clean of a Screen that knows no place.
func Clean(text string) string { return (&Screen{}).Clean(text) }

// without is text with a space in the place of each finding.
func (s *Screen) without(text string) string {
	var b strings.Builder
	last := 0
	for _, f := range s.PII(text) {
		b.WriteString(text[last:f.Start])
		b.WriteByte(' ')
		last = f.End
	}
	b.WriteString(text[last:])
	return b.String()
}

// tidy joins runs of blanks, line by line.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// dense reports whether text can hold eleven digits at all; most lines cannot.
func dense(text string) bool {
	n := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9', r >= 0x80 && isHan(r) && spokenDigit(r) >= 0:
			n++
		case r >= 0x80 && !isHan(r):
			n += 2 // ⑪ is two
		}
	}
	return n >= 11
}

// spokenDigit is the value of a Chinese digit as numbers are read out, or -1.
func spokenDigit(r rune) int {
	switch r = foldRune(r); r {
	case '幺', '么', '壹':
		return 1
	case '洞':
		return 0
	case '拐':
		return 7
	case '勾':
		return 9
	case '贰', '貳':
		return 2
	case '叁', '參':
		return 3
	case '肆':
		return 4
	case '伍':
		return 5
	case '陆', '陸':
		return 6
	case '柒':
		return 7
	case '捌':
		return 8
	case '玖':
		return 9
	}
	return hanDigit(r)
}

// group is an unbroken run of digits, possibly closed by the X of an identity number.
type group struct {
	digits     []byte // '0'..'9', or 'X' at the end
	start, end int
	plus       bool  // a + stood before it
	sep        class // what stood between it and the one before: between, or the oddest of it
}

// cluster is groups with only separators between them.
type cluster []group

// clusters cuts text into groups of digits and joins the ones that stand near: with only
// spaces, dashes or dots between them, apart also with what lists, brackets and emoji put there.
func clusters(text string, apart bool) []cluster {
	var out []cluster
	var cur cluster
	gap := 0 // separators since the last digit
	sep := between
	open := false
	last := rune(0)
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRuneInString(text[i:])
		digits, class := classify(r)
		if class == other && apart {
			class = parting(r)
		}
		switch {
		case class == inside:
		case class == digit:
			if !open {
				if gap > maxGap && len(cur) > 0 {
					out, cur = append(out, cur), nil
				}
				cur = append(cur, group{start: i, plus: last == '+' || last == '＋', sep: sep})
			}
			g := &cur[len(cur)-1]
			g.digits = append(g.digits, digits...)
			g.end = i + w
			open, gap, sep = true, 0, between
		case class == cross && len(cur) > 0 && gap <= maxGap && (closes(text[i+w:]) || open && len(cur[len(cur)-1].digits) == 17):
			// the X of an identity number, directly behind or behind a separator
			if !open {
				cur = append(cur, group{start: i, sep: sep})
			}
			g := &cur[len(cur)-1]
			g.digits = append(g.digits, 'X')
			g.end = i + w
			open, gap, sep = false, 0, between
		case class >= between:
			open, sep = false, max(sep, class)
			gap++
		default:
			open = false
			if len(cur) > 0 {
				out, cur = append(out, cur), nil
			}
			gap, sep = 0, between
		}
		if class != inside {
			last = r
		}
		i += w
	}
	if len(cur) > 0 {
		out = append(out, cur)
	}
	return out
}

// maxGap is how many separators may stand between two groups (" - ").
const maxGap = 3

// class says what a rune does to a run of digits.
type class uint8

const (
	other   class = iota
	digit         // is one
	cross         // X, as identity numbers end
	inside        // shows nothing: as if it were not there
	between       // space, dash, dot
	symbol        // brackets, stars, emoji
	listing       // what lists put between figures of their own: commas, strokes, ends of lines
)

// parting is what a rune that belongs to no number does between two runs of digits.
func parting(r rune) class {
	switch {
	case strings.ContainsRune(",，、;；/／|｜\n\r", r):
		return listing
	case strings.ContainsRune("()（）[]【】*＊~～#&'\"“”", r) || unicode.In(r, unicode.So, unicode.Sk):
		return symbol
	}
	return other
}

// classify reads one rune as NFKC would: ² and ② are digits.
func classify(r rune) (digits []byte, c class) {
	switch {
	case r >= '0' && r <= '9':
		return digitBytes[r-'0' : r-'0'+1], digit
	case r == 'x' || r == 'X' || r == 'х' || r == 'Х' || r == '×':
		return nil, cross
	case r == ' ' || r == '\t' || r == '-' || r == '.' || r == '_' || r == '·' || r == '•' || r == '。' || r == '−':
		return nil, between
	case r < 0x80:
		if r < ' ' && r != '\n' && r != '\r' && r != '\v' && r != '\f' {
			return nil, inside
		}
		return nil, other
	}
	if d := spokenDigit(r); d >= 0 {
		return digitBytes[d : d+1], digit
	}
	switch {
	case isHan(r):
		return nil, other
	case invisible(r):
		return nil, inside
	case unicode.In(r, unicode.Zs, unicode.Pd) || r == 0x2800:
		return nil, between
	}
	return classifyCompat(r)
}

var digitBytes = []byte("0123456789")

// classifyCompat reads runes that NFKC takes apart, and digits of other scripts.
func classifyCompat(r rune) (digits []byte, c class) {
	n := norm.NFKC.String(string(r))
	if n == string(r) {
		if unicode.Is(unicode.Nd, r) {
			if d := decimal(r); d >= 0 {
				return digitBytes[d : d+1], digit
			}
		}
		return nil, other
	}
	c = inside
	for _, q := range n {
		if q == r {
			return nil, other
		}
		d, k := classify(q)
		switch {
		case k == digit:
			digits = append(digits, d...)
			c = digit
		case k == other:
			return nil, other
		case c == inside:
			c = k
		}
	}
	return digits, c
}

// decimal is the value of a decimal digit of any script: each block of ten starts at zero.
func decimal(r rune) int {
	for d := range 10 {
		if !unicode.Is(unicode.Nd, r-rune(d)-1) {
			return d
		}
	}
	return int(r) % 10
}

// closes reports whether an X before rest ends a number: no letter or digit follows.
func closes(rest string) bool {
	for _, r := range rest {
		d, c := classify(r)
		if c == inside {
			continue
		}
		return len(d) == 0 && !isLatin(r) || isHan(r)
	}
	return true
}

// findings looks for identity numbers first; what they took is no mobile number.
func (c cluster) findings(at func(i int) (kind string, n int)) []Finding {
	var out []Finding
	for i := 0; i < len(c); i++ {
		if kind, n := at(i); n > 0 {
			f := Finding{Kind: kind, Start: c[i].start, End: c[i+n-1].end}
			out = append(out, f)
			i += n - 1
		}
	}
	return out
}

// at decides whether personal data begins at group i, and how many groups it takes.
func (c cluster) at(i int) (kind string, n int) {
	var buf [20]byte
	all := buf[:0]
	for j := i; j < len(c) && len(all)+len(c[j].digits) <= 18; j++ {
		all = append(all, c[j].digits...)
		if len(all) == 18 && isID(all) && c.idShape(i, j+1, all) {
			return IDNumber, j + 1 - i
		}
	}
	if n := c.bankCard(i); n > 0 {
		return BankCard, n
	}
	all = buf[:0]
	for j := i; j < len(c) && len(all)+len(c[j].digits) <= 15; j++ {
		all = append(all, c[j].digits...)
		if all[len(all)-1] == 'X' { // "13800138000 x" is no identity number
			all = all[:len(all)-1]
		}
		n := j + 1 - i
		switch {
		case len(all) == 11 && isMobile(all) && c.mobileShape(i, j+1):
			return Mobile, n
		case n == 1 && len(all) == 13 && all[0] == '8' && all[1] == '6' && isMobile(all[2:]),
			n == 1 && len(all) == 15 && string(all[:4]) == "0086" && isMobile(all[4:]):
			return Mobile, n
		}
	}
	return "", 0
}

// atApart is at for groups of which two at least are parted by more than spaces, dashes and
// dots. Figures in a row look like that too, so only the seams of a number count; a number
// that was broken at the end of a line may be broken anywhere.
func (c cluster) atApart(i int) (kind string, n int) {
	var all []byte
	odd := between
	cut := ""
	for j := i; j < len(c) && len(all)+len(c[j].digits) <= 18; j++ {
		if j > i {
			odd = max(odd, c[j].sep)
		}
		all = append(all, c[j].digits...)
		cut += " " + strconv.Itoa(len(c[j].digits))
		if odd == between {
			continue
		}
		single := odd == symbol && c.singles(i, j+1)
		switch n := j + 1 - i; len(all) {
		case 11:
			dated := cut == " 3 8" && string(all[3:5]) == "20" // 150，20200213
			if isMobile(all) && !dated && (single || slices.Contains(mobileCuts, cut)) {
				return Mobile, n
			}
		case 18:
			broken := n == 2 && odd == listing && min(len(c[i].digits), len(c[j].digits)) > 3
			if isID(all) && inProvince(all) && bornInYear(all) && (single || broken || slices.Contains(idCuts, cut)) {
				return IDNumber, n
			}
		}
	}
	return "", 0
}

// The seams at which numbers are cut.
var (
	mobileCuts = []string{" 3 4 4", " 3 8", " 7 4"}
	idCuts     = []string{" 6 8 4", " 6 12", " 14 4", " 6 4 4 4", " 6 4 2 2 4", " 17 1", " 6 8 3 1"}
)

func isMobile(d []byte) bool {
	return len(d) == 11 && d[0] == '1' && d[1] >= '3' && d[1] <= '9'
}

func isID(d []byte) bool {
	for _, b := range d[:17] {
		if b == 'X' {
			return false
		}
	}
	return d[0] != '0'
}

// provinces are the codes an identity number begins with.
const provinces = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 91"

// idShape reports whether groups i..j are cut as an identity number is: whole, at its
// natural seams, or with the year where it belongs.
func (c cluster) idShape(i, j int, all []byte) bool {
	if j == i+1 {
		return true
	}
	switch len(c[i].digits) {
	case 6, 14, 17:
		return inProvince(all)
	}
	return inProvince(all) && bornInYear(all) && c.even(i, j, 2)
}

func inProvince(id []byte) bool { return strings.Contains(provinces, string(id[:2])) }

func bornInYear(id []byte) bool {
	return id[6] == '1' && id[7] == '9' || id[6] == '2' && id[7] == '0'
}

// mobileShape reports whether groups i..j are cut as a mobile number is: in parts of three
// and more, digit by digit, or in pairs behind the first three.
func (c cluster) mobileShape(i, j int) bool {
	if j == i+1 || c.even(i, j, 3) {
		return !c.card(i, j)
	}
	if c.singles(i, j) {
		return (i == 0 || len(c[i-1].digits) > 1) && (j == len(c) || len(c[j].digits) > 1)
	}
	return len(c[i].digits) == 3 && c.even(i, j, 2)
}

// even reports whether every part is at least size long, or every part is a single digit.
// The X of an identity number may stand alone.
func (c cluster) even(i, j, size int) bool {
	for k := i; k < j; k++ {
		if len(c[k].digits) < size && !(k == j-1 && c[k].digits[0] == 'X') {
			return size == 2 && c.singles(i, j)
		}
	}
	return true
}

func (c cluster) singles(i, j int) bool {
	for k := i; k < j; k++ {
		if len(c[k].digits) != 1 {
			return false
		}
	}
	return true
}

// card reports whether groups i..j are the tail of a bank card written in fours.
func (c cluster) card(i, j int) bool {
	return j-i > 1 && i >= 2 && len(c[i].digits) == 4 && len(c[i-1].digits) == 4 && len(c[i-2].digits) == 4
}
