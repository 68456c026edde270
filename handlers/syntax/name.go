package syntax

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Kinds of findings about a person's name: next to a word about health, and behind the label
// of a name.
const (
	PersonIll   = "姓名和健康情况"
	PersonNamed = "姓名"
)

// near is how many characters may lie between a name and a health word.
const near = 12

// ill finds names of persons that stand next to a health word, or behind the label of a name.
// A name alone is none of its business, nor a health word alone. It knows names by their shape: a surname with a form of
// address (王阿姨, 张某), or a surname with usual given-name characters where a name can stand. A
// name of another shape goes through; that is why the rule for people is house codes, no names.
func (s *Screen) ill(text string) []Finding {
	runes, health := visible(text)
	if len(health) == 0 && !slices.ContainsFunc(nameLabels, func(w []rune) bool { return holds(runes, w) }) {
		return nil
	}
	var out []Finding
	for i := 0; i < len(runes); i++ {
		n := s.person(runes, i, health)
		if n == 0 {
			continue
		}
		kind := ""
		if labelled(runes, i) {
			kind = PersonNamed
		}
		for _, h := range health {
			if gap := max(h.from-(i+n), i-h.to); gap <= near && !overlap(h, span{i, i + n}) && sentence(runes, h, i) {
				kind = PersonIll
				break
			}
		}
		if kind != "" {
			out = append(out, Finding{Kind: kind, Start: runes[i].at, End: runes[i+n-1].end})
		}
		i += n - 1
	}
	return out
}

// labelled reports whether the label of a name stands before i: 姓名：, 户主.
func labelled(m []glyph, i int) bool {
	for i > 0 && strings.ContainsRune(" 　:：,，、|\t是", m[i-1].r) {
		i--
	}
	return slices.ContainsFunc(nameLabels, func(w []rune) bool { return i >= len(w) && has(m, i-len(w), w) })
}

// nameLabels say that a name follows.
var nameLabels = split("姓名", "户主")

func holds(m []glyph, w []rune) bool {
	for i := range m {
		if has(m, i, w) {
			return true
		}
	}
	return false
}

// glyph is a rune as it is seen, folded to its simplified form, and where it lies.
type glyph struct {
	r       rune
	at, end int
}

// span is a run of marks.
type span struct{ from, to int }

func overlap(a, b span) bool { return a.from < b.to && b.from < a.to }

// visible is what is seen of a text, and where it speaks of health.
func visible(text string) ([]glyph, []span) {
	worth := false
	for _, r := range text {
		if healthBy[foldRune(r)] != nil || r == '度' || r == '℃' || r == '姓' || r == '主' {
			worth = true
			break
		}
	}
	if !worth {
		return nil, nil
	}
	out := make([]glyph, 0, utf8.RuneCountInString(text))
	for i, r := range text {
		if !invisible(r) || r == '\n' {
			out = append(out, glyph{foldRune(r), i, i + utf8.RuneLen(r)})
		}
	}
	var health []span
	for i := range out {
		if n := healthAt(out, i); n > 0 {
			health = append(health, span{i, i + n})
		}
	}
	return out, health
}

// healthAt is how long the health word at i is, 0 for none. A label with a small count behind
// it (发热0) is a figure, no word about anybody.
func healthAt(m []glyph, i int) int {
	for _, w := range healthBy[m[i].r] {
		if has(m, i, w) {
			if counted(m, i+len(w)) {
				return 0
			}
			return len(w)
		}
	}
	if m[i].r == '度' || m[i].r == '℃' {
		return fever(m, i)
	}
	return 0
}

func has(m []glyph, i int, w []rune) bool {
	if i+len(w) > len(m) {
		return false
	}
	for k, r := range w {
		if m[i+k].r != r {
			return false
		}
	}
	return true
}

// counted reports whether a count of people follows: up to three digits that are neither a
// temperature nor how long it has lasted.
func counted(m []glyph, i int) bool {
	for i < len(m) && (m[i].r == ' ' || m[i].r == '　' || m[i].r == ':' || m[i].r == '：') {
		i++
	}
	n, digits := 0, 0
	for ; i < len(m) && digits < 4; i++ {
		d, class := classify(m[i].r)
		if class != digit || len(d) != 1 {
			break
		}
		n, digits = n*10+int(d[0]-'0'), digits+1
	}
	return digits > 0 && digits < 4 && (n < 35 || n > 43 && n < 350) && (i == len(m) || !strings.ContainsRune("-号天日次周年十度", m[i].r))
}

