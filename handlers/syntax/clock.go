package syntax

import "strings"

// halves are words for a part of the day, and the hour from which a number of twelve or less
// belongs to the second half.
var halves = []struct {
	word string
	pm   bool
	from int // pm: hours below are in the afternoon
}{
	{"凌晨", false, 0}, {"清晨", false, 0}, {"早晨", false, 0}, {"早上", false, 0}, {"上午", false, 0}, {"今早", false, 0}, {"明早", false, 0}, {"早", false, 0},
	{"中午", true, 6}, {"下午", true, 12}, {"傍晚", true, 12}, {"晚上", true, 12}, {"夜里", true, 12}, {"夜间", true, 12}, {"半夜", true, 12},
	{"今晚", true, 12}, {"明晚", true, 12}, {"昨晚", true, 12}, {"晚", true, 12}, {"夜", true, 12},
}

// hour is a time of day on its way.
type hour struct {
	minute int
	half   int // index in halves + 1; 0: not stated
	end    int
	marked bool // written as a time (点, :), not as a bare number
}

// Clock reads a time of day at the start of s: 16:30, 8点, 8点半, 8点一刻, 下午3点半, 晚八点,
// 16时30分, 早8点. A day before it is skipped (明天8点半, 2/14 9:00): read that with DateAhead.
// minute counts from midnight. sure is false where the half of the day is not stated and
// could be either: 3点. rest is the normalised text behind it without leading marks.
func Clock(s string) (minute int, sure bool, rest string, ok bool) {
	s = Normalise(s)
	f := fold(s)
	h, ok := hourAt(f, skipDay(f))
	if !ok || !h.marked && h.half == 0 {
		return 0, false, s, false
	}
	return h.minute, h.half > 0 || h.minute >= 7*60, trimMarks(s[h.end:]), true
}

// Span reads from when to when at the start of s: 8-12, 14:00-16:00, 8点半到11点半, 今晚6点到10点,
// 早8-12, 22:00至6:00. Minutes count from the first day's midnight; a span that ends before it
// begins ends on the next day (to > 1440). The part of the day holds for both ends; without
// one, hours before 7 that are not written as hh:mm are not sure. A day before it is skipped.
func Span(s string) (from, to int, sure bool, rest string, ok bool) {
	s = Normalise(s)
	f := fold(s)
	a, ok := hourAt(f, skipDay(f))
	if !ok {
		return 0, 0, false, s, false
	}
	i := after(f, a.end, "点")
	end := after(f, i, "--", "-", "−", "—", "–", "~", "到", "至")
	if end == i {
		return 0, 0, false, s, false
	}
	b, ok := hourAt(f, end)
	if !ok {
		return 0, 0, false, s, false
	}
	if b.half == 0 && a.half > 0 && halves[a.half-1].pm && b.minute+12*60 > a.minute && b.minute < 12*60 {
		b.minute += 12 * 60
	}
	from, to = a.minute, b.minute
	if to <= from {
		to += 24 * 60
	}
	if r, _ := runeAt(f, b.end); b.end < len(f) && (isDigit(f[b.end]) || strings.ContainsRune("-/月号日人个户", r)) {
		return 0, 0, false, s, false
	}
	return from, to, a.half > 0 || a.minute >= 7*60 || a.marked && b.marked && strings.Contains(f[:a.end], ":"), trimMarks(s[b.end:]), to-from <= 24*60
}

// skipDay is the length of a day at the start of f that leaves the part of the day standing:
// 明天 of 明天8点, 2/14 of 2/14 8:30, nothing of 明早8点.
func skipDay(f string) int {
	for _, w := range dayWords {
		if strings.HasPrefix(f, w.word) && !strings.HasSuffix(w.word, "早") && !strings.HasSuffix(w.word, "晚") {
			return skipBlanks(f, len(w.word))
		}
	}
	if m := momentParts(f, 0); m.day > 0 && m.end < len(f) {
		if r, _ := runeAt(f, m.end); r == ' ' || f[m.end-1] > 0x7f { // 2-10 alone may be hours
			return skipBlanks(f, m.end)
		}
	}
	return 0
}

