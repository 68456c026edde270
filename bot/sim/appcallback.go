package sim

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"juwei/bot/wecom"
)

// element is one field of a callback's XML, in order; a nested one has children.
type element struct {
	name     string
	text     string
	bare     bool // a number: no CDATA
	children []element
}

// xmlOf writes <xml>…</xml> as the platform does:
//
//	<xml><ToUserName><![CDATA[corpid]]></ToUserName><FromUserName><![CDATA[userid]]></FromUserName>
//	<CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[…]]></Content>
//	<MsgId>1234567890123456</MsgId><AgentID>1</AgentID></xml>
func xmlOf(fields []element) []byte {
	var b strings.Builder
	writeElement(&b, element{name: "xml", children: fields})
	return []byte(b.String())
}

func writeElement(b *strings.Builder, e element) {
	b.WriteString("<" + e.name + ">")
	switch {
	case e.children != nil:
		for _, c := range e.children {
			writeElement(b, c)
		}
	case e.bare:
		b.WriteString(e.text)
	default:
		b.WriteString("<![CDATA[" + strings.ReplaceAll(e.text, "]]>", "]]]]><![CDATA[>") + "]]>")
	}
	b.WriteString("</" + e.name + ">")
}

// appFields are what every app callback says, then the rest.
func (s *Sim) appFields(it *interaction, msgType string, rest ...element) []element {
	out := []element{
		{name: "ToUserName", text: s.tenant.CorpID}, {name: "FromUserName", text: it.user},
		{name: "CreateTime", text: strconv.FormatInt(it.at.Unix(), 10), bare: true}, {name: "MsgType", text: msgType},
	}
	out = append(out, rest...)
	return append(out, element{name: "AgentID", text: strconv.Itoa(s.tenant.AgentID), bare: true})
}

// callApp delivers a callback to the app: up to three tries on a timeout, a broken
// connection or a status other than 200, with the same MsgId and a new nonce.
func (s *Sim) callApp(ctx context.Context, it *interaction, fields []element) delivery {
	d := s.appSide()
	out := delivery{MsgID: it.msgid}
	if d.url == "" {
		out.Error = "应用还没有接上（没有回调地址）"
		return out
	}
	plain := xmlOf(fields)
	for out.Tries = 1; ; out.Tries++ {
		enc := seal(d, s.padded(d, plain))
		q := s.signed(d, enc)
		envelope := xmlOf([]element{{name: "ToUserName", text: s.tenant.CorpID},
			{name: "AgentID", text: strconv.Itoa(s.tenant.AgentID)}, {name: "Encrypt", text: enc}})
		status, answer, err := s.post(ctx, d, "text/xml", envelope, q)
		out.Status, out.Error = status, ""
		if err != nil {
			out.Error = err.Error()
		}
		if err == nil && status == http.StatusOK {
			out.Reply, out.Violation = s.takeAppReply(d, it, answer)
			return out
		}
		if out.Tries == maxTries || ctx.Err() != nil || err == nil && s.o.Switches.StatusIsAnswer {
			return out
		}
	}
}

// appReply is a passive reply (doc 90241).
type appReply struct {
	ToUserName   string
	FromUserName string
	CreateTime   string
	MsgType      string
	Content      string
	Button       struct{ ReplaceName string }
}

func (s *Sim) takeAppReply(d side, it *interaction, sealed []byte) (reply json.RawMessage, violation string) {
	if len(strings.TrimSpace(string(sealed))) == 0 || string(sealed) == "success" {
		return nil, ""
	}
	bot := s.o.House.Population().Bot
	r, what := openAppReply(d, it, sealed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if what != "" {
		s.violated("app", what)
		return nil, what
	}
	switch r.MsgType {
	case "text":
		m := message{Chat: it.chat, From: bot, Via: viaReply, MsgType: "text", Text: cut(r.Content, appText), MsgID: it.msgid}
		if before := s.book.byMsgID(it.chat, it.msgid, viaReply); before != nil && it.msgid != "" {
			before.Text = m.Text
			s.book.changed(before)
		} else {
			s.book.add(s.now, m)
		}
		return encode(map[string]any{"msgtype": "text", "text": content{Content: r.Content}}), ""
	case "update_button":
		if s.o.Switches.ApplyCardReplies && it.card != nil {
			it.card.Done = r.Button.ReplaceName
			s.book.changed(it.card)
		}
		return encode(map[string]any{"msgtype": r.MsgType, "button": map[string]string{"replace_name": r.Button.ReplaceName}}), ""
	}
	return encode(map[string]any{"msgtype": r.MsgType}), ""
}

func openAppReply(d side, it *interaction, sealed []byte) (r appReply, what string) {
	var e struct {
		Encrypt      string
		MsgSignature string
		TimeStamp    string
		Nonce        string
	}
	if xml.Unmarshal(sealed, &e) != nil || e.Encrypt == "" {
		return r, "passive reply is not an encrypted envelope"
	}
	if _, err := strconv.ParseInt(e.TimeStamp, 10, 64); err != nil {
		return r, "passive reply's TimeStamp is not a number"
	}
	if e.MsgSignature != wecom.Sign(d.token, e.TimeStamp, e.Nonce, e.Encrypt) {
		return r, "passive reply's MsgSignature is wrong"
	}
	plain, err := wecom.Open(d.key, e.Encrypt, d.receiveID)
	if err != nil {
		return r, "passive reply cannot be decrypted"
	}
	if err := xml.Unmarshal(plain, &r); err != nil {
		return r, "passive reply is not XML"
	}
	switch {
	case !strings.EqualFold(r.ToUserName, it.user) || r.FromUserName != d.receiveID:
		return r, "passive reply's ToUserName or FromUserName is wrong"
	case !digits(r.CreateTime):
		return r, "passive reply's CreateTime is not a number"
	}
	switch r.MsgType {
	case "text":
		if r.Content == "" {
			return r, "passive reply's Content is empty"
		}
	case "update_button":
		if r.Button.ReplaceName == "" || it.kind != kindCard {
			return r, "passive update_button without ReplaceName or press"
		}
	case "image", "voice", "video", "news", "update_template_card":
	default:
		return r, fmt.Sprintf("passive reply's MsgType %q", r.MsgType)
	}
	return r, ""
}

func digits(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}
