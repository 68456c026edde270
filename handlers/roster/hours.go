package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// early and late say how far from its shift a claim may lie.
const (
	early = time.Hour
	late  = 24 * time.Hour
)

// claim is the shift a line about coming or leaving means, and whose.
type claim struct {
	s    *Shift
	hand *Hand
	i    int // among the takers
	at   time.Time
}

// claimed finds it: by number, by place, or the one that is on about now.
func (f *Family) claimed(ctx context.Context, c *handlers.Call, leaving bool) (*claim, error) {
	rest := strings.TrimSpace(syntax.Normalise(c.Rest))
	id, more, numbered := "", rest, false
	if strings.HasPrefix(strings.ToUpper(rest), "V") {
		if id, more, numbered = shiftNo(rest); numbered {
			rest = more
		}
	}
	k := &claim{at: c.At}
	for _, i := range starts(rest) {
		if m, sure, behind, ok := syntax.Clock(rest[i:]); ok && sure {
			k.at = c.Street.At(c.Day, config.Clock(m))
			rest = rest[:i] + " " + behind
			break
		}
	}
	if k.at.After(c.At) {
		return nil, handlers.Refusef("到了、走了再发。", "%s还没到。", clockText(k.at.In(c.Street.Location)))
	}
	who := c.Person.UserID
	for _, w := range strings.Fields(rest) {
		if x, ok := readWho(&c.Desk, w); ok {
			who, rest = x, strings.TrimSpace(strings.ReplaceAll(rest, w, " "))
		}
	}
	var err error
	if k.hand, err = handOf(ctx, &c.Desk, who); err != nil {
		return nil, err
	}
	if !numbered {
		if id = k.hand.current(c.At, leaving, rest); id == "" {
			return nil, f.noShift(ctx, c, rest, leaving)
		}
	}
	if k.s, err = f.pick(ctx, c, id); err != nil {
		return nil, err
	}
	if k.i = k.s.taker(who); k.i < 0 {
		return nil, handlers.Refusef("先报名：/报名 "+k.s.id, "%s里没有%s。", k.s.id, meOr(c, who))
	}
	if who != c.Person.UserID && !manages(&c.Desk, k.s, c.Person) {
		return nil, handlers.Refusef("请本人发，或请联系人发。", "%s的工时不归您记。", k.s.id)
	}
	if k.at.Before(unix(k.s.From).Add(-early)) || k.at.After(unix(k.s.To).Add(late)) {
		return nil, handlers.Refusef("到了再发。", "%s是%s，现在还不能记。", k.s.id, k.s.when(c.Street))
	}
	return k, nil
}

func meOr(c *handlers.Call, who string) string {
	if who == c.Person.UserID {
		return "您"
	}
	return title(&c.Desk, who)
}

// current is the number of the shift that a claim without a number is about.
func (h *Hand) current(at time.Time, leaving bool, place string) string {
	best, dist := "", int64(0)
	for _, s := range h.Slots {
		if at.Before(unix(s.From).Add(-early)) || at.After(unix(s.To).Add(late)) || leaving && (s.Came == 0 || s.Left > 0) || !leaving && s.Came > 0 {
			continue
		}
		if place != "" && !strings.Contains(s.Place, place) && !strings.Contains(s.Post, place) && place != s.Unit {
			continue
		}
		if d := abs(at.Unix() - s.From); best == "" || d < dist {
			best, dist = s.ID, d
		}
	}
	return best
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// noShift says why there is nothing to claim, and what is open there.
func (f *Family) noShift(ctx context.Context, c *handlers.Call, place string, leaving bool) error {
	if leaving {
		return handlers.Refuse("没有您记过“到”、还没“离”的岗。", "忘了记到，发：/到 V31 8:30")
	}
	list, err := live(ctx, &c.Desk)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.open() > 0 && !s.over(c.At) && s.on(c.Street, c.Day) && place != "" && (strings.Contains(s.Place, place) || s.Unit == place) {
			return handlers.Refusef("您要上就发：/报名 "+s.id, "今天没有您的岗；%s正缺%d人。", s.name(c.Street), s.open())
		}
	}
	return handlers.Refuse("今天没有您的岗。", "看缺哪些，发：/岗位")
}

// come is /到: the beginning of the hours somebody claims. Nobody is asked for it.
func (f *Family) come(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, err := f.claimed(ctx, c, false)
	if err != nil {
		return handlers.Outcome{}, err
	}
	t := &k.s.Takers[k.i]
	if t.Came > 0 && k.at.Equal(c.At) {
		return handlers.Answer(fmt.Sprintf("%s %s到的，记着呢。走时发：/离", k.s.id, clockText(unix(t.Came).In(c.Street.Location)))), nil
	}
	t.Came, t.Left = k.at.Unix(), 0
	k.note(c)
	out := f.keep(&c.Desk, k.s)
	out.Changes = append(out.Changes, k.hand.put())
	out.Reply = handlers.Say(fmt.Sprintf("已记 %s %s到。走时发：/离", k.s.id+" "+k.s.what(), clockText(k.at.In(c.Street.Location))))
	return out, nil
}

// note copies the claim to the person's own shifts.
func (k *claim) note(c *handlers.Call) {
	t := k.s.Takers[k.i]
	s := k.s.slot()
	if old := k.hand.slot(k.s.id); old != nil {
		s.Signed = old.Signed
	}
	s.Came, s.Left = t.Came, t.Left
	k.hand.add(s, c.At)
}

// leave is /离: 本次3.0小时，本月累计14.5小时.
func (f *Family) leave(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, err := f.claimed(ctx, c, true)
	if err != nil {
		return handlers.Outcome{}, err
	}
	t := &k.s.Takers[k.i]
	switch {
	case t.Came == 0:
		return handlers.Outcome{}, handlers.Refusef("例：/到 "+k.s.id+" 8:30", "%s还没有记到，先记几点到的。", k.s.id)
	case k.at.Unix() <= t.Came:
		return handlers.Outcome{}, handlers.Refusef("写到以后的时间。", "%s是%s到的。", k.s.id, clockText(unix(t.Came).In(c.Street.Location)))
	}
	t.Left = k.at.Unix()
	k.note(c)
	worked := k.hand.slot(k.s.id).worked()
	month, _ := k.hand.month(c.Street, k.at)
	out := f.keep(&c.Desk, k.s)
	monday := c.Day.Add(1)
	for monday.Weekday() != time.Monday {
		monday = monday.Add(1)
	}
	out.Changes = append(out.Changes, k.hand.put(), store.DueAt(dueHours, string(monday), c.Street.At(monday, 9*60)))
	text := fmt.Sprintf("本次%s小时，本月累计%s小时。谢谢%s！", hoursText(worked), hoursText(month), meOr(c, t.Who))
	if worked == 0 {
		text = "不到半小时，没有记工时。谢谢" + meOr(c, t.Who) + "！"
	}
	out.Reply = handlers.Say(k.s.id + " " + text)
	return out, nil
}

// row of a table of hours: one claim.
type hourRow struct {
	who  string
	slot Slot
}

// hours is /工时: one's own month; for whoever runs posts also 居民区, and /工时 导 for the
// table.
func (f *Family) hours(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	rest := strings.TrimSpace(syntax.Normalise(c.Rest))
	runs := c.Person.Has(askers...) || slices.Contains(centre(&c.Desk, &Shift{}), c.Person.UserID)
	if more, ok := strings.CutPrefix(rest, "导"); ok {
		if !runs || f.Book == nil {
			return handlers.Outcome{}, handlers.Refuse("工时表由居民区和志愿服务中心导。", "看自己的，发：/工时")
		}
		first, last := period(&c.Desk, more)
		out := handlers.Answer(fmt.Sprintf("%s–%s的志愿工时表做好了，马上在应用里发给您。", first.Label(), last.Label()))
		out.Pushes = []store.Push{handlers.PushRecipe(handlers.ToPerson(c.Person.UserID), handlers.Reply, recipeHours,
			map[string]string{"first": string(first), "last": string(last), "unit": c.Person.Unit}, c.At)}
		out.Audit = handlers.Audit{Record: "导出/志愿工时/" + string(first) + "/" + string(last)}
		return out, nil
	}
	all, err := allHands(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	own := all[c.Person.UserID]
	if own == nil {
		own = &Hand{}
	}
	sum, times := own.month(c.Street, c.At)
	var lines []string
	if times > 0 || !runs {
		lines = append(lines, fmt.Sprintf("您本月%d次，%s小时。", times, hoursText(sum)))
	}
	if runs && !inGroup(c) {
		var total time.Duration
		people, turns := 0, 0
		var rows []string
		for _, who := range sorted(all) {
			h := all[who]
			if c.Person.Unit != "" && !h.serves(c.Person.Unit) {
				continue
			}
			if d, n := h.month(c.Street, c.At); n > 0 {
				people, turns, total = people+1, turns+n, total+d
				rows = append(rows, fmt.Sprintf("%s %s", title(&c.Desk, who), hoursText(d)))
			}
		}
		if people > 0 {
			where := or(c.Person.Unit, "全街道")
			lines = append(lines, fmt.Sprintf("%s本月%d人%d次，共%s小时（按代号排，不排名次）", where, people, turns, hoursText(total)))
			if len(rows) > 12 {
				rows = append(rows[:12], "……")
			}
			lines = append(lines, strings.Join(rows, "、"), "导出：/工时 导 上周")
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "这个月还没有人记工时。")
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

func (h *Hand) serves(unit string) bool {
	return slices.ContainsFunc(h.Slots, func(s Slot) bool { return s.Unit == unit })
}

// period reads 上周, 本月, 上月, or a day's week: the default is this month.
func period(d *handlers.Desk, text string) (first, last config.Day) {
	monday := d.Day
	for monday.Weekday() != time.Monday {
		monday = monday.Add(-1)
	}
	begin := d.Day.Time(d.Street.Location)
	month := time.Date(begin.Year(), begin.Month(), 1, 0, 0, 0, 0, begin.Location())
	switch {
	case strings.Contains(text, "上周"):
		return monday.Add(-7), monday.Add(-1)
	case strings.Contains(text, "本周"), strings.Contains(text, "这周"):
		return monday, d.Day
	case strings.Contains(text, "上月"), strings.Contains(text, "上个月"):
		return d.Street.Day(month.AddDate(0, -1, 0)), d.Street.Day(month.AddDate(0, 0, -1))
	}
	return d.Street.Day(month), d.Day
}

// hourRows are the claims of volunteers between two days, by the order of codes and times.
func hourRows(d *handlers.Desk, all map[string]*Hand, first, last config.Day, unit string) []hourRow {
	var out []hourRow
	for _, who := range sorted(all) {
		for _, s := range all[who].Slots {
			if day := d.Street.Day(unix(s.From)); s.worked() > 0 && first <= day && day <= last && (unit == "" || s.Unit == unit) {
				out = append(out, hourRow{who, s})
			}
		}
	}
	return out
}

// hoursTable is the layout in which hours are handed over.
func hoursTable(d *handlers.Desk) *config.HoursTable {
	if t := rules(d.Street).Hours; t != nil {
		return t
	}
	return &config.HoursTable{Name: "志愿服务时长", Columns: []config.HoursColumn{
		{Header: "志愿者代号", Value: "代号"}, {Header: "服务类别", Value: "岗位"}, {Header: "服务地点", Value: "地点"},
		{Header: "服务日期", Value: "日期"}, {Header: "开始时间", Value: "开始"}, {Header: "结束时间", Value: "结束"}, {Header: "服务时长（小时）", Value: "时长"},
	}}
}

// renderHours is the table, filled when its turn to be sent has come.
func (f *Family) renderHours(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	d := &s.Desk
	to, ok := person(d, strings.TrimPrefix(string(s.To), "user:"))
	if !ok || f.Book == nil {
		return handlers.Content{}, &handlers.Moot{Why: "不再能导出"}
	}
	all, err := allHands(ctx, d)
	if err != nil {
		return handlers.Content{}, err
	}
	first, last := config.Day(s.Args["first"]), config.Day(s.Args["last"])
	rows := hourRows(d, all, first, last, s.Args["unit"])
	layout := hoursTable(d)
	sheet := handlers.Sheet{Name: layout.Name}
	for _, c := range layout.Columns {
		sheet.Head = append(sheet.Head, c.Header)
	}
	var total time.Duration
	for _, r := range rows {
		total += r.slot.worked()
		var cells []any
		for _, c := range layout.Columns {
			cells = append(cells, r.value(d, c.Value))
		}
		sheet.Rows = append(sheet.Rows, cells)
	}
	data, err := f.Book(to.Title, s.At.In(s.Street.Location), sheet)
	if err != nil {
		return handlers.Content{}, err
	}
	return handlers.Content{
		Text: fmt.Sprintf("%s %s–%s：%d次，共%s小时。实名时长请在上海志愿者网上认定。", layout.Name, first.Label(), last.Label(), len(rows), hoursText(total)),
		File: &handlers.File{Name: layout.Name + " " + string(first) + "至" + string(last) + ".xlsx", Data: data},
	}, nil
}

// value is what a column of the table holds.
func (r hourRow) value(d *handlers.Desk, column string) any {
	loc := d.Street.Location
	switch column {
	case "岗位":
		return r.slot.Post
	case "类别":
		p, _ := post(d.Street, &Shift{Post: r.slot.Post, Pack: packWith(d.Street, r.slot.Post)})
		return string(p.Kind)
	case "地点":
		return or(r.slot.Place, r.slot.Unit)
	case "居民区":
		return r.slot.Unit
	case "日期":
		return string(d.Street.Day(unix(r.slot.From)))
	case "开始":
		return unix(r.slot.Came).In(loc).Format("15:04")
	case "结束":
		return unix(r.slot.Left).In(loc).Format("15:04")
	case "代号":
		return title(d, r.who)
	case "时长":
		return r.slot.worked().Hours()
	}
	return r.slot.ID
}

func packWith(st *config.Street, name string) string {
	for _, r := range st.Runs {
		if r.Pack.Rosters.Post(name) != nil {
			return r.Pack.Name
		}
	}
	return ""
}

// hoursWeek hands the week's table to the centre for volunteers, on Mondays after a week in
// which somebody claimed hours.
func (f *Family) hoursWeek(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	d := &it.Desk
	to := d.Dir.Office(d.Street, rules(d.Street).Centre)
	if len(to) == 0 {
		_, to = carers(d)
	}
	monday := config.Day(it.ID)
	var out handlers.Outcome
	for _, p := range to {
		out.Pushes = append(out.Pushes, handlers.PushRecipe(handlers.ToPerson(p.UserID), handlers.Notice, recipeHours,
			map[string]string{"first": string(monday.Add(-7)), "last": string(monday.Add(-1))}, d.At))
	}
	if len(out.Pushes) == 0 || f.Book == nil {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	return out, nil
}

func sorted(all map[string]*Hand) []string {
	out := make([]string, 0, len(all))
	for who := range all {
		out = append(out, who)
	}
	slices.Sort(out)
	return out
}
