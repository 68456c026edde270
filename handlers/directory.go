package handlers

import (
	"context"
	"fmt"
	"sync/atomic"

	"juwei/config"
	"juwei/store"
)

// ChatOverlay is the overlay's kind for chats bound in chat: field = the chat's
// configured name, value = its chatid.
const ChatOverlay = "chat"

// Street is a street, for the rooms that know no configuration.
type Street = config.Street

// Directory answers who is who and which chat is which: the street's YAML, and over it
// what was administered in chat (the overlay wins until it has been exported).
// Its lookups never touch the network; Refresh does. Safe for concurrent use.
type Directory struct {
	streets []*config.Street
	now     atomic.Pointer[directory]
}

type directory struct {
	people map[string]member // userid → who
	chats  map[string]room   // chatid → which
	ids    map[string]string // street/chat name → chatid
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
	d := &Directory{streets: streets}
	d.now.Store(build(streets, nil))
	return d
}

// Refresh reads the overlay of every street and swaps it in whole. On an error the old
// directory stays.
func (d *Directory) Refresh(ctx context.Context, book Book) error {
	over := map[string]map[string]string{}
	for _, s := range d.streets {
		b := book.Read(s.Code)
		chats := b.All(store.Overlay(ChatOverlay))
		if err := b.Run(ctx); err != nil {
			return fmt.Errorf("refresh directory %s: %w", s.Code, err)
		}
		over[s.Code] = map[string]string{}
		for name, cell := range *chats {
			over[s.Code][name] = cell.Value
		}
	}
	d.now.Store(build(d.streets, over))
	return nil
}

func build(streets []*config.Street, over map[string]map[string]string) *directory {
	d := &directory{people: map[string]member{}, chats: map[string]room{}, ids: map[string]string{}}
	for _, s := range streets {
		for _, p := range s.People {
			if _, taken := d.people[p.UserID]; !taken {
				d.people[p.UserID] = member{s, p}
			}
		}
		for _, c := range s.Chats {
			if id, ok := over[s.Code][c.Name]; ok {
				c.ChatID = id
			}
			d.ids[s.Code+"/"+c.Name] = c.ChatID
			if c.ChatID != "" {
				d.chats[c.ChatID] = room{s, c}
			}
		}
	}
	return d
}

// Streets lists all streets.
func (d *Directory) Streets() []*config.Street { return d.streets }

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

// Liaison returns the userid of a unit's liaison officer, "" if it has none.
func (d *Directory) Liaison(s *config.Street, unit string) string {
	a, _ := s.AreaOf(unit)
	return a.Liaison
}
