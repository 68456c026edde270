package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// paper is an evening's paper as it was said.
type paper struct {
	Text string `json:"text"`
	Seed string `json:"seed"` // of the next morning's look-back
	At   int64  `json:"at"`   // cases fixed by then take part in it
}

// papers hold them: field = day.
var papers = store.Records("case-paper")

func readPaper(ctx context.Context, d *handlers.Desk, day config.Day) (paper, error) {
	b := d.Read()
	cell := b.Cell(papers, string(day))
	if err := b.Run(ctx); err != nil {
		return paper{}, fmt.Errorf("read paper of %s: %w", day, err)
	}
	return openPaper(*cell)
}

// openPaper decodes a paper; none was said where the cell is empty.
func openPaper(cell store.Cell) (p paper, err error) {
	if cell.Rev > 0 {
		if err := json.Unmarshal([]byte(cell.Value), &p); err != nil {
			return p, fmt.Errorf("decode paper: %w", err)
		}
	}
	return p, nil
}

// paperDuty says the paper for the evening's meeting (card S34).
func (f *Family) paperDuty(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	text, err := f.compose(ctx, &m.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if text == "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	p := paper{Text: text, Seed: seedOf(text), At: m.At.Unix()}
	p.Text += "\n明早回头看的种子：" + p.Seed
	body, err := json.Marshal(p)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode paper: %w", err)
	}
	return handlers.Outcome{
		Changes: []store.Change{store.Put(papers, string(m.Day), store.Any, string(body))},
		Audit:   handlers.Audit{Record: "例会/" + string(m.Day), Values: string(body)},
		Pushes:  f.toInspectors(&m.Desk, m.Duty, handlers.Digest, p.Text),
	}, nil
}

// meeting is /例会: the paper as it was said, or as it stands.
func (f *Family) meeting(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	p, err := readPaper(ctx, &c.Desk, c.Day)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if p.Text != "" {
		return handlers.Answer(p.Text), nil
	}
	text, err := f.compose(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if text == "" {
		return handlers.Answer("没有问题单，今天没有例会材料。"), nil
	}
	return handlers.Answer(text + "\n（预览，正式的按时发出）"), nil
}

// most is how many cases a part of the paper names; the others are counted.
const most = 3

// compose is the paper, "" when there is nothing to say: what was decided and not done, what
// is overdue, mended and not looked at, drawn and not looked at again, come back, owed by
// the street, new. At most 15 lines. What only hides or is a household's
// stays away.
func (f *Family) compose(ctx context.Context, d *handlers.Desk) (string, error) {
	list, err := all(ctx, d)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(list, func(k *Case) bool { return k.State != Hidden && !k.sealed() }) {
		return "", nil
	}
	now := d.At.Unix()
	parts := []struct {
		title string
		is    func(*Case) bool
		say   func(*Case) string
	}{
		{"定了没办", func(k *Case) bool {
			return slices.Contains(ours, k.State) && k.Decided > 0 && dayOf(d, k.Decided) < d.Day
		}, func(k *Case) string { return k.name() + "：" + k.Measure + k.until(d) }},
		{"逾期", func(k *Case) bool { return k.Due > 0 && k.Due < now }, func(k *Case) string { return k.name() + k.until(d) + "，用时" + f.heldText(d, k) }},
		{"改好没人看", func(k *Case) bool { return k.State == Fixed && k.See > 0 && k.See < now }, func(k *Case) string { return k.name() + "，用时" + f.heldText(d, k) }},
		{"抽了没回头看", (*Case).undone, (*Case).name},
		{"反复", func(k *Case) bool { return k.State != Closed && (k.Again > 0 || k.Of != "") }, func(k *Case) string { return k.name() + k.until(d) }},
		{"街道欠着", func(k *Case) bool {
			return k.State != Closed && k.Street > 0 || slices.Contains(live, k.State) && k.Help != "" && !k.Helped && k.HelpDue > 0 && k.HelpDue < now
		}, func(k *Case) string { return k.name() + "：" + k.Help }},
		{"今天新开", func(k *Case) bool { return k.State != Closed && dayOf(d, k.Opened) == d.Day }, func(k *Case) string { return k.name() + k.until(d) }},
	}
	counts := map[string]int{}
	shown := map[string]bool{}
	var lines []string
	for _, p := range parts {
		var some []string
		for _, k := range list {
			if k.State == Hidden || k.sealed() || !p.is(k) || shown[k.id] {
				continue
			}
			shown[k.id] = true
			some = append(some, p.say(k))
		}
		if len(some) == 0 {
			continue
		}
		head := fmt.Sprintf("%s%d：", p.title, len(some))
		if len(some) > most {
			some = append(some[:most], fmt.Sprintf("还有%d件", len(some)-most))
		}
		lines = append(lines, head+strings.Join(some, "；"))
	}
	for _, k := range list {
		switch {
		case k.State == Hidden:
		case k.State == Closed:
			if dayOf(d, k.Closed) == d.Day {
				counts["结"]++
			}
		default:
			counts["在办"]++
			if k.State == Fixed {
				counts["待验"]++
			}
		}
	}
	if len(lines) == 0 && counts["在办"]+counts["结"] == 0 && !slices.ContainsFunc(list, (*Case).drawable) {
		return "", nil // nothing happened, and there is nothing to draw: no seed is needed
	}
	head := fmt.Sprintf("【例会 %s】在办%d 待验%d 今天结%d", d.Day.Label(), counts["在办"], counts["待验"], counts["结"])
	if modes := modesToday(d, list); modes != "" {
		lines = append(lines, "今天查法："+modes)
	}
	return strings.Join(append([]string{head}, lines...), "\n"), nil
}

func (k *Case) until(d *handlers.Desk) string {
	switch {
	case k.State == Fixed:
		return "（已改待验）"
	case k.Due > 0 && k.Due < d.At.Unix():
		return "（过了" + when(d, k.Due) + "）"
	case k.Due > 0:
		return "（" + when(d, k.Due) + "前）"
	}
	return "（" + string(k.State) + "）"
}

// modesToday counts how today's findings were found, so that odd hours are not forgotten.
func modesToday(d *handlers.Desk, list []*Case) string {
	var out []string
	for _, m := range modes {
		n := 0
		for _, k := range list {
			if k.Mode == m && dayOf(d, k.Opened) == d.Day {
				n++
			}
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("%s%d", m, n))
		}
	}
	return strings.Join(out, " ")
}
