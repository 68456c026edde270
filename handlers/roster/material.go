package roster

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

// materials holds what was sent in for the street's stories: field = its number, S12, sealed
// whole, for it tells of people. courses holds the small classes: field = 课03.
var (
	materials = store.Records("material")
	courses   = store.Records("course")
)

const (
	longestStory = 300 // characters
	longestTopic = 20
)

// Story is one piece sent in. Nobody has to, nobody is reminded, nobody is counted by it.
type Story struct {
	Kind    string     `json:"k"`
	Text    string     `json:"x"`
	Unit    string     `json:"u,omitempty"`
	By      string     `json:"b"`
	Day     config.Day `json:"d"`
	Consent bool       `json:"c,omitempty"` // of the person portrayed: without it nothing is published
	Gone    bool       `json:"g,omitempty"` // taken back: the text is erased

	id  string
	rev int
}

// Class is one small course.
type Class struct {
	Topic string `json:"x"`
	At    int64  `json:"a"`
	Unit  string `json:"u,omitempty"`
	By    string `json:"b"`
	Came  int    `json:"n,omitempty"`

	id  string
	rev int
}

var storyKinds = []syntax.Word{{Name: "微典型", Aliases: []string{"典型"}}, {Name: "微场景", Aliases: []string{"场景"}}, {Name: "微心声", Aliases: []string{"心声"}}, {Name: "微课堂", Aliases: []string{"课堂"}}}

func (s *Story) put() store.Change {
	b, err := json.Marshal(s)
	if err != nil {
		panic("roster: story does not encode: " + err.Error())
	}
	return store.PutSealed(materials, s.id, s.rev, string(b), keyCare)
}

func openStories(cells map[string]store.Cell) ([]*Story, error) {
	out := make([]*Story, 0, len(cells))
	for id, c := range cells {
		if c.Rev == 0 || c.Lost {
			continue
		}
		s := &Story{id: id, rev: c.Rev}
		if err := json.Unmarshal([]byte(c.Value), s); err != nil {
			return nil, fmt.Errorf("decode story %s: %w", id, err)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Story) int { return ordinal(a.id) - ordinal(b.id) })
	return out, nil
}

// material is /素材: 微典型 … 本人同意; S12 同意; S12 撤回. The office alone reads what was
// sent in.
func (f *Family) material(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	cells, count := b.All(materials), b.Cell(counts, "S")
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read stories: %w", err)
	}
	list, err := openStories(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	name, _ := carers(&c.Desk)
	text := strings.Trim(c.Typed(c.Rest), " \n,，。、:：")
	if text == "" {
		return f.stories(c, list, name)
	}
	if ref, rest, ok := syntax.Reference(text); ok && ref.Letter == "S" {
		return f.retell(c, list, ref.N, rest)
	}
	kind, rest, ok := take(text, storyKinds)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("是哪一种？微典型、微场景、微心声、微课堂。", "例：/素材 微典型 楼组长守门18天 本人同意")
	}
	s := &Story{Kind: kind, Unit: c.Person.Unit, By: c.Person.UserID, Day: c.Day}
	denied := strings.Contains(rest, "不同意") || strings.Contains(rest, "没同意") || strings.Contains(rest, "未同意") || strings.Contains(rest, "还没问")
	s.Consent = !denied && (strings.Contains(rest, "同意") || kind == "微课堂")
	for _, w := range []string{"本人已同意", "本人同意", "已经同意", "已同意", "他同意", "她同意"} {
		rest = strings.ReplaceAll(rest, w, " ")
	}
	s.Text = strings.Join(strings.Fields(strings.Trim(rest, " \n,，。、:：")), " ")
	if n := len([]rune(s.Text)); n > longestStory {
		return handlers.Outcome{}, handlers.Refusef("写要紧的就行，长的"+name+"会来找您。", "写了%d个字，最多%d个字，没有存。", n, longestStory)
	}
	n := 0
	if count.Rev > 0 {
		if n, err = strconv.Atoi(count.Value); err != nil {
			return handlers.Outcome{}, fmt.Errorf("decode count of stories: %w", err)
		}
	}
	n++
	s.id = fmt.Sprintf("S%02d", n)
	reply := fmt.Sprintf("已收素材%s（%s），%s会联系您。无需再报。", s.id, s.Kind, name)
	if !s.Consent {
		reply += "\n没写本人同意，只存着不公开；同意了发：/素材 " + s.id + " 同意"
	}
	out := handlers.Answer(reply)
	out.Sealed = keyCare
	out.Changes = []store.Change{s.put(), store.Put(counts, "S", count.Rev, strconv.Itoa(n)), monday(&c.Desk)}
	out.Audit = handlers.Audit{Unit: s.Unit, Record: s.id, Rev: 1}
	return out, nil
}

