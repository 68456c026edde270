package wecom

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"juwei/handlers"
)

// The markdown of handlers.Content.Markdown is what a bot and a webhook's markdown_v2 draw
// (doc paths 101031, 91770): headings, bold, lists, quotes, code, links, tables. Whoever
// writes it has put what users wrote through Escape.

// marked is c as markdown for a channel that draws tables: its own if it is markdown, else
// its words, escaped. Buttons follow as lines to type.
func marked(c handlers.Content) string {
	if !c.Markdown {
		return Escape(Plain(c))
	}
	text := tidy(c.Text)
	c.Text, c.Markdown = "", false
	if c.Card != nil { // only its buttons: Text stands for what the card says
		c.Card = &handlers.Card{Buttons: c.Card.Buttons}
	}
	if rest := Escape(Plain(c)); rest != "" {
		text += "\n\n" + rest
	}
	return text
}

// SplitMarkdown is Split for markdown: a table that is cut has its header again in the
// next part, a block of code is closed and opened again, and the number stands in a
// paragraph of its own. A line too long for a part is cut like text.
func SplitMarkdown(text string, limit int) []string {
	limit = max(limit, 2*minLimit)
	if len(text) <= limit {
		return []string{text}
	}
	for digits := 1; ; digits++ {
		parts := cutMarkdown(text, limit-len("\n\n(/)")-2*digits)
		if len(fmt.Sprint(len(parts))) > digits {
			continue
		}
		for i, p := range parts {
			parts[i] = fmt.Sprintf("%s\n\n(%d/%d)", p, i+1, len(parts))
		}
		return parts
	}
}

const fence = "```"

// cutter gathers lines into parts of at most limit bytes.
type cutter struct {
	limit int
	parts []string
	part  strings.Builder
	head  string // the table's header and rule, while in a table
	code  string // the line that opened the block of code, while in one
}

func cutMarkdown(text string, limit int) []string {
	c := cutter{limit: limit}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case c.code != "" && trimmed == fence:
			c.write(fence) // there is always room for it
			c.code = ""
		case c.code != "":
			c.add(line, c.code)
		case strings.HasPrefix(trimmed, fence) && len(line) <= limit/4:
			if c.head = ""; len(line)+len("\n"+fence) > c.room() {
				c.flush()
			}
			c.write(line)
			c.code = line
		case isRow(line) && c.head == "" && i+1 < len(lines) && isRule(lines[i+1]):
			head := line + "\n" + lines[i+1]
			first := 0
			if i+2 < len(lines) {
				first = len("\n") + len(lines[i+2])
			}
			if len(head)+first > c.room() {
				c.flush() // a header at the foot of a part heads nothing
			}
			c.add(line, "")
			if len(head) <= limit/2 {
				c.head = head
			}
		case isRow(line) && c.head != "" && !isRule(line):
			c.add(line, c.head)
		default:
			if !isRow(line) {
				c.head = ""
			}
			c.add(line, "")
		}
	}
	c.flush()
	return c.parts
}

var tableRule = regexp.MustCompile(`^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$`)

// isRow reports whether a line may belong to a table.
func isRow(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "|") }

// isRule reports whether a line parts a table's header from its rows.
func isRule(line string) bool { return isRow(line) && tableRule.MatchString(line) }

// room is what the part may still take, with what would have to close it.
func (c *cutter) room() int {
	room := c.limit - c.part.Len()
	if c.part.Len() > 0 {
		room-- // the line feed
	}
	if c.code != "" {
		room -= len("\n" + fence)
	}
	return room
}

// add puts a line into the part, or into the next one under again: what must be said anew
// there.
func (c *cutter) add(line, again string) {
	for len(line) > c.room() {
		if c.part.Len() > 0 {
			c.flush()
			if again != "" && len(again) <= c.limit/2 {
				c.part.WriteString(again)
			}
		}
		if len(line) <= c.room() {
			break
		}
		piece := prefix(line, max(c.room(), utf8.UTFMax))
		c.write(piece)
		line = line[len(piece):]
		if c.flush(); c.code != "" {
			c.part.WriteString(c.code)
		} else {
			again = "" // pieces of a row are no rows
		}
	}
	c.write(line)
}

func (c *cutter) write(line string) {
	if c.part.Len() > 0 {
		c.part.WriteByte('\n')
	}
	c.part.WriteString(line)
}

// flush ends the part, if there is anything in it.
func (c *cutter) flush() {
	text := c.part.String()
	c.part.Reset()
	if strings.TrimSpace(text) == "" {
		return
	}
	if c.code != "" {
		text += "\n" + fence
	}
	c.parts = append(c.parts, text)
}

var link = regexp.MustCompile(`!?\[([^\]\n]*)\]\(([^)\s]*)\)`)

// words is markdown without its marks, for a channel that would show them: a table's row
// becomes a line, a link its text and address.
func words(text string) string {
	var out []string
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, fence):
			continue
		case i > 0 && isRow(lines[i-1]) && isRule(line):
			continue
		case isRow(line):
			cells := strings.Split(strings.Trim(trimmed, "|"), "|")
			for j := range cells {
				cells[j] = strings.TrimSpace(cells[j])
			}
			line = strings.Join(cells, "　")
		default:
			line = strings.TrimPrefix(strings.TrimLeft(trimmed, "#>"), " ")
			if trimmed == "" || strings.TrimLeft(trimmed, "-") == "" {
				line = ""
			}
		}
		line = link.ReplaceAllString(line, "$1 $2")
		out = append(out, strings.NewReplacer("**", "", "`", "").Replace(line))
	}
	return strings.Join(out, "\n")
}
