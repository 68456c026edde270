package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// join is /报名: V31, V31 候补, V31 志愿者07 志愿者08.
func (f *Family) join(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	id, rest, ok := shiftNo(c.Rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("哪一班？请带上编号。", "看有哪些，发：/岗位")
	}
	s, err := f.pick(ctx, c, id)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if s.over(c.At) {
		return handlers.Outcome{}, handlers.Refusef("看别的，发：/岗位", "%s已经结束了。", s.id)
	}
	reserve := false
	for _, w := range []string{"没人我就来", "没人我来", "没人就来", "没人时", "候补", "备选"} {
		if strings.Contains(rest, w) {
			reserve, rest = true, strings.ReplaceAll(rest, w, " ")
		}
	}
	who, err := f.named(c, s, rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if reserve {
		return f.stand(c, s, who)
	}
	if s.open() < len(who) {
		if left := s.open(); left > 0 {
			return handlers.Outcome{}, handlers.Refusef("少报几个再发一遍。", "%s只缺%d个，写了%d个，没有记。", s.id, left, len(who))
		}
		return handlers.Outcome{}, handlers.Refusef("没人时才来，发：/报名 "+s.id+" 候补", "%s 人已经够了，谢谢您。", s.id)
	}
	var changes []store.Change
	for _, w := range who {
		h, err := f.seat(ctx, c, s, w, "")
		if err != nil {
			return handlers.Outcome{}, err
		}
		changes = append(changes, h.put())
	}
	out := f.keep(&c.Desk, s)
	out.Changes = append(append(out.Changes, changes...), f.watch(&c.Desk, s))
	out.Reply = handlers.Say(fmt.Sprintf("已记 %s%s，谢谢！到了发：/到 走时发：/离\n去不了早点说：/替 %s", s.name(c.Street), f.forOthers(c, who), s.id))
	if !slices.Contains(who, c.Person.UserID) {
		out.Reply = handlers.Say(fmt.Sprintf("已记 %s%s，%s。", s.name(c.Street), f.forOthers(c, who), stillOpen(s)))
	} else if s.open() == 0 && !s.Asked { // of a request for days, each day would be told
		out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, s.name(c.Street)+" 人齐了。", s.By)
	}
	return out, nil
}

func stillOpen(s *Shift) string {
	if n := s.open(); n > 0 {
		return fmt.Sprintf("还缺%d", n)
	}
	return "人齐了"
}

func (f *Family) forOthers(c *handlers.Call, who []string) string {
	if len(who) == 1 && who[0] == c.Person.UserID {
		return ""
	}
	return " " + f.titles(&c.Desk, who)
}

func (f *Family) titles(d *handlers.Desk, who []string) string {
	var out []string
	for _, w := range who {
		out = append(out, title(d, w))
	}
	return strings.Join(out, "、")
}

// named are the people a line names; the speaker, where it names nobody.
func (f *Family) named(c *handlers.Call, s *Shift, rest string) ([]string, error) {
	words := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" ,，、。和", r) })
	words = slices.DeleteFunc(words, func(w string) bool {
		return slices.Contains([]string{"我", "我来", "我去", "我报名", "报名"}, w)
	})
	if len(words) == 0 {
		return []string{c.Person.UserID}, nil
	}
	var out []string
	for _, w := range words {
		who, ok := readWho(&c.Desk, w)
		if !ok {
			return nil, handlers.Refuse("请写代号，不写姓名，没有记。", "例：/报名 "+s.id+" 志愿者07")
		}
		if !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	if !manages(&c.Desk, s, c.Person) && !slices.Equal(out, []string{c.Person.UserID}) {
		return nil, handlers.Refusef("自己报名发：/报名 "+s.id, "%s只能替自己报。", s.id)
	}
	return out, nil
}