// monday makes the office hear of it on the next Monday.
func monday(d *handlers.Desk) store.Change {
	day := d.Day.Add(1)
	for day.Weekday() != time.Monday {
		day = day.Add(1)
	}
	return store.DueAt(dueWeek, string(day), d.Street.At(day, 9*60))
}

// stories is /素材 alone: the office reads what may be published; others read how to.
func (f *Family) stories(c *handlers.Call, list []*Story, office string) (handlers.Outcome, error) {
	if !cares(&c.Desk, c.Person) || !c.Private() {
		return handlers.Answer("有就投，没有不用投：/素材 微典型 什么事 本人同意\n内容只有" + office + "看得到。"), nil
	}
	var lines []string
	waiting := 0
	for _, s := range list {
		switch {
		case s.Gone:
		case !s.Consent:
			waiting++
		default:
			lines = append(lines, fmt.Sprintf("%s %s %s：%s", s.id, s.Kind, or(s.Unit, "街道"), handlers.Clip(s.Text, 60)))
		}
	}
	if len(lines) > 6 {
		lines = lines[len(lines)-6:]
	}
	lines = append(lines, fmt.Sprintf("等本人同意的%d条，同意前看不到内容。", waiting))
	out := handlers.Answer(strings.Join(lines, "\n"))
	out.Sealed = keyCare
	out.Audit = handlers.Audit{Record: "素材/看"}
	return out, nil
}

// retell is /素材 S12 同意 and /素材 S12 撤回, by who sent it in.
func (f *Family) retell(c *handlers.Call, list []*Story, n int, rest string) (handlers.Outcome, error) {
	i := slices.IndexFunc(list, func(s *Story) bool { return s.id == fmt.Sprintf("S%02d", n) && s.By == c.Person.UserID && !s.Gone })
	if i < 0 {
		return handlers.Outcome{}, handlers.Refusef("要投新的，例：/素材 微心声 什么事", "没有您投的%s。", fmt.Sprintf("S%02d", n))
	}
	s := list[i]
	var reply string
	switch {
	case strings.Contains(rest, "撤") || strings.Contains(rest, "不同意"):
		s.Gone, s.Text, s.Consent = true, "", false
		reply = s.id + " 已撤回，内容已抹掉。"
	case strings.Contains(rest, "同意"):
		s.Consent = true
		reply = s.id + " 本人同意了，可以用。谢谢！"
	default:
		return handlers.Outcome{}, handlers.Refusef("例：/素材 "+s.id+" 同意，或 /素材 "+s.id+" 撤回", "%s 要怎样？", s.id)
	}
	out := handlers.Answer(reply)
	out.Changes = []store.Change{s.put()}
	out.Audit = handlers.Audit{Unit: s.Unit, Record: s.id, Rev: s.rev + 1}
	return out, nil
}

func openClasses(cells map[string]store.Cell) ([]*Class, error) {
	out := make([]*Class, 0, len(cells))
	for id, c := range cells {
		if c.Rev == 0 || c.Lost {
			continue
		}
		x := &Class{id: id, rev: c.Rev}
		if err := json.Unmarshal([]byte(c.Value), x); err != nil {
			return nil, fmt.Errorf("decode course %s: %w", id, err)
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b *Class) int { return int(a.At - b.At) })
	return out, nil
}

