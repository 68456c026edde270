package wecom

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What both callbacks share: the gate every request passes before a byte of it is
// believed. GET /wecom/bot?msg_signature=…&timestamp=…&nonce=…&echostr=… asks whether we
// hold the key; POST brings a message in an envelope (WECOM.md §2.2).

const (
	maxBody       = 1 << 20          // of a callback, in bytes; real ones are a few kilobytes
	defaultWindow = 10 * time.Minute // how far a callback's timestamp may be from our clock
	defaultBudget = 4 * time.Second  // the platform gives up after 5 s
)

// ErrStale is a callback whose timestamp is too far from our clock: replayed, or one of
// the two clocks is wrong.
var ErrStale = errors.New("timestamp outside the window")

var (
	errMethod = errors.New("method")
	errBody   = errors.New("body")
)

// gate checks requests and answers what needs no message.
type gate struct {
	name   string // in the log: "bot" or "app"
	cipher *Cipher
	now    func() time.Time
	window time.Duration
	budget time.Duration
	log    *slog.Logger
}

func newGate(name string, c *Cipher, now func() time.Time, window, budget time.Duration, log *slog.Logger) gate {
	if c == nil || now == nil {
		panic("wecom: a callback needs Cipher and Now")
	}
	if window <= 0 {
		window = defaultWindow
	}
	if budget <= 0 {
		budget = defaultBudget
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return gate{name: name, cipher: c, now: now, window: window, budget: budget, log: log}
}

// query is what the platform signs a request with.
type query struct{ sig, ts, nonce string }

// parseQuery reads the three parameters without building a map: this is the hot path.
func parseQuery(raw string) (q query) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(value, "%+") {
			v, err := url.QueryUnescape(value)
			if err != nil {
				continue
			}
			value = v
		}
		switch key {
		case "msg_signature":
			q.sig = value
		case "timestamp":
			q.ts = value
		case "nonce":
			q.nonce = value
		}
	}
	return q
}

// fresh checks the timestamp against at.
func (g *gate) fresh(ts string, at time.Time) error {
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return ErrStale
	}
	if d := at.Sub(time.Unix(sec, 0)); d > g.window || d < -g.window {
		return ErrStale
	}
	return nil
}

// echo answers the URL verification: the decrypted echostr as bare text.
func (g *gate) echo(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r.URL.RawQuery)
	enc := r.URL.Query().Get("echostr")
	if !g.cipher.Verify(q.sig, q.ts, q.nonce, enc) {
		g.refuse(w, http.StatusForbidden, ErrSignature)
		return
	}
	if err := g.fresh(q.ts, g.now()); err != nil {
		g.refuse(w, http.StatusForbidden, err)
		return
	}
	msg, err := g.cipher.Open(enc)
	if err != nil {
		g.refuse(w, http.StatusBadRequest, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(msg) //nolint:errcheck // the platform asks again
}

// refuse answers with a bare status and leaves one line in the log, which says why but
// nothing of what came.
func (g *gate) refuse(w http.ResponseWriter, status int, err error) {
	g.log.Warn("callback refused", "via", g.name, "status", status, "err", err)
	w.WriteHeader(status)
}

// failed logs that a message could not be answered as it should. Once per message.
func (g *gate) failed(id string, took time.Duration, err error) {
	g.log.Error("receive", "id", id, "via", g.name, "dur_ms", took.Milliseconds(), "err", err)
}

// open reads, verifies and decrypts a POST into x, in that order, and returns the message
// inside, which lies in x. On failure it has answered.
func (g *gate) open(w http.ResponseWriter, r *http.Request, x *exchange, envelope func([]byte) ([]byte, bool)) (msg []byte, ok bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		g.refuse(w, http.StatusMethodNotAllowed, errMethod)
		return nil, false
	}
	if r.ContentLength > maxBody {
		g.refuse(w, http.StatusRequestEntityTooLarge, errBody)
		return nil, false
	}
	x.body.Reset()
	if n, err := x.body.ReadFrom(x.limited(r.Body)); err != nil {
		g.refuse(w, http.StatusBadRequest, errBody)
		return nil, false
	} else if n > maxBody {
		g.refuse(w, http.StatusRequestEntityTooLarge, errBody)
		return nil, false
	}
	enc, ok := envelope(x.body.Bytes())
	if !ok {
		g.refuse(w, http.StatusBadRequest, errBody)
		return nil, false
	}
	x.query = parseQuery(r.URL.RawQuery)
	x.at = g.now()
	if !verify(g.cipher.token, x.query.sig, x.query.ts, x.query.nonce, enc) {
		g.refuse(w, http.StatusForbidden, ErrSignature)
		return nil, false
	}
	if err := g.fresh(x.query.ts, x.at); err != nil {
		g.refuse(w, http.StatusForbidden, err)
		return nil, false
	}
	msg, err := g.cipher.openIn(&x.plain, enc)
	if err != nil {
		g.refuse(w, http.StatusBadRequest, err)
		return nil, false
	}
	return msg, true
}

// exchange is the scratch space of one request and its reply.
type exchange struct {
	query query
	at    time.Time
	limit io.LimitedReader
	body  bytes.Buffer // the request
	plain []byte       // decrypted
	reply []byte       // to be encrypted
	enc   []byte       // the encrypted reply
	out   []byte       // the reply's envelope
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// limited is body up to one byte more than it may have.
func (x *exchange) limited(body io.Reader) io.Reader {
	x.limit = io.LimitedReader{R: body, N: maxBody + 1}
	return &x.limit
}

// release gives x back unless a giant request made it one.
func (x *exchange) release() {
	x.limit.R = nil // the request must not outlive itself here
	if x.body.Cap() <= 64<<10 && cap(x.out) <= 64<<10 {
		exchanges.Put(x)
	}
}
