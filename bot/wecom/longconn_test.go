package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"juwei/handlers"
)

// lineup is the platform's end of the long connection, in memory, so that a test runs on
// synctest's clock.
type lineup struct {
	t      *testing.T
	conns  chan net.Conn
	peers  chan *peer
	deny   atomic.Int64 // errcode for subscribes
	mute   atomic.Bool  // leave pings unanswered
	refuse atomic.Bool  // answer the handshake with 503
}

// peer is one socket's other end. Frames of ours other than subscribe and ping come out
// of frames, to be acked by the test.
type peer struct {
	conn   *websocket.Conn
	frames chan frame
	gone   chan struct{}
	status websocket.StatusCode // the client's close code; valid after gone
}

func newLineup(t *testing.T) *lineup {
	return &lineup{t: t, conns: make(chan net.Conn), peers: make(chan *peer, 16)}
}

func (l *lineup) Accept() (net.Conn, error) {
	c, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (l *lineup) Close() error   { return nil }
func (l *lineup) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

func (l *lineup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.refuse.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		l.t.Error(err)
		return
	}
	conn.SetReadLimit(maxFrame)
	p := &peer{conn: conn, frames: make(chan frame, 64), gone: make(chan struct{})}
	defer close(p.gone)
	defer conn.CloseNow() //nolint:errcheck // the test is over with it
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			p.status = websocket.CloseStatus(err)
			return
		}
		var f frame
		if err := json.Unmarshal(data, &f); err != nil {
			l.t.Errorf("frame %s: %v", data, err)
			return
		}
		switch f.Cmd {
		case cmdSubscribe:
			if want := `{"bot_id":"B1","secret":"` + theSecret + `"}`; string(f.Body) != want {
				l.t.Errorf("subscribe %s, want %s", f.Body, want)
			}
			p.ack(f, int(l.deny.Load()))
			if l.deny.Load() == 0 {
				l.peers <- p
			}
		case cmdPing:
			if !l.mute.Load() {
				p.ack(f, 0)
			}
		default:
			p.frames <- f
		}
	}
}

func (p *peer) send(s string) {
	p.conn.Write(context.Background(), websocket.MessageText, []byte(s)) //nolint:errcheck // the reader notices
}

func (p *peer) ack(f frame, code int) {
	p.send(fmt.Sprintf(`{"headers":{"req_id":%q},"errcode":%d,"errmsg":"said so %s"}`, f.Headers.ReqID, code, theSecret))
}

func (p *peer) say(req, chat, user, text string) {
	kind := "group"
	if chat == "" {
		kind = "single"
	}
	p.send(fmt.Sprintf(`{"cmd":"aibot_msg_callback","headers":{"req_id":%q},"body":{"msgid":"m-%s","aibotid":"B1","chatid":%q,"chattype":%q,"from":{"userid":%q},"msgtype":"text","text":{"content":"%s"}}}`, req, req, chat, kind, user, text))
}

// longTest runs f with a connected LongConn on a fake clock.
type longTest struct {
	*lineup
	*logs
	conn   *LongConn
	cancel context.CancelFunc
	done   chan error // Run's result
}

