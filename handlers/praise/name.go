package praise

import (
	"slices"
	"strings"
)

// surnames are the commonest hundred and some; a rare one may slip through, which is why
// people are told, too.
const surnames = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"

// common begin with a surname and are no names.
var common = []string{
	"王府", "张贴", "张挂", "陈述", "黄色", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "周末", "周围", "周边", "吴淞", "徐汇", "高温", "高峰", "高度", "高空", "高龄", "林荫", "何时", "何地", "马上", "马路",
	"于是", "于今", "于昨", "许可", "许多", "曾经", "曾在", "苏州", "贾汪", "叶片", "余下", "余额", "夏天", "夏季", "钟点", "钟头", "田间", "任务", "任何", "范围", "方案", "方法", "方便", "方式", "方面", "石桥", "金额", "陆续", "白天", "白班", "康复", "江苏",
	"史料", "顾及", "顾不", "孟春", "龙头", "万一", "段落", "雷雨", "钱款", "常态", "常规", "武汉", "文明", "文件", "文苑", "文化", "程序", "程度", "严肃", "丁字", "万人", "杜绝", "谢谢", "高新", "方向", "金秋", "江边", "夏令", "文字", "文书", "任命", "易发", "易拉", "龙卷", "万元", "汤池", "石板", "白色", "黄码", "金桥",
}

// posts behind a surname make it a person: 王书记, 李阿姨.
var posts = []string{"书记", "主任", "社工", "阿姨", "叔叔", "师傅", "老师", "医生", "护士", "先生", "女士", "同志", "经理", "某", "大姐", "大哥", "处长", "科长", "队长", "站长", "警官", "爷叔", "大爷", "奶奶", "爷爷", "总"}

// verbs may stand directly behind a name in a short note.
const verbs = "已在被说把不没来去要是对和跟与的将也同做写谈到向为自主冒带帮送守值诫处约训教、，,。.；; 　"

// openers may stand directly before a name.
const openers = "对找和跟请由给约与叫同了向让把被据经为人员工组长、，,。.；;:： 　老小"

// named reports whether a text seems to name a person: a surname with one or two characters
// standing by themselves, with a post behind it, or 老 and 小 before it. It errs on the side
// of seeing a name.
func named(text string) bool {
	r := []rune(text)
	for i, c := range r {
		if !strings.ContainsRune(surnames, c) {
			continue
		}
		tail := string(r[i:])
		if slices.ContainsFunc(common, func(w string) bool { return strings.HasPrefix(tail, w) }) {
			continue
		}
		behind := string(r[i+1:])
		if slices.ContainsFunc(posts, func(w string) bool { return strings.HasPrefix(behind, w) }) {
			return true
		}
		if i > 0 && (r[i-1] == '老' || r[i-1] == '小') && ends(r, i+1) {
			return true
		}
		if i > 0 && !strings.ContainsRune(openers, r[i-1]) {
			continue
		}
		for n := 2; n <= 3; n++ { // 王强, 王志强
			if i+n <= len(r) && han(r[i+1:i+n]) && ends(r, i+n) {
				return true
			}
		}
	}
	return false
}

// ends reports whether a name could end before place i.
func ends(r []rune, i int) bool { return i >= len(r) || strings.ContainsRune(verbs, r[i]) }

func han(r []rune) bool {
	return !slices.ContainsFunc(r, func(c rune) bool {
		return c < 0x4e00 || c > 0x9fff || strings.ContainsRune("已在被说把不没来去要的了", c)
	})
}
