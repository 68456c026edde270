package register

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// asked holds the one question each person has open: field = userid, sealed with the pack's
// key where its register is.
var asked = store.Records("reg-ask")

// pending is what one person has said and not finished.
type pending struct {
	Orders   []order  `json:"o"`
	At       int      `json:"i"`           // the order the question is about
	Question question `json:"q"`           //
	Put      int64    `json:"p"`           // when it was asked, Unix seconds
	Drafts   int      `json:"d,omitempty"` // revision of the person's drafts of reports then

	rev int
}

// open reports whether there is a question of today.
func (p pending) open(d *handlers.Desk) bool {
	return len(p.Orders) > 0 && d.Street.Day(time.Unix(p.Put, 0)) == d.Day
}

func (f *Family) pending(ctx context.Context, c *handlers.Call) (pending, error) {
	b := c.Read()
	cell := b.Cell(asked, c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return pending{}, fmt.Errorf("read question: %w", err)
	}
	p := pending{rev: cell.Rev}
	if cell.Rev == 0 || cell.Lost {
		return p, nil
	}
	if err := json.Unmarshal([]byte(cell.Value), &p); err != nil {
		return p, fmt.Errorf("decode question: %w", err)
	}
	return p, nil
}

// remember is the change that keeps a question.
func (f *Family) remember(ctx context.Context, c *handlers.Call, b *book, p pending) ([]store.Change, error) {
	r := c.Read()
	drafts := r.Cell(store.Drafts(), c.Person.UserID)
	if err := r.Run(ctx); err != nil {
		return nil, fmt.Errorf("read drafts: %w", err)
	}
	p.Put, p.Drafts = c.At.Unix(), drafts.Rev
	body, err := json.Marshal(p)
	if err != nil {
		panic("register: question does not encode: " + err.Error())
	}
	if b.Sealed() {
		return []store.Change{store.PutSealed(asked, c.Person.UserID, p.rev, string(body), b.pack.Name)}, nil
	}
	return []store.Change{store.Put(asked, c.Person.UserID, p.rev, string(body))}, nil
}

func (p pending) forget(c *handlers.Call) store.Change {
	return store.Delete(asked, c.Person.UserID, p.rev)
}

