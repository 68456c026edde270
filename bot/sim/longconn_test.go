package sim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"juwei/bot/sim"
)

// line is a bot's end of the long connection.
type line struct {
	s  *street
	ws *websocket.Conn
	n  int
}

type wsFrame struct {
	Cmd     string
	Headers struct {
		ReqID string `json:"req_id"`
	}
	Body    json.RawMessage
	ErrCode *int
}

func (s *street) dial() *line {
	s.t.Helper()
	ws, _, err := websocket.Dial(s.t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/ws", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { ws.CloseNow() })
	return &line{s: s, ws: ws}
}

func (l *line) write(cmd, reqID string, body any) {
	l.s.t.Helper()
	raw, _ := json.Marshal(map[string]any{"cmd": cmd, "headers": map[string]string{"req_id": reqID}, "body": body})
	if err := l.ws.Write(l.s.t.Context(), websocket.MessageText, raw); err != nil {
		l.s.t.Fatal(err)
	}
}

func (l *line) read() wsFrame {
	l.s.t.Helper()
	_, raw, err := l.ws.Read(l.s.t.Context())
	if err != nil {
		l.s.t.Fatal(err)
	}
	var f wsFrame
	if err := json.Unmarshal(raw, &f); err != nil {
		l.s.t.Fatal(err)
	}
	return f
}

// ask sends a frame and returns the errcode of its ack.
func (l *line) ask(cmd, reqID string, body any) int {
	l.s.t.Helper()
	l.n++
	if reqID == "" {
		reqID = fmt.Sprint("r", l.n)
	}
	l.write(cmd, reqID, body)
	f := l.read()
	if f.Cmd != "" || f.ErrCode == nil || f.Headers.ReqID != reqID {
		l.s.t.Fatalf("%s: not an ack: %+v", cmd, f)
	}
	return *f.ErrCode
}

func (l *line) subscribe() *line {
	l.s.t.Helper()
	l.s.want("subscribe", l.ask("aibot_subscribe", "", l.s.subscription()), 0)
	return l
}

func (s *street) subscription() map[string]string {
	t := s.sim.Tenant()
	return map[string]string{"bot_id": t.BotID, "secret": t.BotSecret}
}

// typed lets a person type, takes the callback and returns its req_id; answer gives
// the answer of /sim/send.
func (l *line) typed(chat, from, text string) (reqID string, answer <-chan map[string]any) {
	l.s.t.Helper()
	out := make(chan map[string]any, 1)
	go func() {
		_, a := l.s.do("POST", "/sim/send", map[string]any{"chat": chat, "from": from, "text": text})
		out <- a
	}()
	f := l.read()
	if f.Cmd != "aibot_msg_callback" {
		l.s.t.Fatalf("not a callback: %+v", f)
	}
	return f.Headers.ReqID, out
}

func md(text string) map[string]any {
	return map[string]any{"msgtype": "markdown", "markdown": map[string]any{"content": text}}
}

func frameOf(id, text string, finish bool) map[string]any {
	return map[string]any{"msgtype": "stream", "stream": map[string]any{"id": id, "content": text, "finish": finish}}
}

func push(chat string, answer map[string]any) map[string]any {
	answer["chatid"] = chat
	return answer
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial()
	s.want("ping", l.ask("ping", "", nil), 0)
	s.want("before subscribing", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846609)
	s.want("wrong secret", l.ask("aibot_subscribe", "", map[string]string{"bot_id": s.sim.Tenant().BotID, "secret": "x"}), 853000)
	l.subscribe()
	s.want("unknown cmd", l.ask("aibot_dance", "", nil), 40058)

	second := s.dial().subscribe()
	f := l.read()
	if f.Cmd != "aibot_event_callback" || !strings.Contains(string(f.Body), "disconnected_event") {
		t.Errorf("the old connection heard %+v", f)
	}
	if _, _, err := l.ws.Read(t.Context()); websocket.CloseStatus(err) == -1 {
		t.Errorf("the old connection was not closed: %v", err)
	}
	s.want("new one", second.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 93006) // nobody has mentioned the bot there yet
	for _, r := range s.get("/sim/requests")["requests"].([]any) {
		if strings.Contains(fmt.Sprint(r), s.sim.Tenant().BotSecret) {
			t.Error("a recorded frame shows the secret")
		}
	}
}

func TestReplyOverTheLine(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial().subscribe()
	req, answer := l.typed("g-shuji", "sj-meiyuan", "新返2")
	s.want("text", l.ask("aibot_respond_msg", req, map[string]any{"msgtype": "text", "text": map[string]any{"content": "x"}}), 40008)
	s.want("welcome to a message", l.ask("aibot_respond_welcome_msg", req, map[string]any{"msgtype": "text", "text": map[string]any{"content": "x"}}), 846605)
	s.want("first frame", l.ask("aibot_respond_msg", req, frameOf("S", "在", false)), 0)
	s.want("other stream id", l.ask("aibot_respond_msg", req, frameOf("T", "在", false)), 40058)
	s.want("too long", l.ask("aibot_respond_msg", req, frameOf("S", strings.Repeat("a", 20481), false)), 40058)
	s.want("last frame", l.ask("aibot_respond_msg", req, frameOf("S", "已收", true)), 0)
	s.want("after the last", l.ask("aibot_respond_msg", req, frameOf("S", "又", true)), 846608)
	out := <-answer
	s.want("status", out["status"], 200)
	s.want("reply", out["reply"].(map[string]any)["stream"].(map[string]any)["content"], "已收")
	s.want("no URL callback", s.bot.count(), 0)
	s.want("transcript", s.texts("g-shuji"), []string{"sj-meiyuan: @防控助手 新返2", "防控助手: 已收"})
	s.want("unknown req_id", l.ask("aibot_respond_msg", "nobody", md("x")), 846605)

	req, _ = l.typed("g-shuji", "sj-meiyuan", "新返3")
	s.want("markdown", l.ask("aibot_respond_msg", req, md("一")), 0)
	s.want("a second reply", l.ask("aibot_respond_msg", req, md("二")), 0)
	s.want("bubbles", len(s.messages("g-shuji")), 5)
	s.advance(24*time.Hour - time.Second)
	s.want("just before 24 h", l.ask("aibot_respond_msg", req, md("三")), 0)
	s.advance(time.Second)
	s.want("at 24 h", l.ask("aibot_respond_msg", req, md("四")), 846605)
}

func TestStreamLife(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{6 * time.Minute, 10 * time.Minute} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			s := open(t, func(o *sim.Options) { o.Switches.StreamLife = life })
			l := s.dial().subscribe()
			req, _ := l.typed("sj-meiyuan", "sj-meiyuan", "汇总")
			s.want("first", l.ask("aibot_respond_msg", req, frameOf("S", "在", false)), 0)
			s.advance(life - time.Second)
			s.want("just before", l.ask("aibot_respond_msg", req, frameOf("S", "在", false)), 0)
			s.advance(time.Second)
			s.want("expired", l.ask("aibot_respond_msg", req, frameOf("S", "好", true)), 846608)
			s.want("push instead", l.ask("aibot_send_msg", "", push("sj-meiyuan", md("好"))), 0)
		})
	}
}

