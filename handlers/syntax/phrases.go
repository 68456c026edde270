package syntax

// Everyday words the reader knows. They are language, not business: no form's labels here.

// phrase is what a known word does in a line.
type phrase int

const (
	zeroPhrase   phrase = iota // none of what stands beside it
	emptyPhrase                // nothing to report; also behind a label: none
	emptyStrong                // the same, recognised inside a run of other words too
	samePhrase                 // as yesterday
	linkPhrase                 // joins a label and its value
	noisePhrase                // courtesy, fillers, particles
	approxPhrase               // about
	plusPhrase                 // more by
	minusPhrase                // fewer by
	fixPhrase                  // what was said is not so, and what is follows
)

// countWords are the measure words for people and households.
var countWords = []string{
	"个人", "口人", "位人", "名人", "人次", "户人家", "家人家", "人", "个", "名", "位", "口", "例", "户", "家",
}

// people and homes: a label that lists one of a class accepts the others.
var (
	peopleWords = []string{"个人", "口人", "位人", "名人", "人次", "人", "个", "名", "位", "口", "例"}
	homeWords   = []string{"户人家", "家人家", "户", "家", "个"}
)

// phraseWords lists the words by what they do.
var phraseWords = map[phrase][]string{
	zeroPhrase: zeroWords,
	emptyPhrase: {
		"都正常", "全正常", "全部正常", "均正常", "一切都好", "都好", "平安", "没事", "无事", "太平", "无新增", "没有新增", "没新增",
		"都没有", "全没有", "都是0", "都是零", "均为0", "都为0", "全是0", "全部为0", "全部0", "都0", "均0",
		"其他正常", "其它正常", "其余正常", "其他都正常", "其它都正常", "其余都正常", "其他没有", "其它没有", "其余没有", "其他都没有", "其它都没有",
		"其余都没有", "其他无", "其它无", "其余无", "其他都无", "其余都无", "其他均无", "其余均无", "其他都是0", "其余都是0", "其他为0", "其余为0", "其他0", "其余0",
	},
	emptyStrong: {
		"零报告", "零报", "0报告", "0报", "没情况", "无情况", "没有情况", "没啥情况", "没什么情况", "无异常", "没异常", "没有异常", "未见异常",
		"一切正常", "全零", "全0", "没有变动情况", "无特殊情况", "没有特殊情况",
	},
	samePhrase: {
		"同昨天一样", "和昨天一样", "跟昨天一样", "与昨天一样", "同昨天", "同昨日", "同昨", "照旧", "照昨", "其他同昨天", "其他同昨", "其它同昨天", "其它同昨",
		"其余同昨天", "其余同昨", "其他照旧", "其它照旧", "其余照旧", "其他不变", "其它不变", "其余不变", "没有变化", "没变化", "无变化", "没变", "未变",
		"不变", "老样子", "同前", "同前一天", "一样的",
	},
	linkPhrase: {
		"的有", "的还有", "还有", "回来的", "回来了", "回来", "来的", "人数", "数", "总数", "合计", "一共", "总共", "共有", "共计", "的", "是", "为", "有", "了", "共", "计", "达",
	},
	noisePhrase: {
		"谢谢了", "谢谢您", "谢谢你", "谢谢", "多谢", "感谢", "辛苦了", "辛苦", "麻烦了", "麻烦您", "麻烦你", "麻烦", "不好意思", "打扰了", "您好", "你好", "侬好", "各位领导好", "各位好", "老师好", "书记好", "早上好", "下午好", "晚上好", "大家好",
		"各位领导", "各位", "领导好", "领导", "老师", "书记", "报告", "汇报", "上报", "填报", "报一下", "收到", "请查收", "查收", "请知悉", "知悉", "以上", "如下",
		"情况如下", "情况", "今天", "今日", "今朝", "本日", "当日", "截至", "截止", "截止到", "截至目前", "目前", "现在", "现有", "到现在", "上午", "下午", "中午", "早上", "晚上",
		"我们", "阿拉", "我", "侬", "请", "居民区", "居委会", "居委", "小区", "本", "新增", "其中", "包括", "包含", "另外", "以及", "并且", "仅有", "只有",
		"勒", "伐", "呀", "啊", "呢", "吧", "哦", "噢", "额", "嗯", "嘛", "啦", "哈", "哟", "诶", "唉", "咯", "喔", "哎", "呐", "哉",
		"都", "也", "就", "还", "和", "及", "并", "另", "仅", "只", "均", "全", "已", "又", "各", "对了", "好的", "ok",
	},
	approxPhrase: {"大概有", "大概", "大约", "差不多有", "差不多", "估计有", "估计", "可能有", "可能", "好像有", "好像", "大致", "约有", "约"},
	plusPhrase:   {"增加", "增", "加", "多了", "多"},
	minusPhrase:  {"减少", "减", "少了", "少"},
	fixPhrase: {
		"不对不对", "哦不对", "不对", "哦不", "啊不", "说错了", "讲错了", "打错了", "写错了", "报错了", "错了", "更正为", "更正", "改成", "改为", "应该是", "应该为", "应是", "应为",
	},
}

var phraseTable = func() *table {
	t := newTable(256)
	// A word listed twice keeps its first meaning: 都没有 behind a label is decided there.
	for _, p := range []phrase{emptyStrong, emptyPhrase, samePhrase, zeroPhrase, linkPhrase, approxPhrase, noisePhrase, plusPhrase, minusPhrase, fixPhrase} {
		for _, w := range phraseWords[p] {
			t.add(w, int(p))
		}
	}
	return t.sorted()
}()

// Words behind a number that take its certainty away: 8左右 is a number to be asked, 20多
// and 十来个 are none.
const (
	noCount = iota
	aboutSo
)

var approxTable = func() *table {
	t := newTable(8)
	for _, w := range []string{"以上", "以下", "多", "几", "余", "来个", "来人", "来户", "来名", "来位", "半"} {
		t.add(w, noCount)
	}
	t.add("左右", aboutSo)
	t.add("上下", aboutSo)
	return t.sorted()
}()

// measureTable are measure words that no label here counts in; behind a number and a space
// they still belong to it.
var measureTable = func() *table {
	t := newTable(32)
	for _, w := range []string{"箱子", "箱", "盒", "袋", "包", "捆", "批", "车", "家庭", "对夫妻", "对", "双", "套", "条", "张", "块", "桶", "瓶", "把", "支", "只", "件", "栋", "幢", "层", "间", "组", "班"} {
		t.add(w, 0)
	}
	return t.sorted()
}()

// productTable lists products whose name begins with digits.
var productTable = func() *table {
	t := newTable(8)
	for _, w := range []string{"84消毒液", "84消毒水", "84消毒剂", "84药水", "84液", "75%酒精", "75度酒精", "75酒精", "95%酒精", "95酒精", "3m口罩"} {
		t.add(w, 0)
	}
	return t.sorted()
}()

// Words that make the label behind them speak of something else than this report.
var (
	totalWords   = []string{"累计", "累积", "总计", "历史", "至今"}
	dayWordsElse = []string{"昨天", "昨日", "昨晚", "昨", "前天", "前日", "明天", "明日", "后天", "上周", "上月", "上次", "下周", "本周", "本月", "预计", "计划"}
	todayWords   = []string{"今天", "今日", "今朝", "本日", "当日", "现在", "目前", "现有", "到现在", "截至目前"}
)

// notCounts are measure words that make a number an address, a time or a size.
const notCounts = "号楼栋幢弄室层单点时分秒天日月年岁周度元块米公厘斤吨%°居村组路期版届小"
