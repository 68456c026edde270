package wecom

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/work/message"

	"juwei/handlers"
)

// SendOptions say how a content goes out.
type SendOptions struct {
	Dedupe     bool     // app: the platform drops an identical request within 30 min, so an unknown send may be repeated
	Markdown   bool     // Text is the old markdown (colours and <@userid>, no lists and tables), and is not escaped
	MentionAll bool     // webhook and appchat text: @all, as Content.MentionAll
	Mentions   []string // webhook and appchat text: plain userids to call
	Card       bool     // response_url: a card with buttons goes as one, not as lines to type
}

// Sent is what the platform gave for an app message.
type Sent struct {
	MsgID        string // for a recall within 24 h
	ResponseCode Secret // for UpdateCard, 72 h, once; only for cards
}

// Webhook posts one message to the group behind key (doc path 91770): a picture, a file
// (uploaded first), a notice's card, markdown (Content.Markdown goes as markdown_v2), or
// plain text, escaped, buttons as lines to type. What does not fit one message (see
// GroupWebhook) is refused before anything is sent, too long with code 45002, empty with
// 44004: Channel.Parts makes parts that fit. There is no way to send twice safely; see
// Error.Unknown.
func (c *Client) Webhook(ctx context.Context, key Secret, content handlers.Content, o SendOptions) error {
	const op = "webhook"
	ctx, cancel := c.within(ctx)
	defer cancel()
	body, err := groupMessage(op, GroupWebhook, content, o, func(f handlers.File) (string, error) { return c.uploadTo(ctx, key, f) })
	if err != nil {
		return err
	}
	return c.post(ctx, call{op: op, path: "webhook/send", query: url.Values{"key": {string(key)}}, body: body}, string(key))
}

// outgoing is one message to a group.
type outgoing struct {
	ChatID     string         `json:"chatid,omitempty"` // appchat
	MsgType    string         `json:"msgtype"`
	Text       *groupText     `json:"text,omitempty"`
	Markdown   *markdownField `json:"markdown,omitempty"`
	MarkdownV2 *markdownField `json:"markdown_v2,omitempty"`
	Image      any            `json:"image,omitempty"`
	File       *mediaRef      `json:"file,omitempty"`
	TextCard   *textCard      `json:"textcard,omitempty"`
	Card       *notice        `json:"template_card,omitempty"`
}

type groupText struct {
	Content string   `json:"content"`
	Users   []string `json:"mentioned_list"`
	Mobiles []string `json:"mentioned_mobile_list"`
}

type markdownField struct {
	Content string `json:"content"`
}

// groupMessage is content as the one message it makes in a group. upload is called for
// what must be uploaded first, after everything else has been checked.
func groupMessage(op string, ch Channel, content handlers.Content, o SendOptions, upload func(handlers.File) (string, error)) (outgoing, error) {
	if f, picture, err := alone(op, ch, content); err != nil || f != nil {
		if err != nil {
			return outgoing{}, err
		}
		if picture && ch.Name == GroupWebhook.Name {
			return outgoing{MsgType: "image", Image: inline(f.Data)}, nil
		}
		id, err := upload(*f)
		if err != nil {
			return outgoing{}, err
		}
		if picture {
			return outgoing{MsgType: "image", Image: &mediaRef{id}}, nil
		}
		return outgoing{MsgType: "file", File: &mediaRef{id}}, nil
	}
	if n, ok := noticeOf(content); ok && ch.Notices {
		if ch.Name == GroupWebhook.Name {
			return outgoing{MsgType: "template_card", Card: n}, nil
		}
		return outgoing{MsgType: "textcard", TextCard: n.textCard()}, nil
	}
	switch {
	case o.Markdown:
		text := Plain(content)
		return outgoing{MsgType: "markdown", Markdown: &markdownField{text}}, fits(op, text, ch.Markdown)
	case content.Markdown && ch.Tables:
		text := marked(content)
		return outgoing{MsgType: "markdown_v2", MarkdownV2: &markdownField{text}}, fits(op, text, ch.Markdown)
	}
	t := groupText{Content: EscapeTags(Plain(content)), Users: []string{}, Mobiles: []string{}}
	t.Users = append(t.Users, o.Mentions...)
	if o.MentionAll || content.MentionAll {
		t.Users = append(t.Users, "@all")
	}
	return outgoing{MsgType: "text", Text: &t}, fits(op, t.Content, ch.Text)
}

