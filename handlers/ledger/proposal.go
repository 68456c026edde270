package ledger

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// A form as an office proposes it in one line:
//
//	/提表 老人关爱 字段 独居数(户)、走访数、困难(文字) 每天17:00截止 至3.13 用途 看望独居老人

// What a proposal is taken for where it says nothing.
const (
	usualOpening = config.Clock(8 * 60)
	usualLead    = 4 * time.Hour // the least time between opening and cut-off
	longestRun   = 30            // days a form may run before somebody looks at it again (card S11)
	mostFields   = 20
)

var (
	clockWords = `((?:上午|下午|晚上|中午|早上)?[0-9]{1,2}(?::[0-9]{2}|点半|点[0-9]{0,2}分?))`
	cutoffAt   = regexp.MustCompile(clockWords + `(?:以前|之前|前)?截止|` + clockWords + `(?:以前|之前|前)(?:报|交)?`)
	opensAt    = regexp.MustCompile(clockWords + `(?:起|开始)(?:报|填)?`)
	chainAt    = regexp.MustCompile(`报?(区里|市里|区|市|街道)` + clockWords + `要?`)
	weeklyOn   = regexp.MustCompile(`每周((?:[周、和,]*[一二三四五六日天])+)`)
	dailyOn    = regexp.MustCompile(`每天|每日|天天`)
	onceOnly   = regexp.MustCompile(`只?报?一次(?:性)?`)
	untilDay   = regexp.MustCompile(`(?:至|到)([0-9]{1,2}(?:\.|/|月)[0-9]{1,2}[日号]?)(?:为止|止)?`)
	fromDay    = regexp.MustCompile(`(?:从|自)([0-9]{1,2}(?:\.|/|月)[0-9]{1,2}[日号]?)(?:起|开始)?`)
	agreedBy   = regexp.MustCompile(`(?:^|[\s,;。])(\S+?)\s*(?:点名)?同意\s*$`)
	keyword    = regexp.MustCompile(`(?:^|[\s,;。])(字段|项目|用途|依据)[:\s]*`)
	unitBehind = regexp.MustCompile(`^(.+?)[(\[]([^)\]]*)[)\]]$`)
)

// parse reads a proposal. What it says of the approver is a name as typed.
func parse(d *handlers.Desk, text string) (f *config.Form, approver string, why *handlers.Refusal) {
	text = syntax.Normalise(text)
	name, rest, _ := strings.Cut(text, " ")
	f = &config.Form{Name: name, Who: []config.Role{config.RoleSecretary, config.RoleWorker}, Opens: usualOpening, Lead: usualLead, By: config.ByCommittee, Every: config.EveryDay, Zero: true}
	if m := agreedBy.FindStringSubmatchIndex(rest); m != nil {
		approver, rest = rest[m[2]:m[3]], rest[:m[0]]
	}
	parts := sections(rest)
	head, words := when(d, f, parts[""]+" "+parts["字段"])
	if head != nil {
		return nil, "", head
	}
	f.Purpose, f.Basis = parts["用途"], parts["依据"]
	if f.Cutoff == 0 {
		return nil, "", handlers.Refuse("几点截止？没写。", "末尾加上，例：每天17:00截止")
	}
	for _, w := range listed(words) {
		f.Fields = append(f.Fields, field(w))
	}
	switch n := len(f.Fields); {
	case n == 0:
		return nil, "", handlers.Refuse("要问哪几项？没写。", "例："+proposalExample)
	case n > mostFields:
		return nil, "", handlers.Refusef("挑真要用的报。", "一张表最多%d项，您写了%d项。", mostFields, n)
	}
	f.Minutes = max(1, (15+8*len(f.Fields)+59)/60)
	return f, approver, nil
}

const proposalExample = "/提表 老人关爱 字段 独居数(户)、走访数(户) 每天17:00截止"

// sections cuts a line at its key words; what stands before the first has the key "".
func sections(text string) map[string]string {
	out := map[string]string{}
	key, from := "", 0
	for _, m := range keyword.FindAllStringSubmatchIndex(text, -1) {
		out[key] = strings.TrimSpace(text[from:m[0]])
		key, from = strings.Replace(text[m[2]:m[3]], "项目", "字段", 1), m[1]
	}
	out[key] = strings.Trim(text[from:], " ,;。\n")
	return out
}

