package wecom

import (
	"context"
	"encoding/xml"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"juwei/handlers"
)

// AppOptions are what AppCallback needs. Cipher, Receive and Now are required.
type AppOptions struct {
	AgentID int              // the app's agent id, for messages that don't carry it
	Cipher  *Cipher          // NewCipher(aes key, token, corp id)
	Receive handlers.Receive // answers one message
	Now     func() time.Time // the house clock
	Window  time.Duration    // how far a timestamp may be off; default 10 min
	Budget  time.Duration    // for Receive; default 4 s, the platform waits 5
	Logger  *slog.Logger     // default: none

	// Answer says what a passive reply cannot: the answer to a click (whose passive reply
	// the platform may ignore), a content with a card or a file, and a text over LimitText. It runs
	// after the platform has its 200, in the request's goroutine, so that the server's
	// Shutdown waits for it; it should send c to m.From as app messages and, for a click,
	// call Client.UpdateCard with m.Press.Response. It may be called again if the platform
	// tries again, so it should send with SendOptions.Dedupe. The context is not bounded;
	// Client's own budget is. Nil: clicks are answered with silence, a card with lines to
	// type, a long text is cut.
	Answer func(ctx context.Context, m handlers.Message, c handlers.Content)
}

// AppCallback is GET and POST /wecom/app, the 自建应用's callback (doc paths 90930, 90238,
// 90239, 90240, 90241). It differs from BotCallback in its envelope (XML, sealed for the
// corp id) and in what an error means: the platform tries a message three times, so
// Receive's error becomes HTTP 503 twice; the third time its content is said after all.
//
//	POST /wecom/app?msg_signature=…&timestamp=…&nonce=…
//	<xml><ToUserName>corp</ToUserName><AgentID>1</AgentID><Encrypt>…</Encrypt></xml>
//	200 <xml><Encrypt>…</Encrypt><MsgSignature>…</MsgSignature><TimeStamp>…</TimeStamp><Nonce>…</Nonce></xml>
func AppCallback(o AppOptions) http.Handler {
	if o.Receive == nil {
		panic("wecom: AppCallback needs Receive")
	}
	return &appCallback{gate: newGate("app", o.Cipher, o.Now, o.Window, o.Budget, o.Logger), o: o}
}

type appCallback struct {
	gate
	o     AppOptions
	tries tries
}

func (a *appCallback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		a.echo(w, r)
		return
	}
	x := exchanges.Get().(*exchange)
	defer x.release()
	plain, ok := a.open(w, r, x, xmlEnvelope)
	if !ok {
		return
	}
	in, err := parseApp(plain)
	if err != nil {
		a.refuse(w, http.StatusBadRequest, err)
		return
	}
	m, ok, err := in.said(a.o.AgentID, x.at)
	if err != nil {
		a.refuse(w, http.StatusBadRequest, err)
		return
	}
	if !ok {
		return // an empty 200
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), a.budget)
	c, err := a.o.Receive(ctx, m)
	cancel()
	if err != nil {
		a.failed(m.ID, a.now().Sub(x.at), err)
		if a.tries.again(m.ID) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	if c.Empty() {
		return
	}
	if a.o.Answer != nil && (m.Kind == handlers.Click || c.Card != nil || c.File != nil || c.Image != nil || len(c.Text) > LimitText) {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush() //nolint:errcheck // then the platform waits a little longer
		a.o.Answer(context.WithoutCancel(r.Context()), m, c)
		return
	}
	if m.Kind == handlers.Click {
		return
	}
	x.reply = in.appendReply(x.reply[:0], x.at, cut(EscapeTags(Plain(c)), LimitText))
	a.answer(w, x)
}

var xmlType = []string{"text/xml; charset=utf-8"}

// answer seals x.reply and sends it.
func (a *appCallback) answer(w http.ResponseWriter, x *exchange) {
	ts := strconv.FormatInt(x.at.Unix(), 10)
	x.enc = a.cipher.AppendSeal(x.enc[:0], x.reply)
	x.out = append(x.out[:0], "<xml><Encrypt>"...)
	x.out = appendCDATA(x.out, string(x.enc))
	x.out = append(x.out, "</Encrypt><MsgSignature>"...)
	x.out = appendCDATA(x.out, string(a.cipher.appendSign(nil, ts, x.query.nonce, x.enc)))
	x.out = append(x.out, "</MsgSignature><TimeStamp>"...)
	x.out = append(x.out, ts...)
	x.out = append(x.out, "</TimeStamp><Nonce>"...)
	x.out = appendCDATA(x.out, x.query.nonce)
	x.out = append(x.out, "</Nonce></xml>"...)
	w.Header()["Content-Type"] = xmlType
	w.Write(x.out) //nolint:errcheck // the platform tries again
}

func xmlEnvelope(body []byte) ([]byte, bool) {
	var e struct {
		Encrypt string
	}
	if err := xml.Unmarshal(body, &e); err != nil || e.Encrypt == "" {
		return nil, false
	}
	return []byte(strings.TrimSpace(e.Encrypt)), true
}

