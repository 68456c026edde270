package sim

import (
	"crypto/md5" // #nosec: the platform's check sum of pictures
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a group webhook (doc 91770), in bytes.
const (
	webhookPerMinute   = 20
	webhookText        = 2048
	webhookMarkdown    = 4096
	webhookImage       = 2 << 20
	webhookArticles    = 8
	articleTitle       = 128
	articleDescription = 512
)

// A sample request:
//
//	POST /cgi-bin/webhook/send?key=KEY
//	{"msgtype":"text","text":{"content":"hello <@zhangsan>","mentioned_list":["lisi","@all"]}}
type webhookPost struct {
	MsgType string `json:"msgtype"`
	Text    *struct {
		Content         string   `json:"content"`
		MentionedList   []string `json:"mentioned_list"`
		MentionedMobile []string `json:"mentioned_mobile_list"`
	} `json:"text"`
	Markdown   *content `json:"markdown"`
	MarkdownV2 *content `json:"markdown_v2"`
	Image      *struct {
		Base64 string `json:"base64"`
		MD5    string `json:"md5"`
	} `json:"image"`
	News         *newsField      `json:"news"`
	File         *mediaField     `json:"file"`
	Voice        *mediaField     `json:"voice"`
	TemplateCard json.RawMessage `json:"template_card"`
}

type content struct {
	Content  string    `json:"content"`
	Feedback *feedback `json:"feedback,omitempty"` // a bot's markdown only
}

type article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	PicURL      string `json:"picurl,omitempty"`
}

func (s *Sim) webhookSend(c call) verdict {
	key := c.r.URL.Query().Get("key")
	chat := s.groupOf(key)
	if chat == "" {
		return refuse(93000, "")
	}
	var in webhookPost
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	m, v := s.webhookMessage(in, c.pop, "webhook:"+key)
	if v.code != 0 {
		return v
	}
	meter := s.meterOf("webhook:"+key, window{limit: webhookPerMinute, span: time.Minute})
	if !meter.take(s.now) {
		if penalty := s.o.Switches.WebhookPenalty; penalty > 0 && !s.now.Before(meter.until) {
			meter.until = s.now.Add(penalty)
		}
		return refuse(45009, "")
	}
	m.Chat, m.From, m.Via = chat, FromPush, viaWebhook
	s.book.add(s.now, m)
	return accepted
}

// groupOf is the group behind a key, or "".
func (s *Sim) groupOf(key string) string {
	for id, k := range s.tenant.Webhooks {
		if k == key && key != "" {
			return id
		}
	}
	return ""
}

// webhookMessage is the transcript's entry of a post, or why it is refused. owner is who
// may have uploaded its file.
func (s *Sim) webhookMessage(in webhookPost, pop Population, owner string) (message, verdict) {
	m := message{MsgType: in.MsgType}
	switch in.MsgType {
	case "text":
		if in.Text == nil || in.Text.Content == "" {
			return m, refuse(44004, "text.content")
		}
		if n := len(in.Text.Content); n > webhookText {
			return m, refuse(40058, "text.content exceed max length %d. invalid length: %d", webhookText, n)
		}
		m.Text = in.Text.Content
		m.Mentions = mentioned(m.Text, pop)
		for _, id := range slices.Concat(in.Text.MentionedList, in.Text.MentionedMobile) {
			if !slices.Contains(m.Mentions, id) {
				m.Mentions = append(m.Mentions, id)
			}
		}
	case "markdown", "markdown_v2":
		body := in.Markdown
		if in.MsgType == "markdown_v2" {
			body = in.MarkdownV2
		}
		if body == nil || body.Content == "" {
			return m, refuse(44004, "%s.content", in.MsgType)
		}
		if n := len(body.Content); n > webhookMarkdown {
			return m, refuse(40058, "%s.content exceed max length %d. invalid length: %d", in.MsgType, webhookMarkdown, n)
		}
		m.Text = body.Content
		if in.MsgType == "markdown" { // in markdown_v2 <@x> stays literal
			m.Mentions = mentioned(m.Text, pop)
		}
	case "image":
		if in.Image == nil || in.Image.Base64 == "" {
			return m, refuse(40063, "image.base64")
		}
		raw, err := base64.StdEncoding.DecodeString(in.Image.Base64)
		if err != nil {
			return m, refuse(40058, "image.base64")
		}
		if len(raw) > webhookImage {
			return m, refuse(40009, "image exceeds %d bytes", webhookImage)
		}
		if sum := md5.Sum(raw); !strings.EqualFold(hex.EncodeToString(sum[:]), in.Image.MD5) {
			return m, refuse(301019, "")
		}
		m.File = s.showFile(s.store(stored{kind: mediaImage, name: "图片", data: raw}))
	case "file", "voice":
		ref := in.File
		if in.MsgType == "voice" {
			ref = in.Voice
		}
		if ref == nil || ref.MediaID == "" {
			return m, refuse(40063, "%s.media_id", in.MsgType)
		}
		var v verdict
		if m.File, v = s.mediaOwned(ref.MediaID, in.MsgType, owner); v.code != 0 {
			return m, v
		}
	case "news":
		if v := in.News.check(); v.code != 0 {
			return m, v
		}
		m.Card = in.News.card()
	case "template_card":
		if _, what := checkCard(in.TemplateCard, cardWebhook); what != "" {
			return m, refuse(40058, "%s", what)
		}
		m.Card = in.TemplateCard
	default:
		return m, refuse(40008, "")
	}
	return m, accepted
}

var mentionTag = regexp.MustCompile(`<@([^<>\s]+)>`)

// mentioned lists whom <@userid> calls; an unknown id stays literal text.
func mentioned(text string, pop Population) []string {
	var out []string
	for _, m := range mentionTag.FindAllStringSubmatch(text, -1) {
		if p, ok := pop.person(m[1]); ok && !slices.Contains(out, p.ID) {
			out = append(out, p.ID)
		}
	}
	return out
}

// cut shortens to at most n bytes without splitting a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
