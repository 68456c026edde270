package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/handlers"
	"juwei/store"
)

// offered is to how many people a shift is offered at once: a few, not everybody.
const offered = 5

// cover is /替 V31. From who is on the shift: I can't, find somebody. From anybody else: I
// stand in for who can't. Until then the first stays on.
func (f *Family) cover(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	id, rest, ok := shiftNo(c.Rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("替哪一班？请带上编号。", "例：/替 V31")
	}
	s, err := f.pick(ctx, c, id)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if s.started(c.At) {
		return handlers.Outcome{}, handlers.Refusef("请直接打电话找人。", "%s已经开始，来不及找人替了。", s.id)
	}
	who := c.Person.UserID
	if x, ok := readWho(&c.Desk, rest); ok && manages(&c.Desk, s, c.Person) { // for somebody without an account
		who = x
	}
	i := s.taker(who)
	if i < 0 {
		return f.standIn(ctx, c, s)
	}
	if strings.Contains(rest, "不用") || strings.Contains(rest, "撤") {
		s.Takers[i].Cover = false
		out := f.keep(&c.Desk, s)
		out.Reply = handlers.Say(s.id + " 不找人替了，您照旧。")
		return out, nil
	}
	all, off, err := f.everybody(ctx, &c.Desk, s)
	if err != nil {
		return handlers.Outcome{}, err
	}
	fit := mayCover(&c.Desk, s, all, off)
	s.Takers[i].Cover = true
	out := f.keep(&c.Desk, s)
	if len(fit) > offered {
		fit = fit[:offered]
	}
	out.Pushes = f.offer(&c.Desk, s, fit, title(&c.Desk, who)+"去不了")
	out.Pushes = append(out.Pushes, tell(&c.Desk, c.Person.UserID, handlers.CaseCard,
		fmt.Sprintf("%s %s去不了，已私下问%d位歇够的。", s.name(c.Street), title(&c.Desk, who), len(fit)), slices.DeleteFunc(coordinators(&c.Desk, s), func(id string) bool { return slices.Contains(fit, id) })...)...)
	out.Reply = handlers.Say(fmt.Sprintf("已私下问%d位歇够的人，有人接了告诉您。没人接前，%s还是%s的。", len(fit), s.id, meOr(c, who)))
	if len(fit) == 0 {
		out.Reply = handlers.Say(fmt.Sprintf("能上又歇够的人一个也没有，已告诉联系人。没人接前，%s还是%s的。", s.id, meOr(c, who)))
	}
	return out, nil
}

// offer asks people in private, each by himself; nobody hears who else was asked.
func (f *Family) offer(d *handlers.Desk, s *Shift, to []string, why string) []store.Push {
	var out []store.Push
	for _, id := range to {
		out = append(out, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Content{
			Text: fmt.Sprintf("%s %s，您能替吗？能就回：/替 %s；不方便不用回。", s.name(d.Street), why, s.id),
			Card: &handlers.Card{
				Task: fmt.Sprintf("cover-%s-%d-%s", s.id, s.rev, id), Title: "您能替一班吗", Desc: s.what(), Body: s.name(d.Street) + "。不方便不用回。",
				Buttons: []handlers.Button{{Text: "我来替", Line: "/替 " + s.id, Primary: true}},
			},
		}, d.At))
	}
	return out
}

// standIn puts the speaker in the place of who can't.
func (f *Family) standIn(ctx context.Context, c *handlers.Call, s *Shift) (handlers.Outcome, error) {
	i := slices.IndexFunc(s.Takers, func(t Taker) bool { return t.Cover })
	if i < 0 {
		if s.open() > 0 {
			return handlers.Outcome{}, handlers.Refusef("直接报名：/报名 "+s.id, "%s没有人要替，还缺%d个。", s.id, s.open())
		}
		return handlers.Outcome{}, handlers.Refusef("没人时才来，发：/报名 "+s.id+" 候补", "%s没有人要替，或者已经有人替了。谢谢您！", s.id)
	}
	gone := s.Takers[i]
	h, err := handOf(ctx, &c.Desk, gone.Who)
	if err != nil {
		return handlers.Outcome{}, err
	}
	s.Takers = slices.Delete(s.Takers, i, i+1)
	own, err := f.seat(ctx, c, s, c.Person.UserID, "")
	if err != nil {
		return handlers.Outcome{}, err
	}
	h.drop(s.id)
	out := f.keep(&c.Desk, s)
	out.Changes = append(out.Changes, h.put(), own.put(), f.watch(&c.Desk, s))
	out.Reply = handlers.Say(fmt.Sprintf("已记 %s 您来替%s，谢谢！", s.name(c.Street), title(&c.Desk, gone.Who)))
	out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s %s替%s了。", s.name(c.Street), c.Person.Title, title(&c.Desk, gone.Who)), gone.Who, s.By)
	return out, nil
}

// everybody reads all hands, and who is on leave on the shift's day.
func (f *Family) everybody(ctx context.Context, d *handlers.Desk, s *Shift) (map[string]*Hand, func(who string) bool, error) {
	b := d.Read()
	cells, rests := b.All(hands), b.All(leaves)
	if err := b.Run(ctx); err != nil {
		return nil, nil, fmt.Errorf("read hands: %w", err)
	}
	all, err := openHands(*cells)
	if err != nil {
		return nil, nil, err
	}
	off, err := openLeaves(*rests)
	if err != nil {
		return nil, nil, err
	}
	return all, func(who string) bool { return off[who].covers(d.Street, s.From, s.To) }, nil
}
