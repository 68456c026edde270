package config

import (
	"slices"
	"strings"
	"time"
)

// readLevels reads the part of a pack that is about states of alarm, nil if there is none.
func readLevels(v value) *Levels {
	if v.missing {
		return nil
	}
	o := v.object()
	defer o.close()
	l := &Levels{Place: v.at}
	l.Word = o.get("name").need().word()
	l.Aliases = o.get("aliases").words()
	l.Who, l.Second = o.get("who").need().roles(), o.get("second").roles()
	l.Sources = o.get("sources").need().words()
	l.Chat = ChatKind(o.get("chat").oneOf(string(ChatSecretaries), texts(ChatKinds())...))
	if l.Hold = o.get("hold").span(); l.Hold == 0 {
		l.Hold = 24 * time.Hour
	}
	for _, w := range o.get("steps").need().items() {
		l.Steps = append(l.Steps, readLevel(w, true))
	}
	if len(l.Steps) == 0 {
		v.problem(v.at, "levels 里没有 steps", "从轻到重写上每一级")
	}
	l.Lifted = &Level{}
	if w := o.get("lifted"); !w.missing {
		l.Lifted = readLevel(w, false)
	}
	return l
}

// readLevel reads one level, or what is done when the last is over.
func readLevel(v value, step bool) *Level {
	o := v.object()
	defer o.close()
	l := &Level{Place: v.at}
	if step {
		l.Name = o.get("name").need().text()
		l.Title = o.get("title").text()
		l.Aliases = o.get("aliases").texts()
		l.Night = o.get("night").yes(false)
		for _, w := range o.get("forms").items() {
			l.Paces = append(l.Paces, readPace(w))
		}
	}
	l.Say = strings.TrimSpace(o.get("say").text())
	for _, w := range o.get("asks").items() {
		l.Asks = append(l.Asks, readAsk(w))
	}
	return l
}

func readAsk(v value) Ask {
	o := v.object()
	defer o.close()
	return Ask{
		Form: o.get("form").need().word(), Within: o.get("within").need().span(),
		Chain: o.get("chain").roles(), Refused: o.get("refused").text(), Place: v.at,
	}
}

// readPace reads {form: 情况, at: [09:00, 17:00]} or {form: 情况, every: 2h}.
func readPace(v value) Pace {
	o := v.object()
	defer o.close()
	p := Pace{Form: o.get("form").need().word(), Place: v.at}
	at, every := o.get("at"), o.get("every")
	switch d := every.span(); {
	case at.missing && every.missing, !at.missing && !every.missing:
		v.problem(v.at, "at 和 every 要写一个，只写一个", "几个钟点写 at: [09:00, 17:00]，每两小时写 every: 2h")
	case at.missing && (d < time.Hour || (24*time.Hour)%d != 0):
		every.problem(every.at, "every 要能把一天分匀", "写 1h、2h、3h、4h、6h、8h 或 12h")
	case at.missing:
		for c := d; c <= 24*time.Hour; c += d {
			p.At = append(p.At, Clock(c/time.Minute))
		}
	default:
		for _, w := range at.items() {
			c := w.clock(-1)
			if n := len(p.At); c >= 0 && n > 0 && c <= p.At[n-1] {
				w.problem(w.at, "at 里"+c.String()+"不晚于前一个"+p.At[n-1].String(), "从早到晚写")
			} else if c >= 0 {
				p.At = append(p.At, c)
			}
		}
	}
	return p
}

// checkLevels finds what is wrong between the levels of a pack and its forms.
func checkLevels(r *reader, p *Pack) {
	if p.Levels == nil {
		return
	}
	if p.Form(p.Levels.Word) != nil {
		r.problem(r.placeOf("levels.name"), "“"+p.Levels.Word+"”已经是一张表的名称", "换一个名称")
	}
	steps := newNames(r, "级别")
	for i, s := range p.Levels.Steps {
		steps.add(s.Name, "levels.steps.%d.name", i)
		for j, a := range s.Aliases {
			steps.alias(s.Name, a, "levels.steps.%d.aliases.%d", i, j)
		}
		for _, pace := range s.Paces {
			checkPace(r, p, pace)
		}
	}
	for _, s := range append(slices.Clone(p.Levels.Steps), p.Levels.Lifted) {
		for _, a := range s.Asks {
			f := p.Form(a.Form)
			switch {
			case f == nil:
				r.problem(a.Place, "没有表单“"+a.Form+"”", meant(a.Form, formNames(p)))
			case f.Every != EveryEvent || f.By != ByCommittee:
				r.problem(a.Place, "“"+a.Form+"”不是一有情况就报的表，不能当场问", "表单写 every: event，按居民区报")
			case a.Refused != "" && refusing(f, a.Refused) == nil:
				r.problem(a.Place, "“"+a.Form+"”里没有选项“"+a.Refused+"”", "写选项的名称，或去掉 refused")
			}
		}
	}
}

func checkPace(r *reader, p *Pack, pace Pace) {
	f := p.Form(pace.Form)
	switch {
	case f == nil:
		r.problem(pace.Place, "没有表单“"+pace.Form+"”", meant(pace.Form, formNames(p)))
	case f.Every != EveryDay || len(f.Cutoffs) < 2 || slices.ContainsFunc(f.Shifts, func(s string) bool { return s != "" }):
		r.problem(pace.Place, "“"+pace.Form+"”不能按级别报", "表单写 when: [09:00, 17:00]，不写班次的名称")
	}
}

// refusing is the field of a form with an option that counts as no answer, or nil.
func refusing(f *Form, option string) *Field {
	for _, x := range f.Fields {
		if slices.ContainsFunc(x.Options, func(o Option) bool { return o.Name == option }) {
			return x
		}
	}
	return nil
}

// Declined reports whether a unit's values of the ask's form say that it cannot.
func (a Ask) Declined(f *Form, values map[string]int) bool {
	x := refusing(f, a.Refused)
	if a.Refused == "" || x == nil {
		return false
	}
	n, given := values[x.Name]
	return given && x.Format(n) == a.Refused
}
