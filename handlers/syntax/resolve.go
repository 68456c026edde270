package syntax

import (
	"slices"
	"strings"
)

// gap is what stands between two neighbours.
type gap uint8

const (
	noGap gap = iota // nothing, or words that join
	blank
	mark    // comma and the like
	barrier // a newline, or something not understood
)

// impossible is the cost of a pair that must not be made; alone the cost of being left over.
const (
	impossible = 1000
	alone      = 20
)

// resolver pairs labels with values and sorts the rest.
type resolver struct {
	*lexer
	items []int // indexes of the labels and free values in toks
	gaps  []gap // gaps[k]: between items k-1 and k
	mate  []int // per item: the item it is paired with, or -1
	used  []bool
	fixed int // byte offset behind the last word that takes a label's value back (不对 新返2); 0: none
	out   Reading
}

func resolve(lx *lexer) Reading {
	rs := &resolver{lexer: lx}
	rs.foreign()
	rs.amend()
	rs.used = make([]bool, len(rs.toks))
	rs.bind()
	rs.collect()
	rs.pair()
	rs.doubt()
	rs.share()
	rs.emitValues()
	rs.unlabelled()
	rs.settleLabels()
	rs.strays()
	return rs.out
}

// foreign takes labels away that speak of something else than this report: a running total
// (累计返沪47人), another day (昨天新返5 重点1). They become part of the word before them. Another
// day lasts until today is named or the sentence ends; a total is one label long.
func (rs *resolver) foreign() {
	const total, otherDay = 1, 2
	scope, word := 0, -1
	for i := range rs.toks {
		t := &rs.toks[i]
		text := rs.f[t.start:t.end]
		switch t.kind {
		case wordToken:
			switch {
			case endsIn(text, totalWords):
				scope, word = total, i
			case endsIn(text, dayWordsElse):
				scope, word = otherDay, i
			}
		case lineToken:
			scope = 0
		case markToken:
			if scope == total || text == "。" || text == ";" || text == "!" {
				scope = 0
			}
		case noiseToken:
			if endsIn(text, todayWords) {
				scope = 0
			}
		case valueToken:
			if scope == total || word == i-1 {
				scope = 0 // the number is the word's own: 昨天9 在隔8
			}
		case labelToken:
			if scope == 0 {
				continue
			}
			t.kind, t.elsewhere, t.total = wordToken, true, scope == total
			if word == i-1 || word == i-2 && rs.toks[i-1].kind == spaceToken {
				t.start = rs.toks[word].start
				rs.toks[word].kind = noiseToken
			}
			word = -1
			if scope == total {
				scope = 0
			}
		}
	}
	for i := 1; i < len(rs.toks); i++ { // 新增未联系3户 is no stock of 3
		t, before := &rs.toks[i], &rs.toks[i-1]
		if t.kind == labelToken && rs.r.labels[t.id].Stock && before.kind == noiseToken && before.end == t.start && rs.f[before.start:before.end] == "新增" {
			t.kind, t.elsewhere, t.start = wordToken, true, before.start
		}
		if before.kind == labelToken && rs.r.labels[before.id].Stock && t.kind == noiseToken && before.end == t.start && rs.f[t.start:t.end] == "新增" {
			before.kind, before.elsewhere, before.end = wordToken, true, t.end
		}
	}
}

func endsIn(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(text, w) })
}

// amend puts a number that takes another back in its place, to be asked: the 2 of 新返3不对是2.
// Where a label follows instead (不对，新返2), what it says counts; see add.
func (rs *resolver) amend() {
	last, fix := -1, -1
	for i := range rs.toks {
		switch t := &rs.toks[i]; t.kind {
		case valueToken:
			if last >= 0 && fix > last {
				rs.toks[last] = *t
				rs.toks[last].approx = true
				t.kind = noiseToken
				for j := last + 1; j < i; j++ { // 错了，应该是: both have said it
					if rs.toks[j].kind == fixToken {
						rs.toks[j].kind = noiseToken
					}
				}
				fix = -1
				continue
			}
			last = i
		case fixToken:
			if fix = i; last < 0 {
				t.kind = wordToken // nothing stands before it
			}
		case labelToken:
			if fix >= 0 {
				rs.toks[fix].kind, rs.fixed = noiseToken, rs.toks[fix].end
			}
			last, fix = -1, -1
		case spaceToken, markToken, linkToken, noiseToken:
		default:
			last, fix = -1, -1
		}
	}
	for i := range rs.toks {
		if rs.toks[i].kind == fixToken {
			rs.toks[i].kind = wordToken
		}
	}
}

// bind gives a number behind a word to that word: the 47 of 累计47人 is no label's value.
func (rs *resolver) bind() {
	word := false
	for i := range rs.toks {
		switch t := &rs.toks[i]; t.kind {
		case wordToken:
			word = true
		case spaceToken, linkToken:
		case noiseToken:
			word = word && strings.Contains(closeBrackets, rs.f[t.start:t.end]) // 【热发】4
		case valueToken:
			t.bound = word || rs.mistyped(i)
			word = false
		default:
			word = false
		}
	}
}

