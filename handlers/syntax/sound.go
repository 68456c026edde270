package syntax

import (
	"slices"
	"strings"

	pinyin "github.com/mozillazg/go-pinyin"
)

// Names recognised by how they sound. Voice input and a hasty thumb write 新反 for 新返 and
// 在个 for 在隔; the ear tells them, the eye does not. Nothing found this way is ever a value
// by itself: it comes back as a Guess and is asked.

// syllable is how a character is read, in letters without tone.
type syllable [6]byte

// soundEntry is a name's sound: for each character the syllables it may be read as.
type soundEntry struct {
	id    int
	runes int
	rest  [][]syllable // readings of the characters behind the first
}

// soundTable finds names by the syllable they begin with.
type soundTable map[syllable][]soundEntry

// add enters the sound of a name of two or more Chinese characters.
func (t soundTable) add(name string, id int) {
	rs := []rune(fold(Normalise(name)))
	if len(rs) < 2 {
		return
	}
	var all [][]syllable
	for _, r := range rs {
		s := syllables(nil, r)
		if len(s) == 0 {
			return
		}
		all = append(all, s)
	}
	for _, first := range all[0] {
		t[first] = append(t[first], soundEntry{id, len(rs), all[1:]})
	}
}

// at is the longest name that folded text sounds like at byte i: its id and where it ends.
func (t soundTable) at(f string, i int) (id, end int, ok bool) {
	r, w := runeAt(f, i)
	if !isHan(r) {
		return 0, 0, false
	}
	var buf [4]syllable
	best := 0
	for _, first := range syllables(buf[:0], r) {
		for _, e := range t[first] {
			if e.runes <= best {
				continue
			}
			if stop, same := sounds(f, i+w, e.rest); same {
				id, end, best = e.id, stop, e.runes
			}
		}
	}
	return id, end, best > 0
}

// sounds reports whether the characters of f from byte i on can be read as want.
func sounds(f string, i int, want [][]syllable) (end int, ok bool) {
	var buf [4]syllable
	for _, one := range want {
		r, w := runeAt(f, i)
		if !isHan(r) || !meet(syllables(buf[:0], r), one) {
			return 0, false
		}
		i += w
	}
	return i, true
}

func meet(a, b []syllable) bool {
	return slices.ContainsFunc(a, func(s syllable) bool { return slices.Contains(b, s) })
}

// syllables appends how r may be read: without tones, and with those sounds made one that
// southern ears and thumbs mix up: z/zh, c/ch, s/sh, n/l at the start, in/ing, en/eng at the
// end. Nothing is appended for what is no Chinese character.
func syllables(to []syllable, r rune) []syllable {
	r = foldRune(r)
	if r < firstHan || r > lastHan {
		return to
	}
	for reading := range strings.SplitSeq(readings[r-firstHan], ",") {
		if s := blur(reading); s[0] != 0 && !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

// The characters whose readings are kept: those that are typed.
const firstHan, lastHan = 0x3400, 0x9fff

// readings are the dictionary's for each of these characters. They are taken out of its map,
// which would take seven times the memory, and it is let go.
var readings = func() []string {
	out := make([]string, lastHan-firstHan+1)
	for r, reading := range pinyin.PinyinDict {
		if firstHan <= r && r <= lastHan {
			out[r-firstHan] = reading
		}
	}
	pinyin.PinyinDict = nil
	return out
}()

// blur is one reading without its tone and without the distinctions people don't make.
func blur(reading string) syllable {
	var buf [8]byte
	b := buf[:0]
	for _, r := range reading {
		if c := toneless(r); c != 0 && len(b) < cap(b) {
			b = append(b, c)
		}
	}
	if len(b) > 1 && b[1] == 'h' && (b[0] == 'z' || b[0] == 'c' || b[0] == 's') {
		b = append(b[:1], b[2:]...)
	}
	if len(b) > 1 && b[0] == 'l' {
		b[0] = 'n'
	}
	if n := len(b); n > 3 || n == 3 && (b[0] == 'i' || b[0] == 'e') {
		if b[n-1] == 'g' && b[n-2] == 'n' && (b[n-3] == 'i' || b[n-3] == 'e') {
			b = b[:n-1]
		}
	}
	var s syllable
	copy(s[:], b)
	return s
}

// toneless is the plain letter of a letter with a tone; ü is v. 0 for anything else.
func toneless(r rune) byte {
	if r >= 'a' && r <= 'z' {
		return byte(r)
	}
	switch r {
	case 'ā', 'á', 'ǎ', 'à':
		return 'a'
	case 'ē', 'é', 'ě', 'è', 'ê', 'ế', 'ề':
		return 'e'
	case 'ī', 'í', 'ǐ', 'ì':
		return 'i'
	case 'ō', 'ó', 'ǒ', 'ò':
		return 'o'
	case 'ū', 'ú', 'ǔ', 'ù':
		return 'u'
	case 'ǖ', 'ǘ', 'ǚ', 'ǜ', 'ü':
		return 'v'
	case 'ń', 'ň', 'ǹ':
		return 'n'
	case 'ḿ':
		return 'm'
	}
	return 0
}
