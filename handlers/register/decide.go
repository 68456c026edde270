package register

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// order is what a line asks of an entry, as far as it has been understood. It is also what
// is kept while it waits for an answer.
type order struct {
	Pack     string            `json:"p"`
	Register string            `json:"r"`
	Act      string            `json:"a"`
	To       target            `json:"o"`
	Values   map[string]int    `json:"v,omitempty"`
	Texts    map[string]string `json:"t,omitempty"`
	Picked   string            `json:"s,omitempty"` // the state that was named
	Turn     int               `json:"n,omitempty"` // the turn whose word was typed, from 1
	Fine     bool              `json:"f,omitempty"` // all is well, said outright
	Readings []reading         `json:"m,omitempty"`
	Alarms   []int             `json:"x,omitempty"` // alarms whose word was typed
	Checked  bool              `json:"c,omitempty"` // the checklist was gone through
	Lacks    []string          `json:"k,omitempty"` // what of it is missing
	Why      string            `json:"w,omitempty"` // words beside the figures
	After    bool              `json:"b,omitempty"` // it answers the question behind a receipt
	Sure     []string          `json:"y,omitempty"` // what has been confirmed
}

// reading is one figure of a follow-up; Slot -1 is the slot of the hour.
type reading struct {
	Slot int  `json:"s"`
	N    int  `json:"n"`
	Sure bool `json:"y,omitempty"`
}

func (o *order) sure(what string) bool { return slices.Contains(o.Sure, what) }

// question is what must be answered in one line.
type question struct {
	Kind   askKind
	Fields []string
	What   string // for askSure: what the yes confirms
	Text   string
}

type askKind string

const (
	askNeed  askKind = "need"  // fields that must be known before anything is kept
	askSure  askKind = "sure"  // something unusual, or somebody else's change
	askGuess askKind = "guess" // a figure that was understood by guessing: 365
	askLater askKind = "later" // a field that is asked after the rest was kept
)

// bench is all that a decision needs; it reads and writes nothing.
type bench struct {
	*book
	d    *handlers.Desk
	by   config.Person // its zero value: it happens by itself
	act  *config.Act
	o    order
	old  *Entry   // absent: revision 0
	rest []*Entry // all other entries, only where ranges or quotas want them
}

// verdict is what came of it.
type verdict struct {
	now    *Entry // nil: nothing changes
	ask    *question
	then   *question
	opens  []handlers.Matter
	rang   []*config.Alarm
	result string
}

// recently is how long somebody else's change is shown before it is overwritten.
const recently = 10 * time.Minute

// decide says what an act makes of an entry, what has to be asked first, or why not.
func (w *bench) decide() (verdict, error) {
	if err := w.exists(); err != nil {
		return verdict{}, err
	}
	if q := w.guessed(); q != nil {
		return verdict{ask: q}, nil
	}
	old := w.old
	if old.Gone != "" || old.rev > 0 && w.act.Once { // the one before has come to its end
		old = fresh(old)
	}
	now := w.begin(old)
	if err := w.write(now, old); err != nil {
		return verdict{}, err
	}
	if q := w.clash(now); q != nil {
		return verdict{ask: q}, nil
	}
	if q := w.missing(now); q != nil {
		return verdict{ask: q}, nil
	}
	if q := w.unusual(now); q != nil {
		return verdict{ask: q}, nil
	}
	v := verdict{now: now}
	if err := w.turn(now, old); err != nil {
		return verdict{}, err
	}
	if q, err := w.check(now, old); q != nil || err != nil {
		return verdict{ask: q}, err
	}
	if err := w.apart(now); err != nil {
		return verdict{}, err
	}
	if err := w.record(now, &v); err != nil {
		return verdict{}, err
	}
	w.alarm(now, old, &v)
	w.settle(now, old)
	if w.same(now, old, v) {
		return verdict{}, nil
	}
	now.Did[w.act.Name] = Deed{At: w.d.At.Unix(), By: w.by.UserID}
	now.Last = Event{Act: w.act.Name, By: w.by.UserID, At: w.d.At.Unix(), What: w.diff(old, now), Why: w.o.Why}
	if v.result != "" {
		now.Last.What = append(now.Last.What, v.result)
	}
	v.then = w.later(now)
	return v, nil
}

