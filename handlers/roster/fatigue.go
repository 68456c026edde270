package roster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// planOf gathers what a rotation is made of: the shifts of the next week, everybody's own,
// who rests.
func (f *Family) planOf(ctx context.Context, d *handlers.Desk) (plan, error) {
	b := d.Read()
	cells, own, rests := b.All(shifts), b.All(hands), b.All(leaves)
	if err := b.Run(ctx); err != nil {
		return plan{}, fmt.Errorf("read rosters: %w", err)
	}
	p := plan{street: d.Street}
	var err error
	if p.shifts, err = openShifts(*cells); err != nil {
		return p, err
	}
	p.shifts = slices.DeleteFunc(p.shifts, func(s *Shift) bool { return s.Off || s.started(d.At) })
	if p.hands, err = openHands(*own); err != nil {
		return p, err
	}
	if p.rests, err = openLeaves(*rests); err != nil {
		return p, err
	}
	for _, x := range d.Street.People {
		p.pool = append(p.pool, x.UserID)
	}
	p.rules = func(s *Shift) (*config.Post, config.Rosters) { return post(d.Street, s) }
	p.fit = func(s *Shift, who string) bool {
		x, _ := post(d.Street, s)
		return eligible(d, x, who)
	}
	p.rank = func(s *Shift, who string) int {
		h := p.hands[who]
		if h == nil {
			h = &Hand{}
		}
		x, _ := post(d.Street, s)
		return rank(d, x, s.Unit, who, h)
	}
	return p, nil
}

func (p plan) served(d *handlers.Desk, who string) int {
	if h := p.hands[who]; h != nil {
		return h.now(d.Street, d.Day)
	}
	return 0
}

// worn are those on duty for so many days in a row or more, in a fixed order.
func (p plan) worn(d *handlers.Desk, alarm int) []string {
	var out []string
	for _, who := range sorted(p.hands) {
		if p.served(d, who) >= alarm {
			out = append(out, who)
		}
	}
	return out
}

// ownRow tells somebody how long he has been on; who is on no list is told that, and not 0.
func ownRow(days int) string {
	if days == 0 {
		return "近来没有您的排班，连续几天我算不出，也不用报。"
	}
	return fmt.Sprintf("您连续在岗%d天（按排班算，不用报）。", days)
}