func withLongConn(t *testing.T, receive handlers.Receive, f func(t *testing.T, x *longTest)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &longTest{lineup: newLineup(t), logs: &logs{}, done: make(chan error, 1)}
		server := &http.Server{Handler: x.lineup, ReadHeaderTimeout: time.Minute}
		var wg sync.WaitGroup
		wg.Go(func() { server.Serve(x.lineup) }) //nolint:errcheck // ends with the test
		tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			select {
			case x.conns <- theirs:
				return ours, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		var err error
		x.conn, err = NewLongConn(LongConnOptions{URL: "ws://wecom.test", BotID: "B1", Secret: theSecret, Receive: receive, Now: time.Now,
			HTTP: &http.Client{Transport: tr}, Logger: x.logger()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		x.cancel = cancel
		wg.Go(func() { x.done <- x.conn.Run(ctx) })
		f(t, x)
		cancel()
		tr.CloseIdleConnections()
		synctest.Wait()
		close(x.conns)
		server.Close() //nolint:errcheck // the test is over
		wg.Wait()
		if strings.Contains(x.logs.String(), theSecret) || strings.Contains(x.logs.String(), "密语") {
			t.Errorf("log: %s", x.logs)
		}
	})
}

// peer is the next subscribed socket, when the client knows it too.
func (x *longTest) peer() *peer {
	p := <-x.peers
	synctest.Wait()
	return p
}

func echo(_ context.Context, m handlers.Message) (handlers.Content, error) {
	return handlers.Say("答" + m.Text), nil
}

func TestLongConnAnswers(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		if !x.conn.Connected() {
			t.Fatal("not connected")
		}
		p.say("r1", "g-shuji", "sj-meiyuan", "@助手 \x01<@all>")
		f := <-p.frames
		if f.Cmd != cmdRespond || f.Headers.ReqID != "r1" || string(f.Body) != `{"msgtype":"stream","stream":{"id":"s-m-r1","finish":true,"content":"答@助手 ＜@all>"}}` {
			t.Errorf("%s %s %s", f.Cmd, f.Headers.ReqID, f.Body)
		}
		p.ack(f, 0)
		p.send(`{"cmd":"aibot_event_callback","headers":{"req_id":"r2"},"body":{"msgid":"m2","aibotid":"B1","chattype":"single","from":{"userid":"u"},"msgtype":"event","event":{"eventtype":"enter_chat"}}}`)
		f = <-p.frames
		if f.Cmd != cmdWelcome || f.Headers.ReqID != "r2" || string(f.Body) != `{"msgtype":"text","text":{"content":"答"}}` {
			t.Errorf("%s %s", f.Cmd, f.Body)
		}
		p.ack(f, 0)
		p.send(`{"cmd":"aibot_event_callback","headers":{"req_id":"r3"},"body":{"msgid":"m3","from":{"userid":"u"},"msgtype":"event","event":{"eventtype":"template_card_event","template_card_event":{"event_key":"k","task_id":"t"}}}}`)
		f = <-p.frames
		if f.Cmd != cmdUpdate || f.Headers.ReqID != "r3" || !strings.Contains(string(f.Body), `"task_id":"t"`) {
			t.Errorf("%s %s", f.Cmd, f.Body)
		}
		p.ack(f, 0)
		// What is nothing to answer is not answered, and garbage does not end the connection.
		p.send(`{"cmd":"aibot_event_callback","headers":{"req_id":"r4"},"body":{"msgid":"m4","from":{"userid":"u"},"msgtype":"event","event":{"eventtype":"feedback_event"}}}`)
		p.send(`{"cmd":"something_new","headers":{"req_id":"r5"}}`)
		p.send("garbage")
		p.send(`{"cmd":"aibot_msg_callback","headers":{"req_id":"r6"},"body":{"msgtype":"text"}}`)
		p.say("r7", "", "u", "后")
		if f = <-p.frames; f.Headers.ReqID != "r7" {
			t.Errorf("answered %s", f.Headers.ReqID)
		}
		p.ack(f, 0)
	})
}

// TestLongConnOrder: one person's lines in one chat are answered one after the other, in
// order; another person does not wait for them.
func TestLongConnOrder(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	receive := func(_ context.Context, m handlers.Message) (handlers.Content, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		if m.From == "slow" {
			time.Sleep(time.Second) // synctest's clock
		}
		return handlers.Say(m.Text), nil
	}
	withLongConn(t, receive, func(t *testing.T, x *longTest) {
		p := x.peer()
		for i := range 3 {
			p.say(fmt.Sprintf("s%d", i), "g", "slow", fmt.Sprint(i))
		}
		p.say("f0", "g", "fast", "x")
		var order []string
		for range 4 {
			f := <-p.frames
			order = append(order, f.Headers.ReqID)
			p.ack(f, 0)
		}
		if got := strings.Join(order, " "); got != "f0 s0 s1 s2" {
			t.Errorf("answered %s", got)
		}
		if most.Load() != 2 {
			t.Errorf("%d at the same time, want 2", most.Load())
		}
	})
}

