package syntax

import "strings"

// Manner is a sentence of courtesy that asks for nothing.
type Manner int

// The manners.
const (
	Thanks   Manner = iota + 1 // 谢谢, 辛苦了
	Greeting                   // 你好, 在吗
	Parting                    // 再见, 晚安
	Nod                        // 好的, 知道了
)

var manners = map[Manner]map[string]bool{
	Thanks: set("谢谢", "谢谢你", "谢谢您", "多谢", "谢了", "感谢", "辛苦", "辛苦了", "您辛苦了", "你辛苦了", "辛苦啦", "谢谢辛苦了", "麻烦了", "麻烦你了", "麻烦您了",
		"好的谢谢", "收到谢谢", "太好了", "真好", "不错", "挺好", "[抱拳]", "[握手]", "[玫瑰]", "🙏", "🌹", "❤"),
	Greeting: set("你好", "您好", "侬好", "早", "早上好", "上午好", "中午好", "下午好", "晚上好", "在吗", "在不在", "有人吗", "在", "哈喽", "hello", "hi", "嗨"),
	Parting:  set("再见", "拜拜", "晚安", "早点休息", "下班了", "bye"),
	Nod:      set("好", "好的", "好滴", "好嘞", "嗯", "嗯嗯", "恩", "哦", "噢", "知道了", "晓得了", "明白", "明白了", "了解", "ok", "okay", "行", "可以", "👌", "👍", "[ok]", "[强]", "哈哈", "呵呵"),
}

// Courtesy reports whether the whole of s is a courtesy, and which: 谢谢你, 辛苦了！
func Courtesy(s string) (Manner, bool) {
	plain := fold(Normalise(s))
	for _, p := range []string{"机器人", "助手", "小助手", "防控助手"} {
		plain = strings.ReplaceAll(plain, p, "")
	}
	plain = strings.NewReplacer("侬", "你", "阿姨", "", "老师", "", "领导", "", "各位", "").Replace(plain)
	if i := strings.LastIndexByte(plain, '['); i > 0 && strings.HasSuffix(plain, "]") && !strings.ContainsAny(plain[i:], "0123456789") {
		plain = plain[:i] // 辛苦了[抱拳]
	}
	for m := Thanks; m <= Nod; m++ {
		if w := strings.TrimFunc(plain, isMark); manners[m][w] || manners[m][bare(w)] {
			return m, true
		}
	}
	return 0, false
}
