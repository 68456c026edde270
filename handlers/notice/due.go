package notice

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// What happens to a notice by itself; the id of each item is the notice's number.
const (
	dueNudge   = "notice-nudge"   // who has not confirmed is asked in private
	dueLiaison = "notice-liaison" // the liaison is asked to ring those who still have not
	dueBack    = "notice-back"    // confirmed and not done comes back
	dueEnd     = "notice-end"     // the author hears where it stands
	dueAsked   = "notice-ask"     // questions nobody has answered
	dueAll     = "notice-all"     // somebody has confirmed: perhaps it was the last
)

// patience is how many working hours nobody is asked again.
const patience = 4 * time.Hour

const (
	recipeCard   = "notice.card"
	recipeNudge  = "notice.nudge"
	recipeBack   = "notice.back"
	recipeReview = "notice.review"
)

func (f *Family) dueItems() []handlers.DueItem {
	return []handlers.DueItem{
		{Kind: dueNudge, Title: "私聊没收的，提示", Run: booked(f.nudge)},
		{Kind: dueLiaison, Title: "请联络员问没收的，提示", Run: booked(f.liaison)},
		{Kind: dueBack, Title: "问收了没办的，提示", Run: booked(f.back)},
		{Kind: dueEnd, Title: "到期，提示", Run: booked(f.end)},
		{Kind: dueAsked, Title: "有问题没答，提示", Run: booked(f.stillAsked)},
		{Kind: dueAll, Title: "看收齐没有，提示", Run: booked(f.complete)},
	}
}

func (f *Family) recipes() []handlers.Recipe {
	return []handlers.Recipe{
		{Name: recipeCard, Render: f.renderCard},
		{Name: recipeNudge, Render: f.renderNudge},
		{Name: recipeBack, Render: f.renderBack},
		{Name: recipeReview, Render: f.renderReview},
	}
}

// remember sets the moments of a notice that goes out at begin; one that is only to be seen
// has none.
func (v notice) remember(s *config.Street, begin time.Time) []store.Change {
	if !v.asks() {
		return nil
	}
	nudge := workAfter(s, begin, patience)
	out := []store.Change{store.DueAt(dueNudge, v.field(), nudge)}
	liaison := handlers.QuietUntil(s, begin.Add(24*time.Hour))
	if liaison.Before(nudge) {
		liaison = nudge.Add(time.Hour)
	}
	out = append(out, store.DueAt(dueLiaison, v.field(), liaison))
	if v.Due > 0 {
		due := time.Unix(v.Due, 0)
		back := workBefore(s, due, patience)
		if half := begin.Add(due.Sub(begin) / 2); back.Before(half) {
			back = handlers.QuietUntil(s, half)
		}
		if back.Before(due) {
			out = append(out, store.DueAt(dueBack, v.field(), back))
		}
		out = append(out, store.DueAt(dueEnd, v.field(), due))
	}
	return out
}

// forget drops every moment of a notice.
func (v notice) forget() []store.Change {
	var out []store.Change
	for _, kind := range []string{dueNudge, dueLiaison, dueBack, dueEnd, dueAsked, dueAll} {
		out = append(out, store.DueDone(kind, v.field()))
	}
	return out
}

// step is how finely working hours are counted.
const step = 5 * time.Minute

// workAfter is when so many working hours have passed since a moment: hours that are not
// quiet.
func workAfter(s *config.Street, from time.Time, work time.Duration) time.Time {
	t := from
	for ; work > 0; work -= step {
		t = handlers.QuietUntil(s, t).Add(step)
	}
	return t
}

// workBefore is when so many working hours are left until a moment; at most a week before.
func workBefore(s *config.Street, until time.Time, work time.Duration) time.Time {
	t := until
	for work > 0 && until.Sub(t) < 7*24*time.Hour {
		t = t.Add(-step)
		if handlers.QuietUntil(s, t).Equal(t) {
			work -= step
		}
	}
	return t
}

// args are what a recipe about one addressee's part in a notice needs.
func (v notice) args(key string) map[string]string {
	return map[string]string{"n": v.field(), "key": key}
}

// due reads the notice of a due item and who has answered it. ok is false when the notice
// no longer holds: then nothing is to do.
func (f *Family) due(ctx context.Context, it *handlers.Item) (v notice, acks map[string]ack, ok bool, err error) {
	n, err := strconv.Atoi(it.ID)
	if err != nil {
		return v, nil, false, fmt.Errorf("due item of notice %q: %w", it.ID, err)
	}
	b := it.Read()
	cell := b.Cell(store.Notices(), it.ID)
	cells := b.All(store.NoticeAcks(it.ID))
	if err := b.Run(ctx); err != nil {
		return v, nil, false, fmt.Errorf("read notice %d: %w", n, err)
	}
	if v, err = open(n, *cell); err != nil || !v.live() {
		return v, nil, false, err
	}
	acks, err = openAcks(*cells)
	return v, acks, true, err
}

