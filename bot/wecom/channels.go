package wecom

import (
	"time"

	"juwei/handlers"
)

// Channel is one way to say something: what it carries, how much of it in one message, how
// fast, and what happens above that. All sizes are bytes (of UTF-8, for words).
type Channel struct {
	Name     string // in metrics, logs and the manual
	Text     int    // plain text; 0: words go as markdown, escaped
	Markdown int    // markdown; 0: none
	Tables   bool   // its markdown draws lists and tables; without, handlers.Content.Markdown is said as its words
	Calls    bool   // a text can call everybody
	Buttons  bool   // shows a card whose buttons can be pressed; without, each is a line to type
	Notices  bool   // shows a card that only leads somewhere
	Image    int    // a picture, JPG or PNG; 0: none
	File     int    // a document; 0: none
	Dedupes  bool   // an identical request within half an hour is not delivered twice: repeating is safe
	Paces    []Pace // all of them hold at once
	Doc      string // the platform's page
}

// Pace is one limit of the platform: at most Limit messages per Span to one of Per.
type Pace struct {
	Per   string // key, member, conversation, app, bot, corp
	Span  time.Duration
	Limit int
	Over  int // the errcode above it; 0: dropped without a word, so whoever sends must count
}

// The channels, their limits (WECOM.md §7–§9, §11, §13) and nothing else. A caller that
// wants to know what fits asks here; the senders of this package check against it.
var (
	GroupWebhook = Channel{Name: "webhook", Text: LimitText, Markdown: LimitMarkdown, Tables: true, Calls: true, Notices: true, Image: 2 << 20, File: 20 << 20, Doc: "91770",
		Paces: []Pace{{"key", time.Minute, 20, 45009}}}
	AppMessage = Channel{Name: "app", Text: LimitText, Markdown: LimitText, Buttons: true, Notices: true, Image: 2 << 20, File: 20 << 20, Dedupes: true, Doc: "90236",
		Paces: []Pace{{"member", time.Minute, 30, 0}, {"member", time.Hour, 1000, 0}}}
	AppGroup = Channel{Name: "appchat", Text: LimitText, Markdown: LimitText, Calls: true, Notices: true, Image: 2 << 20, File: 20 << 20, Doc: "90248",
		Paces: []Pace{{"member", time.Minute, 200, 0}, {"member", 24 * time.Hour, 10_000, 0}, {"corp", time.Minute, 20_000, 45009}}}
	BotLine = Channel{Name: "bot", Markdown: LimitBot, Tables: true, Image: 2 << 20, File: 20 << 20, Doc: "101463",
		Paces: []Pace{{"conversation", time.Minute, 30, 846607}, {"conversation", time.Hour, 1000, 846607}}}
	BotReply = Channel{Name: "reply", Markdown: LimitBot, Tables: true, Doc: "101031"}                       // the URL callback's encrypted answer, within 5 s
	BotLater = Channel{Name: "response_url", Markdown: LimitBot, Tables: true, Buttons: true, Doc: "101138"} // once, within 1 h
	AppReply = Channel{Name: "app reply", Text: LimitText, Doc: "90241"}                                     // the app callback's encrypted answer, within 5 s
	UploadWS = Channel{Name: "upload", Image: 2 << 20, File: 20 << 20, Doc: "101463",                        // not a message: files on their way into BotLine
		Paces: []Pace{{"bot", time.Minute, 30, 45009}, {"bot", time.Hour, 1000, 45009}}}
)

// EveryAPI is what each interface takes that is called with an app's token, whatever the
// channel (doc path 90312). By another page (90454) sending does not count here; keeping to
// it all the same costs nothing below 10,000 messages a minute. The limit of one address,
// 20,000 calls a minute, is two interfaces' and needs no count of its own.
var EveryAPI = []Pace{{"corp", time.Minute, 10_000, 45009}, {"corp", time.Hour, 150_000, 45009}}

// Leaving is the channel for words of which each message must leave so many bytes free.
func (ch Channel) Leaving(room int) Channel {
	ch.Text, ch.Markdown = max(0, ch.Text-room), max(0, ch.Markdown-room)
	return ch
}

// Route is one job and the channels that can do it, best first.
type Route struct {
	Job  string
	Ways []Channel
	Why  string
}

// Routes is which channel serves which job (WECOM.md §16). What only one of the bot's two
// modes has is there only in that mode: BotLine needs the long connection, BotReply and
// BotLater the callback.
var Routes = []Route{
	{"answer in a group", []Channel{BotLine, BotReply, BotLater}, "only the bot hears a group; what answers is quoted under the question"},
	{"answer that takes over 5 s", []Channel{BotLine, BotLater, BotReply}, "line: a stream begun and finished later; callback: response_url, or a stream that is asked for"},
	{"answer in the app's chat", []Channel{AppReply, AppMessage}, "a person's two 1:1 chats are two: an answer stays in its own"},
	{"push to a group", []Channel{GroupWebhook, BotLine, AppGroup}, "the webhook needs nobody's @ first and can call; the app reaches only groups it made"},
	{"call everybody in a group", []Channel{GroupWebhook, AppGroup}, "what a bot says calls nobody"},
	{"table for a group", []Channel{GroupWebhook, BotLine}, "markdown_v2 calls nobody: a short text does, after it"},
	{"push to a person", []Channel{AppMessage, BotLine}, "the app reaches who never wrote; the bot only who did"},
	{"card with buttons", []Channel{AppMessage}, "anywhere else each button is a line to type"},
	{"file to a group", []Channel{GroupWebhook, BotLine, AppGroup}, "20 MB; a webhook's upload is good for that key only"},
	{"file to a person", []Channel{AppMessage, BotLine}, "20 MB"},
}

// Parts cuts c into messages that each fit this channel, in the order they should be said:
// words (numbered if there are several; a cut table has its header again), then picture,
// then file. Whom a table should call is called by a short text after it. What the channel
// cannot carry is named in words. An empty c has no parts.
func (ch Channel) Parts(c handlers.Content) []handlers.Content {
	var out []handlers.Content
	var after []handlers.Content
	if f := c.Image; f != nil && len(f.Data) <= ch.Image {
		after, c.Image = append(after, handlers.Content{Image: f}), nil
	}
	if f := c.File; f != nil && len(f.Data) <= ch.File {
		after, c.File = append(after, handlers.Content{File: f}), nil
	}
	call := c.MentionAll && ch.Calls
	c.MentionAll = false
	switch {
	case c.Empty():
	case ch.shows(c):
		out = append(out, c)
	case c.Markdown && ch.Tables:
		for _, text := range SplitMarkdown(marked(c), ch.Markdown) {
			out = append(out, handlers.Content{Text: text, Markdown: true})
		}
		if call {
			out = append(out, handlers.Content{Text: callNote, MentionAll: true})
		}
	default:
		escape, limit := EscapeTags, ch.Text
		if ch.Text == 0 {
			escape, limit = Escape, ch.Markdown
		}
		for i, text := range Split(escape(Plain(c)), limit) {
			out = append(out, handlers.Content{Text: text, MentionAll: call && i == 0})
		}
	}
	return append(out, after...)
}

// callNote goes with a call that a table cannot make itself.
const callNote = "请大家看上一条。"

// shows reports whether c goes as one card here.
func (ch Channel) shows(c handlers.Content) bool {
	if c.File != nil || c.Image != nil {
		return false
	}
	if _, ok := noticeOf(c); ok {
		return ch.Notices
	}
	_, ok := templateOf(c)
	return ok && ch.Buttons
}
