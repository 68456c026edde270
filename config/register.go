package config

import (
	"slices"
	"strings"
	"time"
)

// Register is a book of entries of one kind, kept by household, gate or site and never by
// person: what an entry says, which states it goes through, who may move it, and when
// somebody hears that nothing has moved. All of it stands in a pack's registers; the words
// people type are the register's Acts.
type Register struct {
	Name    string // 户册
	Title   string // 七色户册
	Aliases []string
	Key     Key
	Class   string // C0–C4 of an entry as a whole; from C2 on entries are sealed and their keys hashed
	Owner   string // the office that answers for it
	Purpose string // what for, for /为什么
	Basis   string // by which rule
	Keep    int    // days an entry is kept after the pack's end
	List    string // a checklist of the pack whose items are yes-or-no fields: 岗
	Fields  []*Field
	States  []*State // none: an entry has no state
	Moves   []*Move
	Checks  []*EntryCheck
	Limits  []*Limit
	Follows []*Follow
	Apart   []*Apart
	Quotas  []*Quota
	Numbers []Numbering
	Tallies []*Tally
	Acts    []*Act
	Place   Place
}

// Key is what an entry is about: a place, and possibly what tells several entries about
// one place apart (unit × item, house × round).
type Key struct {
	Of   KeyKind
	Site SiteKind // KeySite: of which kind
	With []string // fields that are part of the key, in order
}

// KeyKind is a kind of place.
type KeyKind string

// The kinds of place, as written in key.
const (
	KeyHouse    KeyKind = "house"    // a household of the base: 6-1203
	KeyGate     KeyKind = "gate"     // 彩虹花苑南门
	KeyCompound KeyKind = "compound" // 彩虹花苑
	KeyLane     KeyKind = "lane"     // 42弄, written under lanes
	KeySite     KeyKind = "site"     // one of the committee's sites
	KeyUnit     KeyKind = "unit"     // the committee itself
	KeySpot     KeyKind = "spot"     // any place in words: 188弄门口
	KeyStreet   KeyKind = "street"   // the street as a whole: a round
)

// KeyKinds returns all kinds of place.
func KeyKinds() []KeyKind {
	return []KeyKind{KeyHouse, KeyGate, KeyCompound, KeyLane, KeySite, KeyUnit, KeySpot, KeyStreet}
}

// State is where an entry can stand.
type State struct {
	Name    string
	Aliases []string
	Title   string // what it means, printed next to the name: 外省返沪14天内
	Initial bool   // where an entry begins; exactly one
	Final   bool   // nothing is due from it any more; it may be left again
	Owner   []Role // whose it is while it stands here
	Health  bool   // counts of it are health counts: never below the street in a group
	Colour  string // #RRGGBB in which pictures show it; "" = grey
	Place   Place
}

// Move is one allowed change of state.
type Move struct {
	From   []string // "*" = from any
	To     string
	By     []Role // who may; empty = whoever may use the act
	On     []string
	After  *Expr  // not before this day
	Unless string // a yes-or-no field that waives After
	Proof  string // a yes-or-no field that must say yes
	Reason bool   // needs a reason in words, kept in the history
	Place  Place
}

// EntryCheck is a rule between an entry's figures. Besides the fields' names a rule may
// use 原NAME (what the entry said before), FIELD.OPTION (1 if that answer, or one with that
// tag, was given), 状态.STATE, and 今天; days count as numbers (满日 == 抵沪 + 14).
type EntryCheck struct {
	Rule  *Rule
	Hard  bool   // true: refused; false: asked about once
	Say   string // the refusal or question; a template
	Fix   string // of a refusal: the way on; a template
	Place Place
}

