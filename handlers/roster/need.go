package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

const half = 30 * time.Minute

func unix(sec int64) time.Time { return time.Unix(sec, 0) }

const exampleNeed = "例：/缺岗 测温 南门 明早8-12 2人"

// need is /缺岗: 测温 北门明天8点半到11点半要两个人, V31 撤, V31 3人.
func (f *Family) need(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if id, rest, ok := shiftNo(c.Rest); ok {
		return f.change(ctx, c, id, rest)
	}
	if strings.TrimSpace(c.Rest) == "" {
		return f.list(ctx, c)
	}
	w := hear(&c.Desk, c.Person, c.Rest)
	if w.post == nil {
		return handlers.Outcome{}, handlers.Refusef(exampleNeed, "缺哪种岗？可以写：%s。", postNames(&c.Desk))
	}
	if len(w.days) > 1 {
		return f.asked(ctx, c, w)
	}
	if len(w.days) == 0 && w.from == w.to && w.part == "" {
		return handlers.Outcome{}, handlers.Refuse("哪天、几点到几点？", exampleNeed)
	}
	s, err := w.shift(&c.Desk, c.Person, w.day(&c.Desk))
	if err != nil {
		return handlers.Outcome{}, err
	}
	return f.openNeed(ctx, c, w, s)
}

// day is the day a line means: today, where it names none and the hours are not over.
func (w *wish) day(d *handlers.Desk) config.Day {
	if len(w.days) > 0 {
		return w.days[0]
	}
	if slot := w.slotFor(); !d.Street.At(d.Day, slot.From).After(d.At) {
		return d.Day.Add(1)
	}
	return d.Day
}

// shift is the shift a line asks for, if it can be.
func (w *wish) shift(d *handlers.Desk, p config.Person, day config.Day) (*Shift, error) {
	if w.vague {
		return nil, handlers.Refuse("是上午还是下午？", "写上上午、下午或晚上，例：下午3点到5点")
	}
	slot := w.slotFor()
	from := d.Street.At(day, slot.From)
	to := from.Add(time.Duration(slot.Minutes()) * time.Minute)
	s := &Shift{
		Pack: w.pack.Name, Post: w.post.Name, Place: w.place, Unit: w.unit,
		From: from.Unix(), To: to.Unix(), Need: w.need, By: p.UserID, At: d.At.Unix(),
	}
	if w.post.Kind.Central() {
		s.Unit = ""
	}
	if s.Need == 0 {
		s.Need = w.post.Need
	}
	switch {
	case !from.After(d.At):
		return nil, handlers.Refusef("写以后的时间，例：明早8-12", "%s已经过了。", from.In(d.Street.Location).Format("1月2日15:04"))
	case s.length() > w.post.Length:
		return nil, handlers.Refusef("分成两班写两行，大家好轮换。", "%s一班最长%s小时，写了%s小时。", w.post.Name, trim(w.post.Length), trim(s.length()))
	case s.length() < time.Hour:
		return nil, handlers.Refuse("一班至少1小时。", exampleNeed)
	case s.Need > w.post.Most:
		return nil, handlers.Refusef("人多的分几处写。", "一班最多要%d人，写了%d人。", w.post.Most, s.Need)
	case s.Need > w.post.Warn && !w.sure:
		return nil, handlers.Refusef("真要这么多，在后面加“确定”再发一遍。", "一班要%d人，比平时多，先没有记。", s.Need)
	case s.Unit != "" && p.Unit != "" && s.Unit != p.Unit:
		return nil, handlers.Refusef("请他们自己发，或请联络员发。", "%s的岗不归您排。", s.Unit)
	case s.Unit == "" && !w.post.Kind.Central():
		return nil, handlers.Refuse("是哪个居民区的？", "写上居民区，例：/缺岗 测温 梅园南门 明早8-12 2人")
	case hasName(s.Place):
		return nil, handlers.Refuse("地点里像有人名，没有记。", "写哪个门、哪幢楼就行。")
	}
	return s, nil
}

func trim(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Hours()), ".0")
}

// hasName reports whether a place seems to name a person.
func hasName(place string) bool {
	for _, w := range []string{"阿姨", "先生", "女士", "师傅", "老师", "同志", "爷叔"} {
		if strings.Contains(place, w) {
			return true
		}
	}
	return len(syntax.PII(place)) > 0
}

