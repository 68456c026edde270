package handlers

import (
	"encoding/json"
	"fmt"
	"time"

	"juwei/config"
	"juwei/store"
)

// Alert is the level at which a pack stands, as people set it last (config.Levels). What it
// changes is asked of the Directory, so that a form knows without reading anything.
type Alert struct {
	Step   string   `json:"s,omitempty"` // of the pack's levels; "" = none holds
	Was    string   `json:"p,omitempty"` // the level before it
	Since  int64    `json:"a,omitempty"` // when it began, in Unix seconds
	By     string   `json:"b,omitempty"` // userid of who set it
	Second string   `json:"2,omitempty"` // and of who said yes
	Source string   `json:"w,omitempty"` // the authority's signal, as it was given
	Held   int64    `json:"h,omitempty"` // when somebody last said that it still holds
	N      int      `json:"n,omitempty"` // how often a level began or ended
	Asked  *Raising `json:"q,omitempty"` // waits for its second yes

	Rev int `json:"-"`
}

// Raising is a level that somebody wants to set.
type Raising struct {
	Step   string `json:"s,omitempty"` // "" = it shall be over
	By     string `json:"b"`
	Source string `json:"w"`
	At     int64  `json:"a"`
}

// Alerts holds the levels of a street's packs: field = the pack's name.
func Alerts() store.Table { return store.Overlay("level") }

// OpenAlert reads a cell of Alerts; no cell is no level.
func OpenAlert(c store.Cell) (Alert, error) {
	a := Alert{Rev: c.Rev}
	if c.Rev == 0 {
		return a, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &a); err != nil {
		return a, fmt.Errorf("decode level: %w", err)
	}
	return a, nil
}

// Began is the moment the level began.
func (a Alert) Began() time.Time { return time.Unix(a.Since, 0) }

// Alert is the level at which a pack of a street stands.
func (d *Directory) Alert(s *config.Street, pack string) Alert {
	return d.now.Load().alerts[s.Code+"/"+pack]
}

// Level is the pack's level that holds, or nil.
func (d *Desk) Level(p *config.Pack) *config.Level {
	if p.Levels == nil {
		return nil
	}
	return p.Levels.Step(d.Dir.Alert(d.Street, p.Name).Step)
}

// Alarmed reports whether a level holds, of any pack, that goes on at night.
func (d *Desk) Alarmed() bool {
	for _, p := range d.Packs() {
		if l := d.Level(p); l != nil && l.Night {
			return true
		}
	}
	return false
}

// openAlerts reads the levels of one street's packs.
func openAlerts(s *config.Street, cells map[string]store.Cell, into map[string]Alert) error {
	for pack, c := range cells {
		a, err := OpenAlert(c)
		if err != nil {
			return err
		}
		into[s.Code+"/"+pack] = a
	}
	return nil
}
