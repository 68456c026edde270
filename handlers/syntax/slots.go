package syntax

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Slot is something a short line may say, in any order, with a label or without: in 6-1203
// 湖北 2.6 3人 the place, the day and the number need none.
type Slot struct {
	Name    string
	Aliases []string
	As      As
	Places  int      // AsPoint
	Units   []string // AsCount, AsPoint: words behind the number, by which it needs no label
	Options []Word   // AsChoice
	Ahead   bool     // AsDay: a plan; otherwise the nearest such day, before or ahead
	Many    bool     // several values may follow each other
	Whole   bool     // AsWords: the rest of the line
	Opens   bool     // its value begins a new group: what follows may say again what was said
}

// Said is one thing that a line says.
type Said struct {
	Slot     int       // index of the slot; -1: a mark
	Mark     int       // index of the mark; -1: a slot
	Int      int       // AsCount; AsPoint ×10^Places; AsChoice from 1; AsYesNo 1 or 0; AsDegrees ×10
	From, To int       // AsRange
	At       time.Time // AsDay
	Text     string    // AsWords
	Sure     bool      // false: to be asked before it is kept (365 for 36.5)
	Labelled bool      // its label was typed
}

// SlotLine is what was made of a line.
type SlotLine struct {
	Said    []Said
	Lead    string   // the words before the first thing said
	Words   string   // all words that mean nothing here
	Unknown []string // figures that are nobody's value, and denials of something not understood
	Vague   bool     // a temperature without its figure: 三十六度几
}

// SlotReader reads lines for one set of slots; it is safe for concurrent use.
type SlotReader struct {
	slots []Slot
	names *table // by code: slots, then options, then marks
	codes []slotCode
	units []*table
}

// slotCode is what an entry of names stands for.
type slotCode struct{ slot, option, mark int }

// NewSlotReader compiles slots and marks: words that the caller wants to hear of. Where a
// word stands for two things the first slot keeps it.
func NewSlotReader(slots []Slot, marks []Word) *SlotReader {
	r := &SlotReader{slots: slots, names: newTable(64)}
	add := func(c slotCode, words ...string) {
		for _, w := range words {
			r.names.add(w, len(r.codes))
		}
		r.codes = append(r.codes, c)
	}
	for m, w := range marks {
		add(slotCode{-1, 0, m}, append([]string{w.Name}, w.Aliases...)...)
	}
	for i, x := range slots {
		add(slotCode{i, 0, -1}, append([]string{x.Name}, x.Aliases...)...)
		units := newTable(len(x.Units))
		for _, u := range x.Units {
			units.add(u, i)
		}
		r.units = append(r.units, units.sorted())
	}
	for i, x := range slots {
		for j, o := range x.Options {
			add(slotCode{i, j + 1, -1}, append([]string{o.Name}, o.Aliases...)...)
		}
	}
	r.names.sorted()
	return r
}

// Read reads one line from which the place it is about has been taken. today is for days.
func (r *SlotReader) Read(text string, today time.Time) SlotLine {
	s := Normalise(text)
	rd := &slotReading{SlotReader: r, s: s, f: fold(s), today: today, filled: make([]bool, len(r.slots))}
	rd.run()
	return rd.out
}

type slotReading struct {
	*SlotReader
	s, f   string
	today  time.Time
	filled []bool
	out    SlotLine
	words  strings.Builder
	led    bool // a label was typed: what stands before the first one has ended
	denied int  // byte offset behind the last denial that nothing has answered; 0: none
	waits  int  // the slot, from 1, whose label stood without a figure; bare figures are its: 盘 口罩260 酒精8
}

// denials turn round what stands beside them; what they deny must have been understood.
var denials = []string{"没有", "还没", "没签", "未签", "没", "未", "无", "不", "别"}

// betweenDenial may stand between a denial and what it denies: 没签承诺书, 不能内开.
var betweenDenial = []string{"", "签", "有", "能", "可", "可以", "贴", "开"}

