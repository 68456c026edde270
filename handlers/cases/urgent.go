package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

const (
	patience = 5 * time.Minute  // how long one of the chain has before the next is called
	followUp = 30 * time.Minute // between two questions how it stands
	rounds   = 3                // how often the whole chain is called, one by one; then all at once
	unheard  = 2                // questions without an answer, before others are told, and told again
)

// urgent is /急, also without a slash: somebody hears of it at once, and until somebody has
// said that he goes, the next is called. What is typed may name a household: it is sealed,
// and in a group nothing of it is repeated.
func (f *Family) urgent(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	text := strings.Trim(c.Rest, " ,。:、!\n")
	if ref, rest, ok := syntax.Reference(text); ok && ref.Sub == 0 && (ref.Letter == "" || ref.Letter == string(config.CaseUrgent)) {
		if found, err := f.meant(ctx, c, syntax.Ref{Letter: string(config.CaseUrgent), N: ref.N}); err != nil || len(found) > 0 {
			if err != nil {
				return handlers.Outcome{}, err
			}
			return f.discreet(func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
				return f.news(c, found[0], strings.TrimSpace(rest))
			})(ctx, c)
		}
		if rest == "" { // a number and nothing else is no emergency
			return handlers.Outcome{}, handlers.Refusef("有急事就写哪里、什么事，例：急 彩虹花苑南门 吵起来了", "没有%s号急事，或者不归您。", number("", ref.N))
		}
	}
	text, fresh := another(text)
	if text == "" {
		return handlers.Outcome{}, handlers.Refuse("危及生命先打120、火情119、打架110。哪里、什么事？", "例：急 彩虹花苑南门 吵起来了")
	}
	t, p := typeFor(&c.Desk, text, config.CaseUrgent)
	if t == nil {
		return handlers.Outcome{}, handlers.Refuse("危及生命先打120、火情119、打架110。", "现在没有开急报，请打电话找值班室。")
	}
	r := request{typ: t, pack: p, text: marks(handlers.Clip(text, 2*longest)), unit: c.Person.Unit, fresh: true}
	if s, _, ok := f.atlas(c).find(text); ok {
		r.unit = s.Unit
		if s.Name != s.Unit {
			r.place = s.Name
		}
	}
	k := f.draft(&c.Desk, c.Person.UserID, r)
	if !fresh {
		same, err := k.happening(ctx, c, t)
		if err != nil {
			return handlers.Outcome{}, err
		}
		if same != nil {
			return f.alsoSeen(c, same, t, r.text)
		}
	}
	chain, err := f.chain(ctx, &c.Desk, k)
	if err != nil {
		return handlers.Outcome{}, err
	}
	k.Owners, k.Chain = chain[:1], chain
	out, err := f.store(ctx, c, k, t.Letter)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out.Reply = handlers.Say(k.firstAnswer(c, t))
	out.Pushes = append(out.Pushes, k.alert(&c.Desk, chain[0], ""))
	if l := k.liaison(&c.Desk); l != chain[0] && l != c.Person.UserID {
		out.Pushes = append(out.Pushes, k.push(&c.Desk, l, handlers.Emergency, handlers.Say(fmt.Sprintf("%s：%s\n%s报，已叫%s。您知道一下。", k.name(), k.Text, c.Person.Title, title(&c.Desk, chain[0])))))
	}
	for _, chat := range c.Dir.ChatsOf(c.Street, config.ChatDutyDesk) {
		if chat.ChatID != c.Message.Chat || c.Private() {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Emergency, handlers.Say(k.inGroup(fmt.Sprintf("已叫%s，明细在私聊。", title(&c.Desk, chain[0])))), c.At))
		}
	}
	return out, nil
}

// happening is the open emergency that a line tells more about. Of the same kind at the same
// place: many people report one fire; but of those who are ill there can be two behind one
// gate. Or the caller's own, where the line has no word of any kind and names no other place:
// 急 还没人来吗.
func (k *Case) happening(ctx context.Context, c *handlers.Call, t *config.CaseType) (*Case, error) {
	list, err := all(ctx, &c.Desk)
	if err != nil {
		return nil, err
	}
	var mine []*Case
	for _, o := range list {
		letter, _, _ := split(o.id)
		switch {
		case letter != t.Letter || !slices.Contains(live, o.State):
		case o.Type == k.Type && o.Unit == k.Unit && o.Place == k.Place && k.Place != "" && k.Class < "C3":
			return o, nil
		case len(t.Words) == 0 && o.found(c.Person) && (k.Place == "" || k.Place == o.Place):
			mine = append(mine, o)
		}
	}
	if len(mine) == 1 {
		return mine[0], nil
	}
	return nil, nil
}

