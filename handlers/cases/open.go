package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// longest is how long what a case is about may be, in characters.
const longest = 120

// modes are the five ways of checking (card S32), the plain patrol aside.
var modes = []string{"车轮", "错峰", "演员", "交叉", "回头"}

// request is a case about to be opened.
type request struct {
	typ    *config.CaseType
	pack   *config.Pack
	place  string
	unit   string
	text   string
	mode   string
	help   string
	helpBy time.Time
	owners []string  // nil: by the owner rule
	due    time.Time // zero: by the type
	cmd    string    // 问 or 查, with
	line   string    // what was typed behind it
	hidden bool
	loud   bool
	fresh  bool // said to be another matter than the similar ones
	spot   bool // mended before the finder's eyes
	source string
	item   [2]int // of a list: its number and the item's
}

// ask is /问: anybody reports a problem, and somebody follows it to its end.
func (f *Family) ask(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	text := strings.TrimSpace(c.Rest)
	if ref, rest, ok := syntax.Reference(text); ok && f.AskNotice != nil && slices.Contains([]string{"通知", "提示", "温馨提示"}, ref.Letter) {
		return f.AskNotice(ctx, c, ref, rest)
	}
	if strings.HasPrefix(text, "通知") && strings.ContainsAny(text[len("通知"):min(len(text), len("通知")+2)], "0123456789") {
		return handlers.Outcome{}, handlers.Refuse("问哪一条的哪一点？编号没看懂，没有记。", "例：/问 通知7.2 没有证件的怎么办")
	}
	if rest, ok := strings.CutPrefix(text, "并"); ok {
		same := *c
		same.Rest = rest
		return f.join(ctx, &same)
	}
	text, fresh := another(text)
	if q := quoted(c.Message.Quote, c.BotName()); q != "" {
		text = strings.TrimSpace(text + " " + q)
	}
	if text == "" {
		return handlers.Outcome{}, handlers.Refuse("哪里、什么事？写一行就行。", "例：/问 188弄 老人想就近登记口罩")
	}
	r, err := f.read(c, text, config.CaseProblem, config.CaseLack, config.CaseLost, config.CaseBurden)
	if err != nil {
		return handlers.Outcome{}, err
	}
	r.cmd, r.line, r.fresh = "问", text, fresh
	return f.open(ctx, c, r)
}

// quoted is what a quoted message says, without the mark of its number or the bot's name.
func quoted(quote, bot string) string {
	q := strings.TrimSpace(strings.TrimPrefix(syntax.Normalise(quote), "@"+bot))
	if strings.HasPrefix(q, "【") {
		if _, rest, ok := strings.Cut(q, "】"); ok {
			q = rest
		}
	}
	q = strings.Join(strings.Fields(q), " ")
	if r := []rune(q); len(r) > longest-20 {
		q = string(r[:longest-20]) + "…"
	}
	return q
}

// inspect is /查: a finding, with how it was found and what the street will do about it.
func (f *Family) inspect(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	line, fresh := another(c.Rest)
	text, mode := modeOf(line)
	return f.finding(ctx, c, text, request{cmd: "查", line: line, mode: mode, fresh: fresh})
}

// inspectAs is /演员查 and the like.
func (f *Family) inspectAs(ctx context.Context, c *handlers.Call, mode string) (handlers.Outcome, error) {
	said := *c
	said.Rest = mode + " " + c.Rest
	return f.inspect(ctx, &said)
}

// hide is /暗: a finding of an unannounced visit, told to nobody before /放 or a day later.
func (f *Family) hide(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("暗访只在私聊里记，群里没有记。", "请私聊我发：/暗 …")
	}
	return f.finding(ctx, c, c.Rest, request{mode: "暗访", hidden: true})
}

func modeOf(text string) (rest, mode string) {
	text = strings.TrimSpace(text)
	for _, m := range modes {
		if rest, ok := strings.CutPrefix(text, m); ok {
			rest = strings.TrimPrefix(rest, "查")
			return strings.TrimLeft(rest, " ,。:、!"), m
		}
	}
	return text, ""
}

// another reports whether a line says that it is about another matter than the similar one.
func another(text string) (rest string, ok bool) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "新 "); ok {
		return strings.TrimSpace(rest), true
	}
	return text, false
}

