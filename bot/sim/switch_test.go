package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"juwei/bot/sim"
)

// Each switch for what the platform's documents leave open (WECOM §17, §19) in its second
// position; the first is what the other tests run on. Those of uploads, streams, tokens and
// the visible range have their tests beside the rules they change.

func with(set func(*sim.Switches)) func(*sim.Options) {
	return func(o *sim.Options) { set(&o.Switches) }
}

func TestSwitchesOfAnswers(t *testing.T) {
	t.Parallel()
	s := open(t, with(func(w *sim.Switches) { w.ResponseStreams, w.UsedResponse, w.Mention = true, 40014, "\u2005" }))
	s.bot.say = nil
	s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "汇总"})
	s.want("what stands behind the mention", s.bot.last()["text"].(map[string]any)["content"], "@防控助手\u2005汇总")
	url := strings.TrimPrefix(s.bot.last()["response_url"].(string), s.url+"/cgi-bin/")
	stream := map[string]any{"msgtype": "stream", "stream": map[string]any{"id": "S", "finish": true, "content": "好"}}
	s.want("a stream by response_url", s.code(url, stream), 0)
	s.want("used", s.code(url, stream), 40014)
	plain := open(t)
	plain.bot.say = nil
	plain.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "汇总"})
	plain.want("a stream by default", plain.code(strings.TrimPrefix(plain.bot.last()["response_url"].(string), plain.url+"/cgi-bin/"), stream), 40008)
}

func TestSwitchesOfAppCallbacks(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		s := open(t, with(func(w *sim.Switches) { w.StatusIsAnswer, w.ApplyCardReplies = on, on }))
		s.app.status = []int{500, 500, 500}
		tries := map[bool]int{false: 3, true: 1}[on]
		s.want("tries after a 500", s.post("/sim/send", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "text": "x"})["tries"], tries)
		s.app.status = nil
		s.post("/sim/fault", map[string]any{"endpoint": "callback/app", "kind": "drop_response", "count": 2})
		s.want("tries when it broke", s.post("/sim/send", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "text": "x"})["tries"], 3)

		s.want("send", s.code(s.sendPath(), map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": "template_card", "template_card": buttons("t")}), 0)
		s.app.say = func(string) string {
			return fmt.Sprintf(`<xml><ToUserName>sj-meiyuan</ToUserName><FromUserName>%s</FromUserName><CreateTime>1</CreateTime><MsgType>update_button</MsgType><Button><ReplaceName>已点</ReplaceName></Button></xml>`, s.sim.Tenant().CorpID)
		}
		out := s.post("/sim/click", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "task_id": "t", "key": "ok:1"})
		s.want("violation", out["violation"], nil)
		m := s.messages("app:sj-meiyuan")
		s.want("the card after a passive reply", m[len(m)-1]["done"], map[bool]any{false: nil, true: "已点"}[on])
	}
}

func TestSwitchesOfConversations(t *testing.T) {
	t.Parallel()
	s := open(t, with(func(w *sim.Switches) { w.CountFrames, w.OverLimit, w.CardsInGroups = true, 45009, true }))
	l := s.dial().subscribe()
	req, _ := l.typed("g-shuji", "sj-meiyuan", "x")
	s.want("a card in a group", l.ask("aibot_send_msg", "", push("g-shuji", map[string]any{"msgtype": "template_card", "template_card": buttons("t")})), 0)
	for range 29 {
		s.want("frame", l.ask("aibot_respond_msg", req, frameOf("S", "在", false)), 0)
	}
	s.want("the 31st: frames count", l.ask("aibot_respond_msg", req, frameOf("S", "好", true)), 45009)
	s.advance(time.Minute)
	s.want("a minute later", l.ask("aibot_respond_msg", req, frameOf("S", "好", true)), 0)
}

