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
	URL      string // default DefaultWSURL
	BotID    string
	Secret   Secret           // the bot's, not the app's
	Receive  handlers.Receive // answers one message
	Now      func() time.Time // the house clock, for Message.At
	HTTP     *http.Client     // for the handshake; default: Transport(""), so that HTTPS_PROXY is honoured
	Budget   time.Duration    // for Receive; default 4 s: a welcome and a card's answer are taken for 5 s
	Patience time.Duration    // for Receive when Budget is not enough: the asker sees a begun answer meanwhile; default Budget; at most 5 min, a stream lives 6
	AckWait  time.Duration    // for the platform's answer to a frame of ours; default 5 s
	Ping     time.Duration    // default 30 s; two unanswered pings end the connection
	Workers  int              // people answered at the same time; default 32
	Logger   *slog.Logger     // default: none

	// Lost is told of an answer that has not been delivered and never will be here, because
	// another connection has the bot; or, unsure, of one that was written and never
	// acknowledged: it may have been seen. May be nil.
	Lost func(ctx context.Context, m handlers.Message, c handlers.Content, unsure bool)
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
	o.Patience = min(o.Patience, maxPatience)
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
	defer q.drain(max(l.o.Budget, l.o.Patience) + time.Second)
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

// Push says one message in a chat the bot has been talked to in (doc path 101463,
// aibot_send_msg): chat is a group's chatid or, with single, a userid. A file or picture
// alone is uploaded first; words go as markdown, escaped unless c is markdown, with buttons
// as lines to type; more than BotLine takes is refused with code 45002. Without a
// connection the error is code 846609, which is retryable; after a lost answer it is
// unknown.
func (l *LongConn) Push(ctx context.Context, chat string, single bool, c handlers.Content) error {
	body, err := l.fileBody(ctx, opPush, c)
	if err != nil {
		return err
	}
	if body == "" {
		text := marked(c)
		if err := fits(opPush, text, LimitBot); err != nil {
			return err
		}
		body = markdownBody(text)
	}
	s := l.current()
	if s == nil {
		return &Error{Op: opPush, Code: codeNotSubscribed, Msg: "no connection"}
	}
	return s.request(ctx, opPush, frame{Cmd: cmdSend, Body: pushBody(chat, single, body)}, l.newID(cmdSend))
}

// newID is a request id of our own.
func (l *LongConn) newID(cmd string) string {
	return cmd + "_" + strconv.FormatInt(l.o.Now().UnixMilli(), 36) + "_" + strconv.FormatUint(l.ids.Add(1), 36)
}

// pushBody is a message's body with the chat it is for.
func pushBody(chat string, single bool, body string) []byte {
	b := append([]byte(nil), `{"chatid":`...)
	b = appendString(b, chat)
	if single {
		b = append(b, `,"chat_type":1,`...)
	} else {
		b = append(b, `,"chat_type":2,`...)
	}
	return append(append(b, body...), '}')
}

func markdownBody(text string) string {
	b := append([]byte(nil), `"msgtype":"markdown","markdown":{"content":`...)
	return string(append(appendString(b, text), '}'))
}

// answer says what Receive makes of one message.
func (l *LongConn) answer(s *session, in *botMessage, m handlers.Message, reqID string) {
	c, err := l.receive(s, in, m, reqID)
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

// receive asks Receive. If it takes longer than the budget and may, the asker sees in the
// meantime that somebody is at it: a stream that reply will finish. A welcome and a card's
// answer are taken for 5 s only, so nothing is begun for them.
func (l *LongConn) receive(s *session, in *botMessage, m handlers.Message, reqID string) (c handlers.Content, err error) {
	if l.o.Patience <= l.o.Budget || m.Kind == handlers.Enter || m.Kind == handlers.Click {
		ctx, cancel := context.WithTimeout(context.Background(), l.o.Budget)
		defer cancel()
		return l.o.Receive(ctx, m)
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.o.Patience)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err = l.o.Receive(ctx, m)
	}()
	soon := time.NewTimer(l.o.Budget)
	defer soon.Stop()
	select {
	case <-done:
		return c, err
	case <-soon.C:
	}
	body := appendStream(nil, streamID(in.MsgID), false, waitNote)
	if err := s.request(ctx, opReply, frame{Cmd: cmdRespond, Body: body}, reqID); err != nil {
		l.log.Warn("reply not begun", "id", m.ID, "err", err)
	}
	<-done
	return c, err
}

