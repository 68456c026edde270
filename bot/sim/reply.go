package sim

import (
	"crypto/md5" // #nosec: the platform's check sum of pictures
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// botContent is how much an aibot may say at once, in bytes (doc 101031).
const botContent = 20480

// interaction is one callback the bot was sent, for as long as it may be answered.
type interaction struct {
	kind    string // kindMessage …
	chat    string // of the transcript
	group   bool
	user    string
	text    string
	msgid   string
	media   string // media_id of what was sent
	at      time.Time
	card    *message // the card that was pressed
	shown   *message // the answer's bubble
	carded  bool     // stream_with_template_card has sent its card
	stream  string   // id of the answer's stream
	first   time.Time
	ended   bool // the stream is finished
	flying  bool // a frame is not acked yet (long connection)
	reply   json.RawMessage
	replied chan struct{} // closed when reply is complete (long connection)
}

// The kinds of callback.
const (
	kindMessage = "message"
	kindEnter   = "enter_chat"
	kindCard    = "template_card_event"
	kindRating  = "feedback_event"
)

// answer is what a bot says: the union of the reply bodies of WECOM §3.4.
type answer struct {
	MsgType      string          `json:"msgtype"`
	Text         *content        `json:"text"`
	Markdown     *content        `json:"markdown"`
	Stream       *stream         `json:"stream"`
	TemplateCard json.RawMessage `json:"template_card"`
	Image        *mediaRef       `json:"image"`
	File         *mediaRef       `json:"file"`
	Voice        *mediaRef       `json:"voice"`
	Video        *mediaRef       `json:"video"`

	file *file // what the media_id stands for, once looked up
}

type stream struct {
	ID       string    `json:"id"`
	Finish   bool      `json:"finish"`
	Content  string    `json:"content"`
	MsgItem  []msgItem `json:"msg_item"`
	Feedback *feedback `json:"feedback"`
}

// feedback asks people to rate the answer, under an id of the bot's.
type feedback struct {
	ID string `json:"id"`
}

// msgItem is a picture at the end of a stream.
type msgItem struct {
	MsgType string `json:"msgtype"`
	Image   struct {
		Base64 string `json:"base64"`
		MD5    string `json:"md5"`
	} `json:"image"`
}

const (
	maxItems    = 10
	maxItemSize = 10 << 20 // bytes before base64
)

func (m msgItem) check() verdict {
	raw, err := base64.StdEncoding.DecodeString(m.Image.Base64)
	if err != nil || len(raw) == 0 {
		return refuse(40058, "stream.msg_item.image.base64")
	}
	if len(raw) > maxItemSize {
		return refuse(40009, "image exceeds %d bytes", maxItemSize)
	}
	if sum := md5.Sum(raw); !strings.EqualFold(hex.EncodeToString(sum[:]), m.Image.MD5) {
		return refuse(301019, "")
	}
	return accepted
}

type mediaRef struct {
	MediaID string `json:"media_id"`
	URL     string `json:"url"`
	Base64  string `json:"base64"`
}

// cardUpdate is the answer to a press: the card as it shall look now.
type cardUpdate struct {
	ResponseType string          `json:"response_type"`
	UserIDs      []string        `json:"userids"`
	TemplateCard json.RawMessage `json:"template_card"`
}

// check is what holds for an answer on every aibot channel.
func (a answer) check() verdict {
	switch a.MsgType {
	case "text":
		return checkContent(a.Text, "text")
	case "markdown":
		return checkContent(a.Markdown, "markdown")
	case "stream":
		return a.Stream.check()
	case "template_card":
		return checkBotCard(a.TemplateCard)
	case "stream_with_template_card":
		if v := a.Stream.check(); v.code != 0 || a.TemplateCard == nil {
			return v
		}
		return checkBotCard(a.TemplateCard)
	case "image", "file", "voice", "video":
		ref := map[string]*mediaRef{"image": a.Image, "file": a.File, "voice": a.Voice, "video": a.Video}[a.MsgType]
		if ref == nil || ref.MediaID == "" {
			return refuse(40058, "%s.media_id is missing", a.MsgType)
		}
		return accepted // whose it is: find
	}
	return refuse(40008, "")
}

func checkContent(c *content, field string) verdict {
	if c == nil || c.Content == "" {
		return refuse(44004, "%s.content", field)
	}
	if n := len(c.Content); n > botContent {
		return refuse(40058, "%s.content exceed max length %d. invalid length: %d", field, botContent, n)
	}
	return accepted
}

func (m *stream) check() verdict {
	switch {
	case m == nil || m.ID == "":
		return refuse(40058, "stream.id is missing")
	case len(m.Content) > botContent:
		return refuse(40058, "stream.content exceed max length %d. invalid length: %d", botContent, len(m.Content))
	case len(m.MsgItem) > 0 && !m.Finish:
		return refuse(40058, "stream.msg_item before finish")
	case m.Finish && m.Content == "" && len(m.MsgItem) == 0:
		return refuse(44004, "stream.content")
	case len(m.MsgItem) > maxItems:
		return refuse(40058, "stream.msg_item exceeds %d", maxItems)
	case m.Feedback != nil && len(m.Feedback.ID) > maxFeedback:
		return refuse(40058, "stream.feedback.id exceed max length %d", maxFeedback)
	}
	for _, item := range m.MsgItem {
		if v := item.check(); v.code != 0 {
			return v
		}
	}
	return accepted
}

func checkBotCard(raw json.RawMessage) verdict {
	if _, what := checkCard(raw, cardBot); what != "" {
		return refuse(40058, "%s", what)
	}
	return accepted
}

// find looks up the file a checked answer shows.
func (s *Sim) find(a *answer) (v verdict) {
	if ref := map[string]*mediaRef{"image": a.Image, "file": a.File, "voice": a.Voice, "video": a.Video}[a.MsgType]; ref != nil {
		a.file, v = s.mediaOwned(ref.MediaID, a.MsgType, "bot")
	}
	return v
}

// rated is the id under which people can rate the answer.
func (a answer) rated() string {
	switch {
	case a.Stream != nil && a.Stream.Feedback != nil:
		return a.Stream.Feedback.ID
	case a.Markdown != nil && a.Markdown.Feedback != nil:
		return a.Markdown.Feedback.ID
	case a.TemplateCard != nil:
		if c := readCard(a.TemplateCard); c.Feedback != nil {
			return c.Feedback.ID
		}
	}
	return ""
}

// entry is how a checked answer looks in the transcript.
func (a answer) entry() message {
	m := message{MsgType: a.MsgType, File: a.file, feedback: a.rated()}
	m.Rateable = m.feedback != ""
	switch a.MsgType {
	case "text":
		m.Text = a.Text.Content
	case "markdown":
		m.Text = a.Markdown.Content
	case "template_card":
		m.Card = a.TemplateCard
	case "stream", "stream_with_template_card":
		m.Text, m.Pending = a.Stream.Content, !a.Stream.Finish
	}
	return m
}

// allowed are the msgtypes of a passive reply over the URL callback, by kind.
var allowed = map[string][]string{
	kindMessage: {"stream", "template_card", "stream_with_template_card"},
	kindEnter:   {"text", "template_card"},
}

// hear takes a passive reply to it, shows it, or says what is wrong with it. The
// caller holds mu.
func (s *Sim) hear(it *interaction, plain []byte, poll bool, bot string) verdict {
	if it.kind == kindCard {
		return s.hearUpdate(it, plain)
	}
	if it.kind == kindRating {
		return refuse(40008, "nothing answers %s", it.kind)
	}
	var a answer
	if v, ok := decode(plain, &a); !ok {
		return v
	}
	if !slices.Contains(allowed[it.kind], a.MsgType) || (poll && a.MsgType == "template_card") {
		return refuse(40008, "%s does not answer %s", a.MsgType, it.kind)
	}
	if v := a.check(); v.code != 0 {
		return v
	}
	if a.Stream != nil && it.stream != "" && it.stream != a.Stream.ID {
		return refuse(40058, "stream.id changed")
	}
	s.show(it, a, bot)
	return accepted
}

// show puts a checked answer into the transcript. Frames of a stream, and the answer
// to a message delivered again, change the bubble that is there.
func (s *Sim) show(it *interaction, a answer, bot string) {
	m := a.entry()
	m.Chat, m.From, m.Via, m.MsgID = it.chat, bot, viaReply, it.msgid
	if it.group {
		m.Quote = it.text
	}
	streamed := a.Stream != nil
	var bubble *message
	switch {
	case it.shown == nil && it.msgid != "":
		bubble = s.book.byMsgID(it.chat, it.msgid, viaReply) // delivered again
	case streamed && it.stream == a.Stream.ID:
		bubble = it.shown // the next frame
	}
	if bubble != nil {
		bubble.MsgType, bubble.Text, bubble.Card, bubble.Pending = m.MsgType, m.Text, m.Card, m.Pending // a feedback id counts on the first frame only
		s.book.changed(bubble)
	} else {
		bubble = s.book.add(s.now, m)
	}
	it.shown = bubble
	if streamed {
		if it.stream == "" {
			it.stream, it.first = a.Stream.ID, s.now
		}
		it.ended = a.Stream.Finish
	}
	switch {
	case a.MsgType == "template_card":
		s.seenTask("aibot", taskOf(a.TemplateCard))
	case a.MsgType == "stream_with_template_card" && a.TemplateCard != nil && !it.carded:
		it.carded = true
		s.seenTask("aibot", taskOf(a.TemplateCard))
		s.book.add(s.now, message{Chat: it.chat, From: bot, Via: viaReply, MsgType: "template_card", Card: a.TemplateCard})
	}
}

// hearUpdate changes the card that was pressed.
func (s *Sim) hearUpdate(it *interaction, plain []byte) verdict {
	var u cardUpdate
	if v, ok := decode(plain, &u); !ok {
		return v
	}
	if u.ResponseType != "update_template_card" {
		return refuse(40008, "only update_template_card answers a press")
	}
	card, what := checkCard(u.TemplateCard, cardBot)
	if what != "" {
		return refuse(40058, "%s", what)
	}
	if card.TaskID != taskOf(it.card.Card) {
		return refuse(40058, "template_card.task_id is not the event's")
	}
	it.card.Card, it.card.Done = u.TemplateCard, card.ReplaceText
	s.book.changed(it.card)
	return accepted
}
