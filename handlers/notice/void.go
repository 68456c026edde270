package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/handlers"
	"juwei/store"
)

// withdraw is /通知 撤 7 原因: the notice is void for everybody who had it. One person of
// the office is enough: a wrong notice must not stand until a second is found.
func (f *Family) withdraw(ctx context.Context, c *handlers.Call, n int, reason string) (handlers.Outcome, error) {
	v, err := f.read(ctx, &c.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	switch v.State {
	case withdrawn:
		return handlers.Outcome{}, handlers.Refusef("", "%s %s已由%s撤回：%s", v.name(), moment(&c.Desk, v.At), title(&c.Desk, v.Approver), v.Reason)
	case returned:
		return handlers.Outcome{}, handlers.Refusef("要发请重新起草：/通知 标题，换行写内容", "%s 没有发过，早退回了，不用撤。", v.name())
	}
	if err := v.void(&c.Desk); err != nil {
		return handlers.Outcome{}, err
	}
	reason = strings.TrimRight(reason, "。")
	if reason == "" && v.State == sent {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/通知 撤 %d 时间写错了", n), "撤回要写原因，大家才知道。%s还在。", v.name())
	}
	if len([]rune(reason)) > maxNote {
		return handlers.Outcome{}, handlers.Refusef("请短一些再发。", "原因写了%d个字，最多%d个字。%s还在。", len([]rune(reason)), maxNote, v.name())
	}
	was := v.State
	v.State, v.Reason, v.Approver, v.At = withdrawn, reason, c.Person.UserID, c.At.Unix()
	out := handlers.Answer(v.name() + " 还没发，已收回。")
	out.Changes = []store.Change{v.put()}
	out.Audit = audit(v)
	if was != sent {
		return out, nil
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s 已撤回，正在告诉%s。", v.name(), v.where(&c.Desk)))
	out.Changes = append(out.Changes, v.forget()...)
	out.Pushes = v.pushes(&c.Desk, handlers.Say(v.taken()))
	if v.Author != c.Person.UserID {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(v.Author), handlers.Reply,
			handlers.Say(fmt.Sprintf("%s 被%s撤回了：%s", v.name(), c.Person.Title, reason)), c.At))
	}
	return out, nil
}

// taken is what everybody who had it reads.
func (v notice) taken() string {
	return fmt.Sprintf("【%s】已撤回，作废：%s。\n没办的不用办，收过的不用再回。", v.name(), v.Reason)
}

// supersede makes the notice that v takes the place of void, in the same commit.
func (f *Family) supersede(ctx context.Context, c *handlers.Call, v notice) (handlers.Outcome, error) {
	old, err := f.read(ctx, &c.Desk, v.Replaces)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !old.live() {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("请退回重写：/通知 退 %d 已不用换", v.n), "%s 要换掉的%s已经作废，不能再换。", v.name(), old.name())
	}
	old.State, old.ReplacedBy, old.At = replaced, v.n, c.At.Unix()
	out := handlers.Outcome{Changes: append(old.forget(), old.put())}
	reads := map[string]bool{} // who had the old one and reads in the new one that it is void
	if !old.To.everybody() {
		for _, x := range v.To.addressees(&c.Desk) {
			for _, p := range x.people {
				reads[string(handlers.ToPerson(p.UserID))] = true
			}
		}
	}
	if !v.To.everybody() || !old.To.byUnit() {
		gone := old.pushes(&c.Desk, handlers.Say(fmt.Sprintf("【%s】已作废，换成了%s。\n没办的不用办，收过的不用再回。", old.name(), v.name())))
		out.Pushes = slices.DeleteFunc(gone, func(p store.Push) bool { return reads[p.To] })
	}
	return out, nil
}
