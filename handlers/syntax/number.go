package syntax

import (
	"math"
	"slices"
	"strings"
)

// zeroWords say "none" of what stands beside them.
var zeroWords = []string{
	"一个也没有", "一个都没有", "一个没有", "一个也没", "一个都没", "暂时没有", "暂时无", "没有发现", "也没有", "都没有", "全没有", "均没有",
	"没发现", "未发现", "无发现", "暂无", "暂没", "均无", "都无", "全无", "尚无", "也无", "也没", "都没", "木有", "没有", "没人", "无人", "未有",
	"正常", "呒没", "冇", "没", "无",
}

var zeroTable = func() *table {
	t := newTable(len(zeroWords))
	for _, w := range zeroWords {
		t.add(w, 0)
	}
	return t.sorted()
}()

// verdict is what a number reader thinks of the text before it.
type verdict uint8

const (
	noNumber  verdict = iota // no number starts here
	good                     // a whole number that fits int32
	badNumber                // number-like, but not one whole number: 3.5, 三四, 1,200, 99999999999
)

// Number reads the number at the very start of s: Arabic or full-width digits, Chinese
// numerals (十二, 一百零三, 三千五, 两, 俩, 廿三, 二零二零), digits with 百/千/万 (3千5), and
// the words for none (无, 没有, 没, 木有, 正常 = 0). used is its length in bytes; a unit behind
// it is not consumed.
//
// ok is false when no number starts there (used 0) and when something number-like does
// which is not one whole number (used > 0): decimals, 三四 and 八九十 (approximate), mixed
// scripts, 1,200 (two values or one?), anything above 2147483647. Signs are not read.
func Number(s string) (n int, used int, ok bool) {
	n, end, v := numberAt(s, 0)
	if v == noNumber {
		if w := zeroTable.longest(fold(s), 0); w > 0 {
			return 0, w, true
		}
		return 0, 0, false
	}
	return n, end, v == good
}

// Integer reads s as one whole number with, at most, one of the units behind it; without
// units the usual measure words for people and households are allowed. Surrounding spaces
// and a closing full stop do not matter. Signs, decimals and anything else give false.
func Integer(s string, units ...string) (int, bool) {
	s = strings.Trim(Normalise(s), " \n。.,!;")
	n, used, ok := Number(s)
	if !ok || used == 0 {
		return 0, false
	}
	rest := strings.TrimSpace(fold(s[used:]))
	if rest == "" {
		return n, true
	}
	if len(units) == 0 {
		units = countWords
	}
	return n, slices.ContainsFunc(units, func(u string) bool { return fold(u) == rest })
}

// digitOf is the value of an Arabic digit, half or full width, or -1.
func digitOf(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r >= '０' && r <= '９':
		return int(r - '０')
	}
	return -1
}

// hanDigit is the value of a Chinese digit, or -1. 两 counts, 幺 and friends do not.
func hanDigit(r rune) int {
	switch r {
	case '零', '〇', '○':
		return 0
	case '一':
		return 1
	case '二', '两':
		return 2
	case '三':
		return 3
	case '四':
		return 4
	case '五':
		return 5
	case '六':
		return 6
	case '七':
		return 7
	case '八':
		return 8
	case '九':
		return 9
	}
	return -1
}

// hanPower is the value of a Chinese power of ten, or 0.
func hanPower(r rune) int64 {
	switch r {
	case '十':
		return 10
	case '百':
		return 100
	case '千':
		return 1000
	case '万':
		return 1e4
	case '亿':
		return 1e8
	}
	return 0
}

func isHanNumeral(r rune) bool {
	return hanDigit(r) >= 0 || hanPower(r) > 0 || r == '廿' || r == '卅' || r == '俩' || r == '仨'
}

// numberAt reads digits or numerals (not the words for none) at byte i of s.
func numberAt(s string, i int) (n, end int, v verdict) {
	r, _ := runeAt(s, i)
	if digitOf(r) >= 0 {
		return arabicAt(s, i)
	}
	if isHanNumeral(foldRune(r)) {
		return hanAt(s, i)
	}
	return 0, i, noNumber
}

