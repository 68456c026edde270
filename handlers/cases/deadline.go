package cases

import (
	"strings"
	"time"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

const (
	farthest = 30 * 24 * time.Hour // no deadline is further away
	evening  = config.Clock(17 * 60)
)

// deadline finds until when in a line: 明早8点, 2.15, 周三前, 明天八点前. Of several, it is the one
// at the very start, else the last. rest is the line without it; ok is false when there is
// none. A day without a time is 17:00.
func deadline(d *handlers.Desk, text string) (at time.Time, rest string, ok bool) {
	text = syntax.Normalise(text)
	rest = text
	for i := 0; i < len(text); {
		when, behind, found := momentAt(d, text[i:])
		if !found || afterDigit(text[:i]) {
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			continue
		}
		behind = strings.TrimLeft(behind, " ")
		for _, w := range []string{"之前", "以前", "前", "截止"} {
			behind = strings.TrimPrefix(behind, w)
		}
		before := strings.TrimRight(text[:i], " ,。;、")
		at, rest, ok = when, strings.TrimSpace(before+" "+strings.TrimLeft(behind, " ,。;、:")), true
		if i == 0 {
			break
		}
		i = len(text) - len(behind)
	}
	return at, rest, ok
}

func afterDigit(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r >= '0' && r <= '9' || r == '.' || r == ':' || r == '-' || r == '/'
}

// momentAt reads a day, a time, or both at the start of s.
func momentAt(d *handlers.Desk, s string) (at time.Time, rest string, ok bool) {
	day, behind, dated := syntax.DateAhead(s, d.Day.Time(d.Street.Location))
	minute, sure, after, timed := syntax.Clock(s)
	if timed && !sure {
		minute += 12 * 60 // nobody sets a deadline for three in the morning
	}
	switch {
	case dated && timed:
		return d.Street.At(d.Street.Day(day), config.Clock(minute)), after, true
	case dated:
		return d.Street.At(d.Street.Day(day), evening), behind, true
	case timed:
		return d.Street.At(d.Day, config.Clock(minute)), after, true
	}
	return time.Time{}, s, false
}

// ahead refuses a deadline that has passed or is too far away.
func ahead(d *handlers.Desk, at time.Time) error {
	switch {
	case !at.After(d.At):
		return handlers.Refusef("写以后的，例：明天17:00", "%s已经过了。", when(d, at.Unix()))
	case at.Sub(d.At) > 300*24*time.Hour: // a day of this year that has passed
		return handlers.Refusef("写以后的，例：明天17:00", "%s已经过了。", d.Street.Day(at).Label())
	case at.Sub(d.At) > farthest:
		return handlers.Refusef("", "%s太远了，最多30天。", d.Street.Day(at).Label())
	}
	return nil
}