// alsoSeen adds a reporter to an emergency that somebody has reported already: whoever goes
// hears at once what he has to say.
func (f *Family) alsoSeen(c *handlers.Call, k *Case, t *config.CaseType, text string) (handlers.Outcome, error) {
	if k.found(c.Person) {
		out, err := f.news(c, k, text)
		out.Reply.Text += "另外一件事，发：急 新 哪里 什么事"
		return out, err
	}
	if !k.do(Join, c.Person.UserID, c.At, handlers.Clip(text, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.Others = append(slices.Clone(k.Others), c.Person.UserID)
	out := f.outcome(&c.Desk, k)
	stands := "已叫" + titles(&c.Desk, k.Owners) + "，还没有人接"
	if k.State == Working {
		stands = titles(&c.Desk, k.Owners) + "接了，正在处理"
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s\n%s 已有人报过，%s。您说的已转告。\n有新情况：急 %s …；另外一件事：急 新 哪里 什么事", firstCall(t), k.id, stands, k.n()))
	out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.Emergency, fmt.Sprintf("%s %s也报：%s", k.id, c.Person.Title, k.Last.Note), k.Owners...)
	return out, nil
}

// firstCall is whom to phone before anything else.
func firstCall(t *config.CaseType) string {
	if t.Call != "" {
		return "先打" + t.Call + "！"
	}
	return "危及生命先打120、火情119、打架110。"
}

// inGroup is what the duty desk's group hears: the unit where it is no health matter, never
// a household.
func (k *Case) inGroup(rest string) string {
	where := ""
	if k.Class < "C3" && k.Unit != "" {
		where = k.Unit + "·"
	}
	return fmt.Sprintf("【%s】%s%s，%s", k.id, where, k.Type, rest)
}

// firstAnswer is what the one in need hears: whom to phone first, who has been called, and
// the one question that helps.
func (k *Case) firstAnswer(c *handlers.Call, t *config.CaseType) string {
	return fmt.Sprintf("%s\n%s 已叫%s，5分钟没人接就叫下一位。\n请回：%s发：急 %s …",
		firstCall(t), k.id, title(&c.Desk, k.Chain[0]), t.Ask, k.n())
}

// n is the number alone: 1 of 急01.
func (k *Case) n() string {
	_, n, _ := split(k.id)
	return strconv.Itoa(n)
}

// chain is who is called, one after the other: the duty desk, the area's leader, the
// street's leaders; never the one who called.
func (f *Family) chain(ctx context.Context, d *handlers.Desk, k *Case) ([]string, error) {
	var out []string
	add := func(id string) {
		if id != "" && id != k.Finder && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if f.onDuty != nil {
		ids, err := f.onDuty(ctx, d)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			add(id)
		}
	}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleDutyDesk) {
		add(p.UserID)
	}
	if area, ok := d.Street.AreaOf(k.Unit); ok {
		add(area.Leader)
	}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleLeader) {
		add(p.UserID)
	}
	if len(out) == 0 {
		for _, p := range d.Dir.PeopleOf(d.Street, config.RoleAdmin) {
			add(p.UserID)
		}
	}
	if len(out) == 0 {
		out = []string{k.Finder}
	}
	return out, nil
}

// alert calls one of the chain; alone, or with all the others because for so long nobody has
// answered.
func (k *Case) alert(d *handlers.Desk, to, alone string) store.Push {
	who := title(d, k.Finder)
	next := "5分钟没回就叫下一位。"
	desc := who + "报"
	if alone != "" {
		next, desc = alone+"了没有人接，已经一起叫了。", desc+"，"+alone+"没人接"
	}
	return k.push(d, to, handlers.Emergency, handlers.Content{
		Text: fmt.Sprintf("【%s】%s：%s\n%s报。您去请回：/接 %s；%s", k.id, k.Type, k.Text, who, k.id, next),
		Card: &handlers.Card{
			Task: k.task(), Title: k.name(), Desc: desc, Body: k.Text,
			Buttons: []handlers.Button{{Text: "我来处理", Line: "/接 " + k.id, Primary: true}},
		},
	})
}

