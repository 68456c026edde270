package config

import (
	"slices"
	"time"
)

// Levels are a pack's states of alarm, such as the four of a typhoon warning. People set
// them, on the signal of an authority; what is asked, and how often, follows.
type Levels struct {
	Word    string        // their command: 预警
	Aliases []string      // other words for it
	Who     []Role        // who sets a level
	Second  []Role        // one of whom says yes to it, another person than who set it; none = who set it says yes himself
	Sources []string      // the authorities whose signal a level rests on; one of them is named
	Chat    ChatKind      // where everybody hears of it
	Hold    time.Duration // how long until the bot asks whether it still holds
	Steps   []*Level      // from the mildest on
	Lifted  *Level        // what is asked when it is over
	Place   Place
}

// Level is one of them.
type Level struct {
	Name    string   // Ⅱ
	Title   string   // 橙色
	Aliases []string // 二级
	Night   bool     // what it asks may break the quiet hours
	Say     string   // what to do, said to everybody with it
	Asks    []Ask    // what units are asked when it begins
	Paces   []Pace   // how often forms are filed while it holds
	Place   Place
}

// Ask is a form that every unit is asked once, at once.
type Ask struct {
	Form    string
	Within  time.Duration // how long a unit has, and then each of Chain
	Chain   []Role        // who hears of those that have not answered, one after the other; none = nobody
	Refused string        // an option of the form that counts as no answer: 到不了
	Place   Place
}

// Pace is when a form is filed while a level holds.
type Pace struct {
	Form  string
	At    []Clock // its cut-offs of a day, in order
	Place Place
}

// Step returns the level with this name, or nil.
func (l *Levels) Step(name string) *Level {
	if l == nil {
		return nil
	}
	for _, s := range l.Steps {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Above reports whether a level is more serious than another; "" is none at all.
func (l *Levels) Above(a, b string) bool {
	at := func(name string) int { return slices.IndexFunc(l.Steps, func(s *Level) bool { return s.Name == name }) }
	return at(a) > at(b)
}

// Paced reports whether levels say when the form is filed.
func (f *Form) Paced() bool { return f.paces != nil || f.base != nil }

// Whole is the form with all the cut-offs that it has at any level.
func (f *Form) Whole() *Form {
	if f.base != nil {
		return f.base
	}
	return f
}

// During is the form as it is asked while a level holds; "" = while none does. Its periods
// are numbered alike at all levels. A form that no level is about is always the same.
func (f *Form) During(level string) *Form {
	switch at, ok := f.Whole().paces[level]; {
	case ok:
		return at
	case f.Paced():
		return f.Whole().paces[""]
	}
	return f
}

// asks reports whether a period of the day, from 1, is asked at the form's pace.
func (f *Form) asks(slot int) bool {
	return f.pace == nil || slices.Contains(f.pace, f.Cutoffs[slot-1])
}

// pacePack gives the forms that levels are about the cut-offs of all levels.
func pacePack(p *Pack) {
	if p.Levels == nil {
		return
	}
	for _, f := range p.Forms {
		at := map[string][]Clock{}
		for _, step := range p.Levels.Steps {
			for _, pace := range step.Paces {
				if f.Called(pace.Form) && len(pace.At) > 0 {
					at[step.Name] = pace.At
				}
			}
		}
		if len(at) == 0 {
			continue
		}
		own := f.Cutoffs
		for _, clocks := range at {
			f.Cutoffs = append(slices.Clone(f.Cutoffs), clocks...)
		}
		slices.Sort(f.Cutoffs)
		f.Cutoffs = slices.Compact(f.Cutoffs)
		f.Shifts, f.Cutoff = make([]string, len(f.Cutoffs)), f.Cutoffs[len(f.Cutoffs)-1]
		calm := *f
		calm.base, calm.pace, calm.Required = f, own, false
		f.paces = map[string]*Form{"": &calm}
		for name, clocks := range at {
			alert := *f
			alert.base, alert.pace, alert.paces = f, clocks, nil
			alert.Opens, alert.Required = 0, true
			f.paces[name] = &alert
		}
		f.Required = false
	}
}
