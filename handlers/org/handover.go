package org

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// handover is /交接 梅园书记 给 梅园社工: the post, its roles, its areas and groups go to
// somebody else, and with a second person's yes everything that is open.
func (f *Family) handover(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c, "/交接 梅园书记 给 梅园社工"); err != nil {
		return handlers.Outcome{}, err
	}
	p := newPlanner(c)
	from, rest, ok := leading(p.plain, strings.TrimSpace(c.Rest))
	word := strings.TrimSpace(strings.TrimLeft(rest, "给交→-> "))
	if !ok || word == "" || word == rest {
		return handlers.Outcome{}, handlers.Refuse("谁交给谁？没有提。", "例：/交接 梅园书记 给 梅园社工；新来的写账号：/交接 梅园书记 给 zhang-wei")
	}
	to, known := named(p.plain, word)
	switch {
	case !known && !userid.MatchString(word):
		return handlers.Outcome{}, handlers.Refusef("新来的写账号（企业微信通讯录里复制）：/交接 "+from.Title+" 给 zhang-wei", "名册里没有“%s”，没有提。", handlers.Quote(word))
	case !known:
		if other, _, elsewhere := c.Dir.Person(word); elsewhere {
			return handlers.Outcome{}, handlers.Refusef("他在别的街道，先请那边撤了。", "%s已经在名册里，是%s。", word, other.Title)
		}
		to = config.Person{UserID: word}
	case to.UserID == from.UserID:
		return handlers.Outcome{}, handlers.Refuse("自己不用交给自己，没有提。", "例：/交接 梅园书记 给 梅园社工")
	case to.Unit != "" && to.Unit != from.Unit:
		return handlers.Outcome{}, handlers.Refusef("先把"+to.Title+"的事交给别人，再接这边。", "%s还在%s，没有提。", to.Title, to.Unit)
	}
	pl := p.begin(fmt.Sprintf("交接 %s：%s → %s", from.Title, from.UserID, callOf(to)), from.UserID, to.UserID)
	pl.edits = p.succeed(from, to)
	return f.propose(ctx, c, pl, from.UserID, to.UserID)
}

func callOf(p config.Person) string {
	if p.Title != "" {
		return p.Title
	}
	return p.UserID
}

// succeed are the edits by which one person takes the place of another.
func (p *planner) succeed(from, to config.Person) edits {
	out := edits{}
	roles := slices.Clone(from.Roles)
	for _, r := range to.Roles {
		// A worker who becomes the secretary is the committee's worker no more.
		if !slices.Contains(roles, r) && (r != config.RoleWorker || !from.Has(config.RoleSecretary)) {
			roles = append(roles, r)
		}
	}
	out.put(p.yaml, handlers.PeopleOverlay, to.UserID, handlers.PersonEdit{Title: from.Title, Roles: roles, Unit: from.Unit})
	out.put(p.yaml, handlers.PeopleOverlay, from.UserID, handlers.PersonEdit{Title: from.Title, Gone: true})
	for _, a := range p.plain.Areas {
		e := handlers.EditArea(a)
		swap := func(id *string) bool {
			if *id != from.UserID {
				return false
			}
			*id = to.UserID
			return true
		}
		touched := swap(&e.Leader)
		touched = swap(&e.Liaison) || touched
		for i := range e.Terms {
			touched = swap(&e.Terms[i].Who) || touched
		}
		if touched {
			out.put(p.yaml, handlers.AreaOverlay, a.Name, e)
		}
	}
	return out
}

// giveOver moves what is open from one hand to the other, takes back what waits to be said
// to who leaves, and tells both. A minute later it is looked again: for what was more than
// one commit holds, and for what came to the old hand while other replicas knew of nothing.
func (f *Family) giveOver(ctx context.Context, d *handlers.Desk, p proposal) (handlers.Outcome, error) {
	post := title(d, p.From)
	out, err := f.hand(ctx, d, p, "从现在起您是"+post+"。要报的、催办、登记册都归您，看有什么：/我的\n",
		post+"已交出，从现在起这里不再归您，谢谢您这段时间。交出的有：\n", "手上没有没办完的事。")
	if err != nil {
		return out, err
	}
	b := d.Read()
	waiting := b.To(string(handlers.ToPerson(p.From)))
	if err := b.Run(ctx); err != nil {
		return out, fmt.Errorf("read pushes: %w", err)
	}
	for _, w := range *waiting {
		if w.State == store.StateWaiting && len(out.Changes) < mostChanges {
			out.Changes = append(out.Changes, store.Cancel(w, "已交接", d.At.In(d.Street.Location)))
		}
	}
	out.Changes = append(out.Changes, store.DueAt(dueHand, strconv.Itoa(p.N), d.At.Add(settling)))
	return out, nil
}