// mistyped reports whether the word that touches number i from behind was meant to be a
// label: the 6 of 6人热发 belongs to it, and not to the label before.
func (rs *resolver) mistyped(i int) bool {
	t := rs.toks[i]
	if i+1 >= len(rs.toks) || !t.zero && t.from == t.to {
		return false
	}
	next := rs.toks[i+1]
	return next.kind == wordToken && next.start == max(t.end, t.to) && rs.near(rs.s[next.start:next.end], false) != ""
}

func (rs *resolver) collect() {
	n := 0
	for _, t := range rs.toks {
		if t.kind == labelToken || t.kind == valueToken {
			n++
		}
	}
	ints := make([]int, 2*n)
	rs.items, rs.mate, rs.gaps = ints[:0:n], ints[n:][:0], make([]gap, 0, n)
	between := noGap
	for i, t := range rs.toks {
		switch t.kind {
		case spaceToken, placeToken:
			between = max(between, blank)
		case markToken:
			between = max(between, mark)
		case linkToken, noiseToken, noteToken:
		case labelToken, valueToken:
			if t.bound {
				between = barrier
				continue
			}
			rs.items = append(rs.items, i)
			rs.gaps = append(rs.gaps, between)
			rs.mate = append(rs.mate, -1)
			between = noGap
		default:
			between = barrier
		}
	}
}

func (rs *resolver) item(k int) *token { return &rs.toks[rs.items[k]] }

// cost of pairing items k-1 and k.
func (rs *resolver) cost(k int) int {
	a, b, g := rs.item(k-1), rs.item(k), rs.gaps[k]
	if a.kind == b.kind || g == barrier {
		return impossible
	}
	if a.kind == labelToken { // 新返3, 新返 3, 新返，3
		return [...]int{noGap: 0, blank: 2, mark: 12}[g]
	}
	switch { // 没有发热, 3个新返
	case g == mark:
		return impossible
	case a.zero:
		return [...]int{noGap: 1, blank: 6}[g]
	}
	return [...]int{noGap: 6, blank: 10}[g]
}

// pair finds the cheapest way to give each label at most one neighbouring value.
func (rs *resolver) pair() {
	n := len(rs.items)
	best := make([]int, n+1)
	for k := 1; k <= n; k++ {
		best[k] = best[k-1] + alone
		if k > 1 {
			best[k] = min(best[k], best[k-2]+rs.cost(k-1))
		}
	}
	for k := n; k > 0; {
		if k > 1 && best[k] == best[k-2]+rs.cost(k-1) {
			rs.mate[k-1], rs.mate[k-2] = k-2, k-1
			k -= 2
			continue
		}
		k--
	}
}

// doubt undoes what can be read in two ways: in 重点没有发热 the word for none touches a label
// on either side and only one of them can have it. From the right, because one doubt makes
// the next: 新返没有重点没有发热.
func (rs *resolver) doubt() {
	for k := len(rs.items) - 2; k > 0; k-- {
		v, m := rs.item(k), rs.mate[k]
		if v.kind != valueToken || !v.zero || m < 0 || rs.gaps[k] != noGap || rs.gaps[k+1] != noGap {
			continue
		}
		if rs.item(k-1).kind != labelToken || rs.item(k+1).kind != labelToken {
			continue
		}
		if other := 2*k - m; rs.mate[other] >= 0 {
			continue
		}
		rs.mate[k], rs.mate[m] = -1, -1
		for _, l := range []int{k - 1, k + 1} {
			if !rs.used[rs.items[l]] {
				rs.bad(rs.item(l), v.start, v.end, "")
				rs.used[rs.items[l]] = true
			}
		}
		rs.used[rs.items[k]] = true
	}
}

// share gives the none of 新返、重点、发热都没有 to every label of the list.
func (rs *resolver) share() {
	for k := 1; k < len(rs.items); k++ {
		v := rs.item(k)
		if v.kind != valueToken || v.bad || v.sign != 0 || v.n != 0 || rs.mate[k] != k-1 {
			continue
		}
		if !strings.ContainsAny(rs.f[rs.item(k-1).end:v.end], "都均全") {
			continue
		}
		for l := k - 2; l >= 0 && rs.item(l).kind == labelToken && rs.mate[l] < 0 && rs.gaps[l+1] <= mark; l-- {
			rs.mate[l] = k
		}
	}
}

