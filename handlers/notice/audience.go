package notice

import (
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// audience is whom a notice is for. Its zero value is every committee, by its secretary.
type audience struct {
	Role  config.Role `json:"role,omitempty"`  // whose it is; "" = the secretary
	Units []string    `json:"units,omitempty"` // the committees; none = all
	Label string      `json:"label,omitempty"` // as the office said it: 一片；未收7的
}

// everybody reports whether it is every committee: such a notice is posted in the group.
func (a audience) everybody() bool { return a.Role == "" && len(a.Units) == 0 }

// byUnit reports whether a committee answers as one, whoever of it does.
func (a audience) byUnit() bool { return a.Role == "" || a.Role == config.RoleWorker }

// addressee is one who confirms: a committee, or a person of a role that has none.
type addressee struct {
	key    string // its field among store.NoticeAcks: the committee's name, or a userid
	name   string // as the office reads it
	people []config.Person
}

// addressees lists them in the street's order.
func (a audience) addressees(d *handlers.Desk) []addressee {
	var out []addressee
	if !a.byUnit() {
		for _, p := range d.Dir.PeopleOf(d.Street, a.Role) {
			if len(a.Units) == 0 || slices.Contains(a.Units, p.Unit) || slices.ContainsFunc(d.Dir.UnitsUnder(d.Street, p), func(u string) bool { return slices.Contains(a.Units, u) }) {
				out = append(out, addressee{p.UserID, p.Title, []config.Person{p}})
			}
		}
		return out
	}
	role, other := config.RoleSecretary, config.RoleWorker
	if a.Role == config.RoleWorker {
		role, other = other, role
	}
	for _, u := range d.Dir.Units(d.Street) {
		if len(a.Units) > 0 && !slices.Contains(a.Units, u.Name) {
			continue
		}
		people := d.Dir.InUnit(d.Street, u.Name, role)
		if len(people) == 0 {
			people = d.Dir.InUnit(d.Street, u.Name, other)
		}
		out = append(out, addressee{u.Name, u.Name, people})
	}
	return out
}

// keyOf is under which key a person confirms; ok is false for who is not addressed.
func (a audience) keyOf(d *handlers.Desk, p config.Person) (string, bool) {
	for _, x := range a.addressees(d) {
		if a.byUnit() && x.key == p.Unit && p.Has(config.RoleSecretary, config.RoleWorker) || x.key == p.UserID {
			return x.key, true
		}
	}
	return "", false
}

// roles that a notice may be addressed to, and how people call them.
var addressed = []syntax.Word{
	{Name: string(config.RoleSecretary)}, {Name: string(config.RoleWorker)},
	{Name: string(config.RoleLiaison)}, {Name: string(config.RoleProperty)},
	{Name: string(config.RoleBuilding), Aliases: []string{"楼宇"}},
}

// all are words for every committee.
var all = []string{"全部", "所有", "大家", "各居民区", "各居委", "全体", "各位书记", "全体书记", "所有居民区"}

// resolve reads 一片、梅园 社工 or 未收7 into an audience; acks are those of the notice that
// a condition names, read before.
func resolve(d *handlers.Desk, text string, earlier map[int]earlier) (audience, error) {
	text = strings.TrimSpace(text)
	if text == "" || slices.Contains(all, text) {
		return audience{}, nil
	}
	a := audience{Label: text}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" 、,，;；和", r) }) {
		units, role, ok := token(d, w, earlier)
		if !ok {
			return a, handlers.Refusef("可以写：一片、梅园、社工、未收7、未办7，不写就是全部居民区。", "没看懂发给谁：“%s”，没有记。", handlers.Quote(w))
		}
		if role != "" {
			a.Role = role
		}
		for _, u := range units {
			if !slices.Contains(a.Units, u) {
				a.Units = append(a.Units, u)
			}
		}
	}
	if a.Role == config.RoleSecretary {
		a.Role = ""
	}
	if len(a.addressees(d)) == 0 || len(a.Units) == 0 && a.Role == "" {
		return a, handlers.Refusef("换个对象，或不写就是全部居民区。", "“%s”里一家也没有，没有记。", handlers.Quote(text))
	}
	return a, nil
}

// earlier is a notice that a condition speaks about, with who has answered it.
type earlier struct {
	v    notice
	acks map[string]ack
}

// token reads one word of an audience.
func token(d *handlers.Desk, w string, before map[int]earlier) (units []string, role config.Role, ok bool) {
	if undone, n, is := condition(w); is {
		e, known := before[n]
		if !known || !e.v.live() || !e.v.To.byUnit() {
			return nil, "", false
		}
		for _, x := range e.v.To.addressees(d) {
			if a := e.acks[x.key]; a.At == 0 || undone && a.Done == 0 {
				units = append(units, x.key)
			}
		}
		return units, "", true
	}
	for _, area := range d.Street.Areas {
		if w == area.Name {
			return area.Committees, "", true
		}
	}
	for _, r := range addressed {
		if w == r.Name || w == "各"+r.Name || slices.Contains(r.Aliases, w) {
			return nil, config.Role(r.Name), true
		}
	}
	var words []syntax.Word
	for _, u := range d.Dir.Units(d.Street) {
		words = append(words, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	if name, rest, found := syntax.Unit(w, words); found && rest == "" {
		return []string{name}, "", true
	}
	return nil, "", false
}

// condition reads 未收7 and 未办7, 没收7的 and 没办7的 too.
func condition(w string) (undone bool, n int, ok bool) {
	for _, p := range []struct {
		word   string
		undone bool
	}{{"未收", false}, {"没收", false}, {"未办", true}, {"没办", true}} {
		rest, found := strings.CutPrefix(w, p.word)
		if !found {
			continue
		}
		n, ok := number(strings.TrimSuffix(rest, "的"))
		return p.undone, n, ok
	}
	return false, 0, false
}

// conditions are the numbers of the notices that an audience's text speaks about.
func conditions(text string) []int {
	var out []int
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" 、,，;；和", r) }) {
		if _, n, ok := condition(w); ok {
			out = append(out, n)
		}
	}
	return out
}

// say is the audience in words: 一片（5家）.
func (a audience) say(d *handlers.Desk) string {
	n := len(a.addressees(d))
	if a.everybody() {
		return fmt.Sprintf("全部居民区（%d家）", n)
	}
	if a.byUnit() {
		return fmt.Sprintf("%s（%d家）", a.Label, n)
	}
	return fmt.Sprintf("%s（%d位）", a.Label, n)
}

// pushes say something to everybody the notice was for: once in the group if it was for
// all, else to each.
func (v notice) pushes(d *handlers.Desk, content handlers.Content) []store.Push {
	var out []store.Push
	if v.To.everybody() {
		for _, chat := range d.Dir.ChatsOf(d.Street, config.ChatSecretaries) {
			out = append(out, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, content, d.At))
		}
		return out
	}
	for _, x := range v.To.addressees(d) {
		for _, p := range x.people {
			out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Notice, content, d.At))
		}
	}
	return out
}