// when takes out of a line how often, from when and until when, and returns what is left.
func when(d *handlers.Desk, f *config.Form, text string) (*handlers.Refusal, string) {
	cut := func(re *regexp.Regexp, use func(m []string)) {
		text = re.ReplaceAllStringFunc(text, func(s string) string {
			use(re.FindStringSubmatch(s))
			return " "
		})
	}
	clock := func(m []string) config.Clock {
		for _, s := range m[1:] {
			if minute, _, _, ok := syntax.Clock(s); ok && s != "" {
				return config.Clock(minute)
			}
		}
		return 0
	}
	today := d.Day.Time(d.Street.Location)
	day := func(s string) config.Day {
		at, _, ok := syntax.DateAhead(s, today)
		if !ok {
			return ""
		}
		return d.Street.Day(at)
	}
	f.From = d.Day.Add(1) // what is agreed today is asked from tomorrow on
	cut(chainAt, func(m []string) {
		f.Chain = append(f.Chain, config.Deadline{Who: strings.TrimSuffix(m[1], "里"), At: clock(m[1:])})
	})
	slices.SortStableFunc(f.Chain, func(a, b config.Deadline) int { return int(b.At - a.At) })
	cut(fromDay, func(m []string) { f.From = max(f.From, day(m[1])) })
	cut(untilDay, func(m []string) { f.Until = day(m[1]) })
	cut(opensAt, func(m []string) { f.Opens = clock(m) })
	cut(cutoffAt, func(m []string) { f.Cutoff = clock(m) })
	f.Cutoffs, f.Shifts = []config.Clock{f.Cutoff}, []string{""}
	cut(weeklyOn, func(m []string) {
		f.Every, f.Weekdays = config.EveryWeek, nil
		for _, r := range m[1] {
			if i := strings.IndexRune("日一二三四五六", r); i >= 0 {
				f.Weekdays = append(f.Weekdays, time.Weekday(i/len("日")))
			} else if r == '天' {
				f.Weekdays = append(f.Weekdays, time.Sunday)
			}
		}
	})
	cut(dailyOn, func([]string) { f.Every = config.EveryDay })
	cut(onceOnly, func([]string) { f.Every = config.EveryOnce })
	last := f.From.Add(longestRun - 1)
	switch {
	case f.Until == "":
		f.Until = last
	case f.Until > last:
		return handlers.Refusef("到期还要，再提一次就行。", "一张表最多用%d天，到%s为止。", longestRun, last.Label()), ""
	case f.Until < f.From:
		return handlers.Refusef("结束日写晚一些。", "%s就结束，比开始的%s还早。", f.Until.Label(), f.From.Label()), ""
	}
	return nil, text
}

// listed cuts a list at its marks and blanks, but not within brackets.
func listed(text string) []string {
	depth := 0
	return strings.FieldsFunc(text, func(r rune) bool {
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		return depth <= 0 && strings.ContainsRune(" ,、;。\n", r)
	})
}

// field reads one item of the list: 独居数, 独居数(户), 在册数(户 存量), 困难(文字).
func field(word string) *config.Field {
	x := &config.Field{Name: word, Kind: config.KindInt, Max: 9999}
	if m := unitBehind.FindStringSubmatch(word); m != nil {
		x.Name = m[1]
		switch kind := m[2]; {
		case strings.Contains(kind, "文字"), strings.Contains(kind, "说明"):
			x.Kind, x.Chars, x.Max, x.Optional = config.KindText, 60, 0, true
		default:
			x.Stock = strings.Contains(kind, "存量")
			x.Unit = strings.Trim(strings.ReplaceAll(kind, "存量", ""), " /-")
		}
	}
	x.Item = x.Name
	return x
}

// describe says in one or two lines what a form asks.
func describeForm(f *config.Form) string {
	var names []string
	for _, x := range f.Fields {
		n := x.Name
		if x.Unit != "" {
			n += "(" + x.Unit + ")"
		}
		names = append(names, n)
	}
	how := "每天"
	switch f.Every {
	case config.EveryWeek:
		how = "每周"
		for i, d := range f.Weekdays {
			if i > 0 {
				how += "、"
			}
			how += string([]rune("日一二三四五六")[d])
		}
	case config.EveryOnce:
		how = "一次，"
	}
	return fmt.Sprintf("%d项：%s\n%s%s截止，%s–%s，一次约%d分钟", len(names), strings.Join(names, "、"), how, f.Cutoff, f.From.Label(), f.Until.Label(), f.Minutes)
}