// each pushes a recipe to the people of the addressees that want picks. It goes as a card
// does and not as a nudge: above the day's budget it waits for the morning, if there is one
// before the time is over.
func (f *Family) each(it *handlers.Item, v notice, recipe string, want func(addressee) bool) handlers.Outcome {
	out := handlers.Outcome{Require: []store.Guard{v.guard()}}
	at := handlers.QuietUntil(it.Street, it.At)
	for _, x := range v.To.addressees(&it.Desk) {
		if !want(x) {
			continue
		}
		for _, p := range x.people {
			push := handlers.PushRecipe(handlers.ToPerson(p.UserID), v.cardKind(), recipe, v.args(x.key), at)
			if due := time.Unix(v.Due, 0); v.Due > 0 && due.Before(push.Expires) {
				push.Expires = due
			}
			out.Pushes = append(out.Pushes, push)
		}
	}
	return out
}

// cardKind is what a card about the notice is to its reader: his own matter, or the copy of
// what his group has heard.
func (v notice) cardKind() handlers.PushKind {
	if v.To.everybody() {
		return handlers.Copy
	}
	return handlers.CaseCard
}

// nudge asks each who has not confirmed, once, in private.
func (f *Family) nudge(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	v, acks, ok, err := f.due(ctx, it)
	if err != nil || !ok {
		return handlers.Outcome{}, orNothing(err)
	}
	return f.each(it, v, recipeNudge, func(x addressee) bool { return acks[x.key].At == 0 }), nil
}

// back asks each who has confirmed and not done it, once, before the time is over.
func (f *Family) back(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	v, acks, ok, err := f.due(ctx, it)
	if err != nil || !ok {
		return handlers.Outcome{}, orNothing(err)
	}
	return f.each(it, v, recipeBack, func(x addressee) bool { return acks[x.key].At > 0 && acks[x.key].Done == 0 }), nil
}

// liaison asks each liaison to ring those of their committees that have not confirmed. It
// is said to nobody else, and never in a group.
func (f *Family) liaison(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	v, acks, ok, err := f.due(ctx, it)
	if err != nil || !ok {
		return handlers.Outcome{}, orNothing(err)
	}
	silent := map[string][]string{}
	var order []string
	for _, x := range v.To.addressees(&it.Desk) {
		if acks[x.key].At > 0 || len(x.people) == 0 || x.people[0].Unit == "" {
			continue
		}
		l := it.Dir.Liaison(it.Street, x.people[0].Unit)
		if l == "" {
			continue
		}
		if !slices.Contains(order, l) {
			order = append(order, l)
		}
		silent[l] = append(silent[l], x.name)
	}
	out := handlers.Outcome{Require: []store.Guard{v.guard()}}
	at := handlers.QuietUntil(it.Street, it.At)
	for _, l := range order {
		text := fmt.Sprintf("%s《%s》（%s，%s截止），您联系的%s还没有回音。\n请打个电话问问，有难处帮一把。", v.name(), v.Title, v.Class, moment(&it.Desk, v.Due), strings.Join(silent[l], "、"))
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(l), handlers.CaseCard, handlers.Say(text), at))
	}
	return out, nil
}

// end tells the author where the notice stands when its time is over; names are for the
// office alone, and nothing follows by itself.
func (f *Family) end(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	v, acks, ok, err := f.due(ctx, it)
	if err != nil || !ok {
		return handlers.Outcome{}, orNothing(err)
	}
	t := v.tally(&it.Desk, acks)
	if t.done == t.total {
		return handlers.Outcome{Require: []store.Guard{v.guard()}}, nil
	}
	text := fmt.Sprintf("%s《%s》到时间了：%s。", v.name(), v.Title, v.counts(t))
	if len(t.unseen) > 0 {
		text += "\n还没收：" + strings.Join(t.unseen, "、")
	}
	if len(t.open) > 0 {
		text += "\n收了还没办：" + strings.Join(t.open, "、")
	}
	out := handlers.Outcome{Require: []store.Guard{v.guard()}}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(v.Author), handlers.CaseCard, handlers.Say(text), handlers.QuietUntil(it.Street, it.At))}
	return out, nil
}

