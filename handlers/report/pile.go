package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// pile is what one person has begun and not finished: one draft for each form, the latest
// question last. A draft lives until the end of the day it was begun on.
type pile struct {
	drafts []draft
	stale  []draft // begun on an earlier day: to be mentioned once and dropped
	rev    int
}

// openPile decodes a person's drafts.
func openPile(d *handlers.Desk, c store.Cell) (pile, error) {
	p := pile{rev: c.Rev}
	if c.Rev == 0 || c.Lost {
		return p, nil
	}
	var all []draft
	if err := json.Unmarshal([]byte(c.Value), &all); err != nil {
		return p, fmt.Errorf("decode drafts: %w", err)
	}
	for _, one := range all {
		if one.Values == nil {
			one.Values = Values{}
		}
		if d.Street.Day(time.Unix(one.At, 0)) < d.Day {
			p.stale = append(p.stale, one)
		} else {
			p.drafts = append(p.drafts, one)
		}
	}
	return p, nil
}

// pile reads what the caller has begun.
func (f *Family) pile(ctx context.Context, c *handlers.Call) (pile, error) {
	b := c.Read()
	cell := b.Cell(store.Drafts(), c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return pile{}, fmt.Errorf("read drafts: %w", err)
	}
	return openPile(&c.Desk, *cell)
}

// of is the open draft of a form; its zero value if there is none.
func (p pile) of(form string) draft {
	for _, d := range p.drafts {
		if d.Form == form {
			return d
		}
	}
	return draft{}
}

// change is the pile with the form's draft replaced, or gone when next is nil, and without
// what has expired. There is none if nothing was there and nothing comes.
func (p pile) change(userid, form string, next *draft) []store.Change {
	left := slices.DeleteFunc(slices.Clone(p.drafts), func(d draft) bool { return d.Form == form })
	if next != nil {
		left = append(left, *next)
	}
	if len(left) == 0 {
		if p.rev == 0 {
			return nil
		}
		return []store.Change{store.Delete(store.Drafts(), userid, p.rev)}
	}
	if next == nil && len(left) == len(p.drafts) && len(p.stale) == 0 {
		return nil
	}
	body, err := json.Marshal(left)
	if err != nil {
		panic("report: drafts do not encode: " + err.Error())
	}
	if slices.ContainsFunc(left, func(d draft) bool { return d.Private || households(d.Texts) }) {
		return []store.Change{store.PutSealed(store.Drafts(), userid, p.rev, string(body), keyDrafts)}
	}
	return []store.Change{store.Put(store.Drafts(), userid, p.rev, string(body))}
}

// farewell says what has expired, and in private how yesterday's can still be sent.
func (f *Family) farewell(c *handlers.Call, p pile) string {
	var lines []string
	for _, d := range p.stale {
		if fading(d) {
			continue
		}
		line := fmt.Sprintf("%s没报完的%s作废了，没有算数。", d.Day.Label(), d.Form)
		if d.Day == c.Day.Add(-1) {
			line = fmt.Sprintf("昨天没报完的%s作废了，没有算数。", d.Form)
			if sh := f.named(&c.Desk, d.Form); sh != nil && c.Private() {
				var open []string
				for _, x := range sh.required() {
					if _, ok := d.Values[x.Name]; !ok {
						open = append(open, x.Name)
					}
				}
				line += fmt.Sprintf("\n要补报，发：/%s 昨天 %s", d.Form, sh.line(d.Values, open))
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// others names the forms that still wait for an answer besides this one.
func (p pile) others(form string) []string {
	var out []string
	for _, d := range p.drafts {
		if d.Form != form {
			out = append(out, d.Form)
		}
	}
	return out
}

// named is the active sheet of a form, or nil.
func (f *Family) named(d *handlers.Desk, form string) *sheet {
	for _, p := range d.Packs() {
		for _, x := range p.Forms {
			if x.Name == form && x.InForce(d.Day) {
				return f.sheet(d.Street, p, pace(d, p, x))
			}
		}
	}
	return nil
}

// visit is a command of this family, with what has expired said first: a filing says it
// with what it commits, and here it is added to answers that commit nothing.
func (f *Family) visit(run func(context.Context, *handlers.Call) (handlers.Outcome, error)) func(context.Context, *handlers.Call) (handlers.Outcome, error) {
	return func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
		out, err := run(ctx, c)
		var why *handlers.Refusal
		if err != nil && !errors.As(err, &why) || err == nil && !out.Pure() {
			return out, err
		}
		p, perr := f.pile(ctx, c)
		if perr != nil {
			return out, perr
		}
		if len(p.stale) == 0 {
			return out, err
		}
		if why != nil {
			out = handlers.Answer(why.Error())
		}
		return f.part(c, p, out), nil
	}
}

// part adds to a pure answer what has expired, and forgets it.
func (f *Family) part(c *handlers.Call, p pile, out handlers.Outcome) handlers.Outcome {
	out.Reply = before(f.farewell(c, p), out.Reply)
	out.Changes = p.change(c.Person.UserID, "", nil)
	out.Audit = handlers.Audit{Unit: c.Person.Unit, Record: "草稿"}
	return out
}

// before puts a line in front of what is said.
func before(line string, c handlers.Content) handlers.Content {
	if line != "" {
		c.Text = strings.TrimSuffix(line+"\n"+c.Text, "\n")
	}
	return c
}

// whichDay reads a day in front of the figures: 昨天 files for yesterday. Without one it is
// the business day of the message; any other day is refused.
func whichDay(c *handlers.Call, text string) (config.Day, string, error) {
	today := c.Day.Time(c.Street.Location)
	at, rest, ok := syntax.Date(text, today)
	if !ok {
		return c.Day, text, nil
	}
	if next, _, ok := syntax.DateAhead(text, today); ok && today.Sub(at) > 60*24*time.Hour && next.Sub(today) < 60*24*time.Hour {
		at = next // 2月15日, said on 13 February, is no day of last year
	}
	switch d := c.Street.Day(at); {
	case d == c.Day.Add(-1) || d == c.Day:
		return d, rest, nil
	case d > c.Day:
		return c.Day, text, handlers.Refusef("今天的不用写日期，昨天的写：昨天", "%s还没到，不能先报，什么也没存。", d.Label())
	default:
		return c.Day, text, handlers.Refusef("再早的请告诉值班室。", "%s太早了，只能补报昨天的，什么也没存。", d.Label())
	}
}