func TestEventWindow(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Wait = time.Millisecond })
	l := s.dial().subscribe()
	welcome := map[string]any{"msgtype": "text", "text": map[string]any{"content": "你好"}}
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "kind": "enter"})
	req := l.read().Headers.ReqID
	s.advance(5*time.Second - time.Millisecond)
	s.want("just before 5 s", l.ask("aibot_respond_welcome_msg", req, welcome), 0)
	s.advance(time.Millisecond)
	s.want("at 5 s", l.ask("aibot_respond_welcome_msg", req, welcome), 846605)
	s.want("message to an event", l.ask("aibot_respond_msg", req, md("x")), 846605)
}

func TestActivePush(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial().subscribe()
	req, _ := l.typed("g-shuji", "sj-meiyuan", "x")
	l.ask("aibot_respond_msg", req, md("好"))
	req, _ = l.typed("sj-meiyuan", "sj-meiyuan", "x")
	l.ask("aibot_respond_msg", req, md("好"))
	card := map[string]any{"msgtype": "template_card", "template_card": buttons("t1")}
	typed := func(chat string, kind int) map[string]any {
		p := push(chat, md("x"))
		p["chat_type"] = kind
		return p
	}
	for _, c := range []struct {
		name string
		body map[string]any
		want int
	}{
		{"group", push("g-shuji", md("x")), 0},
		{"single", push("sj-meiyuan", md("x")), 0},
		{"as a group", typed("g-shuji", 2), 0},
		{"group as single", typed("g-shuji", 1), 93006},
		{"single as group", typed("sj-meiyuan", 2), 93006},
		{"wrong case", push("G-shuji", md("x")), 93006},
		{"never talked", push("ld-shuji", md("x")), 93006},
		{"no chatid", md("x"), 86201},
		{"text", push("g-shuji", map[string]any{"msgtype": "text", "text": map[string]any{"content": "x"}}), 40008},
		{"picture by url", push("g-shuji", map[string]any{"msgtype": "image", "image": map[string]any{"url": "x"}}), 40058},
		{"unknown media", push("g-shuji", map[string]any{"msgtype": "file", "file": map[string]any{"media_id": "x"}}), 40007},
		{"full", push("g-shuji", md(strings.Repeat("a", 20480))), 0},
		{"over", push("g-shuji", md(strings.Repeat("a", 20481))), 40058},
		{"card in a group", push("g-shuji", card), 40058},
	} {
		s.want(c.name, l.ask("aibot_send_msg", "", c.body), c.want)
	}
	s.want("card to one", l.ask("aibot_send_msg", "", push("sj-meiyuan", map[string]any{"msgtype": "template_card", "template_card": buttons("t2")})), 0)
}

