package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

const recipeRelease = "privacy.release"

// fresh is how long a request waits for a yes, and how long the file may still be rendered
// after it.
const fresh = 24 * time.Hour

// releases hold the requests for tables of households: field = number.
func releases() store.Table { return store.Records("release") }

// request is one, sealed: its purpose may name what it is about.
type request struct {
	N        int    `json:"n"`
	Register string `json:"r"`
	Pack     string `json:"p"`
	By       string `json:"b"`
	Why      string `json:"y"`
	At       int64  `json:"a"`
	Second   string `json:"s,omitempty"`
	Agreed   int64  `json:"g,omitempty"`
	No       bool   `json:"x,omitempty"`
}

func (r request) change(rev int) store.Change {
	body, err := json.Marshal(r)
	if err != nil {
		panic("privacy: request does not encode: " + err.Error())
	}
	return store.PutSealed(releases(), strconv.Itoa(r.N), rev, string(body), handlers.KeyGlass)
}

func (r request) name() string { return fmt.Sprintf("导%02d", r.N) }

// stale reports whether a moment's day and night have passed.
func stale(unix int64, at time.Time) bool { return at.Sub(time.Unix(unix, 0)) >= fresh }

func readRequest(ctx context.Context, d *handlers.Desk, n int) (request, int, error) {
	b := d.Read()
	cell := b.Cell(releases(), strconv.Itoa(n))
	if err := b.Run(ctx); err != nil {
		return request{}, 0, fmt.Errorf("read request %d: %w", n, err)
	}
	var r request
	if cell.Rev == 0 || cell.Lost {
		return r, 0, nil
	}
	if err := json.Unmarshal([]byte(cell.Value), &r); err != nil {
		return r, 0, fmt.Errorf("decode request %d: %w", n, err)
	}
	return r, cell.Rev, nil
}

// release is /申导: a table of households is let go by two people. One asks and says what
// for, another says yes; then it is rendered and sent to the one who asked, each sheet
// saying who, when, what for and who agreed. It lies nowhere in between.
func (f *Family) release(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(c.Rest), " ")
	if word == "准" || word == "不准" {
		return f.agree(ctx, c, strings.TrimSpace(rest), word == "准")
	}
	if !c.Person.Has(takers...) {
		return handlers.Outcome{}, handlers.Refuse("您来批，不能自己要住户表。", "批的时候发：/申导 准 1")
	}
	why := c.Typed(strings.TrimSpace(rest))
	if n := utf8.RuneCountInString(why); word == "" || n < 4 || n > 40 {
		return handlers.Outcome{}, handlers.Refuse("要写哪个册、做什么用（4到40个字）。", "例：/申导 户册 核对解除日期")
	}
	if f.table == nil {
		return handlers.Outcome{}, handlers.Refusef("有哪些册，发：帮助", "没有叫“%s”的册。", handlers.Quote(word))
	}
	_, pack, ok, err := f.table(ctx, &c.Desk, word, handlers.Sight{})
	if err != nil {
		return handlers.Outcome{}, err
	}
	if !ok {
		return handlers.Outcome{}, handlers.Refusef("有哪些册，发：帮助", "没有叫“%s”的册。", handlers.Quote(word))
	}
	b := c.Read()
	count := b.Cell(releases(), "n")
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("count requests: %w", err)
	}
	last, _ := strconv.Atoi(count.Value)
	r := request{N: last + 1, Register: word, Pack: pack, By: c.Person.UserID, Why: why, At: c.At.Unix()}
	out := handlers.Answer(fmt.Sprintf("%s %s，已请人批。24小时内有另一位同意才发，文件上有您的名字和用途。", r.name(), word))
	ask := card(fmt.Sprintf("release-%d", r.N), "请批："+r.name()+" "+word, fmt.Sprintf("%s要导出%s，用途：%s", c.Person.Title, word, why),
		handlers.Button{Text: "准", Line: fmt.Sprintf("/申导 准 %d", r.N), Primary: true}, handlers.Button{Text: "不准", Line: fmt.Sprintf("/申导 不准 %d", r.N)})
	for _, id := range audience(&c.Desk, c.Person.UserID, reviewers...) {
		p := handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, ask, c.At)
		p.Campaign = handlers.KeyGlass
		out.Pushes = append(out.Pushes, p)
	}
	out.Changes = []store.Change{store.Put(releases(), "n", count.Rev, strconv.Itoa(r.N)), r.change(0)}
	out.Audit = handlers.Audit{Unit: c.Person.Unit, Record: "申导/" + r.name() + "/" + word, Rev: 1, Note: why, Sealed: handlers.KeyGlass}
	out.Sealed = handlers.KeyGlass
	return out, nil
}

