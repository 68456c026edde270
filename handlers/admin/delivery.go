package admin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// deliveryCommand is /投递: what waits, what was said, and what a person has to look at.
func deliveryCommand() handlers.Command {
	return handlers.Command{
		Name: "投递", Aliases: []string{"发送情况", "投递情况"},
		Roles:   []config.Role{config.RoleAdmin},
		Summary: "看发出去没有，重发", Usage: "/投递 [重发|取消] [编号]", Example: "/投递",
		Detail: "今天的情况：/投递\n看一条：/投递 17\n再发一次：/投递 重发 17\n不发了：/投递 取消 17",
		Run:    delivery,
	}
}

// kept is for how many days, today included, what did not arrive can be sent again.
const kept = 7

// worry is how many of those fit a phone's screen.
const worry = 10

// post is everything /投递 knows: what is under way, today's log, what did not arrive.
type post struct {
	today  []store.Entry
	failed []failure // the newest last
}

// failure is a push that did not arrive, or perhaps not.
type failure struct {
	store.Waiting
	day string // under which it is kept
}

// readPost asks for the post; call the result after the batch has run.
func readPost(b *store.Batch, day config.Day) func() post {
	today := b.Outbox(string(day))
	days := make([]*[]store.Waiting, kept)
	for i := range days {
		days[i] = b.Kept(string(day.Add(-i)))
	}
	return func() post {
		p := post{today: *today}
		for i, list := range days {
			for _, w := range *list {
				p.failed = append(p.failed, failure{w, string(day.Add(-i))})
			}
		}
		slices.SortFunc(p.failed, func(a, b failure) int { return cmp.Compare(a.N, b.N) })
		return p
	}
}

func (p post) find(n int64) (failure, bool) {
	for _, f := range p.failed {
		if f.N == n {
			return f, true
		}
	}
	return failure{}, false
}

// tally counts what did not arrive, by state.
func (p post) tally(sep string) string {
	count := map[store.State]int{}
	for _, f := range p.failed {
		count[f.State]++
	}
	var parts []string
	for _, s := range []store.State{store.StateDead, store.StateUnknown} {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d条%s", count[s], stateName(s)))
		}
	}
	return strings.Join(parts, sep)
}

// delivery is /投递 with whatever follows.
func delivery(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if !c.Private() {
		return handlers.Outcome{}, handlers.Refuse("投递情况只在私聊里看。", "请私聊我发：/投递")
	}
	verb, rest := "", strings.TrimSpace(c.Rest)
	for _, v := range []string{"重发", "取消"} {
		if r, ok := strings.CutPrefix(rest, v); ok {
			verb, rest = v, strings.TrimSpace(r)
		}
	}
	ref, _, ok := syntax.Reference(rest)
	n := int64(ref.N)
	switch {
	case !ok && (verb != "" || rest != ""):
		return handlers.Outcome{}, handlers.Refuse("哪一条？请带上编号。", "看编号：/投递；例：/投递 重发 17")
	case !ok:
		return overview(ctx, c)
	}
	b := c.Read()
	read := readPost(b, c.Day)
	waiting := b.Push(n)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read push %d: %w", n, err)
	}
	p := read()
	switch verb {
	case "重发":
		return resend(c, p, n, *waiting)
	case "取消":
		return cancel(c, p, n, *waiting)
	}
	return one(c, p, n, *waiting)
}