// TestLongConnReconnects: 1, 2, 4 … 30 s with up to a quarter more, then anew from 1 s
// after a subscription that worked.
func TestLongConnReconnects(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		x.refuse.Store(true)
		lost := time.Now()
		p.conn.CloseNow() //nolint:errcheck // that is the point
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if x.conn.Connected() {
			t.Error("connected to a wall")
		}
		// 1+2+4+8+16 s, then every 30 s: by three minutes between 8 and 10 attempts.
		if n := strings.Count(x.logs.String(), "long connection lost"); n < 8 || n > 11 {
			t.Errorf("%d attempts in %v: %s", n, time.Since(lost), x.logs)
		}
		err := x.conn.Push(t.Context(), "g", false, handlers.Say("x"))
		if e := asError(t, err); e.Code != 846609 || !e.Retryable() || e.Unknown() {
			t.Errorf("push without a connection: %+v", e)
		}
		x.refuse.Store(false)
		p = x.peer()
		again := time.Now()
		p.conn.CloseNow() //nolint:errcheck // that is the point
		x.peer()
		if d := time.Since(again); d < time.Second || d > 1250*time.Millisecond {
			t.Errorf("after a good subscription the first wait is %v", d)
		}
	})
}

// TestLongConnDenied: refused credentials are tried again after minutes, not seconds.
func TestLongConnDenied(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		x.deny.Store(853000)
		p.conn.CloseNow() //nolint:errcheck // that is the point
		time.Sleep(time.Hour)
		// After about 0, 5, 20 and 50 minutes.
		if n := strings.Count(x.logs.String(), "long connection refused"); n != 3 && n != 4 {
			t.Errorf("%d subscribes refused in an hour: %s", n, x.logs)
		}
		x.deny.Store(45009)
		time.Sleep(90 * time.Minute)
		x.deny.Store(0)
		x.peer()
	})
}

func TestLongConnReplaced(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		p.send(`{"cmd":"aibot_event_callback","headers":{"req_id":"r"},"body":{"msgid":"m","aibotid":"B1","msgtype":"event","event":{"eventtype":"disconnected_event"}}}`)
		if err := <-x.done; !errors.Is(err, ErrReplaced) {
			t.Errorf("Run = %v", err)
		}
		<-p.gone
		time.Sleep(time.Hour)
		if len(x.peers) != 0 || x.conn.Connected() {
			t.Error("it came back")
		}
	})
}

// TestLongConnHeartbeat: two pings without an answer end a connection that looks alive.
func TestLongConnHeartbeat(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		time.Sleep(10 * time.Minute)
		if n := len(x.peers); n != 0 {
			t.Fatalf("a healthy connection was reopened %d times", n)
		}
		x.mute.Store(true)
		start := time.Now()
		<-p.gone
		if d := time.Since(start); d < 30*time.Second || d > 70*time.Second {
			t.Errorf("given up after %v", d)
		}
		x.mute.Store(false)
		x.peer()
	})
}

func TestLongConnPush(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		push := func(single bool, text string) chan error {
			out := make(chan error, 1)
			go func() { out <- x.conn.Push(context.Background(), "Gg", single, handlers.Say(text)) }()
			return out
		}
		got := push(false, "晨报 **x**")
		f := <-p.frames
		if f.Cmd != cmdSend || string(f.Body) != `{"chatid":"Gg","chat_type":2,"msgtype":"markdown","markdown":{"content":"晨报 ＊＊x＊＊"}}` {
			t.Errorf("%s %s", f.Cmd, f.Body)
		}
		first := f.Headers.ReqID
		p.ack(f, 0)
		if err := <-got; err != nil {
			t.Error(err)
		}
		got = push(true, "x")
		f = <-p.frames
		if !strings.Contains(string(f.Body), `"chat_type":1`) || f.Headers.ReqID == first {
			t.Errorf("%s", f.Body)
		}
		p.ack(f, 846607)
		if e := asError(t, <-got); e.Code != 846607 || !e.Retryable() || strings.Contains(e.Error(), theSecret) {
			t.Errorf("%+v", e)
		}
		got = push(false, "x") // refused without a request id
		<-p.frames
		p.send(`{"errcode":40058,"errmsg":"bad"}`)
		if e := asError(t, <-got); e.Code != 40058 || !e.Fatal() {
			t.Errorf("%+v", e)
		}
		start := time.Now()
		got = push(false, "x") // never acked
		<-p.frames
		if e := asError(t, <-got); !e.Unknown() || !e.Wrote || !errors.Is(e, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("%+v after %v", e, time.Since(start))
		}
		got = push(false, "x") // the socket breaks before the ack
		<-p.frames
		p.conn.CloseNow() //nolint:errcheck // that is the point
		if e := asError(t, <-got); !e.Unknown() {
			t.Errorf("%+v", e)
		}
		p = x.peer()
		got = push(false, "x") // the subscription is gone though the socket lives
		f = <-p.frames
		p.ack(f, 846609)
		if e := asError(t, <-got); e.Code != 846609 || !e.Retryable() {
			t.Errorf("%+v", e)
		}
		<-p.gone
		x.peer()
		for text, code := range map[string]int{"": 44004, strings.Repeat("字", 7000): 45002} {
			if e := asError(t, <-push(false, text)); e.Code != code {
				t.Errorf("%+v", e)
			}
		}
	})
}

