package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// swap is /换班 V31 V35: mine for his; it holds when he has said yes. /换班 V31 V35 同意 is
// his yes, where the first number is still the asker's.
func (f *Family) swap(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	mine, rest, ok := shiftNo(c.Rest)
	his, rest, ok2 := shiftNo(strings.TrimLeft(rest, "和跟与换 "))
	if !ok || !ok2 || mine == his {
		return handlers.Outcome{}, handlers.Refuse("哪两班换？先写您的，再写他的。", "例：/换班 V31 V35")
	}
	a, err := f.pick(ctx, c, mine)
	if err != nil {
		return handlers.Outcome{}, err
	}
	b, err := f.pick(ctx, c, his)
	if err != nil {
		return handlers.Outcome{}, err
	}
	for _, s := range []*Shift{a, b} {
		if s.started(c.At) {
			return handlers.Outcome{}, handlers.Refusef("没开始的才能换。", "%s已经开始了。", s.id)
		}
	}
	yes, no := strings.Contains(rest, "同意") && !strings.Contains(rest, "不同意"), strings.Contains(rest, "不")
	if yes || no {
		return f.swapped(ctx, c, a, b, yes)
	}
	i := a.taker(c.Person.UserID)
	if i < 0 {
		return handlers.Outcome{}, handlers.Refusef("先写您自己的那一班。", "%s里没有您。", a.id)
	}
	with, err := f.partner(c, b, rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !reachable(&c.Desk, with) {
		return handlers.Outcome{}, handlers.Refusef("请居民区的同志帮您两个换一下。", "%s没有账号，我问不到他。", title(&c.Desk, with))
	}
	if why, err := f.exchange(ctx, &c.Desk, a, b, c.Person.UserID, with, nil); err != nil {
		return handlers.Outcome{}, err
	} else if why != "" {
		return handlers.Outcome{}, handlers.Refusef("换别的一班试试。", "换了以后%s，没有问他。", why)
	}
	a.Takers[i].Swap, a.Takers[i].With = b.id, with
	out := f.keep(&c.Desk, a)
	line := "/换班 " + a.id + " " + b.id
	card := handlers.Content{
		Text: fmt.Sprintf("%s想和您换班：他的 %s，换您的 %s。\n同意回：%s 同意；不换回：%s 不换", c.Person.Title, a.name(c.Street), b.name(c.Street), line, line),
		Card: &handlers.Card{
			Task: fmt.Sprintf("swap-%s-%s-%d", a.id, b.id, a.rev), Title: "换班", Desc: c.Person.Title + "想和您换班",
			Body:    fmt.Sprintf("他的 %s，换您的 %s", a.name(c.Street), b.name(c.Street)),
			Buttons: []handlers.Button{{Text: "同意", Line: line + " 同意", Primary: true}, {Text: "不换", Line: line + " 不换"}},
		},
	}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(with), handlers.CaseCard, card, c.At)}
	out.Reply = handlers.Say(fmt.Sprintf("已去问%s：您的%s换他的%s。他同意了才算，没同意前照旧。", title(&c.Desk, with), a.id, b.id))
	return out, nil
}

// partner is with whom: the one on the shift, or the one of several that was named.
func (f *Family) partner(c *handlers.Call, b *Shift, rest string) (string, error) {
	var others []string
	for _, t := range b.Takers {
		if t.Who != c.Person.UserID && t.N == 0 {
			others = append(others, t.Who)
		}
	}
	if who, ok := readWho(&c.Desk, rest); ok && slices.Contains(others, who) {
		return who, nil
	}
	switch len(others) {
	case 0:
		return "", handlers.Refusef("还缺人就直接报名：/报名 "+b.id, "%s里没有别人，不用换。", b.id)
	case 1:
		return others[0], nil
	}
	return "", handlers.Refusef("例：/换班 V31 "+b.id+" "+title(&c.Desk, others[0]), "%s有%s，和哪一位换？", b.id, f.titles(&c.Desk, others))
}