// overview is /投递 alone: counts of today, then what a person can do something about.
func overview(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	read := readPost(b, c.Day)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read outbox: %w", err)
	}
	p := read()
	var sent, waiting, dropped int
	var held []store.Entry
	why := map[string]int{}
	for _, e := range p.today {
		switch e.State {
		case store.StateSent:
			sent++
		case store.StateDropped:
			dropped++
			why[e.Reason]++
		case store.StateUnknown, store.StateDead:
		default:
			if waiting++; e.Reason != "" {
				held = append(held, e)
			}
		}
	}
	head := fmt.Sprintf("今天发出%d，等着%d，不再发%d", sent, waiting, dropped)
	if len(p.failed) > 0 {
		head += "；要您看：" + p.tally("、")
	}
	lines := []string{head}
	if dropped > 0 {
		lines = append(lines, "不再发的："+reasons(why))
	}
	first := max(0, len(p.failed)-worry)
	for _, f := range p.failed[first:] {
		lines = append(lines, row(c, f.N, f.State, targetName(c, f.Push.To), f.Push.Kind, f.Reason))
	}
	if first > 0 {
		lines = append(lines, fmt.Sprintf("还有%d条更早的", first))
	}
	rows := together(held)
	for _, r := range rows[:min(len(rows), max(worry-len(p.failed), 0))] {
		lines = append(lines, r.line(c))
	}
	switch {
	case len(p.failed) > 0:
		n := p.failed[len(p.failed)-1].N
		lines = append(lines, fmt.Sprintf("看一条：/投递 %d；再发：/投递 重发 %d；不用了：/投递 取消 %d", n, n, n))
	case len(held) > 0:
		lines = append(lines, fmt.Sprintf("看一条：/投递 %d；不发了：/投递 取消 %d", held[0].N, held[0].N))
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

func row(c *handlers.Call, n int64, s store.State, to, kind, why string) string {
	return fmt.Sprintf("%d %s，%s的%s：%s", n, stateName(s), to, kindName(kind), short(why))
}

// alike are pushes that wait for the same reason, such as one notice's cards.
type alike struct {
	store.Entry // the first of them
	count       int
}

// together puts what waits alike into one row each, in the order of the first.
func together(held []store.Entry) []alike {
	var out []alike
	for _, e := range held {
		i := slices.IndexFunc(out, func(a alike) bool {
			return a.Kind == e.Kind && a.Reason == e.Reason && a.State == e.State && handlers.Target(a.To).IsChat() == handlers.Target(e.To).IsChat()
		})
		if i < 0 {
			out = append(out, alike{Entry: e})
			i = len(out) - 1
		}
		out[i].count++
	}
	return out
}

func (a alike) line(c *handlers.Call) string {
	name := targetName(c, a.To)
	if a.count > 1 {
		name += fmt.Sprintf("等%d条", a.count)
	}
	return row(c, a.N, a.State, name, a.Kind, a.Reason)
}

// reasons says why something is not said any more, the most frequent first.
func reasons(why map[string]int) string {
	var out []string
	for _, w := range slices.SortedFunc(maps.Keys(why), func(a, b string) int {
		return cmp.Or(cmp.Compare(why[b], why[a]), strings.Compare(a, b))
	}) {
		out = append(out, fmt.Sprintf("%s（%d条）", w, why[w]))
	}
	if len(out) > 4 {
		out = append(out[:4], "…")
	}
	return strings.Join(out, "，")
}

// one is /投递 17.
func one(c *handlers.Call, p post, n int64, w store.Waiting) (handlers.Outcome, error) {
	if f, ok := p.find(n); ok {
		lines := []string{
			fmt.Sprintf("%d %s（%s）", n, stateName(f.State), f.Due.In(c.Street.Location).Format("1月2日 15:04")),
			fmt.Sprintf("给%s的%s", targetName(c, f.Push.To), kindName(f.Push.Kind)),
			"原因：" + f.Reason,
		}
		if f.Push.Campaign == "" {
			if parcel, err := handlers.OpenParcel(f.Push.Body); err == nil && parcel.Content.Text != "" {
				line, _, _ := strings.Cut(parcel.Content.Text, "\n")
				lines = append(lines, "开头："+line)
			}
		}
		lines = append(lines, fmt.Sprintf("再发：/投递 重发 %d；不用了：/投递 取消 %d", n, n))
		return handlers.Answer(strings.Join(lines, "\n")), nil
	}
	if w.Rev != 0 {
		text := fmt.Sprintf("%d %s，给%s的%s，%s再试", n, stateName(w.State), targetName(c, w.Push.To), kindName(w.Push.Kind),
			w.Due.In(c.Street.Location).Format("1月2日 15:04"))
		if w.Reason != "" {
			text += "\n原因：" + w.Reason
		}
		return handlers.Answer(text + fmt.Sprintf("\n不发了：/投递 取消 %d", n)), nil
	}
	for _, e := range p.today {
		if e.N == n {
			text := fmt.Sprintf("%d %s（%s），给%s的%s", n, stateName(e.State), e.At.In(c.Street.Location).Format("15:04"), targetName(c, e.To), kindName(e.Kind))
			if e.Reason != "" {
				text += "：" + e.Reason
			}
			return handlers.Answer(text), nil
		}
	}
	return handlers.Outcome{}, noSuch(n)
}

func noSuch(n int64) error {
	return handlers.Refusef("今天的情况：/投递", "没有%d，或者早就发完了。", n)
}

// resend is /投递 重发 17: the same again, marked if it may have been heard.
func resend(c *handlers.Call, p post, n int64, w store.Waiting) (handlers.Outcome, error) {
	f, ok := p.find(n)
	switch {
	case ok && f.Lost:
		return handlers.Answer(fmt.Sprintf("%d的内容已按期销毁，发不了。不用了：/投递 取消 %d", n, n)), nil
	case !ok && w.Rev != 0:
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("看一条：/投递 %d", n), "%d还没发完，不用重发。", n)
	case !ok:
		return handlers.Outcome{}, noSuch(n)
	}
	push := f.Push
	push.NotBefore, push.From = c.At, n
	if keep := handlers.MannersOf(handlers.PushKind(push.Kind)).Keep; keep > 0 {
		push.Expires = c.At.Add(keep)
	}
	parcel, err := handlers.OpenParcel(push.Body)
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("resend %d: %w", n, err)
	}
	parcel.Again = parcel.Again || f.State == store.StateUnknown
	push.Body = parcel.Body()
	out := handlers.Answer(fmt.Sprintf("%d已排上重发，给%s。看结果：/投递", n, targetName(c, push.To)))
	out.Changes = []store.Change{store.Unkeep(f.day, f.Waiting)}
	out.Pushes = []store.Push{push}
	out.Audit = handlers.Audit{Record: fmt.Sprintf("投递/%d/重发", n), Rev: f.Rev}
	return out, nil
}

