package cases

import (
	"cmp"
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

// book is one numbered list whose items are cases: the answer to a round of inspection
// (清单2, card S38), or a measure of the task book (任务3, card S42).
type book struct {
	Title string `json:"t"`
	By    string `json:"b"`
	At    int64  `json:"a"`
	Items int    `json:"n"`

	kind config.CaseKind
	n    int
	rev  int
}

// books holds them: field = 清单2.
var books = store.Records("case-book")

const (
	maxItems = 12
	maxTitle = 20 // characters
	maxItem  = 60
)

func (k book) field() string { return string(k.kind) + strconv.Itoa(k.n) }

func (k book) name() string { return k.field() + " " + k.Title }

func openBook(field string, c store.Cell) (book, error) {
	letter, n, _ := split(field)
	out := book{kind: config.CaseKind(letter), n: n, rev: c.Rev}
	if err := json.Unmarshal([]byte(c.Value), &out); err != nil {
		return out, fmt.Errorf("decode %s: %w", field, err)
	}
	return out, nil
}

// openBooks are all lists, in the order of their numbers, each kind for itself.
func openBooks(cells map[string]store.Cell) ([]book, error) {
	out := make([]book, 0, len(cells))
	for field, c := range cells {
		k, err := openBook(field, c)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b book) int { return cmp.Or(strings.Compare(string(a.kind), string(b.kind)), a.n-b.n) })
	return out, nil
}

func (k book) put() store.Change {
	b, err := json.Marshal(k)
	if err != nil {
		panic("cases: list does not encode: " + err.Error())
	}
	return store.Put(books, k.field(), k.rev, string(b))
}

// keepers may open a list; its items are told by their owners.
var keepers = []config.Role{config.RoleLeader, config.RoleAreaLeader, config.RoleParty, config.RoleDutyDesk, config.RoleDiscipline, config.RoleInspector}

// book is /清单 or /任务 with whatever follows: a new list of several lines, a list's number,
// an item's number with how far it is.
func (f *Family) book(kind config.CaseKind) func(context.Context, *handlers.Call) (handlers.Outcome, error) {
	return func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
		text := strings.TrimSpace(c.Rest)
		if strings.Contains(text, "\n") {
			return f.openBook(ctx, c, kind, text)
		}
		ref, rest, ok := syntax.Reference(string(kind) + text)
		switch {
		case text == "":
			return f.shelf(ctx, c, kind)
		case !ok:
			return handlers.Outcome{}, handlers.Refusef(bookExample(kind), "要开一张%s，一行一项；看一张，写编号。什么也没记。", kind)
		case ref.Sub > 0:
			item := *c
			item.Rest = string(kind) + text
			return f.advance(ctx, &item)
		case strings.TrimSpace(rest) != "":
			return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/%s %d.1 117/123", kind, ref.N), "是%s%d的第几项？没有记。", kind, ref.N)
		}
		return f.page(ctx, c, kind, ref.N)
	}
}

func bookExample(kind config.CaseKind) string {
	if kind == config.CaseTask {
		return "例：/任务 楼宇防疫\n管理办 2.18 出台楼宇标准\n党政办一 2.20 每栋楼一张表"
	}
	return "例：/清单 督查反馈\n管理办 2.15 告示贴满123个小区\n梅园 明天 补登记本"
}

