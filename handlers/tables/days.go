package tables

import (
	"fmt"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// most is how many days one question or table covers.
const most = 31

// between are the signs people put between two days; the ones that no date holds first.
var between = []string{"到", "至", "~", "～", "—", "–", "−", "-"}

// days reads the days a line ends with: 昨天, 2.10, 2.10-2.13, 近7天. given is false where
// the text is empty.
func days(d *handlers.Desk, text string) (first, last config.Day, given bool, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return d.Day, d.Day, false, nil
	}
	today := d.Day.Time(d.Street.Location)
	first, last, ok := lately(d.Day, text)
	if !ok {
		var from, to time.Time
		if from, to, ok = reads(text, today); ok {
			first, last = d.Street.Day(from), d.Street.Day(to)
		}
	}
	switch {
	case !ok:
		return "", "", false, handlers.Refusef("日期这样写：昨天、2.10、2.10-2.13、近7天", "“%s”没看懂是哪几天。", handlers.Quote(text))
	case last > d.Day:
		return "", "", false, handlers.Refusef("日期这样写：昨天、2.10、2.10-2.13、近7天", "%s还没到，没有数。", last.Label())
	case first > last:
		return "", "", false, handlers.Refusef("早的写在前面，如：2.10-2.13", "%s在%s后面，日期反了。", first.Label(), last.Label())
	case first.Add(most-1) < last:
		return "", "", false, handlers.Refusef("分几次查，或请管理员用 bot export 导出。", "一次最多看%d天。", most)
	}
	return first, last, true, nil
}

// reads reads one day or two with a sign between them.
func reads(text string, today time.Time) (from, to time.Time, ok bool) {
	if at, ok := whole(text, today); ok {
		return at, at, true
	}
	for _, sign := range between {
		for i := range text {
			if !strings.HasPrefix(text[i:], sign) {
				continue
			}
			from, ok := whole(text[:i], today)
			if !ok {
				continue
			}
			end := strings.TrimSpace(text[i+len(sign):])
			if n, bare := syntax.Integer(end); bare && n >= 1 && n <= 31 { // 2.10-13
				return from, time.Date(from.Year(), from.Month(), n, 0, 0, 0, 0, from.Location()), true
			}
			if to, ok := whole(end, today); ok {
				return from, to, true
			}
		}
	}
	return time.Time{}, time.Time{}, false
}

// whole reads a day that fills the text.
func whole(text string, today time.Time) (time.Time, bool) {
	at, rest, ok := syntax.Date(text, today)
	return at, ok && rest == ""
}

// lately reads 近7天, 最近三天, 这两天.
func lately(today config.Day, text string) (first, last config.Day, ok bool) {
	for _, word := range []string{"最近", "近", "这", "过去"} {
		n, found := strings.CutPrefix(text, word)
		if !found {
			continue
		}
		n, found = strings.CutSuffix(n, "天")
		count, number := syntax.Integer(strings.TrimSpace(n))
		if found && number && count >= 1 {
			return today.Add(1 - count), today, true
		}
	}
	return "", "", false
}

// when says a day as people say it.
func when(d *handlers.Desk, day config.Day) string {
	switch day {
	case d.Day:
		return "今天"
	case d.Day.Add(-1):
		return "昨天"
	}
	if day.Year() != d.Day.Year() {
		return fmt.Sprintf("%d年%s", day.Year(), day.Label())
	}
	return day.Label()
}
