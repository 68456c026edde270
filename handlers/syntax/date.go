package syntax

import (
	"strings"
	"time"
)

// Date reads a day at the start of s: 今天 昨天 前天 大前天 明天 后天, 2.10, 2/10, 2-10, 2月10号,
// 2月10日, 二月十号, 10号, 周三, 上周三, 2020-02-10, 2020年2月10日, 20200210, 初十 not. Where year
// or month is not stated it is the latest such day not after today, as a report wants it.
// The result is midnight in today's location; rest is the normalised text behind it without
// leading marks. A day that does not exist (2.30), "10号楼" and "6-1203" give false.
func Date(s string, today time.Time) (time.Time, string, bool) {
	return dateFrom(s, today, false)
}

// DateAhead is Date for plans and deadlines: where year or month is not stated it is the
// first such day not before today; 下周三 counts too.
func DateAhead(s string, today time.Time) (time.Time, string, bool) {
	return dateFrom(s, today, true)
}

func dateFrom(s string, today time.Time, ahead bool) (time.Time, string, bool) {
	s = Normalise(s)
	f := fold(s)
	d := dayReader{today: midnight(today), ahead: ahead}
	at, end, ok := d.read(f)
	if !ok {
		return time.Time{}, s, false
	}
	return at, trimMarks(s[end:]), true
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

type dayReader struct {
	today time.Time
	ahead bool
}

// dayWords by distance from today; longer words first.
var dayWords = []struct {
	word string
	days int
}{
	{"大前天", -3}, {"大后天", 3}, {"今天", 0}, {"今日", 0}, {"今朝", 0}, {"今晚", 0}, {"今早", 0}, {"当天", 0}, {"昨天", -1}, {"昨日", -1}, {"昨晚", -1}, {"前天", -2}, {"前日", -2},
	{"明天", 1}, {"明日", 1}, {"明早", 1}, {"明晚", 1}, {"明朝", 1}, {"后天", 2}, {"后日", 2},
}

func (d dayReader) read(f string) (time.Time, int, bool) {
	for _, w := range dayWords {
		if strings.HasPrefix(f, w.word) {
			return d.today.AddDate(0, 0, w.days), len(w.word), true
		}
	}
	if at, end, ok := d.weekday(f); ok {
		return at, end, true
	}
	m := momentParts(f, 0)
	switch {
	case m.day == 0:
		return time.Time{}, 0, false
	case m.year > 0:
		at := time.Date(m.year, time.Month(m.month), m.day, 0, 0, 0, 0, d.today.Location())
		return at, m.end, at.Day() == m.day
	case m.month > 0:
		return d.nearest(m, func(k int) (int, int) { return d.today.Year() + k, m.month })
	}
	return d.nearest(m, func(k int) (int, int) { return d.today.Year(), int(d.today.Month()) + k })
}

// nearest walks years or months away from today until the day exists on the right side.
func (d dayReader) nearest(m moment, at func(k int) (year, month int)) (time.Time, int, bool) {
	for k := range 9 {
		step := -k
		if d.ahead {
			step = k
		}
		y, mo := at(step)
		t := time.Date(y, time.Month(mo), m.day, 0, 0, 0, 0, d.today.Location())
		if t.Day() != m.day || d.ahead && t.Before(d.today) || !d.ahead && t.After(d.today) {
			continue
		}
		return t, m.end, true
	}
	return time.Time{}, 0, false
}

// weekday reads 周三, 星期三, 礼拜三, with 上 or 下 before it.
func (d dayReader) weekday(f string) (time.Time, int, bool) {
	i, week := 0, 0
	for _, p := range []struct {
		word string
		week int
	}{{"上个", -1}, {"上", -1}, {"下个", 1}, {"下", 1}, {"本", 2}, {"这个", 2}, {"这", 2}} {
		if strings.HasPrefix(f, p.word) {
			i, week = len(p.word), p.week
			break
		}
	}
	n := 0
	for _, w := range []string{"周", "星期", "礼拜"} {
		if strings.HasPrefix(f[i:], w) {
			n = len(w)
			break
		}
	}
	if n == 0 {
		return time.Time{}, 0, false
	}
	r, w := runeAt(f, i+n)
	day := hanDigit(r)
	if r == '日' || r == '天' {
		day = 7
	} else if digitOf(r) > 0 {
		day = digitOf(r)
	}
	if day < 1 || day > 7 || r == '两' {
		return time.Time{}, 0, false
	}
	end := i + n + w
	now := (int(d.today.Weekday()) + 6) % 7 // Monday 0
	delta := day - 1 - now
	switch {
	case week == 2:
	case week != 0:
		delta += 7 * week
	case d.ahead && delta < 0:
		delta += 7
	case !d.ahead && delta > 0:
		delta -= 7
	}
	return d.today.AddDate(0, 0, delta), end, true
}

// moment is a written date or time of day; zero parts were not stated.
type moment struct {
	year, month, day int
	end              int // behind the last byte, the start if nothing was read
}

// momentAt is the end of a date or a time of day at byte i of folded text, or i.
func momentAt(f string, i int) int {
	if m := momentParts(f, i); m.day > 0 {
		end := m.end
		if clock := clockAt(f, end); clock > end {
			return clock
		}
		return end
	}
	return clockAt(f, i)
}

// clockAt is the end of 16:10, 16:10:05, 16点, 16时30分, 下午 not included, or i.
func clockAt(f string, i int) int {
	h, end, v := numberAt(f, i)
	if v != good || h > 24 {
		return i
	}
	r, w := runeAt(f, end)
	switch r {
	case ':':
		m, e, count := digitsAt(f, end+w)
		if count != 2 || m > 59 {
			return i
		}
		if e+2 < len(f) && f[e] == ':' {
			if _, e2, c := digitsAt(f, e+1); c == 2 {
				return e2
			}
		}
		return e
	case '点', '时':
		end += w
		if strings.HasPrefix(f[end:], "半") || strings.HasPrefix(f[end:], "钟") || strings.HasPrefix(f[end:], "整") {
			return end + 3
		}
		if m, e, v := numberAt(f, end); v == good && m < 60 && strings.HasPrefix(f[e:], "分") {
			return e + len("分")
		}
		return end
	}
	return i
}

// momentParts reads a date without words: 2020-02-10, 2020年2月10日, 20200210, 2.10, 2/10, 2-10,
// 2月10号, 10号. day is 0 when there is none.
func momentParts(f string, i int) moment {
	none := moment{end: i}
	a, end, count := digitsAt(f, i)
	if count == 0 {
		n, e, v := numberAt(f, i)
		if v != good {
			return none
		}
		a, end = int64(n), e
	}
	if count == 8 {
		return moment{int(a / 10000), int(a / 100 % 100), int(a % 100), end}.checked(none)
	}
	m := none
	sep, w := runeAt(f, end)
	if a >= 2000 && a < 2100 && strings.ContainsRune("-./年", sep) && w > 0 {
		m.year = int(a)
		i = end + w
		a, end, count = digitsAt(f, i)
		if count == 0 {
			return none
		}
		sep, w = runeAt(f, end)
	}
	switch {
	case w == 0 || a < 1 || a > 31:
		return none
	case sep == '月' || strings.ContainsRune("-./", sep):
		if sep == '月' && strings.HasPrefix(f[end+w:], "份") {
			return none
		}
		m.month = int(a)
		d, e, v := numberAt(f, end+w)
		if sep != '月' {
			d64, e2, c := digitsAt(f, end+w)
			if c == 0 || c > 2 {
				return none
			}
			d, e, v = int(d64), e2, good
		}
		if v != good {
			return none
		}
		m.day, m.end = d, e
		next, nw := runeAt(f, e)
		if next == '日' || next == '号' {
			m.end += nw
			next, _ = runeAt(f, m.end)
			if digitOf(next) >= 0 && f[m.end-1] == "号"[2] && sep != '月' || strings.ContainsRune("楼栋幢弄室", next) && next != 0 {
				return none
			}
			return m.checked(none)
		}
		after, _ := runeAt(f, e+nw)
		if sep != '月' && nw > 0 && (strings.ContainsRune("-./", next) && digitOf(after) >= 0 || strings.ContainsRune("%度元米室楼幢弄°个人名位例户家口", next)) {
			return none
		}
		return m.checked(none)
	case m.year == 0 && (sep == '号' || sep == '日'):
		next, _ := runeAt(f, end+w)
		if next != 0 && (digitOf(next) >= 0 && sep == '号' || strings.ContainsRune("楼栋幢弄室门", next)) {
			return none
		}
		m.day, m.end = int(a), end+w
		return m
	}
	return none
}

// checked is m if month and day can exist in some year, else none.
func (m moment) checked(none moment) moment {
	if m.month < 1 || m.month > 12 || m.day < 1 || m.day > 31 || m.year > 0 && (m.year < 2000 || m.year > 2099) {
		return none
	}
	year := m.year
	if year == 0 {
		year = 2020 // a leap year: 2.29 is a date
	}
	if time.Date(year, time.Month(m.month), m.day, 0, 0, 0, 0, time.UTC).Day() != m.day {
		return none
	}
	return m
}
