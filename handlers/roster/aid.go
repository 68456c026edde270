package roster

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// bodies that send hands, as they are written; any other word of Chinese characters does too.
var (
	bodyCount = regexp.MustCompile(`(\p{Han}{2,10}?)\s*(\d{1,2})\s*(?:个人|人|个|名|位)?`)
	bodies    = []string{"区组织部", "检察院", "法院", "机关", "双报到党员", "党员双报到", "银行", "学校", "医院", "公安", "城管", "消防"}
)

const mostAid = 60

// aid is /支援: 站前 检察院3 至2.20. Without a body it says who comes tomorrow.
func (f *Family) aid(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	text := syntax.Normalise(c.Rest)
	if strings.TrimSpace(text) == "" || !c.Person.Has(givers...) {
		return f.whoComes(ctx, c)
	}
	if id, rest, ok := shiftNo(text); ok && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "V") {
		return f.aidOne(ctx, c, id, rest)
	}
	var w wish
	words, of, in := postsOf(&c.Desk)
	words = slices.DeleteFunc(words, func(x syntax.Word) bool { return of[x.Name].Kind == config.PostAid })
	text = w.readDays(&c.Desk, text)
	text = w.readSpan(text)
	_, unit, rest := findPlace(&c.Desk, config.Person{}, text)
	if unit == "" {
		return handlers.Outcome{}, handlers.Refuse("支援哪个居民区？", "例：/支援 站前 检察院3 至2.20")
	}
	who, n, ok := readBody(rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("哪个单位、几个人？不写姓名。", "例：/支援 站前 检察院3 至2.20")
	}
	if n > mostAid {
		return handlers.Outcome{}, handlers.Refusef("分几处写。", "一处最多%d人，写了%d人。", mostAid, n)
	}
	if name, _, ok := take(rest, words); ok {
		w.post, w.pack = of[name], in[name]
	} else if w.post, w.pack = aidPost(&c.Desk); w.post == nil {
		return handlers.Outcome{}, handlers.Refusef("例：/支援 V31 检察院3", "缺哪种岗？可以写：%s。", postNames(&c.Desk))
	}
	if len(w.days) == 0 || len(w.days) == 1 && w.days[0] == c.Day && w.from == w.to {
		w.days = []config.Day{c.Day.Add(1)}
	}
	if len(w.days) > 1 && w.days[0] == c.Day && !c.Street.At(c.Day, w.slotFor().From).After(c.At) {
		w.days = w.days[1:]
	}
	w.need, w.unit, w.sure = n, unit, true
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	// Hands that were asked for come first: the request's own shifts are filled.
	var touched, fresh []*Shift
	met := 0
	for _, day := range w.days {
		left := n
		for _, s := range list {
			if left > 0 && s.Asked && s.Unit == unit && s.open() > 0 && s.on(c.Street, day) && !s.started(c.At) {
				k := min(left, s.open())
				s.send(who, k, c)
				left, met = left-k, met+1
				touched = append(touched, s)
			}
		}
		if left == 0 {
			continue
		}
		s, err := w.shift(&c.Desk, config.Person{UserID: c.Person.UserID}, day)
		if err != nil {
			return handlers.Outcome{}, err
		}
		s.Need = left
		s.send(who, left, c)
		touched, fresh = append(touched, s), append(fresh, s)
	}
	var changes []store.Change
	if len(fresh) > 0 {
		count, err := create(ctx, &c.Desk, fresh...)
		if err != nil {
			return handlers.Outcome{}, err
		}
		changes = append(changes, count)
	}
	out := f.keep(&c.Desk, touched...)
	out.Changes = append(out.Changes, changes...)
	first, last := w.days[0], w.days[len(w.days)-1]
	when := day(&c.Desk, first)
	if last != first {
		when += "至" + last.Label()
	}
	said := fmt.Sprintf("支援%s：%s%d（%s）。", unit, strings.TrimPrefix(who, "="), n, hoursOf(c.Street, touched[0].From, touched[0].To))
	if met > 0 {
		said += fmt.Sprintf("先补了要人的%d班。", met)
	}
	out.Reply = handlers.Say(when + said)
	told := strings.Replace(when, day(&c.Desk, first), first.Label(), 1) // it may be read tomorrow
	out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, told+said+"看谁来：/支援", ids(c.Dir.InUnit(c.Street, unit, config.RoleSecretary))...)
	return out, nil
}

// day says a day as people do.
func day(d *handlers.Desk, x config.Day) string {
	switch x {
	case d.Day:
		return "今日"
	case d.Day.Add(1):
		return "明日"
	}
	return x.Label()
}

