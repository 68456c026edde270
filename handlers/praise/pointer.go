package praise

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

const maxPointer = 20 // characters

// pointers holds the office's notes on what is handled elsewhere: field = the pointer's
// number, sealed whole. No reminder, digest, export or statistic reads it.
func pointers() store.Table { return store.Records("pointer") }

// entry is one line of a pointer.
type entry struct {
	At   int64  `json:"at"`
	By   string `json:"by"`
	Text string `json:"text"`
}

// point is /提醒 另案3 已谈话; without a text it shows what the office has noted.
func (f *Family) point(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("这件事只在私聊里记，没有记。", "请长按撤回，私聊我发。")
	}
	rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(c.Rest), "另案"))
	n, text, ok := syntax.Ordinal(rest)
	if !ok || n < 1 || n > 999 {
		return handlers.Outcome{}, handlers.Refuse("另案几号？写1到999。", "例：/提醒 另案3 已谈话")
	}
	if strings.TrimSpace(text) == "" {
		return f.pointed(ctx, c, n)
	}
	if named(text) {
		return handlers.Outcome{}, handlers.Refuse("请勿写姓名，已丢弃。", "例：/提醒 另案3 已谈话")
	}
	if r := []rune(text); len(r) > maxPointer {
		return handlers.Outcome{}, handlers.Refusef("详情请记在办案的地方。", "写了%d个字，这里最多%d个字，已丢弃。", len(r), maxPointer)
	}
	list, rev, err := f.readPointer(ctx, c, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	body, err := json.Marshal(append(list, entry{At: c.At.Unix(), By: c.Person.UserID, Text: text}))
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode pointer: %w", err)
	}
	out := handlers.Answer("已存（仅纪工委可见）。")
	out.Changes = []store.Change{store.PutSealed(pointers(), strconv.Itoa(n), rev, string(body), keyPointer)}
	out.Audit = handlers.Audit{Record: "另案" + strconv.Itoa(n), Rev: rev + 1}
	return out, nil
}

// pointed shows a pointer; the reading stays in the audit.
func (f *Family) pointed(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	list, rev, err := f.readPointer(ctx, c, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if len(list) == 0 {
		return handlers.Outcome{}, handlers.Refusef("例：/提醒 另案3 已谈话", "另案%d没有记过。", n)
	}
	lines := []string{fmt.Sprintf("另案%d（仅纪工委可见）：", n)}
	for _, e := range list {
		lines = append(lines, minute(c, e.At)+" "+e.Text)
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	out.Sealed = keyPointer
	out.Audit = handlers.Audit{Record: "另案" + strconv.Itoa(n) + "/看", Rev: rev}
	return out, nil
}

func (f *Family) readPointer(ctx context.Context, c *handlers.Call, n int) ([]entry, int, error) {
	b := c.Read()
	cell := b.Cell(pointers(), strconv.Itoa(n))
	if err := b.Run(ctx); err != nil {
		return nil, 0, fmt.Errorf("read pointer %d: %w", n, err)
	}
	if cell.Rev == 0 || cell.Lost {
		return nil, cell.Rev, nil
	}
	var list []entry
	if err := json.Unmarshal([]byte(cell.Value), &list); err != nil {
		return nil, 0, fmt.Errorf("decode pointer %d: %w", n, err)
	}
	return list, cell.Rev, nil
}
