package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// The frames of the long connection (doc path 101463; WECOM.md §6), one JSON object each:
//
//	→ {"cmd":"aibot_subscribe","headers":{"req_id":"r1"},"body":{"bot_id":"…","secret":"…"}}
//	← {"headers":{"req_id":"r1"},"errcode":0,"errmsg":"ok"}              an ack has no cmd
//	← {"cmd":"aibot_msg_callback","headers":{"req_id":"r2"},"body":{…}}
//	→ {"cmd":"aibot_respond_msg","headers":{"req_id":"r2"},"body":{"msgtype":"stream",…}}
const (
	cmdSubscribe = "aibot_subscribe"
	cmdPing      = "ping"
	cmdMessage   = "aibot_msg_callback"
	cmdEvent     = "aibot_event_callback"
	cmdRespond   = "aibot_respond_msg"
	cmdWelcome   = "aibot_respond_welcome_msg"
	cmdUpdate    = "aibot_respond_update_msg"
	cmdSend      = "aibot_send_msg"
)

// What an *Error of the long connection calls the exchange.
const (
	opDial      = "dial long connection"
	opSubscribe = "subscribe"
	opPing      = "ping"
	opReply     = "reply"
	opPush      = "push"
)

const (
	maxFrame   = 1 << 20 // of a frame we read, in bytes
	maxWaiting = 1000    // messages not yet answered on one connection; more are dropped, loudly
	maxEarly   = 100     // messages that came before the subscription's yes

	lingering = time.Second // how long a replaced connection is still read if the platform does not close it
)

// frame is one of either direction.
type frame struct {
	Cmd     string `json:"cmd,omitempty"`
	Headers struct {
		ReqID string `json:"req_id"`
	} `json:"headers"`
	Body json.RawMessage `json:"body,omitempty"`
	Code int             `json:"errcode,omitempty"`
	Msg  string          `json:"errmsg,omitempty"`
}

// session is one subscribed socket.
type session struct {
	l    *LongConn
	conn *websocket.Conn
	done chan struct{} // closed when the socket is of no more use: nothing is written to it
	gone chan struct{} // closed when nothing more can be read from it
	end  sync.Once
	why  error // why it ended; set before done is closed

	mu      sync.Mutex
	pending map[string]chan frame // request id → whoever waits for its ack
	opening string                // the subscription's request id
	heard   bool                  // subscribed: what comes now is for us

	early []frame // messages that came before the subscription's yes; the reader's own

	queues *queues
}

// once opens one connection and stays until it ends. It reports whether the bot was
// subscribed.
func (l *LongConn) once(ctx context.Context, q *queues) (subscribed bool, err error) {
	dial, cancel := context.WithTimeout(ctx, DefaultClientBudget)
	conn, res, err := websocket.Dial(dial, l.o.URL, &websocket.DialOptions{HTTPClient: l.http})
	cancel()
	if res != nil && res.Body != nil {
		res.Body.Close()
	}
	if err != nil {
		e := &Error{Op: opDial}
		e.Msg, e.cause = reason(err, string(l.o.Secret))
		if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
			e.Status = res.StatusCode
		}
		return false, e
	}
	conn.SetReadLimit(maxFrame)
	s := &session{l: l, conn: conn, done: make(chan struct{}), gone: make(chan struct{}), pending: make(map[string]chan frame), queues: q}
	go func() {
		defer close(s.gone)
		s.read()
	}()
	defer func() { <-s.gone }()
	defer conn.CloseNow() //nolint:errcheck // it is over

	if err := s.subscribe(ctx); err != nil {
		s.stop(err)
		return false, err
	}
	l.become(s)
	l.log.Info("long connection subscribed")
	s.keepAlive(ctx)
	if ctx.Err() != nil { // no new messages; those in hand are answered on this socket
		s.queues.drain(max(l.o.Budget, l.o.Patience) + time.Second)
		s.stop(ctx.Err())
		conn.Close(websocket.StatusNormalClosure, "") //nolint:errcheck // it is over
	}
	l.become(nil) // messages in hand are answered on the next one
	if errors.Is(s.why, ErrReplaced) {
		// What the platform wrote to this socket while it changed over to the next is still
		// on its way: messages, which Options.Lost will answer, and acks, without which
		// nobody knows of an answer whether it was seen. It is read until the platform closes.
		t := time.NewTimer(lingering)
		defer t.Stop()
		select {
		case <-s.gone:
		case <-t.C:
		case <-ctx.Done():
		}
	}
	return true, s.why
}