func (f *Family) finding(ctx context.Context, c *handlers.Call, text string, how request) (handlers.Outcome, error) {
	text, help, by, err := promise(c, text)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if strings.TrimSpace(text) == "" {
		return handlers.Outcome{}, handlers.Refuse("哪里、什么问题？写一行就行。", "例：/查 演员 文苑东门 没人问")
	}
	r, err := f.read(c, text, config.CaseProblem)
	if err != nil {
		return handlers.Outcome{}, err
	}
	r.cmd, r.line, r.mode, r.hidden, r.fresh = how.cmd, how.line, how.mode, how.hidden, how.fresh
	r.help, r.helpBy = help, by
	r.spot = onTheSpot(text) && !r.hidden
	if r.help == "" {
		r.help = r.typ.Help
	}
	if r.help == "" && !r.spot { // a demand goes with help, or not at all
		return handlers.Outcome{}, handlers.Refuse("街道帮什么？查问题要连帮什么一起写，这条还没有记。", "在后面加，例：帮 明天10点前 送两把测温枪")
	}
	return f.open(ctx, c, r)
}

// onTheSpot reports whether a finding was mended before the finder's eyes: 已当场改.
func onTheSpot(text string) bool {
	for _, w := range []string{"当场改", "当场已改", "当场纠正", "当场整改", "当场补", "当场解决"} {
		if i := strings.Index(text, w); i >= 0 && !strings.HasSuffix(text[:i], "没") && !strings.HasSuffix(text[:i], "没有") {
			return true
		}
	}
	return false
}

// promise cuts off what the street will do: … 帮 明天10点前 送两把测温枪.
func promise(c *handlers.Call, text string) (rest, help string, by time.Time, err error) {
	for _, mark := range []string{" 街道帮", "\n街道帮", " 帮", "\n帮"} {
		i := strings.LastIndex(text, mark)
		if i < 0 {
			continue
		}
		help = strings.TrimLeft(text[i+len(mark):], " :,")
		if at, without, ok := deadline(&c.Desk, help); ok {
			if err := ahead(&c.Desk, at); err != nil {
				return "", "", time.Time{}, err
			}
			help, by = without, at
		}
		return text[:i], marks(help), by, nil
	}
	return text, "", time.Time{}, nil
}

// read finds the place, the unit and the type in a line.
func (f *Family) read(c *handlers.Call, text string, kinds ...config.CaseKind) (request, error) {
	if n := utf8.RuneCountInString(text); n > longest {
		return request{}, handlers.Refusef("先说哪里、什么事，细节可以以后补。", "写了%d个字，最多%d个字，没有记。", n, longest)
	}
	t, p := typeFor(&c.Desk, text, kinds...)
	if t == nil {
		return request{}, handlers.Refusef("急事打电话找值班室。", "现在没有在跟的“%s”，没有记。", kinds[0])
	}
	r := request{typ: t, pack: p, text: text}
	if s, rest, ok := f.atlas(c).find(text); ok {
		r.unit, r.text = s.Unit, rest
		if s.Name != s.Unit {
			r.place = s.Name
		}
	} else {
		r.unit = c.Person.Unit
	}
	r.text = marks(strings.Trim(r.text, " ,。:、\n"))
	if r.unit == "" && t.Kind == config.CaseProblem && !office(t) {
		return request{}, handlers.Refuse("没看出是哪里，没有记。", "写上小区和门，例：彩虹花苑南门；楼里店里写居民区，例：梅园 东风路12号")
	}
	if r.text == "" {
		return request{}, handlers.Refuse("是什么事？补半句就行，没有记。", "例：/问 188弄 老人想就近登记口罩")
	}
	return r, nil
}

// office reports whether a type belongs to an office of the street, wherever it is.
func office(t *config.CaseType) bool {
	return len(t.Owner) > 0 && slices.Contains([]config.Role{config.RoleOffice, config.RoleDiscipline, config.RoleDutyDesk}, t.Owner[0])
}

func (f *Family) atlas(c *handlers.Call) *atlas { return f.atlases.of(&c.Desk) }

// typeFor is the type of the running packs whose longest word stands in a text, else the
// one of the first kind that takes the rest. A type's own name and its kind count as words.
func typeFor(d *handlers.Desk, text string, kinds ...config.CaseKind) (best *config.CaseType, of *config.Pack) {
	text = syntax.Normalise(text)
	longest := 0
	for _, kind := range kinds {
		for _, p := range d.Packs() {
			for _, t := range p.Cases.Types {
				if t.Kind != kind {
					continue
				}
				words := append([]string{t.Name}, t.Words...)
				if len(t.Words) == 0 {
					words = append(words, string(t.Kind))
					if best == nil && kind == kinds[0] {
						best, of = t, p
					}
				}
				for _, w := range words {
					if len(w) > longest && w != string(config.CaseProblem) && strings.Contains(text, w) {
						longest, best, of = len(w), t, p
					}
				}
			}
		}
	}
	return best, of
}

