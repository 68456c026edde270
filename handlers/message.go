package handlers

import (
	"context"
	"time"
)

// Via is the door through which a message came. A person has two 1:1 chats, the
// bot's and the app's; an answer always goes back through the door it came in by.
type Via string

// The doors.
const (
	ViaBot Via = "bot" // 智能机器人: groups (only when mentioned) and the bot's 1:1
	ViaApp Via = "app" // 自建应用: the app's 1:1
)

// Kind says what a person did.
type Kind string

// The kinds of message. Whatever the platform sends that is none of these is Unreadable.
const (
	Text       Kind = "text"       // typed
	Voice      Kind = "voice"      // spoken; Text holds the platform's transcript
	Enter      Kind = "enter"      // opened the 1:1 chat for the first time today
	Click      Kind = "click"      // pressed a card's button; Press says which
	Unreadable Kind = "unreadable" // picture, file, video, location …
)

// Message is what one person said or pressed, once.
type Message struct {
	ID    string    // the occasion, happens once: "bot:<bot id>:<msgid>", "app:<agent id>:<msgid>", "app:<agent id>:<user>:<create time>:<task>:<key>"
	Via   Via       // the door it came in by
	Chat  string    // the group's chatid, case-sensitive; "" in a 1:1 chat
	From  string    // who: the userid as the platform gave it (an encrypted one is resolved by the Router)
	Kind  Kind      //
	Text  string    // as typed, mention included; for Voice the transcript; "" for the others
	Quote string    // text of the quoted message; the platform gives neither its id nor its author
	Press Press     // for Click
	At    time.Time // when it reached us, by the house clock
}

// Single reports whether the message was said in a 1:1 chat.
func (m Message) Single() bool { return m.Chat == "" }

// Press is a pressed button of a card.
type Press struct {
	Task     string              // the card's task id
	Key      string              // the button's key: the line that typing would have needed (see Button.Line)
	Selected map[string][]string // question key → option ids
	Response string              // the platform's one-time code for updating the card
}

// Receive answers one message. The content is what the asker hears now; it may be
// empty. The error is for the log and for channels that can ask the platform to try
// again: content is valid also beside an error.
type Receive func(ctx context.Context, m Message) (Content, error)

// Resolve turns an encrypted open_userid into the plain userid, or returns it
// unchanged if it is plain already (WECOM.md §3.7).
type Resolve func(ctx context.Context, userid string) (string, error)

// Content is something to say, the same for every channel: the channel decides how.
type Content struct {
	Text string `json:"text,omitempty"` // plain text, lines separated by \n, written for a phone
	Card *Card  `json:"card,omitempty"` // buttons under it; a channel without buttons shows Text and each button's line

	Line string `json:"line,omitempty"` // one line that stands for it where several are said together, its number first; "" = the whole Text
	Hint string `json:"hint,omitempty"` // what can be answered, said once behind several lines: 改好回：/改 编号 怎么改的

	Markdown   bool  `json:"markdown,omitempty"`    // Text is markdown with tables and lists, what users wrote in it escaped; a channel without it shows its words
	MentionAll bool  `json:"mention_all,omitempty"` // calls everybody in the group; a channel that cannot call leaves it out
	File       *File `json:"file,omitempty"`        // a document, said after Text; a channel without files names it
	Image      *File `json:"image,omitempty"`       // a picture, said after Text: JPG or PNG, ≤ 2 MB
}

// Empty reports whether there is nothing to say.
func (c Content) Empty() bool {
	return c.Text == "" && c.Card == nil && c.File == nil && c.Image == nil
}

// File is a document or picture as people will see it: its name with the extension, and
// its bytes (6 bytes to 20 MB). A push that waits should carry a recipe, not a File.
type File struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// Say is a Content of plain text.
func Say(text string) Content { return Content{Text: text} }

// Card is a message with buttons (1:1 only: a webhook's post has no buttons). One with a
// URL and no buttons is a notice, which a group can be shown too.
type Card struct {
	Task    string   `json:"task"`           // unique per card, ≤ 128 bytes of [0-9A-Za-z_@-]
	Title   string   `json:"title"`          // ≤ 26 characters show
	Desc    string   `json:"desc,omitempty"` // ≤ 30 characters show
	Body    string   `json:"body,omitempty"` // ≤ 112 characters show
	Rows    []Row    `json:"rows,omitempty"` // ≤ 6
	Buttons []Button `json:"buttons"`        // 1–6; none on a notice
	URL     string   `json:"url,omitempty"`  // notice: where touching it leads, with its https://
}

// Row is one keyed line of a card: key ≤ 5 characters, value ≤ 26.
type Row struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Button is one button of a card. Pressing it means the same as typing Line.
type Button struct {
	Text    string `json:"text"`              // ≤ 10 characters
	Line    string `json:"line"`              // the command it stands for, ≤ 1024 bytes
	Primary bool   `json:"primary,omitempty"` // the one drawn in colour
}
