package syntax

import "strings"

// Ref is the number of a case, a notice, a post or an item.
type Ref struct {
	Letter string // what stood before the number, in capitals: "W" of W12, "急" of 急01; "" if nothing
	N      int
	Sub    int // second part: 3 of 2.3, 7 of R0213-07; 0 if there is none
}

// refWords may stand before a number instead of a letter.
var refWords = []string{"温馨提示", "提示", "通知", "问题", "清单", "任务", "急", "巡", "查", "第"}

// Reference reads a number at the start of s: 7, #12, 12号, W12, w12, 急01, 提示7, 第12号,
// 二十五号, 2.3, R0213-07. rest is the normalised text behind it without leading marks; a
// 问题 or 条 behind 号 belongs to the number. "12号楼", "12号1203", "6-1203", dates with 月,
// counts ("12个", "12户") and percentages are not references.
func Reference(s string) (ref Ref, rest string, ok bool) {
	s = Normalise(s)
	f := fold(s)
	i := 0
	skip := func() {
		for i < len(f) && (f[i] == ' ' || f[i] == '#') {
			i++
		}
	}
	skip()
	if strings.HasPrefix(f[i:], "no.") {
		i += len("no.")
	} else {
		i += refPrefix(f[i:], &ref)
	}
	skip()
	n, end, v := refNumber(f, i)
	if !v {
		return Ref{}, s, false
	}
	ref.N = n
	end = ref.sub(f, end)
	if end < 0 {
		return Ref{}, s, false
	}
	end, ok = refEnd(f, i, end)
	if !ok {
		return Ref{}, s, false
	}
	return ref, trimMarks(s[end:]), true
}

// refNumber reads digits or numerals; 2.3 gives 2.
func refNumber(f string, i int) (n, end int, ok bool) {
	if i < len(f) && isDigit(f[i]) {
		val, end, count := digitsAt(f, i)
		return int(val), end, count <= 6
	}
	r, _ := runeAt(f, i)
	if !isHanNumeral(r) {
		return 0, i, false
	}
	n, end, v := hanAt(f, i)
	return n, end, v == good
}

// refPrefix reads a letter or a word that belongs to the number behind it.
func refPrefix(f string, ref *Ref) int {
	n := 0
	for n < len(f) && isLatin(rune(f[n])) {
		n++
	}
	if n > 0 {
		if n > 2 {
			return 0
		}
		ref.Letter = strings.ToUpper(f[:n])
		return n
	}
	for _, w := range refWords {
		if strings.HasPrefix(f, w) {
			if w != "第" {
				ref.Letter = w
			}
			return len(w)
		}
	}
	return 0
}

// sub reads a second part (2.3, 二点二, R0213-07) and gives the new end, or -1 when what
// follows makes it something else: a third part, a house code.
func (ref *Ref) sub(f string, end int) int {
	r, w := runeAt(f, end)
	if r != '.' && r != '-' && r != '点' {
		return end
	}
	n, e, ok := refNumber(f, end+w)
	if !ok {
		if r == '点' {
			return -1
		}
		return end
	}
	if r == '-' && ref.Letter == "" {
		return -1 // 6-1203
	}
	if next, w := runeAt(f, e); w > 0 && (next == '.' || next == '-') {
		if d, _ := runeAt(f, e+w); digitOf(d) >= 0 {
			return -1
		}
	}
	ref.Sub = n
	return e
}

// refEnd takes a closing 号 and refuses numbers that count or place something.
func refEnd(f string, start, end int) (int, bool) {
	r, w := runeAt(f, end)
	if r == '号' {
		next, _ := runeAt(f, end+w)
		if digitOf(next) >= 0 || strings.ContainsRune("楼栋幢弄室门", next) {
			return 0, false
		}
		end += w
		for _, t := range []string{"问题", "单子", "单", "件", "条", "项"} {
			if strings.HasPrefix(f[end:], t) {
				return end + len(t), true
			}
		}
		return end, true
	}
	if w > 0 && (strings.ContainsRune("人个名户位家只楼栋幢弄室层月日点时分天岁周年度%°", r) || r == '/' || r == ':' && end+1 < len(f) && isDigit(f[end+1])) {
		return 0, false
	}
	return end, end > start
}

// Ordinal is Reference for a number without letter or second part: 7, #12, 12号, 二十五号.
func Ordinal(s string) (n int, rest string, ok bool) {
	ref, rest, ok := Reference(s)
	if !ok || ref.Letter != "" || ref.Sub != 0 {
		return 0, Normalise(s), false
	}
	return ref.N, rest, true
}
