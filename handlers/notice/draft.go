package notice

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// perWeek is how many notices that want an answer are enough for a week (card S04).
const perWeek = 2

// leading is the number behind 换, as typed.
var leading = regexp.MustCompile(`^\s*(?:换成|替换|更换|换)?\s*(?:温馨提示|提示|通知)?\s*[#＃]?\s*[0-9０-９一二三四五六七八九十]+\s*号?[\s，,：:]*`)

// draft takes the next number and asks the other members of the office for approval. old is
// the number of the notice it shall take the place of; 0 = none.
func (f *Family) draft(ctx context.Context, c *handlers.Call, old int) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("温馨提示在私聊里起草，审过再发群。", "请私聊我发：/通知 标题，换行写内容")
	}
	text := syntax.Behind(c.Message.Text, "通知", word)
	if old > 0 {
		text = strings.TrimSpace(leading.ReplaceAllString(text, ""))
		if text == "" {
			return handlers.Outcome{}, handlers.Refuse("换成什么？请写上新的内容。", fmt.Sprintf("例：/通知 换 %d 新标题，换行写内容", old))
		}
	}
	text, err := expand(c, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	d := f.desk(c)
	s := readSheet(text, d)
	if faults := lint(s, d); len(faults) > 0 {
		return handlers.Outcome{}, refuse(s, faults, old)
	}
	var others []config.Person
	for _, p := range c.Dir.PeopleOf(c.Street, config.RoleDiscipline) {
		if p.UserID != c.Person.UserID {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return handlers.Outcome{}, handlers.Refuse("名单里没有第二位纪工委同事，没人能审。", "请管理员先加一位。")
	}
	before, known, err := f.earlier(ctx, c, append(conditions(s.To), old))
	if err != nil {
		return handlers.Outcome{}, err
	}
	v := notice{
		Title: s.Title, Body: s.Body, Class: s.Class, Where: s.Where, Whom: s.Whom,
		Author: c.Person.UserID, State: waiting, At: c.At.Unix(), Replaces: old, n: len(known) + 1,
	}
	if !s.Due.IsZero() {
		v.Due = s.Due.Unix()
	}
	if v.To, err = resolve(&c.Desk, s.To, before); err != nil {
		return handlers.Outcome{}, err
	}
	if old > 0 {
		o := before[old].v
		if o.rev == 0 {
			return handlers.Outcome{}, handlers.Refusef("看有哪些，发：/通知", "没有%s%d。", word, old)
		}
		if err := o.void(&c.Desk); err != nil {
			return handlers.Outcome{}, err
		}
		if !o.live() {
			return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("不要它了，发：/通知 撤 %d", old), "%s 还没有发，不用换，重新起草就行。", o.name())
		}
	}
	out := handlers.Answer(fmt.Sprintf("%s 已记下，等%s审。审过就发%s，是这个样子：\n%s%s", v.name(), titles(others), v.where(&c.Desk), v.text(&c.Desk, c.BotName()), f.many(c, v, known)))
	out.Changes = []store.Change{v.put()}
	out.Audit = audit(v)
	for _, p := range others {
		out.Pushes = append(out.Pushes, v.review(c, p.UserID))
	}
	return out, nil
}

// where says to whom it will go.
func (v notice) where(d *handlers.Desk) string {
	if v.To.everybody() {
		return "书记群"
	}
	return v.To.say(d) + "私聊"
}

// desk is what the linter may know.
func (f *Family) desk(c *handlers.Call) desk {
	d := desk{at: c.At.In(c.Street.Location), me: c.Person.Title}
	d.tonight = c.Street.At(c.Day, 20*60)
	for _, p := range c.Packs() {
		if quiet := c.Street.At(c.Day, p.Budget.QuietFrom); quiet.Before(d.tonight) {
			d.tonight = quiet
		}
	}
	for _, u := range c.Dir.Units(c.Street) {
		d.units = append(append(d.units, u.Name), u.Aliases...)
	}
	return d
}

