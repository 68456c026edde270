package syntax

import (
	"slices"
	"strings"
)

// What is left when labels and numbers have found each other: labels without a number,
// numbers and words without a label.

// unlabelled gives the numbers in front of the line's first label to the labels that their
// measure words name by themselves: 新开 and 到岗 of 8家 134人, 未满14天0. A label that is
// named elsewhere in the line, or whose word comes twice, gets none.
func (rs *resolver) unlabelled() {
	head := len(rs.toks)
	for i, t := range rs.toks {
		if t.kind == labelToken || t.kind == textToken || t.kind == wordToken && t.elsewhere {
			head = i
			break
		}
	}
	for i := range rs.toks[:head] {
		if t := &rs.toks[i]; t.kind == valueToken && !rs.used[i] && !t.zero && !t.bad && !t.bound && t.sign == 0 {
			rs.byUnit(i, head)
		}
	}
}

// byUnit gives the number at token i, one of those before head, to the label of its unit.
func (rs *resolver) byUnit(i, head int) {
	t := rs.toks[i]
	unit := rs.f[t.from:t.to]
	l := slices.IndexFunc(rs.r.labels, func(l Label) bool { return slices.Contains(l.Alone, unit) })
	if unit == "" || l < 0 {
		return
	}
	for j, u := range rs.toks {
		other := j != i && j < head && u.kind == valueToken && !rs.used[j] && rs.f[u.from:u.to] == unit
		if other || u.kind == labelToken && u.id == l {
			return
		}
	}
	rs.used[i] = true
	v := Value{Label: rs.r.labels[l].Name, Int: t.n, Raw: rs.s[t.start:t.end], Start: t.start, End: t.end, Loose: true}
	if t.approx {
		rs.out.Guessed = append(rs.out.Guessed, Guess{Value: v})
		return
	}
	rs.add(v)
	slices.SortStableFunc(rs.out.Values, func(a, b Value) int { return a.Start - b.Start })
}

// settleLabels deals with labels that got no value.
func (rs *resolver) settleLabels() {
	for k := range rs.items {
		i := rs.items[k]
		t := &rs.toks[i]
		if t.kind != labelToken || rs.used[i] {
			continue
		}
		rs.used[i] = true
		name := rs.r.labels[t.id].Name
		stated := slices.ContainsFunc(rs.out.Values, func(v Value) bool { return v.Label == name }) ||
			slices.ContainsFunc(rs.out.Guessed, func(g Guess) bool { return g.Label == name })
		switch j := rs.follower(i); {
		case j >= 0 && rs.toks[j].kind == sameToken:
			rs.used[j] = true
			if !slices.Contains(rs.out.SameLabels, name) {
				rs.out.SameLabels = append(rs.out.SameLabels, name)
			}
		case j >= 0 && rs.boundTo(j) >= 0: // 新返不到20
			v := rs.toks[rs.boundTo(j)]
			rs.used[j], rs.used[rs.boundTo(j)] = true, true
			rs.bad(t, rs.toks[j].start, rs.toks[j].end, rs.s[v.start:v.end])
		case j >= 0 && stated: // 重点人员都在家, with 重点 given elsewhere
			rs.used[j] = true
			rs.out.Notes = append(rs.out.Notes, rs.s[t.start:rs.toks[j].end])
		case j >= 0:
			rs.used[j] = true
			rs.bad(t, rs.toks[j].start, rs.toks[j].end, "")
		case !stated && !slices.Contains(rs.out.Doubled, name):
			rs.bad(t, t.end, t.end, "")
		}
	}
	slices.SortStableFunc(rs.out.BadNumber, func(a, b Stray) int { return a.Start - b.Start })
}

// follower is the word, number-like thing or 同昨 that directly follows label token i, or -1.
func (rs *resolver) follower(i int) int {
	for j := i + 1; j < len(rs.toks); j++ {
		switch rs.toks[j].kind {
		case spaceToken, linkToken, noiseToken:
		case wordToken, otherToken, sameToken:
			if rs.used[j] {
				return -1
			}
			return j
		default:
			return -1
		}
	}
	return -1
}

