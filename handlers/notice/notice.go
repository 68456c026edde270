// Package notice is the discipline office's 温馨提示 (card S04), answered and not only
// read: one drafts in private, a linter asks for what the class needs, another approves,
// it appears once in the secretaries' group with its number in front and as a card at each
// addressee, and receipts are silent.
//
// In: /通知, /收, /办, /疑, a pressed card, a quoted notice answered 收到, and the moments
// remembered when a notice went out. Out: a numbered record, the post, cards, and counts
// that only the office hears.
//
// Start with Handlers, then draft.go (from a typed text to a record), lint.go (pure: what
// is missing), approve.go (out of the door), receipt.go (the way back), void.go (replaced,
// withdrawn), ask.go (questions and answers), due.go (what happens by itself).
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
type Family struct {
	Nodded handlers.Nodded // takes 收到 where no notice waits for it; may be nil

	verbs *syntax.Splitter
}

// The verbs behind /通知.
const (
	verbApprove  = "准"
	verbReturn   = "退"
	verbTest     = "试"
	verbReplace  = "换"
	verbWithdraw = "撤"
	verbAsked    = "问"
	verbAnswer   = "答"
)

// New makes the family.
func New() *Family {
	return &Family{verbs: syntax.NewSplitter(syntax.Vocabulary{Commands: []syntax.Word{
		{Name: verbApprove, Aliases: []string{"同意", "通过", "批准", "可以"}},
		{Name: verbReturn, Aliases: []string{"退回", "不同意", "打回"}},
		{Name: verbTest, Aliases: []string{"试发", "试看"}},
		{Name: verbReplace, Aliases: []string{"换成", "替换", "更换"}},
		{Name: verbWithdraw, Aliases: []string{"撤回", "撤销", "作废"}},
		{Name: verbAsked, Aliases: []string{"提问", "问题"}},
		{Name: verbAnswer, Aliases: []string{"答复", "回答"}},
	}})}
}

// Who may be addressed, and so may confirm: committees mostly, others when a notice is for
// their role.
var (
	answerers = []config.Role{config.RoleSecretary, config.RoleWorker}
	guests    = []config.Role{config.RoleLiaison, config.RoleProperty, config.RoleBuilding}
)

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:   "notice",
		Office: string(config.RoleDiscipline),
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "通知", Aliases: []string{"温馨提示"}, Roles: []config.Role{config.RoleDiscipline}, Prose: true,
				Summary: "写温馨提示、审、看谁收到", Usage: "/通知 内容（第一行是标题）", Example: "/通知 7",
				Detail: "起草（私聊）：/通知 标题，换行写内容；要落实或要回的，加一行 需落实 或 需回复\n" +
					"另一位审：/通知 准 7，或 /通知 退 7 原因；先看样子：/通知 试 7\n" +
					"看收到几家：/通知 7；看谁问了什么：/通知 问 7；答：/通知 答 7.2 内容\n" +
					"换一条：/通知 换 7 新标题，换行写内容；撤回：/通知 撤 7 原因",
				Run: booked(f.notice),
			}, {
				Name: "收", Aliases: []string{"收到"}, Roles: answerers, Guests: guests,
				Summary: "告诉纪工委通知看到了", Usage: "/收 编号", Example: "/收 7", Run: booked(f.ack),
			}, {
				Name: "办", Aliases: []string{"办好", "办好了", "已办"}, Roles: answerers, Guests: guests, Hidden: true,
				Summary: "告诉纪工委通知办好了", Usage: "/办 编号 怎么办的", Example: "/办 7 已张贴", Run: booked(f.done),
			}, {
				Name: "疑", Aliases: []string{"通知问"}, Hidden: true,
				Summary: "问通知里的一点", Usage: "/疑 编号.第几点 问题", Example: "/疑 7.2 没有证件的怎么办", Run: booked(f.ask),
			}}
		},
		Dialogues: []handlers.Dialogue{
			{Name: "收", Sure: true, Try: f.quoted},
			{Name: "知道了", Try: f.known},
			{Name: "通过哪条", Try: f.nodsThrough},
		},
		DueItems: f.dueItems(),
		Recipes:  f.recipes(),
		Dues:     f.Dues,
	}
}

// office is whom everything that notices ask of people is booked to.
const office = string(config.RoleDiscipline)

// booked books what a handler says to others to the office.
func booked[T any](run func(context.Context, T) (handlers.Outcome, error)) func(context.Context, T) (handlers.Outcome, error) {
	return func(ctx context.Context, t T) (handlers.Outcome, error) {
		out, err := run(ctx, t)
		if len(out.Loads) == 0 && len(out.Pushes) > 0 {
			out.Loads = []handlers.Load{{Office: office}}
		}
		return out, err
	}
}

// The states of a notice.
const (
	waiting   = "待审"
	returned  = "退回"
	sent      = "已发"
	withdrawn = "撤回"
	replaced  = "已换"
)