// fever reports whether the degree sign at i ends a body temperature above the usual; its
// length is then 1.
func fever(m []glyph, i int) int {
	n, scale, point := 0, 1, false
	for k := i - 1; k >= 0 && i-k <= 4; k-- {
		if m[k].r == '.' || m[k].r == '。' || m[k].r == '．' {
			point = true
			continue
		}
		d, class := classify(m[k].r)
		if class != digit || len(d) != 1 {
			break
		}
		n, scale = n+int(d[0]-'0')*scale, scale*10
	}
	if point && n >= 373 && n <= 430 || !point && n >= 38 && n <= 43 {
		return 1
	}
	return 0
}

// person is how many characters the name at i has, 0 for none.
func (s *Screen) person(m []glyph, i int, health []span) int {
	n := addressed(m, i)
	if n == 0 && s.mayBegin(m, i, health) {
		n = shape(m, i)
	}
	if n > 0 && s.place(m, i, i+n) {
		return 0
	}
	return n
}

// addressed is how long a surname with a form of address at i is: 王阿姨. It needs nothing
// before it.
func addressed(m []glyph, i int) int {
	first := surnameAt(m, i)
	if first == 0 {
		return 0
	}
	for _, w := range addresses {
		if has(m, i+first, w) {
			return first + len(w)
		}
	}
	return 0
}

// surnameAt is how many characters the surname at i has.
func surnameAt(m []glyph, i int) int {
	switch {
	case i+1 < len(m) && slices.Contains(doubleSurnames, string([]rune{m[i].r, m[i+1].r})):
		return 2
	case strings.ContainsRune(surnames, m[i].r):
		return 1
	}
	return 0
}

// shape is how many characters at i look like a name.
func shape(m []glyph, i int) int {
	if i+1 < len(m) && (m[i].r == '小' || m[i].r == '老' || m[i].r == '阿') && surnameAt(m, i+1) == 1 && mayFollow(m, i+2) {
		return 2
	}
	first := surnameAt(m, i)
	if first == 0 {
		return 0
	}
	at := i + first
	switch {
	case at < len(m) && strings.ContainsRune(blots, m[at].r): // 张X, 张**
		n := first + 1
		if at+1 < len(m) && strings.ContainsRune(blots, m[at+1].r) {
			n++
		}
		return n
	case at+1 < len(m) && (m[at].r == ' ' || m[at].r == '　') && given(m[at+1].r) && (at+2 == len(m) || !isHan(m[at+2].r)): // 张　伟
		return first + 2
	case at+1 < len(m) && (given(m[at].r) || strings.ContainsRune(middles, m[at].r)) && given(m[at+1].r) && mayFollow(m, at+2):
		return first + 2
	case at < len(m) && given(m[at].r) && mayFollow(m, at+1):
		return first + 1
	}
	return 0
}

// mayBegin reports whether a name can begin at i: behind no word, or one that people put
// before names.
func (s *Screen) mayBegin(m []glyph, i int, health []span) bool {
	if i == 0 || !isHan(m[i-1].r) || strings.ContainsRune(beforeName, m[i-1].r) {
		return true
	}
	return slices.ContainsFunc(health, func(h span) bool { return h.to == i })
}

// mayFollow reports whether a name can end before i.
func mayFollow(m []glyph, i int) bool {
	return i >= len(m) || !isHan(m[i].r) || strings.ContainsRune(behindName, m[i].r) || healthAt(m, i) > 0
}

