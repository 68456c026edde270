package sim

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of message/send (doc 90236).
const (
	appText             = 2048 // bytes; text beyond is cut, markdown refused
	appRecipients       = 1000
	appPerMinute        = 30   // to one member, beyond silently dropped
	appPerHour          = 1000 //
	appPerAccountAndDay = 200
	cardTitle           = 128 // characters of a textcard
	cardDescription     = 512
	cardURL             = 2048 // bytes
	duplicateDefault    = 1800 * time.Second
	duplicateMax        = 4 * time.Hour
	responseCodeLife    = 72 * time.Hour
)

// A sample request:
//
//	POST /cgi-bin/message/send?access_token=T
//	{"touser":"u1|u2","agentid":1000002,"msgtype":"text","text":{"content":"…"},"enable_duplicate_check":1}
type appMessage struct {
	ToUser       string          `json:"touser"`
	ToParty      string          `json:"toparty"`
	ToTag        string          `json:"totag"`
	AgentID      json.RawMessage `json:"agentid"` // must be an integer
	MsgType      string          `json:"msgtype"`
	Text         *groupText      `json:"text"`
	Markdown     *content        `json:"markdown"`
	TextCard     *textCard       `json:"textcard"`
	Image        *mediaField     `json:"image"`
	Voice        *mediaField     `json:"voice"`
	Video        *mediaField     `json:"video"`
	File         *mediaField     `json:"file"`
	News         *newsField      `json:"news"`
	TemplateCard json.RawMessage `json:"template_card"`
	Check        int             `json:"enable_duplicate_check"`
	Interval     int             `json:"duplicate_check_interval"` // seconds
}

// groupText is a text; mentioned_list is an appchat's.
type groupText struct {
	Content       string   `json:"content"`
	MentionedList []string `json:"mentioned_list"`
}

type textCard struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	BtnTxt      string `json:"btntxt,omitempty"`
}

// duplicate is the first answer to a message sent with enable_duplicate_check.
type duplicate struct {
	at   time.Time
	more map[string]any
}

// responseCode lets the app change a card once.
type responseCode struct {
	entries []*message
	until   time.Time
}

func (s *Sim) messageSend(c call) verdict {
	var in appMessage
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	if !s.ownAgent(in.AgentID) {
		return refuse(40056, "")
	}
	m, v := s.appEntry(in)
	if v.code != 0 {
		return v
	}
	to, invalid, v := s.recipients(in, c.pop)
	if v.code != 0 {
		return v
	}
	// An identical request within the interval is answered, but not delivered again.
	print := fingerprint(c.body)
	interval := min(time.Duration(in.Interval)*time.Second, duplicateMax)
	if interval <= 0 {
		interval = duplicateDefault
	}
	if first, ok := s.sent[print]; ok && in.Check == 1 && s.now.Before(first.at.Add(interval)) {
		return verdict{more: first.more}
	}
	day := s.meterOf("app:day:"+s.now.Format(time.DateOnly), window{limit: len(c.pop.People) * appPerAccountAndDay, span: 24 * time.Hour})
	if !day.takeAll(s.now, len(to)) {
		return refuse(45009, "daily limit of the app")
	}
	var entries []*message
	for _, id := range to {
		meter := s.meterOf("app:"+id, window{limit: appPerMinute, span: time.Minute}, window{limit: appPerHour, span: time.Hour})
		if !meter.take(s.now) {
			continue // the platform says nothing either
		}
		m.Chat, m.From, m.Via = appChat(id), FromPush, viaApp
		entries = append(entries, s.book.add(s.now, m))
	}
	msgid := alnum(64)
	s.messages[msgid] = &sentOnce{entries, s.now}
	more := map[string]any{"msgid": msgid, "invaliduser": strings.ToLower(strings.Join(invalid, "|")), "invalidparty": in.ToParty, "invalidtag": in.ToTag}
	if m.MsgType == "template_card" {
		if card := readCard(m.Card); card.interactive() {
			s.seenTask("message/send", card.TaskID)
			more["response_code"] = s.newResponseCode(entries)
		}
	}
	if in.Check == 1 {
		s.sent[print] = duplicate{s.now, more}
	}
	return verdict{more: more}
}

// appEntry is the transcript's entry of a message, or why it is refused.
func (s *Sim) appEntry(in appMessage) (message, verdict) {
	m := message{MsgType: in.MsgType}
	switch in.MsgType {
	case "text":
		if in.Text == nil || in.Text.Content == "" {
			return m, refuse(44004, "text.content")
		}
		m.Text = cut(in.Text.Content, appText)
	case "markdown":
		if in.Markdown == nil || in.Markdown.Content == "" {
			return m, refuse(44004, "markdown.content")
		}
		if n := len(in.Markdown.Content); n > appText {
			return m, refuse(40058, "markdown.content exceed max length %d. invalid length: %d", appText, n)
		}
		m.Text = in.Markdown.Content
	case "textcard":
		card := in.TextCard
		switch {
		case card == nil || card.Title == "" || card.Description == "" || card.URL == "":
			return m, refuse(40063, "textcard.title, description and url")
		case !strings.Contains(card.URL, "://"):
			return m, refuse(45034, "textcard.url")
		case len(card.URL) > cardURL:
			return m, refuse(40058, "textcard.url exceed max length %d", cardURL)
		}
		m.Card = encode(map[string]any{"card_type": "textcard", "title": cutRunes(card.Title, cardTitle),
			"description": cutRunes(card.Description, cardDescription), "url": card.URL, "btntxt": card.BtnTxt})
	case "image", "voice", "video", "file":
		ref := map[string]*mediaField{"image": in.Image, "voice": in.Voice, "video": in.Video, "file": in.File}[in.MsgType]
		if ref == nil || ref.MediaID == "" {
			return m, refuse(40063, "%s.media_id", in.MsgType)
		}
		var v verdict
		if m.File, v = s.mediaOwned(ref.MediaID, in.MsgType, "app"); v.code != 0 {
			return m, v
		}
	case "news":
		if v := in.News.check(); v.code != 0 {
			return m, v
		}
		m.Card = in.News.card()
	case "template_card":
		if _, what := checkCard(in.TemplateCard, cardApp); what != "" {
			return m, refuse(40058, "%s", what)
		}
		m.Card = in.TemplateCard
	default:
		return m, refuse(40008, "")
	}
	return m, accepted
}

