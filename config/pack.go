package config

import (
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Pack is packs/*.yaml: what a campaign asks, when, and how it says it.
type Pack struct {
	Name    string // in ASCII: epidemic
	Title   string // 疫情防控
	Forms   []*Form
	Duties  []*Duty
	Notices []Template
	Budget  Budget
	Digest  []Section // the morning digest's parts, in order
	Place   Place
}

// Form returns the form with this name or alias, or nil.
func (p *Pack) Form(name string) *Form {
	for _, f := range p.Forms {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f
		}
	}
	return nil
}

// Budget limits what the bot says unasked. Answers don't count.
type Budget struct {
	PerPerson int   // pushes per person and day, default 3
	PerChat   int   // pushes per group and day, default 3
	QuietFrom Clock // default 20:00
	QuietTo   Clock // default 08:00, next morning
}

// Quiet reports whether a time of day lies in the quiet hours.
func (b Budget) Quiet(c Clock) bool {
	if b.QuietFrom <= b.QuietTo {
		return b.QuietFrom <= c && c < b.QuietTo
	}
	return c >= b.QuietFrom || c < b.QuietTo
}

// Section is one part of the digest.
type Section struct {
	Title  string
	Fields []string // names of fields; together with Form
	Form   string   // the form the fields belong to
	Change bool     // also say the change since yesterday, over units present on both days
	ByUnit bool     // name the units with a value above 0: leaders' group only
	Place  Place
}

// Template is a notice prepared for the office to send.
type Template struct {
	Name, Text string
	Place      Place
}

// Form is one report that units file once a period.
type Form struct {
	Name    string // also its command: /日报
	Aliases []string
	Version int    // from 1; goes up when the meaning of a field changes
	Who     []Role // who may file it
	Opens   Clock  // from when today's report may be filed without a remark
	AsOf    Clock  // the moment the numbers describe
	Cutoff  Clock  // afterwards a report is late
	Fields  []*Field
	Checks  []*Check
	Zero    bool // /零报 is accepted: flows 0, stocks carried
	Same    bool // 同昨 is accepted: stocks copied
	Until   Day  // last day of the form; "" = as long as its pack runs
	Place   Place
}

// Field returns the field with this name or alias, or nil.
func (f *Form) Field(name string) *Field {
	for _, x := range f.Fields {
		if x.Name == name || slices.Contains(x.Aliases, name) {
			return x
		}
	}
	return nil
}

// Example returns a full line that passes every check: /日报 新返3 重点1 …
func (f *Form) Example() string {
	var b strings.Builder
	b.WriteString("/" + f.Name)
	for _, x := range f.Fields {
		if x.Example != "" {
			b.WriteString(" " + x.Name + x.Example)
		}
	}
	return b.String()
}

// FieldKind is what a field holds.
type FieldKind string

// The kinds of field.
const (
	KindInt  FieldKind = "int"  // a whole number
	KindText FieldKind = "text" // a short sentence
)

// Field is one thing a form asks.
type Field struct {
	Name     string // the label: 新返
	Aliases  []string
	Kind     FieldKind
	Stock    bool     // carried from day to day (在隔); false = a flow that starts at 0 each day
	Unit     string   // 人, 户
	Words    []string // unit words that may follow the number, Unit included
	Min, Max int      // KindInt: the hard limits
	Warn     int      // KindInt: above it the bot asks once; 0 = never
	Chars    int      // KindText: the limit in characters
	Optional bool
	Class    string // C0 to C4, DOMAIN.md §4.3
	Health   bool   // a health count: never shown per unit in a group
	Item     string // the data item it feeds: one number, one source
	Help     string // one sentence for who asks what it means
	Example  string // its part in Form.Example; "" for an optional field
	Place    Place
}

// Check is a rule between a form's numbers.
type Check struct {
	Rule  *Rule
	Hard  bool // false: the report may be kept with a reason
	Place Place
}

// What happens with a duty's slot that passed while the bot was down.
const (
	LateSkip = "skip" // done only within Grace of its slot
	LateOnce = "once" // done once, however late
)

// Duty is something the bot does by itself at a time of day.
type Duty struct {
	Do       string        // its kind: remind-chat, nudge, missing, digest
	Form     string        // the form it is about; "" where the kind needs none
	Cron     string        // five fields, in the street's zone
	Schedule cron.Schedule // Cron parsed; Next wants a time in the street's zone
	Days     Days          // on which days; DaysAll where it says nothing
	Chat     ChatKind      // the kind of chat it speaks in; "" = to single persons
	Late     string        // LateSkip or LateOnce
	Grace    time.Duration // LateSkip: how late it still makes sense
	Place    Place

	name string
}

// Name returns the duty's id, unique in its pack and stable when its time is edited:
// nudge-日报, and nudge-日报-2 for the second of the kind.
func (d *Duty) Name() string {
	switch {
	case d.name != "":
		return d.name
	case d.Form != "":
		return d.Do + "-" + d.Form
	}
	return d.Do
}