func (rs *resolver) emitValues() {
	for k := range rs.items {
		t := rs.item(k)
		if t.kind != labelToken || rs.mate[k] < 0 {
			continue
		}
		v := rs.item(rs.mate[k])
		rs.used[rs.items[k]], rs.used[rs.items[rs.mate[k]]] = true, true
		l := &rs.r.labels[t.id]
		switch {
		case v.bad, v.sign < 0 && !l.Stock:
			rs.bad(t, v.start, v.end, "")
		case !rs.allowed(l, v):
			rs.bad(t, v.start, v.to, "")
		default:
			n := v.n
			if v.sign < 0 {
				n = -n
			}
			val := Value{Label: l.Name, Int: n, Delta: l.Stock && v.sign != 0, Raw: rs.s[v.start:v.end], Start: v.start, End: v.end}
			val.Loose = v.start < t.start || rs.gaps[k+1] > blank || rs.between(rs.mate[k])
			if !t.sound && !v.approx {
				rs.add(val)
				continue
			}
			g := Guess{Value: val}
			if t.sound {
				g.Typed = rs.s[t.start:t.end]
			}
			rs.out.Guessed = append(rs.out.Guessed, g)
		}
	}
	for i, t := range rs.toks {
		if t.kind == textToken {
			rs.addText(i, t)
		}
	}
	rs.weighGuesses()
	slices.SortStableFunc(rs.out.Values, func(a, b Value) int { return a.Start - b.Start })
	if len(rs.out.Doubled) > 0 {
		slices.SortStableFunc(rs.out.Conflicts, func(a, b Value) int { return a.Start - b.Start })
	}
}

// between reports whether the value of item k touches a label behind it that got no value: in
// 没满的有3个在家办公 the 3 may be either's.
func (rs *resolver) between(k int) bool {
	return k+1 < len(rs.items) && rs.gaps[k+1] == noGap && rs.item(k+1).kind == labelToken && rs.mate[k+1] < 0
}

// weighGuesses keeps the guesses about labels of which nothing else is said. A guess that
// says the same as the label itself is dropped; one that says something else makes the label
// a doubled one.
func (rs *resolver) weighGuesses() {
	guesses := rs.out.Guessed
	rs.out.Guessed = nil
	for _, g := range guesses {
		i := slices.IndexFunc(rs.out.Guessed, func(o Guess) bool { return o.Label == g.Label })
		stated := slices.ContainsFunc(rs.out.Values, func(o Value) bool { return o.Label == g.Label })
		switch {
		case stated || slices.Contains(rs.out.Doubled, g.Label):
			rs.add(g.Value)
		case i < 0:
			rs.out.Guessed = append(rs.out.Guessed, g)
		case rs.out.Guessed[i].Int != g.Int || rs.out.Guessed[i].Delta != g.Delta:
			first := rs.out.Guessed[i].Value
			rs.out.Guessed = slices.Delete(rs.out.Guessed, i, i+1)
			rs.out.Doubled = append(rs.out.Doubled, g.Label)
			rs.out.Conflicts = append(rs.out.Conflicts, first, g.Value)
		}
	}
}

// allowed reports whether the measure word behind v fits l.
func (rs *resolver) allowed(l *Label, v *token) bool {
	if v.from == v.to || v.n == 0 && v.sign == 0 {
		return true // none is none of anything
	}
	unit := rs.f[v.from:v.to]
	if len(l.Units) == 0 || unit == "个" {
		return true
	}
	for _, u := range l.Units {
		u = fold(u)
		if u == unit || slices.Contains(peopleWords, u) && slices.Contains(peopleWords, unit) && u != "个" ||
			slices.Contains(homeWords, u) && slices.Contains(homeWords, unit) && u != "个" {
			return true
		}
	}
	return false
}

func (rs *resolver) addText(i int, t token) {
	l := &rs.r.labels[t.id]
	v := Value{Label: l.Name, Text: rs.s[t.from:t.to], Raw: rs.s[t.from:t.to], Start: t.from, End: t.to}
	switch w := rs.f[t.from:t.to]; {
	case w != "" && zeroTable.longest(w, 0) == len(w):
		v.Text = "" // 困难无
	case w == "":
		if i == 0 || rs.used[i-1] || rs.toks[i-1].kind != valueToken || !rs.toks[i-1].zero {
			return // a template line left blank
		}
		z := rs.toks[i-1] // 没有困难
		rs.used[i-1] = true
		v.Raw, v.Start, v.End = rs.s[z.start:z.end], z.start, z.end
	}
	rs.add(v)
}

// add keeps one value for each label, and both where two differ.
func (rs *resolver) add(v Value) {
	out := &rs.out
	if slices.Contains(out.Doubled, v.Label) {
		out.Conflicts = append(out.Conflicts, v)
		return
	}
	i := slices.IndexFunc(out.Values, func(o Value) bool { return o.Label == v.Label })
	if i < 0 {
		if out.Values == nil {
			out.Values = make([]Value, 0, len(rs.r.labels))
		}
		out.Values = append(out.Values, v)
		return
	}
	if o := out.Values[i]; o.Int != v.Int || o.Text != v.Text || o.Delta != v.Delta {
		out.Values = slices.Delete(out.Values, i, i+1)
		if first, second := min(o.Start, v.Start), max(o.Start, v.Start); first < rs.fixed && rs.fixed <= second {
			if o.Start > v.Start {
				v = o
			}
			out.Guessed = append(out.Guessed, Guess{Value: v})
			return
		}
		out.Doubled = append(out.Doubled, v.Label)
		out.Conflicts = append(out.Conflicts, o, v)
	}
}

func (rs *resolver) bad(label *token, start, end int, value string) {
	rs.out.BadNumber = append(rs.out.BadNumber, Stray{
		Text: rs.s[start:end], Start: start, End: end, Label: rs.r.labels[label.id].Name, Value: value,
	})
}
