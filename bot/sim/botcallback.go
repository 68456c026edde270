package sim

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"juwei/bot/wecom"
)

const (
	streamLife  = 6 * time.Minute // an unfinished stream is polled this long (doc 101031)
	maxPolls    = 360
	maxTries    = 3 // of an app callback
	maxInFlight = 3 // messages in interaction per user and bot (doc 100719)
)

// callback is the body of an aibot callback before it is sealed:
//
//	{"msgid":"M1","aibotid":"AIBOT","chatid":"CHAT","chattype":"group","from":{"userid":"zhangsan"},
//	 "response_url":"https://…","msgtype":"text","text":{"content":"@RobotA hello"}}
type callback map[string]any

// callBot delivers a callback to the bot, over the long connection if one is
// subscribed, else to its address.
func (s *Sim) callBot(ctx context.Context, it *interaction, body callback) delivery {
	s.mu.Lock()
	line := s.line
	s.mu.Unlock()
	if line != nil {
		return s.callLine(ctx, line, it, body)
	}
	d := s.botSide()
	if d.url == "" && s.o.Switches.Replay && it.kind == kindMessage {
		s.mu.Lock()
		s.missed = append(s.missed, func() { s.callBot(s.ctx, it, body) })
		s.mu.Unlock()
		return delivery{MsgID: it.msgid, Undelivered: "没有人在听，等下一次长连接"}
	}
	if d.url == "" {
		return delivery{MsgID: it.msgid, Error: "机器人还没有接上（没有回调地址，也没有长连接）"}
	}
	s.mu.Lock()
	if u := s.newResponseURL(it); u != "" && (it.kind == kindMessage || it.kind == kindCard) {
		body["response_url"] = u
	}
	s.mu.Unlock()

	tries := 1
	if s.o.Redeliver && it.kind == kindMessage {
		tries = maxTries
	}
	out := delivery{MsgID: it.msgid}
	for out.Tries = 1; ; out.Tries++ {
		var answer []byte
		var err error
		var nonce string
		out.Status, answer, nonce, err = s.postBot(ctx, d, body)
		out.Error = ""
		if err != nil {
			out.Error = err.Error()
		}
		if err == nil && out.Status == http.StatusOK {
			out.Reply, out.Violation = s.takeReply(d, it, answer, nonce, false)
			break
		}
		if out.Tries == tries || ctx.Err() != nil {
			break
		}
	}
	s.mu.Lock()
	unfinished := it.stream != "" && !it.ended
	s.mu.Unlock()
	if unfinished {
		s.spawn(func() { s.poll(d, it, body) })
	}
	return out
}

func (s *Sim) postBot(ctx context.Context, d side, body callback) (status int, answer []byte, nonce string, err error) {
	enc := seal(d, s.padded(d, encode(body)))
	q := s.signed(d, enc)
	status, answer, err = s.post(ctx, d, "application/json", encode(map[string]string{"encrypt": enc}), q)
	return status, answer, q.Get("nonce"), err
}

// takeReply opens the encrypted answer {"encrypt","msgsignature","timestamp","nonce"}
// to a callback, checks it and shows it. What breaks a rule is recorded and not shown.
func (s *Sim) takeReply(d side, it *interaction, sealed []byte, nonce string, poll bool) (reply json.RawMessage, violation string) {
	if len(sealed) == 0 {
		return nil, ""
	}
	bot := s.o.House.Population().Bot
	plain, what := openReply(d, sealed, nonce)
	s.mu.Lock()
	defer s.mu.Unlock()
	if what == "" {
		if v := s.hear(it, plain, poll, bot); v.code != 0 {
			what = v.what + " (" + strconv.Itoa(v.code) + ")"
		}
	}
	if what != "" {
		s.violated("bot", what)
		return nil, what
	}
	return json.RawMessage(plain), ""
}

func openReply(d side, sealed []byte, nonce string) (plain []byte, what string) {
	var e struct {
		Encrypt   string          `json:"encrypt"`
		Signature string          `json:"msgsignature"`
		Timestamp json.RawMessage `json:"timestamp"`
		Nonce     string          `json:"nonce"`
	}
	if json.Unmarshal(sealed, &e) != nil || e.Encrypt == "" {
		return nil, "reply is not an encrypted envelope"
	}
	if _, err := strconv.ParseInt(string(e.Timestamp), 10, 64); err != nil {
		return nil, "reply's timestamp is not a number"
	}
	if e.Nonce != nonce {
		return nil, "reply's nonce is not the request's"
	}
	if e.Signature != wecom.Sign(d.token, string(e.Timestamp), e.Nonce, e.Encrypt) {
		return nil, "reply's msgsignature is wrong"
	}
	plain, err := wecom.Open(d.key, e.Encrypt, d.receiveID)
	if err != nil {
		return nil, "reply cannot be decrypted"
	}
	if !json.Valid(plain) {
		return nil, "reply is not JSON"
	}
	return plain, ""
}

// poll asks for the rest of an unfinished stream until it is finished or six minutes
// of the clock have gone by.
func (s *Sim) poll(d side, it *interaction, body callback) {
	tick := time.NewTicker(s.o.Switches.PollEvery)
	defer tick.Stop()
	ask := callback{"msgtype": "stream", "stream": map[string]string{"id": it.stream}}
	for _, k := range []string{"aibotid", "chatid", "chattype", "from"} {
		if v, ok := body[k]; ok {
			ask[k] = v
		}
	}
	for range maxPolls {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if !s.Now().Before(it.at.Add(streamLife)) {
			break
		}
		ask["msgid"] = alnum(20)
		status, answer, nonce, err := s.postBot(s.ctx, d, ask)
		if err == nil && status == http.StatusOK {
			s.takeReply(d, it, answer, nonce, true)
		}
		s.mu.Lock()
		ended := it.ended
		s.mu.Unlock()
		if ended {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it.ended, it.shown.Pending, it.shown.Note = true, false, "回复超时"
	s.book.changed(it.shown)
}
