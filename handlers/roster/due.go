package roster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/handlers"
	"juwei/store"
)

// The kinds of due items.
const (
	dueShift = "shift"       // a shift's next moment; id = its number
	dueCare  = "care"        // a morning on which to look who should rest; id = the day
	dueWeek  = "material"    // a Monday after something was sent in; id = the day
	dueHours = "shift-hours" // a Monday after hours were claimed; id = the day
)

// Which alarms of a shift have rung.
const (
	toldSoon  = 1 << iota // those on it were reminded
	toldEarly             // nobody has taken it: the centre, those in reserve
	toldLate              // the duty desk
	toldAsked             // a request nobody has met: the area's leader
)

// alarm is one moment of a shift.
type alarm struct {
	at   int64
	flag int
	ring func(f *Family, d *handlers.Desk, s *Shift) []store.Push
}

// alarms are the moments a shift still has before it.
func (f *Family) alarms(d *handlers.Desk, s *Shift) []alarm {
	_, r := post(d.Street, s)
	sec := func(t time.Duration) int64 { return int64(t / time.Second) }
	var out []alarm
	add := func(flag int, at int64, ring func(*Family, *handlers.Desk, *Shift) []store.Push) {
		if s.Told&flag == 0 {
			out = append(out, alarm{awake(d, at), flag, ring})
		}
	}
	if !s.Off && !s.started(d.At) {
		add(toldSoon, s.From-sec(r.Remind), (*Family).soon)
		add(toldEarly, s.From-sec(r.Early), (*Family).untaken)
		add(toldLate, s.From-sec(r.Late), (*Family).lacking)
		if s.Asked {
			add(toldAsked, s.At+sec(r.Asked), nil) // unmet, which has to see the request's other days
		}
	}
	return append(out, alarm{at: s.To + sec(retire)})
}

// next is a shift's next moment.
func (f *Family) next(d *handlers.Desk, s *Shift) time.Time {
	var first int64
	for _, a := range f.alarms(d, s) {
		if first == 0 || a.at < first {
			first = a.at
		}
	}
	return unix(first)
}

// moment is a shift's due item: everything of it whose time has come.
func (f *Family) moment(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	d := &it.Desk
	s, err := load(ctx, d, it.ID)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if s == nil {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	if d.At.Unix() >= s.To+int64(retire/time.Second) {
		return handlers.Outcome{
			Changes: []store.Change{store.Delete(shifts, s.id, s.rev), store.Put(past, s.id, store.Any, s.encode()), store.DueDone(dueShift, s.id)},
			Audit:   handlers.Audit{Unit: s.Unit, Record: s.id, Rev: s.rev},
		}, nil
	}
	var pushes []store.Push
	for _, a := range f.alarms(d, s) {
		if a.flag != 0 && a.at <= d.At.Unix() {
			s.Told |= a.flag
			if a.ring != nil {
				pushes = append(pushes, a.ring(f, d, s)...)
				continue
			}
			said, err := f.unmet(ctx, d, s)
			if err != nil {
				return handlers.Outcome{}, err
			}
			pushes = append(pushes, said...)
		}
	}
	out := f.keep(d, s)
	out.Pushes = pushes
	return out, nil
}

// soon reminds each of those on a shift of it, in private.
func (f *Family) soon(d *handlers.Desk, s *Shift) []store.Push {
	var out []store.Push
	for _, t := range s.Takers {
		if reachable(d, t.Who) {
			out = append(out, handlers.PushRecipe(handlers.ToPerson(t.Who), handlers.Nudge, recipeRemind, map[string]string{"id": s.id}, d.At))
		}
	}
	return out
}

func (f *Family) renderRemind(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	d := &s.Desk
	x, err := load(ctx, d, s.Args["id"])
	if err != nil {
		return handlers.Content{}, err
	}
	who := strings.TrimPrefix(string(s.To), "user:")
	if x == nil || x.Off || x.taker(who) < 0 || x.started(d.At) {
		return handlers.Content{}, &handlers.Moot{Why: "这一班换人了、撤了或已经开始"}
	}
	return handlers.Say(fmt.Sprintf("提醒您：%s。去不了早点说：/替 %s", x.name(d.Street), x.id)), nil
}

// untaken asks those in reserve, and tells the co-ordinators, that a shift lacks people.
func (f *Family) untaken(d *handlers.Desk, s *Shift) []store.Push {
	if s.open() == 0 {
		return nil
	}
	var out []store.Push
	reserve := ""
	for _, t := range s.Reserve {
		reserve += "、" + title(d, t.Who)
		if reachable(d, t.Who) {
			out = append(out, handlers.PushAt(handlers.ToPerson(t.Who), handlers.CaseCard,
				handlers.Say(fmt.Sprintf("%s 还缺%d。您说过没人就来：能来回：/报名 %s；不方便不用回。", s.name(d.Street), s.open(), s.id)), d.At))
		}
	}
	text := fmt.Sprintf("%s 还缺%d。", s.name(d.Street), s.open())
	if reserve != "" {
		text += "候补（只有您看得到）：" + strings.TrimPrefix(reserve, "、") + "，已去问。"
	}
	but := ""
	if d.At.Sub(unix(s.At)) < half { // who has just asked knows
		but = s.By
	}
	return append(out, tell(d, but, handlers.CaseCard, text, coordinators(d, s)...)...)
}

// lacking tells the duty desk.
func (f *Family) lacking(d *handlers.Desk, s *Shift) []store.Push {
	if s.open() == 0 {
		return nil
	}
	return tell(d, "", handlers.CaseCard, fmt.Sprintf("%s 还缺%d，%s就要开始。请从支援力量里调：/支援 %s 单位几人", s.name(d.Street), s.open(), clockText(unix(s.From).In(d.Street.Location)), or(s.Unit, "街道")),
		ids(d.Dir.DutyDesk(d.Street))...)
}

// unmet tells the leader of the area that a request has found nobody, in one line for all its
// days: its first day that still lacks somebody speaks for the others.
func (f *Family) unmet(ctx context.Context, d *handlers.Desk, s *Shift) ([]store.Push, error) {
	if s.open() == 0 {
		return nil, nil
	}
	list, err := live(ctx, d)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(o *Shift) bool {
		return !o.Asked || o.At != s.At || o.By != s.By || o.Unit != s.Unit || o.Off || o.started(d.At) || o.open() == 0
	})
	slices.SortFunc(list, func(a, b *Shift) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.id, b.id)) })
	if len(list) == 0 || list[0].id != s.id {
		return nil, nil
	}
	lack := fmt.Sprintf("还缺%d", s.open())
	if last := list[len(list)-1]; len(list) > 1 {
		open := 0
		for _, o := range list {
			open += o.open()
		}
		lack = fmt.Sprintf("到%s（%s）%d班还缺%d", unix(last.From).In(d.Street.Location).Format("1/2"), last.id, len(list), open)
	}
	_, r := post(d.Street, s)
	return tell(d, "", handlers.CaseCard, fmt.Sprintf("%s要人 %s 满%s小时，%s。", or(s.Unit, "街道"), s.name(d.Street), trim(r.Asked), lack), chief(d, s.Unit)), nil
}