// ask keeps what was said and puts the question. In a group a sealed register asks in private.
func (f *Family) ask(ctx context.Context, c *handlers.Call, b *book, p pending) (handlers.Outcome, error) {
	old, err := f.pending(ctx, c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	p.rev = old.rev
	changes, err := f.remember(ctx, c, b, p)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Outcome{
		Changes: changes,
		Audit:   handlers.Audit{Unit: p.Orders[p.At].To.Unit, Record: b.Name + "/草稿", Rev: p.rev + 1},
		Reply:   handlers.Say(p.Question.Text),
		Read:    b.understood(&p.Orders[p.At], p.Question.Text),
	}
	if b.Sealed() {
		out.Sealed = b.pack.Name
		if !c.Private() {
			out.Reply = handlers.Say("还没有记，问题已私信您，在私聊里回一行就行。")
			out.Pushes = append(out.Pushes, c.PrivateHalf(p.Orders[p.At].To.Name+"："+p.Question.Text, b.pack))
		}
	}
	return out, nil
}

// answer is the dialogue: a line that answers the open question. Anything else is left to
// the other families.
func (f *Family) answer(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	p, err := f.pending(ctx, c)
	if err != nil || !p.open(&c.Desk) || !c.Private() && !c.Named {
		return handlers.Outcome{}, false, err
	}
	o := &p.Orders[p.At]
	b := f.shelf.named(&c.Desk, o.Pack, o.Register)
	if b == nil || b.Act(o.Act) == nil {
		return handlers.Outcome{}, false, nil
	}
	if newer, err := f.newer(ctx, c, p); newer || err != nil {
		return handlers.Outcome{}, false, err
	}
	a := b.Act(o.Act)
	if syntax.Cancel(c.Rest) || syntax.No(c.Rest) && p.Question.Kind != askLater && p.Question.Kind != askNeed {
		out := handlers.Answer("好，" + o.To.Name + "没有记。")
		if p.Question.Kind == askLater {
			out = handlers.Answer("好，先不记" + strings.Join(p.Question.Fields, "、") + "，其余已经记了。")
		}
		if !c.Private() && b.Sealed() {
			out = handlers.Answer("好，没有记。")
		}
		out.Changes = []store.Change{p.forget(c)}
		out.Audit = handlers.Audit{Unit: o.To.Unit, Record: b.Name + "/草稿"}
		return out, true, nil
	}
	if !b.merge(c, a, o, p.Question) {
		return handlers.Outcome{}, false, nil
	}
	out, err := f.carry(ctx, c, b, a, p.Orders)
	return out, true, err
}

// newer reports whether the person has been asked something else since, by a report.
func (f *Family) newer(ctx context.Context, c *handlers.Call, p pending) (bool, error) {
	r := c.Read()
	drafts := r.Cell(store.Drafts(), c.Person.UserID)
	if err := r.Run(ctx); err != nil {
		return false, fmt.Errorf("read drafts: %w", err)
	}
	return drafts.Rev > p.Drafts, nil
}

// merge takes a line as the answer to a question; false if it is none.
func (b *book) merge(c *handlers.Call, a *config.Act, o *order, q question) bool {
	if syntax.Yes(c.Rest) {
		switch q.Kind {
		case askSure:
			o.Sure = append(o.Sure, q.What)
			return true
		case askGuess:
			for i := range o.Readings {
				o.Readings[i].Sure = true
			}
			return true
		}
	}
	if (q.Kind == askLater || q.Kind == askNeed) && len(q.Fields) == 1 {
		x := b.Field(q.Fields[0])
		switch x.Kind {
		case config.KindBool:
			if yes, ok := syntax.Has(c.Rest); ok {
				o.set(x.Name, map[bool]int{true: 1}[yes])
				return true
			}
		case config.KindText:
			if o.Texts == nil {
				o.Texts = map[string]string{}
			}
			o.Texts[x.Name] = strings.TrimSpace(c.Rest)
			return true
		}
	}
	line := b.acts[a.Name].read.Read(c.Rest, c.Day.Time(c.Street.Location))
	if len(line.Said) == 0 || len(line.Unknown) > 0 {
		return false
	}
	var more order
	slot := -1
	for _, s := range line.Said {
		if b.hear(&more, b.acts[a.Name], s, &slot) != nil {
			return false
		}
	}
	for name, n := range more.Values {
		o.set(name, n)
	}
	for name, t := range more.Texts {
		if o.Texts == nil {
			o.Texts = map[string]string{}
		}
		o.Texts[name] = t
	}
	o.Fine = o.Fine || more.Fine
	if more.Picked != "" {
		o.Picked = more.Picked
	}
	if len(more.Readings) > 0 { // the corrected figures take the place of the guessed ones, in order
		n := 0
		for i, r := range o.Readings {
			if !r.Sure && n < len(more.Readings) {
				o.Readings[i].N, o.Readings[i].Sure = more.Readings[n].N, more.Readings[n].Sure
				n++
			}
		}
		o.Readings = append(o.Readings, more.Readings[n:]...)
	}
	o.Sure = slices.DeleteFunc(o.Sure, func(s string) bool { _, changed := more.Values[strings.TrimPrefix(s, "warn/")]; return changed })
	return true
}

func (o *order) set(name string, n int) {
	if o.Values == nil {
		o.Values = map[string]int{}
	}
	o.Values[name] = n
}

// typed is the dialogue for lines without a slash that begin with an act's word and name
// what it is about: 测 6-1203 36.5. Other sentences that begin with such a word are not ours.
func (f *Family) typed(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	if !c.Private() && !c.Named {
		return handlers.Outcome{}, false, nil
	}
	text := strings.TrimLeft(syntax.Normalise(c.Rest), " ,，。")
	best, rest := "", ""
	for _, cmd := range f.commands(c.Street) {
		for _, w := range append([]string{cmd.Name}, cmd.Aliases...) {
			if r, ok := strings.CutPrefix(text, w); ok && len(w) > len(best) && cmd.Allowed(c.Person) {
				best, rest = w, strings.TrimLeft(r, " ,，:：、")
				c := *c
				c.Rest = rest
			}
		}
	}
	if best == "" {
		return f.wondered(ctx, c, text)
	}
	for _, cmd := range f.commands(c.Street) {
		if cmd.Name != best && !slices.Contains(cmd.Aliases, best) {
			continue
		}
		if !f.ours(c, best, rest) {
			return handlers.Outcome{}, false, nil
		}
		same := *c
		same.Rest = rest
		out, err := cmd.Run(ctx, &same)
		return out, true, err
	}
	return handlers.Outcome{}, false, nil
}

// unnamed is the dialogue for a line without a command that says of a household all that an act
// needs: 今天湖北回来一个 住5号301. It may be meant for a person, and it names no act, so it is asked
// with the line to copy; in a group, which is not to hear it again, with an example.
func (f *Family) unnamed(_ context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	text := strings.TrimSpace(c.Rest)
	if !c.Private() && !c.Named || strings.Contains(text, "\n") || handlers.Clip(text, 60) != text {
		return handlers.Outcome{}, false, nil
	}
	for _, b := range f.shelf.all(&c.Desk) {
		for _, a := range b.Acts {
			if !a.Offer || len(a.Need) == 0 || b.Key.Of != config.KeyHouse || !c.Person.Has(a.Who...) {
				continue
			}
			to, ok := b.says(c, a, text)
			switch {
			case !ok:
				continue
			case !c.Private():
				return handlers.Outcome{}, true, handlers.Refuse("户里的事群里不记，什么也没记。", "请长按撤回，私聊我发，例："+a.Example)
			}
			return handlers.Outcome{}, true, handlers.Refusef("是就发：/"+a.Name+" "+text, "%s，是要%s吗？什么也没记。", to.Name, a.Summary)
		}
	}
	return handlers.Outcome{}, false, nil
}

// says reports whether a line says all that an act needs, and nothing else.
func (b *book) says(c *handlers.Call, a *config.Act, text string) (target, bool) {
	if _, _, _, ok := household(text); !ok {
		return target{}, false
	}
	to, rest, err := b.find(c, b.reach(&c.Desk, c.Person), text, a.Example)
	if err != nil {
		return to, false
	}
	orders, err := b.understand(c, a, to, rest)
	if err != nil || len(orders) != 1 {
		return to, false
	}
	return to, !slices.ContainsFunc(a.Need, func(name string) bool {
		_, number := orders[0].Values[name]
		_, words := orders[0].Texts[name]
		return !number && !words
	})
}

// ours reports whether what stands behind an act's word names what the act is about.
func (f *Family) ours(c *handlers.Call, word, rest string) bool {
	for _, b := range f.shelf.all(&c.Desk) {
		for _, a := range b.Acts {
			if a.Name != word && !slices.Contains(a.Aliases, word) {
				continue
			}
			if fw := b.Follow(a.Follow); fw != nil {
				if _, ok := allOf(fw, rest); ok {
					return true
				}
			}
			return b.names(c, rest)
		}
		for _, v := range b.pack.Views {
			if v.Name == word && slices.Contains(v.Registers, b.Name) {
				return rest == v.Word || v.Kind == config.ViewEntry && b.names(c, rest)
			}
		}
	}
	return false
}

// names reports whether a text begins with one of the book's places.
func (b *book) names(c *handlers.Call, text string) bool {
	if b.Key.Of == config.KeyHouse {
		_, before, _, ok := household(text)
		return ok && len([]rune(before)) <= 8
	}
	if b.Key.Of == config.KeySpot || b.Key.Of == config.KeyStreet || b.Key.Of == config.KeyUnit {
		return false
	}
	_, _, err := b.listed(b.reach(&c.Desk, c.Person), text, "")
	return err == nil
}