func (r *slotReading) run() {
	for i := 0; i < len(r.f); {
		c, w := runeAt(r.f, i)
		switch {
		case c == ' ' || c == '\n' || isMark(c):
			r.word(" ")
			i += w
		default:
			i = r.step(i, w)
		}
	}
	r.settleDenial()
	r.out.Words = strings.Join(strings.Fields(r.words.String()), " ")
}

// step reads what stands at byte i and returns where it ends.
func (r *slotReading) step(i, w int) int {
	if e, ok := r.names.match(r.f, i); ok && !r.figure(i, i+len(e.text)) {
		if end := r.named(i, i+len(e.text), r.codes[e.id], e.runes); end > i {
			return end
		}
	}
	if end := r.bareDay(i); end > i {
		return end
	}
	if end := r.bareNumber(i); end > i {
		return end
	}
	if c, _ := runeAt(r.f, i); isLatin(c) {
		return r.code(i)
	}
	if d := after(r.f, i, denials...); d > i {
		r.settleDenial()
		r.denied = d
		r.word(r.s[i:d])
		return d
	}
	r.word(r.s[i : i+w])
	return i + w
}

// figure reports whether a name of digits is a figure after all: 84 is a thing in 84入4桶 and
// in 盘 84 3, and a number in 口罩84只.
func (r *slotReading) figure(i, end int) bool {
	for k := i; k < end; k++ {
		if !isDigit(r.f[k]) {
			return false
		}
	}
	before, _ := utf8.DecodeLastRuneInString(r.f[:i])
	if !isHan(before) {
		return false
	}
	if end == len(r.f) {
		return true
	}
	c, _ := runeAt(r.f, end)
	return !isHan(c) || slices.ContainsFunc(r.units, func(t *table) bool { return t.longest(r.f, end) > 0 })
}

func (r *slotReading) word(s string) {
	if len(r.out.Said) == 0 && !r.led && (s != " " || r.out.Lead != "") {
		r.out.Lead = strings.TrimLeft(r.out.Lead+s, " ")
	}
	r.words.WriteString(s)
}

// settleDenial reports a denial that denied nothing we know.
func (r *slotReading) settleDenial() {
	if r.denied > 0 {
		from := r.denied
		for n := 0; n < 2 && from > 0; n++ {
			_, w := utf8.DecodeLastRuneInString(r.f[:from])
			from -= w
		}
		to := r.denied
		for n := 0; n < 4 && to < len(r.f); n++ {
			c, w := runeAt(r.f, to)
			if isMark(c) || c == ' ' {
				break
			}
			to += w
		}
		r.out.Unknown = append(r.out.Unknown, strings.TrimSpace(r.s[from:to]))
	}
	r.denied = 0
}

// negated reports whether a denial ends directly before byte i, and answers it.
func (r *slotReading) negated(i int) bool {
	if r.denied == 0 || !slices.Contains(betweenDenial, strings.TrimSpace(r.f[r.denied:i])) {
		return false
	}
	r.denied = 0
	return true
}

func (r *slotReading) say(x Said) {
	r.out.Lead = strings.TrimSpace(r.out.Lead)
	if x.Slot >= 0 {
		if r.slots[x.Slot].Opens {
			clear(r.filled)
		}
		r.filled[x.Slot] = true
	}
	r.out.Said = append(r.out.Said, x)
}