// boundTo is the number that belongs to word token i, or -1.
func (rs *resolver) boundTo(i int) int {
	for j := i + 1; j < len(rs.toks) && rs.toks[i].kind == wordToken; j++ {
		switch t := rs.toks[j]; t.kind {
		case spaceToken, linkToken:
		case noiseToken:
			if !strings.Contains(closeBrackets, rs.f[t.start:t.end]) {
				return -1
			}
		case valueToken:
			if t.bound {
				return j
			}
			return -1
		default:
			return -1
		}
	}
	return -1
}

// strays sorts what is left: units, notes, 同昨, and what was not understood.
func (rs *resolver) strays() {
	out := &rs.out
	last := -1 // the last token that meant something
	for i, t := range rs.toks {
		switch t.kind {
		case labelToken, textToken, sameToken, emptyToken:
			last = i
		case valueToken:
			if rs.used[i] || !t.zero {
				last = i
			}
		}
	}
	for i, t := range rs.toks {
		if rs.used[i] {
			continue
		}
		text := rs.s[t.start:t.end]
		switch t.kind {
		case placeToken:
			name := rs.r.unitNames[t.id]
			if out.Unit == "" {
				out.Unit = name
			}
			if !slices.Contains(out.Units, name) {
				out.Units = append(out.Units, name)
			}
		case noteToken:
			if n := strings.TrimSpace(rs.s[t.from:t.to]); n != "" {
				out.Notes = append(out.Notes, n)
			}
		case sameToken:
			out.Same = true
		case emptyToken:
			out.Zero = true
		case noiseToken:
			if t.day || slices.Contains(sayToday, rs.f[t.start:t.end]) {
				out.Days = append(out.Days, text)
			}
		case otherToken:
			out.Unknown = append(out.Unknown, Stray{Text: text, Start: t.start, End: t.end})
		case wordToken:
			rs.strayWord(i, i > last)
		case valueToken:
			switch {
			case t.zero && len(rs.items) == 1 && len(out.Values) == 0:
				out.Zero = true // "/日报 无"
			case t.zero && text == "正常":
				out.Notes = append(out.Notes, text)
			case t.zero && i > last:
				out.Unknown = append(out.Unknown, Stray{Text: text, Start: t.start, End: t.end})
			default:
				out.Unknown = append(out.Unknown, Stray{Text: text, Start: t.start, End: t.end, Value: text, After: rs.before(i)})
			}
		}
	}
}

func (rs *resolver) strayWord(i int, trailing bool) {
	t := rs.toks[i]
	s := Stray{Text: rs.s[t.start:t.end], Start: t.start, End: t.end}
	if j := rs.boundTo(i); j >= 0 {
		rs.used[j] = true
		v := rs.toks[j]
		s.Value = rs.s[v.start:v.end]
		if slices.Contains(linkers, fold(s.Text)) {
			s.After = rs.before(i)
		}
	}
	if (t.total || endsIn(fold(s.Text), totalWords)) && s.Value != "" && rs.said() {
		rs.out.Aside = append(rs.out.Aside, rs.s[t.start:rs.unitEnd(i)])
		return
	}
	if s.Value == "" && !t.elsewhere {
		if d := dayIn(s.Text); d != "" {
			rs.out.Days = append(rs.out.Days, d)
			return
		}
	}
	if !t.elsewhere {
		s.Near = rs.near(s.Text, s.Value != "")
		if s.Near == "" && s.Value == "" {
			rs.swallowed(&s)
		}
	}
	if trailing && s.Near == "" && s.Value == "" && rs.said() {
		rs.out.Notes = append(rs.out.Notes, s.Text)
		return
	}
	rs.out.Unknown = append(rs.out.Unknown, s)
}

