package handlers

import (
	"strings"

	"juwei/handlers/syntax"
)

// guard refuses personal numbers before anything is looked up, stored or logged (card
// G15). It never repeats what it found; in a 1:1 chat it offers the line without it.
func guard(m Message) *Refusal {
	found := syntax.PII(m.Text)
	if len(found) == 0 {
		return nil
	}
	if !m.Single() {
		return Refuse("这条含个人信息，没有保存。", "请长按撤回，改成只报户号和人数，私聊我。")
	}
	kinds := map[string]bool{}
	var names []string
	for _, f := range found {
		if !kinds[f.Kind] {
			kinds[f.Kind] = true
			names = append(names, f.Kind)
		}
	}
	what := "里面有" + strings.Join(names, "、") + "，没有保存。请把那条删掉。"
	if clean := syntax.Clean(m.Text); strings.HasPrefix(clean, "/") && !strings.Contains(clean, "\n") {
		return Refuse(what, "去掉后这样发："+clean)
	}
	return Refuse(what, "只报户号和人数就够了，不要发证件号和手机号。")
}
