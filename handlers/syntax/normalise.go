package syntax

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalise brings typed text into the one shape everything else here reads: Unicode NFKC
// (full-width digits, letters and marks become plain ones), line ends as "\n", every other
// kind of space (U+2005 after a mention, NBSP, U+3000, tab) as " ", without zero-width
// characters, variation selectors, combining marks and control characters, and trimmed.
// Circled and bracketed numbers (①, ⑴, ⒈) are list numbers: " 1、". Newlines inside the text stay. Invalid UTF-8 is dropped. It is idempotent.
//
// Traditional characters stay as typed; matching folds them (see fold).
func Normalise(raw string) string {
	if plain(raw) {
		return strings.Trim(raw, " \n")
	}
	if s, ok := narrow(raw); ok {
		return strings.Trim(s, " \n")
	}
	return strings.Trim(compose(raw), " \n")
}

// compose is Normalise for any text, untrimmed.
func compose(raw string) string {
	s := strings.ReplaceAll(raw, "\r\n", "\n")
	s = strings.Map(dropInvisible, strings.ToValidUTF8(s, ""))
	s = norm.NFKC.String(listNumbers(s))
	// Compatibility forms can decompose into a space and a combining mark ("¨").
	s = strings.Map(dropInvisible, s)
	if !norm.NFKC.IsNormalString(s) {
		s = norm.NFKC.String(s)
	}
	return s
}

// narrow is compose for text that a Chinese keyboard writes: plain characters, full-width
// digits, letters and marks, the full-width space and the one behind a mention. For anything
// else it gives up.
func narrow(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r >= ' ' && r < 0x7f, r == '\n', r >= 0x4e00 && r <= 0x9fa5, r == '。', r == '、':
			b.WriteRune(r)
		case r >= '！' && r <= '～':
			b.WriteByte(byte(r - '！' + '!'))
		case r == 0x3000, r == 0x2005, r == 0xa0:
			b.WriteByte(' ')
		default:
			return "", false
		}
	}
	return b.String(), true
}

// plain reports whether s is made of nothing but printable ASCII, newlines and common Han
// characters, which Normalise leaves as they are.
func plain(s string) bool {
	for _, r := range s {
		switch {
		case r >= ' ' && r < 0x7f, r == '\n', r >= 0x4e00 && r <= 0x9fa5, r == '。', r == '、':
		default:
			return false
		}
	}
	return true
}

// dropInvisible maps one rune for Normalise: -1 drops it.
func dropInvisible(r rune) rune {
	switch {
	case r >= ' ' && r < 0x7f:
		return r
	case r == '\n', r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
		return '\n'
	case r == '\t':
		return ' '
	case r < 0x80:
		return -1
	case r >= 0x4e00 && r <= 0x9fff:
		return r
	case invisible(r):
		return -1
	case unicode.Is(unicode.Zs, r), r == 0x2800:
		return ' '
	}
	return r
}

// listNumbers spells ① as " 1、", so that "①新返3②重点1" does not become 新返32.
func listNumbers(s string) string {
	var b strings.Builder
	last := 0
	for i, r := range s {
		n := listNumber(r)
		if n == 0 {
			continue
		}
		b.WriteString(s[last:i])
		b.WriteString(" " + strconv.Itoa(n) + "、")
		last = i + utf8.RuneLen(r)
	}
	if last == 0 {
		return s
	}
	b.WriteString(s[last:])
	return b.String()
}

// listNumber is the value of a circled, bracketed or dotted number, or 0.
func listNumber(r rune) int {
	switch {
	case r >= '①' && r <= '⑳':
		return int(r-'①') + 1
	case r >= '⑴' && r <= '⒇':
		return int(r-'⑴') + 1
	case r >= '⒈' && r <= '⒛':
		return int(r-'⒈') + 1
	case r >= '❶' && r <= '❿':
		return int(r-'❶') + 1
	case r >= '㈠' && r <= '㈩':
		return int(r-'㈠') + 1
	case r >= '㊀' && r <= '㊉':
		return int(r-'㊀') + 1
	}
	return 0
}

// invisible reports whether r shows nothing by itself: format and control characters,
// combining marks, variation selectors, keycap frames, fillers, private use.
func invisible(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, utf8.RuneError:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Mn, unicode.Me, unicode.Co, unicode.Cs)
}

// traditional pairs characters used in labels, commands and everyday reports with their
// simplified form. Both sides are three bytes long, so folding keeps every offset.
const traditional = "報报離离發发熱热聯联繫系係系難难點点東东車车門门關关區区們们個个數数無无沒没兩两倆俩" +
	"萬万衛卫測测溫温癥症來来還还務务員员號号樓楼間间問问題题處处見见辦办後后過过進进總总計计組组" +
	"隊队單单開开對对錯错確确認认謝谢領领導导長长園园灣湾鎮镇華华興兴滬沪減减負负請请時时備备類类" +
	"氣气積积颱台風风轉转險险災灾從从會会給给邊边裡里裏里這这樣样餘余舊旧變变異异狀状況况歲岁週周戶户" +
	"燒烧滿满補补顧顾證证廢废復复業业棟栋護护養养檢检聽听說说話话電电幾几為为爲为與与將将內内鎖锁醫医藥药學学習习運运動动場场廠厂廟庙樹树壞坏壓压緊紧張张終终傷伤條条連连絡络訊讯誰谁買买賣卖貨货質质資资產产陽阳陰阴診诊隱隐"

var simplified = func() map[rune]rune {
	m := make(map[rune]rune)
	rs := []rune(traditional)
	for i := 0; i+1 < len(rs); i += 2 {
		m[rs[i]] = rs[i+1]
	}
	return m
}()

func foldRune(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	if r < 0x10000 && isTraditional[r/64]&(1<<(r%64)) == 0 {
		return r
	}
	if s, ok := simplified[r]; ok {
		return s
	}
	return r
}

// traditional has a bit for each character that simplified knows: most are none.
var isTraditional = func() (bits [0x10000 / 64]uint64) {
	for r := range simplified {
		if r < 0x10000 {
			bits[r/64] |= 1 << (r % 64)
		}
	}
	return bits
}()

// fold is the form in which names are compared: ASCII in lower case, traditional
// characters simplified. It keeps every byte offset and never changes stored text.
func fold(s string) string {
	for _, r := range s {
		if foldRune(r) != r {
			return strings.Map(foldRune, s)
		}
	}
	return s
}

// isHan reports whether r is a Chinese character (not punctuation).
func isHan(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r == '〇' || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x3ffff
}

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isMark reports whether r separates words: spaces, newlines and punctuation.
func isMark(r rune) bool {
	return r == ' ' || r == '\n' || strings.ContainsRune(",;.。、!?:~…", r)
}

// trimMarks cuts leading separators, as they stand after a command or a name.
func trimMarks(s string) string { return strings.TrimLeftFunc(s, isMark) }

// runeAt is the rune starting at byte i, 0 at the end of s.
func runeAt(s string, i int) (rune, int) {
	if i >= len(s) {
		return 0, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

// runeBefore is the rune ending at byte i, 0 at the start of s.
func runeBefore(s string, i int) rune {
	if i <= 0 {
		return 0
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r
}
