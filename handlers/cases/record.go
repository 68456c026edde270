package cases

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
	"juwei/handlers/syntax"
	"juwei/store"
)

// Where cases lie. The current version of each is one cell of records; the older ones lie
// in history as "<number>#<revision>"; recent has those that are open or were closed within
// a week, in brief, so that lists need not read a year; counts holds the last number given
// behind each letter.
var (
	records = store.Records("case")
	history = store.Records("case-log")
	recent  = store.Records("case-live")
	counts  = store.Records("case-count")
)

// Case is one matter. Text is C1: no persons. One of class C2 and above is sealed with
// its pack's key.
type Case struct {
	Type    string   `json:"t"`
	Pack    string   `json:"k"`
	Place   string   `json:"p,omitempty"`
	Unit    string   `json:"u,omitempty"`
	Text    string   `json:"x"`
	Mode    string   `json:"m,omitempty"` // how it was found: 演员
	Finder  string   `json:"f"`
	Others  []string `json:"j,omitempty"` // who reported the same
	Owners  []string `json:"o"`
	State   State    `json:"s"`
	Opened  int64    `json:"n"`            // all times in Unix seconds
	Ack     int64    `json:"a,omitempty"`  // until when it should be accepted
	Due     int64    `json:"d,omitempty"`  // until when it should be done; 0 while the street has the ball
	Left    int64    `json:"l,omitempty"`  // seconds its owner has left once the ball comes back
	Given   int64    `json:"ga,omitempty"` // seconds its owner was given
	Street  int64    `json:"sd,omitempty"` // until when the street should have answered a call or a request
	Help    string   `json:"h,omitempty"`  // what the street does
	HelpDue int64    `json:"hd,omitempty"`
	Helped  bool     `json:"hh,omitempty"`
	Measure string   `json:"q,omitempty"`  // decided at the meeting
	Decided int64    `json:"qa,omitempty"` //
	Want    int64    `json:"w,omitempty"`  // the day asked for
	Fixer   string   `json:"y,omitempty"`
	Fixed   int64    `json:"ya,omitempty"`
	How     string   `json:"yn,omitempty"` // what the fixer said
	Closed  int64    `json:"c,omitempty"`
	Again   int      `json:"g,omitempty"`  // how often it came back
	Of      string   `json:"r,omitempty"`  // the case it repeats within a week
	Look    string   `json:"lk,omitempty"` // the day it was drawn for the look-back
	Looked  bool     `json:"ld,omitempty"` // and somebody has looked again
	Asker   string   `json:"ak,omitempty"` // who asked the street for help or for more time
	See     int64    `json:"v,omitempty"`  // until when somebody should have looked at what was mended
	Told    int      `json:"e,omitempty"`  // which warnings have been given
	Source  string   `json:"sr,omitempty"` // the report's field it came from
	Part    int      `json:"pa,omitempty"` // 清单, 任务: how far it is,
	Whole   int      `json:"wh,omitempty"` // of how many; 100 for a percentage
	Class   string   `json:"z,omitempty"`
	Loud    bool     `json:"lo,omitempty"` // opened in the emergency mode, and its time counts at night: it is told at night
	Chain   []string `json:"ch,omitempty"` // 急: who is called, one after the other
	Step    int      `json:"st,omitempty"` // 急: how many have been called in vain
	Ask     int64    `json:"qk,omitempty"` // 急: when to ask how it stands
	Mute    int      `json:"mu,omitempty"` // 急: how many of these questions in a row had no answer
	Spans   []Span   `json:"b,omitempty"`
	Last    Event    `json:"i"`

	id  string
	rev int
}

// Span says since when a side has held the ball.
type Span struct {
	Side Side  `json:"s"`
	From int64 `json:"f"`
}

// Event is what happened to a case; each version holds the last one, so that the versions
// together are its history.
type Event struct {
	Verb Verb   `json:"v"`
	By   string `json:"b"` // userid; "-": by itself
	At   int64  `json:"a"`
	Note string `json:"n,omitempty"`
}

// number is a case's name: W25, 急01, J08.
func number(letter string, n int) string { return fmt.Sprintf("%s%02d", letter, n) }

// item is the name of a case that is an item of a list: 清单2.3.
func item(letter string, n, sub int) string { return fmt.Sprintf("%s%d.%d", letter, n, sub) }

// listed reports whether the numbers behind a letter have two parts.
func listed(letter string) bool { return config.CaseKind(letter).Listed() }

// short is a number as it is copied back: 25 of W25, J8 of J08.
func (k *Case) short() string {
	if n := strings.TrimLeft(strings.TrimPrefix(k.id, "W"), "0"); n != k.id {
		return n
	}
	return k.id
}

func decode(id string, c store.Cell) (*Case, error) {
	if c.Rev == 0 || c.Lost { // never there, or erased with its campaign's key
		return nil, nil
	}
	k := &Case{id: id, rev: c.Rev}
	if err := json.Unmarshal([]byte(c.Value), k); err != nil {
		return nil, fmt.Errorf("decode case %s: %w", id, err)
	}
	return k, nil
}

func (k *Case) encode() string {
	b, err := json.Marshal(k)
	if err != nil {
		panic("cases: case does not encode: " + err.Error())
	}
	return string(b)
}

