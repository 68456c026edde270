package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// maxNote is how long a remark, a question or an answer may be, in characters.
const maxNote = 80

// ack is what one addressee has said about a notice: seen, and later done.
type ack struct {
	At   int64  `json:"at"` // unix seconds; 0 = nothing yet
	By   string `json:"by"`
	Note string `json:"note,omitempty"` // 下午落实
	Done int64  `json:"done,omitempty"`
	Doer string `json:"doer,omitempty"`
	How  string `json:"how,omitempty"` // what was done, or the answer

	rev int
}

func openAck(c store.Cell) (ack, error) {
	a := ack{rev: c.Rev}
	if c.Rev == 0 {
		return a, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &a); err != nil {
		return a, fmt.Errorf("decode receipt: %w", err)
	}
	return a, nil
}

func openAcks(cells map[string]store.Cell) (map[string]ack, error) {
	out := make(map[string]ack, len(cells))
	for key, cell := range cells {
		a, err := openAck(cell)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out[key] = a
	}
	return out, nil
}

// put writes a receipt; what it overwrites is kept.
func (a ack) put(v notice, key string) store.Change {
	b, err := json.Marshal(a)
	if err != nil {
		panic("notice: receipt does not encode: " + err.Error())
	}
	return store.PutKeep(store.NoticeAcks(v.field()), key, a.rev, string(b), store.Records("notice/"+v.field()+"/log"))
}

