package syntax

import "strings"

var cancelWords = set("取消", "算了", "不报了", "不要了", "作废", "重来", "取消吧", "先不报", "先不报了", "不弄了")

// Cancel reports whether the whole of s drops what was begun: 算了, 取消, 不报了. A plain
// no to a question is No, not Cancel.
func Cancel(s string) bool { return cancelWords[bare(s)] }

// Keep reads the answer that keeps a figure as it is: 留9 转出一户, 留 转出一户, 留9，因为….
// reason is what was said behind it and may be empty; n is the figure named, with
// named=false if none was.
func Keep(s string) (n int, named bool, reason string, ok bool) {
	rest, ok := strings.CutPrefix(Normalise(s), "留")
	if !ok || strings.HasPrefix(rest, "言") || strings.HasPrefix(rest, "意") {
		return 0, false, "", false
	}
	rest = trimMarks(rest)
	if v, used, isNumber := Number(rest); isNumber {
		n, named, rest = v, true, rest[used:]
	}
	rest = trimMarks(rest)
	for _, p := range []string{"说明原因", "说明", "原因", "因为"} {
		rest = trimMarks(strings.TrimPrefix(rest, p))
	}
	return n, named, rest, true
}

// Behind returns what was typed behind the first of the words that stands in raw, with
// its own punctuation and line breaks; raw itself, trimmed, if none does. It is for text
// that is kept word for word, where Normalise would change the marks.
func Behind(raw string, words ...string) string {
	first, n := -1, 0
	for _, w := range words {
		if i := strings.Index(raw, w); i >= 0 && (first < 0 || i < first) {
			first, n = i, len(w)
		}
	}
	if first < 0 {
		return strings.TrimSpace(raw)
	}
	return strings.TrimLeft(strings.TrimSpace(raw[first+n:]), " \u2005\u3000:：,，")
}
