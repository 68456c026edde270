package syntax

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// As says what the value of a special label is.
type As uint8

// What a value is read as.
const (
	AsPoint   As = iota // a number with a point: 8.5, 92.7%
	AsChoice            // one of Options
	AsYesNo             // 是, 有, 好, √; 否, 没有, ×
	AsDay               // what Date reads
	AsRange             // what Range reads
	AsHome              // what House reads
	AsCount             // a whole number; Slots only, as are the next two
	AsDegrees           // what Temperature reads
	AsWords             // words up to a mark
)

// Special is a label whose value is more than a count.
type Special struct {
	Name    string
	Aliases []string
	As      As
	Places  int      // AsPoint: digits behind the point; the value comes back times 10^Places
	Units   []string // AsPoint: measure words that may follow
	Options []Word   // AsChoice
}

// Found is the value of a special label.
type Found struct {
	Label    string
	Int      int       // AsPoint ×10^Places; AsChoice the place in Options, from 1; AsYesNo 1 or 0
	From, To int       // AsRange
	At       time.Time // AsDay
	Home     Home      // AsHome
	Text     string    // AsChoice: all that was said, if it was more than the answer
}

// Pulled is a line with its special values taken out.
type Pulled struct {
	Found []Found
	Bad   []Stray // special labels with something behind them that is no value of theirs
	Rest  string  // the line without them, normalised, for a Reader
}

// Puller takes the values of special labels out of lines, before a Reader reads the counts
// that are left; it is safe for concurrent use.
type Puller struct {
	specials []Special
	options  []*table // by special; nil unless AsChoice
	names    *table   // specials, then others, then texts
	counts   bool     // others are read besides: a number in the line may be theirs
	over     string   // label of the first number in 86/110
	under    string   // label of the second
}

// NewPuller compiles special labels. Others are the labels that a Reader will read: a
// special value ends where one of them begins; texts are those of them that take the rest
// of their line, in which nothing is looked for. With over and under, a fraction without
// labels (86/110) is written out for the Reader as over86 under110.
func NewPuller(specials []Special, others, texts []Word, over, under string) *Puller {
	p := &Puller{specials: specials, names: newTable(32), counts: len(others) > 0, over: over, under: under}
	id := 0
	add := func(name string, aliases []string) {
		for _, n := range append([]string{name}, aliases...) {
			p.names.add(n, id)
		}
		id++
	}
	for _, x := range specials {
		add(x.Name, x.Aliases)
		var options *table
		if x.As == AsChoice {
			options = newTable(len(x.Options))
			for i, o := range x.Options {
				for _, n := range append([]string{o.Name}, o.Aliases...) {
					options.add(n, i)
				}
			}
			options.sorted()
		}
		p.options = append(p.options, options)
	}
	for _, w := range others {
		add(w.Name, w.Aliases)
	}
	id = textID
	for _, w := range texts {
		add(w.Name, w.Aliases)
	}
	p.names.sorted()
	return p
}

// textID is above the ids of all other labels.
const textID = 1 << 16

// Pull takes out what it can read. today is for days.
func (p *Puller) Pull(text string, today time.Time) Pulled {
	s := Normalise(text)
	f := fold(s)
	out := Pulled{}
	var rest strings.Builder
	kept := 0
	cut := func(from, to int, instead string) {
		rest.WriteString(s[kept:from])
		rest.WriteString(instead)
		kept = to
	}
	for i := 0; i < len(f); {
		e, ok := p.names.match(f, i)
		_, w := runeAt(f, i)
		switch {
		case ok && e.id >= textID:
			i = p.behindText(s, f, i+len(e.text), today)
		case ok && e.id < len(p.specials) && !(e.runes == 1 && i > 0 && isDigit(f[i-1])):
			end := i + len(e.text)
			found, to, ok := p.value(e.id, s, f, skipLinks(f, end), today)
			switch {
			case ok:
				out.Found = append(out.Found, found)
				cut(i, to, " ")
				i = to
			case e.runes == 1: // part of another word
				i = end
			default:
				from := skipLinks(f, end)
				to = p.segment(f, from)
				if p.specials[e.id].As != AsChoice {
					to = from + len(f[from:]) - len(strings.TrimLeftFunc(f[from:], func(r rune) bool { return !strings.ContainsRune(" \n,;。", r) }))
				}
				out.Bad = append(out.Bad, Stray{Text: strings.TrimSpace(s[from:to]), Start: i, End: to, Label: p.specials[e.id].Name})
				cut(i, to, " ")
				i = to
			}
		case ok:
			i += len(e.text)
		case p.over != "" && isDigit(f[i]):
			a, b, to, fraction := fractionAt(f, i)
			if fraction {
				cut(i, to, " "+p.over+strconv.Itoa(a)+" "+p.under+strconv.Itoa(b)+" ")
			}
			i = to
		default:
			i += w
		}
	}
	rest.WriteString(s[kept:])
	out.Rest = strings.Trim(rest.String(), " \n")
	return out
}

// behindText is where the words of a text label end: with their line, or behind a mark where
// a special label stands with its value.
func (p *Puller) behindText(s, f string, i int, today time.Time) int {
	for i < len(f) && f[i] != '\n' {
		r, w := runeAt(f, i)
		i += w
		if e, ok := p.names.match(f, i); ok && isMark(r) && e.id < len(p.specials) && e.runes > 1 {
			if _, _, ok := p.value(e.id, s, f, skipLinks(f, i+len(e.text)), today); ok {
				return i
			}
		}
	}
	return i
}

// skipLinks passes what joins a label and its value.
func skipLinks(f string, i int) int {
	for {
		j := after(f, i, " ", ":", "=", "是", "为", "共", "约")
		if j == i {
			return i
		}
		i = j
	}
}

