package wecom

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/work/message"
	"github.com/silenceper/wechat/v2/work/robot"

	"juwei/handlers"
)

// SendOptions say how a content goes out.
type SendOptions struct {
	Dedupe     bool // app: the platform drops an identical request within 30 min, so an unknown send may be repeated
	Markdown   bool // webhook: Text is markdown, up to LimitMarkdown, and is not escaped
	MentionAll bool // webhook text: @all
}

// Sent is what the platform gave for an app message.
type Sent struct {
	MsgID        string // for a recall within 24 h
	ResponseCode Secret // for UpdateCard, 72 h, once; only for cards
}

// Webhook posts c to the group behind key (doc path 91770): as plain text up to LimitText
// bytes, escaped, buttons as lines to type; or as markdown. A longer content is refused
// with code 45002, an empty one with 44004, before anything is sent: Split first. There
// is no way to send twice safely; see Error.Unknown.
func (c *Client) Webhook(ctx context.Context, key Secret, content handlers.Content, o SendOptions) error {
	const op = "webhook"
	text, limit := Plain(content), LimitText
	if o.Markdown {
		limit = LimitMarkdown
	} else {
		text = EscapeTags(text)
	}
	if err := fits(op, text, limit); err != nil {
		return err
	}
	var body any
	if o.Markdown {
		m := robot.WebhookSendMarkdownOption{MsgType: "markdown"}
		m.Markdown.Content = text
		body = m
	} else {
		t := robot.WebhookSendTextOption{MsgType: "text"}
		t.Text.Content = text
		t.Text.MentionedList, t.Text.MentionedMobileList = []string{}, []string{}
		if o.MentionAll {
			t.Text.MentionedList = []string{"@all"}
		}
		body = t
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	return c.post(ctx, call{op: op, path: "webhook/send", query: url.Values{"key": {string(key)}}, body: body}, string(key))
}

// App sends c to one person by the app (doc path 90236): a card with buttons if c has
// one, else text up to LimitText bytes, escaped. If the card has no Body, c's Text takes
// its place when it is short enough to show; otherwise the whole goes as text, with the
// buttons as lines to type. Limits are refused as by Webhook. A userid that the platform
// names as invalid or unlicensed is code 81013.
func (c *Client) App(ctx context.Context, userid string, content handlers.Content, o SendOptions) (Sent, error) {
	const op = "message"
	// "@all" and "a|b" would reach more than one person.
	if userid == "" || userid == "@all" || strings.Contains(userid, "|") {
		return Sent{}, &Error{Op: op, Code: codeNoRecipient, Msg: "not one person's userid"}
	}
	req := appRequest{SendRequestCommon: message.SendRequestCommon{ToUser: userid}, AgentID: c.o.AgentID}
	if o.Dedupe {
		req.EnableDuplicateCheck, req.DuplicateCheckInterval = 1, 1800
	}
	if card, ok := templateOf(content); ok {
		req.MsgType, req.Card = "template_card", card
	} else {
		text := EscapeTags(Plain(content))
		if err := fits(op, text, LimitText); err != nil {
			return Sent{}, err
		}
		req.MsgType, req.Text = "text", &message.TextField{Content: text}
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	var res message.SendResponse
	if err := c.withToken(ctx, call{op: op, path: "message/send", body: req, answer: &res}); err != nil {
		return Sent{}, err
	}
	if res.InvalidUser != "" || res.UnlicensedUser != "" {
		return Sent{}, &Error{Op: op, Code: codeNoRecipient, Msg: "the platform names the userid as invalid or unlicensed", Wrote: true, Status: 200}
	}
	return Sent{MsgID: res.MsgID, ResponseCode: Secret(res.ResponseCode)}, nil
}

// UpdateCard disables the buttons of a card that userid was sent and shows done on them,
// such as "已处理" (doc path 94888). response is Sent.ResponseCode or a click's
// Press.Response; each works once.
func (c *Client) UpdateCard(ctx context.Context, userid string, response Secret, done string) error {
	type button struct {
		Name string `json:"replace_name"`
	}
	body := struct {
		Users    []string `json:"userids"`
		AgentID  int      `json:"agentid"`
		Response string   `json:"response_code"`
		Button   button   `json:"button"`
	}{[]string{userid}, c.o.AgentID, string(response), button{tidy(done)}}
	ctx, cancel := c.within(ctx)
	defer cancel()
	return c.withToken(ctx, call{op: "update card", path: "message/update_template_card", body: body, secrets: []string{string(response)}})
}

// resolved is a remembered answer of ResolveUser.
type resolved struct {
	userid string
	until  time.Time
}

const (
	keepResolved = 24 * time.Hour
	keepAsIs     = 10 * time.Minute // not for long: the person may just have come into the app's visible range
	maxResolved  = 4096
)

// ResolveUser turns an encrypted open_userid into the plain userid (doc path 101521). An
// id the platform does not know as encrypted is plain already and comes back unchanged.
// Answers are remembered. It is a handlers.Resolve.
func (c *Client) ResolveUser(ctx context.Context, id string) (string, error) {
	now := c.o.Now()
	c.mu.Lock()
	r, ok := c.users[id]
	c.mu.Unlock()
	if ok && now.Before(r.until) {
		return r.userid, nil
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	plain, err := c.resolve(ctx, id)
	if err != nil {
		return "", err
	}
	r = resolved{plain, now.Add(keepResolved)}
	if plain == id {
		r.until = now.Add(keepAsIs)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.users) >= maxResolved {
		clear(c.users)
	}
	c.users[id] = r
	return plain, nil
}

var _ handlers.Resolve = (*Client)(nil).ResolveUser

func (c *Client) resolve(ctx context.Context, id string) (string, error) {
	body := struct {
		IDs []string `json:"open_userid_list"`
	}{[]string{id}}
	var res struct {
		Users []struct {
			Open string `json:"open_userid"`
			User string `json:"userid"`
		} `json:"userid_list"`
	}
	err := c.withToken(ctx, call{op: "resolve userid", path: "batch/openuserid_to_userid", body: body, answer: &res, harmless: true})
	if err != nil {
		return "", err
	}
	for _, u := range res.Users {
		if u.Open == id && u.User != "" {
			return u.User, nil
		}
	}
	return id, nil
}

// Probe checks the app's credentials and our IP address without sending anything: it
// fetches a token, past the cache, and makes one harmless call with it. The *Error's
// Advice says what to mend.
func (c *Client) Probe(ctx context.Context) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	if _, err := c.tokens.renew(ctx); err != nil {
		return err
	}
	_, err := c.resolve(ctx, "probe")
	return err
}

// fits refuses what the platform would refuse or, worse, cut.
func fits(op, text string, limit int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return &Error{Op: op, Code: codeEmpty, Msg: "nothing to say"}
	case len(text) > limit:
		return &Error{Op: op, Code: codeTooLong, Msg: "longer than the channel takes"}
	}
	return nil
}

// appRequest is the library's request with agentid as the integer the doc asks for; the
// outer field wins over the embedded one of the same name.
type appRequest struct {
	message.SendRequestCommon
	AgentID int                `json:"agentid"`
	Text    *message.TextField `json:"text,omitempty"`
	Card    *templateCard      `json:"template_card,omitempty"`
}

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