// alone is the file or picture that content is, or nil. One beside words is refused: it
// would be two messages, of which the second can fail when the first has been said.
func alone(op string, ch Channel, content handlers.Content) (f *handlers.File, picture bool, err error) {
	f, limit := content.File, ch.File
	if f == nil {
		f, limit, picture = content.Image, ch.Image, true
	}
	switch {
	case f == nil:
		return nil, false, nil
	case content.Text != "" || content.Card != nil || content.File != nil && content.Image != nil:
		return nil, false, &Error{Op: op, Code: codeParameter, Msg: "a file and words are two messages"}
	}
	return f, picture, fitsFile(op, *f, limit)
}

// App sends one message to one person by the app (doc path 90236): a picture or a file
// (uploaded first), a card with buttons, a notice, else text, escaped. If the card has no
// Body, c's Text takes its place when it is short enough to show; otherwise the whole goes
// as text, with the buttons as lines to type. Limits (AppMessage) are refused as by
// Webhook. A userid that the platform names as invalid or unlicensed is code 81013.
func (c *Client) App(ctx context.Context, userid string, content handlers.Content, o SendOptions) (Sent, error) {
	const op = "message"
	// "@all" and "a|b" would reach more than one person.
	if userid == "" || userid == "@all" || strings.Contains(userid, "|") {
		return Sent{}, &Error{Op: op, Code: codeNoRecipient, Msg: "not one person's userid"}
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	req, err := c.appMessage(ctx, op, content, o)
	if err != nil {
		return Sent{}, err
	}
	req.SendRequestCommon.ToUser = userid
	var res message.SendResponse
	if err := c.withToken(ctx, call{op: op, path: "message/send", body: req, answer: &res}); err != nil {
		return Sent{}, err
	}
	if res.InvalidUser != "" || res.UnlicensedUser != "" {
		return Sent{}, &Error{Op: op, Code: codeNoRecipient, Msg: "the platform names the userid as invalid or unlicensed", Wrote: true, Status: 200}
	}
	return Sent{MsgID: res.MsgID, ResponseCode: Secret(res.ResponseCode)}, nil
}

// appMessage is content as the one message it makes in the app's 1:1 chat.
func (c *Client) appMessage(ctx context.Context, op string, content handlers.Content, o SendOptions) (req appRequest, err error) {
	req.AgentID = c.o.AgentID
	if o.Dedupe {
		req.EnableDuplicateCheck, req.DuplicateCheckInterval = 1, 1800
	}
	f, picture, err := alone(op, AppMessage, content)
	if err != nil {
		return req, err
	}
	if f != nil {
		req.MsgType = "file"
		if picture {
			req.MsgType = "image"
		}
		id, err := c.upload(ctx, req.MsgType, *f)
		if picture {
			req.Image = &mediaRef{id}
		} else {
			req.File = &mediaRef{id}
		}
		return req, err
	}
	if n, ok := noticeOf(content); ok {
		req.MsgType, req.TextCard = "textcard", n.textCard()
		return req, nil
	}
	if card, ok := templateOf(content); ok {
		req.MsgType, req.Card = "template_card", card
		return req, nil
	}
	if o.Markdown {
		req.MsgType, req.Markdown = "markdown", &markdownField{Plain(content)}
		return req, fits(op, req.Markdown.Content, AppMessage.Markdown)
	}
	req.MsgType, req.Text = "text", &message.TextField{Content: EscapeTags(Plain(content))}
	return req, fits(op, req.Text.Content, AppMessage.Text)
}

// Recall takes an app message back within 24 h (doc path 94867). msgid is Sent.MsgID.
func (c *Client) Recall(ctx context.Context, msgid string) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	body := struct {
		MsgID string `json:"msgid"`
	}{msgid}
	return c.withToken(ctx, call{op: "recall", path: "message/recall", body: body})
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
	AgentID  int                `json:"agentid"`
	Text     *message.TextField `json:"text,omitempty"`
	Markdown *markdownField     `json:"markdown,omitempty"`
	Image    *mediaRef          `json:"image,omitempty"`
	File     *mediaRef          `json:"file,omitempty"`
	TextCard *textCard          `json:"textcard,omitempty"`
	Card     *templateCard      `json:"template_card,omitempty"`
}
