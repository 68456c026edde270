package sim_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/bot/sim"
)

func TestSendInGroup(t *testing.T) {
	t.Parallel()
	s := open(t)
	out := s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "新返2", "quote": "N7 通知"})
	s.want("status", out["status"], 200)
	s.want("reply", out["reply"].(map[string]any)["stream"].(map[string]any)["content"], "好")
	heard := s.bot.last()
	s.want("chatid", heard["chatid"], "g-shuji")
	s.want("chattype", heard["chattype"], "group")
	s.want("from", heard["from"], map[string]any{"userid": "sj-meiyuan"})
	s.want("text", heard["text"], map[string]any{"content": "@防控助手 新返2"})
	s.want("quote", heard["quote"], map[string]any{"msgtype": "text", "text": map[string]any{"content": "N7 通知"}})
	s.want("msgid", heard["msgid"], out["msgid"])
	s.want("transcript", s.texts("g-shuji"), []string{"sj-meiyuan: @防控助手 新返2", "防控助手: 好"})

	out = s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "ld-shuji", "text": "大家辛苦", "at": false})
	s.want("status without a mention", out["status"], 0)
	s.want("callbacks", s.bot.count(), 1)
	out = s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "ld-shuji", "text": "现场.jpg", "kind": "image"})
	s.want("picture in a group", out["status"], 0)
	s.want("shown", len(s.messages("g-shuji")), 4)
}

func TestSendAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 3 {
		s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "新返2", "msgid": "M1"})
	}
	s.want("callbacks", s.bot.count(), 3)
	s.want("transcript", s.texts("sj-meiyuan"), []string{"sj-meiyuan: 新返2", "防控助手: 好"})
}

func TestSendKinds(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = nil
	for kind, want := range map[string]string{"text": "text", "voice": "voice", "image": "image", "file": "file", "video": "video", "mixed": "mixed"} {
		s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "说明", "kind": kind})
		heard := s.bot.last()
		s.want(kind, heard["msgtype"], want)
		if heard[want] == nil {
			t.Errorf("%s: no payload", kind)
		}
	}
	s.want("location to the bot", s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "kind": "location"})["status"], 0)
}

func TestMediaLivesFiveMinutes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = nil
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "现场.jpg", "kind": "image", "data": []byte("jpeg")})
	path := strings.TrimPrefix(s.bot.last()["image"].(map[string]any)["url"].(string), s.url)
	for _, step := range []struct {
		by   time.Duration
		want int
	}{{0, 200}, {5*time.Minute - time.Second, 200}, {time.Second, 404}} {
		s.advance(step.by)
		status, _ := s.do(http.MethodGet, path, nil)
		s.want("media status", status, step.want)
	}
}

func TestEnterOncePerDay(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = func(string) string { return `{"msgtype":"text","text":{"content":"你好"}}` }
	enter := map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "kind": "enter"}
	s.want("first", s.post("/sim/send", enter)["status"], 200)
	s.want("event", s.bot.last()["event"].(map[string]any)["eventtype"], "enter_chat")
	s.want("second", s.post("/sim/send", enter)["status"], 0)
	s.advance(9*time.Hour - time.Second)
	s.want("23:59:59", s.post("/sim/send", enter)["status"], 0)
	s.advance(time.Second)
	s.want("00:00", s.post("/sim/send", enter)["status"], 200)
	s.want("transcript", s.texts("sj-meiyuan"), []string{"防控助手: 你好", "防控助手: 你好"})
}

func TestSendMisuse(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, body := range []map[string]any{
		{"chat": "sj-meiyuan", "from": "ld-shuji", "text": "x"},
		{"chat": "app:sj-meiyuan", "from": "ld-shuji", "text": "x"},
		{"from": "ld-shuji", "text": "x"},
		{"chat": "g-shuji", "text": "x"},
		{"chat": "g-shuji", "from": "ld-shuji", "kind": "dance"},
	} {
		status, out := s.do(http.MethodPost, "/sim/send", body)
		if status != http.StatusBadRequest || out["error"] == "" {
			t.Errorf("send %v = %d %v", body, status, out)
		}
	}
	s.want("callbacks", s.bot.count(), 0)
}

