package roster

import (
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// person finds somebody of the desk's street.
func person(d *handlers.Desk, who string) (config.Person, bool) {
	p, s, ok := d.Dir.Person(who)
	return p, ok && s.Code == d.Street.Code
}

// title is what somebody on a shift is called: a post, a number, a body; never a name.
func title(d *handlers.Desk, who string) string {
	if rest, ok := strings.CutPrefix(who, "#"); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(who, "="); ok {
		return rest
	}
	if p, ok := person(d, who); ok {
		return p.Title
	}
	return "原来的人"
}

// reachable reports whether the bot can speak to somebody.
func reachable(d *handlers.Desk, who string) bool {
	_, ok := person(d, who)
	return ok
}

// carers are who alone hears who is tired: the office the pack names; where nobody of it is
// known, the party office.
func carers(d *handlers.Desk) (name string, list []config.Person) {
	name = rules(d.Street).Office
	if list = d.Dir.Office(d.Street, name); len(list) > 0 {
		return name, list
	}
	return string(config.RoleParty), d.Dir.PeopleOf(d.Street, config.RoleParty)
}

// cares reports whether a person is one of them.
func cares(d *handlers.Desk, p config.Person) bool {
	_, list := carers(d)
	return slices.ContainsFunc(list, func(x config.Person) bool { return x.UserID == p.UserID })
}

// ids are people's userids.
func ids(list []config.Person) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.UserID)
	}
	return out
}

// coordinators see who stands in reserve: who asked, and the centre for volunteers.
func coordinators(d *handlers.Desk, s *Shift) []string {
	out := []string{}
	if reachable(d, s.By) {
		out = append(out, s.By)
	}
	for _, id := range centre(d, s) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// centre is who is told first of a post nobody has taken: the centre for volunteers, or the
// liaison of the committee where nobody of the centre is known.
func centre(d *handlers.Desk, s *Shift) []string {
	if list := d.Dir.Office(d.Street, rules(d.Street).Centre); len(list) > 0 {
		return ids(list)
	}
	if l := d.Dir.Liaison(d.Street, s.Unit); l != "" {
		return []string{l}
	}
	return ids(d.Dir.DutyDesk(d.Street))
}

// chief is the leader of a committee's area, or the first of the street's.
func chief(d *handlers.Desk, unit string) string {
	if a, ok := d.Street.AreaOf(unit); ok && a.Leader != "" {
		return a.Leader
	}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleLeader) {
		return p.UserID
	}
	return ""
}

// manages reports whether a person may put others on a shift or take them off: who asked,
// the committee whose post it is, its liaison, the centre, the duty desk.
func manages(d *handlers.Desk, s *Shift, p config.Person) bool {
	if p.UserID == s.By || slices.Contains(centre(d, s), p.UserID) || p.Has(config.RoleDutyDesk, config.RoleParty) {
		return true
	}
	if p.Has(config.RoleSecretary, config.RoleWorker) && p.Unit != "" && p.Unit == s.Unit {
		return true
	}
	return s.Unit != "" && d.Dir.Liaison(d.Street, s.Unit) == p.UserID
}

// eligible reports whether somebody may take a post at all. A code stands for a volunteer:
// nobody else has none of the bot's accounts.
func eligible(d *handlers.Desk, p *config.Post, who string) bool {
	if len(p.Who) == 0 {
		return true
	}
	if strings.HasPrefix(who, "#") {
		return slices.Contains(p.Who, config.RoleVolunteer) || p.Kind == config.PostVolunteer
	}
	x, ok := person(d, who)
	return ok && x.Has(p.Who...)
}

// near orders people by how close they are to a committee: of it, of its area, others.
func near(d *handlers.Desk, unit, who string, h *Hand) int {
	of := ""
	if p, ok := person(d, who); ok {
		of = p.Unit
	} else if n := len(h.Slots); n > 0 {
		of = h.Slots[n-1].Unit
	}
	if of == "" || unit == "" {
		return 1
	}
	if of == unit {
		return 0
	}
	a, _ := d.Street.AreaOf(unit)
	if slices.Contains(a.Committees, of) {
		return 1
	}
	return 2
}

// rank orders who is asked to stand in: first those whom the post names first, volunteers
// before a secretary, then those who are near.
func rank(d *handlers.Desk, p *config.Post, unit, who string, h *Hand) int {
	role := len(p.Who)
	if x, ok := person(d, who); ok {
		if i := slices.IndexFunc(p.Who, func(r config.Role) bool { return x.Has(r) }); i >= 0 {
			role = i
		}
	}
	return 3*role + near(d, unit, who, h)
}

// tell says something to people in private, each once; whoever says it hears nothing.
func tell(d *handlers.Desk, but string, kind handlers.PushKind, text string, to ...string) []store.Push {
	var out []store.Push
	var said []string
	for _, id := range to {
		if id == "" || id == but || slices.Contains(said, id) || !reachable(d, id) {
			continue
		}
		said = append(said, id)
		out = append(out, handlers.PushAt(handlers.ToPerson(id), kind, handlers.Say(text), d.At))
	}
	return out
}

// confide is tell for what only the hearer may know: sealed while it waits.
func confide(d *handlers.Desk, kind handlers.PushKind, text string, to ...string) []store.Push {
	out := tell(d, "", kind, text, to...)
	for i := range out {
		out[i].Campaign = keyCare
	}
	return out
}

// inGroup reports whether shifts may be listed with who is on them: in private, or among
// those who run the street. Elsewhere posts are named and people are counted.
func inGroup(c *handlers.Call) bool {
	return !c.Private() && !slices.Contains([]config.ChatKind{config.ChatDutyDesk, config.ChatCommittee, config.ChatVolunteers}, c.Chat.Kind)
}

// awake moves a moment out of the quiet hours, back to before they began: what is said
// before a morning's shift is said the evening before.
func awake(d *handlers.Desk, at int64) int64 {
	t := unix(at)
	if !handlers.QuietUntil(d.Street, t).After(t) {
		return at
	}
	for i := 0; i < 48 && handlers.QuietUntil(d.Street, t).After(t); i++ {
		t = t.Add(-half)
	}
	return t.Unix()
}
