package syntax

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// nearest is the id of the name most like word, within what a slip of the finger explains:
// one change in a word of two or three characters, two in a longer one, and at least one
// character kept. Ties go to the name entered first. With part, a word longer than the name
// may carry it at its end (隔壁新反) or its start. -1 when nothing is near.
func nearest(word string, names []entry, part bool) int {
	w := []rune(fold(word))
	best, id := 1000, -1
	for _, e := range names {
		if d := slip(w, []rune(e.text), part); d >= 0 && d < best {
			best, id = d, e.id
		}
	}
	return id
}

// slip is a penalty for reading word as name, or -1 when they are too far apart.
func slip(word, name []rune, part bool) int {
	if len(name) < 2 || len(word) < 2 {
		return -1
	}
	best := -1
	try := func(part []rune, extra int) {
		limit := 1
		if len(name) >= 4 {
			limit = 2
		}
		d := distance(part, name)
		if d > limit || !share(part, name) {
			return
		}
		if p := d*10 + extra; best < 0 || p < best {
			best = p
		}
	}
	try(word, 0)
	if part && len(word) > len(name) {
		try(word[len(word)-len(name):], 1+len(word)-len(name))
		try(word[:len(name)], 2+len(word)-len(name))
	}
	return best
}

func share(a, b []rune) bool {
	return slices.ContainsFunc(a, func(r rune) bool { return slices.Contains(b, r) })
}

// distance counts insertions, deletions, changes and swaps of neighbours.
func distance(a, b []rune) int {
	var small [3][12]int // names are short: no need for the heap
	prev2, prev, cur := small[0][:], small[1][:], small[2][:]
	if n := len(b) + 1; n <= len(prev) {
		prev2, prev, cur = prev2[:n], prev[:n], cur[:n]
	} else {
		prev2, prev, cur = make([]int, n), make([]int, n), make([]int, n)
	}
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// suggest lists up to three different names like the start of word, the likeliest first.
func suggest(word string, names []entry, canonical []string) []string {
	w := []rune(fold(word))
	type hit struct{ id, penalty int }
	var hits []hit
	for _, e := range names {
		if utf8.RuneCountInString(e.text) < 2 {
			continue
		}
		if d := slip(w, []rune(e.text), true); d >= 0 {
			hits = append(hits, hit{e.id, d})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.penalty, b.penalty) })
	var out []string
	for _, h := range hits {
		if name := canonical[h.id]; !slices.Contains(out, name) && len(out) < 3 {
			out = append(out, name)
		}
	}
	return out
}

// cutWord is the length in bytes of a mistyped name at the start of word when more words
// follow it without a space, or 0.
func cutWord(word string, names []entry) int {
	w := []rune(fold(word))
	best, cut := 1000, 0
	for _, e := range names {
		if slip(w, []rune(e.text), false) >= 0 {
			return 0
		}
		if len(w) > e.runes {
			if d := slip(w[:e.runes], []rune(e.text), false); d >= 0 && d < best {
				best, cut = d, e.runes
			}
		}
	}
	return len(string([]rune(word)[:cut]))
}
