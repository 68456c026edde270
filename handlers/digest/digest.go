// Package digest is the leaders' morning: one screen, complete, with its base.
//
// In: the slot of the digest's duty, or a leader who asks. Out: the text that is said,
// kept word for word so that a past morning can be shown as it was, and the figures it
// rested on, so that the next one can say what has been corrected since.
// Start with Morning; compose.go turns figures into lines.
package digest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// Family composes digests. Call New.
type Family struct {
	tally handlers.Tally
	lines []handlers.DigestLine
}

// New makes the family; tally counts reports, lines are said behind the figures.
func New(tally handlers.Tally, lines ...handlers.DigestLine) *Family {
	return &Family{tally: tally, lines: lines}
}

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name: "digest",
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "晨报", Aliases: []string{"今日", "日报汇总"},
				Roles:   []config.Role{config.RoleLeader, config.RoleAreaLeader, config.RoleDutyDesk, config.RoleDiscipline},
				Summary: "看今天或某天的晨报", Usage: "/晨报 [日期]", Example: "/晨报", Run: f.ask,
			}}
		},
		Duties: []handlers.Duty{{Kind: "digest", Title: "晨报", Past: true, Run: f.Morning}},
	}
}

// said is a digest as it was said, with what it rested on.
type said struct {
	Text   string                    `json:"text"`
	Day    config.Day                `json:"day"`    // the day it reports on
	Filed  map[string]int            `json:"filed"`  // form → units that had filed
	Totals map[string]map[string]int `json:"totals"` // form → field → total
}

func field(p *config.Pack, morning config.Day) string { return p.Name + "/" + string(morning) }

// Morning composes the digest of the day before its slot and says it to the leaders.
func (f *Family) Morning(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	d, err := f.compose(ctx, &m.Desk, m.Pack, m.Day)
	if err != nil {
		return handlers.Outcome{}, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode digest: %w", err)
	}
	out := handlers.Outcome{
		Changes: []store.Change{store.Put(store.Digests(), field(m.Pack, m.Day), store.Any, string(body))},
		Audit:   handlers.Audit{Record: "晨报/" + field(m.Pack, m.Day), Values: string(body)},
	}
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Digest, handlers.Say(d.Text), m.At))
	}
	return out, nil
}

// ask is /晨报: as it was said, or a look ahead when today's has not been said yet.
func (f *Family) ask(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() && c.Chat.Kind != config.ChatLeaders {
		return handlers.Outcome{}, handlers.Refuse("晨报只在领导群和私聊里看。", "请私聊我发：晨报")
	}
	morning := c.Day
	if c.Rest != "" {
		at, _, ok := syntax.Date(c.Rest, c.Day.Time(c.Street.Location))
		if !ok {
			return handlers.Outcome{}, handlers.Refuse("没看懂是哪一天。", "例：/晨报 2.10")
		}
		morning = c.Street.Day(at)
	}
	packs := c.Street.Active(morning)
	for _, p := range c.Street.Active(morning.Add(-1)) { // the morning after a pack's last day
		if !slices.Contains(packs, p) {
			packs = append(packs, p)
		}
	}
	b := c.Read()
	cells := make([]*store.Cell, len(packs))
	for i, p := range packs {
		cells[i] = b.Cell(store.Digests(), field(p, morning))
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read digest: %w", err)
	}
	text := ""
	for i, p := range packs {
		if cells[i].Rev != 0 {
			var d said
			if err := json.Unmarshal([]byte(cells[i].Value), &d); err != nil {
				return handlers.Outcome{}, fmt.Errorf("decode digest: %w", err)
			}
			text = join(text, d.Text)
			continue
		}
		if morning != c.Day || len(p.Digest) == 0 {
			continue
		}
		d, err := f.compose(ctx, &c.Desk, p, morning)
		if errors.Is(err, handlers.ErrNothing) {
			continue
		}
		if err != nil {
			return handlers.Outcome{}, err
		}
		text = join(text, d.Text+"\n（预览，正式的按时发领导群）")
	}
	if text == "" {
		return handlers.Outcome{}, handlers.Refusef("", "%s没有晨报。", morning.Label())
	}
	return handlers.Answer(text), nil
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n\n" + b
}
