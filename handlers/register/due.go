package register

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// dueKind is the kind of an entry's due item; its id is pack/register/field.
const dueKind = "register"

// moment is when a limit comes for an entry; ok is false where it does not concern it, or
// has been settled.
func (b *book) moment(f figures, l *config.Limit) (at time.Time, ok bool) {
	e := f.now
	switch {
	case !e.standing() && e.Born == 0, e.Gone != "",
		len(l.In) > 0 && !slices.Contains(l.In, e.State), len(l.In) == 0 && b.final(e.State),
		!f.holds(l.When), l.Unless != nil && f.holds(l.Unless):
		return at, false
	case l.After > 0:
		return time.Unix(e.Since, 0).Add(l.After), true
	case l.Every > 0:
		last := e.Born
		for name, done := range e.Did {
			if len(l.Acts) == 0 || slices.Contains(l.Acts, name) {
				last = max(last, done.At)
			}
		}
		return f.street.At(day(f.street, last).Add(l.Every), l.At), true
	}
	on := f.on(l.On)
	if on == "" {
		return at, false
	}
	return f.street.At(on, l.At), true
}

// speaks reports whether a limit does something by itself when its moment comes; the others
// wait for the day's list.
func speaks(l *config.Limit) bool { return l.Then != "" || l.Now || l.Case != "" }

// next is an entry's next moment; zero if there is none.
func (b *book) next(d *handlers.Desk, e *Entry) time.Time {
	f := b.figures(d, e, nil, target{})
	var out time.Time
	sooner := func(at time.Time) {
		if out.IsZero() || at.Before(out) {
			out = at
		}
	}
	for _, l := range b.Limits {
		if at, ok := b.moment(f, l); ok && speaks(l) && !slices.Contains(e.Told, l.Name) {
			sooner(at)
		}
	}
	if e.Ask > 0 {
		sooner(time.Unix(e.Ask, 0))
	}
	return out
}

