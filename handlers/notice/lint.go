package notice

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// longest is how long a notice may be, in characters: it must fit one webhook text
// (2,048 bytes) with its number and its last lines.
const longest = 500

const (
	maxDuties = 3
	leastTime = 4 * time.Hour
)

// sheet is a notice as it was typed, before anything is decided about it.
type sheet struct {
	Title, Body string
	Class       config.NoticeClass
	To          string // 对象, as typed
	Until       string // 截止, as typed
	Due         time.Time
	Where, Whom string
}

// fault is one thing the linter holds against a sheet: what is wrong, and the line that
// mends it ("" where only the author can).
type fault struct{ What, Line string }

// desk is what the linter knows of the world; it reads nothing else.
type desk struct {
	at      time.Time // in the street's zone
	tonight time.Time // until when 今晚 lasts: from then on nobody is to be disturbed
	me      string    // the author's title
	units   []string  // names of committees, which say who
}

// lint holds a sheet against what its class needs. One that wants nothing but to be seen is
// asked for nothing but to be short, and to be no task in disguise.
func lint(s sheet, d desk) []fault {
	var out []fault
	add := func(what, line string) { out = append(out, fault{what, line}) }
	text := s.Title + "\n" + s.Body
	if n := utf8.RuneCountInString(s.Title + s.Body + s.To + s.Where + s.Whom); n > longest {
		add(fmt.Sprintf("写了%d个字，手机上一屏最多%d个字", n, longest), "")
	}
	if strings.TrimSpace(s.Title) == "" {
		add("没有标题", "")
	}
	if unit := s.blames(d); unit != "" {
		add("点了"+unit+"的名。书记群里不点名批评，改成不点名，或加一行“对象："+unit+"”私下发", "")
	}
	if s.Class == config.NoticeKnow {
		if s.Until != "" || orders(text) {
			add("写了要做的事和截止时间，是要落实还是要回复", string(config.NoticeAct))
		}
		return out
	}
	if s.Class == config.NoticeAct {
		if n := duties(s.Body); n > maxDuties {
			add(fmt.Sprintf("里面有%d件事，一条最多%d件，请分成两条", n, maxDuties), "")
		}
		if s.To == "" && !says(text, who) && !says(text, d.units) {
			add("没写谁来做", "对象：各居民区")
		}
	}
	next := s.next(d)
	switch {
	case s.Until != "" && s.Due.IsZero():
		add("没看懂截止时间“"+handlers.Quote(s.Until)+"”", "截止："+next)
	case s.Due.IsZero():
		add("没写什么时候前", "截止："+next)
	case !s.Due.After(d.at):
		add("截止时间已经过了", "截止："+next)
	case s.Due.Sub(d.at) < leastTime:
		what := "离截止不到4小时，来不及"
		if strings.Contains(text+s.Until, "今晚") {
			what = "说的是今晚，只剩不到4小时，来不及"
		}
		add(what, "截止："+next)
	}
	if s.Class == config.NoticeAct && s.Where == "" && !says(text, where) && !toPlace.MatchString(text) {
		add("没写在哪里做", "地点：各小区门口")
	}
	if s.Whom == "" && !says(text, whom) && !toAsk.MatchString(text) {
		add("没写有事问谁", "找谁："+d.me)
	}
	return out
}

// next is the deadline to propose: tomorrow at five, as the sheet would write it.
func (s sheet) next(d desk) string {
	t := d.at.AddDate(0, 0, 1)
	return fmt.Sprintf("%d月%d日17:00", t.Month(), t.Day())
}

// Words that say who does it, where, and whom to ask.
var (
	who = []string{"各居民区", "各居委", "居民区", "居委会", "各家", "各位书记", "书记", "社工", "联络员", "物业", "门岗", "志愿者", "楼组长", "楼宇"}

	where = []string{"门口", "门岗", "小区", "楼道", "楼栋", "公告栏", "宣传栏", "现场", "会议室", "居委会办公", "园区", "楼宇", "出入口", "大门", "活动室", "上门",
		"南门", "北门", "东门", "西门", "箱房", "车棚", "旧里", "弄口", "群里", "值班室", "线上", "商铺"}

	whom = []string{"找谁", "联系", "咨询", "请问纪工委", "请问管理办", "有问题问", "有疑问", "有事找", "不清楚的问", "问值班室", "找值班室", "找管理办", "找纪工委", "找联络员"}
)