// named reads a label with its value, an answer or a mark. It returns i if the word means
// nothing here.
func (r *slotReading) named(i, end int, c slotCode, runes int) int {
	switch {
	case c.mark >= 0:
		if r.negated(i) {
			r.out.Unknown = append(r.out.Unknown, r.s[max(0, i-3):end])
			return end
		}
		r.say(Said{Slot: -1, Mark: c.mark, Sure: true})
		return end
	case c.option > 0:
		if r.negated(i) {
			r.out.Unknown = append(r.out.Unknown, r.s[max(0, i-3):end])
			return end
		}
		r.say(Said{Slot: c.slot, Mark: -1, Int: c.option, Sure: true})
		return end
	}
	x := r.slots[c.slot]
	r.led = r.led || runes > 1
	from := skipLinks(r.f, end)
	said := Said{Slot: c.slot, Mark: -1, Sure: true, Labelled: true}
	switch x.As {
	case AsYesNo:
		to := after(r.f, from, "没有", "还没", "没", "无", "未", "不", "否", "×", "x", "0")
		said.Int = 1
		if r.negated(i) || to > from {
			said.Int = 0
		} else {
			to = after(r.f, from, "有", "已", "是", "好", "签", "√", "✓", "齐", "1")
		}
		to = after(r.f, max(to, end), "签了", "签", "能", "了")
		r.say(said)
		return to
	case AsWords:
		to := from
		for to < len(r.f) {
			c, w := runeAt(r.f, to)
			if !x.Whole && (isMark(c) || c == ' ') {
				break
			}
			to += w
		}
		if said.Text = r.s[from:to]; said.Text == "" {
			return i
		}
		r.say(said)
		return to
	}
	if v, to, ok := r.value(c.slot, from); ok {
		v.Labelled = true
		r.say(v)
		return to
	}
	if r.relabel(c.slot) {
		return end
	}
	if x.As == AsCount && slices.ContainsFunc(r.slots, func(s Slot) bool { return s.Opens }) && zeroTable.longest(r.f, from) == 0 {
		r.waits = c.slot + 1
		return end
	}
	if x.As == AsChoice || runes == 1 { // a word that often stands before an answer: 从, 到
		return i
	}
	if zero := zeroTable.longest(r.f, from); zero > 0 && (x.As == AsCount || x.As == AsPoint) {
		r.say(Said{Slot: c.slot, Mark: -1, Sure: true, Labelled: true})
		return from + zero
	}
	return i
}

// relabel gives a value without a label to the label that stands behind it: 2.16回.
func (r *slotReading) relabel(slot int) bool {
	n := len(r.out.Said)
	if n == 0 || r.out.Said[n-1].Slot < 0 || r.out.Said[n-1].Labelled {
		return false
	}
	last := &r.out.Said[n-1]
	if r.slots[last.Slot].As != r.slots[slot].As {
		return false
	}
	if last.Slot != slot {
		r.filled[last.Slot] = false
		last.Slot = slot
		r.filled[slot] = true
	}
	last.Labelled = true
	return true
}

// value reads the value of a slot at byte i.
func (r *slotReading) value(slot, i int) (Said, int, bool) {
	x, said := r.slots[slot], Said{Slot: slot, Mark: -1, Sure: true}
	switch x.As {
	case AsCount:
		n, end, v := numberAt(r.f, i)
		if v != good {
			return said, i, false
		}
		said.Int = n
		return said, r.unit(slot, end), true
	case AsPoint:
		n, end, ok := pointAt(r.f, i, x.Places)
		said.Int = n
		return said, r.unit(slot, after(r.f, end, "%")), ok
	case AsDegrees:
		d, sure, rest, ok := Temperature(r.s[i:])
		said.Int, said.Sure = int(d), sure
		return said, len(r.s) - len(rest), ok
	case AsRange:
		from, to, rest, ok := Range(r.s[i:])
		said.From, said.To = from, to
		return said, len(r.s) - len(rest), ok
	case AsDay:
		at, end, ok := r.day(x, i)
		said.At = at
		return said, end, ok
	case AsChoice:
		if e, ok := r.names.match(r.f, i); ok {
			if c := r.codes[e.id]; c.slot == slot && c.option > 0 {
				said.Int = c.option
				return said, i + len(e.text), true
			}
		}
	}
	return said, i, false
}

// unit passes the measure word behind a number.
func (r *slotReading) unit(slot, i int) int {
	if n := r.units[slot].longest(r.f, i); n > 0 {
		return i + n
	}
	return i
}

// day reads a day at byte i: a plan lies ahead, anything else is the nearest such day.
func (r *slotReading) day(x Slot, i int) (time.Time, int, bool) {
	at, end, ok := dayReader{today: midnight(r.today), ahead: x.Ahead}.read(r.f[i:])
	if !ok {
		return at, i, false
	}
	if next, e, ok := (dayReader{today: midnight(r.today), ahead: true}).read(r.f[i:]); ok && e == end && next.Sub(r.today) < r.today.Sub(at) {
		at = next
	}
	return at, i + end, true
}

