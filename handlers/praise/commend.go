package praise

import (
	"cmp"
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

const (
	maxPraise = 100 // characters
	maxLine   = 40  // of a praise in the digest
	dueWeek   = "praise-week"
	handOver  = 16 * 60 // on Fridays
)

// praises holds what was praised: field = its number, A05.
func praises() store.Table { return store.Records("praise") }

// commendation is one praise.
type commendation struct {
	Unit   string     `json:"unit"`
	Text   string     `json:"text"`
	Kind   string     `json:"kind"` // 表扬 or 亮点
	By     string     `json:"by"`   // who saw it: a userid
	Day    config.Day `json:"day"`
	At     int64      `json:"at"`
	Public bool       `json:"public"` // may be said in the leaders' digest

	number string
}

// The kinds of praise.
const (
	kindPraise = "表扬"
	kindIdea   = "亮点" // others could do the same
)

// commend is /赞 梅园 夜班门岗冒雨值守.
func (f *Family) commend(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	var words []syntax.Word
	for _, u := range c.Dir.Units(c.Street) {
		words = append(words, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	unit, text, ok := syntax.Unit(c.Rest, words)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("夸哪个居民区？请写上名字。", "例：/赞 梅园 夜班门岗冒雨值守")
	}
	return f.Commend(ctx, c, unit, text)
}

// Commend records a praise of a committee by the caller. It implements handlers.Commend.
func (f *Family) Commend(ctx context.Context, c *handlers.Call, unit, text string) (handlers.Outcome, error) {
	public := true
	for _, w := range []string{"不公开", "别公开", "不要公开"} {
		if strings.Contains(text, w) {
			public, text = false, strings.ReplaceAll(text, w, "")
		}
	}
	text = strings.Trim(text, " \n,，。!！、:：")
	if text == "" {
		return handlers.Outcome{}, handlers.Refusef("例：/赞 "+unit+" 夜班门岗冒雨值守", "夸%s什么？请写一句话。", unit)
	}
	if n := len([]rune(text)); n > maxPraise {
		return handlers.Outcome{}, handlers.Refusef("挑最要紧的一句。", "写了%d个字，最多%d个字，没有记。", n, maxPraise)
	}
	text = c.Typed(text)
	named := named(text)
	p := commendation{Unit: unit, Text: text, Kind: kindPraise, By: c.Person.UserID, Day: c.Day, At: c.At.Unix(), Public: public && !named}
	for _, w := range []string{"推广", "做法", "办法", "自创", "经验"} {
		if strings.Contains(text, w) {
			p.Kind = kindIdea
		}
	}
	b := c.Read()
	count := b.Size(praises())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("count praise: %w", err)
	}
	p.number = fmt.Sprintf("A%02d", *count+1)
	body, err := json.Marshal(p)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode praise: %w", err)
	}
	friday := nextFriday(c.Street, c.At)
	reply := fmt.Sprintf("已记 %s%s，谢谢。%s汇总给%s。", p.Kind, p.number, c.Street.Day(friday).Label(), strings.Join(receivers(&c.Desk), "、"))
	if public && named {
		reply += "\n里面像有人名，只汇总，不上晨报。"
	}
	out := handlers.Answer(reply)
	out.Changes = []store.Change{
		store.Put(praises(), p.number, 0, string(body)),
		store.DueAt(dueWeek, string(c.Street.Day(friday)), friday),
	}
	out.Audit = handlers.Audit{Unit: unit, Record: p.Kind + p.number, Rev: 1, Values: text}
	return out, nil
}

// nextFriday is the hand-over that a praise of now belongs to.
func nextFriday(s *config.Street, at time.Time) time.Time {
	for day := s.Day(at); ; day = day.Add(1) {
		t := s.At(day, handOver)
		if t.Weekday() == time.Friday && t.After(at) {
			return t
		}
	}
}

// party is the office for party building, one of those that hear the week's praise.
const party = "党建办"

// receivers are who hears the week's praise, by name.
func receivers(d *handlers.Desk) []string {
	out := []string{string(config.RoleDiscipline)}
	if len(d.Dir.Office(d.Street, party)) > 0 {
		out = append([]string{party}, out...)
	}
	return out
}

// week hands the week's praise over. It is one list in the order of time: no counts by
// committee, nothing to compare.
func (f *Family) week(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	friday, err := config.ParseDay(it.ID)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("due item %s: %w", dueWeek, err)
	}
	b := it.Read()
	cells := b.All(praises())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read praise: %w", err)
	}
	list, err := openPraises(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	until := it.Street.At(friday, handOver)
	from := it.Street.At(friday.Add(-7), handOver)
	lines := []string{}
	for _, p := range list {
		if at := time.Unix(p.At, 0); !at.Before(from) && at.Before(until) {
			lines = append(lines, fmt.Sprintf("%s%s %s：%s", p.Kind, p.number, p.Unit, p.Text))
		}
	}
	if len(lines) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	text := fmt.Sprintf("【一周亮点 %s】%d条\n%s", friday.Label(), len(lines), strings.Join(lines, "\n"))
	out := handlers.Outcome{Loads: []handlers.Load{{Office: string(config.RoleDiscipline)}}}
	for _, chat := range it.Dir.ChatsOf(it.Street, config.ChatDiscipline) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, handlers.Say(text), it.At))
	}
	for _, p := range it.Dir.Office(it.Street, party) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Notice, handlers.Say(text), it.At))
	}
	return out, nil
}

func openPraises(cells map[string]store.Cell) ([]commendation, error) {
	out := make([]commendation, 0, len(cells))
	for number, cell := range cells {
		p := commendation{number: number}
		if err := json.Unmarshal([]byte(cell.Value), &p); err != nil {
			return nil, fmt.Errorf("decode praise %s: %w", number, err)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b commendation) int { return cmp.Compare(ordinal(a.number), ordinal(b.number)) })
	return out, nil
}

func ordinal(number string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(number, "A"))
	return n
}

// Since counts the praises of some days. It implements handlers.CountSince.
func (f *Family) Since(b *store.Batch, from, until config.Day) func() (int, error) {
	cells := b.All(praises())
	return func() (int, error) {
		list, err := openPraises(*cells)
		n := 0
		for _, p := range list {
			if p.Day >= from && p.Day < until {
				n++
			}
		}
		return n, err
	}
}

// Line is one praise for the morning's digest: the first of the day before that may be
// public and that its committee did not say of itself. It implements handlers.DigestLine.
func (f *Family) Line(d *handlers.Desk, b *store.Batch, day config.Day) func() (string, error) {
	cells := b.All(praises())
	return func() (string, error) {
		list, err := openPraises(*cells)
		if err != nil {
			return "", err
		}
		for _, p := range list {
			if p.Day != day || !p.Public {
				continue
			}
			if by, _, ok := d.Dir.Person(p.By); ok && by.Unit == p.Unit {
				continue
			}
			text := p.Text
			if r := []rune(text); len(r) > maxLine {
				text = string(r[:maxLine]) + "…"
			}
			return fmt.Sprintf("亮点：%s %s", p.Unit, text), nil
		}
		return "", nil
	}
}
