package handlers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/store"
)

// Sight is whose household data (C2 and above) a person may see at a moment: by role and
// area, or for some hours of an emergency everything, because a leader said so.
type Sight struct {
	All   bool
	Units []string
	Glass int    // number of the emergency grant by which All holds; 0 = by role
	Why   string // its reason
}

// Of reports whether a unit's households may be seen.
func (s Sight) Of(unit string) bool { return s.All || slices.Contains(s.Units, unit) }

// Purpose is what the trail says a reading was for, where the command does not say it.
func (s Sight) Purpose() string {
	if s.Glass == 0 {
		return ""
	}
	return Grant{N: s.Glass, Why: s.Why}.purpose()
}

// Grant is an emergency grant as it lies among Glasses: field = the number.
type Grant struct {
	N     int    `json:"n"`
	Who   string `json:"w"` // userid of who may see more
	By    string `json:"b"` // userid of who said so
	Why   string `json:"y"`
	From  int64  `json:"f"` // Unix seconds
	Until int64  `json:"u"`

	Reviewer string `json:"r,omitempty"` // userid
	Verdict  string `json:"v,omitempty"`
}

func (g Grant) holds(at time.Time) bool { return g.From <= at.Unix() && at.Unix() < g.Until }

// purpose is what the trail says of a reading under the grant.
func (g Grant) purpose() string { return fmt.Sprintf("应急%d：%s", g.N, g.Why) }

// openGrants reads the newest grant of each person out of the table.
func openGrants(cells map[string]store.Cell, into map[string]Grant) error {
	for field, c := range cells {
		userid, ok := strings.CutPrefix(field, "u:")
		if !ok || c.Lost {
			continue
		}
		var g Grant
		if err := json.Unmarshal([]byte(c.Value), &g); err != nil {
			return fmt.Errorf("decode emergency grant of %s: %w", userid, err)
		}
		into[userid] = g
	}
	return nil
}

// Glasses hold the emergency grants, and who has one open at the moment: field = "u:" and
// the userid, value = the number.
func Glasses() store.Table { return store.Records("glass") }

// KeyGlass seals the emergency grants: their reasons may name what they are about.
const KeyGlass = "office:glass"

// ReadSight joins the reading of a person's sight to a batch; call the result after the
// batch has run.
func (d *Desk) ReadSight(b *store.Batch, p config.Person) func() (Sight, error) {
	open := b.Cell(Glasses(), "u:"+p.UserID)
	return func() (Sight, error) {
		s := Sight{Units: d.ownUnits(p)}
		if open.Rev == 0 || open.Lost {
			return s, nil
		}
		var g Grant
		if err := json.Unmarshal([]byte(open.Value), &g); err != nil {
			return s, fmt.Errorf("decode emergency grant of %s: %w", p.UserID, err)
		}
		if g.holds(d.At) {
			s.All, s.Glass, s.Why = true, g.N, g.Why
		}
		return s, nil
	}
}

// ownUnits are the units a person's role leads to: one's own, or those of one's area.
// Outside parties and offices see no household.
func (d *Desk) ownUnits(p config.Person) []string {
	switch {
	case p.Has(config.RoleSecretary, config.RoleWorker) && p.Unit != "":
		return []string{p.Unit}
	case p.Has(config.RoleLiaison, config.RoleAreaLeader):
		return d.Dir.UnitsUnder(d.Street, p)
	}
	return nil
}

// Touch says which households an outcome shows or changes, for the trail (/留痕). It
// makes the note of the audit line, sealed with the pack's key; the line itself names
// nobody.
type Touch struct {
	Pack    string   // whose data key seals the note
	Houses  []string // as people name them: 梅园 6-1203; more than TouchMost are counted
	Purpose string   // why, where the command does not say it: Sight.Purpose
}

// TouchMost is how many households one note names.
const TouchMost = 200

// Marks in the note of an audit line: what it is about, and what for.
const (
	TouchMark   = "户:"
	PurposeMark = " 目的:"
)

// note is what the trail says of touches, and whose key seals it. What was seen under an
// emergency grant says so.
func (o Outcome) note(d *Desk, actor string) (text, campaign string) {
	for _, t := range o.Touches {
		if t.Purpose == "" && d.Dir != nil {
			if g, ok := d.Dir.Granted(actor, d.At); ok {
				t.Purpose = g.purpose()
			}
		}
		houses := t.Houses
		if len(houses) > TouchMost {
			houses = houses[:TouchMost]
		}
		text += TouchMark + strings.Join(houses, ";")
		if t.Purpose != "" {
			text += PurposeMark + t.Purpose
		}
		text += "\n"
		campaign = t.Pack
	}
	return strings.TrimSpace(text), campaign
}

// Seen reads a note back: the households it names and what for.
func Seen(note string) (houses []string, purpose string) {
	for line := range strings.Lines(note) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), TouchMark)
		if !ok {
			continue
		}
		list, why, _ := strings.Cut(rest, PurposeMark)
		houses, purpose = append(houses, strings.Split(list, ";")...), why
	}
	return houses, purpose
}

// ReadRecord is the audit record of an answer that only shows something of class C2 or
// above: Settle writes it where a sealed answer names no record of its own.
const ReadRecord = "阅"

// GrantFor is how long an emergency grant holds.
const GrantFor = 12 * time.Hour