// seat puts somebody on a shift, if the rules of rest allow it or somebody has signed.
func (f *Family) seat(ctx context.Context, c *handlers.Call, s *Shift, who, signed string) (*Hand, error) {
	p, r := post(c.Street, s)
	self := who == c.Person.UserID
	name := "您"
	if !self {
		name = title(&c.Desk, who)
	}
	if s.taker(who) >= 0 {
		return nil, handlers.Refusef("看这一班，发：/岗位 "+s.id, "%s已经有%s了。", s.id, name)
	}
	if !eligible(&c.Desk, p, who) {
		return nil, handlers.Refusef("能上的："+roleNames(p), "%s不在能上%s岗的人里。", name, p.Name)
	}
	h, err := handOf(ctx, &c.Desk, who)
	if err != nil {
		return nil, err
	}
	off, err := f.restsOn(ctx, &c.Desk, who, s)
	if err != nil {
		return nil, err
	}
	if off {
		if self {
			return nil, handlers.Refuse("那天您记了轮休，先歇着。", "改主意了，私聊发：/休 撤")
		}
		return nil, handlers.Refusef("请换一位。", "%s那天不方便，没有记。", name)
	}
	n := s.slot()
	b, days, other := h.check(c.Street, r, p, n)
	if why := refuseBreach(c.Street, r, name, s, b, days, other, who, &c.Desk, signed); why != nil {
		return nil, why
	}
	t := Taker{Who: who, At: c.At.Unix()}
	if !self {
		t.By = c.Person.UserID
	}
	if b != Fits {
		t.Signed, n.Signed = signed, true
	}
	s.Takers = append(s.Takers, t)
	s.Reserve = slices.DeleteFunc(s.Reserve, func(x Taker) bool { return x.Who == who })
	h.add(n, c.At)
	return h, nil
}

// refuseBreach says what speaks against a shift, and what can be done.
func refuseBreach(st *config.Street, r config.Rosters, name string, s *Shift, b Breach, days int, other Slot, who string, d *handlers.Desk, signed string) *handlers.Refusal {
	if b == Fits || signed != "" && b != Overlap {
		return nil
	}
	sign := "真没人顶，请带班领导或党政办签字：/签 " + s.id + " " + title(d, who) + " 原因"
	switch b {
	case Overlap:
		return handlers.Refusef("先换开那一班：/替 "+other.ID, "和%s的%s（%s）重了，没有记。", name, other.ID, hoursOf(st, other.From, other.To))
	case Short:
		return handlers.Refusef(sign, "离%s的%s不到%s小时，歇不够，没有记。", name, other.ID, trim(r.Rest))
	case Long:
		return handlers.Refusef(sign, "这是%s连续第%d天，先歇一天，没有记。", name, days)
	}
	return handlers.Refusef(sign, "这是%s连续第%d个夜班，先歇一夜，没有记。", name, days)
}

func roleNames(p *config.Post) string {
	var out []string
	for _, r := range p.Who {
		out = append(out, string(r))
	}
	return strings.Join(out, "、")
}

// stand notes who comes if nobody else does. Only the co-ordinators see it.
func (f *Family) stand(c *handlers.Call, s *Shift, who []string) (handlers.Outcome, error) {
	p, _ := post(c.Street, s)
	for _, w := range who {
		if !eligible(&c.Desk, p, w) {
			return handlers.Outcome{}, handlers.Refusef("能上的："+roleNames(p), "%s不在能上%s岗的人里。", title(&c.Desk, w), p.Name)
		}
		if s.taker(w) < 0 && !slices.ContainsFunc(s.Reserve, func(t Taker) bool { return t.Who == w }) {
			s.Reserve = append(s.Reserve, Taker{Who: w, At: c.At.Unix()})
		}
	}
	out := f.keep(&c.Desk, s)
	out.Reply = handlers.Say(fmt.Sprintf("已记 %s 候补，到时没人我来问您，只有联系人看得到。", s.id))
	return out, nil
}

// sign is /签 V31 志愿者07 为什么: a named person lets somebody work without the rest due.
func (f *Family) sign(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	id, rest, ok := shiftNo(c.Rest)
	word, why, _ := strings.Cut(strings.TrimSpace(rest), " ")
	who, known := readWho(&c.Desk, word)
	if !ok || !known {
		return handlers.Outcome{}, handlers.Refuse("签哪一班、给谁？", "例：/签 V31 志愿者07 没人能顶")
	}
	why = strings.Trim(why, " ,，。")
	if why == "" {
		return handlers.Outcome{}, handlers.Refuse("签字要写为什么，会留底。", "例：/签 "+id+" "+title(&c.Desk, who)+" 没人能顶")
	}
	s, err := f.pick(ctx, c, id)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if who == c.Person.UserID {
		return handlers.Outcome{}, handlers.Refuse("自己的不能自己签。", "请另一位领导签。")
	}
	if s.open() == 0 {
		return handlers.Outcome{}, handlers.Refusef("看这一班，发：/岗位 "+s.id, "%s不缺人，不用签。", s.id)
	}
	h, err := f.seat(ctx, c, s, who, c.Person.UserID)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := f.keep(&c.Desk, s)
	out.Changes = append(out.Changes, h.put(), f.watch(&c.Desk, s))
	out.Audit.Record, out.Audit.Note = s.id+"/签", handlers.Clip(why, 40)
	if !h.slot(s.id).Signed {
		out.Reply = handlers.Say(fmt.Sprintf("%s歇够了，不用签，已上 %s。", title(&c.Desk, who), s.name(c.Street)))
		return out, nil
	}
	out.Reply = handlers.Say(fmt.Sprintf("已签 %s %s，留底。请尽快让他歇一天。", s.name(c.Street), title(&c.Desk, who)))
	out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s %s，%s签了字。请尽快安排歇一天。", s.name(c.Street), title(&c.Desk, who), c.Person.Title),
		append([]string{s.By, who}, carersIDs(&c.Desk)...)...)
	return out, nil
}