// openBook opens a list: its title, and on each further line who, until when, what.
func (f *Family) openBook(ctx context.Context, c *handlers.Call, kind config.CaseKind, text string) (handlers.Outcome, error) {
	if !c.Person.Has(keepers...) {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("您手上的，发：/%s", kind), "%s由指挥部来开，没有记。", kind)
	}
	t, p := typeFor(&c.Desk, "", kind)
	if t == nil {
		return handlers.Outcome{}, handlers.Refusef("急事打电话找值班室。", "现在没有在跟的“%s”，没有记。", kind)
	}
	lines := strings.Split(text, "\n")
	head := book{Title: strings.Trim(marks(lines[0]), " ,，。:："), By: c.Person.UserID, At: c.At.Unix(), kind: kind}
	if n := len([]rune(head.Title)); n == 0 || n > maxTitle {
		return handlers.Outcome{}, handlers.Refusef(bookExample(kind), "第一行是名称，1到%d个字，什么也没记。", maxTitle)
	}
	var list []request
	for i, line := range lines[1:] {
		if strings.TrimSpace(line) == "" {
			continue
		}
		r, err := f.itemOf(c, line, t, p)
		if err != nil {
			return handlers.Outcome{}, handlers.Refusef(err.Fix, "第%d行：%s都没有记。", i+2, err.What)
		}
		list = append(list, r)
	}
	if len(list) == 0 || len(list) > maxItems {
		return handlers.Outcome{}, handlers.Refusef(bookExample(kind), "一张%s1到%d项，一行一项，什么也没记。", kind, maxItems)
	}
	b := c.Read()
	last := b.Cell(counts, string(kind))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read number: %w", err)
	}
	if last.Rev > 0 {
		var err error
		if head.n, err = strconv.Atoi(last.Value); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read number: %w", err)
		}
	}
	head.n++
	head.Items = len(list)
	for i := range list {
		list[i].item = [2]int{head.n, i + 1}
	}
	found, out, err := f.openAll(ctx, &c.Desk, c.Person.UserID, list, nil)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out.Changes = append(out.Changes, head.put(), store.Put(counts, string(kind), last.Rev, strconv.Itoa(head.n)))
	out.Audit = handlers.Audit{Record: head.field(), Rev: 1, Values: fmt.Sprint(head.Title, " ", head.Items)}
	said := []string{fmt.Sprintf("%s：%d项已派。", head.name(), head.Items)}
	for _, o := range found {
		said = append(said, fmt.Sprintf("%s %s %s前 %s", o.k.pair(), titles(&c.Desk, o.k.Owners), when(&c.Desk, o.k.Due), handlers.Clip(o.k.Text, 16)))
	}
	out.Reply = handlers.Say(strings.Join(append(said, fmt.Sprintf("看进展：/%s %d", kind, head.n)), "\n"))
	return out, nil
}

// itemOf reads one line: who, until when, what; a mark of its place in front (一是, 2.) falls
// away.
func (f *Family) itemOf(c *handlers.Call, line string, t *config.CaseType, p *config.Pack) (request, *handlers.Refusal) {
	line = strings.TrimSpace(syntax.Normalise(line))
	who, rest := f.named(c, line)
	if len(who) == 0 {
		if _, after, ok := strings.Cut(line, " "); ok && len([]rune(line))-len([]rune(after)) <= 6 {
			who, rest = f.named(c, after)
		}
	}
	if len(who) == 0 {
		who, rest = f.named(c, strings.TrimLeft(line, "(（一二三四五六七八九十0123456789)）.、:是 "))
	}
	if len(who) == 0 {
		return request{}, handlers.Refuse("没看出交给谁，", "每行先写职务或居民区，例：管理办 2.15 告示贴满123个小区")
	}
	at, text, dated := deadline(&c.Desk, rest)
	if dated {
		why := (*handlers.Refusal)(nil)
		if err := ahead(&c.Desk, at); err != nil {
			why, _ = err.(*handlers.Refusal) //nolint:errorlint // ahead refuses and does nothing else
			return request{}, why
		}
	}
	if n := len([]rune(text)); n == 0 || n > maxItem {
		return request{}, handlers.Refusef("例：管理办 2.15 告示贴满123个小区", "什么事？写1到%d个字，", maxItem)
	}
	r := request{typ: t, pack: p, text: marks(text), due: at}
	for _, w := range who {
		r.owners = append(r.owners, w.UserID)
		r.unit = w.Unit
	}
	return r, nil
}

// pair is the number's two parts alone: 2.3 of 清单2.3.
func (k *Case) pair() string {
	_, n, sub := split(k.id)
	return fmt.Sprintf("%d.%d", n, sub)
}