// linkers are words by which a number belongs to the one before: 11或12, 2到3个, 9减1.
var linkers = []string{"或", "或者", "还是", "到", "至", "减", "减去", "减掉", "加", "加上", "再", "再加", "不", "不是", "又", "变", "变成", "转"}

// before is the label whose number stands before token i with nothing between that has a
// meaning of its own, or "".
func (rs *resolver) before(i int) string {
	for j := i - 1; j >= 0; j-- {
		switch rs.toks[j].kind {
		case spaceToken, markToken, linkToken, noiseToken:
		case valueToken:
			if k := slices.Index(rs.items, j); k >= 0 && rs.mate[k] >= 0 {
				return rs.r.labels[rs.item(rs.mate[k]).id].Name
			}
			return ""
		default:
			return ""
		}
	}
	return ""
}

// joints are the joining characters between a label and its number.
const joints = "是有为共的了数"

// swallowed finds a mistyped label and its number inside a word: 热发是三, 没有点重.
func (rs *resolver) swallowed(s *Stray) {
	f := fold(s.Text)
	for at := range f {
		n := zeroTable.longest(f, at)
		if n == 0 {
			continue
		}
		near := rs.near(s.Text[at+n:], true)
		if head := strings.TrimRight(s.Text[:at], joints); near == "" && head != "" {
			near = rs.near(head, true)
		}
		if near != "" {
			s.Near, s.Value = near, s.Text[at:at+n]
			return
		}
	}
	i := strings.IndexFunc(f, isHanNumeral)
	if i <= 0 {
		return
	}
	head := strings.TrimRight(s.Text[:i], joints)
	_, end, _ := hanAt(f, i)
	if near := rs.near(head, false); near != "" {
		s.Near, s.Value = near, s.Text[i:end]
	}
}

// said reports whether anything was understood.
func (rs *resolver) said() bool {
	return len(rs.out.Values)+len(rs.out.Guessed)+len(rs.out.SameLabels) > 0 || rs.out.Same || rs.out.Zero
}

// unitEnd is the end of the number bound to word i, its measure word included.
func (rs *resolver) unitEnd(i int) int {
	for _, t := range rs.toks[i+1:] {
		if t.kind == valueToken {
			return max(t.end, t.to)
		}
	}
	return rs.toks[i].end
}

// sayToday are the words that say that the report is today's.
var sayToday = []string{"今天", "今日", "今朝"}

// dayIn is the other day a word names: 昨天, 周三, or one of the lunar calendar (初十, 正月), which
// nobody here turns into a date. "" if it names none.
func dayIn(word string) string {
	f := fold(word)
	for _, d := range dayWords {
		if d.days != 0 && strings.Contains(f, d.word) {
			return d.word
		}
	}
	for i := range f {
		if _, end, ok := (dayReader{}).weekday(f[i:]); ok {
			return f[i : i+end]
		}
		if strings.HasPrefix(f[i:], "初") {
			if n, end, v := hanAt(f, i+len("初")); v == good && n > 0 && n <= 10 {
				return f[i:end]
			}
		}
	}
	for _, w := range []string{"正月", "腊月", "农历", "阴历", "除夕", "年三十"} {
		if strings.Contains(f, w) {
			return w
		}
	}
	return ""
}

// near is the label a word was meant to be. Only before a number may the label be a part of
// the word (今朝新反 5); prose holds too many look-alikes.
func (rs *resolver) near(word string, part bool) string {
	if id := nearest(word, rs.r.entries, part); id >= 0 {
		return rs.r.labels[id].Name
	}
	for _, e := range rs.r.entries { // 困南缺口罩
		w := []rune(word)
		if rs.r.labels[e.id].Kind == Text && len(w) > e.runes && slip(w[:e.runes], []rune(e.text), false) >= 0 {
			return rs.r.labels[e.id].Name
		}
	}
	return ""
}
