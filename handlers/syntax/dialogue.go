package syntax

import "strings"

var cancelWords = set("取消", "算了", "不报了", "不要了", "作废", "重来", "取消吧", "先不报", "先不报了", "不弄了")

// Cancel reports whether the whole of s drops what was begun: 算了, 取消, 不报了. A plain
// no to a question is No, not Cancel.
func Cancel(s string) bool { return cancelWords[bare(s)] }

// wrongWords open a correction.
var wrongWords = []string{
	"不对不对", "不对", "报错了", "打错了", "写错了", "发错了", "填错了", "说错了", "弄错了", "搞错了", "错了", "更正一下", "更正", "纠正", "有误",
}

// Wrong reads 不对, 打错了, and the like at the start of s: what was said is not so. rest is
// what should be instead, if that follows (不对，在隔是8), without leading marks.
func Wrong(s string) (rest string, ok bool) {
	s = strings.TrimLeftFunc(Normalise(s), isMark)
	f := fold(s)
	for _, lead := range []string{"刚才", "刚刚", "上面", "前面", "我", "数字", "数"} {
		f = strings.TrimPrefix(f, lead)
	}
	s = s[len(s)-len(f):]
	for _, w := range wrongWords {
		if strings.HasPrefix(f, w) {
			return trimMarks(strings.TrimLeftFunc(s[len(w):], func(r rune) bool { return isMark(r) || strings.ContainsRune("了的啊呀哦,应该是", r) })), true
		}
	}
	return "", false
}

// Misdated reports whether s says that what was reported before belongs to the day before:
// 上面那条报的是昨天的, 刚才报成昨天的数了. It holds no figures of its own.
func Misdated(s string) bool {
	f := fold(Normalise(s))
	if strings.ContainsFunc(f, func(r rune) bool { return digitOf(r) >= 0 }) {
		return false
	}
	if !strings.Contains(f, "昨天") && !strings.Contains(f, "昨日") {
		return false
	}
	for _, w := range []string{"上面", "前面", "那条", "这条", "上一条", "上条", "那个", "刚才", "刚刚", "报的", "报成", "算昨", "那是昨"} {
		if strings.Contains(f, w) {
			return true
		}
	}
	return false
}

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
