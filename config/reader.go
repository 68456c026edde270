package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"
)

// reader walks one file and gathers what is wrong with it. Reading never stops at a
// mistake: the value is left zero and the rest is read, so that all are found at once.
type reader struct {
	file   string
	lookup func(env string) (string, bool) // nil: secrets are not looked up (the demo)
	report func(Problem)
	places map[string]Place // by path: "areas.0.committees.2"
	found  int              // problems so far, without warnings
}

// read parses a file and returns its top as a value.
func read(file string, data []byte, lookup func(string) (string, bool), report func(Problem)) (*reader, value) {
	r := &reader{file: file, lookup: lookup, report: report, places: make(map[string]Place)}
	root := parseYAML(file, data, report)
	if root == nil {
		return r, value{reader: r, missing: true, excused: true}
	}
	top := value{reader: r, node: root, at: r.place(root)}
	if root.Kind != yaml.MappingNode {
		r.problem(top.at, "文件要写成一行行“键: 值”", "照 bot init 生成的样子填写")
		top.missing, top.excused = true, true
	}
	return r, top
}

func (r *reader) place(n *yaml.Node) Place {
	return Place{File: r.file, Line: max(n.Line, 1), Col: max(n.Column, 1)}
}

func (r *reader) problem(p Place, what, mend string) {
	r.found++
	r.report(Problem{File: p.File, Line: p.Line, Col: p.Col, What: what, Mend: mend})
}

func (r *reader) warn(p Place, what, mend string) {
	r.report(Problem{File: p.File, Line: p.Line, Col: p.Col, What: what, Mend: mend, Warning: true})
}

// placeOf returns where the value with this path was written, or else what holds it.
func (r *reader) placeOf(format string, args ...any) Place {
	path := fmt.Sprintf(format, args...)
	for {
		if p, ok := r.places[path]; ok {
			return p
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return Place{File: r.file, Line: 1, Col: 1}
		}
		path = path[:dot]
	}
}

// value is what stands behind one key, or one item of a list.
type value struct {
	*reader
	key     string // for messages
	path    string
	node    *yaml.Node
	at      Place // of the value; if missing, of the object it is missing from
	missing bool
	excused bool    // it is missing because of a mistake that was reported already
	holder  *object // the object it is missing from
}

// need reports the value if it is missing or empty.
func (v value) need() value {
	switch {
	case v.excused:
	case v.missing && v.holder != nil: // close tells, unless a misspelt key explains it
		v.holder.lacks = append(v.holder.lacks, v.key)
		v.excused = true
	case v.missing:
		v.problem(v.at, "“"+v.key+"”是空的", "请填上")
		v.excused = true
	case v.node.Kind == yaml.ScalarNode && strings.TrimSpace(v.node.Value) == "",
		v.node.Kind == yaml.SequenceNode && len(v.node.Content) == 0:
		v.problem(v.at, "“"+v.key+"”是空的", "请填上")
		v.missing, v.excused = true, true
	}
	return v
}

// wrong reports that the value is of another kind than it should be.
func (v value) wrong(should string) {
	if v.node.Kind == yaml.ScalarNode && v.node.Style == 0 && !strings.Contains(v.node.Value, "\n") {
		if i := strings.IndexAny(v.node.Value, "：【［｛】］｝"); i >= 0 {
			at := v.at
			at.Col += len([]rune(v.node.Value[:i]))
			v.wide(at, v.node.Value[i:])
			return
		}
	}
	v.problem(v.at, "“"+v.key+"”应当是"+should, "")
}

// wide reports the full-width sign that text begins with.
func (r *reader) wide(at Place, text string) {
	for wide, narrow := range map[string]string{"：": ":", "，": ",", "、": ",", "【": "[", "［": "[", "】": "]", "］": "]", "｛": "{", "｝": "}"} {
		if strings.HasPrefix(text, wide) {
			mend := "换成半角“" + narrow + "”"
			if narrow == ":" || narrow == "," {
				mend += "，后面空一格"
			}
			r.problem(at, "这里是全角“"+wide+"”", mend)
		}
	}
}

// scalar returns the text of a single value as written.
func (v value) scalar(should string) (string, bool) {
	if v.missing {
		return "", false
	}
	if v.node.Kind != yaml.ScalarNode {
		v.wrong(should)
		return "", false
	}
	return strings.TrimSpace(v.node.Value), true
}

// text returns a line of text, "" if missing.
func (v value) text() string {
	s, ok := v.scalar("一行文字")
	if !ok {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) }) {
		v.wrong("一行文字，不能换行")
		return ""
	}
	return s
}

