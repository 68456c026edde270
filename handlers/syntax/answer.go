package syntax

import "strings"

// Answers people give to a question, whole, folded.
var (
	yesWords = set("1", "一", "是", "是的", "是滴", "对", "对的", "对对", "对对对", "好", "好的", "好滴", "好呀", "好啊", "确认", "确定", "嗯", "嗯嗯", "恩", "行", "可以", "要", "要的",
		"没错", "正确", "采用", "同意", "没问题", "ok", "okay", "okok", "yes", "y", "👌", "👍", "✅", "[ok]", "[好的]", "[强]", "回1", "回复1")
	noWords  = set("0", "2", "零", "不", "否", "不是", "不是的", "不对", "错", "错了", "不要", "不用", "取消", "算了", "没有", "不行", "不可以", "不确认", "不同意", "no", "n", "❌", "回0", "回2")
	ackWords = set("1", "收到", "收", "已收到", "已收", "收悉", "已阅", "阅", "知悉", "已知悉", "知道了", "知道", "晓得了", "晓得", "明白", "明白了", "了解", "好的", "好", "好滴", "好嘞", "遵命",
		"收到收到", "ok", "okay", "okok", "👌", "👍", "✅", "[ok]", "[好的]", "[强]", "[收到]")
)

// ackOpeners may follow 收到 without a mark, as voice input writes it.
var ackOpeners = []string{
	"谢谢", "感谢", "多谢", "辛苦", "领导", "书记", "老师", "了", "啦", "哈", "呀", "勒", "马上", "立即", "立刻", "尽快", "这就", "下午", "上午", "今天", "明天", "明早", "晚上",
	"我们", "会", "一定", "已经", "正在", "落实", "照办", "收到", "👌", "👍", "[",
}

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// bare is an answer without decoration: folded, without marks around it, closing particles
// and skin tones.
func bare(s string) string {
	s = fold(Normalise(s))
	s = strings.Map(func(r rune) rune {
		if r >= 0x1f3fb && r <= 0x1f3ff {
			return -1
		}
		return r
	}, s)
	s = strings.TrimFunc(s, isMark)
	for {
		t := s
		for _, p := range []string{"谢谢", "啊", "呀", "哦", "哈", "啦", "呢", "吧", "哟", "额", "勒", "伐"} {
			if len(t) > len(p) {
				t = strings.TrimSuffix(t, p)
			}
		}
		t = strings.TrimRightFunc(t, isMark)
		if t == s {
			return s
		}
		s = t
	}
}

// Yes reports whether the whole of s is a plain yes to the question asked: 1, 是, 对, 好,
// 确认, 嗯, OK, 👌 and the like.
func Yes(s string) bool { return yesWords[bare(s)] }

// No reports whether the whole of s is a plain no: 0, 2, 不是, 取消 and the like.
func No(s string) bool { return noWords[bare(s)] }

// Ack reports whether s acknowledges: 收到, 收, 好的, 1, OK, 👌, alone or with more behind it
// ("收到，下午落实").
func Ack(s string) bool {
	_, ok := AckNote(s)
	return ok
}

// AckNote is Ack with what was said besides: "收到，下午落实" gives "下午落实". After 1 a mark
// must follow, so that "1 个发热" acknowledges nothing.
func AckNote(s string) (note string, ok bool) {
	if asks(s) {
		return "", false
	}
	if ackWords[bare(s)] {
		return "", true
	}
	s = strings.TrimLeftFunc(Normalise(s), isMark)
	f := fold(s)
	best := 0
	for w := range ackWords {
		if len(w) <= best || !strings.HasPrefix(f, w) {
			continue
		}
		next, _ := runeAt(f, len(w))
		after := strings.TrimLeftFunc(f[len(w):], isMark)
		switch {
		case w == "1":
			if next == ' ' || next == '.' || next == ':' || next == '、' || next == '?' || !isMark(next) || after != "" && isDigit(after[0]) {
				continue
			}
		case next == '?', next == ':' && w == "收":
			continue
		case isMark(next), len(w) > 2 && w[0] == '[', !isHan(runeBefore(w, len(w))) && !isLatin(runeBefore(w, len(w))):
		case !opens(f[len(w):], w):
			continue
		}
		best = len(w)
	}
	if best == 0 {
		return "", false
	}
	return strings.TrimFunc(s[best:], func(r rune) bool { return isMark(r) && r != '?' }), true
}

// asks recognises "收到?" and "收到了吗": the same word as a question.
func asks(s string) bool {
	s = strings.TrimRight(fold(Normalise(s)), " \n。.!~")
	t := strings.TrimRight(s, "?")
	for _, q := range []string{"了吗", "了没", "了么", "没有", "吗", "没", "么"} {
		if r := strings.TrimSuffix(t, q); r != t {
			return ackWords[r]
		}
	}
	return t != s && ackWords[t]
}

// opens reports whether rest may follow the acknowledgement w without a mark.
func opens(rest, w string) bool {
	if w == "收" || w == "好" || w == "阅" || w == "了解" || w == "知道" {
		return false
	}
	for _, o := range ackOpeners {
		if strings.HasPrefix(rest, o) {
			return true
		}
	}
	return false
}