// swapped is the other's answer.
func (f *Family) swapped(ctx context.Context, c *handlers.Call, a, b *Shift, yes bool) (handlers.Outcome, error) {
	i := slices.IndexFunc(a.Takers, func(t Taker) bool { return t.Swap == b.id && t.With == c.Person.UserID })
	if i < 0 {
		return handlers.Outcome{}, handlers.Refusef("看这一班，发：/岗位 "+a.id, "没有人要拿%s和您换%s，或者已经换好了。", a.id, b.id)
	}
	asker := a.Takers[i].Who
	a.Takers[i].Swap, a.Takers[i].With = "", ""
	if !yes {
		out := f.keep(&c.Desk, a)
		out.Reply = handlers.Say("好，不换，照旧。")
		out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s这次不方便换，%s您照旧。找人替发：/替 %s", c.Person.Title, a.id, a.id), asker)
		return out, nil
	}
	var both []*Hand
	why, err := f.exchange(ctx, &c.Desk, a, b, asker, c.Person.UserID, &both)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if why != "" {
		return handlers.Outcome{}, handlers.Refusef("照旧，两班都不动。", "现在换的话%s，没有换。", why)
	}
	out := f.keep(&c.Desk, a, b)
	for _, h := range both {
		out.Changes = append(out.Changes, h.put())
	}
	out.Reply = handlers.Say(fmt.Sprintf("换好了：您上 %s，%s上 %s。", a.name(c.Street), title(&c.Desk, asker), b.name(c.Street)))
	out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("换好了：您上 %s，%s上 %s。", b.name(c.Street), c.Person.Title, a.name(c.Street)), asker)
	out.Pushes = append(out.Pushes, tell(&c.Desk, c.Person.UserID, handlers.CaseCard,
		fmt.Sprintf("换班：%s上 %s，%s上 %s。", c.Person.Title, a.name(c.Street), title(&c.Desk, asker), b.name(c.Street)), slices.DeleteFunc([]string{a.By, b.By}, func(id string) bool { return id == asker })...)...)
	return out, nil
}

// exchange says what would be wrong if x gave shift a for y's b, "" if nothing. With both it
// carries it out, and returns the two hands. A swap is never signed: it must fit.
func (f *Family) exchange(ctx context.Context, d *handlers.Desk, a, b *Shift, x, y string, both *[]*Hand) (why string, err error) {
	i, j := a.taker(x), b.taker(y)
	switch {
	case i < 0 || j < 0:
		return "有一边已经不在那一班了", nil
	case a.taker(y) >= 0 || b.taker(x) >= 0:
		return "有一边两班都在", nil
	}
	var list []*Hand
	for _, side := range []struct {
		who       string
		give, get *Shift
	}{{x, a, b}, {y, b, a}} {
		h, err := handOf(ctx, d, side.who)
		if err != nil {
			return "", err
		}
		off, err := f.restsOn(ctx, d, side.who, side.get)
		if err != nil {
			return "", err
		}
		h.drop(side.give.id)
		p, r := post(d.Street, side.get)
		if !eligible(d, p, side.who) || off {
			return title(d, side.who) + "上不了" + side.get.id, nil
		}
		if br, _, _ := h.check(d.Street, r, p, side.get.slot()); br != Fits {
			return title(d, side.who) + breachWord(br), nil
		}
		h.add(side.get.slot(), d.At)
		list = append(list, h)
	}
	if both != nil {
		a.Takers[i], b.Takers[j] = Taker{Who: y, At: d.At.Unix()}, Taker{Who: x, At: d.At.Unix()}
		*both = list
	}
	return "", nil
}

func breachWord(b Breach) string {
	switch b {
	case Overlap:
		return "两班会重"
	case Short:
		return "两班之间歇不够"
	case Long:
		return "连续的天数太多"
	}
	return "连续的夜班太多"
}

// mayCover lists who can stand in on a shift: allowed there, rested, not on leave, reachable;
// those the post is for and those near come first, then those who have had fewer shifts lately.
func mayCover(d *handlers.Desk, s *Shift, all map[string]*Hand, off func(who string) bool) []string {
	type candidate struct {
		who        string
		rank, busy int
	}
	p, r := post(d.Street, s)
	var list []candidate
	for _, x := range d.Street.People {
		h := all[x.UserID]
		if h == nil {
			h = &Hand{who: x.UserID}
		}
		if s.taker(x.UserID) >= 0 || !eligible(d, p, x.UserID) || off(x.UserID) {
			continue
		}
		if b, _, _ := h.check(d.Street, r, p, s.slot()); b != Fits {
			continue
		}
		if p.Kind != config.PostVolunteer && x.Has(config.RoleVolunteer) && !slices.Contains(p.Who, config.RoleVolunteer) {
			continue
		}
		list = append(list, candidate{x.UserID, rank(d, p, s.Unit, x.UserID, h), h.since(s.From - 7*24*3600)})
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return a.busy - b.busy
	})
	var out []string
	for _, c := range list {
		out = append(out, c.who)
	}
	return out
}

// since is how many shifts begin after a moment.
func (h *Hand) since(from int64) int {
	n := 0
	for _, s := range h.Slots {
		if s.From >= from {
			n++
		}
	}
	return n
}