// refuse says what the linter holds against a sheet, and the sheet as it would pass, ready
// to copy, where the linter can mend it.
func refuse(s sheet, faults []fault, old int) error {
	var what []string
	mends := true
	for _, f := range faults {
		what = append(what, f.What)
		mends = mends && f.Line != ""
	}
	if !mends {
		return handlers.Refusef("改好再发：/通知 标题，换行写内容", "还不能发，没有记：%s。", strings.Join(what, "；"))
	}
	verb := "/通知 "
	if old > 0 {
		verb += fmt.Sprintf("换 %d ", old)
	}
	return handlers.Refusef("补了一稿，把不对的改掉再发：\n"+verb+s.text(faults), "还不能发，没有记：%s。", strings.Join(what, "；"))
}

// earlier reads every notice, and who has answered those named.
func (f *Family) earlier(ctx context.Context, c *handlers.Call, numbers []int) (map[int]earlier, []notice, error) {
	b := c.Read()
	cells := b.All(store.Notices())
	acks := map[int]*map[string]store.Cell{}
	for _, n := range numbers {
		if n > 0 && acks[n] == nil {
			acks[n] = b.All(store.NoticeAcks(strconv.Itoa(n)))
		}
	}
	if err := b.Run(ctx); err != nil {
		return nil, nil, fmt.Errorf("read notices: %w", err)
	}
	known := make([]notice, len(*cells))
	for i := range known {
		var err error
		if known[i], err = open(i+1, (*cells)[strconv.Itoa(i+1)]); err != nil {
			return nil, nil, err
		}
	}
	out := map[int]earlier{}
	for n, list := range acks {
		if n > len(known) {
			continue
		}
		e := earlier{v: known[n-1]}
		var err error
		if e.acks, err = openAcks(*list); err != nil {
			return nil, nil, err
		}
		out[n] = e
	}
	return out, known, nil
}

// many reminds the office that this week has had enough notices to answer.
func (f *Family) many(c *handlers.Call, v notice, known []notice) string {
	if !v.asks() {
		return ""
	}
	year, week := c.At.In(c.Street.Location).ISOWeek()
	n := 1
	for _, k := range known {
		y, w := time.Unix(k.At, 0).In(c.Street.Location).ISOWeek()
		if k.asks() && (k.State == waiting || k.State == sent) && y == year && w == week {
			n++
		}
	}
	if n <= perWeek {
		return ""
	}
	return fmt.Sprintf("\n（本周要回的提示这是第%d条，能合成一条最好。）", n)
}

// text is the post: number first, so that a quote of it can be recognised.
func (v notice) text(d *handlers.Desk, bot string) string {
	lines := []string{v.head()}
	if v.Body != "" {
		lines = append(lines, numbered(v.Body))
	}
	for i, a := range v.Answers {
		lines = append(lines, fmt.Sprintf("补充%s（第%d版）：%s", v.point(a.Point), i+2, a.Text))
	}
	lines = append(lines, v.details(d)...)
	return strings.Join(append(lines, v.how(bot)...), "\n")
}

// head is the first line: 【温馨提示7】返沪排摸（需落实）.
func (v notice) head() string {
	s := fmt.Sprintf("【%s】%s", v.name(), v.Title)
	if v.asks() {
		s += "（" + string(v.Class) + "）"
	}
	if v.Replaces > 0 {
		s += fmt.Sprintf("\n%s%d作废，以这条为准", word, v.Replaces)
	}
	return s
}

// details are the lines beside the points.
func (v notice) details(d *handlers.Desk) []string {
	var out []string
	if !v.To.everybody() {
		out = append(out, "对象："+v.To.say(d))
	}
	if v.Due > 0 {
		out = append(out, "截止："+moment(d, v.Due))
	}
	if v.Where != "" {
		out = append(out, "地点："+v.Where)
	}
	if v.Whom != "" {
		out = append(out, "找谁："+v.Whom)
	}
	return out
}

// how says how to answer, in the group or in private.
func (v notice) how(bot string) []string {
	n := strconv.Itoa(v.n)
	var s string
	group := v.To.everybody()
	switch {
	case v.Class == config.NoticeAct:
		s = "看到回“收" + n + "”，办好回“办" + n + " 怎么办的”"
	case v.Class == config.NoticeAnswer:
		s = "看到回“收" + n + "”，答复回“办" + n + " 您的答复”"
	case group:
		return []string{fmt.Sprintf("看到了请私聊我回“收%d”，或在这里 @%s /收 %d，不用刷屏。", v.n, bot, v.n)}
	default:
		return []string{fmt.Sprintf("看到了回“收%d”。", v.n)}
	}
	if group {
		s += "，私聊我，或在这里 @" + bot
	}
	p := n
	if len(points(v.Body)) > 1 {
		p += ".1"
	}
	return []string{s, "哪点不清楚，发：/问 通知" + p + " 您的问题"}
}