// open gives a case its number, its owner and its time, unless a similar one is open.
func (f *Family) open(ctx context.Context, c *handlers.Call, r request) (handlers.Outcome, error) {
	list, err := all(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	m, err := readMode(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	r.loud = m.awake(&c.Desk) && !r.typ.Work
	k := f.draft(&c.Desk, c.Person.UserID, r)
	if !r.fresh && !r.hidden {
		known := slices.DeleteFunc(slices.Clone(list), func(o *Case) bool { return o.sealed() && !o.sees(&c.Desk, c.Person) })
		if same := k.similar(known); same != nil {
			return f.offer(c, same, r), nil
		}
	}
	if before := k.repeats(list, c.At); before != nil {
		k.Of = before.id
	}
	out, err := f.store(ctx, c, k, r.typ.Letter)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out.Reply = handlers.Say(f.receipt(c, k))
	if k.State != Hidden {
		out.Pushes = append(out.Pushes, f.announce(&c.Desk, k)...)
	}
	return out, nil
}

// draft is the case as it would be opened, without a number.
func (f *Family) draft(d *handlers.Desk, finder string, r request) *Case {
	k := &Case{
		Type: r.typ.Name, Pack: r.pack.Name, Place: r.place, Unit: r.unit, Text: r.text, Mode: r.mode,
		Finder: finder, Owners: r.owners, Class: r.typ.Class, Help: r.help, Opened: d.At.Unix(), Loud: r.loud, Source: r.source,
	}
	if _, household := masked(k.Place + k.Text); household && k.Class < "C2" {
		k.Class = "C2"
	}
	switch {
	case k.Owners != nil:
	case r.source != "": // who reports a figure may well be who can mend it
		k.Owners = owners(d, r.typ, r.unit, r.place, "")
	default:
		k.Owners = owners(d, r.typ, r.unit, r.place, finder)
	}
	if r.helpBy.After(d.At) {
		k.HelpDue = r.helpBy.Unix()
	}
	switch {
	case r.spot:
		k.Help, k.HelpDue, k.Fixed, k.Closed = "", 0, d.At.Unix(), d.At.Unix()
		k.do(Spot, finder, d.At, "")
	case r.hidden:
		k.do(Hide, finder, d.At, "")
	default:
		k.do(Open, finder, d.At, "")
		f.start(d, k, r.due)
	}
	return k
}

// start lets the owner's time run: from when he can hear of it.
func (f *Family) start(d *handlers.Desk, k *Case, due time.Time) {
	t, c := typ(d.Street, k), f.clock(d.Street, k)
	from := handlers.QuietUntil(d.Street, d.At)
	if t.Kind == config.CaseUrgent || k.Loud { // it is told at once, at night too
		from = d.At
	}
	if t.Ack > 0 {
		k.Ack = c.add(from, t.Ack).Unix()
	}
	if due.IsZero() {
		due = c.add(from, t.Due)
	}
	if n := len(k.Spans); n > 0 && from.Unix() > k.Spans[n-1].From {
		k.Spans[n-1].From = from.Unix()
	}
	k.Due = due.Unix()
	k.Given = int64(c.between(from, due) / time.Second)
	if k.Help != "" && k.HelpDue == 0 {
		k.HelpDue = c.add(from, t.HelpDue).Unix()
	}
}

// store takes the next number behind a letter and remembers the case.
func (f *Family) store(ctx context.Context, c *handlers.Call, k *Case, letter string) (handlers.Outcome, error) {
	b := c.Read()
	last := b.Cell(counts, letter)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read number: %w", err)
	}
	n := 0
	if last.Rev > 0 {
		var err error
		if n, err = strconv.Atoi(last.Value); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read number: %w", err)
		}
	}
	k.id = number(letter, n+1)
	out := f.outcome(&c.Desk, k)
	out.Changes = append(append(out.Changes, store.Put(counts, letter, last.Rev, strconv.Itoa(n+1))), foundNow(&c.Desk, k)...)
	return out, nil
}

// similar is an open case at the same place that is of the same type or told in much the same
// words, nil if there is none. In a committee without a place named, the words alone count.
func (k *Case) similar(list []*Case) *Case {
	for _, o := range list {
		if slices.Contains(live, o.State) && o.Unit == k.Unit && o.Place == k.Place && (k.Place != "" && o.Type == k.Type || alike(o.Text, k.Text)) {
			return o
		}
	}
	return nil
}

// alike reports whether two lines have half of their pairs of characters in common.
func alike(a, b string) bool {
	both, x, y := common(a, b)
	return a == b || both > 0 && 4*both >= x+y
}

