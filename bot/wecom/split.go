package wecom

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"juwei/handlers"
)

// What one message may hold, in bytes of UTF-8 (one Chinese character is 3).
const (
	LimitText     = 2048  // webhook text (doc path 91770), app text (90236), passive reply (90241)
	LimitMarkdown = 4096  // webhook markdown (91770)
	LimitBot      = 20480 // bot stream and aibot_send_msg markdown (101031, 101463)
)

// minLimit is the smallest limit Split works with: room for a number and a few runes.
const minLimit = 32

// cutNote ends a text that had to be cut.
const cutNote = "…（太长，只显示到这里）"

// Split cuts text into parts of at most limit bytes each: between lines where it can,
// inside a line that is itself too long, never inside a character. A single part comes
// back as it is; more than one each end in a line "(1/3)". The number stands at the end
// because a push begins with its own number, by which it may be quoted. limit is raised
// to 32 if smaller.
func Split(text string, limit int) []string {
	limit = max(limit, minLimit)
	if len(text) <= limit {
		return []string{text}
	}
	for digits := 1; ; digits++ {
		mark := len("\n(/)") + 2*digits
		parts := pieces(text, max(limit-mark, utf8.UTFMax))
		if len(fmt.Sprint(len(parts))) > digits {
			continue
		}
		for i, p := range parts {
			nl := "\n"
			if strings.HasSuffix(p, "\n") {
				nl = ""
			}
			parts[i] = fmt.Sprintf("%s%s(%d/%d)", p, nl, i+1, len(parts))
		}
		return parts
	}
}

// pieces cuts text into pieces of at most limit bytes that join to it again.
func pieces(text string, limit int) []string {
	var out []string
	for len(text) > limit {
		n := len(prefix(text, limit))
		if i := strings.LastIndexByte(text[:n], '\n'); i >= 0 {
			n = i + 1
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return append(out, text)
}

// prefix is the longest beginning of s of at most n bytes that cuts no character. Bytes
// that are no UTF-8 are characters of their own.
func prefix(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := 0; back < utf8.UTFMax && n-back > 0; back++ {
		if utf8.RuneStart(s[n-back]) {
			if _, size := utf8.DecodeRuneInString(s[n-back:]); size > back {
				return s[:n-back]
			}
			break // the rune before the cut is complete or broken: cutting at n harms nothing
		}
	}
	return s[:n]
}

// cut shortens text to limit bytes, on a line if there is one, and says so.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = prefix(text, limit-len(cutNote)-1)
	if i := strings.LastIndexByte(text, '\n'); i > len(text)/2 {
		text = text[:i] // unless one long line would be lost for it
	}
	return text + "\n" + cutNote
}

// Plain is c as text for a channel without buttons and files: its Text, without markdown's
// marks (or what the card says, if it has none), then for each button the line that typing
// would need, a notice's address, and the names of what is not shown.
func Plain(c handlers.Content) string {
	if c.Markdown {
		c.Text = words(c.Text)
	}
	if c.Card == nil && c.File == nil && c.Image == nil {
		return tidy(c.Text)
	}
	var b strings.Builder
	line := func(s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s)
	}
	line(c.Text)
	if card := c.Card; card != nil {
		if c.Text == "" {
			line(card.Title)
			line(card.Desc)
			line(card.Body)
			for _, r := range card.Rows {
				line(r.Key + "：" + r.Value)
			}
		}
		for _, x := range card.Buttons {
			line(x.Text + "请回：" + x.Line)
		}
		line(card.URL)
	}
	if c.Image != nil {
		line("［图片］" + c.Image.Name)
	}
	if c.File != nil {
		line("［文件］" + c.File.Name)
	}
	return tidy(b.String())
}

