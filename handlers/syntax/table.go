package syntax

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Word is a name with its other names, as configuration lists them.
type Word struct {
	Name    string
	Aliases []string
	Opens   bool // of a command: behind one that Leads, it begins a line of its own without a slash too
	Leads   bool // of a command: those that Opens may stand in the lines below it
}

// table finds the longest of many names at a place in folded text.
type table struct {
	byFirst map[rune][]entry
}

type entry struct {
	text  string // folded
	id    int
	runes int
}

func newTable(n int) *table { return &table{byFirst: make(map[rune][]entry, n)} }

// add enters a name; empty names are ignored. The first id entered for a text stays.
func (t *table) add(name string, id int) {
	text := fold(Normalise(name))
	if text == "" {
		return
	}
	r, _ := utf8.DecodeRuneInString(text)
	for _, e := range t.byFirst[r] {
		if e.text == text {
			return
		}
	}
	t.byFirst[r] = append(t.byFirst[r], entry{text, id, utf8.RuneCountInString(text)})
}

// sorted puts longer names first; call it once after the last add.
func (t *table) sorted() *table {
	for _, es := range t.byFirst {
		slices.SortStableFunc(es, func(a, b entry) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return t
}

// at lists the names that could start with the rune at byte i of s, longest first.
func (t *table) at(s string, i int) []entry {
	if i >= len(s) {
		return nil
	}
	r, _ := runeAt(s, i)
	return t.byFirst[r]
}

// match is the longest name at byte i of s.
func (t *table) match(s string, i int) (entry, bool) {
	for _, e := range t.at(s, i) {
		if strings.HasPrefix(s[i:], e.text) {
			return e, true
		}
	}
	return entry{}, false
}

// longest is the length in bytes of the longest name at byte i of s, or 0.
func (t *table) longest(s string, i int) int {
	e, _ := t.match(s, i)
	return len(e.text)
}
