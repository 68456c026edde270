package courier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
)

// Outlet is a way out for one target.
type Outlet struct {
	Channel  string  // for metrics: webhook, app, bot
	Limits   []Limit // what it may send, shared by all replicas; the narrowest first
	Brake    string  // the pace that rests when the platform says "too fast"
	Dedupe   bool    // the platform drops a repeated identical send: a repeat needs no mark
	Mentions bool    // it can call everybody
	Bytes    int     // of one message
	Parts    func(c handlers.Content) []handlers.Content
	Send     func(ctx context.Context, part handlers.Content, o wecom.SendOptions) error
}

// Limit is a pace and its windows.
type Limit struct {
	Key     string
	Windows []store.Window
}

// ErrNoOutlet says that a target cannot be reached; Why is for the administrator.
type ErrNoOutlet struct{ Why string }

// Error is the reason.
func (e *ErrNoOutlet) Error() string { return e.Why }

// ErrNotHere says that the channel is another replica's at the moment, or nobody's yet.
var ErrNotHere = errors.New("the long connection is not here")

// slack widens the platform's windows: it counts messages as they arrive, and one may
// travel longer than the next.
const slack = time.Second

// The platform's limits (WECOM.md §13). What a member receives above them is dropped
// without a word, so the pace is kept here.
var (
	perWebhook = []store.Window{{Span: time.Minute + slack, Limit: 20}} // above it 45009
	perMember  = []store.Window{{Span: time.Minute + slack, Limit: 30}, {Span: time.Hour + slack, Limit: 1000}}
	perChat    = perMember // of the bot's: pushes and answers together
	perAPI     = []store.Window{{Span: time.Minute + slack, Limit: 10_000}, {Span: time.Hour + slack, Limit: 150_000}}
)

// Line is the bot's long connection.
type Line interface {
	Push(ctx context.Context, chat string, single bool, c handlers.Content) error
	Connected() bool
}

// Ways are the channels there are.
type Ways struct {
	Directory *handlers.Directory
	Client    *wecom.Client
	Corp, Bot string // the corp's and the bot's id
	Line      Line   // nil: messages come by callback, which can only answer
}

// Outlet says which channel serves which target (WECOM.md §16):
//
//	target                      first                        and if that can't
//	a chat with a webhook key   the webhook, 20/min per key  the bot's long connection
//	a chat without one          the bot's long connection    nobody
//	a person                    the app, 30/min, 1000/h      the bot's long connection
//
// After the last way out a person's message goes to the duty desk, in private.
func (w Ways) Outlet(s *handlers.Street, to handlers.Target, hop int) (Outlet, error) {
	var ways []func() (Outlet, error)
	var why string
	if name, ok := strings.CutPrefix(string(to), "chat:"); ok {
		chat, known := w.Directory.ChatNamed(s, name)
		if !known {
			return Outlet{}, &ErrNoOutlet{"配置里没有这个群：" + name}
		}
		if key := chat.Webhook.Reveal(); key != "" {
			ways = append(ways, func() (Outlet, error) { return w.webhook(key), nil })
		}
		if w.Line != nil && chat.ChatID != "" {
			ways = append(ways, func() (Outlet, error) { return w.bot(chat.ChatID, false) })
		}
		why = name + "没有配置消息推送的 webhook，发不出去"
	} else if userid, ok := strings.CutPrefix(string(to), "user:"); ok {
		if w.Corp != "" {
			ways = append(ways, func() (Outlet, error) { return w.app(userid), nil })
		}
		if w.Line != nil {
			ways = append(ways, func() (Outlet, error) { return w.bot(userid, true) })
		}
		why = "没有配置应用，发不了私信"
	} else {
		why = "不认识的收件人：" + string(to)
	}
	if hop >= len(ways) {
		return Outlet{}, &ErrNoOutlet{why}
	}
	return ways[hop]()
}

func (w Ways) webhook(key string) Outlet {
	// The key is write access to the group: only its hash may appear in Redis.
	sum := sha256.Sum256([]byte(key))
	pace := "webhook:" + hex.EncodeToString(sum[:8])
	return Outlet{
		Channel: "webhook", Mentions: true, Bytes: wecom.LimitText, Brake: pace,
		Limits: []Limit{{pace, perWebhook}},
		Parts:  func(c handlers.Content) []handlers.Content { return parts(c, wecom.EscapeTags, wecom.LimitText) },
		Send: func(ctx context.Context, c handlers.Content, o wecom.SendOptions) error {
			return w.Client.Webhook(ctx, wecom.Secret(key), c, o)
		},
	}
}

func (w Ways) app(userid string) Outlet {
	api := "api:" + w.Corp + ":message/send"
	return Outlet{
		Channel: "app", Dedupe: true, Bytes: wecom.LimitText, Brake: api,
		Limits: []Limit{{w.member(userid), perMember}, {api, perAPI}},
		Parts: func(c handlers.Content) []handlers.Content {
			if isCard(c) {
				return []handlers.Content{c}
			}
			return parts(c, wecom.EscapeTags, wecom.LimitText)
		},
		Send: func(ctx context.Context, c handlers.Content, o wecom.SendOptions) error {
			_, err := w.Client.App(ctx, userid, c, o)
			return err
		},
	}
}

// isCard reports whether the app shows c as a card: its words stand on it, or are few
// enough to.
func isCard(c handlers.Content) bool {
	return c.Card != nil && (c.Card.Body != "" || utf8.RuneCountInString(c.Text) <= 112)
}

func (w Ways) bot(chat string, single bool) (Outlet, error) {
	if !w.Line.Connected() {
		return Outlet{}, ErrNotHere
	}
	pace := w.conversation(chat, single)
	return Outlet{
		Channel: "bot", Bytes: wecom.LimitBot, Brake: pace,
		Limits: []Limit{{pace, perChat}},
		Parts:  func(c handlers.Content) []handlers.Content { return parts(c, wecom.Escape, wecom.LimitBot) },
		Send: func(ctx context.Context, c handlers.Content, _ wecom.SendOptions) error {
			return w.Line.Push(ctx, chat, single, c)
		},
	}, nil
}

// conversation names the pace of one of the bot's conversations.
func (w Ways) conversation(chat string, single bool) string {
	if single {
		return "bot:" + w.Bot + ":user:" + chat
	}
	return "bot:" + w.Bot + ":chat:" + chat
}

// Answered counts an answer that shares a pace with pushes: one of the bot on the long
// connection, or a message of the app. Answers don't wait for the pace.
func (w Ways) Answered(ctx context.Context, st *store.Store, m handlers.Message, now time.Time) error {
	switch {
	case m.Via == handlers.ViaApp:
		return st.Spend(ctx, w.member(m.From), now, perMember...)
	case m.Single():
		return st.Spend(ctx, w.conversation(m.From, true), now, perChat...)
	}
	return st.Spend(ctx, w.conversation(m.Chat, false), now, perChat...)
}

// member names the pace of one person's messages from the app.
func (w Ways) member(userid string) string { return "app:" + w.Corp + ":" + userid }

// roomForMarks is kept free in each part, so that a text is cut at the same places with
// and without the marks of a drill and a repeat, in bytes.
const roomForMarks = len(handlers.DrillMark) + len(resentMark)

// parts cuts a text as the channel will show it into messages that fit. Escaping is done
// before, since it makes a text longer; the channel does it once more, which changes nothing.
func parts(c handlers.Content, escape func(string) string, limit int) []handlers.Content {
	var out []handlers.Content
	for _, text := range wecom.Split(escape(wecom.Plain(c)), limit-roomForMarks) {
		out = append(out, handlers.Say(text))
	}
	return out
}
