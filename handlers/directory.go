package handlers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"juwei/config"
)

// ChatOverlay is the overlay's kind for chats bound in chat: field = the chat's
// configured name, value = its chatid.
const ChatOverlay = "chat"

// Street is a street, for the rooms that know no configuration.
type Street = config.Street

// Directory answers who is who and which chat is which: the street's YAML, and over it
// what was administered in chat (the overlay wins until it has been exported).
// Its lookups never touch the network; Refresh does. Safe for concurrent use.
//
// A street it hands out is a snapshot as of a day: who stands in for whom that day is the
// liaison or the leader of the area. While nothing is administered it is the YAML's own.
type Directory struct {
	yaml []*config.Street
	now  atomic.Pointer[directory]
	mu   sync.Mutex // of whoever makes a new snapshot
}

type directory struct {
	streets []*config.Street  // as they are on their days
	plain   []*config.Street  // as they are written, with the overlay: terms not resolved
	over    []laid            // by street
	days    []config.Day      // by street; "" = no term holds
	people  map[string]member // userid → who
	former  map[string]string // userid → title of who was removed in chat
	chats   map[string]room   // chatid → which
	ids     map[string]string // street/chat name → chatid
	grants  map[string]Grant  // userid → the newest emergency grant
	alerts  map[string]Alert  // street/pack → the level it stands at
	dated   bool              // some area has terms
}

type member struct {
	street *config.Street
	person config.Person
}

type room struct {
	street *config.Street
	chat   config.Chat
}

// NewDirectory makes a directory of the YAML alone.
func NewDirectory(streets []*config.Street) *Directory {
	d := &Directory{yaml: streets}
	n, err := build(streets, make([]laid, len(streets)), make([]config.Day, len(streets)), nil)
	if err != nil { // without an overlay nothing is decoded
		panic(err)
	}
	d.now.Store(n)
	return d
}

