package sim

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// The channels a template card may come by.
const (
	cardWebhook = "webhook"
	cardApp     = "app"
	cardBot     = "aibot"
)

// Limits of template cards (docs 101032, 90236), in bytes or pieces. Lengths that
// are only suggestions for display are not enforced.
const (
	maxKey         = 1024
	maxButtons     = 6
	maxHorizontal  = 6
	maxVertical    = 4
	maxJumps       = 3
	maxActions     = 3
	maxVoteOptions = 20
	maxSelects     = 3
	maxOptions     = 10
	maxOptionID    = 128
	maxFeedback    = 256
)

var taskID = regexp.MustCompile(`^[0-9A-Za-z_@-]{1,128}$`)

type card struct {
	CardType     string                       `json:"card_type"`
	MainTitle    struct{ Title, Desc string } `json:"main_title"`
	SubTitleText string                       `json:"sub_title_text"`
	ActionMenu   *struct {
		ActionList []button `json:"action_list"`
	} `json:"action_menu"`
	Horizontal []struct {
		KeyName string `json:"keyname"`
	} `json:"horizontal_content_list"`
	Vertical []struct {
		Title string `json:"title"`
	} `json:"vertical_content_list"`
	JumpList []struct {
		Title string `json:"title"`
	} `json:"jump_list"`
	CardAction *struct {
		Type     int    `json:"type"`
		URL      string `json:"url"`
		AppID    string `json:"appid"`
		PagePath string `json:"pagepath"`
	} `json:"card_action"`
	CardImage *struct {
		URL string `json:"url"`
	} `json:"card_image"`
	ImageTextArea *struct {
		ImageURL string `json:"image_url"`
	} `json:"image_text_area"`
	ButtonSelection *question  `json:"button_selection"`
	ButtonList      []button   `json:"button_list"`
	Checkbox        *question  `json:"checkbox"`
	SelectList      []question `json:"select_list"`
	SubmitButton    *button    `json:"submit_button"`
	TaskID          string     `json:"task_id"`
	ReplaceText     string     `json:"replace_text"`
	Feedback        *struct {
		ID string `json:"id"`
	} `json:"feedback"`
}

type button struct {
	Text string `json:"text"`
	Key  string `json:"key"`
	Type int    `json:"type"` // app: 1 = opens URL
	URL  string `json:"url"`
}

type question struct {
	QuestionKey string `json:"question_key"`
	OptionList  []struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	} `json:"option_list"`
}

// interactive reports whether the card can be pressed.
func (c card) interactive() bool {
	switch c.CardType {
	case "button_interaction", "vote_interaction", "multiple_interaction":
		return true
	}
	return c.ActionMenu != nil
}

// has reports whether one of the card's buttons carries the key.
func (c card) has(key string) bool {
	for _, b := range c.buttons() {
		if b.Key == key {
			return true
		}
	}
	return false
}

func (c card) buttons() []button {
	out := append([]button{}, c.ButtonList...)
	if c.SubmitButton != nil {
		out = append(out, *c.SubmitButton)
	}
	if c.ActionMenu != nil {
		out = append(out, c.ActionMenu.ActionList...)
	}
	return out
}

// checkCard reads a template card; what is "" or names the field that is wrong.
func checkCard(raw json.RawMessage, channel string) (c card, what string) {
	if len(raw) == 0 {
		return c, "template_card is missing"
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, "template_card is malformed"
	}
	return c, c.wrong(channel)
}

