package roster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// hold is how long a hand remembers a shift: this month's hours and the last one's.
const hold = 62 * 24 * time.Hour

// Hand is one person's own shifts. It is what the rules of rest are checked on, and every
// change of it is guarded by its revision: of two lines at once that would put one person
// on two posts, the second is decided anew.
type Hand struct {
	Slots []Slot `json:"s"`

	who string
	rev int
}

// Slot is one shift of a person.
type Slot struct {
	ID     string `json:"i"`
	From   int64  `json:"f"`
	To     int64  `json:"t"`
	Post   string `json:"p"`
	Place  string `json:"l,omitempty"`
	Unit   string `json:"u,omitempty"`
	Came   int64  `json:"c,omitempty"`
	Left   int64  `json:"e,omitempty"`
	Signed bool   `json:"s,omitempty"`
}

// Breach is what speaks against a shift for a person.
type Breach int

// The breaches. Overlap can't be signed away; the others can, by a named person.
const (
	Fits    Breach = iota
	Overlap        // he is on another shift then
	Short          // under the rest due between two shifts
	Long           // one more day in a row than allowed
	Nights         // one more night in a row than the post allows
)

// check finds what speaks against adding a slot; days is the length of the row it would
// make, other the shift in the way.
func (h *Hand) check(st *config.Street, r config.Rosters, p *config.Post, n Slot) (b Breach, days int, other Slot) {
	for _, s := range h.Slots {
		if s.ID != n.ID && s.From < n.To && n.From < s.To {
			return Overlap, 0, s
		}
	}
	for _, s := range h.Slots {
		if gap := max(n.From-s.To, s.From-n.To); s.ID != n.ID && gap < int64(r.Rest/time.Second) {
			return Short, 0, s
		}
	}
	if days = h.row(st, n, func(Slot) bool { return true }); days > r.Row {
		return Long, days, Slot{}
	}
	night := func(s Slot) bool { return isNight(st, s) }
	if p != nil && p.Nights > 0 && night(n) {
		if k := h.row(st, n, night); k > p.Nights {
			return Nights, k, Slot{}
		}
	}
	return Fits, days, Slot{}
}

// row is how many days in a row begin a shift, with the slot added: a shift that goes over
// midnight belongs to the day it begins on.
func (h *Hand) row(st *config.Street, n Slot, counts func(Slot) bool) int {
	days := map[config.Day]bool{}
	for _, s := range h.Slots {
		if counts(s) {
			days[st.Day(time.Unix(s.From, 0))] = true
		}
	}
	day := st.Day(time.Unix(n.From, 0))
	run := 1
	for d := day.Add(-1); days[d]; d = d.Add(-1) {
		run++
	}
	for d := day.Add(1); days[d]; d = d.Add(1) {
		run++
	}
	return run
}

// served is how many days in a row up to a day begin a shift; 0 if the day has none. A day
// that has not begun a shift yet does not end the row before it.
func (h *Hand) served(st *config.Street, day config.Day) int {
	days := map[config.Day]bool{}
	for _, s := range h.Slots {
		days[st.Day(time.Unix(s.From, 0))] = true
	}
	run := 0
	for d := day; days[d]; d = d.Add(-1) {
		run++
	}
	return run
}

func isNight(st *config.Street, s Slot) bool {
	from := time.Unix(s.From, 0).In(st.Location)
	return config.Slot{From: config.Clock(from.Hour()*60 + from.Minute())}.Night()
}

// add and drop change the slots; add forgets what is long over.
func (h *Hand) add(n Slot, now time.Time) {
	h.drop(n.ID)
	h.Slots = slices.DeleteFunc(h.Slots, func(s Slot) bool { return s.To < now.Add(-hold).Unix() })
	h.Slots = append(h.Slots, n)
	slices.SortFunc(h.Slots, func(a, b Slot) int { return int(a.From - b.From) })
}

func (h *Hand) drop(id string) {
	h.Slots = slices.DeleteFunc(slices.Clone(h.Slots), func(s Slot) bool { return s.ID == id })
}

// slot finds one's shift by its number, or nil.
func (h *Hand) slot(id string) *Slot {
	i := slices.IndexFunc(h.Slots, func(s Slot) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &h.Slots[i]
}

func (h *Hand) put() store.Change {
	b, err := json.Marshal(h)
	if err != nil {
		panic("roster: hand does not encode: " + err.Error())
	}
	return store.Put(hands, h.who, h.rev, string(b))
}

func decodeHand(who string, c store.Cell) (*Hand, error) {
	h := &Hand{who: who, rev: c.Rev}
	if c.Rev == 0 || c.Lost {
		return h, nil
	}
	if err := json.Unmarshal([]byte(c.Value), h); err != nil {
		return nil, fmt.Errorf("decode hand of %s: %w", who, err)
	}
	return h, nil
}

// handOf reads one person's shifts.
func handOf(ctx context.Context, d *handlers.Desk, who string) (*Hand, error) {
	b := d.Read()
	cell := b.Cell(hands, who)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read hand: %w", err)
	}
	return decodeHand(who, *cell)
}

// allHands reads everybody's.
func allHands(ctx context.Context, d *handlers.Desk) (map[string]*Hand, error) {
	b := d.Read()
	cells := b.All(hands)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read hands: %w", err)
	}
	return openHands(*cells)
}

func openHands(cells map[string]store.Cell) (map[string]*Hand, error) {
	out := make(map[string]*Hand, len(cells))
	for who, cell := range cells {
		h, err := decodeHand(who, cell)
		if err != nil {
			return nil, err
		}
		out[who] = h
	}
	return out, nil
}

// worked is the hours a slot is claimed for: from coming to leaving, to the half hour.
func (s Slot) worked() time.Duration {
	if s.Came == 0 || s.Left <= s.Came {
		return 0
	}
	return min(max(time.Duration(s.Left-s.Came)*time.Second, 0).Round(30*time.Minute), 12*time.Hour)
}

// month is the hours claimed in the month of a moment.
func (h *Hand) month(st *config.Street, at time.Time) (sum time.Duration, times int) {
	want := at.In(st.Location).Format("2006-01")
	for _, s := range h.Slots {
		if w := s.worked(); w > 0 && time.Unix(s.Came, 0).In(st.Location).Format("2006-01") == want {
			sum, times = sum+w, times+1
		}
	}
	return sum, times
}

func hoursText(d time.Duration) string { return fmt.Sprintf("%.1f", d.Hours()) }
