package digest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"juwei/handlers"
)

const (
	screen   = 600 // characters of a first message (DESIGN.md §6)
	longLine = 160 // of one line in it
)

// fit makes the first message of a digest: complete on one screen, if it must be by naming
// the sections that stand elsewhere; more is the line that shows them.
func fit(w words, more string) saying {
	all := strings.Join(slices.Concat(w.head, w.first, w.rest, w.tail), "\n")
	if w.quiet != "" {
		return saying{w.quiet + "全部的数发：" + more, all}
	}
	if utf8.RuneCountInString(all) <= screen {
		return saying{Text: all}
	}
	head, first, rest, tail := clip(w.head), clip(w.first), clip(w.rest), clip(w.tail)
	for n := len(rest); n >= 0; n-- {
		var left []string
		for _, l := range rest[n:] {
			name, _, _ := strings.Cut(l, "：")
			left = append(left, name)
		}
		pointer := "话长，全部的发：" + more
		if len(left) > 0 {
			pointer = handlers.Clip("还有"+strings.Join(left, "、"), 60) + "，全部的发：" + more
		}
		lines := slices.Concat(head, first, rest[:n], tail, []string{pointer})
		if text := strings.Join(lines, "\n"); utf8.RuneCountInString(text) <= screen {
			return saying{text, all}
		}
	}
	// What comes first and last alone is too much: as much of it as fits.
	lines := slices.Concat(head, first, tail)
	for n := len(lines); n > 0; n-- {
		if text := strings.Join(lines[:n], "\n") + "\n话长，全部的发：" + more; utf8.RuneCountInString(text) <= screen {
			return saying{text, all}
		}
	}
	return saying{handlers.Clip(all, screen-1), all}
}

func clip(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = handlers.Clip(l, longLine)
	}
	return out
}

// pages cuts a long text into messages of one screen each, between its lines, numbered,
// with a blank line between them.
func pages(text string) string {
	if utf8.RuneCountInString(text) <= screen {
		return text
	}
	var out []string
	page := ""
	for _, l := range strings.Split(text, "\n") {
		for _, piece := range chunks(l, screen-20) {
			if page != "" && utf8.RuneCountInString(page)+utf8.RuneCountInString(piece) > screen-20 {
				out = append(out, page)
				page = ""
			}
			if page != "" {
				page += "\n"
			}
			page += piece
		}
	}
	out = append(out, page)
	for i := range out {
		out[i] = fmt.Sprintf("（%d/%d）%s", i+1, len(out), out[i])
	}
	return strings.Join(out, "\n\n")
}

func chunks(s string, n int) []string {
	r := []rune(s)
	var out []string
	for len(r) > n {
		out = append(out, string(r[:n]))
		r = r[n:]
	}
	return append(out, string(r))
}