// lines returns text that may have line breaks.
func (v value) lines() string {
	s, _ := v.scalar("文字")
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		v.wrong("文字，不能有控制字符")
		return ""
	}
	return s
}

// word returns a name that people will type: letters and digits, not led by a digit.
func (v value) word() string {
	s := v.text()
	for i, r := range []rune(s) {
		switch {
		case r >= '！' && r <= '～':
			v.problem(v.at, "“"+s+"”里有全角字符“"+string(r)+"”", "换成半角")
			return ""
		case unicode.IsLetter(r), unicode.IsDigit(r) && i > 0, i > 0 && strings.ContainsRune("_·-", r):
		case unicode.IsDigit(r):
			v.problem(v.at, "“"+s+"”以数字开头，会和人数混淆", "换一个名称")
			return ""
		default:
			v.problem(v.at, "“"+s+"”里不能有“"+string(r)+"”", "名称只用汉字、字母和数字")
			return ""
		}
	}
	if len([]rune(s)) > 20 {
		v.problem(v.at, "名称“"+s+"”太长", "最多20个字")
		return ""
	}
	return s
}

// code returns a short name in lower-case ASCII.
func (v value) code() string {
	s := v.text()
	if s != "" && !codeForm.MatchString(s) {
		v.problem(v.at, "“"+v.key+"”不能写成“"+s+"”", "只用小写字母、数字和减号，最多20个，如 demo")
		return ""
	}
	return s
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)

// colour returns a colour as pictures want it, "" if the value is missing or wrong.
func (v value) colour() string {
	s := v.text()
	if s != "" && !colourForm.MatchString(s) {
		v.wrong("颜色，如 \"#1565C0\"")
		return ""
	}
	return s
}

var colourForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// oneOf returns one of the words, otherwise if the value is missing, "" if it is wrong.
func (v value) oneOf(otherwise string, words ...string) string {
	s := v.text()
	if s == "" {
		return otherwise
	}
	if !slices.Contains(words, s) {
		v.problem(v.at, "“"+v.key+"”没有“"+s+"”这一种", meant(s, words))
		return ""
	}
	return s
}

// number returns a whole number from least to most, or otherwise if missing.
func (v value) number(otherwise, least, most int) int {
	s, ok := v.scalar("整数")
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		v.wrong("整数")
		return otherwise
	}
	if n < least || n > most {
		v.problem(v.at, fmt.Sprintf("“%s”是%d，超出范围", v.key, n), fmt.Sprintf("应在%d到%d之间", least, most))
		return otherwise
	}
	return n
}

// limits returns a range such as 0..300.
func (v value) limits() (least, most int) {
	s, ok := v.scalar("范围，如 0..300")
	if !ok {
		return 0, 0
	}
	a, b, ok := strings.Cut(s, "..")
	least, err := strconv.Atoi(a)
	most, err2 := strconv.Atoi(b)
	switch {
	case !ok || err != nil || err2 != nil:
		v.wrong("范围，如 0..300")
	case least > most:
		v.problem(v.at, fmt.Sprintf("范围反了：%d大于%d", least, most), "小的写在前面")
	case least < -maxLiteral || most > maxLiteral:
		v.problem(v.at, "范围“"+s+"”太大", "最大一百万")
	default:
		return least, most
	}
	return 0, 0
}

// yes returns true or false, or otherwise if missing.
func (v value) yes(otherwise bool) bool {
	s, ok := v.scalar(" true（是）或 false（否）")
	switch {
	case !ok:
		return otherwise
	case s == "true":
		return true
	case s != "false":
		v.wrong(" true（是）或 false（否）")
	}
	return false
}

// clock returns a time of day, or otherwise if missing.
func (v value) clock(otherwise Clock) Clock {
	s, ok := v.scalar("时间，如 08:00")
	if !ok {
		return otherwise
	}
	c, err := ParseClock(s)
	if err != nil {
		v.wrong("时间，如 08:00")
		return otherwise
	}
	return c
}

// day returns a date, "" if missing.
func (v value) day() Day {
	s, ok := v.scalar("日期，如 2020-02-13")
	if !ok {
		return ""
	}
	d, err := ParseDay(s)
	if err != nil {
		v.wrong("日期，如 2020-02-13")
		return ""
	}
	return d
}

// span returns a length of time such as 45m or 2h, 0 if missing.
func (v value) span() time.Duration {
	s, ok := v.scalar("时长，如 45m 或 2h")
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > 7*24*time.Hour {
		v.wrong("时长，如 45m 或 2h")
		return 0
	}
	return d
}

