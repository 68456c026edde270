package roster

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// postOf is the first post of a kind in the packs of the day.
func postOf(d *handlers.Desk, kind config.PostKind) (*config.Post, *config.Pack) {
	for _, p := range d.Packs() {
		if x := p.Rosters.Of(kind); x != nil {
			return x, p
		}
	}
	return nil, nil
}

// desk is /值班: 明天夜 值班室一 值班室二 带班 街道主任. Without names, or from others than those
// who make the list, it shows it.
func (f *Family) desk(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	text := syntax.Normalise(c.Rest)
	var w wish
	w.post, w.pack = postOf(&c.Desk, config.PostDuty)
	if w.post == nil {
		return handlers.Answer("这里不排值班。急事发：/急 哪里 什么事"), nil
	}
	text = w.readDays(&c.Desk, text)
	text = w.readSpan(text)
	remove := false
	lead := false
	var on, above []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，、。:：\n", r) }) {
		switch word {
		case "带班", "带班领导":
			lead = true
			continue
		case "撤", "不排":
			remove = true
			continue
		case "白天", "日班", "白班", "值班", "班":
			continue
		}
		who, ok := readWho(&c.Desk, word)
		if !ok {
			return handlers.Outcome{}, handlers.Refusef("写职务，例：/值班 明天夜 值班室一 带班 街道主任", "名单里没有“%s”，没有排。", handlers.Quote(word))
		}
		if lead {
			above = append(above, who)
		} else {
			on = append(on, who)
		}
	}
	if len(on)+len(above) == 0 {
		return f.whoIsOn(ctx, c)
	}
	if !c.Person.Has(placers...) {
		return handlers.Outcome{}, handlers.Refuse("值班由值班室和党政办排。", "要换班发：/换班 我的编号 他的编号")
	}
	if len(w.days) == 0 {
		w.days = []config.Day{c.Day}
	}
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var touched, fresh []*Shift
	var changes []store.Change
	loaded := map[string]*Hand{}
	for _, day := range w.days {
		for _, part := range []struct {
			kind config.PostKind
			who  []string
		}{{config.PostDuty, on}, {config.PostLead, above}} {
			if len(part.who) == 0 {
				continue
			}
			v := w
			if v.post, v.pack = postOf(&c.Desk, part.kind); v.post == nil {
				return handlers.Answer("这里不排带班。例：/值班 明天夜 值班室一"), nil
			}
			slot := v.slotFor()
			from := c.Street.At(day, slot.From)
			if len(v.post.Slots) > 0 && !from.Add(time.Duration(slot.Minutes())*time.Minute).After(c.At) {
				return handlers.Outcome{}, handlers.Refusef("写以后的时间，例：/值班 明天 值班室一", "%s的班已经过了。", day.Label())
			}
			s := find(list, v.post.Name, from.Unix())
			if s == nil && remove {
				return handlers.Outcome{}, handlers.Refusef("看值班表，发：/谁值班 "+day.Label(), "%s这一班还没有排。", day.Label())
			}
			if s == nil {
				s = &Shift{Pack: v.pack.Name, Post: v.post.Name, From: from.Unix(), To: from.Add(time.Duration(slot.Minutes()) * time.Minute).Unix(),
					Need: v.post.Need, By: c.Person.UserID, At: c.At.Unix(), Told: toldEarly | toldLate}
				fresh = append(fresh, s)
			}
			for _, who := range part.who {
				if remove {
					if err := f.unseat(ctx, c, s, who, loaded); err != nil {
						return handlers.Outcome{}, err
					}
					continue
				}
				if s.taker(who) >= 0 {
					continue
				}
				s.Need = max(s.Need, s.have()+1)
				if err := f.seatOn(ctx, c, s, who, loaded); err != nil {
					return handlers.Outcome{}, err
				}
			}
			touched = append(touched, s)
		}
	}
	if len(fresh) > 0 {
		count, err := create(ctx, &c.Desk, fresh...)
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, s := range fresh { // what was put into hands before the shift had its number
			for _, h := range loaded {
				for i := range h.Slots {
					if h.Slots[i].ID == "" && h.Slots[i].From == s.From && h.Slots[i].Post == s.Post {
						h.Slots[i].ID = s.id
					}
				}
			}
		}
		changes = append(changes, count)
	}
	for _, who := range sorted(loaded) {
		changes = append(changes, loaded[who].put())
	}
	out := f.keep(&c.Desk, touched...)
	out.Changes = append(append(out.Changes, changes...), f.watch(&c.Desk, touched[0]))
	var lines []string
	for i, s := range touched {
		if i == 6 {
			lines = append(lines, fmt.Sprintf("……共%d班", len(touched)))
			break
		}
		lines = append(lines, f.deskLine(&c.Desk, s))
	}
	out.Reply = handlers.Say("值班排好了：\n" + strings.Join(lines, "\n"))
	for _, who := range append(on, above...) {
		word := "排了您"
		if remove {
			word = "不用去了"
		}
		out.Pushes = append(out.Pushes, tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s：%s。换班发：/换班", touched[0].name(c.Street), word), who)...)
	}
	return out, nil
}