func arabicAt(s string, i int) (int, int, verdict) {
	val, end, count := digitsAt(s, i)
	v := good
	for { // 1,200 could be one number or two
		r, w := runeAt(s, end)
		if r != ',' && r != '，' || count > 3 {
			break
		}
		_, e, c := digitsAt(s, end+w)
		if c != 3 {
			break
		}
		end, v = e, badNumber
	}
	for { // 3.5, 2.13.1
		r, w := runeAt(s, end)
		if r != '.' && r != '．' {
			break
		}
		_, e, c := digitsAt(s, end+w)
		if c == 0 {
			break
		}
		end, v = e, badNumber
	}
	r, w := runeAt(s, end)
	if p := hanPower(foldRune(r)); p >= 100 {
		end += w
		if val > math.MaxInt32 {
			val = math.MaxInt32 + 1
		}
		val *= p
		if d, e, c := digitsAt(s, end); c == 1 { // 3千5 = 3500
			val += d * p / 10
			end = e
		} else if c > 1 {
			end, v = e, badNumber
		}
		r, _ = runeAt(s, end)
	}
	if isHanNumeral(foldRune(r)) { // 3十, 8两: two scripts in one number
		_, end, _ = hanAt(s, end)
		v = badNumber
	}
	if val > math.MaxInt32 {
		v = badNumber
	}
	if v != good {
		return 0, end, v
	}
	return int(val), end, good
}

// digitsAt reads a run of Arabic digits; the value stops growing beyond int32.
func digitsAt(s string, i int) (val int64, end, count int) {
	for {
		r, w := runeAt(s, i)
		d := digitOf(r)
		if d < 0 {
			return val, i, count
		}
		if val <= math.MaxInt32 {
			val = val*10 + int64(d)
		}
		i += w
		count++
	}
}

// hanAt reads the whole run of Chinese numerals at i, then values it.
func hanAt(s string, i int) (int, int, verdict) {
	var buf [16]rune
	run := buf[:0]
	end := i
	for {
		r, w := runeAt(s, end)
		r = foldRune(r)
		if !isHanNumeral(r) {
			if digitOf(r) >= 0 { // 十2
				_, e, _ := digitsAt(s, end)
				return 0, e, badNumber
			}
			break
		}
		run = append(run, r)
		end += w
		if r == '俩' || r == '仨' {
			break
		}
	}
	val, ok := hanValue(run)
	if !ok || val > math.MaxInt32 {
		return 0, end, badNumber
	}
	return int(val), end, good
}

func hanValue(run []rune) (int64, bool) {
	if len(run) == 1 {
		switch run[0] {
		case '俩':
			return 2, true
		case '仨':
			return 3, true
		}
	}
	digitsOnly, zero := true, false
	for _, r := range run {
		d := hanDigit(r)
		digitsOnly = digitsOnly && d >= 0
		zero = zero || d == 0
	}
	if digitsOnly {
		// 一零三 is spelled out; 三四 and 一两 mean "three or four", "one or two".
		if len(run) > 1 && !zero || len(run) > 10 {
			return 0, false
		}
		var val int64
		for _, r := range run {
			val = val*10 + int64(hanDigit(r))
		}
		return val, true
	}
	return hanStructured(run)
}

// hanStructured values numerals with powers: 一百零三, 三千五, 廿三, 两万三千.
func hanStructured(run []rune) (int64, bool) {
	const none = int64(-1)
	var total, section int64
	cur, power, big := none, int64(1e5), int64(1e12)
	afterPower, zero := int64(0), false // the power directly before, for 一百二 = 120
	add := func(d, p int64) bool {
		if p >= power {
			return false
		}
		section += d * p
		cur, power, afterPower, zero = none, p, p, false
		return true
	}
	for _, r := range run {
		switch p := hanPower(r); {
		case r == '廿' || r == '卅':
			d := int64(2)
			if r == '卅' {
				d = 3
			}
			if cur != none || !add(d, 10) {
				return 0, false
			}
		case p >= 1e4:
			if cur != none {
				section += cur
			}
			if section == 0 || p >= big {
				return 0, false
			}
			total += section * p
			section, cur, power, big, afterPower, zero = 0, none, 1e5, p, p, false
		case p > 0:
			if cur == none {
				if p != 10 {
					return 0, false
				}
				cur = 1
			}
			if cur == 0 || !add(cur, p) {
				return 0, false
			}
		case hanDigit(r) == 0:
			if cur != none || zero {
				return 0, false
			}
			zero = true
		case hanDigit(r) > 0:
			if cur != none {
				return 0, false // 八九十, 二十七八
			}
			cur = int64(hanDigit(r))
		default:
			return 0, false // 俩 or 仨 behind other numerals
		}
	}
	switch {
	case cur == none && zero:
		return 0, false
	case cur == none:
	case !zero && afterPower >= 100:
		section += cur * afterPower / 10
	default:
		section += cur
	}
	return total + section, true
}
