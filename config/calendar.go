package config

import (
	"io/fs"
	"slices"
	"strconv"
	"time"
)

// Calendar is the statutory calendar: which days are worked, holidays and make-up
// workdays (调休) included. It is data, one file a year (calendar/2020.yaml), each naming
// the notice it follows; a folder calendar/ beside bot.yaml adds years or corrects them.
// The zero value, like a nil one, knows no year and counts Monday to Friday.
type Calendar struct {
	years map[int]*Year
}

// Year is one file of the calendar.
type Year struct {
	Year    int
	Sources []string // the notices, by title, number and date
	Rest    []Holiday
	Work    []Day // days of a weekend that are worked
	Place   Place
}

// Holiday is some days off, both ends included.
type Holiday struct {
	Name     string // 春节
	From, To Day
}

// Knows reports whether the year of a day is in the calendar.
func (c *Calendar) Knows(d Day) bool { return c.year(d) != nil }

// Workday reports whether a day is worked. In a year the calendar does not know it is
// Monday to Friday: ask Knows, and warn.
func (c *Calendar) Workday(d Day) bool {
	if y := c.year(d); y != nil {
		if slices.Contains(y.Work, d) {
			return true
		}
		if slices.ContainsFunc(y.Rest, func(h Holiday) bool { return h.From <= d && d <= h.To }) {
			return false
		}
	}
	w := d.Time(time.UTC).Weekday()
	return w != time.Saturday && w != time.Sunday
}

// Years lists the years it knows, from the earliest.
func (c *Calendar) Years() []*Year {
	if c == nil {
		return nil
	}
	out := make([]*Year, 0, len(c.years))
	for _, y := range c.years {
		out = append(out, y)
	}
	slices.SortFunc(out, func(a, b *Year) int { return a.Year - b.Year })
	return out
}

func (c *Calendar) year(d Day) *Year {
	if c == nil {
		return nil
	}
	return c.years[d.Year()]
}

// Days says on which days a duty is done.
type Days string

// The kinds of days, as written in duties[].days.
const (
	DaysAll  Days = "all"
	DaysWork Days = "workdays" // by the statutory calendar
	DaysRest Days = "restdays"
)

// On reports whether a day is one of them.
func (k Days) On(c *Calendar, d Day) bool {
	switch k {
	case DaysWork:
		return c.Workday(d)
	case DaysRest:
		return !c.Workday(d)
	}
	return true
}

// maxRest is more days than can pass without a workday, or without a day off.
const maxRest = 40

// Next returns the duty's first slot after a moment in a street: by its cron line, on one
// of its days. It is zero when there is none within sight.
func (d *Duty) Next(s *Street, after time.Time) time.Time {
	for slot := d.Schedule.Next(after.In(s.Location)); !slot.IsZero(); slot = d.Schedule.Next(slot) {
		day := s.Day(slot)
		if d.Days.On(s.Calendar, day) {
			return slot
		}
		for range maxRest { // a day that is left out is left out as a whole
			if day = day.Add(1); d.Days.On(s.Calendar, day) {
				break
			}
		}
		slot = day.Time(s.Location).Add(-time.Second)
	}
	return time.Time{}
}

// End returns the last day on which a duty of the run is done: the run's own, or that of
// the form it is about, whichever comes first. A duty about no form of a run without an
// end lasts as long as the last of the pack's forms. "" = it has no end.
func (r Run) End(d *Duty) Day {
	end := r.To
	if f := r.Pack.Form(d.Form); f != nil {
		if f.Until != "" && (end == "" || f.Until < end) {
			end = f.Until
		}
		return end
	}
	if end != "" {
		return end
	}
	for _, f := range r.Pack.Forms {
		if f.Until == "" {
			return ""
		}
		end = max(end, f.Until)
	}
	return end
}

// readYear reads a file of calendar/.
func readYear(top value) *Year {
	o := top.object()
	defer o.close()
	y := &Year{Place: top.at}
	year := o.get("year").need()
	y.Year = year.number(0, 1949, 2200)
	for _, v := range o.get("sources").need().items() {
		y.Sources = append(y.Sources, v.text())
	}
	for _, v := range o.get("rest").need().items() {
		y.Rest = append(y.Rest, readHoliday(v, y.Year))
	}
	for _, v := range o.get("work").items() {
		d := v.day()
		v.within(d, y.Year)
		switch w := d.Time(time.UTC).Weekday(); {
		case d == "":
		case w != time.Saturday && w != time.Sunday:
			v.problem(v.at, string(d)+"不是周末，本来就上班", "work 里只写要上班的周末")
		case slices.ContainsFunc(y.Rest, func(h Holiday) bool { return h.From <= d && d <= h.To }):
			v.problem(v.at, string(d)+"又放假又上班", "留一处")
		}
		y.Work = append(y.Work, d)
	}
	return y
}

func readHoliday(v value, year int) Holiday {
	o := v.object()
	defer o.close()
	h := Holiday{Name: o.get("name").need().text()}
	from, to := o.get("from").need(), o.get("to").need()
	h.From, h.To = from.day(), to.day()
	from.within(h.From, year)
	to.within(h.To, year)
	if h.From != "" && h.To != "" && h.From > h.To {
		to.problem(to.at, "结束日"+string(h.To)+"早于开始日"+string(h.From), "改成不早于开始日")
	}
	return h
}

// within reports a day of another year than the file's: it would never be looked up.
func (v value) within(d Day, year int) {
	if d != "" && year != 0 && d.Year() != year {
		v.problem(v.at, string(d)+"不在"+strconv.Itoa(year)+"年", "每年一个文件")
	}
}

// readYears reads a folder of calendar files; "." is the built-in one, whose years are
// overridden by the office's own.
func (l *loader) readYears(fsys fs.FS, dir string) {
	own := make(map[int]Place)
	for _, name := range l.yamlFiles(fsys, dir) {
		data, ok := l.readFile(fsys, name)
		if !ok {
			continue
		}
		r, top := read(name, data, l.lookup, l.report)
		y := readYear(top)
		if y.Year == 0 {
			continue
		}
		if other, taken := own[y.Year]; taken {
			r.problem(r.placeOf("year"), strconv.Itoa(y.Year)+"年在 "+other.File+" 里已经有了", "每年一个文件")
			continue
		}
		own[y.Year] = y.Place
		l.calendar.years[y.Year] = y
	}
}

// checkYears warns of years whose holidays a run of the street needs and nobody has
// written: there, workdays are Monday to Friday.
func checkYears(d *draft) {
	for i, r := range d.street.Runs {
		if r.Pack == nil || r.From == "" {
			continue
		}
		need := slices.IndexFunc(r.Pack.Duties, func(x *Duty) bool { return x.Days != DaysAll })
		if need < 0 {
			continue
		}
		duty := r.Pack.Duties[need]
		last := r.From.Year()
		if end := r.End(duty); end != "" {
			last = end.Year()
		}
		for year := r.From.Year(); year <= last; year++ {
			if d.street.Calendar.Knows(firstDay(year)) {
				continue
			}
			name := strconv.Itoa(year)
			d.warn(d.placeOf("packs.%d.name", i), "没有"+name+"年的放假安排，任务 "+duty.Name()+" 会把星期一到星期五都当工作日",
				"国务院通知出来后写进 calendar/"+name+".yaml")
		}
	}
}

func firstDay(year int) Day {
	return Day(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format(dayLayout))
}