// Limit is a moment in an entry's life at which something is due.
type Limit struct {
	Name   string        // heading in lists: 灰超48小时
	In     []string      // states in which it counts; empty = all but final ones
	After  time.Duration // since the entry came into the state
	On     *Expr         // or: on this day
	At     Clock         // On: at this time of the day
	Every  int           // or: this many days since the entry was last confirmed
	Acts   []string      // Every: what confirms; empty = any act
	When   *Rule         // only where it holds
	Unless *Rule         // settled as soon as it holds
	Days   int           // On: listed for so many days; 0 = until it is settled
	Then   string        // the state it moves to by itself; "" = it stays
	Tell   []Role        // who hears: of the unit first, then of its area, then of the street
	Now    bool          // at once, one by one; false: in the day's list
	Say    string        // what the list or the push says about it; a template
	Case   string        // type of case it opens; "" = none
	Place  Place
}

// Follow is something done for an entry several times a day until it ends by itself.
type Follow struct {
	Name  string
	Act   string   // what records it
	Field string   // what is measured; "" = it is only done
	In    []string // states in which it runs
	Until *Expr    // the day from which it is over
	Slots []FollowSlot
	Fine  []string // words that mean that all is well
	All   []string // words that mean so for every entry: 全正常
	Tell  []Role   // who hears what is missing
	Place Place
}

// FollowSlot is one of a day's times.
type FollowSlot struct {
	Name    string // 早
	Aliases []string
	From    Clock // what is recorded from here on counts for it
	By      Clock // afterwards it is overdue
}

// Slot returns the place of the slot that a time of day belongs to.
func (f *Follow) Slot(c Clock) int {
	n := 0
	for i, s := range f.Slots {
		if c >= s.From {
			n = i
		}
	}
	return n
}

// Apart says that the ranges in a field never overlap.
type Apart struct {
	Field  string   // of kind range
	Within []string // only among entries that agree in these fields; "单位" = of one committee
	Place  Place
}

// Quota limits what all entries together hold.
type Quota struct {
	Sum    string   // the field added up; "" = entries are counted
	In     []string // only entries in these states; empty = all
	Within []string // only among entries that agree in these fields; "单位" = of one committee
	Max    int
	Say    string // the refusal; a template
	Fix    string // the way on; a template
	Place  Place
}

// Numbering gives each new entry the next free number: a booking's, a slip's.
type Numbering struct {
	Field  string
	Within []string // counted apart for entries that differ in these fields; "单位" = for each committee
}

// Draw picks who of the numbered entries of a committee gets one of too few places, by lots
// that anybody can recompute.
type Draw struct {
	Number string        // the field of the number
	Round  string        // the field of the round
	In     []string      // entries that take part: those in these states
	After  time.Duration // between the seed's fingerprint and the draw
}

// Tally is a figure over all entries of a register: what it knows, no form asks again.
type Tally struct {
	Name   string
	Sum    string   // the field added up; "" = entries are counted
	In     []string // entries that stand in these states
	Into   []string // entries that came into these states that day
	From   []string // Into: out of these
	On     []string // entries on which these acts were done that day
	When   *Rule
	By     KeyKind // count compounds in which it holds for every entry, instead of entries
	Where  bool    // a digest says of which committees
	Health bool
	Form   string // the form whose field it fills in advance; "" = none
	Field  string
	Place  Place
}

// Act is a command of a register: its words, what it reads, what it does to an entry and
// what it answers.
type Act struct {
	Name      string // also the command: /返
	Aliases   []string
	Who       []Role
	Summary   string
	Example   string
	Detail    string
	Takes     []string // fields it reads, in any order; a bare number is the first number's
	Need      []string // what must be known afterwards: it is asked before anything is kept
	Ask       []Question
	Set       []Setting // what it writes by itself
	Clear     []string  // fields that are forgotten first: a new exposure asks anew
	ClearWhen *Rule     // only where it holds; nil = always
	Stay      []string  // states it does not lead out of, whatever Turns say
	Drop      []string  // fields that the act makes meaningless: a planned day, once it has come
	Turns     []Turn    // the state it moves to: the first whose When holds
	Picks     bool      // the line names the state
	Once      bool      // refused where there is an entry
	Existing  bool      // refused where there is none
	Follow    string    // the follow-up it records
	Check     bool      // it goes through the register's checklist
	Each      string    // a key field that the line may name several times, each with figures of its own
	HandOver  bool      // the entry goes to another household or committee, its history with it
	Alarms    []*Alarm
	Draw      *Draw    // it draws lots instead of being about one entry; nil = it does not
	Passes    []Pass   // what another register's act takes over from it
	Reply     string   // the receipt, a template
	Stranger  string   // the way on: Existing, where there is no entry; Once, where there is one; a template
	Words     []string // words without meaning in its lines, beside the usual ones
	Behind    string   // it also takes the lines of this form that name it and are no report: 宿 站前公寓不肯给名单
	Offer     bool     // shown in /帮助
	Place     Place
}

