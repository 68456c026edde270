package notice

import (
	"strings"

	"juwei/config"
)

// keys are the words in front of the lines that say what a notice needs beside its points.
var keys = map[string][]string{
	"class": {"类别", "类型", "性质"},
	"to":    {"对象", "发给", "发送给"},
	"until": {"截止", "截止时间", "时限", "期限"},
	"where": {"地点", "在哪里", "在哪", "哪里做"},
	"whom":  {"找谁", "问谁", "有事找", "联系人"},
}

// classWords are how people write a class.
var classWords = map[string]config.NoticeClass{
	"知晓": config.NoticeKnow, "知悉": config.NoticeKnow,
	"需落实": config.NoticeAct, "要落实": config.NoticeAct, "落实": config.NoticeAct,
	"需回复": config.NoticeAnswer, "要回复": config.NoticeAnswer, "回复": config.NoticeAnswer,
}

// readSheet reads a typed notice: the title, then its points and, anywhere among them,
// lines such as 截止：16日17点. The class is one of those lines, or a line of its own.
func readSheet(text string, d desk) sheet {
	s := sheet{Class: config.NoticeKnow}
	var body []string
	for i, raw := range strings.Split(strings.TrimSpace(text), "\n") {
		l := strings.TrimSpace(raw)
		if c, ok := classWords[l]; ok && i > 0 {
			s.Class = c
			continue
		}
		key, value, ok := keyed(l)
		if !ok || i == 0 {
			if i == 0 {
				s.Title = s.heading(l)
			} else if l != "" {
				body = append(body, l)
			}
			continue
		}
		switch key {
		case "class":
			if c, known := classWords[value]; known {
				s.Class = c
			}
		case "to":
			s.To = value
		case "until":
			s.Until = value
		case "where":
			s.Where = value
		case "whom":
			s.Whom = value
		}
	}
	s.Body = strings.Join(body, "\n")
	if s.Until != "" {
		s.Due, _ = dueAt(s.Until, d)
	} else if s.Class != config.NoticeKnow {
		s.Due, _ = dueIn(s.Title+"\n"+s.Body, d)
	}
	return s
}

// heading takes a class off the title: 【需落实】张贴告示, 需落实 张贴告示, 张贴告示。需落实.
func (s *sheet) heading(l string) string {
	for _, c := range []config.NoticeClass{config.NoticeAct, config.NoticeAnswer} {
		for _, form := range []string{"【" + string(c) + "】", "（" + string(c) + "）", string(c) + " ", string(c) + "：", string(c) + ":"} {
			if strings.Contains(l, form) {
				s.Class = c
				return strings.TrimSpace(strings.Replace(l, form, "", 1))
			}
		}
		if rest, ok := strings.CutSuffix(strings.TrimRight(l, "。. "), string(c)); ok && rest != "" {
			s.Class = c
			return strings.TrimRight(rest, " ，,。")
		}
	}
	return l
}

// keyed splits 截止：16日 into what it is and what it says.
func keyed(l string) (key, value string, ok bool) {
	cut := strings.IndexAny(l, "：:=")
	if cut < 0 {
		return "", "", false
	}
	word := strings.TrimSpace(l[:cut])
	for key, names := range keys {
		for _, n := range names {
			if word == n {
				return key, strings.TrimLeft(l[cut:], "：:= "), true
			}
		}
	}
	return "", "", false
}

// text is the sheet as one would type it, with more lines behind it.
func (s sheet) text(mend []fault) string {
	out := []string{s.Title}
	if s.Body != "" {
		out = append(out, s.Body)
	}
	class := s.Class
	add := map[string]string{}
	for _, f := range mend {
		if key, value, ok := keyed(f.Line); ok {
			add[key] = value
		} else if c, ok := classWords[f.Line]; ok {
			class = c
		}
	}
	if class != config.NoticeKnow {
		out = append(out, string(class))
	}
	for _, l := range []struct{ key, name, value string }{
		{"to", "对象", s.To}, {"until", "截止", s.Until}, {"where", "地点", s.Where}, {"whom", "找谁", s.Whom},
	} {
		if v := add[l.key]; v != "" {
			l.value = v
		}
		if l.value != "" {
			out = append(out, l.name+"："+l.value)
		}
	}
	return strings.Join(out, "\n")
}