func TestNewGroup(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.want("status", s.post("/sim/send", map[string]any{"chat": "g-new", "from": "sj-meiyuan", "text": "/绑定"})["status"], 200)
	chats := s.get("/sim/state")["chats"].([]any)
	s.want("chats", len(chats), 2)
	s.want("members", chats[1].(map[string]any)["members"], []string{"sj-meiyuan"})
}

func TestReplyRules(t *testing.T) {
	t.Parallel()
	card := `{"card_type":"button_interaction","main_title":{"title":"x"},"task_id":"t1","button_list":[{"text":"好","key":"k"}]}`
	for name, c := range map[string]struct {
		reply string
		ok    bool
	}{
		"stream":             {streamReply("好"), true},
		"card":               {`{"msgtype":"template_card","template_card":` + card + `}`, true},
		"both":               {`{"msgtype":"stream_with_template_card","stream":{"id":"S","finish":true,"content":"好"},"template_card":` + card + `}`, true},
		"exactly full":       {streamReply(strings.Repeat("a", 20480)), true},
		"one byte too long":  {streamReply(strings.Repeat("a", 20481)), false},
		"text":               {`{"msgtype":"text","text":{"content":"好"}}`, false},
		"markdown":           {`{"msgtype":"markdown","markdown":{"content":"好"}}`, false},
		"no stream id":       {`{"msgtype":"stream","stream":{"finish":true,"content":"好"}}`, false},
		"picture mid stream": {`{"msgtype":"stream","stream":{"id":"S","finish":false,"content":"好","msg_item":[{}]}}`, false},
		"bad card":           {`{"msgtype":"template_card","template_card":{"card_type":"button_interaction"}}`, false},
		"not JSON":           {`好`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.bot.say = func(string) string { return c.reply }
			out := s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
			if got := out["violation"] == nil && out["reply"] != nil; got != c.ok {
				t.Errorf("accepted = %v, want %v (%v)", got, c.ok, out["violation"])
			}
			s.want("violations", len(s.get("/sim/violations")["violations"].([]any)) == 0, c.ok)
			s.want("shown", len(s.messages("sj-meiyuan")) > 1, c.ok)
		})
	}
}

func TestReplyEnvelope(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(string) string{
		"signature":           func(e string) string { return strings.Replace(e, `"msgsignature":"`, `"msgsignature":"0`, 1) },
		"field name":          func(e string) string { return strings.Replace(e, "msgsignature", "msg_signature", 1) },
		"timestamp in quotes": func(e string) string { return strings.Replace(e, "1581577200", `"1581577200"`, 1) },
		"nonce":               func(e string) string { return strings.Replace(e, `"nonce":"`, `"nonce":"x`, 1) },
		"plain text":          func(string) string { return "success" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			good := s.bot.seal
			s.bot.seal = func(plain, nonce string) string { return spoil(good(plain, nonce)) }
			out := s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
			if out["violation"] == nil || out["reply"] != nil {
				t.Errorf("spoiled %s was taken: %v", name, out)
			}
		})
	}
}

func TestTransportFailure(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.status = []int{500}
	out := s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	s.want("status", out["status"], 500)
	s.want("tries", s.bot.count(), 1) // aibot callbacks are not tried again
	s.post("/sim/fault", map[string]any{"endpoint": "callback/bot", "kind": "drop_response"})
	out = s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	s.want("status of a lost answer", out["status"], 0)
	if out["error"] == nil {
		t.Error("a lost answer shows no error")
	}

	heard := s.bot.count()
	s.post("/sim/fault", map[string]any{"endpoint": "callback/bot", "kind": "reset"})
	s.want("status of a broken connection", s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})["status"], 0)
	s.want("heard", s.bot.count(), heard)

	again := open(t, func(o *sim.Options) { o.Redeliver = true })
	again.bot.status = []int{500, 502}
	s.want("redelivered", again.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})["status"], 200)
	s.want("tries", again.bot.count(), 3)
}