// agree is the second person's yes or no.
func (f *Family) agree(ctx context.Context, c *handlers.Call, rest string, yes bool) (handlers.Outcome, error) {
	n, ok := number(rest)
	if !ok {
		return handlers.Outcome{}, handlers.Refuse("批哪一件？请写编号。", "例：/申导 准 1")
	}
	r, rev, err := readRequest(ctx, &c.Desk, n)
	switch {
	case err != nil:
		return handlers.Outcome{}, err
	case rev == 0:
		return handlers.Outcome{}, handlers.Refusef("编号在问您的那张卡上。", "没有%s这件。", request{N: n}.name())
	case !c.Person.Has(seconds...):
		return handlers.Outcome{}, handlers.Refuse("住户表由领导、党政办或纪工委来批。", "请他们里的一位发这一行。")
	case r.By == c.Person.UserID:
		return handlers.Outcome{}, handlers.Refuse("自己要的表要别人来批。", "请领导、党政办或纪工委里的另一位发这一行。")
	case r.Second != "":
		return handlers.Answer(fmt.Sprintf("%s %s已批过了。", r.name(), title(&c.Desk, r.Second))), nil
	case stale(r.At, c.At):
		return handlers.Outcome{}, handlers.Refusef("要的话请他再申一次。", "%s过了24小时，作废了。", r.name())
	}
	r.Second, r.Agreed, r.No = c.Person.UserID, c.At.Unix(), !yes
	out := handlers.Answer(r.name() + " 不准，已告诉他。")
	tell := handlers.PushAt(handlers.ToPerson(r.By), handlers.Reply, handlers.Say(r.name()+" "+r.Register+"没有批。"), c.At)
	verb := "不准"
	if yes {
		verb = "准"
		out = handlers.Answer(r.name() + " 已批，文件直接发给他，24小时内有效。")
		tell = handlers.PushRecipe(handlers.ToPerson(r.By), handlers.Reply, recipeRelease, map[string]string{"n": strconv.Itoa(n)}, c.At)
		tell.Expires = c.At.Add(fresh)
	}
	tell.Campaign = r.Pack
	out.Pushes = []store.Push{tell}
	out.Changes = []store.Change{r.change(rev)}
	out.Audit = handlers.Audit{Record: "申导/" + r.name() + "/" + verb, Rev: rev + 1}
	return out, nil
}

// render is the workbook, on the facts of the moment it is sent.
func (f *Family) render(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	n, err := strconv.Atoi(s.Args["n"])
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe: %w", err)
	}
	r, rev, err := readRequest(ctx, &s.Desk, n)
	if err != nil {
		return handlers.Content{}, err
	}
	p, _, known := s.Dir.Person(r.By)
	if rev == 0 || r.No || r.Second == "" || stale(r.Agreed, s.At) || !known || !p.Has(takers...) || f.table == nil {
		return handlers.Content{}, &handlers.Moot{Why: "过了24小时，或不再能导出"}
	}
	sight, err := sightOf(ctx, &s.Desk, p)
	if err != nil {
		return handlers.Content{}, err
	}
	sheet, _, ok, err := f.table(ctx, &s.Desk, r.Register, sight)
	if err != nil {
		return handlers.Content{}, err
	}
	if !ok {
		return handlers.Content{}, &handlers.Moot{Why: "这个册已不在用"}
	}
	mark := fmt.Sprintf("%s %s %s 用途：%s 批准：%s 24小时内用完删除，不得转发", r.name(), p.Title, moment(&s.Desk, s.At.Unix()), r.Why, title(&s.Desk, r.Second))
	data, err := workbook(sheet, mark)
	if err != nil {
		return handlers.Content{}, err
	}
	return handlers.Content{
		Text: fmt.Sprintf("%s %s，%d户。用完请删除，不要转发。", r.name(), sheet.Title, len(sheet.Rows)),
		File: &handlers.File{Name: sheet.Title + " " + string(s.Day) + ".xlsx", Data: data},
	}, nil
}

// sightOf is whose households a table may hold: by sight; for the street's own posts, whom
// a second person has let, all.
func sightOf(ctx context.Context, d *handlers.Desk, p config.Person) (handlers.Sight, error) {
	b := d.Read()
	read := d.ReadSight(b, p)
	if err := b.Run(ctx); err != nil {
		return handlers.Sight{}, fmt.Errorf("read sight: %w", err)
	}
	s, err := read()
	s.All = s.All || p.Has(config.RoleParty, config.RoleDutyDesk)
	return s, err
}