// Other ways to say where and whom to ask: 到街道三楼领, 在2楼, 问管理办, 有事打平安办电话.
var (
	toPlace = regexp.MustCompile(`[到去在][^，。；\n]{1,8}(领|取|开会|集合|参加|报到|碰头)|[一二三四五六七八九十0-9]+(号)?楼`)
	toAsk   = regexp.MustCompile(`(问|找|联系|咨询|打)[^，。；\n]{0,6}(办|室|组|科|纪工委|联络员|中心)`)
)

// blames is the committee that a notice for everybody names with something against it, "" if
// there is none: in the secretaries' group a committee is named for praise alone.
func (s sheet) blames(d desk) string {
	if s.To != "" {
		return ""
	}
	for _, sentence := range strings.FieldsFunc(s.Title+"\n"+s.Body, func(r rune) bool { return strings.ContainsRune("。；;！!\n", r) }) {
		unit := ""
		for _, u := range d.units {
			if strings.Contains(sentence, u) && len(u) > len(unit) {
				unit = u
			}
		}
		if unit != "" && says(sentence, blame) {
			return unit
		}
	}
	return ""
}

// blame are words of criticism.
var blame = []string{"没有", "没", "未", "不到位", "不力", "不合格", "不规范", "不重视", "缺", "最后", "落后", "漏", "迟", "差", "通报", "批评", "引以为戒", "反面", "出问题", "问题多", "违反"}

func says(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && strings.Contains(text, w) })
}

// demands are the words of a sentence that wants something done.
var demands = []string{"请", "务必", "必须", "须", "不得", "严禁", "应当", "勿", "要在", "报送"}

// duties counts what a body wants done: the sentences that demand something, or, where
// none says so, its points.
func duties(body string) int {
	n := 0
	list := points(body)
	for _, p := range list {
		for _, sentence := range strings.FieldsFunc(p, func(r rune) bool { return strings.ContainsRune("。；;！!", r) }) {
			if says(sentence, demands) && !closing(sentence) {
				n++
			}
		}
	}
	if n == 0 {
		return len(list)
	}
	return n
}

// orders reports whether a text that is only to be seen sets a time by which something is
// to be done.
func orders(text string) bool {
	for _, w := range []string{"前报", "前完成", "前回复", "前反馈", "前落实", "前交", "前上报", "前报送"} {
		if strings.Contains(strings.ReplaceAll(text, " ", ""), w) {
			return true
		}
	}
	return false
}

// usual is the hour of a deadline that names only a day.
const usual = 17 * 60

// dueAt reads a deadline as people write it: 16日17点前, 今晚8点, 明天, 18:00.
func dueAt(s string, d desk) (time.Time, bool) {
	s = syntax.Normalise(s)
	day, rest, dated := syntax.DateAhead(s, d.at)
	minute, sure, _, timed := syntax.Clock(s)
	if !timed && dated {
		minute, sure, _, timed = syntax.Clock(rest)
	}
	if !dated && !timed {
		return time.Time{}, false
	}
	if !dated {
		day = time.Date(d.at.Year(), d.at.Month(), d.at.Day(), 0, 0, 0, 0, d.at.Location())
	}
	switch {
	case timed && !sure && minute < 12*60: // 3点 is in the afternoon
		minute += 12 * 60
	case !timed && strings.HasPrefix(s, "今晚"):
		return d.tonight, true
	case !timed:
		minute = usual
	}
	return time.Date(day.Year(), day.Month(), day.Day(), minute/60, minute%60, 0, 0, d.at.Location()), true
}

// dueIn finds a deadline in running text: the first day or time with 前 behind it, or 今晚.
func dueIn(text string, d desk) (time.Time, bool) {
	text = syntax.Normalise(text)
	for i := range text {
		tail := text[i:]
		at, ok := dueAt(tail, d)
		if !ok {
			continue
		}
		_, rest, dated := syntax.DateAhead(tail, d.at)
		if !dated {
			rest = tail
		}
		if _, _, behind, timed := syntax.Clock(rest); timed {
			rest = behind
		} else if _, _, behind, timed := syntax.Clock(tail); timed {
			rest = behind
		}
		if strings.HasPrefix(rest, "前") || strings.HasPrefix(rest, "之前") || strings.HasPrefix(rest, "以前") || strings.HasPrefix(rest, "截止") || strings.HasPrefix(tail, "今晚") {
			return at, true
		}
	}
	return time.Time{}, false
}
