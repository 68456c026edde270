package wecom

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"juwei/handlers"
)

// DefaultWSURL is where the public platform's long connection lives (doc path 101463).
const DefaultWSURL = "wss://openws.work.weixin.qq.com"

// ErrReplaced ends Run: another connection has subscribed for the same bot. Reconnecting
// would take the bot from it and start an endless exchange, so a person must decide.
var ErrReplaced = errors.New("long connection: replaced by another connection of the same bot")

// LongConnOptions are what NewLongConn needs. BotID, Secret, Receive and Now are required.
type LongConnOptions struct {
	URL     string // default DefaultWSURL
	BotID   string
	Secret  Secret           // the bot's, not the app's
	Receive handlers.Receive // answers one message
	Now     func() time.Time // the house clock, for Message.At
	HTTP    *http.Client     // for the handshake; default: Transport(""), so that HTTPS_PROXY is honoured
	Budget  time.Duration    // for Receive; default 4 s: a welcome and a card's answer are taken for 5 s
	AckWait time.Duration    // for the platform's answer to a frame of ours; default 5 s
	Ping    time.Duration    // default 30 s; two unanswered pings end the connection
	Workers int              // people answered at the same time; default 32
	Logger  *slog.Logger     // default: none
}

// LongConn is the 智能机器人's long connection: messages come in and answers and pushes go
// out on one socket, which we open ourselves, so no public address is needed. A bot has
// one live connection at a time.
//
// What one person says in one chat is answered in the order it was said; different people
// are answered in parallel. Messages that arrive while there is no connection are lost:
// the platform keeps none.
type LongConn struct {
	o    LongConnOptions
	http *http.Client
	log  *slog.Logger
	ids  atomic.Uint64

	mu      sync.Mutex
	live    *session        // subscribed, or nil
	changed chan struct{}   // closed when live changes
	ending  <-chan struct{} // closed when Run is asked to end
}

// NewLongConn prepares a long connection; Run opens it.
func NewLongConn(o LongConnOptions) (*LongConn, error) {
	if o.BotID == "" || o.Receive == nil || o.Now == nil {
		return nil, errors.New("new long connection: BotID, Receive and Now are needed")
	}
	if o.URL == "" {
		o.URL = DefaultWSURL
	}
	if o.Budget <= 0 {
		o.Budget = defaultBudget
	}
	if o.AckWait <= 0 {
		o.AckWait = 5 * time.Second
	}
	if o.Ping <= 0 {
		o.Ping = 30 * time.Second
	}
	if o.Workers <= 0 {
		o.Workers = 32
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	hc := o.HTTP
	if hc == nil {
		t, err := Transport("")
		if err != nil {
			return nil, err
		}
		hc = &http.Client{Transport: t}
	}
	return &LongConn{o: o, http: hc, log: o.Logger, changed: make(chan struct{})}, nil
}

// Connected reports whether the bot is subscribed at this moment.
func (l *LongConn) Connected() bool {
	s := l.current()
	return s != nil && !s.ended()
}

func (l *LongConn) current() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live
}

