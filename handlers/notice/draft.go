package notice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// longest is how long a notice may be, in characters: it must fit one webhook text
// (2,048 bytes) with its number and its last line.
const longest = 500

// draft takes the next number and asks the other members of the office for approval.
func (f *Family) draft(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("温馨提示在私聊里起草，审过再发群。", "请私聊我发：/通知 标题，换行写内容")
	}
	title, body, _ := strings.Cut(f.expand(c, syntax.Behind(c.Message.Text, "通知", word)), "\n")
	v := notice{Title: strings.TrimSpace(title), Body: strings.TrimSpace(body), Author: c.Person.UserID, State: waiting, At: c.At.Unix()}
	if n := utf8.RuneCountInString(v.Title + v.Body); n > longest {
		return handlers.Outcome{}, handlers.Refusef("请删短一些再发，或分成两条。", "写了%d个字，手机上一屏最多%d个字。", n, longest)
	}
	var others []config.Person
	for _, p := range c.Dir.PeopleOf(c.Street, config.RoleDiscipline) {
		if p.UserID != c.Person.UserID {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return handlers.Outcome{}, handlers.Refuse("名单里没有第二位纪工委同事，没人能审。", "请管理员先加一位。")
	}
	b := c.Read()
	count := b.Size(store.Notices())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("count notices: %w", err)
	}
	v.n = *count + 1
	out := handlers.Answer(fmt.Sprintf("%s 已记下，等%s审。审过就发书记群，是这个样子：\n%s", v.name(), titles(others), v.text(c.BotName())))
	out.Changes = []store.Change{store.Put(store.Notices(), strconv.Itoa(v.n), 0, v.cell())}
	out.Audit = audit(v)
	for _, p := range others {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.CaseCard, v.approval(c), c.At))
	}
	return out, nil
}

// expand replaces the name of one of the packs' prepared notices by its text.
func (f *Family) expand(c *handlers.Call, text string) string {
	for _, p := range c.Packs() {
		for _, t := range p.Notices {
			if strings.TrimSpace(text) == t.Name {
				return strings.TrimPrefix(t.Name, word+"-") + "\n" + t.Text
			}
		}
	}
	return text
}

func (v notice) approval(c *handlers.Call) handlers.Content {
	n := strconv.Itoa(v.n)
	return handlers.Content{
		Text: fmt.Sprintf("%s 请您审，是这个样子：\n%s\n同意回：/通知 准 %s\n退回回：/通知 退 %s 原因", v.name(), v.text(c.BotName()), n, n),
		Card: &handlers.Card{
			Task: "notice-" + n + "-" + strconv.FormatInt(v.At, 36), Title: v.name() + " 请您审", Desc: v.Title, Body: v.Body,
			Buttons: []handlers.Button{{Text: "通过", Line: "/通知 准 " + n, Primary: true}, {Text: "退回", Line: "/通知 退 " + n}},
		},
	}
}

// approve sends a notice out. Never the author: a second person reads before all do.
func (f *Family) approve(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	v, err := f.judge(ctx, c, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	v.State, v.Approver, v.At = sent, c.Person.UserID, c.At.Unix()
	chats := c.Dir.ChatsOf(c.Street, config.ChatSecretaries)
	if len(chats) == 0 {
		return handlers.Outcome{}, handlers.Refuse("还没有登记书记群，发不出去。", "请管理员先登记。")
	}
	out := handlers.Answer(v.name() + " 已批准，正在发书记群。看收到几家：/通知 " + strconv.Itoa(n))
	out.Changes = []store.Change{store.Put(store.Notices(), strconv.Itoa(n), v.rev, v.cell())}
	out.Audit = audit(v)
	for _, chat := range chats {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, handlers.Say(v.text(c.BotName())), c.At))
	}
	out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(v.Author), handlers.Reply,
		handlers.Say(fmt.Sprintf("%s 已由%s批准，发书记群了。", v.name(), c.Person.Title)), c.At))
	return out, nil
}

// giveBack returns a notice to its author.
func (f *Family) giveBack(ctx context.Context, c *handlers.Call, n int, reason string) (handlers.Outcome, error) {
	v, err := f.judge(ctx, c, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	v.State, v.Approver, v.Reason, v.At = returned, c.Person.UserID, reason, c.At.Unix()
	out := handlers.Answer(v.name() + " 已退回，没有发群。")
	out.Changes = []store.Change{store.Put(store.Notices(), strconv.Itoa(n), v.rev, v.cell())}
	out.Audit = audit(v)
	why := ""
	if reason != "" {
		why = "：" + reason
	}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(v.Author), handlers.Reply,
		handlers.Say(fmt.Sprintf("%s 被%s退回%s。改好重新发 /通知，会有新编号。", v.name(), c.Person.Title, why)), c.At)}
	return out, nil
}

// judge reads a notice that the caller may approve or return.
func (f *Family) judge(ctx context.Context, c *handlers.Call, n int) (notice, error) {
	v, err := f.read(ctx, c, n)
	if err != nil {
		return v, err
	}
	switch {
	case v.State == sent:
		return v, handlers.Refusef("看收到几家：/通知 "+strconv.Itoa(n), "%s 已经发出去了。", v.name())
	case v.State == returned:
		return v, handlers.Refuse(v.name()+" 已经退回了。", "要发请重新起草：/通知 标题，换行写内容")
	case v.Author == c.Person.UserID:
		return v, handlers.Refuse("自己写的不能自己审。", "请另一位纪工委同事回：/通知 准 "+strconv.Itoa(n))
	}
	return v, nil
}

func titles(people []config.Person) string {
	var out []string
	for _, p := range people {
		out = append(out, p.Title)
	}
	return strings.Join(out, "或")
}
