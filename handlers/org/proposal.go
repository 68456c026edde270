package org

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// fresh is how long a proposal waits for a yes.
const fresh = 24 * time.Hour

// settling is when, after a change of the book, a missing liaison is looked for.
const settling = time.Minute

// proposals hold what waits for a second person: field = number; "n" = the last number.
var proposals = store.Records("org")

// proposal is a plan somebody has put forward.
type proposal struct {
	N       int            `json:"n"`
	By      string         `json:"b"`
	At      int64          `json:"a"`
	What    string         `json:"x"`
	Edits   edits          `json:"e"`
	Revs    map[string]int `json:"r"` // kind/field → the overlay's revision it was made on
	Warns   []string       `json:"w,omitempty"`
	Concern []string       `json:"c,omitempty"`
	From    string         `json:"f,omitempty"` // 交接: who leaves
	To      string         `json:"t,omitempty"` // 交接: who comes
	Second  string         `json:"s,omitempty"`
	No      bool           `json:"o,omitempty"`
}

func (p proposal) name() string { return fmt.Sprintf("册%d", p.N) }

func (p proposal) change(rev int) store.Change {
	body, err := json.Marshal(p)
	if err != nil {
		panic("org: proposal does not encode: " + err.Error())
	}
	return store.Put(proposals, strconv.Itoa(p.N), rev, string(body))
}

func (p proposal) stale(at time.Time) bool { return at.Sub(time.Unix(p.At, 0)) >= fresh }

// body is what is proposed and what follows from it.
func (p proposal) body() string {
	if len(p.Warns) == 0 {
		return p.What
	}
	return p.What + "\n注意：" + strings.Join(p.Warns, "；")
}

const recipeAsk = "org.ask"

// ask is the card of a proposal, as long as nobody has decided.
func (f *Family) ask(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	b := s.Read()
	cell := b.Cell(proposals, s.Args["n"])
	if err := b.Run(ctx); err != nil {
		return handlers.Content{}, fmt.Errorf("read proposal: %w", err)
	}
	p, err := decodeProposal(s.Args["n"], *cell)
	if err != nil {
		return handlers.Content{}, err
	}
	if cell.Rev == 0 || !p.open(s.At) {
		return handlers.Content{}, &handlers.Moot{Why: "已经定了，或过了24小时"}
	}
	by, yes, no := title(&s.Desk, p.By), fmt.Sprintf("/名册 准 %d", p.N), fmt.Sprintf("/名册 不准 %d", p.N)
	return handlers.Content{
		Text: fmt.Sprintf("【%s】%s提的，请批：%s\n同意：%s；不同意：%s", p.name(), by, p.body(), yes, no),
		Line: fmt.Sprintf("%s 请批：%s（%s提的）", p.name(), p.What, by), Hint: "同意回：/名册 准 编号；不同意：/名册 不准 编号",
		Card: &handlers.Card{
			Task: fmt.Sprintf("org-%d", p.N), Title: "请批：" + p.name(), Desc: by + "提的", Body: handlers.Clip(p.body(), 112),
			Buttons: []handlers.Button{{Text: "准", Line: yes, Primary: true}, {Text: "不准", Line: no}},
		},
	}, nil
}

// open reports whether the proposal still waits.
func (p proposal) open(at time.Time) bool { return p.Second == "" && !p.stale(at) }

func decodeProposal(field string, c store.Cell) (proposal, error) {
	var p proposal
	if c.Rev == 0 {
		return p, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &p); err != nil {
		return p, fmt.Errorf("decode proposal %s: %w", field, err)
	}
	return p, nil
}

// overlayCells joins the reading of what edits would write to a batch.
func overlayCells(b *store.Batch, e edits) map[string]*store.Cell {
	out := map[string]*store.Cell{}
	for _, f := range e.fields() {
		out[f[0]+"/"+f[1]] = b.Cell(store.Overlay(f[0]), f[1])
	}
	return out
}

// propose puts a plan before a second person.
func (f *Family) propose(ctx context.Context, c *handlers.Call, pl *plan, from, to string) (handlers.Outcome, error) {
	if err := newPlanner(c).weigh(pl); err != nil {
		return handlers.Outcome{}, err
	}
	b := c.Read()
	count := b.Cell(proposals, "n")
	cells := overlayCells(b, pl.edits)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read overlay: %w", err)
	}
	last, _ := strconv.Atoi(count.Value)
	p := proposal{
		N: last + 1, By: c.Person.UserID, At: c.At.Unix(), What: pl.what, Edits: pl.edits, Revs: map[string]int{},
		Concern: pl.concern, From: from, To: to,
	}
	for field, cell := range cells {
		p.Revs[field] = cell.Rev
	}
	who := people(&c.Desk, seconds, append(slices.Clone(pl.concern), c.Person.UserID)...)
	if len(who) == 0 {
		return handlers.Outcome{}, handlers.Refuse("除了您没有人能同意，没有提。", "请写在配置里：管理员、党政办或领导至少两位。")
	}
	p.Warns = pl.warns
	out := handlers.Answer(fmt.Sprintf("%s 提了：%s\n等%s里一位同意，24小时内有效。", p.name(), p.body(), roleNames(who)))
	for _, x := range who {
		push := handlers.PushRecipe(handlers.ToPerson(x.UserID), handlers.CaseCard, recipeAsk, map[string]string{"n": strconv.Itoa(p.N)}, c.At)
		push.Expires = c.At.Add(fresh)
		out.Pushes = append(out.Pushes, push)
	}
	out.Changes = []store.Change{store.Put(proposals, "n", count.Rev, strconv.Itoa(p.N)), p.change(0)}
	out.Audit = handlers.Audit{Record: "名册/" + p.name() + "/提", Rev: 1, Values: handlers.Print(p.Edits)}
	return out, nil
}

