package config

import (
	"fmt"
	"time"
)

// Day is a calendar day of a street, written 2020-02-13. Days compare as strings.
// Street.Day is the only way from a moment to a day.
type Day string

const dayLayout = "2006-01-02"

// ParseDay reads a day such as 2020-02-13.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dayLayout, s)
	if err != nil {
		return "", fmt.Errorf("parse day %q: %w", s, err)
	}
	return Day(t.Format(dayLayout)), nil
}

// Time returns the first moment of the day in loc; the zero time if d is no day.
func (d Day) Time(loc *time.Location) time.Time {
	y, m, day, ok := d.split()
	if !ok {
		return time.Time{}
	}
	return time.Date(y, m, day, 0, 0, 0, 0, loc)
}

// split reads the day's parts without time.Parse: every message asks for a dozen of days.
func (d Day) split() (y int, m time.Month, day int, ok bool) {
	if len(d) != len(dayLayout) || d[4] != '-' || d[7] != '-' {
		return 0, 0, 0, false
	}
	var n [3]int
	for i, part := range [...]Day{d[:4], d[5:7], d[8:]} {
		for _, c := range []byte(part) {
			if c < '0' || c > '9' {
				return 0, 0, 0, false
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	y, m, day = n[0], time.Month(n[1]), n[2]
	if m < 1 || m > 12 || day < 1 || day > 28 && time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Day() != day {
		return 0, 0, 0, false
	}
	return y, m, day, true
}

// Add returns the day n days later; n may be negative.
func (d Day) Add(n int) Day {
	// In UTC every day has 24 hours, so no summer time can swallow one.
	return Day(d.Time(time.UTC).AddDate(0, 0, n).Format(dayLayout))
}

// Weekday returns the day of the week, Monday if d is no day.
func (d Day) Weekday() time.Weekday { return d.Time(time.UTC).Weekday() }

// Year returns the calendar year of the day, 0 if d is no day.
func (d Day) Year() int {
	t := d.Time(time.UTC)
	if t.IsZero() {
		return 0
	}
	return t.Year()
}

// Label returns the day as people say it: 2月13日.
func (d Day) Label() string {
	t := d.Time(time.UTC)
	return fmt.Sprintf("%d月%d日", t.Month(), t.Day())
}

// Clock is a time of day in minutes after midnight, 0 to 24×60.
type Clock int

// ParseClock reads a time of day from 00:00 to 24:00.
func ParseClock(s string) (Clock, error) {
	var h, m int
	if len(s) < 4 || len(s) > 5 || s[len(s)-3] != ':' {
		return 0, fmt.Errorf("parse clock %q: want hh:mm", s)
	}
	for i, r := range s {
		switch {
		case i == len(s)-3:
			continue
		case r < '0' || r > '9':
			return 0, fmt.Errorf("parse clock %q: want hh:mm", s)
		case i < len(s)-3:
			h = h*10 + int(r-'0')
		default:
			m = m*10 + int(r-'0')
		}
	}
	if m > 59 || h*60+m > 24*60 {
		return 0, fmt.Errorf("parse clock %q: out of range", s)
	}
	return Clock(h*60 + m), nil
}

// String returns the clock as hh:mm.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }
