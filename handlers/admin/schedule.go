package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// Agenda is what /日程 can show beside the street's packs: the kinds of things that the
// other families do by themselves.
type Agenda struct {
	Duties []handlers.Duty
	Items  []handlers.DueItem
}

const (
	shown = 5                  // so many moments fit a phone's screen
	sight = 7 * 24 * time.Hour // how far ahead due items are looked for
)

func (a Agenda) command() handlers.Command {
	return handlers.Command{
		Name: "日程", Aliases: []string{"接下来", "定时"},
		Roles:   []config.Role{config.RoleDutyDesk, config.RoleAdmin, config.RoleDiscipline},
		Summary: "接下来自动做什么", Usage: "/日程", Example: "/日程", Run: a.schedule,
	}
}

// coming is one thing that will happen, in words.
type coming struct {
	at   time.Time
	what string
}

// schedule is /日程: the next things that will happen by themselves, and what of today
// will not.
func (a Agenda) schedule(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	cursors := b.All(store.Cursors())
	items := make([]*[]store.DueItem, len(a.Items))
	for i, it := range a.Items {
		items[i] = b.DueBy(it.Kind, c.At.Add(sight))
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read schedule: %w", err)
	}
	var next, late, rest []coming
	plans := handlers.Plans(c.Street, a.Duties)
	for _, p := range plans {
		if p.Standing() {
			continue // the house's own tidying is nobody's business
		}
		cursor := handlers.StartCursor(c.At)
		if cell, seen := (*cursors)[p.Name()]; seen {
			var err error
			if cursor, err = handlers.ParseCursor(cell); err != nil {
				return handlers.Outcome{}, err
			}
		}
		at := c.At
		for range shown {
			slot, ok := p.Upcoming(cursor, at)
			if !ok {
				break
			}
			next = append(next, coming{slot, title(p) + audience(c, p)})
			at = slot
		}
		if cursor.Skipped > 0 && c.Street.Day(cursor.Done) == c.Day {
			late = append(late, coming{cursor.Done, title(p)})
		}
		if slot, out := p.LeftOut(c.Day); out {
			rest = append(rest, coming{slot, title(p)})
		}
	}
	for i, list := range items {
		for _, it := range *list {
			next = append(next, coming{it.At, strings.TrimSpace(a.Items[i].Title + " " + it.ID)})
		}
	}
	sortComing(next)
	next = next[:min(len(next), shown)]
	lines := []string{fmt.Sprintf("接下来%d件：", len(next))}
	if len(next) == 0 {
		lines = []string{"没有要自动做的事了。"}
	}
	for _, x := range next {
		lines = append(lines, when(c, x.at)+" "+x.what)
	}
	lines = append(lines, left(c, "今天没做（那时停着，恢复后已过时）", late)...)
	kind := "休息日"
	if c.Street.Calendar.Workday(c.Day) {
		kind = "工作日"
	}
	lines = append(lines, left(c, "今天是"+kind+"，不做", rest)...)
	return handlers.Answer(strings.Join(append(lines, remarks(c, plans, len(next))...), "\n")), nil
}

func sortComing(list []coming) {
	slices.SortStableFunc(list, func(x, y coming) int { return cmp.Compare(x.at.Unix(), y.at.Unix()) })
}

// title is what a duty does, about which form.
func title(p handlers.Plan) string {
	text := p.Kind.Title
	if text == "" {
		text = p.Duty.Do
	}
	return strings.TrimSpace(text + " " + p.Duty.Form)
}

// audience is whom a duty speaks to.
func audience(c *handlers.Call, p handlers.Plan) string {
	if p.Duty.Chat == "" {
		return "，私聊"
	}
	var chats []string
	for _, chat := range c.Dir.ChatsOf(c.Street, p.Duty.Chat) {
		chats = append(chats, chat.Name)
	}
	if len(chats) == 0 {
		return "，没有群可发"
	}
	return "，发" + strings.Join(chats, "、")
}

// left is one line about what of today is not done; none if everything is.
func left(c *handlers.Call, why string, list []coming) []string {
	if len(list) == 0 {
		return nil
	}
	sortComing(list)
	var parts []string
	for _, x := range list {
		parts = append(parts, clock(c, x.at)+x.what)
	}
	return []string{why + "：" + strings.Join(parts, "、")}
}

// remarks explain why little is planned, and which workdays are guessed.
func remarks(c *handlers.Call, plans []handlers.Plan, planned int) []string {
	var out []string
	said := map[string]bool{}
	for _, p := range plans {
		if end := p.Run.To; planned < shown && end != "" && !said[p.Run.Pack.Name] {
			said[p.Run.Pack.Name] = true
			word := "到%s止"
			if end < c.Day {
				word = "%s已结束"
			}
			out = append(out, p.Run.Pack.Title+fmt.Sprintf(word, end.Label()))
		}
		if p.Duty.Days != config.DaysAll && !c.Street.Calendar.Knows(c.Day) && !said[""] {
			said[""] = true
			out = append(out, fmt.Sprintf("没有%d年的放假安排，周一到周五都当工作日", c.Day.Year()))
		}
	}
	return out
}

// when is a moment as people say it, from today.
func when(c *handlers.Call, at time.Time) string {
	day := c.Street.Day(at)
	label := day.Label()
	for i, near := range []string{"今天", "明天", "后天"} {
		if day == c.Day.Add(i) {
			label = near
		}
	}
	return label + clock(c, at)
}

func clock(c *handlers.Call, at time.Time) string { return at.In(c.Street.Location).Format("15:04") }