// roleNames are the roles by which some people may agree.
func roleNames(list []config.Person) string {
	var out []string
	for _, r := range seconds {
		if slices.ContainsFunc(list, func(p config.Person) bool { return p.Has(r) }) {
			out = append(out, string(r))
		}
	}
	return strings.Join(out, "、")
}

// decide is /名册 准 3 and /名册 不准 3.
func (f *Family) decide(ctx context.Context, c *handlers.Call, rest string, yes bool) (handlers.Outcome, error) {
	ref, _, ok := syntax.Reference(strings.TrimPrefix(rest, "册"))
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("哪一件？请写编号。", "看有哪些：/名册；例：/名册 准 1")
	}
	field := strconv.Itoa(ref.N)
	b := c.Read()
	cell := b.Cell(proposals, field)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read proposal: %w", err)
	}
	p, err := decodeProposal(field, *cell)
	switch {
	case err != nil:
		return handlers.Outcome{}, err
	case cell.Rev == 0:
		return handlers.Outcome{}, handlers.Refusef("看有哪些：/名册", "没有册%d。", ref.N)
	case p.Second != "":
		return handlers.Answer(fmt.Sprintf("%s %s已经定了：%s。", p.name(), title(&c.Desk, p.Second), map[bool]string{true: "不准", false: "准"}[p.No])), nil
	case p.By == c.Person.UserID && !yes:
	case p.By == c.Person.UserID:
		return handlers.Outcome{}, handlers.Refuse("自己提的要别人来准。", "请另一位管理员、党政办或领导发这一行。")
	case slices.Contains(p.Concern, c.Person.UserID):
		return handlers.Outcome{}, handlers.Refuse("和您自己有关的要别人来准。", "请另一位管理员、党政办或领导发这一行。")
	case p.stale(c.At):
		return handlers.Outcome{}, handlers.Refusef("要的话请"+title(&c.Desk, p.By)+"再提一次。", "%s过了24小时，作废了。", p.name())
	}
	p.Second, p.No = c.Person.UserID, !yes
	if !yes {
		out := handlers.Answer(p.name() + " 没有准，名册不变。")
		out.Changes = []store.Change{p.change(cell.Rev)}
		out.Audit = handlers.Audit{Record: "名册/" + p.name() + "/不准", Rev: cell.Rev + 1}
		if p.By != c.Person.UserID {
			out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(p.By), handlers.Reply, handlers.Say(fmt.Sprintf("%s %s没有准：%s", p.name(), c.Person.Title, p.What)), c.At)}
		}
		return out, nil
	}
	return f.carryOut(ctx, c, p, cell.Rev)
}

// carryOut writes what was agreed to, unless the book has changed under it.
func (f *Family) carryOut(ctx context.Context, c *handlers.Call, p proposal, rev int) (handlers.Outcome, error) {
	b := c.Read()
	cells := overlayCells(b, p.Edits)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read overlay: %w", err)
	}
	out := handlers.Answer(p.name() + " 准了，已生效：" + p.What)
	for _, field := range p.Edits.fields() {
		name := field[0] + "/" + field[1]
		if cells[name].Rev != p.Revs[name] {
			return handlers.Outcome{}, handlers.Refusef("请"+title(&c.Desk, p.By)+"看过再提一次。", "%s提了以后名册又改过，没有生效。", p.name())
		}
		out.Changes = append(out.Changes, store.Put(store.Overlay(field[0]), field[1], cells[name].Rev, p.Edits[field[0]][field[1]]))
	}
	tell := fmt.Sprintf("%s %s准了，已生效：%s", p.name(), c.Person.Title, p.What)
	if p.From != "" {
		more, err := f.giveOver(ctx, &c.Desk, p)
		if err != nil {
			return handlers.Outcome{}, err
		}
		out.Require = append(out.Require, more.Require...)
		out.Changes = append(out.Changes, more.Changes...)
		out.Pushes = append(out.Pushes, more.Pushes...)
	}
	out.Changes = append(out.Changes, p.change(rev), store.DueAt(dueVacant, "片区", c.At.Add(settling)))
	out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.By), handlers.Reply, handlers.Say(tell), c.At))
	out.Audit = handlers.Audit{Record: "名册/" + p.name() + "/准", Rev: rev + 1, Values: handlers.Print(p.Edits)}
	out.Overlay = true
	return out, nil
}