// put is the change that writes the case, keeping the version before it.
func (k *Case) put() store.Change {
	if k.sealed() {
		return store.PutSealedKeep(records, k.id, k.rev, k.encode(), k.Pack, history)
	}
	return store.PutKeep(records, k.id, k.rev, k.encode(), history)
}

func (k *Case) sealed() bool { return k.Class > "C1" }

// do moves the case by the table. It returns false, and changes nothing, where the table
// has no such move.
func (k *Case) do(v Verb, by string, at time.Time, note string) bool {
	to, ok := after(k.State, v)
	if !ok {
		return false
	}
	k.State = to
	k.Last = Event{Verb: v, By: by, At: at.Unix(), Note: marks(note)}
	side := ball(to)
	if n := len(k.Spans); n == 0 || k.Spans[n-1].Side != side {
		k.Spans = append(k.Spans, Span{side, at.Unix()})
	}
	return true
}

// outcome is what every change of a case comes to: the new version, its next moment, the
// line of the audit.
func (f *Family) outcome(d *handlers.Desk, k *Case) handlers.Outcome {
	out := handlers.Outcome{
		Changes: []store.Change{k.put(), store.Put(recent, k.id, store.Any, k.brief(d))},
		Audit:   handlers.Audit{Unit: k.Unit, Record: k.id, Rev: k.rev + 1, Values: k.encode()},
	}
	if at := f.next(d, k); !at.IsZero() {
		out.Changes = append(out.Changes, store.DueAt(dueKind, k.id, at))
	} else {
		out.Changes = append(out.Changes, store.DueDone(dueKind, k.id))
	}
	if k.sealed() {
		out.Sealed = k.Pack
	}
	return out
}

// load reads one case; nil if there is none.
func load(ctx context.Context, d *handlers.Desk, id string) (*Case, error) {
	b := d.Read()
	cell := b.Cell(records, id)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read case %s: %w", id, err)
	}
	return decode(id, *cell)
}

// all reads the cases that are open or were closed within a week, in the order of their
// numbers: two round trips whatever their number.
func all(ctx context.Context, d *handlers.Desk) ([]*Case, error) {
	b := d.Read()
	index := b.All(recent)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	ids := make([]string, 0, len(*index))
	for id := range *index {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, inOrder)
	return several(ctx, d, ids)
}

func several(ctx context.Context, d *handlers.Desk, ids []string) ([]*Case, error) {
	b := d.Read()
	cells := b.Cells(records, ids...)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	var out []*Case
	for i, id := range ids {
		k, err := decode(id, (*cells)[i])
		if err != nil {
			return nil, err
		}
		if k != nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// inOrder compares numbers: by letter, then by number.
func inOrder(a, b string) int {
	la, na, sa := split(a)
	lb, nb, sb := split(b)
	return cmp.Or(strings.Compare(la, lb), na-nb, sa-sb)
}

// split takes a number apart: 急01 is 急 and 1, 清单2.3 is 清单, 2 and 3.
func split(id string) (letter string, n, sub int) {
	i := strings.IndexAny(id, "0123456789")
	if i < 0 {
		return id, 0, 0
	}
	first, second, parts := strings.Cut(id[i:], ".")
	n, err := strconv.Atoi(first)
	if err == nil && parts {
		sub, err = strconv.Atoi(second)
	}
	if err != nil {
		return id, 0, 0
	}
	return id[:i], n, sub
}

// typ is the case's type. A type that was taken out of its pack meanwhile keeps its cases
// alive with the plainest rules.
func typ(s *config.Street, k *Case) *config.CaseType {
	for _, run := range s.Runs {
		if run.Pack.Name == k.Pack {
			if t := run.Pack.Cases.Type(k.Type); t != nil {
				return t
			}
		}
	}
	letter, _, _ := split(k.id)
	kind := config.CaseProblem
	if letter == string(config.CaseUrgent) || listed(letter) {
		kind = config.CaseKind(letter)
	}
	return &config.CaseType{Name: k.Type, Kind: kind, Letter: letter, Due: 24 * time.Hour, Work: true, Verify: config.VerifySecond, HelpDue: 24 * time.Hour}
}

// pack is the case's pack, nil if it runs no more.
func pack(s *config.Street, k *Case) *config.Pack {
	for _, run := range s.Runs {
		if run.Pack.Name == k.Pack {
			return run.Pack
		}
	}
	return nil
}

// letters are those of the street's types.
func letters(s *config.Street) []string {
	var out []string
	for _, run := range s.Runs {
		for _, t := range run.Pack.Cases.Types {
			if !slices.Contains(out, t.Letter) {
				out = append(out, t.Letter)
			}
		}
	}
	return out
}

// ids are the numbers a typed reference can mean: without a letter, any letter's.
func ids(s *config.Street, ref syntax.Ref) []string {
	var out []string
	for _, l := range letters(s) {
		switch {
		case listed(l) != (ref.Sub > 0):
		case ref.Letter == "" || ref.Letter == l:
			if out = append(out, number(l, ref.N)); listed(l) {
				out[len(out)-1] = item(l, ref.N, ref.Sub)
			}
		case ref.Sub == 0 && (ref.Letter == "查" || ref.Letter == string(config.CaseProblem) && l == "W"):
			out = append(out, number(l, ref.N))
		}
	}
	return out
}