// hourAt reads a part of the day and the time behind it at byte i of folded text.
func hourAt(f string, i int) (h hour, ok bool) {
	for k, w := range halves {
		if strings.HasPrefix(f[i:], w.word) {
			h.half, i = k+1, i+len(w.word)
			break
		}
	}
	i = skipBlanks(f, i)
	n, end, v := numberAt(f, i)
	if d, e, count := digitsAt(f, i); count > 0 && count < 3 { // 3.30 is no decimal here
		n, end, v = int(d), e, good
	}
	if v != good || n > 24 {
		return h, false
	}
	m := 0
	switch r, w := runeAt(f, end); {
	case r == ':' || r == '.' && h.half > 0:
		d, e, count := digitsAt(f, end+w)
		if count != 2 || d > 59 {
			return h, false
		}
		m, end, h.marked = int(d), e, true
	case r == '点' || r == '时':
		end, h.marked = end+w, true
		switch {
		case strings.HasPrefix(f[end:], "半"):
			m, end = 30, end+len("半")
		case strings.HasPrefix(f[end:], "一刻"):
			m, end = 15, end+len("一刻")
		case strings.HasPrefix(f[end:], "三刻"):
			m, end = 45, end+len("三刻")
		default:
			if d, e, v := numberAt(f, end); v == good && d < 60 && (strings.HasPrefix(f[e:], "分") || d >= 10) {
				m, end = d, after(f, e, "分")
			} else if v != noNumber {
				return h, false
			} else {
				end = after(f, end, "钟", "整")
			}
		}
	}
	if h.half > 0 && halves[h.half-1].pm && n < 12 && (halves[h.half-1].from == 12 || n < halves[h.half-1].from) {
		n += 12
	} else if h.half > 0 && n == 12 && !halves[h.half-1].pm && halves[h.half-1].word == "凌晨" {
		n = 0
	}
	if h.half > 0 && halves[h.half-1].word != "中午" && strings.ContainsAny(halves[h.half-1].word, "晚夜") && n == 12 {
		n = 24
	}
	h.minute, h.end = n*60+m, end
	return h, h.minute <= 24*60
}

func skipBlanks(f string, i int) int {
	for i < len(f) && (f[i] == ' ' || f[i] == ',') {
		i++
	}
	return i
}

// Range reads a range of numbers at the start of s: 412-497, 号412-497, 从412号到497号, 1~120,
// 412至497; an estimate of two neighbouring digits is one: 八九十. Both ends belong to it: to-from+1 numbers. A range that runs backwards, three
// numbers and sums give ok false. rest is the normalised text behind it without leading marks.
func Range(s string) (from, to int, rest string, ok bool) {
	s = Normalise(s)
	f := fold(s)
	i := after(f, 0, "号段", "编号", "号码", "从", "号", "第")
	i = skipBlanks(f, i)
	i = after(f, i, "第")
	from, end, v := numberAt(f, i)
	if v != good {
		if from, to, end := about(f, i); end > i {
			return from, to, trimMarks(s[end:]), true
		}
		return 0, 0, s, false
	}
	i = after(f, end, "号")
	end = after(f, skipBlanks(f, i), "--", "-", "−", "—", "–", "~", "到", "至")
	if end == skipBlanks(f, i) {
		return 0, 0, s, false
	}
	end = after(f, skipBlanks(f, end), "第")
	to, end, v = numberAt(f, end)
	if v != good || to < from {
		return 0, 0, s, false
	}
	end = after(f, end, "号")
	if r, w := runeAt(f, end); w > 0 && (strings.ContainsRune("-−~/=+*:.", r) && !closing(f, end+w) || strings.ContainsRune("点时月日年度%楼栋室", r)) {
		return 0, 0, s, false
	}
	return from, to, trimMarks(s[end:]), true
}

// about reads how people estimate, two neighbouring digits: 八九十 is 80 to 90, 七八 is 7 to 8.
func about(f string, i int) (from, to, end int) {
	a, w := runeAt(f, i)
	b, v := runeAt(f, i+w)
	low, high := hanDigit(a), hanDigit(b)
	if low < 1 || high != low+1 {
		return 0, 0, i
	}
	end = i + w + v
	unit := 1
	switch c, w := runeAt(f, end); c {
	case '十':
		unit, end = 10, end+w
	case '百':
		unit, end = 100, end+w
	case '千':
		unit, end = 1000, end+w
	}
	if c, _ := runeAt(f, end); hanDigit(c) >= 0 || strings.ContainsRune("十百千万", c) {
		return 0, 0, i
	}
	return low * unit, high * unit, end
}

// closing reports whether nothing that counts follows byte i.
func closing(f string, i int) bool {
	r, _ := runeAt(f, i)
	return digitOf(r) < 0
}