// place reports whether the characters belong to a name that is nobody's: of a place, a
// unit, a post.
func (s *Screen) place(m []glyph, from, to int) bool {
	known := func(w []rune) bool {
		for i := max(0, from-len(w)+1); i < to; i++ {
			if has(m, i, w) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(noNames, known) || slices.ContainsFunc(s.known, known)
}

// sentence reports whether the name at i and a health word stand in one sentence; a line that
// is broken between them parts nothing.
func sentence(m []glyph, h span, i int) bool {
	for k := min(h.from, i); k < max(h.to, i) && k < len(m); k++ {
		if m[k].r == '。' || m[k].r == ';' || m[k].r == '；' {
			return false
		}
	}
	return true
}

func given(r rune) bool { return strings.ContainsRune(givens, r) }

const (
	// surnames are the hundred commonest and those usual around Shanghai.
	surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤施倪俞虞瞿翁凌奚季翟庄柴殷洪盛葛岳祝褚章柳纪舒屈牛樊鲍费阮聂焦齐梅"
	// givens are characters usual in given names, without those that usually are words.
	givens = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华建国文辉玲红玉梅萍燕鹏飞波斌宇浩凯健俊帆雪婷慧巧美丹雯莉佳琳琴珍凤云洁莲荣爱妹香媛瑞凡嘉琼勤贞璐娅琦晶妍茜秋珊莎锦倩怡雁蓓婉娴瑾锋炜楠坤铭鑫煜熙霖霏曼蕾蕊茵芸芷颖瑶欣淑蓉薇菁梦岚婕馨韵咏卿聪毓悦昭冰茗羽希志义良海仁贵福生胜学祥武彬富顺子昌星岩茂坚彪博诚敬震振壮思豪邦承绍松善厚庆民裕哲亮谦翰朗宏若鸣朋栋维启翔旭晨辰泰盛雄琛钧腾榕弘晓轩诗涵泽睿根弟囡宝珠银翠菊芬芝"
	// middles are usual too, but only between a surname and another of them.
	middles = "小德永金春长世光正东元家大立新成连少"
	// blots stand for a given name that somebody half hides.
	blots = "xX×*＊○〇"
	// beforeName may stand before a name, behindName behind one.
	beforeName = "室号楼层户弄村民主客是叫名的有员者人与和跟为让由中"
	behindName = "家是的住在今有从已也又还昨刚男女自回来说被因体身出现没不到乘坐，、和与跟都"
)

var (
	doubleSurnames = []string{"欧阳", "上官", "司马", "诸葛", "司徒", "夏侯", "皇甫", "尉迟", "东方", "慕容"}

	addresses = split("某某", "某", "先生", "女士", "小姐", "太太", "阿姨", "叔叔", "伯伯", "爷叔", "阿婆", "阿公", "婆婆", "奶奶", "爷爷", "大爷", "大妈", "大伯", "大姐", "大哥", "师傅", "老师", "老伯", "老太", "老先生", "妈妈", "爸爸", "同学", "小朋友")

	// noNames look like a name and are none.
	noNames = split("沈阳", "金华", "韩国", "高平", "周平均", "武宁", "江宁", "余杭", "海宁", "金星", "黄梅", "石英", "高明", "毛巾", "小时", "老人", "小区", "小学", "老年", "老房", "小高", "老高", "方舱", "高文化")

	healthWords = []string{
		"发热", "发烧", "高烧", "低烧", "高热", "低热", "咳嗽", "咳血", "胸闷", "胸痛", "气喘", "呼吸困难", "腹泻", "呕吐", "确诊", "疑似", "阳性", "密接", "密切接触",
		"无症状", "核酸", "肺炎", "感染", "新冠", "隔离", "精神病", "精神障碍", "抑郁", "残疾", "癌", "肿瘤", "化疗", "透析", "糖尿病", "高血压", "心脏病", "心梗", "中风", "痴呆",
		"艾滋", "乙肝", "结核", "怀孕", "孕妇", "流产", "住院", "病危", "去世", "死亡", "猝死", "晕倒", "昏倒", "骨折", "抽搐", "体温", "患者", "病人",
	}
	healthBy = byFirst(healthWords)
)

func split(words ...string) [][]rune {
	out := make([][]rune, len(words))
	for i, w := range words {
		out[i] = []rune(w)
	}
	return out
}

func byFirst(words []string) map[rune][][]rune {
	out := map[rune][][]rune{}
	for _, w := range split(words...) {
		out[w[0]] = append(out[w[0]], w)
	}
	return out
}