// seatOn is seat with the hands of this line kept together: one line may put somebody on
// several days.
func (f *Family) seatOn(ctx context.Context, c *handlers.Call, s *Shift, who string, loaded map[string]*Hand) error {
	p, r := post(c.Street, s)
	if !eligible(&c.Desk, p, who) {
		return handlers.Refusef("能上的："+roleNames(p), "%s不在能上%s岗的人里。", title(&c.Desk, who), p.Name)
	}
	h := loaded[who]
	if h == nil {
		var err error
		if h, err = handOf(ctx, &c.Desk, who); err != nil {
			return err
		}
	}
	off, err := f.restsOn(ctx, &c.Desk, who, s)
	if err != nil {
		return err
	}
	if off {
		return handlers.Refusef("请换一位。", "%s那天不方便，没有记。", title(&c.Desk, who))
	}
	n := s.slot()
	if n.ID == "" { // a new shift has no number yet: each must look different to the others
		n.ID = fmt.Sprintf("+%d", s.From)
	}
	b, days, other := h.check(c.Street, r, p, n)
	if why := refuseBreach(c.Street, r, title(&c.Desk, who), s, b, days, other, who, &c.Desk, ""); why != nil {
		return why
	}
	s.Takers = append(s.Takers, Taker{Who: who, By: c.Person.UserID, At: c.At.Unix()})
	n.ID = s.id
	h.Slots = append(h.Slots, n)
	loaded[who] = h
	return nil
}

// unseat takes somebody off.
func (f *Family) unseat(ctx context.Context, c *handlers.Call, s *Shift, who string, loaded map[string]*Hand) error {
	i := s.taker(who)
	if i < 0 {
		return handlers.Refusef("看这一班，发：/岗位 "+s.id, "%s里没有%s。", s.id, title(&c.Desk, who))
	}
	h := loaded[who]
	if h == nil {
		var err error
		if h, err = handOf(ctx, &c.Desk, who); err != nil {
			return err
		}
	}
	h.drop(s.id)
	loaded[who] = h
	s.Takers = slices.Delete(s.Takers, i, i+1)
	return nil
}

// find is the shift of a post that begins at a moment.
func find(list []*Shift, post string, from int64) *Shift {
	i := slices.IndexFunc(list, func(s *Shift) bool { return !s.Off && s.Post == post && s.From == from })
	if i < 0 {
		return nil
	}
	return list[i]
}

// deskLine is one shift of the duty list: 2/14 20:00–次日8:00 值班室一、值班室二.
func (f *Family) deskLine(d *handlers.Desk, s *Shift) string {
	var who []string
	for _, t := range s.Takers {
		who = append(who, title(d, t.Who))
	}
	p, _ := post(d.Street, s)
	word := ""
	if p.Kind == config.PostLead {
		word = "带班 "
	}
	line := fmt.Sprintf("%s %s %s%s", s.id, s.when(d.Street), word, strings.Join(who, "、"))
	if len(who) == 0 {
		line += "（没有人）"
	}
	return line
}