// TestLongConnSecondRoad: an answer whose request id is dead goes as a push.
func TestLongConnSecondRoad(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		for _, code := range []int{846605, 846608, 600039} {
			p.say("r", "g", "u", "1")
			p.ack(<-p.frames, code)
			f := <-p.frames
			if f.Cmd != cmdSend || string(f.Body) != `{"chatid":"g","chat_type":2,"msgtype":"markdown","markdown":{"content":"答1"}}` {
				t.Errorf("%d: %s %s", code, f.Cmd, f.Body)
			}
			p.ack(f, 0)
			synctest.Wait()
		}
		p.say("r", "g", "u", "1")
		p.ack(<-p.frames, 45009) // no second road around the rate limit
		synctest.Wait()
		if len(p.frames) != 0 || !strings.Contains(x.logs.String(), "45009") {
			t.Errorf("log: %s", x.logs)
		}
		// The answer is ready only after the socket has gone: it is said on the next one.
		p.say("r9", "", "u", "2")
		f := <-p.frames
		p.ack(f, 846609)
		p = x.peer()
		if f = <-p.frames; string(f.Body) != `{"chatid":"u","chat_type":1,"msgtype":"markdown","markdown":{"content":"答2"}}` {
			t.Errorf("%s", f.Body)
		}
		p.ack(f, 0)
	})
}

// TestLongConnGracefulEnd: what was heard is answered before the socket closes.
func TestLongConnGracefulEnd(t *testing.T) {
	t.Parallel()
	receive := func(_ context.Context, m handlers.Message) (handlers.Content, error) {
		time.Sleep(2 * time.Second)
		return handlers.Say("答" + m.Text), errors.New("redis slow")
	}
	withLongConn(t, receive, func(t *testing.T, x *longTest) {
		p := x.peer()
		p.say("r1", "", "u", "密语")
		synctest.Wait()
		x.cancel()
		synctest.Wait()
		p.say("r2", "", "u", "太晚")
		f := <-p.frames
		if f.Headers.ReqID != "r1" {
			t.Errorf("answered %s", f.Headers.ReqID)
		}
		p.ack(f, 0)
		if err := <-x.done; err != nil {
			t.Errorf("Run = %v", err)
		}
		<-p.gone
		if p.status != websocket.StatusNormalClosure {
			t.Errorf("closed with %v", p.status)
		}
		if !strings.Contains(x.logs.String(), "redis slow") || !strings.Contains(x.logs.String(), `"id":"bot:B1:m-r2"`) {
			t.Errorf("log: %s", x.logs)
		}
	})
}

// TestLongConnOverflow: more than maxWaiting unanswered messages are dropped, loudly.
func TestLongConnOverflow(t *testing.T) {
	t.Parallel()
	q := &queues{slots: make(chan struct{}, 1), active: make(map[string][]func())}
	release := make(chan struct{})
	for range maxWaiting {
		if err := q.add("k", func() { <-release }); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.add("other", func() {}); !errors.Is(err, errFull) {
		t.Errorf("add = %v", err)
	}
	close(release)
	q.drain(time.Minute)
	if err := q.add("k", func() {}); !errors.Is(err, errClosed) {
		t.Errorf("add after the end = %v", err)
	}
}

func TestNewLongConnRefuses(t *testing.T) {
	t.Parallel()
	if _, err := NewLongConn(LongConnOptions{}); err == nil {
		t.Error("empty options were taken")
	}
	c, err := NewLongConn(LongConnOptions{BotID: "B", Receive: echo, Now: time.Now})
	if err != nil || c.o.URL != DefaultWSURL || c.o.Ping != 30*time.Second {
		t.Errorf("defaults: %+v, %v", c, err)
	}
}