// tidy takes out what no channel shows and JSON would have to write as \u…, which the
// platform refuses in places (40033): control characters and broken UTF-8. The two
// Unicode line breaks become the plain one.
func tidy(text string) string {
	ok := utf8.ValidString(text)
	for i := 0; ok && i < len(text); i++ {
		c := text[i]
		ok = c >= ' ' && c != 0x7f && c != 0xe2 || c == '\n' || c == '\t' // 0xe2 begins U+2028
	}
	if ok {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t', r == 0x7f:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// EscapeTags makes text harmless in a text channel, where only tags mean something: a
// "<" that could open a mention (<@…>), a link or a tag becomes "＜". "37<38" stays.
func EscapeTags(text string) string {
	if strings.IndexByte(text, '<') < 0 {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if text[i] == '<' && i+1 < len(text) && opensTag(text[i+1]) {
			b.WriteString("＜")
		} else {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func opensTag(c byte) bool {
	return c == '@' || c == '/' || c == '!' || c == '?' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// Escape makes plain text show as it was meant in a markdown channel, by full-width
// look-alikes, and only where a character would be read as markup:
//
//	<      before @ / ! ? or a letter: mention, tag, link
//	>      at the start of a line: quote
//	#      run at the start of a line before a space: heading
//	[ ]    all of a line that holds "](", "][" or "]:": link
//	`      always: code
//	* _    a run, unless it is the only one of its line and stands at a word's end
//	       (so 6号12** stays); _ between two letters or digits always stays
//
// Escape(Escape(x)) = Escape(x), and the number of characters does not change.
func Escape(text string) string {
	if !strings.ContainsAny(text, "<>#[]`*_") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 16)
	for line := range strings.SplitAfterSeq(text, "\n") {
		escapeLine(&b, line)
	}
	return b.String()
}

func escapeLine(b *strings.Builder, line string) {
	if !strings.ContainsAny(line, "<>#[]`*_") {
		b.WriteString(line)
		return
	}
	link := strings.Contains(line, "](") || strings.Contains(line, "][") || strings.Contains(line, "]:")
	start := true // nothing but spaces, quotes and heading marks so far
	for i := 0; i < len(line); {
		c := line[i]
		n := 1
		switch c {
		case '<':
			mark(b, "＜", c, n, i+1 < len(line) && opensTag(line[i+1]))
		case '>':
			mark(b, "＞", c, n, start)
		case '#':
			n = run(line[i:])
			mark(b, "＃", c, n, start && (i+n == len(line) || line[i+n] == ' '))
		case '[':
			mark(b, "［", c, n, link)
		case ']':
			mark(b, "］", c, n, link)
		case '`':
			mark(b, "｀", c, n, true)
		case '*':
			n = run(line[i:])
			mark(b, "＊", c, n, emphasis(line, i, n))
		case '_':
			n = run(line[i:])
			mark(b, "＿", c, n, emphasis(line, i, n) && !insideWord(line, i, n))
		default:
			b.WriteByte(c)
		}
		if c != ' ' && c != '>' {
			start = false
		}
		i += n
	}
}

// mark writes n times the look-alike or the character itself.
func mark(b *strings.Builder, wide string, c byte, n int, escape bool) {
	for range n {
		if escape {
			b.WriteString(wide)
		} else {
			b.WriteByte(c)
		}
	}
}

// run is the length of the run of s's first byte.
func run(s string) int {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

// emphasis reports whether the run line[i:i+n] could open or close something.
func emphasis(line string, i, n int) bool {
	c := line[i]
	if strings.IndexByte(line[:i], c) >= 0 || strings.IndexByte(line[i+n:], c) >= 0 {
		return true
	}
	next, size := utf8.DecodeRuneInString(line[i+n:])
	return size > 0 && !unicode.IsSpace(next) || strings.TrimSpace(line[:i]) == ""
}

func insideWord(line string, i, n int) bool {
	before, _ := utf8.DecodeLastRuneInString(line[:i])
	after, size := utf8.DecodeRuneInString(line[i+n:])
	return i > 0 && size > 0 && word(before) && word(after)
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