// takeUrgent is /接 急1: whoever is called, or any of the duty desk and the leaders, goes.
func (f *Family) takeUrgent(c *handlers.Call, k *Case) (handlers.Outcome, error) {
	if !slices.Contains(k.Chain, c.Person.UserID) && !c.Person.Has(config.RoleDutyDesk, config.RoleLeader, config.RoleAreaLeader) && !k.looksAfter(&c.Desk, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("您知道情况，发：急 "+k.n()+" …", "%s 由值班室和领导接，不用您接。", k.id)
	}
	if !k.do(Accept, c.Person.UserID, c.At, "") {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	called := k.Owners
	k.Owners = []string{c.Person.UserID}
	k.Ask = c.At.Add(followUp).Unix()
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 您接了，报来%s。每30分钟问一次；完了回：/改 %s 怎么处理的", k.id, length(c.At.Sub(time.Unix(k.Opened, 0))), k.id))
	out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.Emergency, fmt.Sprintf("%s %s接了，正在处理。", k.id, c.Person.Title), append(k.reporters(), called...)...)
	return out, nil
}

// moreHands is /呼 急1 要什么: of an emergency the street does not take its time to answer;
// whoever could be called hears at once what is needed.
func (f *Family) moreHands(c *handlers.Call, k *Case, what string) (handlers.Outcome, error) {
	if !k.do(Note, c.Person.UserID, c.At, handlers.Clip("要人帮："+what, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	if k.State == Working {
		k.Ask, k.Mute = c.At.Add(followUp).Unix(), 0
	}
	others := slices.DeleteFunc(append(slices.Clone(k.Chain), k.liaison(&c.Desk)), func(id string) bool { return id == c.Person.UserID })
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 已告诉%s：%s。", k.id, titles(&c.Desk, others), what))
	out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.Emergency, fmt.Sprintf("%s %s要人帮：%s。能去就回：急 %s …", k.name(), c.Person.Title, what, k.n()), append(others, k.reporters()...)...)
	out.Pushes = append(out.Pushes, k.toDesk(&c.Desk, c.Person.Title+"在那里，要人帮，明细在私聊。")...)
	return out, nil
}

// news is 急 1 …: how it stands; the other side hears it at once.
func (f *Family) news(c *handlers.Call, k *Case, note string) (handlers.Outcome, error) {
	if note == "" {
		return handlers.Answer(k.line(&c.Desk)), nil
	}
	if !k.do(Note, c.Person.UserID, c.At, handlers.Clip(note, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	if slices.Contains(k.Owners, c.Person.UserID) && k.State == Working {
		k.Ask, k.Mute = c.At.Add(followUp).Unix(), 0
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(k.id + " 已转告" + titles(&c.Desk, k.Owners) + "。")
	if slices.Contains(k.Owners, c.Person.UserID) {
		out.Reply = handlers.Say(k.id + " 已记，已告诉" + title(&c.Desk, k.Finder) + "。")
	}
	out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.Emergency, fmt.Sprintf("%s %s：%s", k.id, c.Person.Title, k.Last.Note), k.everybody()...)
	return out, nil
}

// urgentAlarms are the moments of an emergency: the next of the chain; all of it, until
// somebody goes; then the questions, until it is over. An open one always has a next moment.
func (f *Family) urgentAlarms(_ *handlers.Desk, k *Case) []alarm {
	switch {
	case k.State == Waiting && k.Step+1 < rounds*len(k.Chain):
		return []alarm{{at: time.Unix(k.Opened, 0).Add(time.Duration(k.Step+1) * patience), ring: (*Family).nextInChain}}
	case k.State == Waiting:
		at := time.Unix(k.Opened, 0).Add(time.Duration(k.Step+1) * patience)
		if k.Ask > 0 {
			at = time.Unix(k.Ask, 0)
		}
		return []alarm{{at: at, ring: (*Family).allAtOnce}}
	case k.Ask > 0:
		return []alarm{{at: time.Unix(k.Ask, 0), ring: (*Family).howIsIt}}
	}
	return []alarm{{at: time.Unix(k.Last.At, 0).Add(followUp), ring: (*Family).howIsIt}} // it broke out again
}

// nextInChain calls the next, and tells who is in need that somebody else has been called.
func (f *Family) nextInChain(d *handlers.Desk, k *Case) []store.Push {
	k.Step++
	to := k.Chain[k.Step%len(k.Chain)]
	if !slices.Contains(k.Owners, to) {
		k.Owners = append(slices.Clone(k.Owners), to)
	}
	// How long it has been makes each sentence a new one: the same words again within half an
	// hour would not be delivered.
	waited := k.waited(d)
	out := append([]store.Push{k.alert(d, to, "")}, k.tell(d, to, handlers.Emergency, fmt.Sprintf("%s %s没人接，又叫了%s。危及生命请打120、119、110。", k.id, waited, title(d, to)), k.reporters()...)...)
	if k.Step%len(k.Chain) == 0 {
		out = append(out, k.toDesk(d, fmt.Sprintf("%s了，都叫过%d遍，还没有人接。", waited, k.Step/len(k.Chain)))...)
	}
	return out
}

// allAtOnce calls the whole chain and the unit's liaison together, when nobody of it has
// answered in any round, and again every half hour until somebody goes. The duty desk's group
// and the administrators hear whom to telephone; of the household they hear nothing.
func (f *Family) allAtOnce(d *handlers.Desk, k *Case) []store.Push {
	k.Ask = d.At.Add(followUp).Unix()
	if l := k.liaison(d); l != "" && l != k.Finder && !slices.Contains(k.Owners, l) {
		k.Owners = append(slices.Clone(k.Owners), l)
	}
	waited := k.waited(d)
	var out []store.Push
	for _, id := range k.Owners {
		out = append(out, k.alert(d, id, waited))
	}
	alarm := fmt.Sprintf("%s了没有人接。请马上打电话：%s。", waited, strings.Join(posts(d, k.Owners), "、"))
	out = append(out, k.toDesk(d, alarm)...)
	var admins []string
	for _, p := range d.Dir.Administrators(d.Street) {
		if !slices.Contains(k.Owners, p.UserID) && !k.found(p) {
			admins = append(admins, p.UserID)
		}
	}
	out = append(out, k.tell(d, "", handlers.Emergency, k.inGroup(alarm), admins...)...)
	return append(out, k.tell(d, "", handlers.Emergency,
		fmt.Sprintf("%s %s了还没人接，又一起叫了%d个人。别等，请直接打120、119、110。", k.id, waited, len(k.Owners)), k.reporters()...)...)
}

// waited is how long ago the emergency was reported.
func (k *Case) waited(d *handlers.Desk) string { return length(d.At.Sub(time.Unix(k.Opened, 0))) }

// toDesk says something of an emergency in the duty desk's groups.
func (k *Case) toDesk(d *handlers.Desk, text string) []store.Push {
	var out []store.Push
	for _, chat := range d.Dir.ChatsOf(d.Street, config.ChatDutyDesk) {
		out = append(out, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Emergency, handlers.Say(k.inGroup(text)), d.At))
	}
	return out
}

// howIsIt asks whoever went, every half hour until it is over. Who does not answer twice may be
// in trouble himself, or have forgotten: the others who were to be called hear of it, and
// the duty desk's group; again after every two questions more.
func (f *Family) howIsIt(d *handlers.Desk, k *Case) []store.Push {
	k.Ask = d.At.Add(followUp).Unix()
	var out []store.Push
	if k.Mute++; k.Mute > unheard && (k.Mute-1)%unheard == 0 {
		text := fmt.Sprintf("问了%s%d次，没有回音。请打个电话看看。", titles(d, k.Owners), k.Mute-1)
		others := slices.DeleteFunc(slices.Clone(k.Chain), func(id string) bool { return slices.Contains(k.Owners, id) })
		out = k.tell(d, "", handlers.Emergency, fmt.Sprintf("%s %s看经过：/问题 %s", k.id, text, k.id), others...)
		out = append(out, k.toDesk(d, text)...)
	}
	return append(out, k.tell(d, "", handlers.Emergency, fmt.Sprintf("%s 现在怎么样？回：急 %s …；完了回：/改 %s 怎么处理的", k.id, k.n(), k.id), k.Owners...)...)
}
