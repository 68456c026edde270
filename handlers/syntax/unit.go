package syntax

import (
	"strconv"
	"strings"
)

// unitTails may follow a committee's name and belong to it.
var unitTails = []string{"居民区", "居委会", "居委", "小区", "社区"}

// roadTails behind a name make it an address: 梅园路12号 does not name the committee 梅园.
const roadTails = "路街弄道桥里村站"

// Places are the names of a street's units, ready to be recognised by any number of readers.
type Places struct {
	names *table
	units []string // canonical, by id
}

// NewPlaces enters every name and alias, with its numerals written both ways.
func NewPlaces(units []Word) *Places {
	names, canonical := placeTable(units)
	return &Places{names, canonical}
}

func placeTable(units []Word) (*table, []string) {
	t := newTable(len(units))
	names := make([]string, len(units))
	each := func(spellings func(string) []string) {
		for id, u := range units {
			names[id] = u.Name
			for _, n := range append([]string{u.Name}, u.Aliases...) {
				for _, s := range spellings(fold(Normalise(n))) {
					t.add(s, id)
				}
			}
		}
	}
	each(func(n string) []string { return []string{n} }) // what is written goes before what is derived
	each(func(n string) []string { return []string{withDigits(n), withNumerals(n)} })
	return t.sorted(), names
}

// withDigits rewrites Chinese numerals in a name as digits: 彩虹二居 → 彩虹2居.
func withDigits(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, w := runeAt(name, i)
		if isHanNumeral(r) {
			if n, end, v := hanAt(name, i); v == good {
				b.WriteString(strconv.Itoa(n))
				i = end
				continue
			}
		}
		b.WriteString(name[i : i+w])
		i += w
	}
	return b.String()
}

// withNumerals rewrites digits in a name as Chinese numerals up to 99: 文苑3居 → 文苑三居.
func withNumerals(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		if isDigit(name[i]) {
			if n, end, count := digitsAt(name, i); count <= 2 && n > 0 {
				b.WriteString(numeral(int(n)))
				i = end
				continue
			}
		}
		_, w := runeAt(name, i)
		b.WriteString(name[i : i+w])
		i += w
	}
	return b.String()
}

// numeral writes 1..99 in Chinese.
func numeral(n int) string {
	digits := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	tens, ones := n/10, n%10
	switch tens {
	case 0:
		return digits[ones]
	case 1:
		return "十" + digits[ones]
	}
	return digits[tens] + "十" + digits[ones]
}

// placeAt is the unit named at byte i of folded text: its id and the length, a tail such as
// 居民区 included. A name that goes on as a street (梅园路) is none.
func placeAt(t *table, f string, i int) (id, length int, ok bool) {
	for _, e := range t.at(f, i) {
		if !strings.HasPrefix(f[i:], e.text) {
			continue
		}
		end := i + len(e.text)
		for _, tail := range unitTails {
			if strings.HasPrefix(f[end:], tail) {
				return e.id, len(e.text) + len(tail), true
			}
		}
		if next, _ := runeAt(f, end); next != 0 && strings.ContainsRune(roadTails, next) {
			continue
		}
		if isDigit(e.text[len(e.text)-1]) && end < len(f) && isDigit(f[end]) {
			continue
		}
		return e.id, len(e.text), true
	}
	return 0, 0, false
}

// Unit finds the first of names in text, the longest where several begin at one place; a
// tail such as 居民区 or 居委 belongs to the name. Numerals match in both writings: 彩虹二居
// also as 彩虹2居, 文苑3居 also as 文苑三居. name is the canonical one, rest the normalised text
// without it. When none is found, ok is false and rest is the normalised text.
func Unit(text string, names []Word) (name string, rest string, ok bool) {
	t, canonical := placeTable(names)
	s := Normalise(text)
	f := fold(s)
	for i := range f {
		if id, n, found := placeAt(t, f, i); found {
			before, after := strings.TrimRight(s[:i], " "), trimMarks(s[i+n:])
			return canonical[id], strings.Trim(before+" "+after, " \n"), true
		}
	}
	return "", s, false
}
