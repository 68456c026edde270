package praise

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

const maxMemo = 200 // characters

// memos holds the sealed memos, marks what shows of them: field = the memo's number.
func memos() store.Table { return store.Records("memo") }
func marks() store.Table { return store.Records("memo-mark") }

// memo is one 容错备案 as it lies sealed.
type memo struct {
	Unit string `json:"unit"`
	By   string `json:"by"`
	At   int64  `json:"at"`
	Text string `json:"text"`
}

// mark is what shows of a memo while it is sealed.
type mark struct {
	Print string `json:"print"` // the fingerprint
	At    int64  `json:"at"`
	By    string `json:"by"` // shown to nobody; so that its author hears when it is opened
}

// name is how people call a memo: 备07.
func name(n int) string { return fmt.Sprintf("备%02d", n) }

// Fingerprint is what can be recomputed by hand from a memo, with sha256sum over four
// lines without a final line break: 备07, the committee or the post of who filed it, the
// minute (2020-02-13 15:04), the text. The first 16 characters of the sum, in fours.
func Fingerprint(number, whose, minute, text string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{number, whose, minute, text}, "\n")))
	s := hex.EncodeToString(sum[:8])
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

func (m memo) print(s *config.Street, n int) string {
	return Fingerprint(name(n), m.Unit, time.Unix(m.At, 0).In(s.Location).Format("2006-01-02 15:04"), m.Text)
}

// memo is /备: with a text it seals, 开 opens, alone it lists.
func (f *Family) memo(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("备案只在私聊里做，没有记。", "请长按撤回，私聊我发：/备 做了什么、为什么")
	}
	rest := strings.TrimSpace(c.Rest)
	if rest == "" {
		return f.memoList(ctx, c)
	}
	if after, ok := strings.CutPrefix(rest, "开"); ok {
		if ref, why, ok := syntax.Reference(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(after, "封")), "备")); ok {
			return f.openMemo(ctx, c, ref.N, c.Typed(strings.TrimSpace(why)))
		}
	}
	return f.seal(ctx, c)
}

// seal keeps a memo as it was said, at the time it was said.
func (f *Family) seal(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Person.Has(config.RoleSecretary, config.RoleWorker, config.RoleLiaison) {
		return handlers.Outcome{}, handlers.Refuse("备案由当时拿主意的人自己做。", "要打开一条，发：/备 开 7 为什么")
	}
	text := syntax.Behind(c.Message.Text, "备案", "容错", "备")
	if n := len([]rune(text)); n > maxMemo {
		return handlers.Outcome{}, handlers.Refusef("写清做了什么、为什么就行。", "写了%d个字，最多%d个字，没有封存。", n, maxMemo)
	}
	b := c.Read()
	count := b.Size(marks())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("count memos: %w", err)
	}
	n := *count + 1
	m := memo{Unit: c.Person.Unit, By: c.Person.UserID, At: c.At.Unix(), Text: text}
	if m.Unit == "" {
		m.Unit = c.Person.Title
	}
	k := mark{Print: m.print(c.Street, n), At: m.At, By: m.By}
	body, err := json.Marshal(m)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode memo: %w", err)
	}
	shown, err := json.Marshal(k)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode mark: %w", err)
	}
	field := strconv.Itoa(n)
	out := handlers.Answer(fmt.Sprintf("已封存 %s %s\n指纹 %s，请留着：内容改一个字就对不上。\n只有纪工委能打开，打开会告诉您。", name(n), minute(c, m.At), k.Print))
	out.Changes = []store.Change{
		store.PutSealed(memos(), field, 0, string(body), keyMemo),
		store.Put(marks(), field, 0, string(shown)),
	}
	out.Audit = handlers.Audit{Unit: c.Person.Unit, Record: name(n), Rev: 1, Values: k.Print}
	return out, nil
}