// notice is one numbered notice. What was approved is what is said.
type notice struct {
	Title string             `json:"title"`
	Body  string             `json:"body,omitempty"`  // one point a line
	Class config.NoticeClass `json:"class,omitempty"` // "" = 知晓
	Due   int64              `json:"due,omitempty"`   // unix seconds; 0 = none
	Where string             `json:"where,omitempty"`
	Whom  string             `json:"whom,omitempty"` // to ask
	To    audience           `json:"to,omitzero"`

	Author   string `json:"author"`
	State    string `json:"state"`
	Approver string `json:"approver,omitempty"` // who approved, returned, withdrew
	Reason   string `json:"reason,omitempty"`
	At       int64  `json:"at"`             // of the last state
	Sent     int64  `json:"sent,omitempty"` // when it went out

	Replaces   int `json:"replaces,omitempty"`
	ReplacedBy int `json:"replaced_by,omitempty"`

	Answers []reply `json:"answers,omitempty"` // approved: the second version of a notice has one
	Pending *reply  `json:"pending,omitempty"` // waits for its second reader

	SeenAll int64 `json:"seen_all,omitempty"` // when the office was told that all have confirmed
	DoneAll int64 `json:"done_all,omitempty"` // … that all have done it

	n   int
	rev int
}

// reply is the answer to a question about one point.
type reply struct {
	Point  int    `json:"p"`
	Text   string `json:"t"`
	By     string `json:"by"`
	Second string `json:"second,omitempty"`
	At     int64  `json:"at"`
}

func open(n int, c store.Cell) (notice, error) {
	v := notice{n: n, rev: c.Rev}
	if c.Rev == 0 {
		return v, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &v); err != nil {
		return v, fmt.Errorf("decode notice %d: %w", n, err)
	}
	if v.Class == "" {
		v.Class = config.NoticeKnow
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

// field is its place among store.Notices.
func (v notice) field() string { return strconv.Itoa(v.n) }

// put writes it at the revision it was read at: who decided on older facts decides anew.
func (v notice) put() store.Change { return store.Put(store.Notices(), v.field(), v.rev, v.cell()) }

// guard holds the notice as it was read.
func (v notice) guard() store.Guard {
	return store.Guard{Table: store.Notices(), Field: v.field(), Rev: v.rev}
}

// asks reports whether somebody has to answer.
func (v notice) asks() bool { return v.Class == config.NoticeAct || v.Class == config.NoticeAnswer }

// live reports whether it holds: it went out and nothing has taken its place.
func (v notice) live() bool { return v.rev != 0 && v.State == sent }

func audit(v notice) handlers.Audit {
	return handlers.Audit{Record: v.name(), Rev: v.rev + 1, Values: v.cell()}
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
	ref, rest, ok := syntax.Reference(head.Rest)
	if head.Command != "" && strings.TrimSpace(head.Rest) == "" {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/通知 %s 7", head.Command), "%s哪一条？请带上编号。", head.Command)
	}
	if head.Command == "" || !ok {
		return f.draft(ctx, c, 0)
	}
	rest = c.Typed(strings.TrimSpace(rest))
	switch head.Command {
	case verbApprove:
		return f.approve(ctx, c, ref.N)
	case verbReturn:
		return f.giveBack(ctx, c, ref.N, rest)
	case verbTest:
		return f.test(ctx, c, ref.N)
	case verbReplace:
		return f.draft(ctx, c, ref.N)
	case verbWithdraw:
		return f.withdraw(ctx, c, ref.N, rest)
	case verbAsked:
		return f.asked(ctx, c, ref.N)
	}
	return f.answer(ctx, c, ref, rest)
}

// number reads a line that is nothing but a notice's number.
func number(s string) (int, bool) {
	ref, rest, ok := syntax.Reference(strings.TrimPrefix(strings.TrimSpace(s), word))
	return ref.N, ok && strings.TrimSpace(rest) == ""
}

// read is a notice that exists.
func (f *Family) read(ctx context.Context, d *handlers.Desk, n int) (notice, error) {
	b := d.Read()
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

// void refuses what comes too late: the notice was taken back or another took its place.
func (v notice) void(d *handlers.Desk) error {
	switch v.State {
	case withdrawn:
		return handlers.Refusef("不用收，也不用办。", "%s 已撤回，作废了。", v.name())
	case replaced:
		return handlers.Refusef(fmt.Sprintf("请看新的，看到回：收 %d", v.ReplacedBy), "%s 已作废，换成了%s%d。", v.name(), word, v.ReplacedBy)
	}
	return nil
}

// title is a person's post, for who reads about them.
func title(d *handlers.Desk, userid string) string {
	if p, _, ok := d.Dir.Person(userid); ok {
		return p.Title
	}
	return "已不在名单里的同事"
}

func titles(people []config.Person) string {
	var out []string
	for _, p := range people {
		out = append(out, p.Title)
	}
	return strings.Join(out, "或")
}
