// Package notice is the discipline office's 温馨提示 (card S04) in its plain form: one
// drafts in private, another approves, it appears once in the secretaries' group with
// its number in front, and receipts are silent.
//
// In: /通知 and /收, or a quoted notice answered 收到. Out: a numbered record, the post,
// and a count. Start with Handlers; draft.go is the way to the post, ack.go the way back.
package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// word is what a notice is called in front of its number.
const word = "温馨提示"

// Family keeps notices. Call New.
type Family struct{ verbs *syntax.Splitter }

// New makes the family.
func New() *Family {
	return &Family{verbs: syntax.NewSplitter(syntax.Vocabulary{Commands: []syntax.Word{
		{Name: verbApprove, Aliases: []string{"同意", "通过", "批准", "可以"}},
		{Name: verbReturn, Aliases: []string{"退回", "不同意", "打回"}},
	}})}
}

const (
	verbApprove = "准"
	verbReturn  = "退"
)

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name: "notice",
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "通知", Aliases: []string{"温馨提示"}, Roles: []config.Role{config.RoleDiscipline},
				Summary: "写温馨提示、审、看谁收到", Usage: "/通知 内容（第一行是标题）", Example: "/通知 7",
				Detail: "起草（私聊）：/通知 标题，换行写内容\n另一位审：/通知 准 7，或 /通知 退 7 原因\n看收到几家：/通知 7",
				Run:    f.notice,
			}, {
				Name: "收", Aliases: []string{"收到"}, Roles: []config.Role{config.RoleSecretary, config.RoleWorker},
				Summary: "告诉纪工委通知看到了", Usage: "/收 编号", Example: "/收 7", Run: f.ack,
			}}
		},
		Dialogues: []handlers.Dialogue{{Name: "收", Sure: true, Try: f.quoted}},
	}
}

// The states of a notice.
const (
	waiting  = "待审"
	returned = "退回"
	sent     = "已发"
)

// notice is one numbered notice. What was approved is what is said.
type notice struct {
	Title    string `json:"title"`
	Body     string `json:"body,omitempty"`
	Author   string `json:"author"`
	State    string `json:"state"`
	Approver string `json:"approver,omitempty"`
	Reason   string `json:"reason,omitempty"`
	At       int64  `json:"at"` // of the last state

	n   int
	rev int
}

func open(n int, c store.Cell) (notice, error) {
	v := notice{n: n, rev: c.Rev}
	if c.Rev == 0 {
		return v, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &v); err != nil {
		return v, fmt.Errorf("decode notice %d: %w", n, err)
	}
	return v, nil
}

func (v notice) cell() string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("notice: does not encode: " + err.Error())
	}
	return string(b)
}

// name is how people call it: 温馨提示7.
func (v notice) name() string { return word + strconv.Itoa(v.n) }

// text is the post: number first, so that a quote of it can be recognised.
func (v notice) text(bot string) string {
	lines := []string{fmt.Sprintf("【%s】%s", v.name(), v.Title)}
	if v.Body != "" {
		lines = append(lines, v.Body)
	}
	return strings.Join(append(lines, fmt.Sprintf("看到了请私聊我回“收%d”，或在这里 @%s /收 %d，不用刷屏。", v.n, bot, v.n)), "\n")
}

// notice is /通知 with whatever follows.
func (f *Family) notice(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if c.Rest == "" {
		return f.list(ctx, c)
	}
	if n, ok := number(c.Rest); ok {
		return f.status(ctx, c, n)
	}
	head := f.verbs.Split(c.Rest)
	ref, reason, ok := syntax.Reference(head.Rest)
	if head.Command == "" || !ok {
		return f.draft(ctx, c)
	}
	if head.Command == verbApprove {
		return f.approve(ctx, c, ref.N)
	}
	return f.giveBack(ctx, c, ref.N, strings.TrimSpace(reason))
}

// number reads a line that is nothing but a notice's number.
func number(s string) (int, bool) {
	ref, rest, ok := syntax.Reference(strings.TrimPrefix(strings.TrimSpace(s), word))
	return ref.N, ok && strings.TrimSpace(rest) == ""
}

func (f *Family) read(ctx context.Context, c *handlers.Call, n int) (notice, error) {
	b := c.Read()
	cell := b.Cell(store.Notices(), strconv.Itoa(n))
	if err := b.Run(ctx); err != nil {
		return notice{}, fmt.Errorf("read notice %d: %w", n, err)
	}
	v, err := open(n, *cell)
	if err == nil && v.rev == 0 {
		return v, handlers.Refusef("看有哪些，发：/通知", "没有%s%d。", word, n)
	}
	return v, err
}

func audit(v notice) handlers.Audit {
	return handlers.Audit{Record: v.name(), Rev: v.rev + 1, Values: v.cell()}
}
