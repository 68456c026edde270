package config

import (
	"slices"
	"strings"
)

// NoticeClass says what a notice wants of those it is sent to.
type NoticeClass string

// The classes of notices, as written in notices[].class and by who drafts one.
const (
	NoticeKnow   NoticeClass = "知晓"  // to be seen: nobody is asked to answer
	NoticeAct    NoticeClass = "需落实" // to be done by a time
	NoticeAnswer NoticeClass = "需回复" // to be answered by a time
)

// NoticeClasses returns all classes, the lightest first.
func NoticeClasses() []NoticeClass { return []NoticeClass{NoticeKnow, NoticeAct, NoticeAnswer} }

// Template is a notice prepared for the office to send.
type Template struct {
	Name  string
	Text  string // one point a line; {截止} stands for what the sender fills in
	Class NoticeClass
	Vars  []Var // in the order in which they are asked
	Place Place
}

// Var is one thing that a template leaves to the sender.
type Var struct {
	Name    string // 截止, in the text as {截止}
	Example string // 16日17:00
	Place   Place
}

// Fill is the text with its variables replaced; those that values lacks stay.
func (t Template) Fill(values map[string]string) string {
	text := t.Text
	for _, v := range t.Vars {
		if s := values[v.Name]; s != "" {
			text = strings.ReplaceAll(text, "{"+v.Name+"}", s)
		}
	}
	return text
}

// Example is the line that sends the template: /通知 返沪排摸 截止=16日17:00.
func (t Template) Example() string {
	line := "/通知 " + t.Name
	for _, v := range t.Vars {
		line += " " + v.Name + "=" + v.Example
	}
	return line
}

// readTemplate reads one of a pack's notices and holds its variables against its text.
func readTemplate(v value) Template {
	o := v.object()
	defer o.close()
	t := Template{Name: o.get("name").need().text(), Place: v.at}
	text := o.get("text").need()
	t.Text = text.lines()
	var classes []string
	for _, c := range NoticeClasses() {
		classes = append(classes, string(c))
	}
	t.Class = NoticeClass(o.get("class").oneOf(string(NoticeKnow), classes...))
	for _, w := range o.get("vars").items() {
		t.Vars = append(t.Vars, readVar(w))
	}
	checkVars(text, t)
	return t
}

func readVar(v value) Var {
	o := v.object()
	defer o.close()
	return Var{Name: o.get("name").need().word(), Example: o.get("example").need().text(), Place: v.at}
}

// checkVars finds variables nobody fills in, and ones the text does not use.
func checkVars(text value, t Template) {
	var names []string
	for _, x := range t.Vars {
		switch {
		case x.Name == "":
		case slices.Contains(names, x.Name):
			text.problem(x.Place, "“"+x.Name+"”写了两遍", "留一个")
		case t.Text != "" && !strings.Contains(t.Text, "{"+x.Name+"}"):
			text.problem(x.Place, "正文里没有用到“{"+x.Name+"}”", "写进正文，或去掉")
		}
		names = append(names, x.Name)
	}
	for rest := t.Text; ; {
		_, after, found := strings.Cut(rest, "{")
		name, behind, closed := strings.Cut(after, "}")
		if !found || !closed {
			return
		}
		if !slices.Contains(names, name) {
			text.problem(text.at, "正文里的“{"+name+"}”没有说明", "在 vars 里加 {name: "+name+", example: …}")
			names = append(names, name)
		}
		rest = behind
	}
}