func postNames(d *handlers.Desk) string {
	words, _, _ := postsOf(d)
	var out []string
	for _, w := range words {
		out = append(out, w.Name)
	}
	return strings.Join(out, "、")
}

// openNeed opens one shift, or says that it is open already.
func (f *Family) openNeed(ctx context.Context, c *handlers.Call, w wish, s *Shift) (handlers.Outcome, error) {
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	for _, old := range list {
		if !old.Off && old.Post == s.Post && old.Unit == s.Unit && old.Place == s.Place && old.From < s.To && s.From < old.To {
			return handlers.Outcome{}, handlers.Refusef("要加人发：/缺岗 "+old.id+" 几人", "%s 已经挂着，%d/%d人。", old.name(c.Street), old.have(), old.Need)
		}
	}
	count, err := create(ctx, &c.Desk, s)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := f.keep(&c.Desk, s)
	out.Changes = append(out.Changes, count)
	out.Read = handlers.Understanding{Unit: s.Unit, Period: string(w.day(&c.Desk)), Values: map[string]any{"岗位": s.Post, "地点": s.Place, "时间": s.when(c.Street), "人数": s.Need}}
	said, pushes := f.announce(&c.Desk, []*Shift{s})
	out.Pushes = pushes
	out.Reply = handlers.Say(fmt.Sprintf("缺岗 %s 需%d。%s", s.name(c.Street), s.Need, said))
	return out, nil
}

// announce says open shifts to the volunteers' groups.
func (f *Family) announce(d *handlers.Desk, list []*Shift) (said string, out []store.Push) {
	said = "撤：/缺岗 " + list[0].id + " 撤"
	var lines []string
	for _, s := range list {
		if p, _ := post(d.Street, s); p.Kind == config.PostVolunteer || slices.Contains(p.Who, config.RoleVolunteer) {
			lines = append(lines, fmt.Sprintf("%s 需%d", s.name(d.Street), s.open()))
		}
	}
	if len(lines) == 0 {
		return said, nil
	}
	if len(lines) > 6 {
		lines = append(lines[:5], fmt.Sprintf("……共%d班，发：岗位", len(list)))
	}
	text := "【缺岗】" + strings.Join(lines, "\n") + "\n能来的回：/报名 " + list[0].id
	for _, chat := range d.Dir.ChatsOf(d.Street, config.ChatVolunteers) {
		out = append(out, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, handlers.Say(text), d.At))
	}
	if len(out) > 0 {
		said = "已发志愿者群。" + said
	}
	return said, out
}

// change is /缺岗 V31 撤 and /缺岗 V31 3人.
func (f *Family) change(ctx context.Context, c *handlers.Call, id, rest string) (handlers.Outcome, error) {
	s, err := f.pick(ctx, c, id)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !manages(&c.Desk, s, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("要改请找"+title(&c.Desk, s.By)+"。", "%s不归您排。", s.id)
	}
	if strings.ContainsAny(rest, "撤消") || strings.Contains(rest, "不要") {
		return f.callOff(ctx, c, s)
	}
	var w wish
	w.readNeed(rest)
	if n, ok := syntax.Integer(strings.TrimSpace(rest)); ok && w.need == 0 {
		w.need = n
	}
	p, _ := post(c.Street, s)
	switch {
	case w.need == 0:
		return handlers.Answer(f.about(c, s)), nil
	case w.need > p.Most || w.need < s.have():
		return handlers.Outcome{}, handlers.Refusef("要请人下来，先和本人说好，发：/替 "+s.id, "%s已有%d人，最多%d人。", s.id, s.have(), p.Most)
	}
	s.Need = w.need
	out := f.keep(&c.Desk, s)
	out.Reply = handlers.Say(fmt.Sprintf("%s 改为需%d，还缺%d。", s.name(c.Street), s.Need, s.open()))
	return out, nil
}