// Refresh reads the overlay of every street and swaps it in whole. On an error the old
// directory stays.
func (d *Directory) Refresh(ctx context.Context, book Book) error {
	grants, alerts, over := map[string]Grant{}, map[string]Alert{}, make([]laid, len(d.yaml))
	for i, s := range d.yaml {
		b := book.Read(s.Code)
		read, glasses, levels := asks(b), b.All(Glasses()), b.All(Alerts())
		if err := b.Run(ctx); err != nil {
			return fmt.Errorf("refresh directory %s: %w", s.Code, err)
		}
		if err := openGrants(*glasses, grants); err != nil {
			return fmt.Errorf("refresh directory %s: %w", s.Code, err)
		}
		if err := openAlerts(s, *levels, alerts); err != nil {
			return fmt.Errorf("refresh directory %s: %w", s.Code, err)
		}
		over[i] = read()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.now.Load()
	n, err := build(d.yaml, over, was.days, was)
	if err != nil {
		return fmt.Errorf("refresh directory: %w", err)
	}
	n.grants, n.alerts = grants, alerts
	d.now.Store(n)
	return nil
}

// Dawn makes it the day of a moment: terms that begin or end with it do so. It asks nobody.
func (d *Directory) Dawn(at time.Time) {
	was := d.now.Load()
	if len(d.yaml) == 0 || !was.dated && was.days[0] != "" {
		return
	}
	days := make([]config.Day, len(d.yaml))
	for i, s := range d.yaml {
		days[i] = s.Day(at)
	}
	if slices.Equal(days, was.days) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	was = d.now.Load()
	n, err := build(d.yaml, was.over, days, was)
	if err != nil { // it was decoded before
		return
	}
	n.grants, n.alerts = was.grants, was.alerts
	d.now.Store(n)
}

// build makes a snapshot. Streets that are as they were keep their values: others may have
// kept what they made of them.
func build(streets []*config.Street, over []laid, days []config.Day, was *directory) (*directory, error) {
	d := &directory{people: map[string]member{}, former: map[string]string{}, chats: map[string]room{}, ids: map[string]string{}, over: over, days: days}
	for i, yaml := range streets {
		plain, former, err := overlaid(yaml, over[i])
		if err != nil {
			return nil, err
		}
		s := plain.On(days[i])
		if was != nil && over[i].equal(was.over[i]) {
			plain = was.plain[i]
			if s = was.streets[i]; days[i] != was.days[i] {
				s = plain.On(days[i])
			}
		}
		d.plain, d.streets = append(d.plain, plain), append(d.streets, s)
		maps.Copy(d.former, former)
		d.dated = d.dated || slices.ContainsFunc(plain.Areas, func(a config.Area) bool { return len(a.Terms) > 0 })
		for _, p := range s.People {
			if _, taken := d.people[p.UserID]; !taken {
				d.people[p.UserID] = member{s, p}
			}
		}
		for _, c := range s.Chats {
			if id, ok := over[i][ChatOverlay][c.Name]; ok {
				c.ChatID = id
			}
			d.ids[s.Code+"/"+c.Name] = c.ChatID
			if c.ChatID != "" {
				d.chats[c.ChatID] = room{s, c}
			}
		}
	}
	return d, nil
}

// Streets lists all streets as they are on the day of the last Dawn.
func (d *Directory) Streets() []*config.Street { return d.now.Load().streets }

// Plain is a street as it would be written: the YAML with the overlay, whatever the day.
func (d *Directory) Plain(s *config.Street) *config.Street {
	for _, one := range d.now.Load().plain {
		if one.Code == s.Code {
			return one
		}
	}
	return s
}

// YAML is a street as its file says.
func (d *Directory) YAML(s *config.Street) *config.Street {
	for _, one := range d.yaml {
		if one.Code == s.Code {
			return one
		}
	}
	return s
}

// Former is the title of a person who was removed in chat.
func (d *Directory) Former(userid string) (title string, ok bool) {
	title, ok = d.now.Load().former[userid]
	return title, ok
}

// Person finds a person and the street they belong to.
func (d *Directory) Person(userid string) (config.Person, *config.Street, bool) {
	m, ok := d.now.Load().people[userid]
	return m.person, m.street, ok
}

// Chat finds a bound chat and its street.
func (d *Directory) Chat(chatid string) (config.Chat, *config.Street, bool) {
	r, ok := d.now.Load().chats[chatid]
	return r.chat, r.street, ok
}

// ChatNamed finds a street's chat by its configured name, bound or not.
func (d *Directory) ChatNamed(s *config.Street, name string) (config.Chat, bool) {
	for _, c := range s.Chats {
		if c.Name == name {
			c.ChatID = d.now.Load().ids[s.Code+"/"+name]
			return c, true
		}
	}
	return config.Chat{}, false
}

// ChatsOf lists a street's chats of one kind.
func (d *Directory) ChatsOf(s *config.Street, kind config.ChatKind) []config.Chat {
	var out []config.Chat
	for _, c := range s.Chats {
		if c.Kind == kind {
			c.ChatID = d.now.Load().ids[s.Code+"/"+c.Name]
			out = append(out, c)
		}
	}
	return out
}

// PeopleOf lists a street's people with a role.
func (d *Directory) PeopleOf(s *config.Street, role config.Role) []config.Person {
	var out []config.Person
	for _, p := range s.People {
		if p.Has(role) {
			out = append(out, p)
		}
	}
	return out
}

// Office lists the people of one of a street's offices.
func (d *Directory) Office(s *config.Street, name string) []config.Person {
	var out []config.Person
	for _, p := range s.People {
		if p.Of(name) {
			out = append(out, p)
		}
	}
	return out
}

// DutyDesk lists who passes on, by telephone, what did not reach somebody.
func (d *Directory) DutyDesk(s *config.Street) []config.Person {
	return d.PeopleOf(s, config.RoleDutyDesk)
}

// Administrators lists who hears of the bot's own troubles.
func (d *Directory) Administrators(s *config.Street) []config.Person {
	return d.PeopleOf(s, config.RoleAdmin)
}

// InUnit lists the people with a role in one unit.
func (d *Directory) InUnit(s *config.Street, unit string, roles ...config.Role) []config.Person {
	var out []config.Person
	for _, p := range s.People {
		if p.Unit == unit && p.Has(roles...) {
			out = append(out, p)
		}
	}
	return out
}

// Units lists a street's committees in their fixed order.
func (d *Directory) Units(s *config.Street) []config.Committee { return s.Committees }

// Unit finds a committee by its name.
func (d *Directory) Unit(s *config.Street, name string) (config.Committee, bool) {
	for _, c := range s.Committees {
		if c.Name == name {
			return c, true
		}
	}
	return config.Committee{}, false
}

// UnitsUnder lists the units that a person looks after: those of the areas whose
// liaison or leader the person is; nil for everybody else.
func (d *Directory) UnitsUnder(s *config.Street, p config.Person) []string {
	var out []string
	for _, a := range s.Areas {
		if a.Liaison == p.UserID || a.Leader == p.UserID && p.Has(config.RoleAreaLeader) {
			out = append(out, a.Committees...)
		}
	}
	return out
}

// Granted is the emergency grant by which a person may see every household at a moment.
func (d *Directory) Granted(userid string, at time.Time) (Grant, bool) {
	g, ok := d.now.Load().grants[userid]
	return g, ok && g.holds(at)
}

// Liaison returns the userid of a unit's liaison officer, "" if it has none.
func (d *Directory) Liaison(s *config.Street, unit string) string {
	a, _ := s.AreaOf(unit)
	return a.Liaison
}
