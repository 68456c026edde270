package register

import (
	"context"
	"fmt"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// handOver gives an entry to another household, of one's own committee or another: 6-1203 文苑
// 3-602. What was known goes with it, and so does what happened; the old entry says where to.
// The other committee hears of it.
func (f *Family) handOver(ctx context.Context, c *handlers.Call, b *book, a *config.Act, from target, text string) (handlers.Outcome, error) {
	to, _, err := b.house(c, b.reach(&c.Desk, c.Person), text, a.Example)
	if err != nil { // not one of one's own
		if to, _, err = b.house(c, c.Dir.Units(c.Street), text, a.Example); err != nil {
			return handlers.Outcome{}, err
		}
	}
	old, err := b.load(ctx, &c.Desk, from.Key, from.Unit)
	if err != nil {
		return handlers.Outcome{}, err
	}
	there, err := b.load(ctx, &c.Desk, to.Key, to.Unit)
	if err != nil {
		return handlers.Outcome{}, err
	}
	switch {
	case !old.standing():
		return handlers.Outcome{}, handlers.Refusef(b.figures(&c.Desk, old, nil, from).say(a.Stranger), "%s没有登记过，什么也没记。", from.Name)
	case there.standing() && !b.final(there.State) || there.field == old.field:
		return handlers.Outcome{}, handlers.Refusef("核对一下户号。", "%s已经有记录，不能移交过去，什么也没动。", to.Name)
	}
	at := c.At.Unix()
	moved := old.clone()
	moved.Key, moved.Unit, moved.From, moved.Gone = to.Key, to.Unit, old.field, ""
	moved.field, moved.rev = there.field, there.rev
	moved.Last = Event{Act: a.Name, By: c.Person.UserID, At: at, What: []string{"从" + from.Unit + "移来"}}
	left := old.clone()
	left.Gone = to.Unit + b.shown(moved).Name
	left.Last = Event{Act: a.Name, By: c.Person.UserID, At: at, What: []string{"移交" + to.Unit}}
	out := b.outcome(&c.Desk, moved)
	rest := b.outcome(&c.Desk, left)
	out.Changes = append(out.Changes, rest.Changes...)
	out.Touches = append(out.Touches, rest.Touches...)
	g := b.figures(&c.Desk, moved, old, to)
	text = strings.TrimRight(fmt.Sprintf("%s→%s，经过一起移交。%s", from.Name, to.Name, g.say(a.Reply)), " ")
	out.Reply = handlers.Say(text)
	if !c.Private() && b.Sealed() {
		out.Reply = handlers.Say(from.Masked + " 已移交，明细已私信您。")
		out.Pushes = append(out.Pushes, c.PrivateHalf(text, b.pack))
	}
	if to.Unit != from.Unit {
		news := fmt.Sprintf("%s移交一户：%s %s。看：%s", from.Unit, b.shown(moved).Name, b.called(moved.State), b.lookUp(b.shown(moved)))
		for _, id := range b.hearers(&c.Desk, to.Unit, []config.Role{config.RoleSecretary}) {
			out.Pushes = append(out.Pushes, handlers.Sealed(handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say(news), c.At), b.pack))
		}
	}
	return out, nil
}

// fresh is what an act begins with: nothing, where the entry of the place went elsewhere.
func fresh(e *Entry) *Entry {
	return &Entry{Key: e.Key, Unit: e.Unit, field: e.field, rev: e.rev}
}