// bareDay reads a day without a label, for the first slot of days that has none yet.
func (r *slotReading) bareDay(i int) int {
	for k, x := range r.slots {
		if x.As != AsDay || r.filled[k] {
			continue
		}
		if v, end, ok := r.value(k, i); ok {
			r.say(v)
			return end
		}
		return i
	}
	return i
}

// bareNumber reads a number without a label: a temperature, a range, a number whose measure
// word says whose it is, or the first number that is still open.
func (r *slotReading) bareNumber(i int) int {
	n, end, v := numberAt(r.f, i)
	if v == noNumber {
		return i
	}
	if r.waits > 0 && !r.filled[r.waits-1] {
		if said, to, ok := r.value(r.waits-1, i); ok {
			said.Labelled = true
			r.say(said)
			return to
		}
	}
	for k, x := range r.slots {
		if x.As != AsDegrees && x.As != AsRange || x.As == AsRange && r.filled[k] {
			continue
		}
		if said, to, ok := r.value(k, i); ok && (x.Many || !r.filled[k]) {
			r.say(said)
			return to
		}
		if vague := after(r.f, end, "度几", "度多", "多度", "点几"); x.As == AsDegrees && vague > end {
			r.out.Vague = true
			return vague
		}
	}
	for k, x := range r.slots {
		if x.As != AsCount && x.As != AsPoint || r.filled[k] {
			continue
		}
		said, to, ok := r.value(k, i)
		if ok && r.units[k].longest(r.f, end) > 0 {
			r.say(said)
			return to
		}
	}
	degrees := slices.ContainsFunc(r.slots, func(x Slot) bool { return x.As == AsDegrees })
	if people := after(r.f, end, "个人", "口人", "人", "位", "口"); degrees && v == good && people > end { // how many were measured
		r.word(r.s[i:people])
		return people
	}
	if v == good && !degrees {
		for k, x := range r.slots {
			if c, _ := runeAt(r.f, end); x.As == AsCount && !r.filled[k] && !isHan(c) && !isLatin(c) {
				r.say(Said{Slot: k, Mark: -1, Int: n, Sure: true})
				return end
			}
		}
	}
	for end < len(r.f) { // what belongs to the figure belongs to the quotation
		c, w := runeAt(r.f, end)
		if !isHan(c) && !isDigit(r.f[end]) || end-i > 24 {
			break
		}
		if _, ok := r.names.match(r.f, end); ok {
			break
		}
		end += w
	}
	r.out.Unknown = append(r.out.Unknown, r.s[i:end])
	return end
}

// code reads a word of Latin letters and digits, G7012, for the first slot of words.
func (r *slotReading) code(i int) int {
	end := i
	for end < len(r.f) && (isDigit(r.f[end]) || isLatin(rune(r.f[end]))) {
		end++
	}
	for k, x := range r.slots {
		if x.As == AsWords && !r.filled[k] {
			r.say(Said{Slot: k, Mark: -1, Text: r.s[i:end], Sure: true})
			return end
		}
	}
	r.word(r.s[i:end])
	return end
}

// Has reads the answer to a question of yes or no, whole: 有, 签了, 能, 1; 没, 没有, 不能, 0.
func Has(s string) (yes, ok bool) {
	b := bare(s)
	switch {
	case hasWords[b] || yesWords[b]:
		return true, true
	case lacksWords[b] || noWords[b]:
		return false, true
	}
	return false, false
}

var (
	hasWords   = set("有", "有的", "有了", "签了", "签好了", "已签", "能", "能的", "能开", "告诉了", "告了", "说了", "联系了", "贴了", "到了", "齐", "好了", "已经有", "已有")
	lacksWords = set("没", "没有", "没有的", "无", "还没", "还没有", "没签", "未签", "不能", "没告", "没说", "没联系", "没贴", "暂时没有", "未")
)