func TestStreamIsPolled(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.PollEvery = time.Millisecond })
	n := 0
	s.bot.say = func(cb string) string {
		if !strings.Contains(cb, `"msgtype":"stream"`) {
			return `{"msgtype":"stream","stream":{"id":"S1","finish":false,"content":"在算"}}`
		}
		if strings.Contains(cb, "response_url") {
			return "poll with response_url"
		}
		if n++; n < 3 {
			return `{"msgtype":"stream","stream":{"id":"S1","finish":false,"content":"还在算"}}`
		}
		return `{"msgtype":"stream","stream":{"id":"S1","finish":true,"content":"算好了"}}`
	}
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "汇总"})
	for changed := s.follow(); s.texts("sj-meiyuan")[1] != "防控助手: 算好了"; {
		<-changed
	}
	s.want("bubbles", len(s.messages("sj-meiyuan")), 2)
}

func TestStreamTimesOut(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.PollEvery = time.Millisecond })
	polled := make(chan bool, 1000)
	s.bot.say = func(string) string {
		polled <- true
		return `{"msgtype":"stream","stream":{"id":"S1","finish":false,"content":"在算"}}`
	}
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "汇总"})
	<-polled
	<-polled // polled once, and goes on
	s.advance(6 * time.Minute)
	for changed := s.follow(); s.messages("sj-meiyuan")[1]["note"] != "回复超时"; {
		<-changed
	}
}

func TestAppRetries(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.app.status = []int{500, 500}
	s.app.say = func(string) string { return s.textReply("收到") }
	out := s.post("/sim/send", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "text": "马上 ]]> 去"})
	s.want("status", out["status"], 200)
	s.want("reply", out["reply"], map[string]any{"msgtype": "text", "text": map[string]any{"content": "收到"}})
	s.want("tries", s.app.count(), 3)
	if s.app.nonces[0] == s.app.nonces[1] {
		t.Error("a second try used the nonce again")
	}
	var m struct{ MsgId, Content, FromUserName string }
	for _, x := range s.app.heard {
		if err := xml.Unmarshal([]byte(x), &m); err != nil {
			t.Fatal(err)
		}
		s.want("MsgId", m.MsgId, out["msgid"])
		s.want("Content", m.Content, "马上 ]]> 去")
	}
	s.app.status = []int{500, 500, 500, 500}
	out = s.post("/sim/send", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	s.want("status after three failures", out["status"], 500)
	s.want("tries", s.app.count(), 6)
}

