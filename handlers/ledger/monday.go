package ledger

import (
	"context"
	"fmt"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// monday is the weekly report to the discipline office and 党政办: what was asked of the
// committees in the seven days before the slot, by whom, and what became of complaints. It
// names no committee.
func monday(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	if !first(m) {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	last := m.Day.Add(-1)
	from := last.Add(-6)
	b := m.Read()
	week, before := account(b, from, last), account(b, from.Add(-7), from.Add(-1))
	complaints, gate := allComplaints(b), stops(b, from, last)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read burden: %w", err)
	}
	sum, err := week()
	if err != nil {
		return handlers.Outcome{}, err
	}
	old, err := before()
	if err != nil {
		return handlers.Outcome{}, err
	}
	list, err := complaints()
	if err != nil {
		return handlers.Outcome{}, err
	}
	if len(sum)+len(list)+gate() == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	units := len(m.Dir.Units(m.Street))
	lines := []string{fmt.Sprintf("【减负周报 %s–%s】", from.Label(), last.Label()), inUse(&m.Desk, last) + fmt.Sprintf("，拦下重复字段%d项", gate())}
	lines = append(lines, sum.lines(units, 7)...)
	if len(old) > 0 {
		lines = append(lines, "上周每居民区每天约"+perUnit(old.total(), units, 7)+"分钟")
	}
	came, closed, open := 0, 0, 0
	for _, c := range list {
		if from <= c.Day && c.Day <= last {
			came++
		}
		if from <= c.Closed && c.Closed <= last {
			closed++
		}
		if c.Closed == "" {
			open++
		}
	}
	lines = append(lines, fmt.Sprintf("反映%d条，办结%d条，待办%d条", came, closed, open))
	text := strings.Join(lines, "\n")
	out := handlers.Outcome{Audit: handlers.Audit{Record: "减负周报/" + string(m.Day), Values: text}}
	for _, to := range audience(m) {
		out.Pushes = append(out.Pushes, handlers.PushAt(to, handlers.Digest, handlers.Say(text), m.At))
	}
	return out, nil
}

// audience is 党政办, and the discipline office in its group if the duty names one.
func audience(m *handlers.Moment) []handlers.Target {
	var out []handlers.Target
	chats := m.Dir.ChatsOf(m.Street, m.Duty.Chat)
	for _, chat := range chats {
		out = append(out, handlers.ToChat(chat.Name))
	}
	for _, role := range readers {
		if len(chats) > 0 && role == config.RoleDiscipline {
			continue
		}
		for _, p := range m.Dir.PeopleOf(m.Street, role) {
			out = append(out, handlers.ToPerson(p.UserID))
		}
	}
	return out
}

// first reports whether no pack before the moment's has the duty: several packs that run
// side by side don't report twice.
func first(m *handlers.Moment) bool {
	for _, p := range m.Street.Active(m.Day) {
		for _, d := range p.Duties {
			if d.Do == m.Duty.Do {
				return p == m.Pack
			}
		}
	}
	return true
}

// inUse counts the forms that were in force on a day, and what they ask.
func inUse(d *handlers.Desk, day config.Day) string {
	forms, fields := 0, 0
	for _, p := range d.Street.Active(day) {
		for _, f := range p.Forms {
			if f.InForce(day) {
				forms++
				fields += len(f.Asked())
			}
		}
	}
	return fmt.Sprintf("在用表%d张，问%d项", forms, fields)
}