func TestConversationRate(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial().subscribe()
	req, _ := l.typed("g-shuji", "sj-meiyuan", "x")
	s.want("reply", l.ask("aibot_respond_msg", req, frameOf("S", "好", false)), 0)
	for range 29 {
		s.want("push", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 0)
	}
	s.want("further frames are free", l.ask("aibot_respond_msg", req, frameOf("S", "好", true)), 0)
	s.want("31st", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846607)
	s.advance(59 * time.Second)
	s.want("59 s", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846607)
	s.advance(time.Second)
	s.want("60 s", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 0)
	for range 33 {
		s.advance(time.Minute)
		for range 30 {
			l.ask("aibot_send_msg", "", push("g-shuji", md("x")))
		}
	}
	s.want("shown in the hour", len(s.messages("g-shuji")), 1+1000)
	s.want("hour is full", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846607)
	s.advance(time.Hour - 34*time.Minute)
	s.want("hour has room", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 0)
}

func TestLineFaults(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial().subscribe()
	req, _ := l.typed("g-shuji", "sj-meiyuan", "x")
	fault := func(endpoint, kind string, value int) {
		s.post("/sim/fault", map[string]any{"endpoint": endpoint, "kind": kind, "value": value})
	}
	fault("ws", "errcode", 45009)
	s.want("errcode", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 45009)
	fault("ws/aibot_respond_msg", "drop_response", 0)
	s.want("other cmds go on", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 0)
	l.write("aibot_respond_msg", req, frameOf("S", "没有回执", false))
	s.want("next frame", l.ask("aibot_respond_msg", req, frameOf("S", "好", true)), 0)

	req, _ = l.typed("g-shuji", "sj-meiyuan", "y")
	fault("ws", "latency", 3_600_000) // longer than any test: the first frame stays in flight
	l.write("aibot_respond_msg", req, frameOf("S", "一", false))
	s.want("two in flight: the second", l.ask("aibot_respond_msg", req, frameOf("S", "二", false)), 6000)

	fault("ws", "errcode", 846609)
	s.want("subscription lost", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846609)
	s.want("still lost", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846609)
	s.want("ping though", l.ask("ping", "", nil), 0)
	l.subscribe()
	s.want("subscribed again", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 0)
	fault("ws", "reset", 0)
	l.write("aibot_send_msg", "z", push("g-shuji", md("x")))
	if _, _, err := l.ws.Read(t.Context()); err == nil {
		t.Error("the connection was not reset")
	}
	fault("ws", "http", 503)
	if _, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/ws", nil); err == nil {
		t.Error("a refused connection was made")
	}
}

func TestStaleReqID(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		s := open(t, func(o *sim.Options) { o.Switches.StaleReqIDs = kept })
		first := s.dial().subscribe()
		req, _ := first.typed("sj-meiyuan", "sj-meiyuan", "x")
		second := s.dial().subscribe()
		want := 846605
		if kept {
			want = 0
		}
		s.want(fmt.Sprint("kept ", kept), second.ask("aibot_respond_msg", req, md("好")), want)
	}
}

func TestSilentLineIsClosed(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.Idle = time.Millisecond })
	l := s.dial()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, err := l.ws.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("a silent connection stays open: %v", err)
	}
}
