package roster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// Where rosters lie. A shift stays in shifts until two days after its end, then it goes to
// past; older versions of it lie in history as "<number>#<revision>". hands holds each
// person's own shifts, which everything that adds one to them guards.
var (
	shifts  = store.Records("shift")
	past    = store.Records("shift-past")
	history = store.Records("shift-log")
	counts  = store.Records("shift-count")
	hands   = store.Records("hand")
)

// retire is how long a shift can still be talked about after its end.
const retire = 48 * time.Hour

// Shift is one post on one day: V31. It names persons by userid or by number, never by name.
type Shift struct {
	Pack    string  `json:"k"`
	Post    string  `json:"p"`
	Place   string  `json:"l,omitempty"`
	Unit    string  `json:"u,omitempty"` // the committee; "" = the street's
	From    int64   `json:"f"`           // Unix seconds
	To      int64   `json:"t"`
	Need    int     `json:"n"`
	By      string  `json:"b"` // who asked
	At      int64   `json:"a"`
	Asked   bool    `json:"q,omitempty"` // a request for hands: the area's leader hears if it stays unmet
	Takers  []Taker `json:"w,omitempty"` // in the order in which they came
	Reserve []Taker `json:"r,omitempty"` // come if nobody else does; for the co-ordinator's eyes
	Told    int     `json:"e,omitempty"` // which alarms have rung
	Off     bool    `json:"x,omitempty"` // called off

	id  string
	rev int
}

// Taker is somebody on a shift: a userid, #code of who has no account, =body with its number.
type Taker struct {
	Who    string `json:"w"`
	N      int    `json:"n,omitempty"` // of a body; 0 = one person
	By     string `json:"b,omitempty"` // who put him down, if not he himself
	At     int64  `json:"a"`
	Came   int64  `json:"c,omitempty"` // claimed
	Left   int64  `json:"l,omitempty"`
	Signed string `json:"s,omitempty"` // userid of who signed that he may work without the rest due
	Cover  bool   `json:"o,omitempty"` // wants somebody to stand in
	Swap   string `json:"v,omitempty"` // number of the shift he would like instead
	With   string `json:"h,omitempty"` // whose
}

// Number of a shift.
func number(n int) string { return fmt.Sprintf("V%02d", n) }

// have is how many people are on the shift.
func (s *Shift) have() int {
	n := 0
	for _, t := range s.Takers {
		n += max(t.N, 1)
	}
	return n
}

// open is how many places are free.
func (s *Shift) open() int {
	if s.Off {
		return 0
	}
	return max(s.Need-s.have(), 0)
}

// taker is the place of somebody among the takers, or -1.
func (s *Shift) taker(who string) int {
	return slices.IndexFunc(s.Takers, func(t Taker) bool { return t.Who == who })
}

func (s *Shift) length() time.Duration { return time.Duration(s.To-s.From) * time.Second }

func (s *Shift) slot() Slot {
	return Slot{ID: s.id, From: s.From, To: s.To, Post: s.Post, Place: s.Place, Unit: s.Unit}
}

func decodeShift(id string, c store.Cell) (*Shift, error) {
	if c.Rev == 0 || c.Lost {
		return nil, nil
	}
	s := &Shift{id: id, rev: c.Rev}
	if err := json.Unmarshal([]byte(c.Value), s); err != nil {
		return nil, fmt.Errorf("decode shift %s: %w", id, err)
	}
	return s, nil
}

func (s *Shift) encode() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("roster: shift does not encode: " + err.Error())
	}
	return string(b)
}

func (s *Shift) put() store.Change {
	return store.PutKeep(shifts, s.id, s.rev, s.encode(), history)
}

// keep is what every change of shifts comes to: their new versions and their next moments.
func (f *Family) keep(d *handlers.Desk, list ...*Shift) handlers.Outcome {
	var out handlers.Outcome
	var values []string
	for _, s := range list {
		out.Changes = append(out.Changes, s.put())
		if at := f.next(d, s); !at.IsZero() {
			out.Changes = append(out.Changes, store.DueAt(dueShift, s.id, at))
		} else {
			out.Changes = append(out.Changes, store.DueDone(dueShift, s.id))
		}
		values = append(values, s.encode())
	}
	if len(list) > 0 {
		s := list[0]
		out.Audit = handlers.Audit{Unit: s.Unit, Record: s.id, Rev: s.rev + 1, Values: strings.Join(values, "\n")}
	}
	return out
}

