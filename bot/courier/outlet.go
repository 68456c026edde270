package courier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"juwei/bot/wecom"
	"juwei/handlers"
	"juwei/store"
)

// Outlet is a way out for one target.
type Outlet struct {
	Channel string  // for metrics: webhook, app, bot
	Limits  []Limit // what it may send, shared by all replicas; the narrowest first
	Uploads []Limit // as well, for a part that is a file or a picture
	Brake   string  // the pace that rests when the platform says "too fast"
	Dedupe  bool    // the platform drops a repeated identical send: a repeat needs no mark
	Bytes   int     // of one message, marks and all
	Parts   func(c handlers.Content) []handlers.Content
	Send    func(ctx context.Context, part handlers.Content, o wecom.SendOptions) error
}

// limits are what a part has to keep.
func (o Outlet) limits(part handlers.Content) []Limit {
	if part.File == nil && part.Image == nil {
		return o.Limits
	}
	return slices.Concat(o.Limits, o.Uploads)
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

// windows are the platform's limits per key, member, conversation … as the store counts
// them. What a member receives above them is dropped without a word, so the pace is kept
// here.
func windows(paces []wecom.Pace, per string) []store.Window {
	var out []store.Window
	for _, p := range paces {
		if p.Per == per {
			out = append(out, store.Window{Span: p.Span + slack, Limit: p.Limit})
		}
	}
	return out
}

var (
	perWebhook = windows(wecom.GroupWebhook.Paces, "key")
	perMember  = windows(wecom.AppMessage.Paces, "member")
	perChat    = windows(wecom.BotLine.Paces, "conversation") // of the bot's: pushes and answers together
	perBot     = windows(wecom.UploadWS.Paces, "bot")
	perAPI     = windows(wecom.EveryAPI, "corp")
)

// The platform's interfaces that are called with the app's token: each has its own perAPI.
const (
	apiSend   = "message/send"
	apiUpdate = "message/update_template_card"
	apiUpload = "media/upload"
)

// api is the corp-wide pace of an interface.
func (w Ways) api(name string) Limit { return Limit{"api:" + w.Corp + ":" + name, perAPI} }

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

// outlet is a way out by a channel, without its limits and how it sends.
func outlet(ch wecom.Channel) Outlet {
	o := Outlet{Channel: ch.Name, Dedupe: ch.Dedupes, Bytes: ch.Text, Parts: ch.Leaving(roomForMarks).Parts}
	if o.Bytes == 0 {
		o.Bytes = ch.Markdown
	}
	return o
}

func (w Ways) webhook(key string) Outlet {
	// The key is write access to the group: only its hash may appear in Redis.
	sum := sha256.Sum256([]byte(key))
	o := outlet(wecom.GroupWebhook)
	o.Brake = "webhook:" + hex.EncodeToString(sum[:8])
	o.Limits = []Limit{{o.Brake, perWebhook}}
	o.Send = func(ctx context.Context, c handlers.Content, so wecom.SendOptions) error {
		return w.Client.Webhook(ctx, wecom.Secret(key), c, so)
	}
	return o
}

func (w Ways) app(userid string) Outlet {
	o, api := outlet(wecom.AppMessage), w.api(apiSend)
	o.Brake = api.Key
	o.Limits = []Limit{{w.member(userid), perMember}, api}
	o.Uploads = []Limit{w.api(apiUpload)}
	o.Send = func(ctx context.Context, c handlers.Content, so wecom.SendOptions) error {
		_, err := w.Client.App(ctx, userid, c, so)
		return err
	}
	return o
}

func (w Ways) bot(chat string, single bool) (Outlet, error) {
	if !w.Line.Connected() {
		return Outlet{}, ErrNotHere
	}
	o := outlet(wecom.BotLine)
	o.Brake = w.conversation(chat, single)
	o.Limits = []Limit{{o.Brake, perChat}}
	o.Uploads = []Limit{{"bot:" + w.Bot + ":upload", perBot}}
	o.Send = func(ctx context.Context, c handlers.Content, _ wecom.SendOptions) error {
		return w.Line.Push(ctx, chat, single, c)
	}
	return o, nil
}

// conversation names the pace of one of the bot's conversations.
func (w Ways) conversation(chat string, single bool) string {
	if single {
		return "bot:" + w.Bot + ":user:" + chat
	}
	return "bot:" + w.Bot + ":chat:" + chat
}

// Answered counts an answer that shares a pace with pushes: one of the bot on the long
// connection, or a message of the app, which for a pressed button also marks its card.
// Answers don't wait for the pace.
func (w Ways) Answered(ctx context.Context, st *store.Store, m handlers.Message, now time.Time) error {
	var taken []Limit
	switch {
	case m.Via == handlers.ViaApp:
		taken = []Limit{{w.member(m.From), perMember}, w.api(apiSend)}
		if m.Kind == handlers.Click {
			taken = append(taken, w.api(apiUpdate))
		}
	case m.Single():
		taken = []Limit{{w.conversation(m.From, true), perChat}}
	default:
		taken = []Limit{{w.conversation(m.Chat, false), perChat}}
	}
	for _, l := range taken {
		if err := st.Spend(ctx, l.Key, now, l.Windows...); err != nil {
			return err
		}
	}
	return nil
}

// member names the pace of one person's messages from the app.
func (w Ways) member(userid string) string { return "app:" + w.Corp + ":" + userid }

// roomForMarks is kept free in each part, so that a text is cut at the same places with
// and without the marks of a drill and a repeat, in bytes.
const roomForMarks = len(handlers.DrillMark) + len(resentMark)