// value reads the value of a special label at byte i; to is where it ends.
func (p *Puller) value(id int, s, f string, i int, today time.Time) (found Found, to int, ok bool) {
	x := p.specials[id]
	found.Label = x.Name
	behind := func(rest string) int { return len(s) - len(rest) }
	switch x.As {
	case AsPoint:
		found.Int, to, ok = pointAt(f, i, x.Places)
		if ok {
			to = after(f, after(f, to, "%"), x.Units...)
		}
	case AsChoice:
		to = p.segment(f, i)
		if found.Int, found.Text, ok = p.choose(id, s[i:to], f[i:to]); ok && !p.counts {
			said, end := p.clauses(s, f, i, to)
			if found.Text != "" || strings.IndexFunc(s[to:end], unicode.IsDigit) >= 0 { // 瓶颈无，谢谢 has said all
				found.Text, to = said, end
			}
		}
	case AsYesNo:
		if to = after(f, i, "不是", "没有", "没", "无", "否", "×", "x", "不"); to > i {
			return found, to, true
		}
		found.Int = 1
		to = after(f, i, "是", "有", "好", "到位", "√", "✓", "齐")
		if to == i && i > 0 && strings.HasSuffix(f[:i], "是") { // it was taken for a joining word
			return found, i, true
		}
		ok = to > i
	case AsDay:
		var rest string
		found.At, rest, ok = Date(s[i:], today)
		to = behind(rest)
	case AsRange:
		var rest string
		found.From, found.To, rest, ok = Range(s[i:])
		to = behind(rest)
	case AsHome:
		var rest string
		found.Home, rest, ok = House(s[i:])
		to = behind(rest)
	}
	return found, to, ok
}

// segment is where the words that begin at byte i end: at a mark, or at the next label of
// two characters or more, or of one behind a space.
func (p *Puller) segment(f string, i int) int {
	for j := i; j < len(f); {
		r, w := runeAt(f, j)
		if r == '\n' || isMark(r) && r != ' ' {
			return j
		}
		if e, ok := p.names.match(f, j); ok && j > i && (e.runes > 1 || f[j-1] == ' ') {
			return j
		}
		j += w
	}
	return len(f)
}

// clauses goes on behind the words of a choice, which began at byte i and end at byte to, for
// as long as no label follows: where nothing is counted, 宿舍老板不配合，人手也缺2个 is all said
// of one thing.
func (p *Puller) clauses(s, f string, i, to int) (text string, end int) {
	for to < len(f) && f[to] != '\n' {
		_, w := runeAt(f, to)
		next := to + w
		if e, ok := p.names.match(f, skipLinks(f, next)); ok && e.runes > 1 {
			break
		}
		to = max(next, p.segment(f, next))
	}
	return strings.TrimFunc(s[i:to], isMark), to
}

// choose finds the answer in what was said: all of it, or the longest answer within it.
func (p *Puller) choose(id int, s, f string) (n int, text string, ok bool) {
	best := entry{}
	for i := 0; i < len(f); {
		if e, ok := p.options[id].match(f, i); ok && e.runes > best.runes {
			best = e
		}
		_, w := runeAt(f, i)
		i += w
	}
	if best.runes == 0 {
		return 0, "", false
	}
	if said := strings.TrimSpace(f); said != best.text {
		text = strings.TrimSpace(s)
	}
	return best.id + 1, text, true
}

// Decimal reads s as one number with at most places digits behind its point, and returns it
// times 10^places; one of the units, or %, may follow.
func Decimal(s string, places int, units ...string) (int, bool) {
	f := fold(strings.Trim(Normalise(s), " \n"))
	n, end, ok := pointAt(f, 0, places)
	if !ok {
		return 0, false
	}
	end = after(f, end, "%")
	return n, end == len(f) || after(f, end, units...) == len(f)
}

// pointAt reads a number with at most places digits behind its point.
func pointAt(f string, i, places int) (n, end int, ok bool) {
	n, end, v := 0, i, noNumber
	for end < len(f) && isDigit(f[end]) {
		end++
	}
	if end == i {
		if n, end, v = numberAt(f, i); v != good {
			return 0, i, false
		}
	} else if end-i > 9 {
		return 0, i, false
	} else {
		n, _ = strconv.Atoi(f[i:end])
	}
	left := places
	if end+1 < len(f) && f[end] == '.' && isDigit(f[end+1]) {
		end++
		for ; end < len(f) && isDigit(f[end]); end++ {
			if left == 0 {
				return 0, i, false
			}
			n = n*10 + int(f[end]-'0')
			left--
		}
	}
	for ; left > 0; left-- {
		n *= 10
	}
	return n, end, true
}

// fractionAt reads 86/110 at byte i. What may be a day (2/10) is none; end is behind the
// digits in any case.
func fractionAt(f string, i int) (a, b, end int, ok bool) {
	end = i
	for end < len(f) && isDigit(f[end]) {
		end++
	}
	j := end
	if i > 0 && f[i-1] == '/' || end-i > 6 || j >= len(f) || f[j] != '/' {
		return 0, 0, end, false
	}
	k := j + 1
	for k < len(f) && isDigit(f[k]) {
		k++
	}
	if k == j+1 || k-j > 7 || k < len(f) && (f[k] == '/' || f[k] == '.') {
		return 0, 0, end, false
	}
	a, _ = strconv.Atoi(f[i:end])
	b, _ = strconv.Atoi(f[j+1 : k])
	if a >= 1 && a <= 12 && b >= 1 && b <= 31 {
		return 0, 0, k, false
	}
	return a, b, k, true
}
