package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits far above any real file: how long one may be, and how many bytes may be parsed
// in search of a mistake's line.
const (
	maxLines  = 5000
	maxSearch = 4 << 20
)

// parseYAML returns the file's one document, or nil after reporting why there is none.
func parseYAML(file string, data []byte, report func(Problem)) *yaml.Node {
	fail := func(line, col int, what, mend string) *yaml.Node {
		report(Problem{File: file, Line: line, Col: col, What: what, Mend: mend})
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if line, col, ok := firstBadByte(data); !ok {
		return fail(line, col, "文件不是 UTF-8 编码", "用编辑器另存为 UTF-8")
	}
	lines := strings.Split(string(data), "\n")
	if len(lines) > maxLines {
		return fail(maxLines, 1, "文件超过"+strconv.Itoa(maxLines)+"行", "拆成几个文件")
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := d.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return fail(1, 1, "文件是空的", "照 bot init 生成的样子填写")
	case err != nil:
		reportSyntax(file, lines, err, report)
		return nil
	}
	if err := d.Decode(&second); err == nil {
		return fail(second.Line, max(second.Column, 1), "一个文件里有两份内容", "去掉中间的“---”，或拆成两个文件")
	} else if !errors.Is(err, io.EOF) {
		reportSyntax(file, lines, err, report)
		return nil
	}
	return doc.Content[0]
}

// firstBadByte finds what is not UTF-8 text.
func firstBadByte(data []byte) (line, col int, ok bool) {
	line, col = 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 || r == 0 {
			return line, col, false
		}
		if data = data[n:]; r == '\n' {
			line, col = line+1, 1
		} else {
			col++
		}
	}
	return 0, 0, true
}

// A key of ours is lower-case ASCII, so these can't be part of a Chinese sentence.
var (
	wideColon = regexp.MustCompile(`^(\s*(?:- +)*|.*?[{,]\s*)([a-z_]+)\s*：`)
	tightPair = regexp.MustCompile(`^(\s*(?:- +)*|.*?[{,]\s*)([a-z_]+):([^\s/:,}\]].*)`)
	wideComma = regexp.MustCompile(`^(.*?[{\[].*?)(，|、)`)
	yamlLine  = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
)

// reportSyntax says why a file is no YAML. yaml.v3 often blames a later line, or the
// first; so look for the usual slips of a Chinese keyboard first, then for the line up
// to which the file still reads.
func reportSyntax(file string, lines []string, err error, report func(Problem)) {
	found := false
	say := func(line, col int, what, mend string) {
		found = true
		report(Problem{File: file, Line: line, Col: col, What: what, Mend: mend})
	}
	broken := brokenLine(lines, err)
	for i, l := range lines {
		code := uncomment(l)
		if i+1 > broken {
			break
		}
		if before := code[:len(code)-len(strings.TrimLeft(code, " \t"))]; strings.Contains(before, "\t") && code != before {
			say(i+1, strings.IndexByte(before, '\t')+1, "行首有制表符（Tab）", "换成空格")
		}
		if m := wideColon.FindStringSubmatchIndex(code); m != nil {
			at := strings.Index(code[m[5]:], "：") + m[5]
			say(i+1, column(code, at), "“"+code[m[4]:m[5]]+"”后面是全角冒号“：”", "换成半角“:”，后面空一格")
		}
	}
	if found {
		return
	}
	code := uncomment(lines[broken-1])
	if m := tightPair.FindStringSubmatchIndex(code); m != nil {
		say(broken, column(code, m[5]), "“"+code[m[4]:m[5]]+":”后面少一个空格", "冒号后面空一格")
		return
	}
	text := ""
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		text = m[2]
	}
	if m := wideComma.FindStringSubmatchIndex(code); m != nil && strings.Contains(text, "expected ','") {
		say(broken, column(code, m[4]), "这里是全角“"+code[m[4]:m[5]]+"”", "换成半角“,”，后面空一格")
		return
	}
	for _, s := range syntaxWords {
		if strings.Contains(text, s.yaml) {
			say(broken, suspect(code), s.what, s.mend)
			return
		}
	}
	say(broken, suspect(code), "这一行读不懂", "看看括号、引号和缩进是否成对、对齐")
}

// syntaxWords puts yaml.v3's complaints into words, the first that fits.
var syntaxWords = []struct{ yaml, what, mend string }{
	{"mapping values are not allowed", "缩进不对，或一行里有两个冒号", "与上一行对齐；值里有冒号就加引号"},
	{"did not find expected node content", "这里缺一项，或多一个符号", "看看逗号和括号"},
	{"did not find expected ',' or ']'", "方括号里少了逗号或“]”", "每项用半角逗号“,”隔开，最后写“]”"},
	{"did not find expected ',' or '}'", "花括号里少了逗号或“}”", "每项用半角逗号“,”隔开，最后写“}”"},
	{"found character that cannot start any token", "值不能以这个符号开头", "把值放进引号"},
	{"while scanning a quoted scalar", "引号没有配对", "补上另一个引号"},
	{"unexpected end of stream", "引号没有配对", "补上另一个引号"},
	{"did not find expected '-' indicator", "列表里这一行少了“- ”或缩进不对", "与上一项对齐"},
	{"did not find expected key", "缩进不对", "与同组的上一行对齐"},
	{"could not find expected ':'", "这一行少了冒号", "写成“键: 值”"},
	{"unknown anchor", "值不能以“*”开头", "把值放进引号"},
	{"control characters are not allowed", "有看不见的控制字符", "重新输入这一行"},
	{"unknown escape character", "双引号里的“\\”不能这样写", "换成单引号"},
}

// brokenLine returns the first line with which the file no longer reads: up to the line
// before it parses, and with each later line it does not.
// In a file too long to search it is the line that yaml.v3 names.
func brokenLine(lines []string, err error) int {
	searched := 0
	for n := len(lines) - 1; n > 0; n-- {
		var doc yaml.Node
		text := strings.Join(lines[:n], "\n") + "\n"
		if searched += len(text); searched > maxSearch {
			named := 0
			if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
				named, _ = strconv.Atoi(m[1])
			}
			return max(1, min(named, len(lines)))
		}
		if yaml.Unmarshal([]byte(text), &doc) == nil {
			// Blank lines and comments can't be to blame.
			for n < len(lines)-1 && strings.TrimSpace(uncomment(lines[n])) == "" {
				n++
			}
			return n + 1
		}
	}
	return 1
}

var badStart = regexp.MustCompile("[:,\\[{-]\\s*([@`%])")

// suspect returns the column in a broken line where one should look: a sign that no
// value begins with, a quote or bracket that is not closed, or the line's first word.
func suspect(code string) int {
	if m := badStart.FindStringSubmatchIndex(code); m != nil {
		return column(code, m[2])
	}
	var open []int
	quote, quoted := rune(0), 0
	for i, r := range code {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote, quoted = r, i
		case r == '[' || r == '{':
			open = append(open, i)
		case (r == ']' || r == '}') && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	switch {
	case quote != 0:
		return column(code, quoted)
	case len(open) > 0:
		return column(code, open[len(open)-1])
	}
	return 1 + len(code) - len(strings.TrimLeft(code, " "))
}

// uncomment cuts a comment off a line, minding quotes.
func uncomment(line string) string {
	quote := rune(0)
	for i, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return strings.TrimRight(line, "\r")
}

// column turns a byte offset into a column.
func column(line string, offset int) int { return utf8.RuneCountInString(line[:offset]) + 1 }