// watch makes the care office look at the next nine o'clock who should rest: it is asked
// anew with each shift that somebody takes.
func (f *Family) watch(d *handlers.Desk, s *Shift) store.Change {
	day := d.Day.Add(1)
	if begins := d.Street.Day(unix(s.From)); begins > day {
		day = begins
	}
	return store.DueAt(dueCare, string(day), d.Street.At(day, 9*60))
}

// list is /岗位: what is open and who is on, of a day; or one shift whole.
func (f *Family) list(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if id, _, ok := shiftNo(c.Rest); ok && strings.ContainsAny(strings.ToUpper(c.Rest), "V") {
		s, err := f.pick(ctx, c, id)
		if err != nil {
			return handlers.Outcome{}, err
		}
		return handlers.Answer(f.about(c, s)), nil
	}
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	day, named := c.Day, false
	if _, _, at, ok := findDay(c.Rest, c.Day.Time(c.Street.Location)); ok {
		day, named = c.Street.Day(at), true
	}
	unit := c.Person.Unit
	under := c.Dir.UnitsUnder(c.Street, c.Person)
	var lines []string
	need, have, more := 0, 0, 0
	for _, s := range list {
		mine := s.taker(c.Person.UserID) >= 0
		switch {
		case s.Off || s.over(c.At) || named && !s.on(c.Street, day) || !named && s.From > c.At.Add(36*time.Hour).Unix():
			continue
		case !mine && unit != "" && s.Unit != unit && !c.Person.Has(config.RoleVolunteer),
			!mine && len(under) > 0 && s.Unit != "" && !slices.Contains(under, s.Unit):
			continue
		case c.Person.Has(config.RoleVolunteer) && !mine && s.open() == 0:
			continue
		}
		need, have = need+s.Need, have+min(s.have(), s.Need)
		if len(lines) >= 8 {
			more++
			continue
		}
		line := s.id + " " + s.state(c.Street)
		if mine {
			line += " 有您"
		} else if n := s.open(); n > 0 {
			line += fmt.Sprintf(" 缺%d", n)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		when := "今明两天"
		if named {
			when = day.Label()
		}
		return handlers.Answer(when + "没有挂着的岗位。缺人发：/缺岗 测温 南门 明早8-12 2人"), nil
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("……还有%d班", more))
	}
	lines = append(lines, fmt.Sprintf("共要%d人，有%d人。报名：/报名 编号", need, have))
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

// about is one shift whole. Who is in reserve only the co-ordinators see; in a group of many
// nobody is named.
func (f *Family) about(c *handlers.Call, s *Shift) string {
	line := s.name(c.Street) + fmt.Sprintf(" %d/%d", s.have(), s.Need)
	if inGroup(c) {
		return line
	}
	lines := []string{line}
	var names []string
	for _, t := range s.Takers {
		name := title(&c.Desk, t.Who)
		if t.N > 0 {
			name += fmt.Sprint(t.N)
		}
		if t.Cover {
			name += "（找人替）"
		}
		if t.Signed != "" {
			name += "（" + title(&c.Desk, t.Signed) + "签字）"
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		lines = append(lines, "在岗："+strings.Join(names, "、"))
	}
	if len(s.Reserve) > 0 && c.Private() && slices.Contains(coordinators(&c.Desk, s), c.Person.UserID) {
		names = nil
		for _, t := range s.Reserve {
			names = append(names, title(&c.Desk, t.Who))
		}
		lines = append(lines, "候补（只有您看得到）："+strings.Join(names, "、"))
	}
	return strings.Join(lines, "\n")
}
