package notice

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is one line of a notice's body.
type line struct {
	n    int // the point's number, 0 for words around the points
	text string
}

// lines numbers the points of a body: every line is one, but for a heading in front and
// thanks at the end. Marks the author put in front (1. ① 一、 -) are taken off.
func lines(body string) []line {
	var out []line
	for raw := range strings.Lines(body) {
		if text := strings.TrimSpace(raw); text != "" {
			out = append(out, line{text: text})
		}
	}
	n := 0
	for i := range out {
		text, marked := unmark(out[i].text)
		if !marked && len(out) > 1 && (i == 0 && opener(text) || i == len(out)-1 && closing(text)) {
			continue
		}
		n++
		out[i] = line{n, text}
	}
	return out
}

// points are the texts of a body's points, the first at index 0.
func points(body string) []string {
	var out []string
	for _, l := range lines(body) {
		if l.n > 0 {
			out = append(out, l.text)
		}
	}
	return out
}

// numbered is a body as it is said: its points with ① in front, unless there is only one.
func numbered(body string) string {
	all := lines(body)
	many := len(points(body)) > 1
	out := make([]string, 0, len(all))
	for _, l := range all {
		if l.n > 0 && many {
			l.text = circled(l.n) + l.text
		}
		out = append(out, l.text)
	}
	return strings.Join(out, "\n")
}

// circled is ① to ⑳; beyond it, the number in brackets.
func circled(n int) string {
	if n >= 1 && n <= 20 {
		return string('①' + rune(n-1))
	}
	return "(" + strconv.Itoa(n) + ")"
}

// around is how long a heading or thanks may be, in characters.
const around = 16

func opener(s string) bool {
	if utf8.RuneCountInString(s) > around {
		return false
	}
	return strings.HasSuffix(s, "：") || strings.HasSuffix(s, ":") || strings.HasPrefix(s, word)
}

func closing(s string) bool {
	return utf8.RuneCountInString(s) <= around && (strings.Contains(s, "谢") || strings.Contains(s, "辛苦"))
}

// unmark takes a list mark off the front of a line.
func unmark(s string) (text string, marked bool) {
	r := []rune(s)
	i := 0
	open := strings.ContainsRune("(（", r[0])
	if open {
		i++
	}
	switch {
	case i < len(r) && r[i] >= '①' && r[i] <= '⑳':
		i++
	case i == 0 && strings.ContainsRune("-•·*", r[0]):
		i++
	default:
		from := i
		for i < len(r) && i < from+2 && (unicode.IsDigit(r[i]) || strings.ContainsRune("一二三四五六七八九十", r[i])) {
			i++
		}
		if i == from || i >= len(r) {
			return s, false
		}
		if open != strings.ContainsRune(")）", r[i]) || !open && !strings.ContainsRune(".、．", r[i]) {
			return s, false
		}
		if i+1 < len(r) && r[i] == '.' && unicode.IsDigit(r[i+1]) { // 2.16 is a date
			return s, false
		}
		i++
	}
	rest := strings.TrimLeft(string(r[i:]), " 、.．)）")
	if rest == "" {
		return s, false
	}
	return rest, true
}