// Question is asked after an act, one line, answered in one line.
type Question struct {
	Field string
	When  *Rule  // only where it holds
	Say   string // 承诺书签了吗？回 有/没
}

// Pass hands figures of an act on to an act of another register, about the same place and
// the same fields of the key: what has come in is also what has been received.
type Pass struct {
	Register, Act string
	Field         string   // where the figure goes
	From          string   // the figure; nothing is passed on where the line does not give it
	In            []string // only to an entry that stands in one of these states; empty = to any, also a new one
	Place         Place
}

// Setting is what an act writes into a field.
type Setting struct {
	Field   string
	Expr    *Expr // nil = Const
	Const   int   // KindText has no settings
	Default bool  // only where the line gives nothing and the entry has nothing
}

// Turn is a state an act moves to.
type Turn struct {
	When  *Rule // nil = always
	To    string
	Words []string // only where one of these was typed: 不肯
}

// Alarm is a figure about which somebody must hear at once.
type Alarm struct {
	Field   string
	From    int           // at and above it, ×10^Places; together with Field
	Below   int           // or: below it
	When    *Rule         // or: a rule
	Fresh   bool          // When: only where it did not hold before the act
	Words   []string      // or: words in the line: 没人应
	Case    string        // type of case; "" = none
	Text    string        // what the case says; a template without figures of health
	To      string        // the state it moves to; "" = none
	Say     string        // line behind the receipt, said 1:1 only
	Tell    []Role        // who hears Query at once: somebody of each of these roles, beside the asker
	Query   string        // one question to all of them; a template
	Recheck time.Duration // after which it is asked to measure again
	Prompt  string        // what is asked then; a template
	Place   Place
}

// ViewKind is a way to look at registers.
type ViewKind string

// The kinds of view.
const (
	ViewEntry    ViewKind = "entry"    // one entry and its history
	ViewCounts   ViewKind = "counts"   // building × state, without names
	ViewDue      ViewKind = "due"      // what is due, by heading
	ViewForecast ViewKind = "forecast" // what is planned, day by day
	ViewShare    ViewKind = "share"    // two figures of a form against each other
	ViewList     ViewKind = "list"     // the entries of a unit, one line each
	ViewText     ViewKind = "text"     // a text that is the same for everybody: a standard
)

// ViewKinds returns all kinds of view.
func ViewKinds() []ViewKind {
	return []ViewKind{ViewEntry, ViewCounts, ViewDue, ViewForecast, ViewShare, ViewList, ViewText}
}

// View is a command that only looks.
type View struct {
	Name      string // the command: 户
	Word      string // together with this word: 色 图; "" = by itself
	Aliases   []string
	Behind    string   // it is also heard behind this form's word: 罩 叫号
	Asked     []string // a line that holds one of these asks for it: 排摸了百分之几
	Kind      ViewKind
	Registers []string
	Who       []Role
	Groups    bool // may be answered in a group, where it shows counts only
	Offer     bool // shown in /帮助
	Summary   string
	Example   string
	Form      string   // ViewShare
	Over      string   // ViewShare: the part, a field of Form
	Under     string   // ViewShare: the whole
	Date      string   // ViewForecast: the planned day
	Sum       string   // ViewForecast: what is added up; "" = entries
	In        []string // states that count; empty = all
	Days      int      // ViewForecast: how far it looks
	Say       string   // the head of the answer, a template
	Line      string   // ViewList, ViewEntry: one entry, a template
	Place     Place
}

// Register returns the register with this name or alias, or nil.
func (p *Pack) Register(name string) *Register {
	for _, r := range p.Registers {
		if r.Name == name || slices.Contains(r.Aliases, name) {
			return r
		}
	}
	return nil
}

