package notice

import (
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

// tooMany is how many open questions on one point say that the point is unclear.
const tooMany = 3

// questions holds what was asked about notices: field = "<number>#<nth question of it>".
func questions() store.Table { return store.Records("notice-ask") }

// question is one question about one point.
type question struct {
	Point int    `json:"p"`
	Text  string `json:"t"`
	By    string `json:"by"`
	At    int64  `json:"at"`
}

// openQuestions are those about a notice, in the order in which they were asked.
func openQuestions(cells map[string]store.Cell, v notice) ([]question, error) {
	var out []question
	for i := 1; ; i++ {
		cell, ok := cells[v.field()+"#"+strconv.Itoa(i)]
		if !ok {
			return out, nil
		}
		var q question
		if err := json.Unmarshal([]byte(cell.Value), &q); err != nil {
			return nil, fmt.Errorf("decode question %s#%d: %w", v.field(), i, err)
		}
		out = append(out, q)
	}
}

// unanswered are the questions on a point (0 = on any) that came after its last answer.
func (v notice) unanswered(qs []question, point int) []question {
	return slices.DeleteFunc(slices.Clone(qs), func(q question) bool {
		return point > 0 && q.Point != point || slices.ContainsFunc(v.Answers, func(a reply) bool { return a.Point == q.Point && a.At >= q.At })
	})
}

// ask is /疑 7.2 问题.
func (f *Family) ask(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	ref, text, ok := which(c)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("问哪一条的哪一点？请带上编号。", "例：/问 通知7.2 没有证件的怎么办")
	}
	return f.Ask(ctx, c, ref, text)
}

// Ask records a question about one point of a notice. It implements handlers.AskNotice.
func (f *Family) Ask(ctx context.Context, c *handlers.Call, ref syntax.Ref, text string) (handlers.Outcome, error) {
	b := c.Read()
	cell := b.Cell(store.Notices(), strconv.Itoa(ref.N))
	cells := b.All(questions())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read questions %d: %w", ref.N, err)
	}
	v, err := open(ref.N, *cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if err := v.void(&c.Desk); v.rev != 0 && v.Sent > 0 && err != nil {
		return handlers.Outcome{}, err
	}
	if !v.live() {
		return handlers.Outcome{}, handlers.Refusef("编号在通知最前面，例：/问 通知7.2 没有证件的怎么办", "没有%s%d。", word, ref.N)
	}
	p, text, err := v.which(ref, c.Typed(strings.TrimSpace(text)))
	if err != nil {
		return handlers.Outcome{}, err
	}
	qs, err := openQuestions(*cells, v)
	if err != nil {
		return handlers.Outcome{}, err
	}
	q := question{Point: p, Text: text, By: c.Person.UserID, At: c.At.Unix()}
	body, err := json.Marshal(q)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode question: %w", err)
	}
	field := v.field() + "#" + strconv.Itoa(len(qs)+1)
	out := handlers.Outcome{
		Require: []store.Guard{v.guard()},
		Changes: []store.Change{store.Put(questions(), field, 0, string(body))},
		Audit:   handlers.Audit{Unit: c.Person.Unit, Record: v.name() + "/问" + strconv.Itoa(len(qs)+1), Rev: 1, Values: text},
	}
	open := v.unanswered(append(qs, q), p)
	if len(v.unanswered(append(qs, q), 0)) == 1 {
		out.Changes = append(out.Changes, store.DueAt(dueAsked, v.field(), workAfter(c.Street, c.At, patience)))
	}
	if len(open) == tooMany {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(v.Author), handlers.CaseCard,
			handlers.Say(fmt.Sprintf("%s 有%d个人问，可能没写清楚：\n%s\n答复发：/通知 答 %s 内容", v.about(p), tooMany, v.recite(&c.Desk, open), v.at(p))), c.At))
	}
	reply := fmt.Sprintf("%s 已记您的问题，有答复就告诉您。", v.about(p))
	if v.Whom != "" {
		reply += "急的话找" + v.Whom + "。"
	}
	for i, a := range v.Answers {
		if a.Point == p {
			reply += fmt.Sprintf("\n先看已有的答复（第%d版）：%s", i+2, a.Text)
		}
	}
	return silent(c, out, reply), nil
}

// which finds the point a question is about.
func (v notice) which(ref syntax.Ref, text string) (int, string, error) {
	n := len(points(v.Body))
	p := ref.Sub
	if p == 0 && n > 1 {
		return 0, "", handlers.Refusef(fmt.Sprintf("例：/问 通知%d.2 没有证件的怎么办", v.n), "%s 有%d点，哪一点不清楚？请带上点号。", v.name(), n)
	}
	p = max(p, 1)
	if p > max(n, 1) {
		return 0, "", handlers.Refusef(fmt.Sprintf("例：/问 通知%s 没有证件的怎么办", v.at(1)), "%s 没有第%d点。", v.name(), p)
	}
	if text == "" {
		return 0, "", handlers.Refusef(fmt.Sprintf("例：/问 通知%s 没有证件的怎么办", v.at(p)), "%s 想问什么？请写一句话。", v.name())
	}
	return p, text, short(text)
}

// recite lists questions, who asked in front.
func (v notice) recite(d *handlers.Desk, qs []question) string {
	var out []string
	for _, q := range qs {
		out = append(out, fmt.Sprintf("%s%s：%s", v.point(q.Point), title(d, q.By), q.Text))
	}
	return strings.Join(out, "\n")
}