// shelf is /清单 alone: the lists, and what of them is the caller's.
func (f *Family) shelf(ctx context.Context, c *handlers.Call, kind config.CaseKind) (handlers.Outcome, error) {
	b := c.Read()
	kept, cells := b.All(books), b.All(recent)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read lists: %w", err)
	}
	titles, err := openBooks(*kept)
	if err != nil {
		return handlers.Outcome{}, err
	}
	open, err := briefs(*cells)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var lines []string
	if c.Person.Unit == "" {
		for _, k := range titles {
			if k.kind == kind {
				lines = append(lines, k.count(&c.Desk, open))
			}
		}
		if len(lines) > maxItems {
			lines = lines[len(lines)-maxItems:]
		}
	}
	list, err := all(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	for _, k := range list {
		if l, _, _ := split(k.id); l == string(kind) && k.State != Closed && k.owns(&c.Desk, c.Person) {
			lines = append(lines, "您的："+k.line(&c.Desk))
		}
	}
	switch {
	case len(lines) > 0:
		return handlers.Answer(strings.Join(lines, "\n") + fmt.Sprintf("\n报进展：/%s 编号 到哪了，例：/%s 2.1 117/123，或 /%s 2.1 完成", kind, kind, kind)), nil
	case c.Person.Has(keepers...):
		return handlers.Answer(fmt.Sprintf("还没有%s。要开一张，一行一项。%s", kind, bookExample(kind))), nil
	}
	return handlers.Answer(fmt.Sprintf("没有您的%s。", kind)), nil
}

// page is /清单 2: the list with its items, closed ones too; who belongs to a committee sees
// its own.
func (f *Family) page(ctx context.Context, c *handlers.Call, kind config.CaseKind, n int) (handlers.Outcome, error) {
	k := book{kind: kind, n: n}
	b := c.Read()
	cell := b.Cell(books, k.field())
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read %s: %w", k.field(), err)
	}
	if cell.Rev == 0 {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("看有哪些，发：/%s", kind), "没有%s%d。", kind, n)
	}
	k, err := openBook(k.field(), *cell)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var ids []string
	for sub := range k.Items {
		ids = append(ids, item(string(kind), n, sub+1))
	}
	items, err := several(ctx, &c.Desk, ids)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var lines []string
	done := 0
	for _, x := range items {
		if x.State == Closed {
			done++
		}
		if x.sees(&c.Desk, c.Person) {
			lines = append(lines, x.entry(&c.Desk))
		}
	}
	if len(lines) == 0 {
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("看有哪些，发：/%s", kind), "%s里没有您的。", k.field())
	}
	return handlers.Answer(fmt.Sprintf("%s：%d项 完成%d\n%s", k.name(), k.Items, done, strings.Join(lines, "\n"))), nil
}

// entry is an item in its list: 2.1 管理办 告示贴满123个小区 117/123（95.1%），2月15日17:00前.
func (k *Case) entry(d *handlers.Desk) string {
	s := fmt.Sprintf("%s %s %s", k.pair(), titles(d, k.Owners), k.Text)
	if far := k.far(); far != "" && slices.Contains(ours, k.State) {
		s += " " + far
	}
	switch {
	case k.State == Closed:
		return s + "，完成"
	case k.State == Fixed:
		return s + "，已改待验"
	case k.Due > 0 && k.Due < d.At.Unix():
		return s + "，已过" + when(d, k.Due)
	case k.Due > 0:
		return s + "，" + when(d, k.Due) + "前"
	}
	return s + "，" + string(k.State)
}

// left is how many of a list's items are open. What is open is among those given.
func (k book) left(list []brief) int {
	n := 0
	for _, b := range list {
		if letter, at, _ := split(b.id); letter == string(k.kind) && at == k.n && b.State != Closed {
			n++
		}
	}
	return n
}

// count is a list in one line: 清单2 督查反馈：5项 完成3 逾期1.
func (k book) count(d *handlers.Desk, list []brief) string {
	late := 0
	for _, b := range list {
		if letter, at, _ := split(b.id); letter == string(k.kind) && at == k.n && b.State != Closed && b.late(d.At.Unix()) {
			late++
		}
	}
	s := fmt.Sprintf("%s：%d项 完成%d", k.name(), k.Items, k.Items-k.left(list))
	if late > 0 {
		s += fmt.Sprintf(" 逾期%d", late)
	}
	return s
}