// whoIsOn is /谁值班: anybody may know who has the desk, and who is on one's own posts.
func (f *Family) whoIsOn(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	day, now := c.Day, true
	if _, _, at, ok := findDay(syntax.Normalise(c.Rest), c.Day.Time(c.Street.Location)); ok && c.Street.Day(at) != c.Day {
		day, now = c.Street.Day(at), false
	}
	night := strings.ContainsAny(c.Rest, "晚夜")
	var lines, own []string
	for _, s := range list {
		running := s.started(c.At) && !s.over(c.At)
		p, _ := post(c.Street, s)
		switch {
		case s.Off || now && !night && !running && !(p.Kind.Central() && s.on(c.Street, day) && !s.over(c.At)),
			night && !(s.on(c.Street, day) && isNight(c.Street, s.slot())), !now && !s.on(c.Street, day):
			continue
		case p.Kind == config.PostDuty || p.Kind == config.PostLead:
			line := f.deskLine(&c.Desk, s)
			if running {
				line = "现在：" + line
			}
			lines = append(lines, line)
		case s.Unit != "" && s.Unit == c.Person.Unit && s.have() > 0:
			var who []string
			for _, t := range s.Takers {
				who = append(who, title(&c.Desk, t.Who))
			}
			if inGroup(c) {
				who = []string{fmt.Sprintf("%d人", s.have())}
			}
			own = append(own, fmt.Sprintf("%s %s %s", s.what(), s.when(c.Street), strings.Join(who, "、")))
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		return strings.Compare(order(a), order(b))
	})
	if len(lines) == 0 {
		var people []string
		for _, p := range c.Dir.DutyDesk(c.Street) {
			people = append(people, p.Title)
		}
		word := day.Label()
		lines = []string{word + "还没有排值班，有事找" + strings.Join(people, "、") + "。"}
		if len(people) == 0 {
			lines = []string{word + "还没有排值班。急事发：/急 哪里 什么事"}
		}
	}
	if len(own) > 5 {
		own = append(own[:5], "……")
	}
	return handlers.Answer(strings.Join(append(lines, own...), "\n")), nil
}

func order(line string) string {
	if strings.HasPrefix(line, "现在") {
		return "0"
	}
	return "1"
}

// OnDuty lists who has the duty desk at the desk's moment, who has it next, and the leader
// on duty behind them: the order in which an emergency calls. It is empty where nobody has
// made a list. It implements handlers.OnDuty.
func (f *Family) OnDuty(ctx context.Context, d *handlers.Desk) ([]string, error) {
	list, err := live(ctx, d)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b *Shift) int { return int(a.From - b.From) })
	var now, next, lead []string
	add := func(to []string, s *Shift) []string {
		for _, t := range s.Takers {
			if reachable(d, t.Who) && !slices.Contains(to, t.Who) {
				to = append(to, t.Who)
			}
		}
		return to
	}
	var after int64
	for _, s := range list {
		p, _ := post(d.Street, s)
		running := s.started(d.At) && !s.over(d.At)
		switch {
		case s.Off || s.over(d.At):
		case p.Kind == config.PostDuty && running:
			now = add(now, s)
		case p.Kind == config.PostDuty && s.From <= d.At.Add(24*time.Hour).Unix() && (after == 0 || s.From == after):
			after = s.From
			next = add(next, s)
		case p.Kind == config.PostLead && running:
			lead = add(lead, s)
		}
	}
	if len(now) == 0 {
		return nil, nil // nobody is on: those of the next shift are asleep, the desk's people are not
	}
	var out []string
	for _, id := range slices.Concat(now, next, lead) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

var (
	asksDuty  = regexp.MustCompile(`谁(在)?值班|哪个值班|谁带班`)
	asksAid   = regexp.MustCompile(`谁来支援|谁支援|支援.*谁`)
	wantsRest = regexp.MustCompile(`撑不住|吃不消|顶不住|太累|累垮|累死|累坏|想歇|歇一天|歇两天|歇歇|休息一天|想休息|想休假|能不能休`)
	saysSelf  = regexp.MustCompile(`^[Vv]\s*\d+.*(我来|我去|我就来|报名|算我)`)
	arrives   = regexp.MustCompile(`^(到了?|离开?了?|我到了|我走了)(\s.{0,16})?$`)
)

// spoken are the lines of everyday speech this family knows.
func (f *Family) spoken(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	if len(rules(c.Street).Posts) == 0 {
		return handlers.Outcome{}, false, nil
	}
	line := strings.TrimSpace(syntax.Normalise(c.Rest))
	if len([]rune(line)) > 60 {
		return handlers.Outcome{}, false, nil
	}
	run := func(g func(context.Context, *handlers.Call) (handlers.Outcome, error)) (handlers.Outcome, bool, error) {
		out, err := g(ctx, c)
		return out, true, err
	}
	switch {
	case c.Private() && (line == "要" || line == "要的" || line == "申请"):
		return f.yes(ctx, c)
	case wantsRest.MatchString(line):
		return run(f.spokenRest)
	case asksDuty.MatchString(line):
		return run(f.whoIsOn)
	case asksAid.MatchString(line):
		return run(f.whoComes)
	case saysSelf.MatchString(line):
		return run(f.join)
	case c.Private() && c.Person.Has(config.RoleVolunteer) && arrives.MatchString(line):
		word := arrives.FindStringSubmatch(line)
		c.Rest = strings.TrimSpace(word[2])
		if strings.ContainsAny(word[1], "离走") {
			return run(f.leave)
		}
		return run(f.come)
	}
	return handlers.Outcome{}, false, nil
}