func (l *LongConn) become(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// await returns a live session, now or within ctx, or nil.
func (l *LongConn) await(ctx context.Context) *session {
	for {
		l.mu.Lock()
		s, changed, ending := l.live, l.changed, l.ending
		l.mu.Unlock()
		if s != nil && !s.ended() {
			return s
		}
		select {
		case <-changed:
		case <-ending:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// Run keeps the connection until ctx ends (it returns nil, after the messages in hand have
// been answered) or another connection takes the bot (ErrReplaced). A lost connection is
// opened again after 1, 2, 4 … 30 s, refused credentials are tried again after 5, 15, 30,
// 60 min, each with up to a quarter of jitter. It must not run twice at a time.
func (l *LongConn) Run(ctx context.Context) error {
	q := &queues{slots: make(chan struct{}, l.o.Workers), active: make(map[string][]func())}
	defer q.drain(l.o.Budget + time.Second)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the drain: answers stop waiting for a next connection
	l.mu.Lock()
	l.ending = ctx.Done()
	l.mu.Unlock()
	for lost, denied := 0, 0; ; {
		subscribed, err := l.once(ctx, q)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrReplaced) {
			l.log.Error("long connection", "err", err)
			return ErrReplaced
		}
		if subscribed {
			lost, denied = 0, 0
		}
		var wait time.Duration
		var e *Error
		if errors.As(err, &e) && e.Op == opSubscribe && e.Code != 0 && e.Fatal() {
			wait = denials[min(denied, len(denials)-1)]
			denied++
			l.log.Error("long connection refused", "errcode", e.Code, "attempt", denied, "err", err)
		} else {
			wait = min(time.Second<<min(lost, 5), 30*time.Second)
			if e != nil && e.Code != 0 && e.After() > wait {
				wait = e.After() // 45009: subscribing too often
			}
			lost++
			l.log.Warn("long connection lost", "attempt", lost, "err", err)
		}
		if !pause(ctx, wait+rand.N(wait/4+1)) { //nolint:gosec // jitter
			return nil
		}
	}
}

// denials are the waits after refused credentials: a person has to mend them.
var denials = []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// pause waits for d and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Push says c in a chat the bot has been talked to in (doc path 101463, aibot_send_msg):
// chat is a group's chatid or, with single, a userid. It goes as markdown, escaped, with
// buttons as lines to type; more than LimitBot bytes are refused with code 45002. Without
// a connection the error is code 846609, which is retryable; after a lost answer it is
// unknown.
func (l *LongConn) Push(ctx context.Context, chat string, single bool, c handlers.Content) error {
	text := Escape(Plain(c))
	if err := fits(opPush, text, LimitBot); err != nil {
		return err
	}
	s := l.current()
	if s == nil {
		return &Error{Op: opPush, Code: codeNotSubscribed, Msg: "no connection"}
	}
	return s.request(ctx, opPush, frame{Cmd: cmdSend, Body: pushBody(chat, single, text)}, l.newID(cmdSend))
}

// newID is a request id of our own.
func (l *LongConn) newID(cmd string) string {
	return cmd + "_" + strconv.FormatInt(l.o.Now().UnixMilli(), 36) + "_" + strconv.FormatUint(l.ids.Add(1), 36)
}

func pushBody(chat string, single bool, text string) []byte {
	b := append([]byte(nil), `{"chatid":`...)
	b = appendString(b, chat)
	if single {
		b = append(b, `,"chat_type":1`...)
	} else {
		b = append(b, `,"chat_type":2`...)
	}
	b = append(b, `,"msgtype":"markdown","markdown":{"content":`...)
	b = appendString(b, text)
	return append(b, "}}"...)
}

// answer says what Receive makes of one message.
func (l *LongConn) answer(s *session, in *botMessage, m handlers.Message, reqID string) {
	ctx, cancel := context.WithTimeout(context.Background(), l.o.Budget)
	c, err := l.o.Receive(ctx, m)
	cancel()
	if err != nil {
		l.log.Error("receive", "id", m.ID, "via", "longconn", "dur_ms", l.o.Now().Sub(m.At).Milliseconds(), "err", err)
	}
	if c.Empty() {
		return
	}
	if err := l.reply(s, in, m, reqID, c); err != nil {
		l.log.Error("reply", "id", m.ID, "err", err)
	}
}

// reply answers on the socket the message came by. If that socket or the message's id is
// gone, the words go as a push on the next one, which needs neither; a welcome and a
// card's new face have no such second road.
func (l *LongConn) reply(s *session, in *botMessage, m handlers.Message, reqID string, c handlers.Content) error {
	f := frame{Cmd: cmdRespond}
	switch m.Kind {
	case handlers.Enter:
		f.Cmd = cmdWelcome
	case handlers.Click:
		f.Cmd = cmdUpdate
	}
	f.Body = appendBotReply(nil, m, in.MsgID, c)
	ctx, cancel := context.WithTimeout(context.Background(), replyPatience)
	defer cancel()
	err := s.request(ctx, opReply, f, reqID)
	var e *Error
	if !errors.As(err, &e) || f.Cmd != cmdRespond || !e.undeliverable() && e.Code != codeNotSubscribed {
		return err
	}
	to, single := m.Chat, false
	if m.Single() {
		to, single = m.From, true
	}
	if s = l.await(ctx); s == nil {
		return err
	}
	body := pushBody(to, single, cut(Escape(Plain(c)), LimitBot))
	return s.request(ctx, opPush, frame{Cmd: cmdSend, Body: body}, l.newID(cmdSend))
}

// replyPatience is how long an answer waits for a lost connection to come back.
const replyPatience = 45 * time.Second