// which finds the number a receipt is about: typed, or in the quoted notice.
func which(c *handlers.Call) (ref syntax.Ref, rest string, ok bool) {
	ref, rest, ok = syntax.Reference(strings.TrimPrefix(strings.TrimSpace(c.Rest), word))
	if ok {
		return ref, c.Typed(strings.TrimSpace(rest)), true
	}
	if n, quoted := inQuote(c.Message.Quote); quoted {
		return syntax.Ref{N: n}, c.Typed(strings.TrimSpace(c.Rest)), true
	}
	return syntax.Ref{}, "", false
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

// ack is /收 7: an addressee has seen a notice. In a group it draws no answer there.
func (f *Family) ack(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	ref, note, ok := which(c)
	if !ok {
		return f.only(ctx, c)
	}
	return f.record(ctx, c, ref.N, note)
}

// only is 收到 without a number: the one notice that the caller has not confirmed, if there is
// exactly one. What was said besides is kept with it.
func (f *Family) only(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	open, err := f.unread(ctx, c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	note, ok := syntax.AckNote("收到" + strings.TrimSpace(c.Rest))
	if f.Nodded != nil && ok && (len(open) == 0 || c.Message.Quote != "") {
		if out, mine, err := f.Nodded(ctx, c); mine || err != nil {
			return out, err
		}
	}
	switch {
	case !ok: // 收到口罩50只 confirms nothing
		return handlers.Outcome{}, handlers.Refuse("收到哪一条？请带上编号。", "例：/收 7")
	case len(open) == 1:
		return f.record(ctx, c, open[0].n, c.Typed(note))
	case len(open) == 0 && c.Private() && note == "":
		return handlers.Answer("好的，谢谢。现在没有要您收的通知。"), nil
	case len(open) == 0:
		return handlers.Outcome{}, handlers.Refuse("收到哪一条？请带上编号。", "例：/收 7")
	}
	var names []string
	for _, v := range open {
		names = append(names, fmt.Sprintf("%s《%s》", v.name(), v.Title))
	}
	return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/收 %d", open[0].n), "您有%d条没收的，收到哪一条？%s", len(open), strings.Join(names[:min(len(names), few)], "、"))
}

// unread are the notices that hold, were sent to the caller's unit or role, and have not been
// confirmed; the oldest first.
func (f *Family) unread(ctx context.Context, c *handlers.Call) ([]notice, error) {
	mine, err := f.sentTo(ctx, c, notice.live)
	if err != nil {
		return nil, err
	}
	var out []notice
	for _, x := range mine {
		if x.a.At == 0 {
			out = append(out, x.v)
		}
	}
	return out, nil
}

// undone is the one notice that the caller has not done, for 办好了 without a number.
func (f *Family) undone(ctx context.Context, c *handlers.Call) (notice, error) {
	mine, err := f.sentTo(ctx, c, func(v notice) bool { return v.live() && v.asks() })
	if err != nil {
		return notice{}, err
	}
	mine = slices.DeleteFunc(mine, func(x mailed) bool { return x.a.Done > 0 })
	switch {
	case len(mine) == 0 || !c.Private():
		return notice{}, handlers.Refuse("办好了哪一条？请带上编号。", "例：/办 7 已张贴")
	case len(mine) == 1:
		return mine[0].v, nil
	}
	var names []string
	for _, x := range mine[:min(len(mine), few)] {
		names = append(names, fmt.Sprintf("%s《%s》", x.v.name(), x.v.Title))
	}
	return notice{}, handlers.Refusef(fmt.Sprintf("例：/办 %d 已张贴", mine[0].v.n), "您有%d条没办的，办好了哪一条？%s", len(mine), strings.Join(names, "、"))
}

// known is 知道了 in private, of who has a notice to confirm: as good as 收到. 好的 and OK are
// not: they may answer anything.
func (f *Family) known(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	said := strings.TrimSpace(syntax.Normalise(c.Rest))
	note, ok := syntax.AckNote(said)
	if !ok || !c.Private() || !slices.ContainsFunc([]string{"知道了", "晓得了", "明白", "了解", "知悉", "已阅", "收悉", "遵命"}, func(w string) bool { return strings.HasPrefix(said, w) }) {
		return handlers.Outcome{}, false, nil
	}
	open, err := f.unread(ctx, c)
	if err != nil || len(open) == 0 {
		return handlers.Outcome{}, false, err
	}
	nod := *c
	nod.Rest = note
	out, err := f.only(ctx, &nod)
	return out, true, err
}

// quoted is a notice quoted with 收到, in whatever words.
func (f *Family) quoted(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	n, ok := inQuote(c.Message.Quote)
	if !ok {
		return handlers.Outcome{}, false, nil
	}
	note, ok := syntax.AckNote(c.Rest)
	if !ok {
		return handlers.Outcome{}, false, nil
	}
	out, err := f.record(ctx, c, n, c.Typed(note))
	return out, true, err
}

// mine reads a notice that went out and the caller's receipt of it.
func (f *Family) mine(ctx context.Context, c *handlers.Call, n int, example string) (v notice, key string, a ack, err error) {
	if !c.Person.Has(slices.Concat(answerers, guests)...) {
		return v, "", a, handlers.Refuse("这条是发给居民区的，您不用回。", "")
	}
	b := c.Read()
	cell := b.Cell(store.Notices(), strconv.Itoa(n))
	unit := b.Cell(store.NoticeAcks(strconv.Itoa(n)), c.Person.Unit)
	own := b.Cell(store.NoticeAcks(strconv.Itoa(n)), c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return v, "", a, fmt.Errorf("read notice %d: %w", n, err)
	}
	if v, err = open(n, *cell); err != nil {
		return v, "", a, err
	}
	if err := v.void(&c.Desk); v.rev != 0 && err != nil && v.Sent > 0 {
		return v, "", a, err
	}
	if !v.live() {
		return v, "", a, handlers.Refusef("编号在通知最前面，例："+example, "没有%s%d。", word, n)
	}
	key, ok := v.To.keyOf(&c.Desk, c.Person)
	switch {
	case !ok && v.To.byUnit() && !c.Person.Has(config.RoleSecretary, config.RoleWorker):
		return v, "", a, handlers.Refuse("这条是发给居民区的，您不用回。", "")
	case !ok:
		return v, "", a, handlers.Refusef("", "%s 是发给%s的，您不用回。", v.name(), v.To.say(&c.Desk))
	}
	if key == c.Person.UserID {
		a, err = openAck(*own)
	} else {
		a, err = openAck(*unit)
	}
	return v, key, a, err
}

// record counts a receipt, once; a remark beside it is kept.
func (f *Family) record(ctx context.Context, c *handlers.Call, n int, note string) (handlers.Outcome, error) {
	v, key, a, err := f.mine(ctx, c, n, "/收 7")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if err := short(note); err != nil {
		return handlers.Outcome{}, err
	}
	if a.At > 0 && (note == "" || note == a.Note) {
		who := ""
		if a.By != c.Person.UserID {
			who = title(&c.Desk, a.By)
		}
		return silent(c, handlers.Outcome{}, fmt.Sprintf("%s 已记过：%s %s收到%s", v.name(), moment(&c.Desk, a.At), who, v.next(a))), nil
	}
	if a.At == 0 {
		a.At, a.By = c.At.Unix(), c.Person.UserID
	}
	a.Note = note
	out := handlers.Outcome{
		Require: []store.Guard{v.guard()},
		Changes: []store.Change{a.put(v, key), store.DueAt(dueAll, v.field(), c.At)},
		Audit:   handlers.Audit{Unit: c.Person.Unit, Record: v.name() + "/收", Rev: a.rev + 1},
	}
	return silent(c, out, fmt.Sprintf("%s 已记：收到 %s%s", v.name(), moment(&c.Desk, a.At), v.next(a))), nil
}

// next is what is still to do after a receipt.
func (v notice) next(a ack) string {
	switch {
	case !v.asks() || a.Done > 0:
		return ""
	case v.Class == config.NoticeAnswer:
		return fmt.Sprintf("\n答复请回：办%d 您的答复", v.n)
	}
	return fmt.Sprintf("\n办好了回：办%d 怎么办的", v.n)
}

// short refuses a remark that is too long for a phone.
func short(note string) error {
	if n := len([]rune(note)); n > maxNote {
		return handlers.Refusef("说要紧的就行。", "写了%d个字，最多%d个字，没有记。", n, maxNote)
	}
	return nil
}

// done is /办 7 已张贴: an addressee has done what a notice wants, or answers it. Confirming
// and doing are two things; doing confirms too.
func (f *Family) done(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	ref, how, ok := which(c)
	if !ok {
		v, err := f.undone(ctx, c)
		if err != nil {
			return handlers.Outcome{}, err
		}
		ref, how = syntax.Ref{N: v.n}, c.Typed(strings.TrimSpace(c.Rest))
	}
	v, key, a, err := f.mine(ctx, c, ref.N, "/办 7 已张贴")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !v.asks() {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("看到了就回：收 %d", v.n), "%s 看到就行，没有要办的。", v.name())
	}
	if ref.Sub > 0 {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("都办好了，发：/办 %d 怎么办的", v.n), "%s 是整条一起回的，没有记。", v.name())
	}
	again := false
	for _, w := range []string{"更正", "改成", "改 ", "改：", "改:"} {
		if rest, is := strings.CutPrefix(how, w); is {
			how, again = strings.TrimLeft(rest, "：:，, "), true
			break
		}
	}
	if err := short(how); err != nil {
		return handlers.Outcome{}, err
	}
	if how == "" && v.Class == config.NoticeAnswer {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/办 %d 3户，已劝导", v.n), "%s 要您答复，请把答复写在编号后面。", v.name())
	}
	if a.Done > 0 && (how == "" || how == a.How || a.Doer != c.Person.UserID && !again) {
		text := fmt.Sprintf("%s %s %s已报办好%s", v.name(), moment(&c.Desk, a.Done), title(&c.Desk, a.Doer), said(a.How))
		if how != "" && how != a.How {
			text += fmt.Sprintf("\n没有改。要改成您的，发：/办 %d 更正 %s", v.n, how)
		}
		return silent(c, handlers.Outcome{}, text), nil
	}
	at := c.At.Unix()
	if a.At == 0 {
		a.At, a.By = at, c.Person.UserID
	}
	a.Done, a.Doer, a.How = at, c.Person.UserID, how
	word := "办好"
	if v.Class == config.NoticeAnswer {
		word = "答复"
	}
	out := handlers.Outcome{
		Require: []store.Guard{v.guard()},
		Changes: []store.Change{a.put(v, key), store.DueAt(dueAll, v.field(), c.At)},
		Audit:   handlers.Audit{Unit: c.Person.Unit, Record: v.name() + "/办", Rev: a.rev + 1, Values: how},
		Loads:   []handlers.Load{{Office: office, Typed: 1}},
	}
	return silent(c, out, fmt.Sprintf("%s 已记：%s %s%s，谢谢。", v.name(), word, moment(&c.Desk, at), said(how))), nil
}

func said(how string) string {
	if how == "" {
		return ""
	}
	return "：" + how
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
