package wecom

import (
	"strings"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/work/robot"

	"juwei/handlers"
)

// templateCard is a button_interaction card (doc paths 90236, 101032); the library has
// text_notice only.
type templateCard struct {
	Type    string          `json:"card_type"`
	Title   robot.CardTitle `json:"main_title"`
	Body    string          `json:"sub_title_text,omitempty"`
	Rows    []cardRow       `json:"horizontal_content_list,omitempty"`
	Buttons []cardButton    `json:"button_list"`
	Task    string          `json:"task_id"`
}

type cardRow struct {
	Key   string `json:"keyname"`
	Value string `json:"value"`
}

type cardButton struct {
	Text  string `json:"text"`
	Style int    `json:"style"`
	Key   string `json:"key"`
}

// maxCardBody is how many characters of a card's text show.
const maxCardBody = 112

// templateOf is c as a card, if it is one and has what the platform demands of one.
func templateOf(c handlers.Content) (*templateCard, bool) {
	if c.Card == nil || c.Card.Task == "" || c.Card.Title == "" || len(c.Card.Buttons) == 0 || len(c.Card.Buttons) > 6 || len(c.Card.Rows) > 6 {
		return nil, false
	}
	t := &templateCard{
		Type:  "button_interaction",
		Title: robot.CardTitle{Title: tidy(c.Card.Title), Desc: tidy(c.Card.Desc)},
		Body:  tidy(c.Card.Body),
		Task:  c.Card.Task,
	}
	if t.Body == "" && c.Text != "" {
		if utf8.RuneCountInString(c.Text) > maxCardBody {
			return nil, false
		}
		t.Body = tidy(c.Text)
	}
	for _, r := range c.Card.Rows {
		t.Rows = append(t.Rows, cardRow{tidy(r.Key), tidy(r.Value)})
	}
	for _, b := range c.Card.Buttons {
		if len(b.Line) > 1024 {
			return nil, false
		}
		style := 2
		if b.Primary {
			style = 1
		}
		t.Buttons = append(t.Buttons, cardButton{tidy(b.Text), style, b.Line})
	}
	return t, true
}

// notice is a text_notice card (doc paths 91770, 101032): a card that only leads somewhere.
type notice struct {
	Type   string          `json:"card_type"`
	Title  robot.CardTitle `json:"main_title"`
	Body   string          `json:"sub_title_text,omitempty"`
	Rows   []cardRow       `json:"horizontal_content_list,omitempty"`
	Action struct {
		Type int    `json:"type"`
		URL  string `json:"url"`
	} `json:"card_action"`
}

// textCard is the app's way to show a notice (doc path 90236): title 128 and description
// 512 characters.
type textCard struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// The platform's limits of a notice.
const (
	maxCardURL   = 2048 // bytes
	maxCardTitle = 128  // characters, of a textcard
	maxCardDesc  = 512
)

// noticeOf is c as a notice, if it is one.
func noticeOf(c handlers.Content) (*notice, bool) {
	card := c.Card
	if card == nil || card.URL == "" || card.Title == "" || len(card.Buttons) > 0 || len(card.Rows) > 6 || len(card.URL) > maxCardURL || !strings.Contains(card.URL, "://") {
		return nil, false
	}
	n := &notice{Type: "text_notice", Title: robot.CardTitle{Title: tidy(card.Title), Desc: tidy(card.Desc)}, Body: tidy(card.Body)}
	if n.Body == "" && c.Text != "" {
		if utf8.RuneCountInString(c.Text) > maxCardBody {
			return nil, false
		}
		n.Body = tidy(c.Text)
	}
	for _, r := range card.Rows {
		n.Rows = append(n.Rows, cardRow{tidy(r.Key), tidy(r.Value)})
	}
	n.Action.Type, n.Action.URL = 1, card.URL
	return n, true
}

// textCard is the notice without its rows' columns.
func (n *notice) textCard() *textCard {
	var lines []string
	for _, s := range []string{n.Title.Desc, n.Body} {
		if s != "" {
			lines = append(lines, s)
		}
	}
	for _, r := range n.Rows {
		lines = append(lines, r.Key+"："+r.Value)
	}
	if len(lines) == 0 {
		lines = []string{n.Title.Title} // a description must not be empty
	}
	return &textCard{firstRunes(n.Title.Title, maxCardTitle), firstRunes(EscapeTags(strings.Join(lines, "\n")), maxCardDesc), n.Action.URL}
}

// firstRunes is the beginning of s, at most n characters.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
