package wecom

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"juwei/handlers"
)

// botMessage is what a bot hears, the same decrypted from a callback and in a frame of the
// long connection (doc paths 100719, 101027):
//
//	{"msgid":"M1","aibotid":"B1","chatid":"C1","chattype":"group","from":{"userid":"sj-meiyuan"},
//	 "msgtype":"text","text":{"content":"@防控助手 /日报 新返2"},
//	 "quote":{"msgtype":"text","text":{"content":"N12 …"}}}
type botMessage struct {
	MsgID    string `json:"msgid"`
	BotID    string `json:"aibotid"`
	ChatID   string `json:"chatid"`
	ChatType string `json:"chattype"`
	From     struct {
		UserID string `json:"userid"`
	} `json:"from"`
	ResponseURL string `json:"response_url"`
	botBody
	Quote  *botBody  `json:"quote"`
	Event  *botEvent `json:"event"`
	Stream *struct {
		ID string `json:"id"`
	} `json:"stream"`
}

// botBody is the part a message and a quoted message have in common.
type botBody struct {
	MsgType string   `json:"msgtype"`
	Text    *botText `json:"text"`
	Voice   *botText `json:"voice"`
	Mixed   *struct {
		Items []struct {
			MsgType string   `json:"msgtype"`
			Text    *botText `json:"text"`
		} `json:"msg_item"`
	} `json:"mixed"`
}

type botText struct {
	Content string `json:"content"`
}

type botEvent struct {
	Type string `json:"eventtype"`
	Card *struct {
		Key      string `json:"event_key"`
		Task     string `json:"task_id"`
		Selected struct {
			Items []struct {
				Question string `json:"question_key"`
				Options  struct {
					IDs []string `json:"option_id"`
				} `json:"option_ids"`
			} `json:"selected_item"`
		} `json:"selected_items"`
	} `json:"template_card_event"`
}

// The events that mean something to us.
const (
	eventEnter        = "enter_chat"
	eventCard         = "template_card_event"
	eventDisconnected = "disconnected_event"
)

var errMessage = errors.New("message without id or sender")

// parseBot reads one message. The platform has been seen to leave raw control characters
// inside strings; they are taken out only when plain parsing fails.
func parseBot(b []byte) (m botMessage, err error) {
	if err = json.Unmarshal(b, &m); err != nil {
		m = botMessage{}
		if err = json.Unmarshal(stripControls(b), &m); err != nil {
			return m, errBody // json's own words may quote the message
		}
	}
	return m, nil
}

// stripControls removes 0x00–0x1F except tab and line feed, in place.
func stripControls(b []byte) []byte {
	out := b[:0]
	for _, c := range b {
		if c >= ' ' || c == '\t' || c == '\n' {
			out = append(out, c)
		}
	}
	return out
}

// said reports whether m is something to answer, and if so, what. An event we don't know
// and a stream poll are not; a message that could not be told apart later is an error.
func (m *botMessage) said(botID string, at time.Time) (msg handlers.Message, ok bool, err error) {
	if m.MsgType == "stream" {
		return msg, false, nil
	}
	if m.BotID != "" {
		botID = m.BotID
	}
	msg = handlers.Message{
		ID:   "bot:" + botID + ":" + m.MsgID,
		Via:  handlers.ViaBot,
		From: m.From.UserID,
		At:   at,
	}
	if m.ChatType != "single" {
		msg.Chat = m.ChatID
	}
	if m.MsgType == "event" {
		if m.Event == nil {
			return msg, false, nil
		}
		switch {
		case m.Event.Type == eventEnter:
			msg.Kind = handlers.Enter
		case m.Event.Type == eventCard && m.Event.Card != nil:
			msg.Kind = handlers.Click
			msg.Press = m.Event.press()
		default:
			return msg, false, nil
		}
	} else if text, ok := m.words(); ok {
		msg.Kind, msg.Text = handlers.Text, text
		if m.MsgType == "voice" {
			msg.Kind = handlers.Voice
		}
	} else {
		msg.Kind = handlers.Unreadable
	}
	if m.MsgID == "" || m.From.UserID == "" {
		return msg, false, errMessage
	}
	if m.Quote != nil {
		msg.Quote, _ = m.Quote.words()
	}
	return msg, true, nil
}

// words is the text of a message, if it has any: typed, transcribed, or between pictures.
func (m *botBody) words() (string, bool) {
	switch {
	case m.MsgType == "text" && m.Text != nil:
		return m.Text.Content, true
	case m.MsgType == "voice" && m.Voice != nil && m.Voice.Content != "":
		return m.Voice.Content, true
	case m.MsgType == "mixed" && m.Mixed != nil:
		var lines []string
		for _, item := range m.Mixed.Items {
			if item.MsgType == "text" && item.Text != nil {
				lines = append(lines, item.Text.Content)
			}
		}
		return strings.Join(lines, "\n"), len(lines) > 0
	}
	return "", false
}

func (e *botEvent) press() handlers.Press {
	p := handlers.Press{Task: e.Card.Task, Key: e.Card.Key}
	for _, item := range e.Card.Selected.Items {
		if p.Selected == nil {
			p.Selected = make(map[string][]string)
		}
		p.Selected[item.Question] = item.Options.IDs
	}
	return p
}