// cancel is /投递 取消 17: what waits is not said, what did not arrive is not asked about
// any more.
func cancel(c *handlers.Call, p post, n int64, w store.Waiting) (handlers.Outcome, error) {
	f, ok := p.find(n)
	switch {
	case ok:
		out := handlers.Answer(fmt.Sprintf("%d不再重发，不用再看了。", n))
		out.Changes = []store.Change{store.Unkeep(f.day, f.Waiting)}
		out.Audit = handlers.Audit{Record: fmt.Sprintf("投递/%d/取消", n), Rev: f.Rev}
		return out, nil
	case w.Rev == 0:
		return handlers.Outcome{}, noSuch(n)
	case w.State != store.StateWaiting:
		return handlers.Answer(fmt.Sprintf("%d正在发，来不及取消了。过一分钟看：/投递 %d", n, n)), nil
	}
	out := handlers.Answer(fmt.Sprintf("%d已取消，不发给%s了。", n, targetName(c, w.Push.To)))
	out.Changes = []store.Change{store.Cancel(w, c.Person.Title+"取消", c.At.In(c.Street.Location))}
	out.Audit = handlers.Audit{Record: fmt.Sprintf("投递/%d/取消", n), Rev: w.Rev}
	return out, nil
}

// undelivered is the administrator's line in the morning, if there is reason for one.
func undelivered(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	b := s.Read()
	read := readPost(b, s.Day)
	if err := b.Run(ctx); err != nil {
		return handlers.Content{}, fmt.Errorf("read outbox: %w", err)
	}
	p := read()
	if len(p.failed) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "都处理好了"}
	}
	return handlers.Say("【投递】" + p.tally("，") + "，请您看一下。\n看是哪些：/投递"), nil
}

func stateName(s store.State) string {
	switch s {
	case store.StateWaiting:
		return "等着"
	case store.StateClaimed, store.StateSending:
		return "正在发"
	case store.StateSent:
		return "已发出"
	case store.StateUnknown:
		return "不知道到没到"
	case store.StateDead:
		return "没发成"
	}
	return "不再发"
}

var kindNames = map[handlers.PushKind]string{
	handlers.Emergency: "紧急消息", handlers.Reply: "答复", handlers.Digest: "晨报", handlers.Notice: "通知",
	handlers.CaseCard: "卡片", handlers.Copy: "卡片", handlers.Nudge: "催报", handlers.Reminder: "群提醒",
}

func kindName(kind string) string { return kindNames[handlers.PushKind(kind)] }

// targetName is how people call whom a push goes to.
func targetName(c *handlers.Call, to string) string {
	if id, ok := strings.CutPrefix(to, "user:"); ok {
		if p, _, known := c.Dir.Person(id); known {
			return p.Title
		}
		return id
	}
	return strings.TrimPrefix(to, "chat:")
}

// short keeps of a reason what fits a line: up to its first stop or colon.
func short(why string) string {
	why, _, _ = strings.Cut(why, "。")
	why, _, _ = strings.Cut(why, "：")
	return why
}