func TestAppReplyRules(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, reply := range map[string]string{
		"wrong person": strings.Replace(s.textReply("x"), "sj-meiyuan", "ld-shuji", 1),
		"empty":        s.textReply(""),
		"markdown":     strings.Replace(s.textReply("x"), ">text<", ">markdown<", 1),
		"not XML":      "{}",
	} {
		s.app.say = func(string) string { return reply }
		out := s.post("/sim/send", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
		if out["violation"] == nil {
			t.Errorf("%s was taken", name)
		}
	}
	s.app.say = func(string) string { return s.textReply(strings.Repeat("字", 700)) }
	s.post("/sim/send", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	m := s.messages("app:sj-meiyuan")
	s.want("bytes shown of 2100", len(m[len(m)-1]["text"].(string)), 2046) // cut at 2048 without splitting a character
}

func TestClickAppCard(t *testing.T) {
	t.Parallel()
	s := open(t)
	msg := map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": "template_card", "template_card": buttons("case-1")}
	s.want("send", s.code(s.sendPath(), msg), 0)
	var event struct {
		Event, EventKey, TaskId, CardType, ResponseCode string
		SelectedItems                                   struct {
			SelectedItem []struct {
				QuestionKey string
				OptionIds   struct{ OptionId []string }
			}
		}
	}
	s.app.say = func(cb string) string {
		xml.Unmarshal([]byte(cb), &event)
		return ""
	}
	out := s.post("/sim/click", map[string]any{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "task_id": "case-1", "key": "ok:6", "selected": map[string]any{"q": "o1", "r": []string{"a", "b"}}})
	s.want("status", out["status"], 200)
	s.want("event", event.Event+" "+event.EventKey+" "+event.TaskId+" "+event.CardType, "template_card_event ok:6 case-1 button_interaction")
	s.want("selected", fmt.Sprint(event.SelectedItems.SelectedItem), "[{q {[o1]}} {r {[a b]}}]")
	update := map[string]any{"userids": []string{"sj-meiyuan"}, "agentid": 1000002, "response_code": event.ResponseCode, "button": map[string]string{"replace_name": "已确认"}}
	path := "message/update_template_card?access_token=" + s.token
	s.want("update", s.code(path, update), 0)
	s.want("card", s.messages("app:sj-meiyuan")[0]["done"], "已确认")
	s.want("used code", s.code(path, update), 40058)

	for _, body := range []map[string]any{
		{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "task_id": "case-2", "key": "ok:6"},
		{"chat": "app:sj-meiyuan", "from": "sj-meiyuan", "task_id": "case-1", "key": "no"},
	} {
		if status, _ := s.do(http.MethodPost, "/sim/click", body); status != http.StatusBadRequest {
			t.Errorf("click %v = %d", body, status)
		}
	}
}

func TestClickBotCard(t *testing.T) {
	t.Parallel()
	s := open(t)
	card := `{"card_type":"button_interaction","main_title":{"title":"x"},"task_id":"t1","button_list":[{"text":"好","key":"k"}],"replace_text":"办好了"}`
	s.bot.say = func(string) string { return `{"msgtype":"template_card","template_card":` + card + `}` }
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	press := map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "task_id": "t1", "key": "k"}
	s.bot.say = func(string) string {
		return `{"response_type":"update_template_card","template_card":` + strings.Replace(card, "t1", "t2", 1) + `}`
	}
	if out := s.post("/sim/click", press); out["violation"] == nil {
		t.Error("an update with another task_id was taken")
	}
	s.bot.say = func(string) string { return `{"response_type":"update_template_card","template_card":` + card + `}` }
	s.post("/sim/click", press)
	s.want("card", s.messages("sj-meiyuan")[1]["done"], "办好了")
	s.want("event_key", s.bot.last()["event"].(map[string]any)["template_card_event"].(map[string]any)["event_key"], "k")
}

func TestSettleAfterSend(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	s.want("settled", len(s.settled), 1)
	s.mu.Lock()
	s.asleep = errors.New("house is down")
	s.mu.Unlock()
	s.want("status though the house is down", s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})["status"], 200)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	var wg sync.WaitGroup
	for i := range 20 {
		for range 4 { // more than the three the platform has in interaction
			wg.Go(func() {
				id := fmt.Sprintf("p%d", i)
				s.do(http.MethodPost, "/sim/send", map[string]any{"chat": id, "from": id, "text": "新返2"})
			})
		}
	}
	wg.Wait()
	s.want("callbacks", s.bot.count(), 80)
	var seqs []int
	for _, m := range s.get("/sim/messages")["messages"].([]any) {
		seqs = append(seqs, int(m.(map[string]any)["seq"].(float64)))
	}
	if len(seqs) != 160 || !slices.IsSorted(seqs) {
		t.Errorf("transcript has %d entries, sorted %v", len(seqs), slices.IsSorted(seqs))
	}
}

func TestOpenUserIDs(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.OpenUserIDs = true })
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	open := s.bot.last()["from"].(map[string]any)["userid"].(string)
	if !strings.HasPrefix(open, "wo") {
		t.Fatalf("userid %s is not encrypted", open)
	}
	s.login()
	out := s.post("/cgi-bin/batch/openuserid_to_userid?access_token="+s.token, map[string]any{"open_userid_list": []string{open, "ld-shuji"}})
	s.want("found", out["userid_list"], []any{map[string]any{"open_userid": open, "userid": "sj-meiyuan"}})
	s.want("plain already", out["invalid_open_userid_list"], []any{"ld-shuji"})
}

// What is refused opens no chat: a press or a rating in a group that nobody has leaves none
// behind on the page.
func TestRefusedLeavesNoGroup(t *testing.T) {
	t.Parallel()
	s := open(t)
	for path, body := range map[string]map[string]any{
		"/sim/click":    {"chat": "g-nobody", "from": "sj-meiyuan", "task_id": "case-1", "key": "ok"},
		"/sim/feedback": {"chat": "g-nobody", "from": "sj-meiyuan", "seq": 1, "type": 1},
	} {
		if status, _ := s.do(http.MethodPost, path, body); status != http.StatusBadRequest {
			t.Errorf("%s = %d", path, status)
		}
	}
	if state := fmt.Sprint(s.get("/sim/state")); strings.Contains(state, "g-nobody") {
		t.Error("a refused press left a group behind")
	}
}
