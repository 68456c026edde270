package sim

import (
	"encoding/json"
	"net/url"
	"time"
)

// responseURLLife is how long the capability of one answer lasts (doc 101138).
const responseURLLife = time.Hour

// responseURL is a one-shot capability to answer a callback later.
type responseURL struct {
	it    *interaction
	until time.Time
}

// newResponseURL mints the capability of a callback. The caller holds mu.
func (s *Sim) newResponseURL(it *interaction) string {
	if s.base == "" {
		return ""
	}
	code := alnum(40)
	s.urls[code] = &responseURL{it, s.now.Add(responseURLLife)}
	return s.base + "/cgi-bin/aibot/response?response_code=" + url.QueryEscape(code)
}

// respondByURL: POST aibot/response?response_code=…, plain JSON; 1 h, one success.
func (s *Sim) respondByURL(c call) verdict {
	code := c.r.URL.Query().Get("response_code")
	u := s.urls[code]
	if u == nil || !s.now.Before(u.until) {
		return refuse(s.o.Switches.UsedResponse, "response_code is unknown, used or expired")
	}
	var in struct {
		answer
		ResponseType string `json:"response_type"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return refuse(40058, "malformed JSON")
	}
	streams := in.MsgType == "stream" && s.o.Switches.ResponseStreams
	if in.ResponseType != "" || (in.MsgType != "markdown" && in.MsgType != "template_card" && !streams) {
		return refuse(40008, "")
	}
	if v := in.answer.check(); v.code != 0 {
		return v
	}
	delete(s.urls, code)
	m := in.answer.entry()
	m.Chat, m.From, m.Via = u.it.chat, c.pop.Bot, viaReply
	if u.it.group {
		m.Quote = u.it.text
	}
	s.book.add(s.now, m)
	return accepted
}
