package syntax

import "strings"

// bankCard is how many groups the bank card at group i takes, 0 for none: whole or in fours,
// of an issuer that people here have cards of, with the right check digit. What is shorter,
// longer or fails the check is an order number.
func (c cluster) bankCard(i int) int {
	var buf [20]byte
	all := buf[:0]
	for j := i; j < len(c) && len(all)+len(c[j].digits) <= 19; j++ {
		if j > i && len(c[j-1].digits) != 4 {
			break
		}
		all = append(all, c[j].digits...)
		switch len(all) {
		case 16, 17, 19:
			if issued(all) && luhn(all) && (j == i || j+1 == len(c)) {
				return j + 1 - i
			}
		}
	}
	return 0
}

// issued reports whether a number begins like a bank card's.
func issued(d []byte) bool {
	switch {
	case d[0] == '6' && d[1] == '2', d[0] == '4', d[0] == '5' && d[1] >= '1' && d[1] <= '5':
		return true
	}
	return strings.HasPrefix(string(d), "9558")
}

func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		if d[len(d)-1-i] == 'X' {
			return false
		}
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// documentWords name what carries a person's number; the first rune of each is its own.
var documentWords = byFirst([]string{
	"护照", "通行证", "回乡证", "台胞证", "军官证", "驾驶证", "驾照", "社保卡", "医保卡", "身份证", "证件号", "银行卡", "工资卡", "卡号", "账号", "微信号", "病历号", "住院号",
})

// behindDocument is what people write between the word and the number.
const behindDocument = "号码是为:： 　（(#-"

// documents finds numbers of 6 to 20 letters and digits, at least 6 of them digits, behind a
// word for a document.
func documents(text string) []Finding {
	worth := false
	for _, r := range text {
		if documentWords[foldRune(r)] != nil {
			worth = true
			break
		}
	}
	if !worth {
		return nil
	}
	var m []glyph
	for i, r := range text {
		if !invisible(r) || r == '\n' {
			m = append(m, glyph{foldRune(r), i, i + len(string(r))})
		}
	}
	var out []Finding
	for i := range m {
		for _, w := range documentWords[m[i].r] {
			if !has(m, i, w) {
				continue
			}
			if from, to := numberBehind(m, i+len(w)); to > from {
				out = append(out, Finding{Kind: Document, Start: m[from].at, End: m[to-1].end})
			}
		}
	}
	return out
}

// numberBehind is where the number behind a word lies; from == to: there is none.
func numberBehind(m []glyph, i int) (from, to int) {
	for n := 0; i < len(m) && n < 6 && strings.ContainsRune(behindDocument, m[i].r); n++ {
		i++
	}
	from, to = i, i
	digits, length := 0, 0
	for ; i < len(m) && length < 21; i++ {
		d, class := classify(m[i].r)
		switch {
		case class == digit:
			digits, length, to = digits+len(d), length+len(d), i+1
		case isLatin(m[i].r):
			length, to = length+1, i+1
		case class == between && i > from:
		default:
			length = 99
		}
	}
	if digits < 6 {
		return from, from
	}
	return from, to
}