// openMemo shows a memo to the discipline office. Who opens it, when and why stays in the
// audit, and who filed it hears of it.
func (f *Family) openMemo(ctx context.Context, c *handlers.Call, n int, why string) (handlers.Outcome, error) {
	if !c.Person.Has(config.RoleDiscipline) {
		return handlers.Outcome{}, handlers.Refuse("封存的备案只有纪工委能打开。", "看自己有哪些，发：/备")
	}
	if why == "" {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/备 开 %d 核查2月13日门岗放行", n), "打开%s要写为什么，会留底。", name(n))
	}
	if r := []rune(why); len(r) > 60 {
		return handlers.Outcome{}, handlers.Refusef("写要紧的就行。", "原因写了%d个字，最多%d个字，没有打开。", len(r), 60)
	}
	b := c.Read()
	shown := b.Cell(marks(), strconv.Itoa(n))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read mark of memo %d: %w", n, err)
	}
	if shown.Rev == 0 {
		return handlers.Outcome{}, handlers.Refusef("看有哪些，发：/备", "没有%s。", name(n))
	}
	var k mark
	if err := json.Unmarshal([]byte(shown.Value), &k); err != nil {
		return handlers.Outcome{}, fmt.Errorf("decode mark of memo %d: %w", n, err)
	}
	text, holds, err := f.unseal(ctx, c, n, k)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Answer(text)
	out.Sealed = keyMemo
	out.Loads = []handlers.Load{{Office: string(config.RoleDiscipline)}}
	result := "相符"
	if !holds {
		result = "不符"
	}
	out.Audit = handlers.Audit{Record: name(n) + "/开/" + result, Rev: shown.Rev, Values: k.Print, Note: why}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(k.By), handlers.Notice,
		handlers.Say(fmt.Sprintf("您的%s被%s打开看了，原因：%s。", name(n), c.Person.Title, strings.TrimRight(why, "。"))), c.At)}
	return out, nil
}

// unseal reads a memo and holds it against its fingerprint.
func (f *Family) unseal(ctx context.Context, c *handlers.Call, n int, k mark) (text string, holds bool, err error) {
	altered := fmt.Sprintf("%s 和当时的指纹 %s 对不上，被改过，不能作数。\n请看审计：谁动过。", name(n), k.Print)
	b := c.Read()
	cell := b.Cell(memos(), strconv.Itoa(n))
	switch err := b.Run(ctx); {
	case errors.Is(err, store.ErrForged), errors.Is(err, store.ErrDamaged):
		return altered, false, nil
	case err != nil:
		return "", false, fmt.Errorf("read memo %d: %w", n, err)
	}
	if cell.Lost {
		return name(n) + " 的密钥已销毁，打不开了。", false, nil
	}
	var m memo
	if err := json.Unmarshal([]byte(cell.Value), &m); err != nil || m.print(c.Street, n) != k.Print {
		return altered, false, nil
	}
	return fmt.Sprintf("%s %s %s\n%s\n指纹 %s 相符 ✓", name(n), m.Unit, minute(c, m.At), m.Text, k.Print), true, nil
}

// memoList is /备 alone: one's own memos; for the office all, by number and fingerprint.
func (f *Family) memoList(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	cells := b.All(marks())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("list memos: %w", err)
	}
	office := c.Person.Has(config.RoleDiscipline)
	var lines []string
	for n := len(*cells); n >= 1 && len(lines) < 10; n-- {
		var k mark
		if err := json.Unmarshal([]byte((*cells)[strconv.Itoa(n)].Value), &k); err != nil {
			return handlers.Outcome{}, fmt.Errorf("decode mark of memo %d: %w", n, err)
		}
		if office || k.By == c.Person.UserID {
			lines = append(lines, fmt.Sprintf("%s %s 指纹 %s", name(n), minute(c, k.At), k.Print))
		}
	}
	head := "留底（私聊）：/备 做了什么、为什么"
	if office {
		head = "打开：/备 开 编号 为什么（会留底，也会告诉本人）"
	}
	if len(lines) == 0 {
		return handlers.Answer("还没有备案。\n" + head), nil
	}
	return handlers.Answer(head + "\n" + strings.Join(lines, "\n")), nil
}

func minute(c *handlers.Call, unix int64) string {
	return time.Unix(unix, 0).In(c.Street.Location).Format("1月2日 15:04")
}
