package cases

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

// patrols holds when each committee was last visited in the office's rounds (card S15):
// field = unit.
var patrols = store.Records("patrol")

// patrol is a committee's last visit. A round is over when all have been visited.
type patrol struct {
	Round int    `json:"r"`
	At    int64  `json:"a"`
	By    string `json:"b"`
}

const (
	letterPatrol = "巡"
	longAgo      = 10 // days without a visit that are worth a word
)

func readPatrols(ctx context.Context, d *handlers.Desk) (map[string]patrol, map[string]store.Cell, store.Cell, error) {
	b := d.Read()
	cells, last := b.All(patrols), b.Cell(counts, letterPatrol)
	if err := b.Run(ctx); err != nil {
		return nil, nil, store.Cell{}, fmt.Errorf("read rounds: %w", err)
	}
	out := map[string]patrol{}
	for unit, cell := range *cells {
		var p patrol
		if err := json.Unmarshal([]byte(cell.Value), &p); err != nil {
			return nil, nil, store.Cell{}, fmt.Errorf("decode round of %s: %w", unit, err)
		}
		out[unit] = p
	}
	return out, *cells, *last, nil
}

// visited are the committees of the round under way.
func visited(d *handlers.Desk, seen map[string]patrol) (round int, done, todo []string) {
	for _, p := range seen {
		round = max(round, p.Round)
	}
	for _, u := range d.Dir.Units(d.Street) {
		if p, ok := seen[u.Name]; ok && p.Round == round && round > 0 {
			done = append(done, u.Name)
		} else {
			todo = append(todo, u.Name)
		}
	}
	return round, done, todo
}

