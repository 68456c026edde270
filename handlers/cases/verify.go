package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// mayVerify says why a person may not judge whether a case is done; "" = may. Never the one
// who did it, nor anybody of the side it belongs to.
func (k *Case) mayVerify(d *handlers.Desk, p config.Person) string {
	switch {
	case k.Fixer == p.UserID:
		return "自己改的不能自己验。"
	case k.owns(d, p):
		return "自己这边改的不能自己这边验。"
	case k.found(p), k.looksAfter(d, p), p.Has(config.RoleInspector, config.RoleDiscipline, config.RoleDutyDesk, config.RoleLeader):
		return ""
	}
	return k.id + " 不用您来验。"
}

// judgedBy reports whether a case waits for somebody to look, and the person may.
func (k *Case) judgedBy(d *handlers.Desk, p config.Person) bool {
	return (k.State == Fixed || k.State == Closed) && typ(d.Street, k).Verify != config.VerifyNone && k.mayVerify(d, p) == ""
}

// judge picks the case of /验 and /回 and checks who judges.
func (f *Family) judge(ctx context.Context, c *handlers.Call, verb string) (*Case, string, error) {
	k, rest, err := f.pick(ctx, c, verb)
	if err != nil {
		return nil, "", err
	}
	if why := k.mayVerify(&c.Desk, c.Person); why != "" {
		return nil, "", &handlers.Refusal{What: why, Fix: "请发现的人或督查组回：/验 " + k.short() + " 过"}
	}
	return k, rest, nil
}

// cut takes one of the words off the front of a line.
func cut(line string, words ...string) (rest string, ok bool) {
	for _, w := range words {
		if rest, ok := strings.CutPrefix(line, w); ok {
			return strings.Trim(rest, " ,。:!、"), true
		}
	}
	return line, false
}

// verify is /验 25 过, /验 25 退 原因: another person has looked.
func (f *Family) verify(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, rest, err := f.judge(ctx, c, "验")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if why, ok := cut(rest, "退回", "退", "不过", "没过", "不行", "没改好", "没改", "不通过", "还没"); ok {
		return f.giveBack(c, k, why)
	}
	if _, ok := cut(rest, "过", "通过", "好了", "合格", "行", "可以", "已改好", "改好了", "没问题"); ok {
		if k.State != Fixed {
			return handlers.Outcome{}, k.wrongState(&c.Desk)
		}
		return f.close(c, k)
	}
	return handlers.Outcome{}, handlers.Refuse("过，还是退？请写明。", "例：/验 "+k.short()+" 过，或 /验 "+k.short()+" 退 夜里没人")
}

// close ends a case; everybody who reported it hears the end.
func (f *Family) close(c *handlers.Call, k *Case) (handlers.Outcome, error) {
	if !k.do(Pass, c.Person.UserID, c.At, "") {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.Closed, k.Left, k.Due, k.See = c.At.Unix(), 0, 0, 0
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 已销（%s）。", k.name(), f.heldText(&c.Desk, k)))
	out.Pushes = append(
		k.answer(&c.Desk, c.Person.UserID, fmt.Sprintf("%s %s看过，已销，辛苦了。", k.name(), c.Person.Title), k.Fixer),
		k.answer(&c.Desk, c.Person.UserID, fmt.Sprintf("您报的%s 已改好，%s看过，已销。谢谢您。", k.name(), c.Person.Title), k.reporters()...)...)
	return out, nil
}

// giveBack returns a case to its owner, with what is missing and the time that was left.
func (f *Family) giveBack(c *handlers.Call, k *Case, why string) (handlers.Outcome, error) {
	if k.State != Fixed { // a late press is not asked for a reason first
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	if why == "" {
		return handlers.Outcome{}, handlers.Refuse("哪里没改好？写一句，还没有退。", "例：/验 "+k.short()+" 退 夜里没人")
	}
	if !k.do(Return, c.Person.UserID, c.At, handlers.Clip(why, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.See = 0
	f.run(&c.Desk, k)
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 退回%s，%s前再改。", k.name(), titles(&c.Desk, k.Owners), when(&c.Desk, k.Due)))
	out.Pushes = k.answer(&c.Desk, c.Person.UserID, fmt.Sprintf("%s 退回：%s。%s前再改，改好回：/改 %s 怎么改的；要街道帮：/呼 %s 要什么",
		k.name(), why, date(&c.Desk, k.Due), k.short(), k.short()), append([]string{k.Fixer}, k.Owners...)...)
	return out, nil
}

// lookBack is /回 25 过, /回 25 反弹 …: the second look, days after.
func (f *Family) lookBack(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, rest, err := f.judge(ctx, c, "回")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if _, ok := cut(rest, "过", "通过", "好", "没反弹", "没有反弹"); ok {
		k.Looked = true
		if k.State == Fixed {
			return f.close(c, k)
		}
		if !k.do(Pass, c.Person.UserID, c.At, "回头看") {
			return handlers.Outcome{}, k.wrongState(&c.Desk)
		}
		out := f.outcome(&c.Desk, k)
		out.Reply = handlers.Say(k.name() + " 回头看过了，没有反弹。")
		return out, nil
	}
	why, ok := cut(rest, "反弹", "还是老样子", "老样子", "又")
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("过，还是反弹？请写明。", "例：/回 "+k.short()+" 过，或 /回 "+k.short()+" 反弹 夜里又没人")
	}
	return f.relapse(c, k, why)
}

// relapse opens a case again, with its whole time, and tells the area's leader.
func (f *Family) relapse(c *handlers.Call, k *Case, why string) (handlers.Outcome, error) {
	if !k.do(Relapse, c.Person.UserID, c.At, handlers.Clip(why, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.Again++
	k.Closed, k.Fixed, k.Fixer, k.How, k.Left, k.See, k.Told = 0, 0, "", "", 0, 0, k.Told&toldHelp
	k.Look, k.Looked = "", false // mended again, it is drawn again
	f.start(&c.Desk, k, time.Time{})
	out := f.outcome(&c.Desk, k)
	chief := k.chief(&c.Desk)
	times := ""
	if k.Again > 1 {
		times = fmt.Sprintf("（第%d次）", k.Again)
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s 反弹%s，重开，%s前；已告诉%s。", k.name(), times, when(&c.Desk, k.Due), title(&c.Desk, chief)))
	if why != "" {
		why = "：" + why
	}
	for _, id := range k.Owners {
		card := k.ownerCard(&c.Desk)
		card.Text, card.Card.Desc = "反弹"+why+"\n"+card.Text, "反弹，"+card.Card.Desc
		card.Card.Body = "反弹" + why + "\n" + card.Card.Body
		out.Pushes = append(out.Pushes, k.push(&c.Desk, id, handlers.CaseCard, card))
	}
	if chief != "" && chief != c.Person.UserID && !slices.Contains(k.Owners, chief) {
		out.Pushes = append(out.Pushes, k.push(&c.Desk, chief, handlers.CaseCard, handlers.Say(fmt.Sprintf(
			"%s 反弹%s%s。责任：%s，%s前。看难处：/问题 %s", k.name(), times, why, titles(&c.Desk, k.Owners), date(&c.Desk, k.Due), k.short()))))
	}
	return out, nil
}