// appMessage is a decrypted message or event of the app (doc paths 90239, 90240).
type appMessage struct {
	To           string `xml:"ToUserName"`
	From         string `xml:"FromUserName"`
	CreateTime   string
	MsgType      string
	Content      string
	Recognition  string
	MsgID        string `xml:"MsgId"` // 64 bits: never a float
	AgentID      string
	Event        string
	EventKey     string
	TaskID       string `xml:"TaskId"`
	ResponseCode string
	Selected     []struct {
		Question string   `xml:"QuestionKey"`
		Options  []string `xml:"OptionIds>OptionId"`
	} `xml:"SelectedItems>SelectedItem"`
}

// appEvent is what an event of the app means to us.
type appEvent struct {
	kind handlers.Kind            // "": nothing to answer
	rest func(*appMessage) string // of the occasion's id: an event has no MsgId (doc path 90240)
}

// appEvents are the app's events (doc path 90240; WECOM.md §9.5). One that is not here is
// left alone too: the platform invents new ones.
var appEvents = map[string]appEvent{
	"enter_agent":              {handlers.Enter, func(a *appMessage) string { return a.Event }},
	"template_card_event":      {handlers.Click, func(a *appMessage) string { return a.TaskID + ":" + a.EventKey }},
	"template_card_menu_event": {handlers.Click, func(a *appMessage) string { return a.TaskID + ":" + a.EventKey }},
	"click":                    {handlers.Text, func(a *appMessage) string { return a.Event + ":" + a.EventKey }}, // a menu's key is the line it stands for

	"subscribe": {}, "unsubscribe": {}, // the app came into somebody's view, or left it
	"LOCATION": {}, "location_select": {}, // where somebody is
	"view": {}, "view_miniprogram": {}, "open_approval_change": {},
	"scancode_push": {}, "scancode_waitmsg": {},
	"pic_sysphoto": {}, "pic_photo_or_album": {}, "pic_weixin": {}, // a message with the picture follows
	"batch_job_result": {}, "change_contact": {}, "change_external_contact": {}, "share_agent_change": {}, "share_chain_change": {},
}

func parseApp(b []byte) (m appMessage, err error) {
	if xml.Unmarshal(b, &m) != nil {
		return m, errBody // xml's own words may quote the message
	}
	return m, nil
}

// said reports whether m is something to answer, and if so, what. Events that are no
// occasion for words (subscribe, LOCATION, view …) are not.
func (a *appMessage) said(agent int, at time.Time) (m handlers.Message, ok bool, err error) {
	id := a.AgentID
	if id == "" {
		id = strconv.Itoa(agent)
	}
	m = handlers.Message{Via: handlers.ViaApp, From: a.From, At: at}
	if a.From == "" {
		return m, false, errMessage
	}
	if a.MsgType == "event" {
		event, known := appEvents[a.Event]
		if !known || event.kind == "" {
			return m, false, nil
		}
		m.Kind = event.kind
		m.ID = "app:" + id + ":" + a.From + ":" + a.CreateTime + ":" + event.rest(a)
		switch m.Kind {
		case handlers.Click:
			m.Press = a.press()
		case handlers.Text:
			if m.Text = a.EventKey; m.Text == "" {
				return m, false, nil
			}
		}
		return m, true, nil
	}
	if a.MsgID == "" {
		return m, false, errMessage
	}
	m.ID = "app:" + id + ":" + a.MsgID
	switch {
	case a.MsgType == "text":
		m.Kind, m.Text = handlers.Text, a.Content
	case a.MsgType == "voice" && a.Recognition != "":
		m.Kind, m.Text = handlers.Voice, a.Recognition
	default:
		m.Kind = handlers.Unreadable
	}
	return m, true, nil
}

func (a *appMessage) press() handlers.Press {
	p := handlers.Press{Task: a.TaskID, Key: a.EventKey, Response: a.ResponseCode}
	for _, s := range a.Selected {
		if p.Selected == nil {
			p.Selected = make(map[string][]string)
		}
		p.Selected[s.Question] = s.Options
	}
	return p
}

// appendReply appends the passive text reply (doc path 90241).
func (a *appMessage) appendReply(dst []byte, at time.Time, text string) []byte {
	dst = append(dst, "<xml><ToUserName>"...)
	dst = appendCDATA(dst, a.From)
	dst = append(dst, "</ToUserName><FromUserName>"...)
	dst = appendCDATA(dst, a.To)
	dst = append(dst, "</FromUserName><CreateTime>"...)
	dst = strconv.AppendInt(dst, at.Unix(), 10)
	dst = append(dst, "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>"...)
	dst = appendCDATA(dst, text)
	return append(dst, "</Content></xml>"...)
}

// appendCDATA appends s so that XML gives it back, except for what XML cannot hold: bytes
// that are no UTF-8, and control characters.
func appendCDATA(dst []byte, s string) []byte {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	dst = append(dst, "<![CDATA["...)
	dst = append(dst, strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>")...)
	return append(dst, "]]>"...)
}

// tries counts how often a message failed, so that the last of the platform's three tries
// is answered with words instead of a status nobody sees.
type tries struct {
	mu sync.Mutex
	n  map[string]int
}

// maxTries is how often the platform delivers one message (doc path 90238).
const maxTries = 3

// again reports whether the platform will try id once more.
func (t *tries) again(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil || len(t.n) >= 1024 { // forgetting all costs at most one extra try each
		t.n = make(map[string]int)
	}
	t.n[id]++
	if t.n[id] < maxTries {
		return true
	}
	delete(t.n, id)
	return false
}