const (
	dueHand     = "org-hand"
	mostChanges = 420 // of the 500 that a commit holds; the rest is the proposal's own
)

// handDue looks again until nothing is left.
func (f *Family) handDue(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	b := it.Read()
	cell := b.Cell(proposals, it.ID)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read proposal: %w", err)
	}
	p, err := decodeProposal(it.ID, *cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if _, back, known := it.Dir.Person(p.From); known && back.Code == it.Street.Code {
		return handlers.Outcome{}, handlers.ErrNothing // he has come back in another post
	}
	out, err := f.hand(ctx, &it.Desk, p, "还有这些也归您：\n", "又交出：\n", "")
	if err != nil {
		return out, err
	}
	if len(out.Changes) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out.Changes = append(out.Changes, store.DueAt(dueHand, it.ID, it.At.Add(settling)))
	out.Audit = handlers.Audit{Record: "名册/" + p.name() + "/交接"}
	return out, nil
}

// hand asks every family. Who comes hears each thing, who leaves the numbers alone; nothing
// is said where there is nothing, unless none says so.
func (f *Family) hand(ctx context.Context, d *handlers.Desk, p proposal, mine, yours, none string) (handlers.Outcome, error) {
	var (
		out         handlers.Outcome
		coming, off []string
	)
	for _, hand := range append(slices.Clone(f.hands), f.handGroups) {
		what, more, err := hand(ctx, d, p.From, p.To)
		if err != nil {
			return out, err
		}
		if len(out.Changes)+len(more.Changes) > mostChanges {
			continue // the next look takes it
		}
		out.Require = append(out.Require, more.Require...)
		out.Changes = append(out.Changes, more.Changes...)
		out.Pushes = append(out.Pushes, more.Pushes...)
		if len(what.Names) == 0 {
			continue
		}
		coming = append(coming, fmt.Sprintf("%s%d件：\n%s", what.What, len(what.Lines), strings.Join(what.Lines, "\n")))
		off = append(off, fmt.Sprintf("%s%d件：%s", what.What, len(what.Names), strings.Join(what.Names, "、")))
	}
	if len(coming) == 0 && none == "" {
		return out, nil
	}
	if len(coming) == 0 {
		coming, off = []string{none}, []string{none}
	}
	tell := func(to, text string) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(to), handlers.Reply, handlers.Say("【交接】"+text), d.At))
	}
	tell(p.To, mine+strings.Join(coming, "\n"))
	tell(p.From, yours+strings.Join(off, "\n"))
	return out, nil
}

// handGroups gives the groups of one person to another. It implements handlers.HandOver.
func (f *Family) handGroups(ctx context.Context, d *handlers.Desk, from, to string) (handlers.Handed, handlers.Outcome, error) {
	all, err := readGroups(ctx, d)
	if err != nil {
		return handlers.Handed{}, handlers.Outcome{}, err
	}
	done := handlers.Handed{What: "工作小组"}
	var out handlers.Outcome
	for _, g := range sortedGroups(all) {
		i := slices.Index(g.Members, from)
		if g.Over || g.Head != from && i < 0 {
			continue
		}
		post := "组员"
		if g.Head == from {
			g.Head, post = to, "组长"
			g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == to })
		}
		if i >= 0 {
			g.Members = append(slices.Delete(slices.Clone(g.Members), i, i+1), to)
		}
		out.Changes = append(out.Changes, store.Put(groups, g.name, g.rev, g.encode()))
		done.Names = append(done.Names, g.name)
		done.Lines = append(done.Lines, fmt.Sprintf("%s（%s，到%s）", g.name, post, g.To.Label()))
	}
	return done, out, nil
}
