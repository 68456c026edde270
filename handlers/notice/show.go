package notice

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

// few is how many remarks fit a phone.
const few = 6

// tally is who has answered a notice.
type tally struct {
	total        int
	seen, done   int
	unseen, open []string // by name: not confirmed; confirmed and not done
	remarks      []string
}

func (v notice) tally(d *handlers.Desk, acks map[string]ack) tally {
	var t tally
	for _, x := range v.To.addressees(d) {
		t.total++
		a := acks[x.key]
		switch {
		case a.At == 0:
			t.unseen = append(t.unseen, x.name)
			continue
		case a.Done > 0:
			t.done++
		default:
			t.open = append(t.open, x.name)
		}
		t.seen++
		if text := strings.Join(nonEmpty(a.Note, a.How), "；"); text != "" {
			t.remarks = append(t.remarks, x.name+"“"+text+"”")
		}
	}
	return t
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// counts is the tally in one line: 17/19已收，14家办好.
func (v notice) counts(t tally) string {
	s := fmt.Sprintf("%d/%d已收", t.seen, t.total)
	switch v.Class {
	case config.NoticeAct:
		s += fmt.Sprintf("，办好%d", t.done)
	case config.NoticeAnswer:
		s += fmt.Sprintf("，答复%d", t.done)
	}
	return s
}

// status is /通知 7: how many have seen it; who has not only in private.
func (f *Family) status(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	v, err := f.read(ctx, &c.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	b := c.Read()
	cells := b.All(store.NoticeAcks(v.field()))
	asked := b.All(questions())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read receipts %d: %w", n, err)
	}
	switch v.State {
	case waiting, returned:
		return handlers.Answer(fmt.Sprintf("%s《%s》%s，还没有发。", v.name(), v.Title, v.State)), nil
	case withdrawn:
		return handlers.Answer(fmt.Sprintf("%s《%s》%s由%s撤回，作废%s", v.name(), v.Title, moment(&c.Desk, v.At), title(&c.Desk, v.Approver), said(v.Reason))), nil
	}
	acks, err := openAcks(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	t := v.tally(&c.Desk, acks)
	text := fmt.Sprintf("%s《%s》", v.name(), v.Title)
	if v.State == replaced {
		text += fmt.Sprintf("已换成%s%d，作废。作废前", word, v.ReplacedBy)
	}
	text += "：" + v.counts(t)
	if v.Due > 0 {
		text += "，" + moment(&c.Desk, v.Due) + "截止"
	}
	if !c.Private() {
		return handlers.Answer(text), nil
	}
	if len(t.unseen) > 0 {
		text += "\n还没收：" + strings.Join(t.unseen, "、")
	}
	if v.asks() && len(t.open) > 0 {
		text += "\n收了还没办：" + strings.Join(t.open, "、")
	}
	if n := len(t.remarks); n > 0 {
		text += "\n说了：" + strings.Join(t.remarks[:min(n, few)], "、")
		if n > few {
			text += fmt.Sprintf(" 等%d家", n)
		}
	}
	qs, err := openQuestions(*asked, v)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if open := v.unanswered(qs, 0); len(open) > 0 {
		text += fmt.Sprintf("\n有%d个问题没答，看：/通知 问 %d", len(open), n)
	}
	return handlers.Answer(text), nil
}

// list is /通知 alone: the latest five and how to write one.
func (f *Family) list(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	_, known, err := f.earlier(ctx, c, nil)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var latest []notice
	for i := len(known) - 1; i >= 0 && len(latest) < 5; i-- {
		latest = append(latest, known[i])
	}
	acks := make([]*map[string]store.Cell, len(latest))
	b := c.Read()
	for i, v := range latest {
		acks[i] = b.All(store.NoticeAcks(v.field()))
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("list notices: %w", err)
	}
	lines := []string{"起草（私聊）：/通知 标题，换行写内容"}
	for i, v := range latest {
		state := v.State
		if v.State == sent {
			list, err := openAcks(*acks[i])
			if err != nil {
				return handlers.Outcome{}, err
			}
			state = v.counts(v.tally(&c.Desk, list))
		}
		lines = append(lines, fmt.Sprintf("%s《%s》%s", v.name(), v.Title, state))
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

// Dues are the notices that wait for the caller, for the welcome and /我的. One that is only
// to be seen waits for nobody. It implements handlers.AskDues.
func (f *Family) Dues(ctx context.Context, c *handlers.Call) ([]handlers.Due, error) {
	mine, err := f.sentTo(ctx, c, func(v notice) bool { return v.live() && v.asks() })
	if err != nil {
		return nil, err
	}
	var out []handlers.Due
	for _, x := range mine {
		if x.a.Done > 0 {
			continue
		}
		line := fmt.Sprintf("/办 %d 怎么办的", x.v.n)
		if x.v.Class == config.NoticeAnswer {
			line = fmt.Sprintf("/办 %d 您的答复", x.v.n)
		}
		out = append(out, handlers.Due{Text: fmt.Sprintf("%s《%s》%s前", x.v.name(), x.v.Title, moment(&c.Desk, x.v.Due)), Line: line})
	}
	return out, nil
}

// mailed is a notice with what the caller has said about it.
type mailed struct {
	v notice
	a ack
}

// sentTo are the notices of some sort that the caller is an addressee of, the oldest first.
func (f *Family) sentTo(ctx context.Context, c *handlers.Call, sort func(notice) bool) ([]mailed, error) {
	if !c.Person.Has(slices.Concat(answerers, guests)...) {
		return nil, nil
	}
	b := c.Read()
	cells := b.All(store.Notices())
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	var mine []mailed
	var acks []*store.Cell
	b = c.Read()
	for n := 1; n <= len(*cells); n++ {
		v, err := open(n, (*cells)[strconv.Itoa(n)])
		if err != nil {
			return nil, err
		}
		if !sort(v) {
			continue
		}
		if key, ok := v.To.keyOf(&c.Desk, c.Person); ok {
			mine = append(mine, mailed{v: v})
			acks = append(acks, b.Cell(store.NoticeAcks(v.field()), key))
		}
	}
	if len(mine) == 0 {
		return nil, nil
	}
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read receipts: %w", err)
	}
	for i, cell := range acks {
		a, err := openAck(*cell)
		if err != nil {
			return nil, err
		}
		mine[i].a = a
	}
	return mine, nil
}
