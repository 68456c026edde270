package cases

import (
	"fmt"
	"slices"

	"juwei/handlers"
	"juwei/store"
)

// announce tells the owners, and whoever is to help.
func (f *Family) announce(d *handlers.Desk, k *Case) []store.Push {
	if k.State == Closed { // mended on the spot
		return k.tell(d, k.Finder, handlers.CaseCard, fmt.Sprintf("%s：%s。%s看着改好的，已销，记在这里：/问题 %s", k.name(), k.Text, title(d, k.Finder), k.short()), k.Owners...)
	}
	out := k.remind(d, "", k.loudness(), whyOwner, k.Owners...)
	if k.Help != "" && !slices.Contains(k.Owners, k.liaison(d)) {
		out = append(out, k.remind(d, "", handlers.CaseCard, whyHelp, k.liaison(d))...)
	}
	return out
}

// loudness is how an owner is told: at night too where the case was opened in the emergency
// mode, and the mode still holds.
func (k *Case) loudness() handlers.PushKind {
	if k.Loud {
		return handlers.Emergency
	}
	return handlers.CaseCard
}

// push says something about the case to one person; sealed if the case is.
func (k *Case) push(d *handlers.Desk, to string, kind handlers.PushKind, content handlers.Content) store.Push {
	p := handlers.PushAt(handlers.ToPerson(to), kind, content, d.At)
	if k.sealed() {
		return handlers.Sealed(p, pack(d.Street, k))
	}
	return p
}

// tell says the same to several people once each, not to the one who did it.
func (k *Case) tell(d *handlers.Desk, but string, kind handlers.PushKind, text string, to ...string) []store.Push {
	var out []store.Push
	seen := map[string]bool{but: true, "": true, "-": true}
	for _, id := range to {
		if !seen[id] {
			seen[id] = true
			out = append(out, k.push(d, id, kind, handlers.Say(text)))
		}
	}
	return out
}

// answer tells several people once each what has come of what they asked for or reported. It
// is an answer and costs them nothing of their day, but nobody is woken for it.
func (k *Case) answer(d *handlers.Desk, but, text string, to ...string) []store.Push {
	later := *d
	if !k.Loud {
		later.At = handlers.QuietUntil(d.Street, d.At)
	}
	return k.tell(&later, but, handlers.Reply, text, to...)
}

// What can be answered to several lines at once.
const (
	hintMend   = "改好回：/改 编号 怎么改的；解决不了：/呼 编号 要什么"
	hintHelp   = "帮到了回：/改 编号 怎么帮的"
	hintCall   = "办到了回：/改 编号 怎么帮的；要定措施回：/定 编号 措施 时限"
	hintSee    = "有难处请帮一把：/问题 编号"
	hintDecide = "要定措施：/定 编号 措施 时限"
	hintLook   = "看过了回：/验 编号 过，或 /验 编号 退 原因"
	hintTake   = "接了回：/接 编号"
	hintLate   = "改好回：/改 编号 怎么改的；来不及：/延 编号 日期 原因"
)

// ownerCard is what the owner gets: what, until when, what the street does, three buttons.
func (k *Case) ownerCard(d *handlers.Desk) handlers.Content {
	body := k.Text
	if k.Help != "" {
		body += fmt.Sprintf("\n街道帮：%s（%s前）", k.Help, date(d, k.HelpDue))
	}
	until, name := date(d, k.Due)+"前", k.name()
	how := fmt.Sprintf("改好了回：/改 %s 怎么改的", k.short())
	if l, _, _ := split(k.id); listed(l) {
		name, how = k.id, fmt.Sprintf("到哪了回：/%s %s 80%%；完了回：/改 %s 怎么办的", l, k.pair(), k.short())
	}
	return handlers.Content{
		Text: fmt.Sprintf("%s：%s\n%s办好。%s\n自己解决不了：/呼 %s 要什么", name, body, until, how, k.short()),
		Line: fmt.Sprintf("%s：%s，%s", name, k.Text, until), Hint: hintMend,
		Card: &handlers.Card{
			Task: k.task() + "-owner", Title: handlers.Clip(k.name(), 26), Desc: until, Body: body,
			Buttons: []handlers.Button{
				{Text: "接", Line: "/接 " + k.id, Primary: true}, {Text: "已改", Line: "/改 " + k.id + " 已改"}, {Text: "延期", Line: "/延 " + k.id},
			},
		},
	}
}

// task is a card's id: the case and its version.
func (k *Case) task() string {
	letter, n, sub := split(k.id)
	return fmt.Sprintf("case-%x-%d-%d-%d", letter, n, sub, k.rev+1)
}