// course is /课: 周五15点 居家运动; 课03 到12人; alone, what is on.
func (f *Family) course(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	cells, count := b.All(courses), b.Cell(counts, "K")
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read courses: %w", err)
	}
	list, err := openClasses(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	text := strings.TrimSpace(syntax.Normalise(c.Rest))
	if text == "" {
		if lines := coming(&c.Desk, list); len(lines) > 0 {
			return handlers.Answer(strings.Join(lines, "\n")), nil
		}
		return handlers.Answer("还没有报来的课。要讲发：/课 周五15点 居家运动"), nil
	}
	bare := strings.TrimPrefix(text, "课")
	if i := slices.IndexFunc(list, func(x *Class) bool { return strings.HasPrefix(bare, strings.TrimPrefix(x.id, "课")+" ") }); i >= 0 {
		return f.attended(c, list[i], bare)
	}
	loc := c.Street.Location
	i, size, at, ok := findDay(text, c.Day.Time(loc))
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("哪天几点、讲什么？", "例：/课 周五15点 居家运动")
	}
	behind := text[i+size:]
	minute, sure, rest, ok := syntax.Clock(behind)
	if !ok || !sure {
		return handlers.Outcome{}, handlers.Refuse("几点开始？写上午或下午。", "例：/课 周五15点 居家运动")
	}
	k := &Class{At: c.Street.At(c.Street.Day(at), config.Clock(minute)).Unix(), Unit: c.Person.Unit, By: c.Person.UserID}
	k.Topic = strings.Trim(text[:i]+rest, " ,，。、:：")
	if k.Topic == "" || len([]rune(k.Topic)) > longestTopic || hasName(k.Topic) {
		return handlers.Outcome{}, handlers.Refusef("例：/课 周五15点 居家运动", "讲什么？写%d个字以内，不写人名。", longestTopic)
	}
	if k.At <= c.At.Unix() {
		return handlers.Outcome{}, handlers.Refuse("这个时间已经过了，没有记。", "例：/课 周五15点 居家运动")
	}
	n := 0
	if count.Rev > 0 {
		if n, err = strconv.Atoi(count.Value); err != nil {
			return handlers.Outcome{}, fmt.Errorf("decode count of courses: %w", err)
		}
	}
	k.id = fmt.Sprintf("课%02d", n+1)
	out := handlers.Answer(fmt.Sprintf("已记 %s %s %s。想听的发：/课", k.id, unix(k.At).In(loc).Format("1月2日15:04"), k.Topic))
	out.Changes = []store.Change{k.put(), store.Put(counts, "K", count.Rev, strconv.Itoa(n+1)), monday(&c.Desk)}
	out.Audit = handlers.Audit{Unit: k.Unit, Record: k.id, Rev: 1, Values: k.Topic}
	return out, nil
}

func (x *Class) put() store.Change {
	b, err := json.Marshal(x)
	if err != nil {
		panic("roster: course does not encode: " + err.Error())
	}
	return store.Put(courses, x.id, x.rev, string(b))
}

// attended is /课 课03 到12人.
func (f *Family) attended(c *handlers.Call, x *Class, text string) (handlers.Outcome, error) {
	_, rest, _ := strings.Cut(text, " ")
	var w wish
	w.readNeed(strings.NewReplacer("到", " ", "来了", " ").Replace(rest))
	if w.need == 0 || x.By != c.Person.UserID {
		return handlers.Outcome{}, handlers.Refusef("报课的人发，例：/课 "+strings.TrimPrefix(x.id, "课")+" 12人", "%s几个人听了？", x.id)
	}
	x.Came = w.need
	out := handlers.Answer(fmt.Sprintf("已记 %s %d人听了。", x.id, x.Came))
	out.Changes = []store.Change{x.put()}
	out.Audit = handlers.Audit{Unit: x.Unit, Record: x.id, Rev: x.rev + 1}
	return out, nil
}

// coming are the courses that are still to be held, at most six.
func coming(d *handlers.Desk, list []*Class) []string {
	var lines []string
	for _, x := range list {
		if x.At > d.At.Unix() && len(lines) < 6 {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", x.id, unix(x.At).In(d.Street.Location).Format("1月2日15:04"), x.Topic, x.Unit))
		}
	}
	return lines
}

// week tells the care office alone, on a Monday after a week in which something came in, how
// much of each kind and which courses are on. Nobody else hears of it, and nobody is asked
// for more.
func (f *Family) week(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	d := &it.Desk
	b := d.Read()
	cells, taught := b.All(materials), b.All(courses)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read stories: %w", err)
	}
	list, err := openStories(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	classes, err := openClasses(*taught)
	if err != nil {
		return handlers.Outcome{}, err
	}
	monday := config.Day(it.ID)
	n, usable := map[string]int{}, 0
	for _, s := range list {
		if s.Gone || s.Day < monday.Add(-7) || s.Day >= monday {
			continue
		}
		n[s.Kind]++
		if s.Consent {
			usable++
		}
	}
	var lines []string
	for _, k := range storyKinds {
		if n[k.Name] > 0 {
			lines = append(lines, fmt.Sprintf("%s%d", k.Name, n[k.Name]))
		}
	}
	var parts []string
	if len(lines) > 0 {
		parts = append(parts, fmt.Sprintf("%s，本人同意的%d条，看：/素材", strings.Join(lines, " "), usable))
	}
	if soon := coming(d, classes); len(soon) > 0 {
		parts = append(parts, "课：\n"+strings.Join(soon, "\n"))
	}
	if len(parts) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	text := "【素材一周】" + strings.Join(parts, "\n")
	_, to := carers(d)
	return handlers.Outcome{Pushes: confide(d, handlers.Notice, text, ids(to)...)}, nil
}