// items returns the members of a list.
func (v value) items() []value {
	if v.missing {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode {
		v.wrong("列表：每项一行，前面写“- ”，或写成 [甲, 乙]")
		return nil
	}
	var vs []value
	for i, n := range v.node.Content {
		item := v.child(v.key, strconv.Itoa(i), n)
		if j := strings.IndexAny(n.Value, "，、"); j >= 0 && n.Kind == yaml.ScalarNode && n.Style == 0 && v.node.Style&yaml.FlowStyle != 0 {
			item.at.Col += len([]rune(n.Value[:j]))
			v.wide(item.at, n.Value[j:])
			item.missing, item.excused = true, true
		}
		if item.missing && !item.excused {
			v.problem(item.at, "“"+v.key+"”里有一项是空的", "填上，或去掉这一项")
			item.excused = true
		}
		vs = append(vs, item)
	}
	return vs
}

// words returns a list of names; each is a word.
func (v value) words() []string {
	var ws []string
	for _, item := range v.items() {
		ws = append(ws, item.word())
	}
	return ws
}

// texts returns a list of lines.
func (v value) texts() []string {
	var ts []string
	for _, item := range v.items() {
		ts = append(ts, item.text())
	}
	return ts
}

// child wraps a node inside v, remembers its place and refuses what we don't read.
func (v value) child(key, step string, n *yaml.Node) value {
	c := value{reader: v.reader, key: key, path: strings.TrimPrefix(v.path+"."+step, "."), node: n, at: v.place(n)}
	v.places[c.path] = c.at
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		v.problem(c.at, "不支持“&”和“*”引用", "把内容写全；值以这两个符号开头就加引号")
		c.missing, c.excused = true, true
	case n.Style&yaml.TaggedStyle != 0:
		v.problem(c.at, "不支持“!”标签", "去掉；值以“!”开头就加引号")
		c.missing, c.excused = true, true
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		c.missing = true
	}
	return c
}

// object is a mapping being read. Each call of value names a key it knows; close
// reports the others.
type object struct {
	value
	pairs map[string]value
	known []string
	lacks []string // keys that are needed and missing
}

// object opens the value as a mapping. If it is none, its keys count as excused.
func (v value) object() *object {
	o := &object{value: v, pairs: make(map[string]value)}
	if v.missing {
		return o
	}
	if v.node.Kind != yaml.MappingNode {
		v.wrong("一组“键: 值”")
		o.missing, o.excused = true, true
		return o
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k, n := v.node.Content[i], v.node.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			v.problem(v.place(k), "键要写成一个词", "例如 name: 梅园")
			continue
		}
		if first, twice := o.pairs[k.Value]; twice {
			v.problem(v.place(k), fmt.Sprintf("“%s”写了两遍，第一遍在第%d行", k.Value, first.at.Line), "留一个")
			continue
		}
		// name：梅园 and name:梅园 are keys to YAML: say so once, and miss nothing else.
		if i := strings.IndexAny(k.Value, "：:【［｛】］｝"); i >= 0 && k.Style == 0 {
			at := v.place(k)
			at.Col += len([]rune(k.Value[:i]))
			if k.Value[i] == ':' {
				v.problem(at, "“"+k.Value[:i]+":”后面少一个空格", "冒号后面空一格")
			} else {
				v.wide(at, k.Value[i:])
			}
			o.pairs[k.Value[:i]] = value{reader: v.reader, key: k.Value[:i], at: at, missing: true, excused: true}
			continue
		}
		o.pairs[k.Value] = v.child(k.Value, k.Value, n)
	}
	return o
}

// get returns the value behind a key; missing if there is none or it is empty.
func (o *object) get(key string) value {
	o.known = append(o.known, key)
	if v, ok := o.pairs[key]; ok {
		return v
	}
	return value{reader: o.reader, key: key, path: o.path + "." + key, at: o.at, missing: true, excused: o.missing && o.excused, holder: o}
}

// close reports the keys that nobody asked for, and those that are lacking.
func (o *object) close() {
	if o.node != nil && !o.missing {
		for i := 0; i+1 < len(o.node.Content); i += 2 {
			k := o.node.Content[i]
			if _, read := o.pairs[k.Value]; !read || slices.Contains(o.known, k.Value) {
				continue
			}
			o.problem(o.place(k), "不认识的键“"+k.Value+"”", meant(k.Value, o.known))
			if near := nearest(k.Value, o.known); near != "" {
				o.lacks = slices.DeleteFunc(o.lacks, func(key string) bool { return key == near })
			}
		}
	}
	for _, key := range o.lacks {
		o.problem(o.at, "少了“"+key+"”", "请补上")
	}
}