// rota is /轮休: one's own; for the care office who should rest and who could stand in;
// for those who lead or inspect, counts.
func (f *Family) rota(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	d := &c.Desk
	p, err := f.planOf(ctx, d)
	if err != nil {
		return handlers.Outcome{}, err
	}
	r := rules(c.Street)
	if cares(d, c.Person) && c.Private() {
		if strings.Contains(c.Rest, "定") {
			return f.askRelief(d, p)
		}
		return f.rotaWhole(d, p, r), nil
	}
	office, _ := carers(d)
	if c.Person.Has(config.RoleLeader, config.RoleAreaLeader, config.RoleDiscipline, config.RoleDutyDesk, config.RoleInspector, config.RoleOffice, config.RoleParty, config.RoleAdmin) || !c.Private() {
		return handlers.Answer(fmt.Sprintf("今天轮休%d人，连续在岗满%d天%d人，已排轮休%d人。是谁只有%s知道。", p.resting(c.Day), r.Alarm, len(p.worn(d, r.Alarm)), p.eased(d, r.Alarm), office)), nil
	}
	lines := []string{ownRow(p.served(d, c.Person.UserID))}
	var own []string
	for _, x := range p.rests[c.Person.UserID].Days {
		if x >= c.Day {
			own = append(own, x.Label())
		}
	}
	if len(own) > 0 {
		lines = append(lines, "记着的轮休："+strings.Join(own, "、")+"。不歇了发：/休 撤")
	} else {
		lines = append(lines, "想歇发：/休 2.16 1天；太累发：/累。只有"+office+"看得到。")
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	out.Sealed = keyCare
	return out, nil
}

// resting is how many rest on a day; eased how many of the worn have a day of rest before them.
func (p plan) resting(day config.Day) int {
	n := 0
	for _, l := range p.rests {
		if slices.Contains(l.Days, day) {
			n++
		}
	}
	return n
}

func (p plan) eased(d *handlers.Desk, alarm int) int {
	n := 0
	for _, who := range p.worn(d, alarm) {
		if slices.ContainsFunc(p.rests[who].Days, func(x config.Day) bool { return x >= d.Day }) {
			n++
		}
	}
	return n
}

// rotaWhole is what the care office sees; that it looked is audited.
func (f *Family) rotaWhole(d *handlers.Desk, p plan, r config.Rosters) handlers.Outcome {
	var worn, want, call []string
	for _, who := range p.worn(d, r.Alarm) {
		worn = append(worn, fmt.Sprintf("%s（%d天）", title(d, who), p.served(d, who)))
	}
	for _, who := range slices.Sorted(maps.Keys(p.rests)) {
		var own []string
		for _, x := range p.rests[who].Days {
			if x >= d.Day && x <= d.Day.Add(7) {
				own = append(own, x.Time(d.Street.Location).Format("1/2"))
			}
		}
		if len(own) > 0 {
			want = append(want, title(d, who)+" "+strings.Join(own, " "))
		}
		if at := p.rests[who].Call; at > d.At.Add(-24*time.Hour).Unix() {
			call = append(call, title(d, who))
		}
	}
	var lines []string
	for _, part := range []struct {
		head string
		list []string
	}{{"请今天打电话", call}, {fmt.Sprintf("连续在岗满%d天", r.Alarm), worn}, {"七天内轮休", want}} {
		if len(part.list) > 0 {
			lines = append(lines, part.head+"："+strings.Join(part.list, "、"))
		}
	}
	reliefs := p.propose()
	for _, x := range reliefs {
		lines = append(lines, x.line(d))
	}
	if len(lines) == 0 {
		lines = append(lines, "没有记着的轮休，也没有人连续在岗太久。")
	}
	if slices.ContainsFunc(reliefs, func(x Relief) bool { return x.To != "" }) {
		lines = append(lines, "照这样去问：/轮休 定。没人接前岗位照旧。")
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	out.Sealed = keyCare
	out.Audit = handlers.Audit{Record: "轮休/看"}
	return out
}

// askRelief asks those proposed, each in private. Until one says yes the shift stays with
// who has it.
func (f *Family) askRelief(d *handlers.Desk, p plan) (handlers.Outcome, error) {
	var touched []*Shift
	var pushes []store.Push
	n := 0
	for _, r := range p.propose() {
		if r.To == "" {
			continue
		}
		r.Shift.Takers[r.Shift.taker(r.From)].Cover = true
		if !slices.Contains(touched, r.Shift) {
			touched = append(touched, r.Shift)
		}
		pushes = append(pushes, f.offer(d, r.Shift, []string{r.To}, "想请您替一班")...)
		n++
	}
	if n == 0 {
		return handlers.Outcome{}, handlers.Refuse("没有可以去问的。", "看方案，发：/轮休")
	}
	out := f.keep(d, touched...)
	out.Pushes = pushes
	out.Reply = handlers.Say(fmt.Sprintf("已私下问%d位，有人接了就换；没人接前照旧。", n))
	out.Sealed = keyCare
	return out, nil
}

// fatigue looks in the morning who has been on duty for too long: the care office hears
// who, the leader of the area how many. It is said on the day the limit is reached and every
// third day after, not daily.
func (f *Family) fatigue(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	d := &it.Desk
	p, err := f.planOf(ctx, d)
	if err != nil {
		return handlers.Outcome{}, err
	}
	r := rules(d.Street)
	var out handlers.Outcome
	if slices.ContainsFunc(slices.Collect(maps.Values(p.hands)), func(h *Hand) bool {
		return slices.ContainsFunc(h.Slots, func(s Slot) bool { return d.Street.Day(unix(s.From)) >= d.Day })
	}) {
		out.Changes = []store.Change{store.DueAt(dueCare, string(d.Day.Add(1)), d.Street.At(d.Day.Add(1), 9*60))}
	}
	var names []string
	areas := map[string]int{}
	for _, who := range p.worn(d, r.Alarm) {
		n := p.served(d, who)
		if (n-r.Alarm)%3 != 0 {
			continue
		}
		names = append(names, fmt.Sprintf("%s（%d天）", title(d, who), n))
		unit := ""
		if x, ok := person(d, who); ok {
			unit = x.Unit
		} else if s := p.hands[who].Slots; len(s) > 0 {
			unit = s[len(s)-1].Unit
		}
		if id := chief(d, unit); id != "" {
			areas[id]++
		}
	}
	if len(names) > 0 {
		office, list := carers(d)
		out.Pushes = confide(d, handlers.CaseCard, fmt.Sprintf("连续在岗满%d天：%s。请安排歇一天，看方案：/轮休", r.Alarm, strings.Join(names, "、")), ids(list)...)
		for _, id := range slices.Sorted(maps.Keys(areas)) {
			out.Pushes = append(out.Pushes, tell(d, "", handlers.CaseCard, fmt.Sprintf("您片区有%d人连续在岗满%d天，请安排轮休；是谁问%s。", areas[id], r.Alarm, office), id)...)
		}
		out.Audit = handlers.Audit{Record: "轮休/提醒"}
	}
	if out.Pure() {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	return out, nil
}
