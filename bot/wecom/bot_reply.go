package wecom

import (
	"crypto/sha1" //nolint:gosec // only shortens an id
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"juwei/handlers"
)

// What a bot may answer (doc path 101031). A message cannot be answered with plain text,
// so an answer is a stream that is finished with its first frame; its content is read as
// markdown, so it is escaped to show as it was written. Buttons become lines to type:
// a bot's card can be pressed but not talked back to (a click's only answer is another
// face of the card), and in groups cards are not certain to be delivered.
//
//	{"msgtype":"stream","stream":{"id":"s-M1","finish":true,"content":"已收 …"}}
//	{"msgtype":"text","text":{"content":"你好 …"}}                               to enter_chat
//	{"response_type":"update_template_card","template_card":{…}}                 to a click

// pollNote ends a stream we never left open: the platform only asks for more if an answer
// of ours was lost half-way.
const pollNote = "这条没有答完，请再发一次。"

// appendBotReply appends the body that answers m with c. c is not empty.
func appendBotReply(dst []byte, m handlers.Message, msgid string, c handlers.Content) []byte {
	switch m.Kind {
	case handlers.Enter:
		dst = append(dst, `{"msgtype":"text","text":{"content":`...)
		dst = appendString(dst, cut(EscapeTags(Plain(c)), LimitText))
		return append(dst, "}}"...)
	case handlers.Click:
		return appendUpdate(dst, m.Press, c)
	}
	return appendStream(dst, streamID(msgid), true, cut(marked(c), LimitBot))
}

// appendStream appends one frame of a stream: a full snapshot, finished or not.
func appendStream(dst []byte, id string, finish bool, content string) []byte {
	dst = append(dst, `{"msgtype":"stream","stream":{"id":`...)
	dst = appendString(dst, id)
	dst = append(dst, `,"finish":`...)
	dst = strconv.AppendBool(dst, finish)
	dst = append(dst, `,"content":`...)
	dst = appendString(dst, content)
	return append(dst, "}}"...)
}

// streamID is the same for every delivery of one message.
func streamID(msgid string) string {
	if len(msgid) > 56 {
		sum := sha1.Sum([]byte(msgid)) //nolint:gosec // see the import
		msgid = hex.EncodeToString(sum[:])
	}
	return "s-" + msgid
}

// appendUpdate turns the pressed card into its answer: the first line is its title, the
// rest its text, and the buttons go.
func appendUpdate(dst []byte, p handlers.Press, c handlers.Content) []byte {
	title, rest, _ := strings.Cut(Plain(c), "\n")
	dst = append(dst, `{"response_type":"update_template_card","template_card":{"card_type":"button_interaction","main_title":{"title":`...)
	dst = appendString(dst, title)
	dst = append(dst, '}')
	if rest != "" {
		dst = append(dst, `,"sub_title_text":`...)
		dst = appendString(dst, rest)
	}
	dst = append(dst, `,"button_list":[{"text":"已处理","style":2,"key":`...)
	dst = appendString(dst, p.Key)
	dst = append(dst, `}],"replace_text":"已处理","task_id":`...)
	dst = appendString(dst, p.Task)
	return append(dst, "}}"...)
}

// appendString appends s as a JSON string. Unlike encoding/json it leaves < > & alone: the
// platform has an error code for \u escapes (40033).
func appendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, "\ufffd"...)
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
