package roster

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// wish is what a line about a post says. What it does not say is zero.
type wish struct {
	post     *config.Post
	pack     *config.Pack
	days     []config.Day // empty: no day was named
	from, to int          // minutes after midnight of the day; from == to: no hours were named
	vague    bool         // hours whose half of the day is not clear
	part     string       // 早, 下午, 晚, 夜: the part of the day, where no hours were named
	need     int
	sure     bool   // 确定 stands there
	place    string // the gate or compound; what is left of the line where it is neither
	unit     string
}

// postsOf are the posts of the packs that run on the desk's day.
func postsOf(d *handlers.Desk) (words []syntax.Word, of map[string]*config.Post, in map[string]*config.Pack) {
	of, in = map[string]*config.Post{}, map[string]*config.Pack{}
	for _, p := range d.Packs() {
		for _, x := range p.Rosters.Posts {
			if of[x.Name] == nil {
				of[x.Name], in[x.Name] = x, p
				words = append(words, syntax.Word{Name: x.Name, Aliases: x.Words})
			}
		}
	}
	return words, of, in
}

// take finds the longest of the words in a text and cuts it out.
func take(text string, words []syntax.Word) (name, rest string, ok bool) {
	at, size := -1, 0
	for _, w := range words {
		for _, s := range append([]string{w.Name}, w.Aliases...) {
			if i := strings.Index(text, s); i >= 0 && len(s) > size {
				name, at, size = w.Name, i, len(s)
			}
		}
	}
	if at < 0 {
		return "", text, false
	}
	return name, text[:at] + " " + text[at+size:], true
}

var (
	dayRange = regexp.MustCompile(`(?:(\d{1,2})[./月])?(\d{1,2})[日号]?\s*(?:-+|~|到|至)\s*(?:(\d{1,2})[./月])?(\d{1,2})[日号]?`)
	untilDay = regexp.MustCompile(`[至到](\d{1,2}[./月]\d{1,2}[日号]?|\d{1,2}[日号]|周[一二三四五六日天])`)
	howMany  = regexp.MustCompile(`(?:还缺|还差|需要|需|缺|差|要|派|来)?\s*(\d{1,3}|[一二两三四五六七八九十]{1,3})\s*(?:个人|人|个|名|位)`)
	bareMany = regexp.MustCompile(`(?:还缺|还差|需要|需|缺|差|要|派)\s*(\d{1,3}|[一二两三四五六七八九十]{1,3})(?:$|[^\d点时:号弄楼栋块室度])`)
	leading  = regexp.MustCompile(`^\s*(\d{1,3}|[一二两三四五六七八九十]{1,3})(?:\s|$)`)
	reVague  = regexp.MustCompile(`^(早上|上午|早班|早|中午|下午|中班|傍晚|晚上|晚班|夜里|夜间|半夜|夜班|晚|夜)`)
)

// hear reads a line about a post: 测温 北门明天8点半到11点半要两个人.
func hear(d *handlers.Desk, p config.Person, text string) wish {
	text = syntax.Normalise(text)
	var w wish
	if strings.Contains(text, "确定") {
		w.sure, text = true, strings.ReplaceAll(text, "确定", " ")
	}
	words, of, in := postsOf(d)
	if name, rest, ok := take(text, words); ok {
		w.post, w.pack, text = of[name], in[name], rest
	}
	text = w.readDays(d, text)
	text = w.readSpan(text)
	text = w.readNeed(text)
	w.place, w.unit, text = findPlace(d, p, text)
	if left := leftOver(text); w.place == "" {
		w.place = left
	}
	return w
}

// starts are the places in a text where something may begin: not inside a number.
func starts(text string) []int {
	var out []int
	prev := ' '
	for i, r := range text {
		if !(unicode.IsDigit(prev) && unicode.IsDigit(r)) && !strings.ContainsRune(".:-", prev) {
			out = append(out, i)
		}
		prev = r
	}
	return out
}

