package cases

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// Rectify is /改 25 …, for the family that has the word. It implements handlers.Rectify: a
// number alone is not enough where it could be a figure.
func (f *Family) Rectify(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	ref, rest, ok := syntax.Reference(c.Rest)
	if quoted, found := inQuote(c.Message.Quote, c.BotName()); !ok && found {
		ref, rest, ok = quoted, c.Rest, true
	}
	if !ok || rest == "" && ref.Letter == "" && c.Person.Has(committee...) {
		return handlers.Outcome{}, false, nil
	}
	list, err := several(ctx, &c.Desk, ids(c.Street, ref))
	if ref.Sub > 0 && ref.Letter == "" { // 2.3 can be a day as well: only who has such an item means it
		list = slices.DeleteFunc(list, func(k *Case) bool { return !k.sees(&c.Desk, c.Person) })
	}
	if err != nil || len(list) == 0 {
		return handlers.Outcome{}, false, err
	}
	out, err := f.discreet(f.mend)(ctx, c)
	return out, true, err
}

// mend is /改 25 怎么改的: the owner says it is done, or the street that it has helped.
func (f *Family) mend(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, note, err := f.pick(ctx, c, "改")
	if err != nil {
		return handlers.Outcome{}, err
	}
	t := typ(c.Street, k)
	mine := k.owns(&c.Desk, c.Person) || t.Kind == config.CaseUrgent && c.Person.Has(config.RoleDutyDesk, config.RoleLeader)
	if !mine && !k.helps(&c.Desk, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("看到改好了，请告诉他们报一句；您要补充，发：/问题 "+k.short()+" 想说的", "%s 不归您，归%s。", k.id, titles(&c.Desk, k.Owners))
	}
	if note == "" {
		return handlers.Outcome{}, handlers.Refuse("怎么改的？写一句就行，不用照片。", "例：/改 "+k.short()+" 已换班，测温枪充好电")
	}
	if !mine {
		return f.helped(c, k, note)
	}
	verb := Fix
	if t.Verify == config.VerifyNone {
		verb = Done
	}
	if !k.do(verb, c.Person.UserID, c.At, handlers.Clip(note, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.Fixer, k.Fixed, k.How = c.Person.UserID, c.At.Unix(), k.Last.Note
	if verb == Done {
		k.Closed, k.Due, k.Left, k.Street = c.At.Unix(), 0, 0, 0
	} else {
		f.stand(&c.Desk, k)
		k.Street, k.Want = 0, 0
		k.See = f.clock(c.Street, k).add(handlers.QuietUntil(c.Street, c.At), seeWithin).Unix()
		k.Told &^= toldSee | toldUnseen
	}
	out := f.outcome(&c.Desk, k)
	if verb == Done {
		out.Reply = handlers.Say(fmt.Sprintf("%s 办结（%s）。", k.name(), f.heldText(&c.Desk, k)))
		out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.Reply, fmt.Sprintf("%s 办结：%s", k.name(), k.Last.Note), append(k.reporters(), k.Owners...)...)
		return out, nil
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s 已改待验（用时：%s）。会有别人来看一眼，不用发照片。", k.name(), f.heldText(&c.Desk, k)))
	out.Pushes = k.remind(&c.Desk, "", handlers.CaseCard, whyFixed, k.lookers(&c.Desk)...)
	return out, nil
}

// lookers are who is asked to look whether it is mended: who reported it, else, where all of
// them are of the side that mended it, the liaison.
func (k *Case) lookers(d *handlers.Desk) []string {
	var out []string
	for _, id := range k.reporters() {
		if p, ok := person(d, id); ok && k.mayVerify(d, p) == "" {
			out = append(out, id)
		}
	}
	if l, ok := person(d, k.liaison(d)); len(out) == 0 && ok && k.mayVerify(d, l) == "" {
		out = append(out, l.UserID)
	}
	return out
}

// lookCard asks somebody to look: why now, how it stands, what was said, two buttons.
func (k *Case) lookCard(why, how string) handlers.Content {
	note := cmp.Or(k.How, k.Text)
	line := fmt.Sprintf("%s：%s——%s", k.name(), how, note)
	return handlers.Content{
		Text: fmt.Sprintf("%s\n看过了回：/验 %s 过，或 /验 %s 退 原因", line, k.short(), k.short()), Line: line, Hint: hintLook,
		Card: &handlers.Card{
			Task: k.task() + "-" + why, Title: handlers.Clip(k.name(), 26), Desc: handlers.Clip(how, 30), Body: note,
			Buttons: []handlers.Button{{Text: "通过", Line: "/验 " + k.id + " 过", Primary: true}, {Text: "退回", Line: "/验 " + k.id + " 退"}},
		},
	}
}

// helped is the street's part: with it a called ball goes back to the owner.
func (f *Family) helped(c *handlers.Call, k *Case, note string) (handlers.Outcome, error) {
	called := k.State == Called
	if !called && (k.Help == "" || k.Helped) {
		return handlers.Outcome{}, handlers.Refusef("看经过：/问题 "+k.short(), "%s 街道这边没有欠着的，改要由%s来报。", k.id, titles(&c.Desk, k.Owners))
	}
	if !k.do(Helped, c.Person.UserID, c.At, handlers.Clip(note, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.Helped, k.Street = true, 0
	if called {
		f.run(&c.Desk, k)
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 街道帮到了，已告诉%s。", k.name(), titles(&c.Desk, k.Owners)))
	text := fmt.Sprintf("%s：街道帮到了——%s", k.name(), k.Last.Note)
	if called {
		text += fmt.Sprintf("。现在回到您这边，%s前；街道用掉的时间不算您的。", date(&c.Desk, k.Due))
	}
	if called {
		out.Pushes = k.answer(&c.Desk, c.Person.UserID, text, k.asking()...)
	} else {
		out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.CaseCard, text, k.Owners...)
	}
	return out, nil
}

// asking are the owners and, where he is none of them, whoever asked the street for the
// owners' side.
func (k *Case) asking() []string { return append([]string{k.Asker}, k.Owners...) }

// accept is /接 25.
func (f *Family) accept(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, note, err := f.pick(ctx, c, "接")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if typ(c.Street, k).Kind == config.CaseUrgent {
		return f.takeUrgent(c, k)
	}
	if !k.owns(&c.Desk, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("看您手上的，发：/问题", "%s 归%s，不用您接。", k.id, titles(&c.Desk, k.Owners))
	}
	if !k.do(Accept, c.Person.UserID, c.At, handlers.Clip(note, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 您接了，%s前办好。改好回：/改 %s 怎么改的", k.name(), when(&c.Desk, k.Due), k.short()))
	return out, nil
}

// extend is /延 25 2.16 等配件, and its decision: /延 25 准, /延 25 不准 原因.
func (f *Family) extend(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, rest, err := f.pick(ctx, c, "延")
	if err != nil {
		return handlers.Outcome{}, err
	}
	for _, w := range []string{"不准", "不同意", "不行"} {
		if why, ok := strings.CutPrefix(rest, w); ok {
			return f.grant(c, k, Deny, strings.Trim(why, " ,。:"))
		}
	}
	for _, w := range []string{"准", "同意", "可以"} {
		if why, ok := strings.CutPrefix(rest, w); ok {
			return f.grant(c, k, Grant, strings.Trim(why, " ,。:"))
		}
	}
	if !k.owns(&c.Desk, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("看您手上的，发：/问题", "%s 归%s，延期要他们来提。", k.id, titles(&c.Desk, k.Owners))
	}
	if typ(c.Street, k).Kind == config.CaseUrgent {
		return handlers.Outcome{}, handlers.Refusef("要人帮，发：/呼 "+k.id+" 要什么", "%s 是急事，不延期。", k.id)
	}
	at, why, ok := deadline(&c.Desk, rest)
	if !ok || why == "" {
		return handlers.Outcome{}, handlers.Refuse("延到哪天、为什么？都写上，还没有延。", "例：/延 "+k.short()+" 明天17:00 等配件到货")
	}
	if err := ahead(&c.Desk, at); err != nil {
		return handlers.Outcome{}, err
	}
	if k.Due > 0 && at.Unix() <= k.Due {
		return handlers.Outcome{}, handlers.Refusef("", "现在的时限是%s，不用延。", when(&c.Desk, k.Due))
	}
	if !k.do(Extend, c.Person.UserID, c.At, handlers.Clip(why, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	f.stand(&c.Desk, k)
	k.Want, k.Asker = at.Unix(), c.Person.UserID
	k.Street = f.clock(c.Street, k).add(handlers.QuietUntil(c.Street, c.At), 4*time.Hour).Unix()
	k.Told &^= toldStreet
	out := f.outcome(&c.Desk, k)
	chief := k.chief(&c.Desk)
	out.Reply = handlers.Say(fmt.Sprintf("%s 延到%s，等%s定。等的时间不算您的。", k.name(), when(&c.Desk, k.Want), title(&c.Desk, chief)))
	out.Pushes = append(out.Pushes, k.push(&c.Desk, chief, handlers.CaseCard, handlers.Content{
		Text: fmt.Sprintf("%s：%s想延到%s，因为：%s\n回：/延 %s 准，或 /延 %s 不准 原因", k.name(), c.Person.Title, date(&c.Desk, k.Want), why, k.short(), k.short()),
		Card: &handlers.Card{
			Task: k.task(), Title: handlers.Clip(k.name(), 26), Desc: "想延到" + date(&c.Desk, k.Want), Body: c.Person.Title + "：" + why,
			Buttons: []handlers.Button{{Text: "准", Line: "/延 " + k.id + " 准", Primary: true}, {Text: "不准", Line: "/延 " + k.id + " 不准"}},
		},
	}))
	return out, nil
}

// grant decides about more time; never the side that asked.
func (f *Family) grant(c *handlers.Call, k *Case, verb Verb, why string) (handlers.Outcome, error) {
	if k.owns(&c.Desk, c.Person) || !c.Person.Has(deciders...) {
		return handlers.Outcome{}, handlers.Refusef("", "%s 延不延，由%s定。", k.id, title(&c.Desk, k.chief(&c.Desk)))
	}
	if !k.do(verb, c.Person.UserID, c.At, handlers.Clip(why, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	f.run(&c.Desk, k)
	text := fmt.Sprintf("%s 没有延期，现在到%s。", k.name(), date(&c.Desk, k.Due))
	if verb == Grant {
		k.Due = k.Want
		k.Given = int64(f.clock(c.Street, k).between(c.At, time.Unix(k.Due, 0)) / time.Second)
		text = fmt.Sprintf("%s 延到%s，准了。", k.name(), date(&c.Desk, k.Due))
	}
	k.Want, k.Street = 0, 0
	if why != "" {
		text += "原因：" + why
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(text)
	out.Pushes = k.answer(&c.Desk, c.Person.UserID, text, k.asking()...)
	return out, nil
}

// call is /呼 25 要什么: it cannot be solved here, and the street has the ball.
func (f *Family) call(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, what, err := f.pick(ctx, c, "呼")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !k.owns(&c.Desk, c.Person) {
		return handlers.Outcome{}, handlers.Refusef("看您手上的，发：/问题", "%s 归%s，由他们来呼。", k.id, titles(&c.Desk, k.Owners))
	}
	if what = strings.TrimSpace(strings.TrimPrefix(what, "要")); what == "" {
		return handlers.Outcome{}, handlers.Refuse("要街道出什么？写一句，还没有呼。", "例：/呼 "+k.short()+" 要两把测温枪")
	}
	if typ(c.Street, k).Kind == config.CaseUrgent {
		return f.moreHands(c, k, marks(what))
	}
	if !k.do(Call, c.Person.UserID, c.At, handlers.Clip(what, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	f.stand(&c.Desk, k)
	t := typ(c.Street, k)
	k.Help, k.Helped, k.Asker, k.Decided = k.Last.Note, false, c.Person.UserID, 0
	k.Street = f.clock(c.Street, k).add(handlers.QuietUntil(c.Street, c.At), t.HelpDue).Unix()
	k.HelpDue = k.Street
	k.Told &^= toldStreet | toldHelp
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 已呼街道：%s。%s前要有答复，等的时间不算您的。", k.name(), k.Help, when(&c.Desk, k.Street)))
	for _, id := range []string{k.liaison(&c.Desk), k.chief(&c.Desk)} {
		if !slices.Contains(k.Owners, id) {
			out.Pushes = append(out.Pushes, k.remind(&c.Desk, "", handlers.CaseCard, whyCall, id)...)
		}
	}
	return out, nil
}