// asked is /通知 问 7: what people asked, for the office alone.
func (f *Family) asked(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("谁问了什么只在私聊里看。", fmt.Sprintf("请私聊我发：/通知 问 %d", n))
	}
	v, qs, err := f.readAsked(ctx, &c.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if len(qs) == 0 {
		return handlers.Answer(v.name() + " 还没有人问。"), nil
	}
	open := v.unanswered(qs, 0)
	if len(open) == 0 {
		return handlers.Answer(fmt.Sprintf("%s 问过%d次，都答复了。", v.name(), len(qs))), nil
	}
	return handlers.Answer(fmt.Sprintf("%s 还有%d个问题没答：\n%s\n答复发：/通知 答 %s 内容", v.name(), len(open), v.recite(&c.Desk, open), v.at(open[0].Point))), nil
}

func (f *Family) readAsked(ctx context.Context, d *handlers.Desk, n int) (notice, []question, error) {
	v, err := f.read(ctx, d, n)
	if err != nil {
		return v, nil, err
	}
	b := d.Read()
	cells := b.All(questions())
	if err := b.Run(ctx); err != nil {
		return v, nil, fmt.Errorf("read questions %d: %w", n, err)
	}
	qs, err := openQuestions(*cells, v)
	return v, qs, err
}

// answer is /通知 答 7.2 内容: it waits for a second reader, since everybody will hear it.
func (f *Family) answer(ctx context.Context, c *handlers.Call, ref syntax.Ref, text string) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("答复在私聊里写，审过再发。", fmt.Sprintf("请私聊我发：/通知 答 %d.1 内容", ref.N))
	}
	v, err := f.read(ctx, &c.Desk, ref.N)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if err := v.void(&c.Desk); err != nil {
		return handlers.Outcome{}, err
	}
	if !v.live() {
		return handlers.Outcome{}, handlers.Refusef("", "%s 还没有发，用不着答复。", v.name())
	}
	p, text, err := v.which(ref, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if v.Pending != nil {
		return handlers.Outcome{}, handlers.Refusef("等它审完再写。", "%s写的答复还等着审：%s", title(&c.Desk, v.Pending.By), v.Pending.Text)
	}
	v.Pending = &reply{Point: p, Text: text, By: c.Person.UserID, At: c.At.Unix()}
	out := handlers.Outcome{Changes: []store.Change{v.put()}, Audit: audit(v)}
	var others []config.Person
	for _, x := range c.Dir.PeopleOf(c.Street, config.RoleDiscipline) {
		if x.UserID == c.Person.UserID {
			continue
		}
		others = append(others, x)
		out.Pushes = append(out.Pushes, v.review(c, x.UserID))
	}
	out.Reply = handlers.Say(fmt.Sprintf("已记下，等%s审。审过就发%s，是这个样子：\n%s", titles(others), v.where(&c.Desk), v.addition()))
	return out, nil
}

// addition is the follow-up post of the answer that waits.
func (v notice) addition() string {
	p := v.point(v.Pending.Point)
	text := fmt.Sprintf("【%s】第%d版，补充%s：%s", v.name(), len(v.Answers)+2, p, v.Pending.Text)
	if list := points(v.Body); p != "" {
		text += fmt.Sprintf("\n原文%s%s", p, list[v.Pending.Point-1])
	}
	return text + "\n其余不变，收过的不用再收。"
}

// additionCard asks the second reader.
func (v notice) additionCard(at time.Time) handlers.Content {
	n, body := v.field(), v.addition()
	c := handlers.Content{Text: v.name() + " 补充请您审：\n" + body, Card: &handlers.Card{
		Task:  "notice-" + n + "-v" + strconv.Itoa(len(v.Answers)+2) + "-" + strconv.FormatInt(at.Unix(), 36),
		Title: v.name() + " 补充请您审", Desc: v.Title, Body: body,
		Buttons: []handlers.Button{{Text: "通过", Line: "/通知 准 " + n, Primary: true}, {Text: "退回", Line: "/通知 退 " + n}},
	}}
	if len([]rune(body)) > maxCard { // read whole, as a text
		c.Card.Body = ""
	}
	return c
}

// publish adds the answer that waits to the notice, as its next version, and says so to
// everybody who had it and to those who asked.
func (f *Family) publish(ctx context.Context, c *handlers.Call, v notice) (handlers.Outcome, error) {
	if err := f.second(c, v.Pending.By, v.n); err != nil {
		return handlers.Outcome{}, err
	}
	_, qs, err := f.readAsked(ctx, &c.Desk, v.n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	text := v.addition()
	a := *v.Pending
	a.Second, a.At = c.Person.UserID, c.At.Unix()
	waiting := v.unanswered(qs, a.Point)
	v.Answers, v.Pending = append(v.Answers, a), nil
	out := handlers.Answer(fmt.Sprintf("%s 第%d版已批准，正在发%s。", v.name(), len(v.Answers)+1, v.where(&c.Desk)))
	out.Changes, out.Audit = []store.Change{v.put()}, audit(v)
	if len(v.unanswered(qs, 0)) == 0 {
		out.Changes = append(out.Changes, store.DueDone(dueAsked, v.field()))
	}
	out.Pushes = v.pushes(&c.Desk, handlers.Say(text))
	told := map[string]bool{}
	for _, q := range waiting {
		if !told[q.By] && v.To.everybody() {
			told[q.By] = true
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(q.By), handlers.Reply,
				handlers.Say(fmt.Sprintf("您问的%s：%s", v.about(a.Point), a.Text)), c.At))
		}
	}
	return out, nil
}