// stop ends the session; the first reason counts.
func (s *session) stop(why error) {
	s.end.Do(func() {
		s.why = why
		close(s.done)
	})
}

// ended reports whether the socket is of no more use.
func (s *session) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *session) subscribe(ctx context.Context) error {
	b := append([]byte(nil), `{"bot_id":`...)
	b = appendString(b, s.l.o.BotID)
	b = append(b, `,"secret":`...)
	b = append(appendString(b, string(s.l.o.Secret)), '}')
	id := s.l.newID(cmdSubscribe)
	s.mu.Lock()
	s.opening = id
	s.mu.Unlock()
	return s.request(ctx, opSubscribe, frame{Cmd: cmdSubscribe, Body: b}, id)
}

// keepAlive pings until the session ends or ctx does. Two pings without an answer end it.
func (s *session) keepAlive(ctx context.Context) {
	tick := time.NewTicker(s.l.o.Ping)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.done:
			return
		case <-tick.C:
		}
		err := s.request(ctx, opPing, frame{Cmd: cmdPing}, s.l.newID(cmdPing))
		if err == nil {
			missed = 0
		} else if missed++; missed >= 2 {
			s.stop(err)
			return
		}
	}
}

// request is exchange for a frame whose ack says nothing but yes.
func (s *session) request(ctx context.Context, op string, f frame, reqID string) error {
	_, err := s.exchange(ctx, op, f, reqID)
	return err
}

// silent reports whether an exchange says nothing to anybody: it cannot be half done.
func silent(op string) bool { return op == opPing || op == opSubscribe || op == opUpload }

// exchange writes a frame and waits for its ack, at most the option AckWait. A code other
// than 0 is an *Error; "not subscribed" also ends the session, whose socket is then of no
// use however well it answers pings.
func (s *session) exchange(ctx context.Context, op string, f frame, reqID string) (frame, error) {
	f.Headers.ReqID = reqID
	data, err := marshalFrame(f)
	if err != nil {
		return frame{}, &Error{Op: op, Msg: "frame does not encode"}
	}
	ack := make(chan frame, 1)
	s.mu.Lock()
	if _, taken := s.pending[reqID]; taken {
		s.mu.Unlock()
		return frame{}, &Error{Op: op, Code: codeConflict, Msg: "an answer to this message is on its way"}
	}
	s.pending[reqID] = ack
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pending, reqID)
		s.mu.Unlock()
	}()
	if s.ended() {
		return frame{}, &Error{Op: op, Code: codeNotSubscribed, Msg: "connection ended"}
	}
	patience := s.l.o.AckWait
	if op == opUpload {
		patience *= 6 // several chunks share the way out
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, data); err != nil {
		msg, cause := reason(err, string(s.l.o.Secret))
		e := &Error{Op: op, Msg: msg, Wrote: !silent(op), cause: cause}
		s.stop(e)
		return frame{}, e
	}
	lost := &Error{Op: op, Wrote: !silent(op)}
	select {
	case a := <-ack:
		if a.Code == 0 {
			return a, nil
		}
		e := &Error{Op: op, Code: a.Code, Msg: clean(a.Msg, string(s.l.o.Secret))}
		if a.Code == codeNotSubscribed {
			s.stop(e)
		}
		return frame{}, e
	case <-s.gone: // not done: the ack may be on its way behind what ended it
		lost.Msg = "connection ended before the answer"
	case <-ctx.Done():
		lost.Msg, lost.cause = reason(ctx.Err())
	}
	return frame{}, lost
}

// marshalFrame puts the body in as it is: encoding/json would escape what lies in it.
func marshalFrame(f frame) ([]byte, error) {
	b := append([]byte(nil), `{"cmd":`...)
	b = appendString(b, f.Cmd)
	b = append(b, `,"headers":{"req_id":`...)
	b = appendString(b, f.Headers.ReqID)
	b = append(b, '}')
	if f.Body != nil {
		if !json.Valid(f.Body) {
			return nil, errBody
		}
		b = append(append(b, `,"body":`...), f.Body...)
	}
	return append(b, '}'), nil
}