// Field returns the field with this name or alias, or nil.
func (r *Register) Field(name string) *Field {
	for _, x := range r.Fields {
		if x.Name == name || slices.Contains(x.Aliases, name) {
			return x
		}
	}
	return nil
}

// State returns the state with this name or alias, or nil.
func (r *Register) State(name string) *State {
	for _, s := range r.States {
		if s.Name == name || slices.Contains(s.Aliases, name) {
			return s
		}
	}
	return nil
}

// Initial returns the state an entry begins in, or nil.
func (r *Register) Initial() *State {
	for _, s := range r.States {
		if s.Initial {
			return s
		}
	}
	return nil
}

// Act returns the act with this name, or nil.
func (r *Register) Act(name string) *Act {
	for _, a := range r.Acts {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Follow returns the follow-up with this name, or nil.
func (r *Register) Follow(name string) *Follow {
	for _, f := range r.Follows {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Tally returns the figure with this name, or nil.
func (r *Register) Tally(name string) *Tally {
	for _, t := range r.Tallies {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Move returns the rule by which an entry may go from one state to another, nil if none
// does. One that names the act goes before one for any act.
func (r *Register) Move(from, to, act string) *Move {
	var any *Move
	for _, m := range r.Moves {
		if m.To != to || from == to || !slices.Contains(m.From, from) && !slices.Contains(m.From, "*") {
			continue
		}
		if slices.Contains(m.On, act) {
			return m
		}
		if len(m.On) == 0 && any == nil {
			any = m
		}
	}
	return any
}

// Sealed reports whether entries are kept sealed, and their keys as hashes.
func (r *Register) Sealed() bool { return r.Class >= "C2" }

// Exits lists the states an entry can go to from a state, by anybody or by itself.
func (r *Register) Exits(from string) []string {
	var out []string
	add := func(to string) {
		if to != from && to != "" && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	for _, m := range r.Moves {
		if slices.Contains(m.From, from) || slices.Contains(m.From, "*") {
			add(m.To)
		}
	}
	for _, l := range r.Limits {
		if slices.Contains(l.In, from) {
			add(l.Then)
		}
	}
	return out
}

// Before in front of a name means what an entry said before the act.
const Before = "原"

// Today is the name of the day in rules about entries.
const Today = "今天"

// OfUnit stands for the committee in Apart and Quota.
const OfUnit = "单位"

// Names in templates and rules that are no fields.
const (
	NameKey    = "名"    // what the entry is about: 6号1203
	NameUnit   = "单位"   // the committee
	NameState  = "状态"   // where it stands
	NameWas    = "原状态"  // where it stood
	NameMeans  = "状态义"  // the state's title
	NameDay    = "第几天"  // of a follow-up, from 1
	NameLeft   = "剩几天"  // until the limit of a move
	NameCount  = "齐"    // of a checklist: how many are there
	NameItems  = "项"    // of a checklist: how many there are
	NameLacks  = "缺"    // of a checklist: what is missing
	NameLine   = "键"    // the key as it is typed: 6-1203
	NameResult = "结果"   // of a follow-up: what was measured, or that all is well
	NameHouses = "底册户数" // KeyCompound: the households of the base
	NameUnitOf = "量词"   // what the things are counted in, as the answer says that is part of the key
	NameValue  = "值"    // Field.Say: the number
)

// ReservedNames are the names no field may have.
func ReservedNames() []string {
	return []string{NameKey, NameUnit, NameState, NameWas, NameMeans, NameDay, NameLeft, NameCount, NameItems, NameLacks, NameLine, NameResult, NameHouses, NameUnitOf, NameValue, Today}
}

// TemplateNames lists the names a template needs: {name} is its value, and what stands in
// [ ] is left out where one of its names has none.
func TemplateNames(text string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(text, "{")
		if !ok {
			return out
		}
		name, rest, ok := strings.Cut(rest, "}")
		if !ok {
			return out
		}
		out, text = append(out, name), rest
	}
}
