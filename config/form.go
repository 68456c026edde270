package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Form is one report that units file once a period. A form whose questions change keeps
// its name: each version is a Form of its own, with the day from which it holds.
type Form struct {
	Name     string // also its command: /日报
	Aliases  []string
	Version  int      // from 1; goes up when the meaning of a field changes
	From     Day      // the day from which this version holds; "" = from the start
	Until    Day      // last day of the form; "" = as long as its pack runs
	Earlier  *Form    // the version before this one; nil = the first
	before   Day      // the day from which a later version holds; "" = none does
	Who      []Role   // who may file it
	By       Reporter // what files it: a committee, each of its blocks or sites, an area
	Site     SiteKind // By site: of which kind
	Required bool     // its absence is noticed: reminders, who is missing. false = used when there is something to say
	Every    Rhythm
	Weekdays []time.Weekday // EveryWeek: the days it is due on, from Monday on
	Opens    Clock          // from when a report of the period may be filed without a remark
	AsOf     Clock          // the moment the numbers describe
	Cutoffs  []Clock        // each cut-off of a day, in order; several = several reports a day
	Shifts   []string       // what people call each of them, as many as Cutoffs. Named ones are parts of the day (早班) and add up; "" = another look at the same
	Cutoff   Clock          // the last of them; afterwards a report is late
	NoEarly  bool           // a report before Opens is refused, not remarked on
	NoLate   bool           // a report after its cut-off is refused, not taken as 补报
	Fields   []*Field
	Checks   []*Check
	Zero     bool   // /零报 is accepted: flows 0, stocks carried
	Same     bool   // 同昨 is accepted: stocks copied
	Fade     *Fade  // how it stops asking where nothing changes; nil = it asks every day
	While    string // the round that has to be open for it to be asked: 口罩预约; "" = always
	Review   Role   // who accepts a report or returns it with a reason; "" = nobody

	Owner    string        // the office that asks: 党建办
	Purpose  string        // what for, for /为什么
	Basis    string        // by which rule
	Minutes  int           // what one report costs the person who files it
	Lead     time.Duration // the least time between Opens and the cut-off
	Chain    []Deadline    // whose deadlines hang on this one's, the farthest first
	Approved string        // who agreed that it may ask what largely is known
	Place    Place

	paces map[string]*Form // the form at each level, "" = at none; see During
	base  *Form            // what it is a pace of; nil = it is none
	pace  []Clock          // those of Cutoffs that are asked at its pace; nil = all
}

// Deadline is one link of the chain of offices that hand the same numbers on.
type Deadline struct {
	Who string // 区
	At  Clock
}

// Reporter is what files a form.
type Reporter string

// What may file a form, as written in by.
const (
	ByCommittee Reporter = "committee" // each 居民区, one report
	ByBlock     Reporter = "block"     // each 块 of a committee
	BySite      Reporter = "site"      // each site of one kind
	ByLiaison   Reporter = "liaison"   // each 片区, by its 联络员
)

// Rhythm is how often a form is filed.
type Rhythm string

// The rhythms, as written in every.
const (
	EveryDay   Rhythm = "day"
	EveryWeek  Rhythm = "week"  // on Weekdays
	EveryOnce  Rhythm = "once"  // once while the pack runs
	EveryEvent Rhythm = "event" // when something has happened; never due
)

// Check is a rule between a form's numbers.
type Check struct {
	Rule  *Rule
	Hard  bool // false: the report may be kept with a reason
	Place Place
}

// Called reports whether the form has this name or alias.
func (f *Form) Called(name string) bool { return f.Name == name || slices.Contains(f.Aliases, name) }

// Field returns the field with this name or alias, or nil.
func (f *Form) Field(name string) *Field {
	for _, x := range f.Fields {
		if x.Name == name || slices.Contains(x.Aliases, name) {
			return x
		}
	}
	return nil
}

// Asked returns the fields that people are asked, without the derived ones.
func (f *Form) Asked() []*Field {
	return slices.DeleteFunc(slices.Clone(f.Fields), func(x *Field) bool { return !x.Asked() })
}

// Example returns a full line that passes every check: /日报 新返3 重点1 … Of a form that
// asks for words only it names what may be said: /联络 举措… 瓶颈人手.
func (f *Form) Example() string {
	parts, open := []string{"/" + f.Name}, []string{"/" + f.Name}
	for _, x := range f.Fields {
		switch {
		case x.Example != "":
			parts = append(parts, x.Name+x.Example)
		case x.Kind == KindText:
			open = append(open, x.Name+"…")
		case x.Kind == KindEnum && len(x.Options) > 0:
			open = append(open, x.Name+x.Options[0].Name)
		}
	}
	if len(parts) == 1 {
		parts = open
	}
	return strings.Join(parts, " ")
}

// Get returns the look-up that rules and derived fields want, over a form's own numbers:
// the fields' names, and of a range 号段 its first number 号段起, its last 号段止 and how many
// it holds, 号段长. A derived field has the value of its expression, if its numbers are there.
func (f *Form) Get(numbers func(name string) (int, bool)) func(name string) (int, bool) {
	var get func(string) (int, bool)
	get = func(name string) (int, bool) {
		if n, ok := numbers(name); ok {
			return n, true
		}
		if base, part, ok := f.part(name); ok {
			n, ok := numbers(base)
			switch from, to := Ends(n); part {
			case startOf:
				return from, ok
			case endOf:
				return to, ok
			default:
				return to - from + 1, ok
			}
		}
		if x := f.exactly(name); x != nil && x.Derive != nil {
			return x.Compute(get)
		}
		return 0, false
	}
	return get
}

// What stands behind the name of a range field: how many numbers it holds, its first, its last.
const (
	lengthOf = "长"
	startOf  = "起"
	endOf    = "止"
)

// part splits the name of a part of a range, 号段起 or 昨日号段止, into the range and the part.
func (f *Form) part(name string) (base, part string, ok bool) {
	for _, part := range []string{lengthOf, startOf, endOf} {
		base, cut := strings.CutSuffix(name, part)
		if x := f.exactly(strings.TrimPrefix(base, Yesterday)); cut && x != nil && x.Kind == KindRange {
			return base, part, true
		}
	}
	return "", "", false
}

// Whose returns the range whose first number a name is, 号段 of 号段起, or nil.
func (f *Form) Whose(name string) *Field {
	if base, part, ok := f.part(name); ok && part == startOf {
		return f.exactly(base)
	}
	return nil
}

func (f *Form) exactly(name string) *Field {
	i := slices.IndexFunc(f.Fields, func(x *Field) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return f.Fields[i]
}

// Changes says in words what a version changes against the one before, for the one time
// it is announced: 新增转出，不再问困难. "" if nothing that people type has changed.
func (f *Form) Changes() string {
	if f.Earlier == nil {
		return ""
	}
	var parts []string
	list := func(what string, a, b *Form) {
		var names []string
		for _, x := range a.Asked() {
			if y := b.exactly(x.Name); y == nil || !y.Asked() {
				names = append(names, x.Name)
			}
		}
		if len(names) > 0 {
			parts = append(parts, what+strings.Join(names, "、"))
		}
	}
	list("新增", f, f.Earlier)
	list("不再问", f.Earlier, f)
	if f.Cutoff != f.Earlier.Cutoff {
		parts = append(parts, fmt.Sprintf("截止改为%s", f.Cutoff))
	}
	return strings.Join(parts, "，")
}