// common counts the pairs of neighbouring characters that two lines share, and those of each.
func common(a, b string) (both, inA, inB int) {
	pairs := func(s string) map[string]bool {
		r := []rune(strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, syntax.Normalise(s)))
		out := map[string]bool{}
		for i := 0; i+1 < len(r); i++ {
			out[string(r[i:i+2])] = true
		}
		return out
	}
	x, y := pairs(a), pairs(b)
	for p := range x {
		if y[p] {
			both++
		}
	}
	return both, len(x), len(y)
}

// repeats is a case of the same type and place that was closed within a week.
func (k *Case) repeats(list []*Case, at time.Time) *Case {
	for _, o := range slices.Backward(list) {
		if o.State == Closed && o.Type == k.Type && o.Unit == k.Unit && o.Place == k.Place && k.Place != "" &&
			at.Sub(time.Unix(o.Closed, 0)) <= 7*24*time.Hour {
			return o
		}
	}
	return nil
}

// offer shows the similar case first: joined, it has one owner and one end.
func (f *Family) offer(c *handlers.Call, k *Case, r request) handlers.Outcome {
	return handlers.Answer(fmt.Sprintf("已有 %s（%s，%s）：%s\n是同一件，发：/问 并 %s\n不是，发：/%s 新 %s",
		k.name(), k.State, titles(&c.Desk, k.Owners), k.Text, k.short(), r.cmd, r.line))
}

// receipt is what the finder hears: number, owner, time, and what the street does.
func (f *Family) receipt(c *handlers.Call, k *Case) string {
	var lines []string
	if k.State == Hidden {
		return fmt.Sprintf("%s 已存，没有公开。\n24小时后自动转办，要早些发：/放 %s", k.name(), k.short())
	}
	how := ""
	if k.Mode != "" {
		how = "（" + k.Mode + "）"
		if slices.Contains(modes, k.Mode) {
			how = "（" + k.Mode + "查）"
		}
	}
	if k.State == Closed {
		return fmt.Sprintf("%s%s 当场改好，已记已销。过几天可能回头看。", k.name(), how)
	}
	lines = append(lines, fmt.Sprintf("%s%s 已转%s，%s前办好。", k.name(), how, titles(&c.Desk, k.Owners), when(&c.Desk, k.Due)))
	if k.Of != "" {
		lines = append(lines, "一周内又出现，和"+k.Of+"一样，记作反复。")
	}
	if k.Help != "" {
		lines = append(lines, fmt.Sprintf("街道帮：%s（%s，%s前）", k.Help, title(&c.Desk, k.liaison(&c.Desk)), when(&c.Desk, k.HelpDue)))
	}
	return strings.Join(append(lines, "办好了会告诉您。看进展：/问题 "+k.short()), "\n")
}

// join adds a reporter to a case that is open: one case, one end, told to all.
func (f *Family) join(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	ref, _, ok := syntax.Reference(c.Rest)
	var k *Case
	if ok {
		list, err := several(ctx, &c.Desk, ids(c.Street, ref))
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, o := range list { // a reporter may join what he could not see
			if o.State != Hidden && o.State != Closed && !o.sealed() {
				k = o
			}
		}
	}
	if k == nil {
		return handlers.Outcome{}, handlers.Refuse("没有这件在办的，不能并进去。", "另开一件：/问 新 哪里 什么事")
	}
	if k.found(c.Person) {
		return handlers.Answer(k.id + " 本来就有您，办好了会告诉您。"), nil
	}
	if !k.do(Join, c.Person.UserID, c.At, "") {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	k.Others = append(k.Others, c.Person.UserID)
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("并入 %s，一共%d人报了。办好了都会告诉您们。", k.name(), 1+len(k.Others)))
	return out, nil
}

// release is /放: what was found in an unannounced visit goes to its owner.
func (f *Family) release(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, _, err := f.pick(ctx, c, "放")
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !k.do(Release, c.Person.UserID, c.At, "") {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	f.start(&c.Desk, k, time.Time{})
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(f.receipt(c, k))
	out.Pushes = f.announce(&c.Desk, k)
	return out, nil
}

// marks gives a text that was normalised its Chinese punctuation back, where it stands
// between Chinese words.
func marks(s string) string {
	r := []rune(s)
	for i := range r {
		j := strings.IndexRune(",;!?:", r[i])
		if j < 0 || i == 0 || r[i-1] < 0x2e80 {
			continue
		}
		r[i] = []rune("，；！？：")[j]
	}
	return string(r)
}
