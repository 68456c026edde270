package handlers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"juwei/config"
	"juwei/store"
)

// The overlay's kinds beside ChatOverlay: what was administered in chat. Each value is one
// of the edits below as JSON, whole: it stands in for what the YAML says of the same field.
const (
	PeopleOverlay = "people" // field = userid, value = PersonEdit
	RoomOverlay   = "room"   // field = a chat's name, value = ChatEdit
	AreaOverlay   = "area"   // field = an area's name, value = AreaEdit
	UnitOverlay   = "unit"   // field = a committee's name, value = UnitEdit
)

// OverlayKinds lists the kinds whose values are edits.
func OverlayKinds() []string { return []string{PeopleOverlay, RoomOverlay, AreaOverlay, UnitOverlay} }

// Every edit keeps in Was what the YAML said when it was made, as Print does ("" = nothing):
// if the YAML says something else by now, somebody has written there meanwhile.

// PersonEdit is a person as administered in chat. Gone = no longer one of the street's.
type PersonEdit struct {
	Title string        `json:"t,omitempty"`
	Roles []config.Role `json:"r,omitempty"`
	Unit  string        `json:"u,omitempty"`
	Gone  bool          `json:"g,omitempty"`
	Was   string        `json:"w,omitempty"`
}

// ChatEdit is a group as administered in chat. Where it lies is bound with /绑定.
type ChatEdit struct {
	Kind config.ChatKind `json:"k,omitempty"`
	Gone bool            `json:"g,omitempty"`
	Was  string          `json:"w,omitempty"`
}

// AreaEdit is an area as administered in chat.
type AreaEdit struct {
	Leader     string        `json:"l"`
	Liaison    string        `json:"i"`
	Committees []string      `json:"c"`
	Terms      []config.Term `json:"t,omitempty"`
	Was        string        `json:"w,omitempty"`
}

// UnitEdit is a committee as administered in chat: its names and places. The households of
// a compound stay those of the YAML's compound of that name.
type UnitEdit struct {
	Aliases   []string        `json:"a,omitempty"`
	Compounds []EditedQuarter `json:"c,omitempty"`
	Was       string          `json:"w,omitempty"`
}

// EditedQuarter is a compound of a UnitEdit.
type EditedQuarter struct {
	Name  string   `json:"n"`
	Gates []string `json:"g,omitempty"`
}

// EditPerson makes the edit that changes nothing.
func EditPerson(p config.Person) PersonEdit {
	return PersonEdit{Title: p.Title, Roles: slices.Clone(p.Roles), Unit: p.Unit}
}

// EditChat makes the edit that changes nothing.
func EditChat(c config.Chat) ChatEdit { return ChatEdit{Kind: c.Kind} }

// EditArea makes the edit that changes nothing.
func EditArea(a config.Area) AreaEdit {
	return AreaEdit{Leader: a.Leader, Liaison: a.Liaison, Committees: slices.Clone(a.Committees), Terms: slices.Clone(a.Terms)}
}

// EditUnit makes the edit that changes nothing.
func EditUnit(c config.Committee) UnitEdit {
	e := UnitEdit{Aliases: slices.Clone(c.Aliases)}
	for _, x := range c.Compounds {
		e.Compounds = append(e.Compounds, EditedQuarter{x.Name, slices.Clone(x.Gates)})
	}
	return e
}

// Print is an edit in one line, without what it was before: equal prints say the same.
func Print(edit any) string {
	body, err := json.Marshal(edit)
	if err != nil {
		panic("handlers: edit does not encode: " + err.Error())
	}
	return string(body)
}

// Written is what the YAML says of a field of the overlay, as Print does; "" if nothing.
func Written(s *config.Street, kind, field string) string {
	switch kind {
	case PeopleOverlay:
		if p, ok := s.Person(field); ok {
			return Print(EditPerson(p))
		}
	case RoomOverlay:
		for _, c := range s.Chats {
			if c.Name == field {
				return Print(EditChat(c))
			}
		}
	case AreaOverlay:
		for _, a := range s.Areas {
			if a.Name == field {
				return Print(EditArea(a))
			}
		}
	case UnitOverlay:
		if c, ok := s.Committee(field); ok && c.Name == field {
			return Print(EditUnit(c))
		}
	}
	return ""
}

// Standing is how an edit stands to the YAML by now.
type Standing int

// The standings.
const (
	Unwritten Standing = iota // the YAML still says what it said: the edit waits to be exported
	Settled                   // the YAML says the same: the edit is needed no more
	Conflict                  // the YAML says a third thing; the edit holds until somebody decides
)

// Stands compares one cell of the overlay with the YAML.
func Stands(s *config.Street, kind, field, value string) (Standing, error) {
	var (
		says, was string
		err       error
	)
	read := func(into any) { err = json.Unmarshal([]byte(value), into) }
	switch kind {
	case PeopleOverlay:
		var e PersonEdit
		read(&e)
		gone := e.Gone
		was, e.Was = e.Was, ""
		if says = Print(e); gone {
			says = ""
		}
	case RoomOverlay:
		var e ChatEdit
		read(&e)
		gone := e.Gone
		was, e.Was = e.Was, ""
		if says = Print(e); gone {
			says = ""
		}
	case AreaOverlay:
		var e AreaEdit
		read(&e)
		was, e.Was = e.Was, ""
		says = Print(e)
	case UnitOverlay:
		var e UnitEdit
		read(&e)
		was, e.Was = e.Was, ""
		says = Print(e)
	}
	if err != nil {
		return Conflict, fmt.Errorf("decode overlay %s %s: %w", kind, field, err)
	}
	switch Written(s, kind, field) {
	case says:
		return Settled, nil
	case was:
		return Unwritten, nil
	}
	return Conflict, nil
}

