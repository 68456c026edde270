package config

import (
	"strings"
	"time"
)

// readRosters reads the part of a pack that is about rosters and care.
func readRosters(o *object) Rosters {
	v := o.get("rosters")
	r := Rosters{Rest: 11 * time.Hour, Row: 7, Alarm: 10, Remind: 2 * time.Hour, Early: 3 * time.Hour, Late: time.Hour, Asked: 12 * time.Hour, Place: v.at}
	if v.missing {
		return r
	}
	x := v.object()
	defer x.close()
	span := func(key string, otherwise time.Duration) time.Duration {
		if d := x.get(key).span(); d > 0 {
			return d
		}
		return otherwise
	}
	r.Rest, r.Remind = span("rest", r.Rest), span("remind", r.Remind)
	r.Early, r.Late, r.Asked = span("early", r.Early), span("late", r.Late), span("asked", r.Asked)
	r.Row, r.Alarm = x.get("days_in_a_row").number(r.Row, 1, 14), x.get("alarm").number(r.Alarm, 1, 60)
	r.Office, r.Centre = x.get("office").text(), x.get("centre").text()
	for _, w := range x.get("posts").need().items() {
		r.Posts = append(r.Posts, readPost(w))
	}
	if h := x.get("hours"); !h.missing {
		r.Hours = readHours(h)
	}
	checkRosters(x.reader, r)
	return r
}

func readPost(v value) *Post {
	o := v.object()
	defer o.close()
	p := &Post{Place: v.at}
	p.Name = o.get("name").need().word()
	p.Kind = PostKind(o.get("kind").oneOf(string(PostVolunteer), texts(PostKinds())...))
	p.Words = o.get("words").texts()
	for _, w := range o.get("slots").need().items() {
		p.Slots = append(p.Slots, w.slot())
	}
	p.Need, p.Most = o.get("need").number(1, 1, 60), o.get("most").number(30, 1, 60)
	p.Warn = o.get("warn").number(10, 1, 60)
	if p.Length = o.get("longest").span(); p.Length == 0 {
		p.Length = 12 * time.Hour
		if p.Kind == PostVolunteer {
			p.Length = 6 * time.Hour
		}
	}
	for _, w := range o.get("who").items() {
		p.Who = append(p.Who, Role(w.oneOf("", texts(Roles())...)))
	}
	p.Nights = o.get("nights").number(0, 0, 31)
	return p
}

// slot returns the hours of a shift such as 08:00-12:00 or 22:00-06:00.
func (v value) slot() Slot {
	s, ok := v.scalar("几点到几点，如 08:00-12:00")
	if !ok {
		return Slot{}
	}
	a, b, ok := strings.Cut(s, "-")
	from, err := ParseClock(a)
	to, err2 := ParseClock(b)
	if !ok || err != nil || err2 != nil || from == to {
		v.wrong("几点到几点，如 08:00-12:00")
		return Slot{}
	}
	return Slot{from, to}
}

func readHours(v value) *HoursTable {
	o := v.object()
	defer o.close()
	t := &HoursTable{Name: o.get("name").need().text()}
	for _, w := range o.get("columns").need().items() {
		c := w.object()
		t.Columns = append(t.Columns, HoursColumn{
			Header: c.get("header").need().text(), Value: c.get("value").need().oneOf("", hoursValues...),
		})
		c.close()
	}
	return t
}