// read takes frames off the socket until it breaks. It never waits for a handler: acks
// arrive here too.
func (s *session) read() {
	for {
		kind, data, err := s.conn.Read(context.Background())
		if err != nil {
			msg, _ := reason(err, string(s.l.o.Secret))
			s.stop(fmt.Errorf("long connection: read: %s", msg))
			return
		}
		if kind == websocket.MessageText {
			s.take(data)
		}
	}
}

// take handles one frame. A message that overtakes the subscription's yes is heard when
// that has come: the platform subscribes first and says so then.
func (s *session) take(data []byte) {
	var f frame
	if json.Unmarshal(stripControls(data), &f) != nil {
		s.l.log.Warn("frame refused", "err", errBody)
		return
	}
	switch f.Cmd {
	case "":
		s.settle(f)
	case cmdMessage, cmdEvent:
		s.early = append(s.early, f)
	}
	s.mu.Lock()
	heard := s.heard
	s.mu.Unlock()
	switch {
	case heard:
		for _, f := range s.early {
			s.hear(f)
		}
		s.early = s.early[:0]
	case len(s.early) > maxEarly: // it was never said
		s.early = s.early[1:]
	}
}

// settle gives an ack to whoever waits for it. Some refusals come without a request id;
// if only one request is waiting, it is that one's.
func (s *session) settle(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ack, ok := s.pending[f.Headers.ReqID]
	if !ok && f.Headers.ReqID == "" && f.Code != 0 && len(s.pending) == 1 {
		for _, ack = range s.pending {
			ok = true
		}
	}
	if !ok {
		return
	}
	if f.Headers.ReqID == s.opening && f.Code == 0 {
		s.heard = true // here, not in subscribe: a message may be the very next frame
	}
	select {
	case ack <- f:
	default: // acked twice
	}
}

// hear puts a message into the queue of its chat and person.
func (s *session) hear(f frame) {
	in, err := parseBot(f.Body)
	if err != nil {
		s.l.log.Warn("frame refused", "err", err)
		return
	}
	if in.Event != nil && in.Event.Type == eventDisconnected {
		s.stop(ErrReplaced)
		return
	}
	m, ok, err := in.said(s.l.o.BotID, s.l.o.Now())
	if err != nil {
		s.l.log.Warn("frame refused", "err", err)
	}
	if !ok || err != nil {
		return
	}
	if err := s.queues.add(m.Chat+"\x00"+m.From, func() { s.l.answer(s, &in, m, f.Headers.ReqID) }); err != nil {
		s.l.log.Error("message dropped", "id", m.ID, "err", err)
	}
}

var (
	errFull   = errors.New("too many messages waiting")
	errClosed = errors.New("connection is ending")
)

// queues run the work of each key in order, and different keys side by side.
type queues struct {
	slots chan struct{} // how many keys work at the same time

	mu      sync.Mutex
	active  map[string][]func() // key → work waiting behind the one that runs
	waiting int
	closed  bool
	running sync.WaitGroup
}

func (q *queues) add(key string, work func()) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return errClosed
	case q.waiting >= maxWaiting:
		return errFull
	}
	q.waiting++
	behind, busy := q.active[key]
	q.active[key] = append(behind, work)
	if !busy {
		q.running.Go(func() { q.run(key) })
	}
	return nil
}

func (q *queues) run(key string) {
	q.slots <- struct{}{}
	defer func() { <-q.slots }()
	for {
		q.mu.Lock()
		work := q.active[key]
		if len(work) == 0 {
			delete(q.active, key)
			q.mu.Unlock()
			return
		}
		q.active[key] = work[1:]
		q.mu.Unlock()
		work[0]()
		q.mu.Lock()
		q.waiting--
		q.mu.Unlock()
	}
}

// drain takes no more work and waits for what there is, at most for d.
func (q *queues) drain(d time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		q.running.Wait()
		close(idle)
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
}
