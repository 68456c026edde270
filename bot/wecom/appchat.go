package wecom

import (
	"context"
	"net/http"
	"net/url"
	"unicode/utf8"

	"juwei/handlers"
)

// Groups the app makes itself (doc paths 90244, 90245, 98913, 90248). The app can write
// into these and no others, and hears nothing of what is said there.

const opAppChat = "appchat"

// AppChat is a group of the app's own.
type AppChat struct {
	ID      string   `json:"chatid,omitempty"` // ≤ 32 of [0-9A-Za-z]; "": the platform chooses
	Name    string   `json:"name,omitempty"`   // ≤ 50 characters
	Owner   string   `json:"owner,omitempty"`  // a member's userid; "": the platform chooses
	Members []string `json:"userlist"`         // 2–2000 userids
}

// CreateAppChat makes the group and returns its chatid. Nobody sees it before its first
// message. The app's visible range must be the whole corp; at most 1000 a day (45009).
func (c *Client) CreateAppChat(ctx context.Context, g AppChat) (chatid string, err error) {
	switch {
	case utf8.RuneCountInString(g.Name) > 50:
		return "", &Error{Op: opAppChat, Code: 86004, Msg: "name over 50 characters"}
	case len(g.Members) < 2 || len(g.Members) > 2000:
		return "", &Error{Op: opAppChat, Code: 86006, Msg: "2 to 2000 members"}
	}
	var res struct {
		ChatID string `json:"chatid"`
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	err = c.withToken(ctx, call{op: opAppChat, path: "appchat/create", body: g, answer: &res})
	return res.ChatID, err
}

// AppChatChange is what shall be different; what is empty stays.
type AppChatChange struct {
	Name   string   `json:"name,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Add    []string `json:"add_user_list,omitempty"`
	Remove []string `json:"del_user_list,omitempty"`
}

// UpdateAppChat changes a group of the app; at most 1000 times an hour (45009).
func (c *Client) UpdateAppChat(ctx context.Context, chatid string, change AppChatChange) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	body := struct {
		ChatID string `json:"chatid"`
		AppChatChange
	}{chatid, change}
	return c.withToken(ctx, call{op: opAppChat, path: "appchat/update", body: body})
}

// ReadAppChat is the group as the platform has it.
func (c *Client) ReadAppChat(ctx context.Context, chatid string) (AppChat, error) {
	var res struct {
		Info AppChat `json:"chat_info"`
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	err := c.withToken(ctx, call{op: opAppChat, method: http.MethodGet, path: "appchat/get", query: url.Values{"chatid": {chatid}}, answer: &res, harmless: true})
	return res.Info, err
}

// AppChat says one message in a group of the app: a picture, a file, a notice as a
// textcard, with o.Markdown markdown up to LimitText bytes, else text, escaped. It refuses
// what AppGroup does not take as Webhook does.
func (c *Client) AppChat(ctx context.Context, chatid string, content handlers.Content, o SendOptions) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	body, err := groupMessage(opAppChat, AppGroup, content, o, func(f handlers.File) (string, error) {
		kind := "file"
		if content.Image != nil {
			kind = "image"
		}
		return c.upload(ctx, kind, f)
	})
	if err != nil {
		return err
	}
	body.ChatID = chatid
	return c.withToken(ctx, call{op: opAppChat, path: "appchat/send", body: body})
}