func TestSwitchesOfTheLine(t *testing.T) {
	t.Parallel()
	s := open(t, with(func(w *sim.Switches) {
		w.SubscribeLimit, w.KickedLingers, w.ControlChars, w.NoReqIDOn40058 = 2, true, true, true
	}))
	l := s.dial().subscribe()
	second := s.dial().subscribe()
	l.read() // disconnected_event
	s.want("who was kicked lives half on", l.ask("ping", "", nil), 0)
	s.want("and may not speak", l.ask("aibot_send_msg", "", push("g-shuji", md("x"))), 846609)
	again := func() int { return *s.dial().tell("aibot_subscribe", s.subscription()).ErrCode }
	s.want("a third subscription in the minute", again(), 45009)
	s.advance(time.Minute - time.Second)
	s.want("just before the minute", again(), 45009)

	answered := make(chan bool)
	go func() {
		defer close(answered)
		s.do(http.MethodPost, "/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "x"})
	}()
	_, raw, err := second.ws.Read(t.Context())
	if err != nil || !strings.Contains(string(raw), "\x01@防控助手") {
		t.Errorf("no control character in %q, %v", raw, err)
	}
	var f wsFrame
	json.Unmarshal([]byte(strings.ReplaceAll(string(raw), "\x01", "")), &f)
	second.write("aibot_respond_msg", f.Headers.ReqID, md(strings.Repeat("a", 20481)))
	ack := second.read()
	s.want("40058 without its req_id", fmt.Sprint(*ack.ErrCode, ack.Headers.ReqID), "40058")
	s.want("another code with it", second.ask("aibot_respond_msg", f.Headers.ReqID, md("好")), 0)
	<-answered
	s.advance(time.Second)
	s.want("at the minute", again(), 0)
}

func TestSwitchCloseOnBadSecret(t *testing.T) {
	t.Parallel()
	s := open(t, with(func(w *sim.Switches) { w.CloseOnBadSecret = true }))
	l := s.dial()
	s.want("wrong secret", l.ask("aibot_subscribe", "", map[string]string{"bot_id": "x", "secret": "x"}), 853000)
	if _, _, err := l.ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the connection was not closed: %v", err)
	}
}

// TestSwitchReplay: what nobody heard comes with the next subscription, or never.
func TestSwitchReplay(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		s, _, _ := openAlone(t, with(func(w *sim.Switches) { w.Replay = on }))
		out := s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "停机时说的"})
		s.want("kept for later", out["undelivered"] != nil, on)
		l := s.dial().subscribe()
		if on {
			if f := l.read(); f.Cmd != "aibot_msg_callback" || !strings.Contains(string(f.Body), "停机时说的") {
				t.Errorf("heard %+v", f)
			}
			continue
		}
		l.write("ping", "p", nil)
		s.want("the first thing heard", l.read().Headers.ReqID, "p")
	}
}

// TestThreeInInteraction: of one person's messages the bot is asked three at a time.
func TestThreeInInteraction(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Callback = time.Minute })
	begun, release, done := make(chan bool, 10), make(chan bool), make(chan bool, 10)
	s.bot.say = func(callback string) string {
		if strings.Contains(callback, "ld-shuji") {
			return streamReply("好")
		}
		begun <- true
		<-release
		return streamReply("好")
	}
	changed := s.follow()
	for i := range 4 {
		go func() {
			s.do(http.MethodPost, "/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": fmt.Sprint(i)})
			done <- true
		}()
	}
	for range 3 {
		<-begun
	}
	for len(s.messages("sj-meiyuan")) < 4 { // the fourth has been typed too
		<-changed
	}
	s.want("asked at once", s.bot.count(), 3)
	s.want("somebody else", s.post("/sim/send", map[string]any{"chat": "ld-shuji", "from": "ld-shuji", "text": "不用等"})["status"], 200)
	s.want("asked meanwhile", s.bot.count(), 4)
	release <- true
	<-begun
	s.want("one answered, the next is asked", s.bot.count(), 5)
	close(release)
	for range 4 {
		<-done
	}
}
