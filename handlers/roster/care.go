package roster

import (
	"context"
	"encoding/json"
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

// leaves holds who rests when and who has had enough: class C4, sealed whole, field =
// userid. The care office alone reads names; everybody else hears counts.
var leaves = store.Records("leave")

// Leave is one person's rest. No reason is asked or kept.
type Leave struct {
	Days []config.Day `json:"d,omitempty"`
	Call int64        `json:"c,omitempty"` // when he asked for a call
	Ask  config.Day   `json:"a,omitempty"` // the first of the days for which "要" asks for a stand-in
	For  int          `json:"n,omitempty"` // how many
	At   int64        `json:"t,omitempty"` // when that was asked

	rev int
}

const (
	keepLeave = 90 // days, DOMAIN.md §4.3
	mostRest  = 7  // days at once
	ahead     = 31 // days
	answer    = 30 * time.Minute
)

// covers reports whether a time lies on a day of rest.
func (l Leave) covers(st *config.Street, from, to int64) bool {
	first, last := st.Day(unix(from)), st.Day(unix(max(to-1, from)))
	return slices.ContainsFunc(l.Days, func(d config.Day) bool { return first <= d && d <= last })
}

func (l Leave) put(who string) store.Change {
	b, err := json.Marshal(l)
	if err != nil {
		panic("roster: leave does not encode: " + err.Error())
	}
	return store.PutSealed(leaves, who, l.rev, string(b), keyCare)
}

func openLeave(c store.Cell) (Leave, error) {
	l := Leave{rev: c.Rev}
	if c.Rev == 0 || c.Lost {
		return l, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &l); err != nil {
		return l, fmt.Errorf("decode leave: %w", err)
	}
	return l, nil
}

func openLeaves(cells map[string]store.Cell) (map[string]Leave, error) {
	out := make(map[string]Leave, len(cells))
	for who, cell := range cells {
		l, err := openLeave(cell)
		if err != nil {
			return nil, err
		}
		out[who] = l
	}
	return out, nil
}

// restsOn reports whether somebody rests while a shift lasts.
func (f *Family) restsOn(ctx context.Context, d *handlers.Desk, who string, s *Shift) (bool, error) {
	b := d.Read()
	cell := b.Cell(leaves, who)
	if err := b.Run(ctx); err != nil {
		return false, fmt.Errorf("read leave: %w", err)
	}
	l, err := openLeave(*cell)
	return l.covers(d.Street, s.From, s.To), err
}

// private refuses what belongs between two.
func private(c *handlers.Call) error {
	if c.Private() {
		return nil
	}
	return handlers.Refuse("这样的事请私聊我说，群里不记。", "请长按撤回，私聊发：/休 2.16 1天")
}

var days = regexp.MustCompile(`([一二两三四五六七\d]{1,2})\s*天`)

// rest is /休: 2.16 1天, 15号, 撤 2.16. Without a day it shows one's own.
func (f *Family) rest(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	text := syntax.Normalise(c.Rest)
	n := 1
	if m := days.FindStringSubmatchIndex(text); m != nil {
		if k, ok := syntax.Integer(text[m[2]:m[3]]); ok {
			n, text = k, text[:m[0]]+" "+text[m[1]:]
		}
	}
	undo := strings.Contains(text, "撤") || strings.Contains(text, "不歇") || strings.Contains(text, "取消")
	_, _, at, ok := findDay(text, c.Day.Time(c.Street.Location))
	if !ok && !undo {
		if strings.TrimSpace(text) == "" {
			return f.rota(ctx, c)
		}
		return handlers.Outcome{}, handlers.Refuse("想歇哪天？", "例：/休 2.16 1天")
	}
	var want []config.Day
	if ok {
		first := c.Street.Day(at)
		if first < c.Day || first > c.Day.Add(ahead) {
			return handlers.Outcome{}, handlers.Refusef("例：/休 2.16 1天", "只能记今天起%d天里的。", ahead)
		}
		if n < 1 || n > mostRest {
			return handlers.Outcome{}, handlers.Refusef("再多的请直接和党建办说。", "一次最多记%d天。", mostRest)
		}
		for i := range n {
			want = append(want, first.Add(i))
		}
	}
	if undo {
		return f.unrest(ctx, c, want)
	}
	return f.restOn(ctx, c, want, false)
}

// spokenRest is what people say who can't go on: 实在撑不住了 能不能明天歇一天.
func (f *Family) spokenRest(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	text := syntax.Normalise(c.Rest)
	_, _, at, ok := findDay(text, c.Day.Time(c.Street.Location))
	if !ok {
		return f.tired(ctx, c)
	}
	first := c.Street.Day(at)
	if first < c.Day || first > c.Day.Add(ahead) {
		return f.tired(ctx, c)
	}
	n := 1
	if m := regexp.MustCompile(`(?:歇|休息?)\s*([一二两三四五六七\d])\s*天`).FindStringSubmatch(text); m != nil {
		if k, ok := syntax.Integer(m[1]); ok && k >= 1 && k <= mostRest {
			n = k
		}
	}
	var want []config.Day
	for i := range n {
		want = append(want, first.Add(i))
	}
	return f.restOn(ctx, c, want, true)
}

// restOn records days of rest, tells the care office, and proposes who stands in.
func (f *Family) restOn(ctx context.Context, c *handlers.Call, want []config.Day, urgent bool) (handlers.Outcome, error) {
	d := &c.Desk
	p, err := f.planOf(ctx, d)
	if err != nil {
		return handlers.Outcome{}, err
	}
	who := c.Person.UserID
	l := p.rests[who]
	l.Days = slices.DeleteFunc(slices.Clone(l.Days), func(x config.Day) bool { return x < c.Day.Add(-keepLeave) })
	for _, x := range want {
		if !slices.Contains(l.Days, x) {
			l.Days = append(l.Days, x)
		}
	}
	slices.Sort(l.Days)
	if urgent {
		l.Call = c.At.Unix()
	}
	l.Ask, l.For, l.At = want[0], len(want), c.At.Unix()
	p.rests[who] = l
	mine := p
	mine.rests = map[string]Leave{}
	for x, other := range p.rests { // the others' wishes count for who may be asked, not for what is proposed
		if x == who {
			mine.rests[x] = Leave{Days: want}
		} else {
			mine.rests[x] = other
		}
	}
	var lines, own []string
	for _, r := range mine.propose() {
		if r.From == who {
			own = append(own, r.Shift.id)
			lines = append(lines, r.line(d))
		}
	}
	office, _ := carers(d)
	label := want[0].Label()
	span := fmt.Sprintf("%s 轮休%d天", want[0].Time(c.Street.Location).Format("1/2"), len(want))
	reply := []string{fmt.Sprintf("已记 %s，只有%s看得到，那天不催您。", span, office)}
	if len(own) > 0 {
		reply = append(reply, fmt.Sprintf("您那天有%s，%s会找人顶，找到前照旧。", strings.Join(own, "、"), office))
	}
	free := f.free(d, p, want[0])
	ask := ""
	if c.Person.Unit != "" {
		ask = "顶岗："
		if free > 0 {
			ask += fmt.Sprintf("支援库还有%d人，", free)
		}
		ask += "要我申请吗？回 要"
		reply = append(reply, ask)
	}
	if urgent {
		reply = append([]string{fmt.Sprintf("辛苦了，%s会给您打电话。", office)}, reply...)
	}
	out := handlers.Outcome{Changes: []store.Change{l.put(who)}, Sealed: keyCare, Audit: handlers.Audit{Record: "轮休", Nobody: true}}
	out.Reply = handlers.Say(strings.Join(reply, "\n"))
	out.Read = handlers.Understanding{Period: string(want[0]), Values: map[string]any{"天数": len(want)}}
	note := fmt.Sprintf("%s想在%s歇%d天%s。", c.Person.Title, label, len(want), inRow(p.served(d, who)))
	if urgent {
		note += "他说撑不住了，请今天打个电话。"
	}
	note = strings.Join(append([]string{note}, lines...), "\n")
	if len(lines) > 0 {
		note += "\n照这样去问：/轮休 定"
	}
	_, list := carers(d)
	out.Pushes = confide(d, handlers.CaseCard, note, ids(list)...)
	return out, nil
}

// line is a proposal in words.
func (r Relief) line(d *handlers.Desk) string {
	if r.To == "" {
		return fmt.Sprintf("%s %s：没有歇够的人可顶，缺1", r.Shift.name(d.Street), title(d, r.From))
	}
	return fmt.Sprintf("%s %s→%s", r.Shift.name(d.Street), title(d, r.From), title(d, r.To))
}

// free is how many could stand in for aid on a day.
func (f *Family) free(d *handlers.Desk, p plan, day config.Day) int {
	x, in := aidPost(d)
	if x == nil {
		return 0
	}
	w := wish{post: x, pack: in}
	slot := w.slotFor()
	from := d.Street.At(day, slot.From)
	s := &Shift{Pack: in.Name, Post: x.Name, From: from.Unix(), To: from.Add(time.Duration(slot.Minutes()) * time.Minute).Unix()}
	n := 0
	for _, who := range p.pool {
		h := p.hands[who]
		if h == nil {
			h = &Hand{}
		}
		if b, _, _ := h.check(d.Street, in.Rosters, x, s.slot()); b == Fits && p.fit(s, who) && !p.rests[who].covers(d.Street, s.From, s.To) {
			n++
		}
	}
	return n
}

// unrest takes days of rest back; without days, all that are still to come.
func (f *Family) unrest(ctx context.Context, c *handlers.Call, want []config.Day) (handlers.Outcome, error) {
	b := c.Read()
	cell := b.Cell(leaves, c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read leave: %w", err)
	}
	l, err := openLeave(*cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	before := len(l.Days)
	l.Days = slices.DeleteFunc(l.Days, func(x config.Day) bool {
		return x >= c.Day && (len(want) == 0 || slices.Contains(want, x))
	})
	if len(l.Days) == before {
		return handlers.Outcome{}, handlers.Refuse("没有记着要撤的轮休。", "看自己的，发：/轮休")
	}
	l.Ask = ""
	out := handlers.Outcome{Changes: []store.Change{l.put(c.Person.UserID)}, Sealed: keyCare, Audit: handlers.Audit{Record: "轮休", Nobody: true}}
	out.Reply = handlers.Say("已撤。想歇时随时说。")
	_, list := carers(&c.Desk)
	out.Pushes = confide(&c.Desk, handlers.CaseCard, c.Person.Title+"撤了轮休。", ids(list)...)
	return out, nil
}

// tired is /累: somebody phones. Nothing about health is asked or kept.
func (f *Family) tired(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	b := c.Read()
	cell, own := b.Cell(leaves, c.Person.UserID), b.Cell(hands, c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read leave: %w", err)
	}
	l, err := openLeave(*cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	h, err := decodeHand(c.Person.UserID, *own)
	if err != nil {
		return handlers.Outcome{}, err
	}
	office, list := carers(&c.Desk)
	l.Call = c.At.Unix()
	out := handlers.Outcome{Changes: []store.Change{l.put(c.Person.UserID)}, Sealed: keyCare, Audit: handlers.Audit{Record: "轮休", Nobody: true}}
	out.Reply = handlers.Say(fmt.Sprintf("辛苦了，%s会给您打电话，只有%s知道。\n要歇哪天，发：/休 %s 1天", office, office, c.Day.Add(1).Time(c.Street.Location).Format("1.2")))
	out.Pushes = confide(&c.Desk, handlers.CaseCard, fmt.Sprintf("%s说累了%s，请今天打个电话。看谁该歇：/轮休", c.Person.Title, inRow(h.now(c.Street, c.Day))), ids(list)...)
	return out, nil
}

// inRow is （连续在岗6天）; nothing where the lists have nobody on duty: who works without a
// list has not rested, and 0 days would say so.
func inRow(days int) string {
	if days == 0 {
		return ""
	}
	return fmt.Sprintf("（连续在岗%d天）", days)
}

// now is how many days in a row somebody has been on duty, today included if he is on.
func (h *Hand) now(st *config.Street, day config.Day) int {
	return max(h.served(st, day), h.served(st, day.Add(-1)))
}

// yes is 要 behind the question whether to ask for a stand-in.
func (f *Family) yes(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	b := c.Read()
	cell := b.Cell(leaves, c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, true, fmt.Errorf("read leave: %w", err)
	}
	l, err := openLeave(*cell)
	if err != nil || l.Ask == "" || c.At.Sub(unix(l.At)) > answer {
		return handlers.Outcome{}, err != nil, err
	}
	p, in := aidPost(&c.Desk)
	if p == nil || c.Person.Unit == "" {
		return handlers.Outcome{}, false, nil
	}
	w := wish{post: p, pack: in, unit: c.Person.Unit, need: 1}
	for i := range l.For {
		w.days = append(w.days, l.Ask.Add(i))
	}
	if w.days[0] == c.Day && len(w.days) == 1 && !c.Street.At(c.Day, w.slotFor().From).After(c.At) {
		return handlers.Outcome{}, true, handlers.Refuse("今天的来不及申请了。", "请直接打电话给值班室。")
	}
	out, err := f.asked(ctx, c, w)
	if err != nil {
		return handlers.Outcome{}, true, err
	}
	l.Ask = ""
	out.Changes = append(out.Changes, l.put(c.Person.UserID))
	out.Sealed = keyCare
	return out, true, nil
}

// Away tells who must not be reminded, asked or called missing: those who rest today, and
// those who were on a night shift and have not had the rest due. It implements
// handlers.Away.
func (f *Family) Away(d *handlers.Desk, b *store.Batch) func() (map[string]bool, error) {
	rests, own := b.All(leaves), b.All(hands)
	return func() (map[string]bool, error) {
		out := map[string]bool{}
		list, err := openLeaves(*rests)
		if err != nil {
			return nil, err
		}
		for who, l := range list {
			if slices.Contains(l.Days, d.Day) {
				out[who] = true
			}
		}
		all, err := openHands(*own)
		if err != nil {
			return nil, err
		}
		rest := int64(rules(d.Street).Rest / time.Second)
		for who, h := range all {
			for _, s := range h.Slots {
				if isNight(d.Street, s) && s.To <= d.At.Unix() && d.At.Unix() < s.To+rest {
					out[who] = true
				}
			}
		}
		return out, nil
	}
}
