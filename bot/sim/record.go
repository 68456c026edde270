package sim

import (
	"encoding/json"
	"unicode/utf8"
)

const (
	maxRequests = 10_000  // the newest are kept
	maxRecorded = 1 << 16 // bytes of one body
)

// request is one call the bot made. Its path has no query and its body no secret, so
// tests may print it.
type request struct {
	Seq     int64           `json:"seq"`
	At      string          `json:"at"`
	Method  string          `json:"method"` // GET, POST, or WS for a frame
	Path    string          `json:"path"`   // after cgi-bin/, or the frame's cmd
	Body    json.RawMessage `json:"body,omitempty"`
	ErrCode int             `json:"errcode"`
	Fault   string          `json:"fault,omitempty"` // the scripted fault that struck
}

func (s *Sim) record(method, path string, body []byte, code int, struck *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reqSeq++
	r := request{Seq: s.reqSeq, At: stamp(s.now), Method: method, Path: path, Body: recordable(body), ErrCode: code}
	if struck != nil {
		r.Fault = struck.Kind
	}
	if len(s.requests) >= maxRequests {
		s.requests = append(s.requests[:0:0], s.requests[maxRequests/10:]...)
	}
	s.requests = append(s.requests, r)
}

// recordable is the body as JSON: itself if it is JSON, else a string.
func recordable(body []byte) json.RawMessage {
	switch {
	case len(body) == 0:
		return nil
	case len(body) <= maxRecorded && json.Valid(body):
		return json.RawMessage(body)
	case len(body) > maxRecorded:
		body = body[:maxRecorded]
	}
	for len(body) > 0 && !utf8.Valid(body) {
		body = body[:len(body)-1]
	}
	return encode(string(body))
}

// violation is something the bot said that the platform would not have understood.
type violation struct {
	Seq   int    `json:"seq"`
	At    string `json:"at"`
	Where string `json:"where"` // bot, app, message/send …
	What  string `json:"what"`
}

// violated notes a violation. The caller holds mu.
func (s *Sim) violated(where, what string) {
	s.violations = append(s.violations, violation{len(s.violations) + 1, stamp(s.now), where, what})
	s.log.Warn("bot broke a rule of the platform", "where", where, "what", what)
}