// callOff takes a shift off; who was on it hears.
func (f *Family) callOff(ctx context.Context, c *handlers.Call, s *Shift) (handlers.Outcome, error) {
	if s.started(c.At) {
		return handlers.Outcome{}, handlers.Refusef("到了的工时照记。", "%s已经开始，撤不了。", s.id)
	}
	var who []string
	all := []*Hand{}
	for _, t := range s.Takers {
		who = append(who, t.Who)
		h, err := handOf(ctx, &c.Desk, t.Who)
		if err != nil {
			return handlers.Outcome{}, err
		}
		if h.slot(s.id) != nil {
			h.drop(s.id)
			all = append(all, h)
		}
	}
	s.Off, s.Takers, s.Reserve = true, nil, nil
	out := f.keep(&c.Desk, s)
	for _, h := range all {
		out.Changes = append(out.Changes, h.put())
	}
	out.Pushes = tell(&c.Desk, c.Person.UserID, handlers.CaseCard, s.name(c.Street)+" 不用去了，撤掉了。谢谢您！", who...)
	out.Reply = handlers.Say(s.id + " 已撤。")
	if len(who) > 0 {
		out.Reply = handlers.Say(fmt.Sprintf("%s 已撤，%d人已告诉。", s.id, len(out.Pushes)))
	}
	return out, nil
}

// pick finds a shift that can still be talked about.
func (f *Family) pick(ctx context.Context, c *handlers.Call, id string) (*Shift, error) {
	s, err := load(ctx, &c.Desk, id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, handlers.Refusef("看有哪些，发：/岗位", "没有%s这一班，或者早结束了。", id)
	}
	if s.Off {
		return nil, handlers.Refusef("看有哪些，发：/岗位", "%s已经撤了。", id)
	}
	return s, nil
}

// ask is /要人: hands for some days, one shift a day.
func (f *Family) ask(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if strings.TrimSpace(c.Rest) == "" {
		return handlers.Outcome{}, handlers.Refuse("要几个人、做什么、哪几天？", "例：/要人 1 值守 2.14-2.18")
	}
	w := hear(&c.Desk, c.Person, c.Rest)
	if w.post == nil {
		p, in := aidPost(&c.Desk)
		if p == nil {
			return handlers.Outcome{}, handlers.Refusef("例：/要人 1 值守 2.14-2.18", "缺哪种岗？可以写：%s。", postNames(&c.Desk))
		}
		w.post, w.pack = p, in
	}
	if len(w.days) == 0 {
		w.days = []config.Day{w.day(&c.Desk)}
	}
	return f.asked(ctx, c, w)
}

// aidPost is the post for hands from other bodies.
func aidPost(d *handlers.Desk) (*config.Post, *config.Pack) {
	for _, p := range d.Packs() {
		if x := p.Rosters.Of(config.PostAid); x != nil {
			return x, p
		}
	}
	return nil, nil
}

// asked opens a shift for each day of a request.
func (f *Family) asked(ctx context.Context, c *handlers.Call, w wish) (handlers.Outcome, error) {
	list, err := w.shifts(&c.Desk, c.Person)
	if err != nil {
		return handlers.Outcome{}, err
	}
	for _, s := range list {
		s.Asked = true
	}
	count, err := create(ctx, &c.Desk, list...)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := f.keep(&c.Desk, list...)
	out.Changes = append(out.Changes, count)
	first, last := list[0], list[len(list)-1]
	name := first.name(c.Street)
	if len(list) > 1 {
		name = fmt.Sprintf("%s–%s %s %s 至 %s", first.id, strings.TrimPrefix(last.id, ""), first.what(), first.when(c.Street), unix(last.From).In(c.Street.Location).Format("1/2"))
	}
	said, pushes := f.announce(&c.Desk, list)
	out.Pushes = append(pushes, tell(&c.Desk, c.Person.UserID, handlers.CaseCard,
		fmt.Sprintf("%s要人：%s 每班%d。派人发：/支援 %s 单位几人 至%s", c.Person.Title, name, first.Need, or(first.Unit, "街道"), unix(last.From).In(c.Street.Location).Format("1.2")), carersIDs(&c.Desk)...)...)
	out.Reply = handlers.Say(fmt.Sprintf("要人 %s 需%d。%s小时没人就找片区领导。%s", name, first.Need, trim(rules(c.Street).Asked), said))
	return out, nil
}

func carersIDs(d *handlers.Desk) []string {
	_, list := carers(d)
	return ids(list)
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// shifts are one shift for each day of a request; a day that is over today is left out.
func (w *wish) shifts(d *handlers.Desk, p config.Person) ([]*Shift, error) {
	var list []*Shift
	for i, day := range w.days {
		if len(w.days) > 1 && i == 0 && !d.Street.At(day, w.slotFor().From).After(d.At) {
			continue
		}
		s, err := w.shift(d, p, day)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