// live reads the shifts that are not over for long, by the order of their numbers.
func live(ctx context.Context, d *handlers.Desk) ([]*Shift, error) {
	b := d.Read()
	cells := b.All(shifts)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read shifts: %w", err)
	}
	return openShifts(*cells)
}

func openShifts(cells map[string]store.Cell) ([]*Shift, error) {
	out := make([]*Shift, 0, len(cells))
	for id, cell := range cells {
		s, err := decodeShift(id, cell)
		if err != nil {
			return nil, err
		}
		if s != nil {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *Shift) int { return cmp.Compare(ordinal(a.id), ordinal(b.id)) })
	return out, nil
}

func ordinal(id string) int {
	n, err := strconv.Atoi(strings.TrimLeft(id, "VSK课"))
	if err != nil {
		return 0
	}
	return n
}

// load reads one shift; nil if there is none.
func load(ctx context.Context, d *handlers.Desk, id string) (*Shift, error) {
	b := d.Read()
	cell := b.Cell(shifts, id)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read shift %s: %w", id, err)
	}
	return decodeShift(id, *cell)
}

// create gives new shifts their numbers and returns the guarded count.
func create(ctx context.Context, d *handlers.Desk, list ...*Shift) (store.Change, error) {
	b := d.Read()
	cell := b.Cell(counts, "V")
	if err := b.Run(ctx); err != nil {
		return store.Change{}, fmt.Errorf("read count of shifts: %w", err)
	}
	n := 0
	if cell.Rev > 0 {
		var err error
		if n, err = strconv.Atoi(cell.Value); err != nil {
			return store.Change{}, fmt.Errorf("decode count of shifts: %w", err)
		}
	}
	for _, s := range list {
		n++
		s.id = number(n)
	}
	return store.Put(counts, "V", cell.Rev, strconv.Itoa(n)), nil
}

// post is what the shift's pack says of its post; the plainest one where the pack has
// dropped it.
func post(st *config.Street, s *Shift) (*config.Post, config.Rosters) {
	for _, r := range st.Runs {
		if r.Pack.Name == s.Pack {
			if p := r.Pack.Rosters.Post(s.Post); p != nil {
				return p, r.Pack.Rosters
			}
		}
	}
	return &config.Post{Name: s.Post, Kind: config.PostVolunteer, Need: s.Need, Most: 30, Length: 12 * time.Hour}, rules(st)
}

// rules are the rosters' rules of the first of the street's packs that has posts.
func rules(st *config.Street) config.Rosters {
	for _, r := range st.Runs {
		if len(r.Pack.Rosters.Posts) > 0 {
			return r.Pack.Rosters
		}
	}
	return config.Rosters{Rest: 11 * time.Hour, Row: 7, Alarm: 10, Remind: 2 * time.Hour, Early: 3 * time.Hour, Late: time.Hour, Asked: 12 * time.Hour}
}

// name is a shift in one phrase: V31 测温·北门 2/14 8:30–11:30.
func (s *Shift) name(st *config.Street) string { return s.id + " " + s.what() + " " + s.when(st) }

func (s *Shift) what() string {
	if s.Place == "" {
		return s.Post
	}
	return s.Post + "·" + s.Place
}

// when is 2/14 8:30–11:30.
func (s *Shift) when(st *config.Street) string {
	from := time.Unix(s.From, 0).In(st.Location)
	return from.Format("1/2 ") + hoursOf(st, s.From, s.To)
}

// hoursOf is 8:30–11:30, 20:00–次日8:00.
func hoursOf(st *config.Street, from, to int64) string {
	a, b := time.Unix(from, 0).In(st.Location), time.Unix(to, 0).In(st.Location)
	if b.Hour() == 0 && b.Minute() == 0 {
		return clockText(a) + "–24:00"
	}
	next := ""
	if st.Day(a) != st.Day(b) {
		next = "次日"
	}
	return clockText(a) + "–" + next + clockText(b)
}

// clockText is a time of day as people write it: 8:30.
func clockText(t time.Time) string { return strings.TrimPrefix(t.Format("15:04"), "0") }

// state is a shift in a list: V31 测温·北门 8:30–11:30 1/2.
func (s *Shift) state(st *config.Street) string {
	return fmt.Sprintf("%s %s %d/%d", s.what(), s.when(st), s.have(), s.Need)
}

// started and over say where a shift stands at a moment.
func (s *Shift) started(at time.Time) bool { return s.From <= at.Unix() }
func (s *Shift) over(at time.Time) bool    { return s.To <= at.Unix() }

// on reports whether a shift begins on a day.
func (s *Shift) on(st *config.Street, day config.Day) bool {
	return st.Day(time.Unix(s.From, 0)) == day
}