// complete tells the office, once, that everybody has confirmed, and once that everybody
// has done it. It counts afterwards and not in the receipt itself: of two receipts at the
// same moment neither knows that it is the last.
func (f *Family) complete(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	v, acks, ok, err := f.due(ctx, it)
	if err != nil || !ok {
		return handlers.Outcome{}, orNothing(err)
	}
	t := v.tally(&it.Desk, acks)
	var text string
	switch {
	case v.asks() && t.done == t.total && v.DoneAll == 0:
		v.DoneAll, v.SeenAll = it.At.Unix(), max(v.SeenAll, 1)
		text = fmt.Sprintf("%s：%d/%d，都办好了。", v.name(), t.total, t.total)
		if v.Class == config.NoticeAnswer {
			text = fmt.Sprintf("%s：%d/%d，都答复了。", v.name(), t.total, t.total)
		}
	case t.seen == t.total && v.SeenAll == 0:
		v.SeenAll = it.At.Unix()
		text = fmt.Sprintf("%s：%d/%d，都收到了。", v.name(), t.total, t.total)
	default:
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Changes: []store.Change{v.put()}}
	for _, chat := range it.Dir.ChatsOf(it.Street, config.ChatDiscipline) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, handlers.Say(text), it.At))
	}
	return out, nil
}

// stillAsked reminds the author of questions that nobody has answered.
func (f *Family) stillAsked(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	v, _, ok, err := f.due(ctx, it)
	if err != nil || !ok {
		return handlers.Outcome{}, orNothing(err)
	}
	_, qs, err := f.readAsked(ctx, &it.Desk, v.n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	open := v.unanswered(qs, 0)
	if len(open) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Require: []store.Guard{v.guard()}}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(v.Author), handlers.CaseCard,
		handlers.Say(fmt.Sprintf("%s 有%d个问题等您答：\n%s\n答复发：/通知 答 %s 内容", v.name(), len(open), v.recite(&it.Desk, open), v.at(open[0].Point))), handlers.QuietUntil(it.Street, it.At))}
	return out, nil
}

func orNothing(err error) error {
	if err != nil {
		return err
	}
	return handlers.ErrNothing
}

// serving reads the notice of a recipe and the addressee's receipt as they are now; what no
// longer holds is not said.
func (f *Family) serving(ctx context.Context, s *handlers.Serving) (v notice, a ack, err error) {
	n, err := strconv.Atoi(s.Args["n"])
	if err != nil {
		return v, a, fmt.Errorf("recipe of notice: %w", err)
	}
	b := s.Read()
	cell := b.Cell(store.Notices(), s.Args["n"])
	mine := b.Cell(store.NoticeAcks(s.Args["n"]), s.Args["key"])
	if err := b.Run(ctx); err != nil {
		return v, a, fmt.Errorf("read notice %d: %w", n, err)
	}
	if v, err = open(n, *cell); err != nil {
		return v, a, err
	}
	if !v.live() {
		return v, a, &handlers.Moot{Why: "通知已作废"}
	}
	a, err = openAck(*mine)
	if err == nil && a.Done > 0 {
		err = &handlers.Moot{Why: "已经办好"}
	}
	return v, a, err
}

// task makes a card's id unique: one for each notice, addressee and moment.
func task(s *handlers.Serving) string {
	_, userid, _ := strings.Cut(string(s.To), ":")
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '@' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, userid)
	return clean + "-" + strconv.FormatInt(s.At.Unix(), 36)
}

func (f *Family) renderCard(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	v, a, err := f.serving(ctx, s)
	if err != nil {
		return handlers.Content{}, err
	}
	if a.At > 0 {
		return handlers.Content{}, &handlers.Moot{Why: "已经收到"}
	}
	return v.card(&s.Desk, task(s)), nil
}

func (f *Family) renderNudge(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	v, a, err := f.serving(ctx, s)
	if err != nil {
		return handlers.Content{}, err
	}
	if a.At > 0 {
		return handlers.Content{}, &handlers.Moot{Why: "已经收到"}
	}
	return handlers.Say(fmt.Sprintf("%s《%s》%s，%s截止，您看到了吗？\n看到回：收%d%s", v.name(), v.Title, v.Class, moment(&s.Desk, v.Due), v.n, strings.Replace(v.next(a), "\n", "；", 1))), nil
}

func (f *Family) renderBack(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	v, a, err := f.serving(ctx, s)
	if err != nil {
		return handlers.Content{}, err
	}
	text := fmt.Sprintf("%s《%s》您已收到，%s截止，办好了吗？%s\n有难处就说：/问 通知%s 什么难处", v.name(), v.Title, moment(&s.Desk, v.Due), v.next(a), v.at(1))
	c := handlers.Say(text)
	if v.Class == config.NoticeAct {
		c.Card = &handlers.Card{
			Task: "notice-" + v.field() + "-back-" + task(s), Title: v.name() + " 办好了吗", Desc: v.Title,
			Body:    text,
			Buttons: []handlers.Button{{Text: "已办好", Line: "/办 " + v.field(), Primary: true}},
		}
	}
	return c, nil
}
