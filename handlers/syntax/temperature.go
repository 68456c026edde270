package syntax

import "strings"

// Degrees is a body temperature in tenths of a degree Celsius: 368 is 36.8 ℃.
type Degrees int

// String writes a temperature with its one decimal.
func (d Degrees) String() string {
	return string([]byte{'0' + byte(d/100%10), '0' + byte(d/10%10), '.', '0' + byte(d%10)})
}

// The temperatures a person can have (card G13).
const (
	coldest Degrees = 340
	hottest Degrees = 430
)

// Temperature reads a temperature at the start of s (card G13): 36.8, 36。8, 36度8, 36.8度,
// 36.8℃, 37度半, 三十六度八, 三十七点一. sure is false where it must be asked before it is kept:
// 365 for 36.5, 36，8, a bare 36. rest is the normalised text behind it without leading marks.
// Outside 34.0 to 43.0, with two decimals or with 多 and 几 there is no temperature: ok false.
func Temperature(s string) (d Degrees, sure bool, rest string, ok bool) {
	s = Normalise(s)
	f := fold(s)
	whole, end, good := wholeDegrees(f)
	if !good {
		return 0, false, s, false
	}
	d, sure = Degrees(whole), true
	switch {
	case whole >= int(coldest) && whole <= int(hottest): // 365
		sure = false
	case whole >= 34 && whole <= 43:
		tenth, e, said := tenths(f, end)
		if e < 0 {
			return 0, false, s, false
		}
		r, _ := runeAt(f, end)
		sure = said && r != ','
		d, end = Degrees(whole*10+tenth), e
	default:
		return 0, false, s, false
	}
	end = after(f, end, "摄氏度", "°c", "度", "°")
	if r, _ := runeAt(f, end); end < len(f) && (isDigit(f[end]) || strings.ContainsRune("多几.%:-/号月日点时人个户", r)) || d < coldest || d > hottest {
		return 0, false, s, false
	}
	return d, sure, trimMarks(s[end:]), true
}

// wholeDegrees reads the number a temperature begins with.
func wholeDegrees(f string) (n, end int, ok bool) {
	if f != "" && isDigit(f[0]) {
		v, e, count := digitsAt(f, 0)
		return int(v), e, count <= 3
	}
	n, end, v := hanAt(f, 0)
	return n, end, v == good
}

// tenths reads what stands behind the whole degrees: .8, 。8, 度8, 点八, 度半, 度整, 度. said is
// false when nothing does; end is -1 when it is no temperature at all.
func tenths(f string, i int) (tenth, end int, said bool) {
	r, w := runeAt(f, i)
	if w == 0 || !strings.ContainsRune(".。,度点", r) {
		return 0, i, false
	}
	j := i + w
	if r == ',' && (j >= len(f) || !isDigit(f[j])) {
		return 0, i, false
	}
	next, nw := runeAt(f, j)
	switch {
	case r == '度' && next == '半':
		return 5, j + nw, true
	case r == '度' && next == '整':
		return 0, j + nw, true
	case digitOf(next) >= 0:
		v, e, count := digitsAt(f, j)
		if count > 1 {
			return 0, -1, false
		}
		return int(v), e, true
	case hanDigit(next) >= 0 && next != '两':
		if again, _ := runeAt(f, j+nw); isHanNumeral(again) {
			return 0, -1, false
		}
		return hanDigit(next), j + nw, true
	case r == '度':
		return 0, j, true
	case r == '点':
		return 0, -1, false // 36点 is no temperature
	}
	return 0, i, false
}
