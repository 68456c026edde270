package notice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// ack is /收 7: a unit has seen a notice. In a group it draws no answer there.
func (f *Family) ack(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	ref, _, ok := syntax.Reference(strings.TrimPrefix(strings.TrimSpace(c.Rest), word))
	if !ok {
		if n, quoted := inQuote(c.Message.Quote); quoted {
			return f.record(ctx, c, n)
		}
		return handlers.Outcome{}, handlers.Refuse("收到哪一条？请带上编号。", "例：/收 7")
	}
	return f.record(ctx, c, ref.N)
}

// quoted is a notice quoted with 收到, in whatever words.
func (f *Family) quoted(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	n, ok := inQuote(c.Message.Quote)
	if !ok || !syntax.Ack(c.Rest) {
		return handlers.Outcome{}, false, nil
	}
	out, err := f.record(ctx, c, n)
	return out, true, err
}

// inQuote finds the number in a quoted notice: 【温馨提示7】….
func inQuote(quote string) (int, bool) {
	_, rest, found := strings.Cut(quote, "【"+word)
	if !found {
		return 0, false
	}
	digits, _, found := strings.Cut(rest, "】")
	n, err := strconv.Atoi(digits)
	return n, found && err == nil
}

// record counts the receipt of the caller's unit, once.
func (f *Family) record(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	unit, ok := c.Dir.Unit(c.Street, c.Person.Unit)
	if !ok || !c.Person.Has(config.RoleSecretary, config.RoleWorker) {
		return handlers.Outcome{}, handlers.Refuse("这条是发给居民区的，您不用回。", "")
	}
	b := c.Read()
	cell := b.Cell(store.Notices(), strconv.Itoa(n))
	mine := b.Cell(store.NoticeAcks(strconv.Itoa(n)), unit.Name)
	count := b.Size(store.NoticeAcks(strconv.Itoa(n)))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read notice %d: %w", n, err)
	}
	v, err := open(n, *cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if v.rev == 0 || v.State != sent {
		return handlers.Outcome{}, handlers.Refusef("编号在通知最前面，例：/收 7", "没有%s%d。", word, n)
	}
	if mine.Rev != 0 {
		return silent(c, handlers.Outcome{}, fmt.Sprintf("%s 已记过：%s 收到", v.name(), when(c, mine.Value))), nil
	}
	out := handlers.Outcome{
		Changes: []store.Change{store.Put(store.NoticeAcks(strconv.Itoa(n)), unit.Name, 0, strconv.FormatInt(c.At.Unix(), 36)+"|"+c.Person.UserID)},
		Audit:   handlers.Audit{Unit: unit.Name, Record: v.name() + "/收", Rev: 1},
	}
	if all := len(c.Dir.Units(c.Street)); *count+1 == all {
		for _, chat := range c.Dir.ChatsOf(c.Street, config.ChatDiscipline) {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice,
				handlers.Say(fmt.Sprintf("%s：%d/%d，都收到了。", v.name(), all, all)), c.At))
		}
	}
	return silent(c, out, fmt.Sprintf("%s 已记：收到 %s", v.name(), c.At.In(c.Street.Location).Format("1月2日 15:04"))), nil
}

// silent answers in private; in a group nobody else hears a receipt.
func silent(c *handlers.Call, out handlers.Outcome, text string) handlers.Outcome {
	if c.Private() {
		out.Reply = handlers.Say(text)
		return out
	}
	out.Pushes = append(out.Pushes, c.PrivateHalf(text, nil))
	return out
}

func when(c *handlers.Call, value string) string {
	at, _, _ := strings.Cut(value, "|")
	sec, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return ""
	}
	return time.Unix(sec, 0).In(c.Street.Location).Format("1月2日 15:04")
}

// status is /通知 7: how many have seen it; who has not only in private.
func (f *Family) status(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	v, err := f.read(ctx, c, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	b := c.Read()
	acks := b.All(store.NoticeAcks(strconv.Itoa(n)))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read receipts %d: %w", n, err)
	}
	if v.State != sent {
		return handlers.Answer(fmt.Sprintf("%s《%s》%s，还没有发。", v.name(), v.Title, v.State)), nil
	}
	var open []string
	units := c.Dir.Units(c.Street)
	for _, u := range units {
		if _, ok := (*acks)[u.Name]; !ok {
			open = append(open, u.Name)
		}
	}
	text := fmt.Sprintf("%s《%s》：%d/%d已收", v.name(), v.Title, len(units)-len(open), len(units))
	if len(open) > 0 && c.Private() {
		text += "\n还没收：" + strings.Join(open, "、")
	}
	return handlers.Answer(text), nil
}

// list is /通知 alone: the latest five and how to write one.
func (f *Family) list(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	count := b.Size(store.Notices())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("count notices: %w", err)
	}
	lines := []string{"起草（私聊）：/通知 标题，换行写内容"}
	first := max(1, *count-4)
	b = c.Read()
	type row struct {
		n    int
		cell *store.Cell
		acks *int
	}
	var rows []row
	for n := *count; n >= first; n-- {
		rows = append(rows, row{n, b.Cell(store.Notices(), strconv.Itoa(n)), b.Size(store.NoticeAcks(strconv.Itoa(n)))})
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("list notices: %w", err)
	}
	for _, r := range rows {
		v, err := open(r.n, *r.cell)
		if err != nil {
			return handlers.Outcome{}, err
		}
		state := v.State
		if v.State == sent {
			state = fmt.Sprintf("%d/%d已收", *r.acks, len(c.Dir.Units(c.Street)))
		}
		lines = append(lines, fmt.Sprintf("%s《%s》%s", v.name(), v.Title, state))
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}