// recipients sorts the members from the strangers; it refuses when nobody is left.
func (s *Sim) recipients(in appMessage, pop Population) (to, invalid []string, v verdict) {
	if in.ToUser == "" && in.ToParty == "" && in.ToTag == "" {
		return nil, nil, refuse(82001, "")
	}
	if in.ToUser == "@all" {
		for _, p := range pop.People {
			to = append(to, p.ID)
		}
		return to, nil, accepted
	}
	ids := strings.Split(in.ToUser, "|")
	if len(ids) > appRecipients {
		return nil, nil, refuse(40032, "")
	}
	for _, id := range ids {
		p, ok := pop.person(id)
		if ok = ok && !s.hidden(p.ID); ok && !slices.Contains(to, p.ID) {
			to = append(to, p.ID)
		} else if !ok && id != "" {
			invalid = append(invalid, id)
		}
	}
	if len(to) == 0 {
		return nil, nil, refuse(81013, "")
	}
	return to, invalid, accepted
}

// updateCard: POST message/update_template_card (doc 94888). The response_code comes
// from message/send or from a click, is good for 72 h and for one success.
func (s *Sim) updateCard(c call) verdict {
	var in struct {
		UserIDs      []string        `json:"userids"`
		AtAll        int             `json:"atall"`
		AgentID      json.RawMessage `json:"agentid"`
		ResponseCode string          `json:"response_code"`
		Button       *struct {
			ReplaceName string `json:"replace_name"`
		} `json:"button"`
		TemplateCard json.RawMessage `json:"template_card"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	if !s.ownAgent(in.AgentID) {
		return refuse(40056, "")
	}
	if in.ResponseCode == "" {
		return refuse(40063, "response_code")
	}
	code := s.codes[in.ResponseCode]
	if code == nil || !s.now.Before(code.until) {
		return refuse(40058, "response_code is unknown, used or expired")
	}
	var card card
	switch {
	case in.Button != nil && in.Button.ReplaceName != "":
	case in.TemplateCard != nil:
		var what string
		if card, what = checkCard(in.TemplateCard, cardApp); what != "" {
			return refuse(40058, "%s", what)
		}
	default:
		return refuse(40063, "button.replace_name or template_card")
	}
	invalid := []string{}
	for _, id := range in.UserIDs {
		if !slices.ContainsFunc(code.entries, func(m *message) bool { return strings.EqualFold(m.Chat, appChat(id)) }) {
			invalid = append(invalid, strings.ToLower(id))
		}
	}
	if in.AtAll != 1 && len(invalid) == len(in.UserIDs) {
		return refuse(81013, "")
	}
	delete(s.codes, in.ResponseCode)
	for _, m := range code.entries {
		if in.AtAll != 1 && !slices.ContainsFunc(in.UserIDs, func(id string) bool { return strings.EqualFold(m.Chat, appChat(id)) }) {
			continue
		}
		if in.TemplateCard != nil {
			m.Card, m.Done = in.TemplateCard, card.ReplaceText
		} else {
			m.Done = in.Button.ReplaceName
		}
		s.book.changed(m)
	}
	return verdict{more: map[string]any{"invaliduser": invalid}}
}

// recallLife is how long a message can be taken back (doc 94867).
const recallLife = 24 * time.Hour

// sentOnce is what one message/send showed to whom.
type sentOnce struct {
	entries []*message
	at      time.Time
}

// recall: POST message/recall {"msgid"}. The platform publishes no code for a msgid that is
// unknown or too old.
func (s *Sim) recall(c call) verdict {
	var in struct {
		MsgID string `json:"msgid"`
	}
	if v, ok := decode(c.body, &in); !ok {
		return v
	}
	sent := s.messages[in.MsgID]
	switch {
	case in.MsgID == "":
		return refuse(40063, "msgid")
	case sent == nil || !s.now.Before(sent.at.Add(recallLife)):
		return refuse(40058, "msgid is unknown or older than 24 h")
	}
	for _, m := range sent.entries {
		m.Text, m.Card, m.File, m.Note = "", nil, nil, "已撤回"
		s.book.changed(m)
	}
	return accepted
}

func (s *Sim) newResponseCode(entries []*message) string {
	code := alnum(32)
	s.codes[code] = &responseCode{entries: entries, until: s.now.Add(responseCodeLife)}
	return code
}

// seenTask notes a task id that was used before: each card must have its own.
func (s *Sim) seenTask(where, task string) {
	if task == "" {
		return
	}
	if s.tasks[where+" "+task] {
		s.violated(where, "task_id used before")
	}
	s.tasks[where+" "+task] = true
}

func (s *Sim) ownAgent(raw json.RawMessage) bool {
	var id int
	return json.Unmarshal(raw, &id) == nil && id == s.tenant.AgentID
}

// fingerprint tells identical requests, however their JSON is spaced.
func fingerprint(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) == nil {
		body = encode(v)
	}
	sum := sha256.Sum256(body)
	return string(sum[:])
}

func appChat(userid string) string { return "app:" + userid }

func cutRunes(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n])
}