// readBody finds a body and how many it sends.
func readBody(text string) (who string, n int, ok bool) {
	for _, b := range bodies {
		if i := strings.Index(text, b); i >= 0 {
			if m := bodyCount.FindStringSubmatch(text[i:]); m != nil {
				if n, ok := syntax.Integer(m[2]); ok && n > 0 {
					return "=" + b, n, true
				}
			}
		}
	}
	for _, m := range bodyCount.FindAllStringSubmatch(text, -1) {
		if n, ok := syntax.Integer(m[2]); ok && n > 0 && !hasName(m[1]) {
			return "=" + m[1], n, true
		}
	}
	return "", 0, false
}

// send puts hands of a body on a shift. A body looks after its people's rest itself.
func (s *Shift) send(who string, n int, c *handlers.Call) {
	if i := s.taker(who); i >= 0 {
		s.Takers[i].N += n
		return
	}
	s.Takers = append(s.Takers, Taker{Who: who, N: n, By: c.Person.UserID, At: c.At.Unix()})
}

// aidOne is /支援 V31 检察院2.
func (f *Family) aidOne(ctx context.Context, c *handlers.Call, id, rest string) (handlers.Outcome, error) {
	s, err := f.pick(ctx, c, id)
	if err != nil {
		return handlers.Outcome{}, err
	}
	who, n, ok := readBody(rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("哪个单位、几个人？不写姓名。", "例：/支援 站前 检察院3 至2.20")
	}
	if n > s.open() {
		return handlers.Outcome{}, handlers.Refusef("少派几个，或先加人：/缺岗 "+s.id+" 几人", "%s只缺%d，派了%d。", s.id, s.open(), n)
	}
	s.send(who, n, c)
	out := f.keep(&c.Desk, s)
	out.Reply = handlers.Say(fmt.Sprintf("已派 %s %s%d，%s。", s.name(c.Street), strings.TrimPrefix(who, "="), n, stillOpen(s)))
	out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s %s来%d人。", s.name(c.Street), strings.TrimPrefix(who, "="), n), s.By)
	return out, nil
}

var lacksMore = regexp.MustCompile(`(还差|还缺|再要|还要|差|缺)\s*([一二两三四五六七八九十\d]{1,2})`)

// whoComes answers 明天谁来支援我们？夜里还差一个: who comes, and a request for what is lacking.
func (f *Family) whoComes(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	text := syntax.Normalise(c.Rest)
	when := c.Day.Add(1)
	if _, _, at, ok := findDay(text, c.Day.Time(c.Street.Location)); ok {
		when = c.Street.Day(at)
	}
	unit := c.Person.Unit
	if _, u, _ := findPlace(&c.Desk, config.Person{}, text); u != "" {
		unit = u
	}
	if unit != "" && c.Person.Unit != "" && unit != c.Person.Unit {
		unit = c.Person.Unit
	}
	var parts []string
	for _, s := range list {
		if s.Off || !s.on(c.Street, when) || unit != "" && s.Unit != unit {
			continue
		}
		for _, t := range s.Takers {
			if t.N > 0 {
				where := ""
				if unit == "" {
					where = s.Unit + " "
				}
				parts = append(parts, fmt.Sprintf("%s%s%d（%s）", where, title(&c.Desk, t.Who), t.N, hoursOf(c.Street, s.From, s.To)))
			}
		}
	}
	who := strings.Join(parts, "、")
	if len(parts) > 6 {
		who = strings.Join(parts[:6], "、") + "等"
	}
	said := fmt.Sprintf("%s支援%s：%s。", day(&c.Desk, when), or(unit, "各居民区"), or(who, "还没有人"))
	m := lacksMore.FindStringSubmatchIndex(text)
	if m == nil || unit == "" || !c.Person.Has(askers...) {
		return handlers.Answer(said), nil
	}
	n, ok := syntax.Integer(text[m[4]:m[5]])
	p, in := aidPost(&c.Desk)
	if !ok || n < 1 || p == nil {
		return handlers.Answer(said), nil
	}
	w := wish{post: p, pack: in, need: n, unit: unit, days: []config.Day{when}}
	w.readSpan(text[:m[0]])
	s, err := w.shift(&c.Desk, config.Person{UserID: c.Person.UserID, Unit: c.Person.Unit}, when)
	if err != nil {
		return handlers.Outcome{}, err
	}
	s.Asked = true
	count, err := create(ctx, &c.Desk, s)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := f.keep(&c.Desk, s)
	out.Changes = append(out.Changes, count)
	_, pushes := f.announce(&c.Desk, []*Shift{s})
	out.Pushes = append(pushes, tell(&c.Desk, c.Person.UserID, handlers.CaseCard,
		fmt.Sprintf("%s要人：%s 需%d。派人发：/支援 %s 单位%d", c.Person.Title, s.name(c.Street), n, s.id, n), carersIDs(&c.Desk)...)...)
	word := "缺"
	if strings.ContainsAny(w.part, "夜晚") || isNight(c.Street, s.slot()) {
		word = "夜班缺"
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s%s%d已挂%s（%s）。", said, word, n, s.id, s.when(c.Street)))
	return out, nil
}
