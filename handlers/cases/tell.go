package cases

import (
	"fmt"
	"slices"

	"juwei/handlers"
	"juwei/store"
)

// announce tells the owners, and whoever is to help.
func (f *Family) announce(d *handlers.Desk, k *Case) []store.Push {
	var out []store.Push
	kind := handlers.CaseCard
	if k.Loud {
		kind = handlers.Emergency
	}
	for _, id := range k.Owners {
		out = append(out, k.push(d, id, kind, k.ownerCard(d)))
	}
	if k.Help != "" && !slices.Contains(k.Owners, k.liaison(d)) {
		out = append(out, k.push(d, k.liaison(d), handlers.CaseCard, handlers.Say(fmt.Sprintf(
			"%s：街道答应帮“%s”，%s前。帮到了回：/改 %s 怎么帮的", k.name(), k.Help, date(d, k.HelpDue), k.short()))))
	}
	return out
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

// ownerCard is what the owner gets: what, until when, what the street does, three buttons.
func (k *Case) ownerCard(d *handlers.Desk) handlers.Content {
	body := k.Text
	if k.Help != "" {
		body += fmt.Sprintf("\n街道帮：%s（%s前）", k.Help, date(d, k.HelpDue))
	}
	until := date(d, k.Due) + "前"
	return handlers.Content{
		Text: fmt.Sprintf("%s：%s\n%s办好。改好了回：/改 %s 怎么改的\n自己解决不了：/呼 %s 要什么", k.name(), body, until, k.short(), k.short()),
		Card: &handlers.Card{
			Task: k.task(), Title: handlers.Clip(k.name(), 26), Desc: until, Body: body,
			Buttons: []handlers.Button{
				{Text: "接", Line: "/接 " + k.id, Primary: true}, {Text: "已改", Line: "/改 " + k.id + " 已改"}, {Text: "延期", Line: "/延 " + k.id},
			},
		},
	}
}

// task is a card's id: the case and its version.
func (k *Case) task() string {
	letter, n := split(k.id)
	return fmt.Sprintf("case-%x-%d-%d", letter, n, k.rev+1)
}