// exists refuses what needs an entry and finds none, and the other way round.
func (w *bench) exists() error {
	f := w.figures(w.d, w.old, nil, w.o.To)
	switch {
	case w.old.Gone != "" && w.act.Existing:
		return handlers.Refusef("那边的事请找那边。", "%s已经移交%s，什么也没记。", w.o.To.Name, w.old.Gone)
	case w.act.Existing && w.old.rev == 0:
		return handlers.Refusef(f.say(w.act.Stranger), "%s没有登记过，什么也没记。", w.o.To.Name)
	case w.act.Once && w.old.standing() && !w.final(w.old.State):
		fix := "看登记：" + w.lookUp(w.o.To)
		if w.act.Stranger != "" {
			fix = f.say(w.act.Stranger)
		}
		return handlers.Refusef(fix, "%s已经登记过了（%s），没有再记。", w.o.To.Name, w.lastBy(w.old))
	}
	return nil
}

func (b *book) final(state string) bool {
	s := b.State(state)
	return s != nil && s.Final
}

// lastBy says who changed an entry last, and when: 梅园社工15:01.
func (w *bench) lastBy(e *Entry) string {
	if e.Last.By == w.by.UserID {
		return "您" + clock(w.d, e.Last.At)
	}
	return who(w.d, e.Last.By) + clock(w.d, e.Last.At)
}

// begin is the entry as the act finds it, a new one in its first state.
func (w *bench) begin(old *Entry) *Entry {
	now := old.clone()
	if now.Born == 0 {
		now.Born = w.d.At.Unix()
	}
	if s := w.Initial(); s != nil && now.State == "" {
		now.State, now.Since = s.Name, w.d.At.Unix()
	}
	if len(w.act.Clear) > 0 && w.figures(w.d, now, old, w.o.To).holds(w.act.ClearWhen) {
		for _, name := range w.act.Clear {
			delete(now.Values, name)
			delete(now.Texts, name)
		}
	}
	return now
}

