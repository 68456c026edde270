package cases

import (
	"fmt"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// clock counts a case's time: day and night, or in the hours of the day that its pack does
// not call quiet.
type clock struct {
	street   *config.Street
	work     bool
	from, to config.Clock
}

func clockOf(s *config.Street, p *config.Pack, t *config.CaseType) clock {
	c := clock{street: s, work: t.Work, from: 8 * 60, to: 20 * 60}
	if p != nil && p.Budget.QuietTo < p.Budget.QuietFrom {
		c.from, c.to = p.Budget.QuietTo, p.Budget.QuietFrom
	}
	return c
}

// add is the moment when a length of time has passed on the clock.
func (c clock) add(at time.Time, d time.Duration) time.Time {
	if !c.work {
		return at.Add(d)
	}
	for day := c.street.Day(at); ; day = day.Add(1) {
		open, shut := c.street.At(day, c.from), c.street.At(day, c.to)
		if at.Before(open) {
			at = open
		}
		if room := shut.Sub(at); room > 0 {
			if d <= room {
				return at.Add(d)
			}
			d -= room
		}
	}
}

// between is how much time passed on the clock.
func (c clock) between(a, b time.Time) time.Duration {
	if !b.After(a) {
		return 0
	}
	if !c.work {
		return b.Sub(a)
	}
	var sum time.Duration
	for day := c.street.Day(a); day <= c.street.Day(b); day = day.Add(1) {
		from, to := c.street.At(day, c.from), c.street.At(day, c.to)
		if from.Before(a) {
			from = a
		}
		if to.After(b) {
			to = b
		}
		if to.After(from) {
			sum += to.Sub(from)
		}
	}
	return sum
}

// held is how long each side had the ball.
func (f *Family) held(d *handlers.Desk, k *Case) map[Side]time.Duration {
	c := f.clock(d.Street, k)
	out := map[Side]time.Duration{}
	for i, s := range k.Spans {
		until := d.At
		if i+1 < len(k.Spans) {
			until = time.Unix(k.Spans[i+1].From, 0)
		}
		if s.Side != Nobody {
			out[s.Side] += c.between(time.Unix(s.From, 0), until)
		}
	}
	return out
}

// heldText is 梅园2小时10分，街道24小时; who held nothing is not named.
func (f *Family) heldText(d *handlers.Desk, k *Case) string {
	held := f.held(d, k)
	if k.officeOwned(d) {
		held[Owner], held[Street] = 0, held[Owner]+held[Street]
	}
	var parts []string
	if t := held[Owner]; t >= time.Minute {
		parts = append(parts, k.Unit+length(t))
	}
	if t := held[Street]; t >= time.Minute {
		parts = append(parts, "街道"+length(t))
	}
	if len(parts) == 0 {
		return length(0)
	}
	return strings.Join(parts, "，")
}

// officeOwned reports whether nobody of the unit owns the case: then the street always has
// the ball.
func (k *Case) officeOwned(d *handlers.Desk) bool {
	for _, id := range k.Owners {
		if p, ok := person(d, id); ok && p.Unit != "" && p.Unit == k.Unit {
			return false
		}
	}
	return true
}

func (f *Family) clock(s *config.Street, k *Case) clock {
	return clockOf(s, pack(s, k), typ(s, k))
}

// length says a length of time: 2小时10分, 45分钟, 3天.
func length(d time.Duration) string {
	if d < time.Minute {
		return "不到1分钟"
	}
	m := int(d / time.Minute)
	h := m / 60
	switch {
	case h == 0:
		return fmt.Sprintf("%d分钟", m)
	case h >= 72 && h%24 == 0 && m%60 == 0:
		return fmt.Sprintf("%d天", h/24)
	case m%60 == 0:
		return fmt.Sprintf("%d小时", h)
	}
	return fmt.Sprintf("%d小时%d分", h, m%60)
}

// date says a moment so that it is still right tomorrow: 2月15日17:00. For what is said to
// others, who may hear it later.
func date(d *handlers.Desk, sec int64) string {
	day, clock := dayTime(d, sec)
	return day.Label() + clock
}

// dayTime is a day and the time of that day. Midnight belongs to the day that ends with it:
// 今晚24:00, not 明天00:00.
func dayTime(d *handlers.Desk, sec int64) (config.Day, string) {
	day, clock := dayOf(d, sec), time.Unix(sec, 0).In(d.Street.Location).Format("15:04")
	if clock == "00:00" {
		return day.Add(-1), "24:00"
	}
	return day, clock
}

// when says a moment: 今天18:00, 明天9:00, 2月15日17:00.
func when(d *handlers.Desk, sec int64) string {
	day, clock := dayTime(d, sec)
	word := day.Label()
	switch {
	case day == d.Day && clock == "24:00":
		word = "今晚"
	case day == d.Day:
		word = "今天"
	case day == d.Day.Add(1):
		word = "明天"
	}
	return word + clock
}

// stand stops the owner's clock: what is left waits for the ball.
func (f *Family) stand(d *handlers.Desk, k *Case) {
	if k.Due == 0 {
		return
	}
	due := time.Unix(k.Due, 0)
	c := f.clock(d.Street, k)
	k.Left = int64(c.between(d.At, due) / time.Second)
	if due.Before(d.At) {
		k.Left = -int64(c.between(due, d.At) / time.Second)
	}
	k.Due = 0
}

// run starts the owner's clock again with what was left, but at least an hour: nobody gets
// back a case that is overdue already.
func (f *Family) run(d *handlers.Desk, k *Case) {
	left := max(time.Duration(k.Left)*time.Second, time.Hour)
	k.Due = f.clock(d.Street, k).add(d.At, left).Unix()
	k.Left = 0
	k.Told &^= toldHalf | toldDue | toldLeader
}
