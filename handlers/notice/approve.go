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
	"juwei/handlers/syntax"
	"juwei/store"
)

// approve sends a notice out, or the answer that waits on it. Never the author: a second
// person reads before all do.
func (f *Family) approve(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	v, err := f.read(ctx, &c.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if v.live() && v.Pending != nil {
		return f.publish(ctx, c, v)
	}
	if err := f.judge(c, v); err != nil {
		return handlers.Outcome{}, err
	}
	if v.Due > 0 && time.Unix(v.Due, 0).Sub(c.At) < leastTime {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("请退回改时间：/通知 退 %d 改截止时间", n), "%s 离截止（%s）不到4小时，来不及，没有发。", v.name(), moment(&c.Desk, v.Due))
	}
	if v.To.everybody() && len(c.Dir.ChatsOf(c.Street, config.ChatSecretaries)) == 0 {
		return handlers.Outcome{}, handlers.Refuse("还没有登记书记群，发不出去。", "请管理员先登记。")
	}
	out := handlers.Outcome{}
	if v.Replaces > 0 {
		if out, err = f.supersede(ctx, c, v); err != nil {
			return handlers.Outcome{}, err
		}
	}
	v.State, v.Approver, v.At, v.Sent = sent, c.Person.UserID, c.At.Unix(), c.At.Unix()
	begin := handlers.QuietUntil(c.Street, c.At)
	how, told := "正在发"+v.where(&c.Desk), "发"+v.where(&c.Desk)+"了"
	if begin.After(c.At) {
		told = moment(&c.Desk, begin.Unix()) + "发" + v.where(&c.Desk)
		how = told + "（现在是静默时段）"
	}
	out.Reply = handlers.Say(v.name() + " 已批准，" + how + "。看收到几家：/通知 " + strconv.Itoa(n))
	out.Changes = append(out.Changes, v.put())
	out.Changes = append(out.Changes, v.remember(c.Street, begin)...)
	out.Audit = audit(v)
	out.Pushes = append(out.Pushes, v.out(c)...)
	out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(v.Author), handlers.Reply,
		handlers.Say(fmt.Sprintf("%s 已由%s批准，%s。", v.name(), c.Person.Title, told)), c.At))
	return out, nil
}

// review asks somebody to read what waits for a second person. It is looked at when its turn
// comes: by then another may have.
func (v notice) review(c *handlers.Call, userid string) store.Push {
	args := map[string]string{"n": v.field(), "bot": c.BotName(), "at": strconv.FormatInt(c.At.Unix(), 10)}
	return handlers.PushRecipe(handlers.ToPerson(userid), handlers.CaseCard, recipeReview, args, c.At)
}

func (f *Family) renderReview(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	n, err := strconv.Atoi(s.Args["n"])
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe of notice: %w", err)
	}
	at, err := strconv.ParseInt(s.Args["at"], 10, 64)
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe of notice: %w", err)
	}
	v, err := f.read(ctx, &s.Desk, n)
	switch {
	case err != nil:
		return handlers.Content{}, err
	case v.State == waiting:
		return v.approval(&s.Desk, s.Args["bot"]), nil
	case v.live() && v.Pending != nil:
		return v.additionCard(time.Unix(at, 0)), nil
	}
	return handlers.Content{}, &handlers.Moot{Why: "已经审过"}
}

// nodsThrough is 通过 without a number, of the office: everybody will hear what is approved,
// so it has to be said of which one.
func (f *Family) nodsThrough(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	said := strings.Trim(syntax.Normalise(c.Rest), " 。.!")
	if !c.Private() || !c.Person.Has(config.RoleDiscipline) || !slices.Contains([]string{"通过", "同意", "可以", "批准", "准", "退回"}, said) {
		return handlers.Outcome{}, false, nil
	}
	_, known, err := f.earlier(ctx, c, nil)
	if err != nil {
		return handlers.Outcome{}, false, err
	}
	for _, v := range slices.Backward(known) {
		if v.State == waiting && v.Author != c.Person.UserID || v.live() && v.Pending != nil && v.Pending.By != c.Person.UserID {
			return handlers.Outcome{}, true, handlers.Refusef(fmt.Sprintf("照这样发：/通知 准 %d，或 /通知 退 %d 原因", v.n, v.n), "要发给大家的，请说清是哪一条。等您审的有%s《%s》。", v.name(), v.Title)
		}
	}
	return handlers.Outcome{}, false, nil
}

