package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"juwei/handlers"
)

// BotOptions are what BotCallback needs. Cipher, Receive and Now are required.
type BotOptions struct {
	BotID   string           // the bot's id, for messages that don't carry it
	Cipher  *Cipher          // NewCipher(aes key, token, "")
	Receive handlers.Receive // answers one message
	Now     func() time.Time // the house clock
	Window  time.Duration    // how far a timestamp may be off; default 10 min
	Budget  time.Duration    // for Receive; default 4 s, the platform waits 5
	Logger  *slog.Logger     // default: none

	// Patience is for Receive when Budget is not enough; default Budget, at most 5 min. The
	// callback is then answered within Budget all the same, and the answer follows: by Respond
	// (such as Client.Respond, which bounds itself) if there is one and the message has a
	// response_url, which any number of replicas may share; else as a stream that the platform
	// asks for, which only this process knows. A welcome and a card's answer can't follow.
	Patience time.Duration
	Respond  func(ctx context.Context, url Secret, c handlers.Content) error
}

// BotCallback is GET and POST /wecom/bot, the 智能机器人's callback (doc paths 101033,
// 100719, 101027, 101031). GET proves that we hold the key. POST checks the signature and
// the timestamp, opens the envelope, asks Receive and answers in the same response:
//
//	POST /wecom/bot?msg_signature=…&timestamp=…&nonce=…   {"encrypt":"…"}
//	200 {"encrypt":"…","msgsignature":"…","timestamp":1760000010,"nonce":"…"}
//
// A body that nobody who holds the key has sealed gets a bare 4xx and one line in the log.
// Receive's error is logged and its content said all the same: the platform does not ask
// a bot twice. Nothing to say is an empty 200. The context Receive gets has the budget as
// its deadline and does not end with the connection: a report that came in is kept even
// if the platform hung up.
func BotCallback(o BotOptions) http.Handler {
	if o.Receive == nil {
		panic("wecom: BotCallback needs Receive")
	}
	o.Patience = min(o.Patience, maxPatience)
	return &botCallback{gate: newGate("bot", o.Cipher, o.Now, o.Window, o.Budget, o.Logger), o: o}
}

type botCallback struct {
	gate
	o    BotOptions
	slow slow
}

func (b *botCallback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		b.echo(w, r)
		return
	}
	x := exchanges.Get().(*exchange)
	defer x.release()
	plain, ok := b.open(w, r, x, jsonEnvelope)
	if !ok {
		return
	}
	in, err := parseBot(plain)
	if err != nil {
		b.refuse(w, http.StatusBadRequest, err)
		return
	}
	if in.MsgType == "stream" && in.Stream != nil {
		text, finish := b.slow.poll(in.Stream.ID, x.at)
		x.reply = appendStream(x.reply[:0], in.Stream.ID, finish, text)
		b.answer(w, x)
		return
	}
	m, ok, err := in.said(b.o.BotID, x.at)
	if err != nil {
		b.refuse(w, http.StatusBadRequest, err)
		return
	}
	if !ok {
		return // an empty 200
	}
	if b.o.Patience > b.budget && m.Kind != handlers.Enter && m.Kind != handlers.Click {
		b.patient(w, r, x, in, m)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), b.budget)
	defer cancel()
	c, err := b.o.Receive(ctx, m)
	b.say(w, x, in, m, c, err)
}

// say answers the callback with what Receive made of its message.
func (b *botCallback) say(w http.ResponseWriter, x *exchange, in botMessage, m handlers.Message, c handlers.Content, err error) {
	if err != nil {
		b.failed(m.ID, b.now().Sub(x.at), err)
	}
	if c.Empty() {
		return
	}
	x.reply = appendBotReply(x.reply[:0], m, in.MsgID, c)
	b.answer(w, x)
}

// jsonType is shared by all replies; net/http does not change it.
var jsonType = []string{"application/json; charset=utf-8"}

// answer seals x.reply and sends it.
func (b *botCallback) answer(w http.ResponseWriter, x *exchange) {
	b.seal(x)
	w.Header()["Content-Type"] = jsonType
	w.Write(x.out) //nolint:errcheck // nobody is left to tell
}

// seal makes x.out of x.reply. The nonce is the request's; the timestamp is ours and a
// number (doc path 101033).
func (b *botCallback) seal(x *exchange) {
	ts := strconv.FormatInt(x.at.Unix(), 10)
	x.enc = b.cipher.AppendSeal(x.enc[:0], x.reply)
	x.out = append(x.out[:0], `{"encrypt":"`...)
	x.out = append(x.out, x.enc...)
	x.out = append(x.out, `","msgsignature":"`...)
	x.out = b.cipher.appendSign(x.out, ts, x.query.nonce, x.enc)
	x.out = append(x.out, `","timestamp":`...)
	x.out = append(x.out, ts...)
	x.out = append(x.out, `,"nonce":`...)
	x.out = appendString(x.out, x.query.nonce)
	x.out = append(x.out, '}')
}

// jsonEnvelope finds the ciphertext in {"encrypt":"…"}. The plain form is read where it
// lies; anything else that is valid JSON (escaped slashes, more fields) goes the long way.
func jsonEnvelope(body []byte) ([]byte, bool) {
	if rest, ok := bytes.CutPrefix(bytes.TrimSpace(body), []byte(`{"encrypt":"`)); ok {
		if enc, ok := bytes.CutSuffix(rest, []byte(`"}`)); ok && bytes.IndexByte(enc, '\\') < 0 && bytes.IndexByte(enc, '"') < 0 {
			return enc, true
		}
	}
	var e struct {
		Encrypt string `json:"encrypt"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Encrypt == "" {
		return nil, false
	}
	return []byte(e.Encrypt), true
}