func (w *wish) readDays(d *handlers.Desk, text string) string {
	today := d.Day.Time(d.Street.Location)
	cut := func(from, to int) string { return text[:from] + " " + text[to:] }
	// 2.14-2.18, 14号到18号: one of the ends must be written as a day.
	for _, m := range dayRange.FindAllStringSubmatchIndex(text, -1) {
		whole := text[m[0]:m[1]]
		if m[2] < 0 && !strings.ContainsAny(whole, "日号") || m[0] > 0 && unicode.IsDigit(rune(text[m[0]-1])) {
			continue
		}
		end := 0
		for _, sep := range []string{"-", "~", "到", "至"} {
			if i := strings.Index(whole, sep); i > 0 {
				end = i + len(sep)
				break
			}
		}
		first, second := strings.TrimRight(whole[:end], "-~到至 "), strings.TrimLeft(whole[end:], "-~到至 ")
		if !strings.ContainsAny(second, "./月日号") {
			if m[2] >= 0 {
				second = text[m[2]:m[3]] + "." + second
			} else {
				second += "号"
			}
		}
		if !strings.ContainsAny(first, "./月日号") {
			first += "号"
		}
		a, _, ok := syntax.DateAhead(first, today)
		b, _, ok2 := syntax.DateAhead(second, today)
		if ok && ok2 && !b.Before(a) && b.Sub(a) <= 31*24*time.Hour {
			for day := d.Street.Day(a); day <= d.Street.Day(b); day = day.Add(1) {
				w.days = append(w.days, day)
			}
			return cut(m[0], m[1])
		}
	}
	if m := untilDay.FindStringSubmatchIndex(text); m != nil {
		if b, _, ok := syntax.DateAhead(text[m[2]:m[3]], today); ok && b.Sub(today) <= 31*24*time.Hour {
			first := d.Day
			if i, size, at, ok := findDay(text[:m[0]], today); ok {
				first, text = d.Street.Day(at), text[:i]+" "+text[i+size:m[0]]+" "+text[m[1]:]
			} else {
				text = cut(m[0], m[1])
			}
			for day := first; day <= d.Street.Day(b); day = day.Add(1) {
				w.days = append(w.days, day)
			}
			return text
		}
	}
	if i, size, at, ok := findDay(text, today); ok {
		w.days = []config.Day{d.Street.Day(at)}
		behind := text[i+size:]
		if word := text[i : i+size]; strings.HasSuffix(word, "早") || strings.HasSuffix(word, "晚") { // 明早8-12: the part of the day stays for the hours
			_, n := utf8.DecodeLastRuneInString(word)
			behind = word[len(word)-n:] + strings.TrimLeft(behind, "上 ")
		}
		return text[:i] + " " + behind
	}
	return text
}

// findDay finds the first day in a text.
func findDay(text string, today time.Time) (i, size int, at time.Time, ok bool) {
	for _, i := range starts(text) {
		if _, _, _, _, span := syntax.Span(text[i:]); span && text[i] < 0x80 && !dotted.MatchString(text[i:]) {
			continue // 8-12 are hours here
		}
		if at, rest, ok := syntax.DateAhead(text[i:], today); ok {
			j := len(text) - len(rest)
			// the marks between are not the day's
			return i, len(strings.TrimRight(text[i:j], " ,.。、:")), at, true
		}
	}
	return 0, 0, time.Time{}, false
}

var bareHours = regexp.MustCompile(`^\d{1,2}-\d{1,2}\b`)

var dotted = regexp.MustCompile(`^\d{1,2}([./]\d{1,2}|月|[日号])`)

func (w *wish) readSpan(text string) string {
	for _, i := range starts(text) {
		if m := bareHours.FindString(text[i:]); m != "" { // 8-18 before a blank would be a day
			if from, to, sure, _, ok := syntax.Span(m); ok && from != to {
				w.from, w.to, w.vague = from, to, !sure
				return text[:i] + " " + text[i+len(m):]
			}
		}
		if from, to, sure, rest, ok := syntax.Span(text[i:]); ok && from != to {
			w.from, w.to, w.vague = from, to, !sure
			return text[:i] + " " + rest
		}
	}
	for _, i := range starts(text) {
		if m := reVague.FindString(text[i:]); m != "" {
			w.part = m
			return text[:i] + " " + text[i+len(m):]
		}
	}
	return text
}

func (w *wish) readNeed(text string) string {
	for _, re := range []*regexp.Regexp{howMany, bareMany, leading} {
		m := re.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		if n, ok := syntax.Integer(text[m[2]:m[3]]); ok && n > 0 {
			w.need = n
			end := m[3] // what the other patterns look at behind the number is not theirs
			if re == howMany {
				end = m[1]
			}
			return text[:m[0]] + " " + text[end:]
		}
	}
	return text
}