// write enters what the line gives, what the act sets by itself, and what is computed.
func (w *bench) write(now, old *Entry) error {
	for _, name := range w.act.Drop {
		if _, given := w.o.Values[name]; !given {
			delete(now.Values, name)
			delete(now.Texts, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.o.Values)) {
		x, n := w.Field(name), w.o.Values[name]
		if x.Quantity() && (n < x.Min || x.Max > x.Min && n > x.Max) {
			return handlers.Refusef("请照这样改了再发："+w.again(name), "%s要在%s到%s之间，您写的是%s。什么也没记。", name, x.Format(x.Min), x.Format(x.Max), x.Format(n))
		}
		now.Values[name] = n
	}
	for _, name := range slices.Sorted(maps.Keys(w.o.Texts)) {
		x, text := w.Field(name), w.o.Texts[name]
		if n := len([]rune(text)); x.Chars > 0 && n > x.Chars {
			return handlers.Refusef("请写短一点再发。", "%s最多%d个字，您写了%d个。什么也没记。", name, x.Chars, n)
		}
		now.Texts[name] = text
	}
	if w.o.Checked {
		for _, it := range w.pack.Cases.List(w.List).Items {
			now.Values[it.Name] = 1
			if slices.Contains(w.o.Lacks, it.Name) {
				now.Values[it.Name] = 0
			}
		}
	}
	f := w.figures(w.d, now, old, w.o.To)
	for _, s := range w.act.Set {
		x := w.Field(s.Field)
		if _, known := now.Values[x.Name]; s.Default && known {
			continue
		}
		n := s.Const
		if s.Expr != nil {
			var ok bool
			if n, ok = s.Expr.Value(1, f.get); !ok {
				continue
			}
			if x.Kind == config.KindDate {
				n = dayOf(n).Number()
			}
		}
		now.Values[x.Name] = n
	}
	w.flow(now)
	return nil
}

// again is the line to send once more, with one field left open.
func (w *bench) again(open string) string {
	line := "/" + w.act.Name + " " + w.o.To.Line
	for _, name := range w.act.Takes {
		x := w.Field(name)
		switch n, ok := w.o.Values[name]; {
		case name == open:
			line += " " + name + "？"
		case ok && (x.Kind == config.KindEnum || x.Kind == config.KindDate):
			line += " " + x.Format(n)
		case ok:
			line += " " + name + x.Format(n)
		}
	}
	return line
}

// guessed asks about a figure that was understood by guessing.
func (w *bench) guessed() *question {
	for _, r := range w.o.Readings {
		if !r.Sure {
			x := w.followed()
			return &question{Kind: askGuess, Text: fmt.Sprintf("%s%s？对就回1，不对就回正确的数", w.slotName(r.Slot), x.Format(r.N))}
		}
	}
	return nil
}

// followed is the field the act's follow-up measures, nil if there is none.
func (w *bench) followed() *config.Field {
	if f := w.Follow(w.act.Follow); f != nil {
		return w.Field(f.Field)
	}
	return nil
}

func (w *bench) slotName(slot int) string {
	if f := w.Follow(w.act.Follow); f != nil && slot >= 0 {
		return f.Slots[slot].Name
	}
	return ""
}

// missing asks for what must be known.
func (w *bench) missing(now *Entry) *question {
	var open []string
	for _, name := range w.act.Need {
		x := w.Field(name)
		if _, ok := now.Values[name]; !ok && x.Number() || !x.Number() && now.Texts[name] == "" {
			open = append(open, name)
		}
	}
	if w.act.Follow != "" && !w.o.Fine && len(w.o.Readings) == 0 {
		if x := w.followed(); x != nil {
			return &question{Kind: askNeed, Fields: []string{x.Name}, Text: fmt.Sprintf("%s是多少？回数字，都好就回：%s", x.Name, w.Follow(w.act.Follow).Fine[0])}
		}
	}
	switch len(open) {
	case 0:
		return nil
	case 1:
		return &question{Kind: askNeed, Fields: open, Text: fmt.Sprintf("还差：%s。回%s就行", open[0], wants(w.Field(open[0])))}
	}
	var parts []string
	for _, name := range open {
		parts = append(parts, sample(w.Field(name)))
	}
	return &question{Kind: askNeed, Fields: open, Text: fmt.Sprintf("还差：%s。一行写出来就行，如：%s", strings.Join(open, "、"), strings.Join(parts, " "))}
}

// wants says how an open field is answered.
func wants(x *config.Field) string {
	switch x.Kind {
	case config.KindDate:
		return "日期"
	case config.KindEnum:
		var names []string
		for _, o := range x.Options[:min(3, len(x.Options))] {
			names = append(names, o.Name)
		}
		s := strings.Join(names, "、")
		if len(x.Options) > 3 {
			s += "这样的词"
		}
		return s
	case config.KindBool:
		return "有/没"
	case config.KindText:
		return "一句话"
	}
	return "个数"
}

// sample is a value as it could be typed.
func sample(x *config.Field) string {
	switch x.Kind {
	case config.KindDate:
		return "今天"
	case config.KindEnum:
		return x.Options[0].Name
	case config.KindBool:
		return x.Name + "有"
	case config.KindText:
		return x.Name + "……"
	case config.KindRange:
		return x.Name + "1-20"
	}
	return "2" + x.Unit
}

// unusual asks about figures above their soft limit.
func (w *bench) unusual(now *Entry) *question {
	for _, name := range slices.Sorted(maps.Keys(w.o.Values)) {
		if x := w.Field(name); x.Warn > 0 && now.Values[name] > x.Warn && !w.o.sure("warn/"+name) {
			return &question{Kind: askSure, What: "warn/" + name, Text: fmt.Sprintf("%s%s，比平时多，确定吗？确定回1，不对就回：%s和正确的数", name, x.Format(now.Values[name]), name)}
		}
	}
	return nil
}

// clash shows what somebody else has entered a moment ago, before it is overwritten.
func (w *bench) clash(now *Entry) *question {
	l := w.old.Last
	if w.o.sure("change") || w.old.rev == 0 || l.By == "" || l.By == "-" || l.By == w.by.UserID || w.d.At.Sub(time.Unix(l.At, 0)) > recently {
		return nil
	}
	var over []string
	for _, x := range w.Fields {
		was, had := w.old.Values[x.Name]
		n, given := w.o.Values[x.Name]
		if had && given && was != n && !w.momentary(x.Name) && slices.ContainsFunc(l.What, func(s string) bool { return strings.HasPrefix(s, x.Name) }) {
			over = append(over, x.Name+format(x, was)+"→"+format(x, n))
		}
	}
	if w.o.Picked != "" && w.o.Picked != w.old.State && len(w.old.Turns) > 0 && w.old.Turns[len(w.old.Turns)-1].At == l.At {
		over = append(over, w.old.State+"→"+w.o.Picked)
	}
	if len(over) == 0 {
		return nil
	}
	return &question{Kind: askSure, What: "change", Text: fmt.Sprintf("%s刚记过%s：%s。\n您这条要改：%s。要改回1，不改就不用回", w.lastBy(w.old), w.o.To.Name, strings.Join(l.What, " "), strings.Join(over, " "))}
}

// later is the question that follows the receipt: the first of the act's whose field nobody
// has answered.
func (w *bench) later(now *Entry) *question {
	f := w.figures(w.d, now, w.old, w.o.To)
	for _, q := range w.act.Ask {
		if _, known := now.Values[q.Field]; !known && now.Texts[q.Field] == "" && f.holds(q.When) {
			return &question{Kind: askLater, Fields: []string{q.Field}, Text: f.say(q.Say)}
		}
	}
	return nil
}

// same reports whether the act left the entry as it was, and is no confirmation either.
func (w *bench) same(now, old *Entry, v verdict) bool {
	if old.rev == 0 || w.act.Check || w.confirms() || v.result != "" || len(v.rang) > 0 || now.State != old.State {
		return false
	}
	return maps.Equal(now.Values, old.Values) && maps.Equal(now.Texts, old.Texts)
}

// confirms reports whether doing the act is worth something by itself.
func (w *bench) confirms() bool {
	return slices.ContainsFunc(w.Limits, func(l *config.Limit) bool {
		return l.Every > 0 && (len(l.Acts) == 0 || slices.Contains(l.Acts, w.act.Name))
	})
}

// diff says what has changed: 人数2→3 蓝→绿.
func (w *bench) diff(old, now *Entry) []string {
	var out []string
	for _, x := range w.Fields {
		if w.followedField(x.Name) || slices.Contains(w.Key.With, x.Name) {
			continue // its readings stand behind; the key never changes
		}
		was, had := old.Values[x.Name]
		n, has := now.Values[x.Name]
		if slices.Contains(w.act.Drop, x.Name) && slices.Contains(w.act.Takes, x.Name) {
			was, had, has = 0, false, has && n != 0 // it was of its moment
		}
		switch {
		case has && !had:
			out = append(out, x.Name+format(x, n))
		case has && n != was:
			out = append(out, x.Name+format(x, was)+"→"+format(x, n))
		case had && !has:
			out = append(out, x.Name+format(x, was)+"→空")
		}
		if t := now.Texts[x.Name]; t != old.Texts[x.Name] {
			out = append(out, x.Name+"："+t)
		}
	}
	switch {
	case old.State == "" && now.State != "":
		out = append(out, now.State)
	case now.State != old.State:
		out = append(out, old.State+"→"+now.State)
	}
	return out
}

// format writes a value as people read it; a yes or no as a mark.
func format(x *config.Field, n int) string {
	if x.Kind == config.KindBool {
		return []string{"✗", "✓"}[min(max(n, 0), 1)]
	}
	return x.Format(n)
}

// lookUp is the line that shows an entry.
func (b *book) lookUp(t target) string {
	for _, v := range b.pack.Views {
		if v.Kind == config.ViewEntry && slices.Contains(v.Registers, b.Name) {
			return "/" + v.Name + " " + t.Line
		}
	}
	return "问" + b.Owner
}

// who is what a person is called, never a name.
func who(d *handlers.Desk, userid string) string {
	if p, s, ok := d.Dir.Person(userid); ok && s.Code == d.Street.Code {
		return p.Title
	}
	return "系统"
}

// clock says when something was: 15:01, or with its day.
func clock(d *handlers.Desk, unix int64) string {
	at := time.Unix(unix, 0).In(d.Street.Location)
	if d.Street.Day(at) == d.Day {
		return at.Format("15:04")
	}
	return d.Street.Day(at).Label() + at.Format("15:04")
}