// Standings is how a street's overlay stands to its YAML.
type Standings struct {
	Waiting   []string       // fields that wait to be exported
	Conflicts []string       // fields of which the YAML says a third thing
	Settled   []store.Change // forget those that are needed no more
}

// ReadStandings joins the reading of a street's overlay to a batch; call the result after
// the batch has run.
func ReadStandings(b *store.Batch, yaml *config.Street) func() (Standings, error) {
	cells := map[string]*map[string]store.Cell{}
	for _, kind := range OverlayKinds() {
		cells[kind] = b.All(store.Overlay(kind))
	}
	return func() (Standings, error) {
		var out Standings
		for _, kind := range OverlayKinds() {
			for _, field := range slices.Sorted(maps.Keys(*cells[kind])) {
				cell := (*cells[kind])[field]
				how, err := Stands(yaml, kind, field, cell.Value)
				if err != nil {
					return out, err
				}
				switch how {
				case Settled:
					out.Settled = append(out.Settled, store.Delete(store.Overlay(kind), field, cell.Rev))
				case Conflict:
					out.Conflicts = append(out.Conflicts, field)
				default:
					out.Waiting = append(out.Waiting, field)
				}
			}
		}
		return out, nil
	}
}

// laid is the overlay of one street as it was read: kind → field → value.
type laid map[string]map[string]string

func (l laid) equal(m laid) bool {
	return maps.EqualFunc(l, m, func(a, b map[string]string) bool { return maps.Equal(a, b) })
}

// asks joins the reading of a street's overlay to a batch; call the result after the batch
// has run.
func asks(b *store.Batch) func() laid {
	kinds := append(OverlayKinds(), ChatOverlay)
	cells := make([]*map[string]store.Cell, len(kinds))
	for i, kind := range kinds {
		cells[i] = b.All(store.Overlay(kind))
	}
	return func() laid {
		out := laid{}
		for i, kind := range kinds {
			for field, cell := range *cells[i] {
				if out[kind] == nil {
					out[kind] = map[string]string{}
				}
				out[kind][field] = cell.Value
			}
		}
		return out
	}
}

// overlaid is a street with what was administered in chat, and the titles of those who are
// gone. Without anything it is the street itself.
func overlaid(s *config.Street, over laid) (*config.Street, map[string]string, error) {
	former := map[string]string{}
	edited := 0
	for _, kind := range OverlayKinds() {
		edited += len(over[kind])
	}
	if edited == 0 {
		return s, former, nil
	}
	out := *s
	out.People, out.Chats = slices.Clone(s.People), slices.Clone(s.Chats)
	out.Areas, out.Committees = slices.Clone(s.Areas), slices.Clone(s.Committees)
	for _, kind := range OverlayKinds() {
		for _, field := range slices.Sorted(maps.Keys(over[kind])) {
			title, err := lay(&out, kind, field, over[kind][field])
			if err != nil {
				return s, nil, err
			}
			if title != "" {
				former[field] = title
			}
		}
	}
	return &out, former, nil
}

// Overlaid is a street with some more edits in the overlay: kind → field → value. It is how
// a proposal is looked at before anybody agrees to it.
func Overlaid(s *config.Street, edits map[string]map[string]string) (*config.Street, error) {
	out, _, err := overlaid(s, edits)
	return out, err
}

// lay puts one edit over a street. title is that of a person who is gone.
func lay(s *config.Street, kind, field, value string) (title string, err error) {
	wrong := func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("decode overlay %s %s: %w", kind, field, err)
	}
	switch kind {
	case PeopleOverlay:
		var e PersonEdit
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			return "", wrong(err)
		}
		i := slices.IndexFunc(s.People, func(p config.Person) bool { return p.UserID == field })
		switch p := (config.Person{UserID: field, Title: e.Title, Roles: e.Roles, Unit: e.Unit}); {
		case e.Gone:
			s.People = slices.DeleteFunc(s.People, func(p config.Person) bool { return p.UserID == field })
			return cmp.Or(e.Title, field), nil
		case i < 0:
			s.People = append(s.People, p)
		default:
			p.Place = s.People[i].Place
			s.People[i] = p
		}
	case RoomOverlay:
		var e ChatEdit
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			return "", wrong(err)
		}
		i := slices.IndexFunc(s.Chats, func(c config.Chat) bool { return c.Name == field })
		switch {
		case e.Gone:
			s.Chats = slices.DeleteFunc(s.Chats, func(c config.Chat) bool { return c.Name == field })
		case i < 0:
			s.Chats = append(s.Chats, config.Chat{Name: field, Kind: e.Kind})
		default:
			s.Chats[i].Kind = e.Kind
		}
	case AreaOverlay:
		var e AreaEdit
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			return "", wrong(err)
		}
		if i := slices.IndexFunc(s.Areas, func(a config.Area) bool { return a.Name == field }); i >= 0 {
			s.Areas[i].Leader, s.Areas[i].Liaison, s.Areas[i].Committees, s.Areas[i].Terms = e.Leader, e.Liaison, e.Committees, e.Terms
		}
	case UnitOverlay:
		var e UnitEdit
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			return "", wrong(err)
		}
		i := slices.IndexFunc(s.Committees, func(c config.Committee) bool { return c.Name == field })
		if i < 0 {
			return "", nil
		}
		c := &s.Committees[i]
		old := c.Compounds
		c.Aliases, c.Compounds = e.Aliases, nil
		for _, q := range e.Compounds {
			x := config.Compound{Name: q.Name, Gates: q.Gates}
			if j := slices.IndexFunc(old, func(o config.Compound) bool { return o.Name == q.Name }); j >= 0 {
				x.Houses = old[j].Houses
			}
			c.Compounds = append(c.Compounds, x)
		}
	}
	return "", nil
}