// findPlace finds a gate, a compound or a committee in a line: first of the speaker's own
// committee, where 北门 may be enough.
func findPlace(d *handlers.Desk, p config.Person, text string) (place, unit, rest string) {
	if own, ok := d.Dir.Unit(d.Street, p.Unit); ok {
		if name, rest, ok := syntax.Unit(text, placesIn(own, true)); ok {
			if name == own.Name {
				name = ""
			}
			return name, own.Name, rest
		}
	}
	for _, u := range d.Dir.Units(d.Street) {
		if name, rest, ok := syntax.Unit(text, placesIn(u, false)); ok {
			if name == u.Name {
				if place, _, more := findPlace(d, config.Person{Unit: u.Name}, rest); place != "" {
					return place, u.Name, more
				}
				name = ""
			}
			return name, u.Name, rest
		}
	}
	return "", p.Unit, text
}

// placesIn are a committee's places as words; own: also its gates by their bare names, where
// there is one of the name.
func placesIn(u config.Committee, own bool) []syntax.Word {
	gates := map[string]int{}
	for _, c := range u.Compounds {
		for _, g := range c.Gates {
			gates[g]++
		}
	}
	var out []syntax.Word
	for _, c := range u.Compounds {
		for _, g := range c.Gates {
			w := syntax.Word{Name: c.Name + g}
			if gates[g] == 1 {
				if own {
					w.Aliases = append(w.Aliases, g)
				}
				if u.Name != c.Name {
					w.Aliases = append(w.Aliases, u.Name+g)
				}
			}
			out = append(out, w)
		}
	}
	for _, c := range u.Compounds {
		if c.Name != u.Name {
			out = append(out, syntax.Word{Name: c.Name})
		}
	}
	for _, s := range u.Sites {
		out = append(out, syntax.Word{Name: s.Name, Aliases: s.Aliases})
	}
	return append(out, syntax.Word{Name: u.Name, Aliases: u.Aliases})
}

// leftOver is what of a line names no post, time or number: the place as it was typed.
func leftOver(text string) string {
	for _, w := range []string{"缺人", "需要", "还缺", "还差", "在", "要", "缺", "差", "谢谢", "志愿者", "岗位"} {
		text = strings.ReplaceAll(text, w, " ")
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",，。.、:：;；!！?？", r) }), "")
	return handlers.Clip(text, 15)
}

// slotFor is the hours of a shift: those that were named, or the post's usual ones for the
// part of the day.
func (w *wish) slotFor() config.Slot {
	if w.from != w.to {
		return config.Slot{From: config.Clock(w.from), To: config.Clock(w.to % (24 * 60))}
	}
	slots := w.post.Slots
	if len(slots) == 0 {
		return config.Slot{From: 8 * 60, To: 16 * 60}
	}
	at := func(c config.Clock) config.Slot {
		i := slices.IndexFunc(slots, func(s config.Slot) bool {
			n := int(c - s.From)
			return n >= 0 && n < s.Minutes() || n+24*60 < s.Minutes()
		})
		return slots[max(i, 0)]
	}
	switch {
	case w.part == "":
		return slots[0]
	case strings.ContainsAny(w.part, "晚夜"):
		for _, s := range slots {
			if s.From >= 18*60 {
				return s
			}
		}
		return at(20 * 60)
	case strings.HasPrefix(w.part, "早"), strings.HasPrefix(w.part, "上"):
		return at(9 * 60)
	}
	return at(15 * 60)
}

// code is the number of somebody without an account: 志愿者07, 党员12, A07. It is no name.
var code = regexp.MustCompile(`^(志愿者|楼组长|党员|社工|物业|[A-Z]{1,2})-?(\d{1,4})$`)

// readWho finds whom a word means: somebody the street knows by title or userid, or a code.
func readWho(d *handlers.Desk, word string) (who string, ok bool) {
	word = strings.Trim(word, " ,，。、:：")
	for _, p := range d.Street.People {
		if p.Title == word || strings.EqualFold(p.UserID, word) {
			return p.UserID, true
		}
	}
	if m := code.FindStringSubmatch(strings.ToUpper(word)); m != nil {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return "", false
		}
		return "#" + m[1] + pad(n), true
	}
	return "", false
}

func pad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// shiftNo reads a shift's number at the start of a line.
func shiftNo(text string) (id, rest string, ok bool) {
	ref, rest, ok := syntax.Reference(strings.TrimSpace(text))
	if !ok || ref.Sub != 0 || ref.Letter != "V" && ref.Letter != "" {
		return "", text, false
	}
	return number(ref.N), strings.Trim(rest, " ,，、:："), true
}