// reply answers on the socket the message came by: the words first, then picture and file.
func (l *LongConn) reply(s *session, in *botMessage, m handlers.Message, reqID string, c handlers.Content) error {
	ctx, cancel := context.WithTimeout(context.Background(), replyPatience)
	defer cancel()
	switch m.Kind {
	case handlers.Enter:
		return s.request(ctx, opReply, frame{Cmd: cmdWelcome, Body: appendBotReply(nil, m, in.MsgID, c)}, reqID)
	case handlers.Click:
		return s.request(ctx, opReply, frame{Cmd: cmdUpdate, Body: appendBotReply(nil, m, in.MsgID, c)}, reqID)
	}
	files := BotLine.Parts(handlers.Content{File: c.File, Image: c.Image})
	for _, f := range files {
		if f.File != nil {
			c.File = nil
		}
		if f.Image != nil {
			c.Image = nil
		}
	}
	if !c.Empty() {
		f := frame{Cmd: cmdRespond, Body: appendBotReply(nil, m, in.MsgID, c)}
		if err := l.respond(ctx, s, m, reqID, f, c, markdownBody(cut(marked(c), LimitBot))); err != nil {
			return err
		}
	}
	for _, part := range files {
		body, err := l.fileBody(ctx, opReply, part)
		if err == nil && body == "" {
			continue // it named a file that is too large: the words did
		}
		if err == nil {
			err = l.respond(ctx, s, m, reqID, frame{Cmd: cmdRespond, Body: []byte("{" + body + "}")}, part, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// respond says one message of an answer. If the socket or the message's id is gone, or this
// kind of answer is refused there, it goes as a push on the next connection, which needs
// neither. Where there will be none because another replica has the bot now, where the
// conversation has had all it may in this minute, and where the platform did not say
// whether it took it, it goes to Options.Lost.
func (l *LongConn) respond(ctx context.Context, s *session, m handlers.Message, reqID string, f frame, c handlers.Content, body string) error {
	err := l.insist(ctx, s, f, reqID)
	var e *Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.limited(), e.Unknown():
		l.lose(ctx, m, c, e.Unknown())
		return err
	case !e.undeliverable() && e.Code != codeNotSubscribed:
		return err
	}
	if s = l.await(ctx); s == nil {
		l.lose(ctx, m, c, false)
		return err
	}
	to, single := m.Chat, false
	if m.Single() {
		to, single = m.From, true
	}
	return s.request(ctx, opPush, frame{Cmd: cmdSend, Body: pushBody(to, single, body)}, l.newID(cmdSend))
}

// insist repeats what the platform refused for a moment only: two frames for one message
// at a time (6000), too many at once, busy. A refused frame was not shown.
func (l *LongConn) insist(ctx context.Context, s *session, f frame, reqID string) error {
	for attempt := 1; ; attempt++ {
		err := s.request(ctx, opReply, f, reqID)
		var e *Error
		if attempt == 3 || !errors.As(err, &e) || e.Code == 0 || e.limited() || e.Code == codeNotSubscribed || !e.Retryable() {
			return err
		}
		if !pause(ctx, min(e.After(), 2*time.Second)) {
			return err
		}
	}
}

// lose hands over an answer that was not delivered, or of which nobody knows (unsure).
func (l *LongConn) lose(ctx context.Context, m handlers.Message, c handlers.Content, unsure bool) {
	if l.o.Lost == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), l.o.Budget)
	defer stop()
	l.o.Lost(ctx, m, c, unsure)
}

// maxPatience leaves a begun stream, which lives six minutes, time to be finished.
const maxPatience = 5 * time.Minute

// replyPatience is how long an answer waits for a lost connection to come back.
const replyPatience = 45 * time.Second