func (c card) wrong(channel string) string {
	switch {
	case c.TaskID != "" && !taskID.MatchString(c.TaskID):
		return "template_card.task_id"
	case len(c.Horizontal) > maxHorizontal:
		return fmt.Sprintf("template_card.horizontal_content_list exceeds %d", maxHorizontal)
	case len(c.Vertical) > maxVertical:
		return fmt.Sprintf("template_card.vertical_content_list exceeds %d", maxVertical)
	case len(c.JumpList) > maxJumps:
		return fmt.Sprintf("template_card.jump_list exceeds %d", maxJumps)
	case c.Feedback != nil && (channel != cardBot || len(c.Feedback.ID) > maxFeedback):
		return "template_card.feedback"
	case c.ActionMenu != nil && (channel == cardWebhook || len(c.ActionMenu.ActionList) == 0 || len(c.ActionMenu.ActionList) > maxActions):
		return "template_card.action_menu"
	case c.interactive() && c.TaskID == "":
		return "template_card.task_id is missing"
	case channel == cardWebhook && len(c.ButtonList) > 0:
		return "template_card.button_list is not supported here"
	}
	for _, h := range c.Horizontal {
		if h.KeyName == "" {
			return "template_card.horizontal_content_list.keyname is missing"
		}
	}
	keys := map[string]bool{}
	for _, b := range c.buttons() {
		if b.Type == 1 && b.URL != "" {
			continue
		}
		if b.Text == "" || b.Key == "" || len(b.Key) > maxKey || keys[b.Key] {
			return "template_card: button text and key (unique, at most 1024 bytes)"
		}
		keys[b.Key] = true
	}
	return c.wrongOfType(channel)
}

func (c card) wrongOfType(channel string) string {
	titled := c.MainTitle.Title != "" || c.MainTitle.Desc != ""
	switch c.CardType {
	case "text_notice":
		if !titled && c.SubTitleText == "" {
			return "template_card.main_title or sub_title_text is missing"
		}
		return c.wrongAction()
	case "news_notice":
		if !titled {
			return "template_card.main_title is missing"
		}
		if (c.CardImage == nil || c.CardImage.URL == "") && (c.ImageTextArea == nil || c.ImageTextArea.ImageURL == "") {
			return "template_card.card_image or image_text_area is missing"
		}
		return c.wrongAction()
	}
	if channel == cardWebhook {
		return "template_card.card_type is not supported here"
	}
	switch c.CardType {
	case "button_interaction":
		if !titled {
			return "template_card.main_title is missing"
		}
		if n := len(c.ButtonList); n == 0 || n > maxButtons {
			return fmt.Sprintf("template_card.button_list must be 1 to %d", maxButtons)
		}
		if c.ButtonSelection != nil {
			return c.ButtonSelection.wrong("button_selection", maxOptions)
		}
	case "vote_interaction":
		if !titled || c.Checkbox == nil || c.SubmitButton == nil {
			return "template_card.main_title, checkbox or submit_button is missing"
		}
		return c.Checkbox.wrong("checkbox", maxVoteOptions)
	case "multiple_interaction":
		if !titled || c.SubmitButton == nil {
			return "template_card.main_title or submit_button is missing"
		}
		if n := len(c.SelectList); n == 0 || n > maxSelects {
			return fmt.Sprintf("template_card.select_list must be 1 to %d", maxSelects)
		}
		for _, q := range c.SelectList {
			if what := q.wrong("select_list", maxOptions); what != "" {
				return what
			}
		}
	default:
		return "template_card.card_type"
	}
	return ""
}

func (c card) wrongAction() string {
	a := c.CardAction
	if a == nil || (a.Type != 1 && a.Type != 2) || (a.Type == 1 && a.URL == "") || (a.Type == 2 && a.AppID == "") {
		return "template_card.card_action is missing"
	}
	return ""
}

func (q question) wrong(field string, options int) string {
	if q.QuestionKey == "" {
		return "template_card." + field + ".question_key is missing"
	}
	if n := len(q.OptionList); n == 0 || n > options {
		return fmt.Sprintf("template_card.%s.option_list must be 1 to %d", field, options)
	}
	for _, o := range q.OptionList {
		if o.ID == "" || len(o.ID) > maxOptionID || o.Text == "" {
			return "template_card." + field + ".option_list id and text"
		}
	}
	return ""
}

// readCard reads a card that was checked when it came in.
func readCard(raw json.RawMessage) card {
	var c card
	if json.Unmarshal(raw, &c) != nil {
		return card{}
	}
	return c
}

func taskOf(raw json.RawMessage) string { return readCard(raw).TaskID }