// point is what people see in front of a point; of a notice with a single point nothing.
func (v notice) point(p int) string {
	if len(points(v.Body)) < 2 {
		return ""
	}
	return circled(p)
}

// about is a point as people call it: 温馨提示7②.
func (v notice) about(p int) string { return v.name() + v.point(p) }

// moment is a remembered time as people read it.
func moment(d *handlers.Desk, unix int64) string {
	return time.Unix(unix, 0).In(d.Street.Location).Format("1月2日 15:04")
}

// approval asks the second reader, with the notice as it will be.
func (v notice) approval(d *handlers.Desk, bot string) handlers.Content {
	n := strconv.Itoa(v.n)
	body := v.Body
	if body != "" {
		body = numbered(body)
	}
	if extra := v.details(d); v.asks() || len(extra) > 0 {
		body = strings.TrimPrefix(body+"\n"+strings.Join(extra, "\n"), "\n")
	}
	if v.Replaces > 0 {
		body = strings.TrimSuffix(fmt.Sprintf("%s%d作废，以这条为准\n%s", word, v.Replaces, body), "\n")
	}
	switch {
	case body == "":
		body = "只有这一句，没有正文。"
	case len([]rune(body)) > maxCard: // what is approved is read whole: as a text, with the buttons as lines
		body = ""
	}
	desc := v.Title
	if v.asks() {
		desc += "（" + string(v.Class) + "）"
	}
	return handlers.Content{
		Text: fmt.Sprintf("%s 请您审，是这个样子：\n%s", v.name(), v.text(d, bot)),
		Card: &handlers.Card{
			Task: "notice-" + n + "-" + strconv.FormatInt(v.At, 36), Title: v.name() + " 请您审", Desc: desc, Body: body,
			Buttons: []handlers.Button{{Text: "通过", Line: "/通知 准 " + n, Primary: true}, {Text: "退回", Line: "/通知 退 " + n}},
		},
	}
}

// test is /通知 试 7: the post and the card as they will be, to the caller alone.
func (f *Family) test(ctx context.Context, c *handlers.Call, n int) (handlers.Outcome, error) {
	v, err := f.read(ctx, &c.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Answer(fmt.Sprintf("%s《%s》%s发出去是这样（只有您看得到）：\n%s", v.name(), v.Title, v.where(&c.Desk), v.text(&c.Desk, c.BotName())))
	card := v.card(&c.Desk, "try-"+strconv.FormatInt(c.At.Unix(), 36))
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(c.Person.UserID), handlers.Reply, card, c.At)}
	return out, nil
}

// maxCard is how many characters of a card's text show.
const maxCard = 112

// card is what each addressee finds in private. task tells cards of one notice apart.
func (v notice) card(d *handlers.Desk, task string) handlers.Content {
	n := strconv.Itoa(v.n)
	body := strings.TrimPrefix(numbered(v.Body)+"\n"+strings.Join(v.details(d), "\n"), "\n")
	body = strings.TrimSuffix(body, "\n")
	if len([]rune(body)) > maxCard {
		body = "全文在书记群：【" + v.name() + "】"
		if v.Due > 0 {
			body += "\n截止：" + moment(d, v.Due)
		}
	}
	desc := v.Title
	buttons := []handlers.Button{{Text: "收到", Line: "/收 " + n, Primary: true}}
	switch v.Class {
	case config.NoticeAct:
		desc += "（需落实）"
		buttons = append(buttons, handlers.Button{Text: "已办好", Line: "/办 " + n})
	case config.NoticeAnswer:
		desc += "（需回复）"
		body += "\n答复请回：办" + n + " 您的答复"
	}
	return handlers.Content{Card: &handlers.Card{
		Task: "notice-" + n + "-" + task, Title: v.name(), Desc: desc, Body: body, Buttons: buttons,
	}}
}