// out is the notice on its way: the post in the group and a card to each; or, where it is
// for some only, all of it to each.
func (v notice) out(c *handlers.Call) []store.Push {
	text := v.text(&c.Desk, c.BotName())
	if !v.To.everybody() {
		if len([]rune(text)) > maxCard {
			return v.pushes(&c.Desk, handlers.Say(text))
		}
		var out []store.Push
		for i, x := range v.To.addressees(&c.Desk) {
			for j, p := range x.people {
				content := v.card(&c.Desk, fmt.Sprintf("%d-%d-%s", i, j, strconv.FormatInt(v.Sent, 36)))
				content.Text = text
				content.Card.Desc = ""
				content.Card.Title, content.Card.Body, _ = strings.Cut(text, "\n")
				out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Notice, content, c.At))
			}
		}
		return out
	}
	out := v.pushes(&c.Desk, handlers.Say(text))
	for _, x := range v.To.addressees(&c.Desk) {
		for _, p := range x.people {
			out = append(out, handlers.PushRecipe(handlers.ToPerson(p.UserID), v.cardKind(), recipeCard, v.args(x.key), c.At))
		}
	}
	return out
}

// giveBack returns a notice, or the answer that waits on it, to its author.
func (f *Family) giveBack(ctx context.Context, c *handlers.Call, n int, reason string) (handlers.Outcome, error) {
	v, err := f.read(ctx, &c.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	why := ""
	if reason != "" {
		why = "：" + reason
	}
	if v.live() && v.Pending != nil {
		if err := f.second(c, v.Pending.By, n); err != nil {
			return handlers.Outcome{}, err
		}
		a := *v.Pending
		v.Pending = nil
		out := handlers.Answer(fmt.Sprintf("%s 的答复已退回，没有发。", v.about(a.Point)))
		out.Changes, out.Audit = []store.Change{v.put()}, audit(v)
		out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(a.By), handlers.Reply,
			handlers.Say(fmt.Sprintf("%s 的答复被%s退回%s。改好重新发：/通知 答 %s 内容", v.about(a.Point), c.Person.Title, why, v.at(a.Point))), c.At)}
		return out, nil
	}
	if err := f.judge(c, v); err != nil {
		return handlers.Outcome{}, err
	}
	v.State, v.Approver, v.Reason, v.At = returned, c.Person.UserID, reason, c.At.Unix()
	out := handlers.Answer(v.name() + " 已退回，没有发群。")
	out.Changes = []store.Change{v.put()}
	out.Audit = audit(v)
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(v.Author), handlers.Reply,
		handlers.Say(fmt.Sprintf("%s 被%s退回%s。改好重新发 /通知，会有新编号。", v.name(), c.Person.Title, why)), c.At)}
	return out, nil
}

// judge refuses who may not approve or return a notice, and says who was faster.
func (f *Family) judge(c *handlers.Call, v notice) error {
	n := strconv.Itoa(v.n)
	switch v.State {
	case sent:
		return handlers.Refusef("看收到几家：/通知 "+n, "%s %s已由%s批准，已经发出去了。", v.name(), moment(&c.Desk, v.Sent), title(&c.Desk, v.Approver))
	case returned:
		return handlers.Refusef("要发请重新起草：/通知 标题，换行写内容", "%s %s已由%s退回了。", v.name(), moment(&c.Desk, v.At), title(&c.Desk, v.Approver))
	}
	if err := v.void(&c.Desk); err != nil {
		return err
	}
	return f.second(c, v.Author, v.n)
}

// second refuses the author: somebody else has to read it first.
func (f *Family) second(c *handlers.Call, author string, n int) error {
	if author == c.Person.UserID {
		return handlers.Refuse("自己写的不能自己审。", "请另一位纪工委同事回：/通知 准 "+strconv.Itoa(n))
	}
	return nil
}

// at is how a point is asked about: 7.2, or 7 where there is only one.
func (v notice) at(p int) string {
	if len(points(v.Body)) < 2 {
		return strconv.Itoa(v.n)
	}
	return fmt.Sprintf("%d.%d", v.n, p)
}
