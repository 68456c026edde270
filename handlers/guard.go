package handlers

import (
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers/syntax"
)

// newScreen is what finds personal data. Names of units, places and posts are no person's.
func newScreen(streets []*config.Street) *syntax.Screen {
	var known []string
	for _, s := range streets {
		known = append(known, s.Name)
		for _, c := range s.Committees {
			known = append(append(known, c.Name), c.Aliases...)
			for _, x := range c.Compounds {
				known = append(append(known, x.Name), x.Gates...)
			}
			for _, x := range slices.Concat(c.Blocks, c.Sites) {
				known = append(append(known, x.Name), x.Aliases...)
			}
		}
		for _, p := range s.People {
			known = append(known, p.Title)
		}
		for _, c := range s.Chats {
			known = append(known, c.Name)
		}
	}
	return syntax.NewScreen(known...)
}

// guard refuses personal data before anything is looked up, stored or logged (card G15): in
// what was typed, said or pressed, and in what was quoted. It never repeats what it found; in
// a 1:1 chat it offers the line without it.
func guard(s *syntax.Screen, m Message) *Refusal {
	found := s.PII(m.Text)
	quoted := slices.Concat(s.PII(m.Quote), s.PII(m.Press.Key))
	for _, options := range m.Press.Selected {
		quoted = append(quoted, s.PII(strings.Join(options, "\n"))...)
	}
	switch {
	case len(found)+len(quoted) == 0:
		return nil
	case !m.Single():
		return Refuse("这条含个人信息，没有保存。", "请长按撤回，改成只报户号和人数，私聊我。")
	}
	var names []string
	for _, f := range slices.Concat(found, quoted) {
		if !slices.Contains(names, f.Kind) {
			names = append(names, f.Kind)
		}
	}
	what := "里面有" + strings.Join(names, "、") + "，没有保存。请把那条删掉。"
	if len(found) == 0 {
		return Refuse(what, "不要引用它，单独发一行就行。")
	}
	clean := s.Clean(m.Text)
	if strings.HasPrefix(strings.TrimPrefix(clean, "/"), "急") {
		what = "人有危险先打120、110。" + what
	}
	if strings.HasPrefix(clean, "/") && !strings.Contains(clean, "\n") {
		return Refuse(what, "去掉后这样发："+clean)
	}
	if slices.Contains(names, syntax.PersonIll) || slices.Contains(names, syntax.PersonNamed) {
		return Refuse(what, "只写户号和情况就够了，不写姓名。")
	}
	return Refuse(what, "只报户号和人数就够了，不要发证件号和手机号。")
}