// patrol is /巡 三角地 口罩登记有矛盾 当场纠正: a committee has been visited. Each thing that is
// wrong opens a case, what deserves praise is recorded as such, the rest is well. /巡 alone
// says where nobody has been.
func (f *Family) patrol(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	seen, cells, last, err := readPatrols(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if strings.TrimSpace(c.Rest) == "" {
		return handlers.Answer(standing(&c.Desk, seen)), nil
	}
	var words []syntax.Word
	for _, u := range c.Dir.Units(c.Street) {
		words = append(words, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	unit, rest, ok := syntax.Unit(c.Rest, words)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("走访了哪个居民区？没有记。", "例：/巡 三角地 门岗好 旧里缺人 表扬夜班")
	}
	v, err := f.visit(c, unit, rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	open, err := all(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	found, out, err := f.openAll(ctx, &c.Desk, c.Person.UserID, v.wrong, open)
	if err != nil {
		return handlers.Outcome{}, err
	}
	n := 0
	if last.Rev > 0 {
		if n, err = strconv.Atoi(last.Value); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read number: %w", err)
		}
	}
	number := number(letterPatrol, n+1)
	round, done, todo := visited(&c.Desk, seen)
	if len(todo) == 0 || round == 0 {
		round++
		done = nil
	}
	if !slices.Contains(done, unit) {
		done = append(done, unit)
	}
	body, err := json.Marshal(patrol{Round: round, At: c.At.Unix(), By: c.Person.UserID})
	if err != nil {
		return handlers.Outcome{}, fmt.Errorf("encode round: %w", err)
	}
	out.Changes = append(out.Changes, store.Put(patrols, unit, cells[unit].Rev, string(body)), store.Put(counts, letterPatrol, last.Rev, strconv.Itoa(n+1)))
	out.Audit = handlers.Audit{Unit: unit, Record: number, Rev: 1, Values: string(body)}
	var parts []string
	for _, o := range found {
		parts = append(parts, o.patrolled(&c.Desk))
	}
	text := fmt.Sprintf("%s %s：没有发现问题", number, unit)
	if len(parts) > 0 {
		text = fmt.Sprintf("%s %s：发现%d（%s）", number, unit, len(parts), strings.Join(parts, "；"))
	}
	if v.praise != "" && f.Commend != nil {
		praised, err := f.Commend(ctx, c, unit, v.praise)
		if err != nil {
			return handlers.Outcome{}, err
		}
		out.Changes = append(out.Changes, praised.Changes...)
		text += "；" + praised.Audit.Record
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s。这一轮走访%d/%d。", text, len(done), len(c.Dir.Units(c.Street))))
	return out, nil
}

// patrolled is W16 口罩纠纷，当场改; W17 门岗缺项，今天19:00前.
func (o opened) patrolled(d *handlers.Desk) string {
	switch {
	case o.joined:
		return "已有" + o.k.id
	case o.k.State == Closed:
		return o.k.id + " " + o.k.Type + "，当场改"
	}
	return o.k.id + " " + o.k.Type + "，" + when(d, o.k.Due) + "前"
}

// visit is what was seen at a committee.
type visit struct {
	wrong  []request
	praise string
}

// visit takes a line apart at its marks: 表扬… is praise, 门岗ok is well, the rest is wrong.
func (f *Family) visit(c *handlers.Call, unit, text string) (visit, error) {
	var v visit
	text, help, by, err := promise(c, text)
	if err != nil {
		return v, err
	}
	var wrong []string
	for _, part := range strings.FieldsFunc(syntax.Normalise(text), func(r rune) bool { return strings.ContainsRune(" ,;。，；、!\n", r) }) {
		said, praised := cut(part, "表扬", "夸", "亮点")
		switch {
		case praised:
			v.praise = strings.Trim(v.praise+" "+said, " ")
		case v.praise == "" && well(part):
		case onTheSpot(part) && len(wrong) > 0 && len([]rune(part)) <= 8:
			wrong[len(wrong)-1] += " " + part
		default:
			wrong = append(wrong, part)
		}
	}
	for _, w := range wrong {
		r, err := f.read(c, unit+w, config.CaseProblem)
		if err != nil {
			return v, err
		}
		r.help, r.helpBy, r.spot = help, by, onTheSpot(w)
		if r.help == "" {
			r.help = r.typ.Help
		}
		if r.help == "" && !r.spot {
			return v, handlers.Refuse("街道帮什么？查问题要连帮什么一起写，这条还没有记。", "在后面加，例：帮 明天10点前 送两把测温枪")
		}
		v.wrong = append(v.wrong, r)
	}
	return v, nil
}

// well reports whether a remark says that something is as it should be.
func well(part string) bool {
	for _, bad := range []string{"不", "没", "缺", "无", "差"} {
		if strings.Contains(strings.ReplaceAll(part, "没问题", ""), bad) {
			return false
		}
	}
	for _, w := range []string{"ok", "OK", "好", "正常", "没问题", "规范", "在岗", "齐", "到位", "有人", "都有", "全有", "都在", "√"} {
		if strings.HasSuffix(part, w) || strings.HasSuffix(part, w+"的") {
			return true
		}
	}
	return false
}

// standing says how far the round is, and whom nobody has visited for long.
func standing(d *handlers.Desk, seen map[string]patrol) string {
	_, done, todo := visited(d, seen)
	if len(done) == 0 {
		return "这一轮还没有走访过。去过一处就发：/巡 三角地 门岗好 旧里缺人"
	}
	lines := []string{fmt.Sprintf("这一轮走访%d/%d。", len(done), len(done)+len(todo))}
	if len(todo) > 0 {
		lines[0] += "还没去：" + strings.Join(todo, "、")
	}
	var old []string
	for _, u := range d.Dir.Units(d.Street) {
		if p, ok := seen[u.Name]; ok && d.At.Sub(time.Unix(p.At, 0)) > longAgo*24*time.Hour {
			old = append(old, u.Name)
		}
	}
	if len(old) > 0 {
		lines = append(lines, fmt.Sprintf("超过%d天没去：%s", longAgo, strings.Join(old, "、")))
	}
	return strings.Join(lines, "\n")
}