// come is an entry's due item: everything of it whose time has come.
func (f *Family) come(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	d := &it.Desk
	parts := strings.SplitN(it.ID, "/", 3)
	if len(parts) != 3 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	b := f.shelf.ever(d, parts[0], parts[1])
	if b == nil {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	r := d.Read()
	cell := r.Cell(b.entries(), parts[2])
	if err := r.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read entry: %w", err)
	}
	old, err := decode(parts[2], *cell)
	if err != nil || old == nil {
		return handlers.Outcome{}, cmpErr(err, handlers.ErrNothing)
	}
	return f.ring(ctx, d, b, old)
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// strike is what an entry's limits do by themselves by now: the entry as it is then, which
// of them spoke, and what they say. It reads and writes nothing.
func (b *book) strike(d *handlers.Desk, old *Entry) (now *Entry, names []string, matters []handlers.Matter, pushes []store.Push) {
	now = old.clone()
	w := &bench{book: b, d: d, old: old, o: order{To: b.shown(old)}, act: &config.Act{}}
	g := b.figures(d, now, old, w.o.To)
	for _, l := range b.Limits {
		at, ok := b.moment(g, l)
		if !ok || !speaks(l) || at.After(d.At) || slices.Contains(now.Told, l.Name) {
			continue
		}
		names = append(names, l.Name)
		if l.Then != "" {
			w.enter(now, l.Then)
			continue
		}
		now.Told = append(now.Told, l.Name)
		if l.Case != "" {
			m := handlers.Matter{Type: l.Case, Unit: now.Unit, Text: strings.TrimRight(w.o.To.Name+"："+l.Name+"。"+g.say(l.Say), "。"), By: now.Last.By, Source: b.Name + "/" + now.field + "/" + l.Name}
			if m.Place = w.o.To.Name; b.Sealed() {
				m.Place = w.o.To.Masked
			}
			matters = append(matters, m)
		}
		if l.Now {
			kind := handlers.CaseCard
			if d.Alarmed() {
				kind = handlers.Emergency
			}
			for _, id := range b.hearers(d, now.Unit, l.Tell) {
				g.to.Name = b.nameFor(d, id, now)
				g.to.Line = g.to.Name
				text := strings.TrimRight(fmt.Sprintf("%s：%s。%s", g.to.Name, l.Name, g.say(l.Say)), "。 ") + "。"
				pushes = append(pushes, handlers.Sealed(handlers.PushAt(handlers.ToPerson(id), kind, handlers.Say(text), d.At), b.pack))
			}
		}
	}
	if now.Ask > 0 && !time.Unix(now.Ask, 0).After(d.At) {
		names = append(names, "复测")
		if to := now.measurer(b); to != "" {
			pushes = append(pushes, handlers.Sealed(handlers.PushAt(handlers.ToPerson(to), handlers.Reply, handlers.Say(now.Asking), d.At), b.pack))
		}
		now.Ask, now.Asking = 0, ""
	}
	if len(names) > 0 {
		w.settle(now, old)
		now.Last = Event{Act: strings.Join(names, "、"), By: "-", At: d.At.Unix(), What: w.diff(old, now)}
	}
	return now, names, matters, pushes
}

// ring carries out what an entry's limits do.
func (f *Family) ring(ctx context.Context, d *handlers.Desk, b *book, old *Entry) (handlers.Outcome, error) {
	now, names, matters, pushes := b.strike(d, old)
	if len(names) == 0 {
		guard := store.Guard{Table: b.entries(), Field: old.field, Rev: old.rev}
		out := handlers.Outcome{Require: []store.Guard{guard}, Audit: handlers.Audit{Unit: old.Unit, Record: b.record(old), Rev: old.rev}}
		if at := b.next(d, old); !at.IsZero() {
			out.Changes = []store.Change{store.DueAt(dueKind, b.path()+"/"+old.field, at)}
		}
		return out, nil
	}
	out := b.outcome(d, now)
	out.Pushes = pushes
	if len(matters) > 0 && f.OpenCase != nil {
		_, more, err := f.OpenCase(ctx, d, matters)
		if err != nil {
			return out, err
		}
		out.Require = append(out.Require, more.Require...)
		out.Changes = append(out.Changes, more.Changes...)
		out.Pushes = append(out.Pushes, more.Pushes...)
	}
	return out, nil
}

// nameFor is what an entry is called to a person: in full to who works with it, to anybody
// else as it may stand in a group.
func (b *book) nameFor(d *handlers.Desk, userid string, e *Entry) string {
	t := b.shown(e)
	p, _, _ := d.Dir.Person(userid)
	if p.Unit == e.Unit {
		return t.Line
	}
	if b.Sealed() && !slices.Contains(d.Dir.UnitsUnder(d.Street, p), e.Unit) {
		return e.Unit + t.Masked
	}
	return e.Unit + t.Line
}

// measurer is who recorded the entry's follow-up last.
func (e *Entry) measurer(b *book) string {
	best := Deed{}
	for _, w := range b.Follows {
		if done, ok := e.Did[w.Act]; ok && done.At >= best.At {
			best = done
		}
	}
	return best.By
}

// hearers are the people of the first of the roles that the unit has, or its area, or the
// street.
func (b *book) hearers(d *handlers.Desk, unit string, list []config.Role) []string {
	for _, role := range list {
		var out []string
		area, _ := d.Street.AreaOf(unit)
		switch role {
		case config.RoleLiaison:
			out = append(out, area.Liaison)
		case config.RoleAreaLeader:
			out = append(out, area.Leader)
		case config.RoleOffice:
			for _, p := range d.Dir.Office(d.Street, b.Owner) {
				out = append(out, p.UserID)
			}
		default:
			for _, p := range d.Dir.InUnit(d.Street, unit, role) {
				out = append(out, p.UserID)
			}
			if len(out) > 0 {
				break
			}
			for _, p := range d.Dir.PeopleOf(d.Street, role) {
				if p.Unit == "" {
					out = append(out, p.UserID)
				}
			}
		}
		if out = slices.DeleteFunc(out, func(id string) bool { return id == "" }); len(out) > 0 {
			return out
		}
	}
	return nil
}

// heading is one part of a list: what is due, and for which entries.
type heading struct {
	title   string
	tell    []config.Role
	entries []*Entry
	say     func(first *Entry, name string) string
}

// list is what is due in a committee: by heading, in the order of the pack.
func (b *book) list(d *handlers.Desk, all []*Entry, unit string) []heading {
	var out []heading
	for _, l := range b.Limits {
		h := heading{title: l.Name, tell: l.Tell, say: func(e *Entry, name string) string {
			g := b.figures(d, e, nil, b.shown(e))
			g.to.Name, g.to.Line = name, name
			return g.say(l.Say)
		}}
		for _, e := range all {
			if e.Unit != unit || l.Then != "" {
				continue
			}
			g := b.figures(d, e, nil, b.shown(e))
			at, ok := b.moment(g, l)
			if !ok || at.After(d.At) || l.Days > 0 && d.Street.Day(at).Add(l.Days) <= d.Day {
				continue
			}
			h.entries = append(h.entries, e)
		}
		if len(h.entries) > 0 {
			out = append(out, h)
		}
	}
	return append(out, b.overdue(d, all, unit)...)
}

// overdue is the part of a list about follow-ups that have not been recorded in time.
func (b *book) overdue(d *handlers.Desk, all []*Entry, unit string) []heading {
	var out []heading
	for _, fw := range b.Follows {
		for _, s := range fw.Slots {
			h := heading{title: s.Name + "没" + fw.Name, tell: fw.Tell}
			for _, e := range all {
				if e.Unit != unit {
					continue
				}
				if slices.ContainsFunc(b.lacking(b.figures(d, e, nil, target{}), fw), func(x config.FollowSlot) bool { return x.Name == s.Name }) {
					h.entries = append(h.entries, e)
				}
			}
			if len(h.entries) > 0 {
				a := b.Act(fw.Act)
				h.say = func(*Entry, string) string {
					return "发：/" + a.Name + " 户号 度数，都好发：/" + a.Name + " " + first(fw.All)
				}
				out = append(out, h)
			}
		}
	}
	return out
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// text writes a heading for a phone. What there is to say is said once behind all; where it is
// another thing of each, each has its own behind its name. A line to copy shows the first.
func (h heading) text(name func(*Entry) string) string {
	var keys, each []string
	for _, e := range h.entries[:min(12, len(h.entries))] {
		key := name(e)
		keys, each = append(keys, key), append(each, h.say(e, key))
	}
	said := each[0]
	differ := slices.ContainsFunc(each, func(s string) bool { return s != said })
	if differ && !strings.Contains(said, keys[0]) {
		tail := commonTail(each)
		for i, s := range each {
			if own := strings.TrimSuffix(s, tail); own != "" {
				keys[i] += "（" + strings.TrimSpace(own) + "）"
			}
		}
		said = strings.TrimPrefix(tail, "，")
	}
	more := ""
	if len(h.entries) > 12 {
		more = "等"
	}
	s := fmt.Sprintf("%s %d：%s%s", h.title, len(h.entries), strings.Join(keys, "、"), more)
	if said != "" {
		s += "\n　" + said
	}
	return s
}

// commonTail is what all lines end with, from a comma on: ，提前落实登记.
func commonTail(lines []string) string {
	first := lines[0]
	for at := range first {
		if tail := first[at:]; strings.HasPrefix(tail, "，") && !slices.ContainsFunc(lines, func(s string) bool { return !strings.HasSuffix(s, tail) }) {
			return tail
		}
	}
	return ""
}

// Duties and recipes: the day's list, and what has not been recorded in time.

const (
	recipeList   = "register.list"
	recipeFollow = "register.follow"
)

// daily is the duty of the day's list: each of those who hear it gets it once, in private.
func (f *Family) daily(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	return f.nudge(ctx, m, recipeList, func(b *book, all []*Entry, unit string) []heading { return b.list(&m.Desk, all, unit) })
}

// missed is the duty that asks for follow-ups whose time has passed.
func (f *Family) missed(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	return f.nudge(ctx, m, recipeFollow, func(b *book, all []*Entry, unit string) []heading { return b.overdue(&m.Desk, all, unit) })
}

func (f *Family) nudge(ctx context.Context, m *handlers.Moment, recipe string, of func(*book, []*Entry, string) []heading) (handlers.Outcome, error) {
	var out handlers.Outcome
	told := map[string]bool{}
	for _, r := range m.Pack.Registers {
		b := f.shelf.of(m.Pack, r)
		all, err := b.everything(ctx, &m.Desk)
		if err != nil {
			return out, err
		}
		for _, u := range m.Dir.Units(m.Street) {
			for _, h := range of(b, all, u.Name) {
				for _, id := range b.hearers(&m.Desk, u.Name, h.tell) {
					if told[id] {
						continue
					}
					told[id] = true
					p := handlers.PushRecipe(handlers.ToPerson(id), handlers.Nudge, recipe, map[string]string{"pack": m.Pack.Name, "user": id}, m.At)
					out.Pushes = append(out.Pushes, handlers.Sealed(p, m.Pack))
				}
			}
		}
	}
	if len(out.Pushes) == 0 {
		return out, handlers.ErrNothing
	}
	out.Audit = handlers.Audit{Record: "册子/" + recipe}
	return out, nil
}

func (f *Family) renderList(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	return f.renderHeadings(ctx, s, "今天要办的：", (*book).list)
}

func (f *Family) renderFollow(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	return f.renderHeadings(ctx, s, "", (*book).overdue)
}

// renderHeadings says to a person what is due by now; nothing, if nothing is any more.
func (f *Family) renderHeadings(ctx context.Context, s *handlers.Serving, head string, of func(*book, *handlers.Desk, []*Entry, string) []heading) (handlers.Content, error) {
	var lines []string
	for _, b := range f.shelf.all(&s.Desk) {
		if b.pack.Name != s.Args["pack"] {
			continue
		}
		all, err := b.everything(ctx, &s.Desk)
		if err != nil {
			return handlers.Content{}, err
		}
		for _, u := range s.Dir.Units(s.Street) {
			for _, h := range of(b, &s.Desk, all, u.Name) {
				if slices.Contains(b.hearers(&s.Desk, u.Name, h.tell), s.Args["user"]) {
					lines = append(lines, h.text(func(e *Entry) string { return b.nameFor(&s.Desk, s.Args["user"], e) }))
				}
			}
		}
	}
	if len(lines) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "都办好了"}
	}
	text := strings.Join(lines, "\n")
	if head != "" {
		text = head + "\n" + text
	}
	return handlers.Say(text), nil
}

// ever is a book of any of the street's packs, also of one that has ended: its limits still
// come.
func (s *shelf) ever(d *handlers.Desk, pack, register string) *book {
	for _, run := range d.Street.Runs {
		if run.Pack.Name != pack {
			continue
		}
		for _, r := range run.Pack.Registers {
			if r.Name == register {
				return s.of(run.Pack, r)
			}
		}
	}
	return nil
}
