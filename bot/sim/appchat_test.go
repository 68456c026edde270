package sim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"juwei/bot/sim"
)

func members(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("p%d", i))
	}
	return out
}

func TestAppChat(t *testing.T) {
	t.Parallel()
	s := open(t)
	create := func(body map[string]any) int { return s.code(s.api("appchat/create"), body) }
	for _, c := range []struct {
		what string
		body map[string]any
		want int
	}{
		{"two", map[string]any{"userlist": members(2), "chatid": "two"}, 0},
		{"one", map[string]any{"userlist": members(1)}, 86006},
		{"the same twice", map[string]any{"userlist": []string{"p1", "P1"}}, 86006},
		{"stranger", map[string]any{"userlist": []string{"p1", "nobody"}}, 86007},
		{"owner outside", map[string]any{"userlist": members(2), "owner": "p9"}, 86207},
		{"owner unknown", map[string]any{"userlist": members(2), "owner": "nobody"}, 86005},
		{"name full", map[string]any{"userlist": members(2), "name": strings.Repeat("字", 50)}, 0},
		{"name over", map[string]any{"userlist": members(2), "name": strings.Repeat("字", 51)}, 86004},
		{"id full", map[string]any{"userlist": members(2), "chatid": strings.Repeat("a", 32)}, 0},
		{"id over", map[string]any{"userlist": members(2), "chatid": strings.Repeat("a", 33)}, 86001},
		{"id with a dash", map[string]any{"userlist": members(2), "chatid": "a-b"}, 86001},
		{"id again", map[string]any{"userlist": members(2), "chatid": "two"}, 86215},
		{"id of another group", map[string]any{"userlist": members(2), "chatid": "g-shuji"}, 86001},
	} {
		s.want(c.what, create(c.body), c.want)
	}
	s.want("hidden before the first message", len(s.get("/sim/state")["chats"].([]any)), 1)
	send := func(chat, kind string, body any) int {
		return s.code(s.api("appchat/send"), map[string]any{"chatid": chat, "msgtype": kind, kind: body})
	}
	s.want("say", send("two", "text", map[string]any{"content": "到岗 <@p0>", "mentioned_list": []string{"@all"}}), 0)
	s.want("seen", len(s.get("/sim/state")["chats"].([]any)), 2)
	s.want("called", s.messages("two")[0]["mentions"], []string{"p0", "@all"})
	s.want("card", send("two", "template_card", buttons("t")), 40008)
	s.want("markdown full", send("two", "markdown", map[string]string{"content": strings.Repeat("a", 2048)}), 0)
	s.want("markdown over", send("two", "markdown", map[string]string{"content": strings.Repeat("a", 2049)}), 40058)
	s.want("a group of others", send("g-shuji", "text", map[string]string{"content": "x"}), 86008)
	s.want("no such group", send("nowhere", "text", map[string]string{"content": "x"}), 86003)
	s.want("no group", send("", "text", map[string]string{"content": "x"}), 86201)
	update := func(body map[string]any) int { return s.code(s.api("appchat/update"), body) }
	s.want("rename and add", update(map[string]any{"chatid": "two", "name": "值守", "add_user_list": []string{"p5"}, "owner": "p5"}), 0)
	s.want("one left", update(map[string]any{"chatid": "two", "del_user_list": []string{"p5", "p0"}}), 86006)
	s.want("update", s.get("/cgi-bin/" + s.api("appchat/get?chatid=two"))["chat_info"], map[string]any{"chatid": "two", "name": "值守", "owner": "p5", "userlist": []string{"p0", "p1", "p5"}})
	s.want("get", s.code(s.api("appchat/get?chatid=nowhere"), nil), 86003)
}

func TestAppChatRate(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.code(s.api("appchat/create"), map[string]any{"userlist": members(2), "chatid": "g"})
	send := func(n int) int {
		for range n {
			s.want("errcode", s.code(s.api("appchat/send"), map[string]any{"chatid": "g", "msgtype": "text", "text": map[string]string{"content": "x"}}), 0)
		}
		return len(s.messages("g"))
	}
	s.want("201 in a minute", send(201), 200)
	s.advance(time.Minute - time.Second)
	s.want("59 s", send(1), 200)
	s.advance(time.Second)
	s.want("60 s", send(1), 201)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.TrustedDomain = "board.example:8443" })
	base := url.Values{"appid": {s.sim.Tenant().CorpID}, "redirect_uri": {"https://board.example:8443/in?x=1"}, "response_type": {"code"}, "scope": {"snsapi_base"}, "state": {"S1"}, "userid": {"ld-shuji"}}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(change ...string) (code string, to string) {
		q := url.Values{}
		for k, v := range base {
			q[k] = v
		}
		for i := 0; i+1 < len(change); i += 2 {
			q.Set(change[i], change[i+1])
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/connect/oauth2/authorize?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to = resp.Header.Get("Location")
		u, _ := url.Parse(to)
		return u.Query().Get("code"), to
	}
	who := func(code string) int { return s.code(s.api("auth/getuserinfo?code="+code), nil) }
	a, to := ask()
	if !strings.HasPrefix(to, "https://board.example:8443/in?") || !strings.Contains(to, "state=S1") || !strings.Contains(to, "x=1") {
		t.Errorf("redirected to %s", to)
	}
	b, _ := ask()
	c, _ := ask()
	s.want("who", s.get("/cgi-bin/" + s.api("auth/getuserinfo?code="+a))["userid"], "ld-shuji")
	s.want("twice", who(a), 40029)
	s.advance(5*time.Minute - time.Second)
	out := s.get("/cgi-bin/" + s.api("auth/getuserinfo?code="+b))
	s.want("just before 5 min", out["userid"], "ld-shuji")
	s.advance(time.Second)
	s.want("at 5 min", who(c), 40029)
	detail := func() int {
		return s.code(s.api("auth/getuserdetail"), map[string]any{"user_ticket": out["user_ticket"]})
	}
	s.advance(1800*time.Second - 2*time.Second)
	s.want("ticket just before 1800 s", detail(), 0)
	s.advance(time.Second)
	s.want("ticket at 1800 s", detail(), 40029)
	for what, change := range map[string][2]string{"another host": {"redirect_uri", "https://evil.example/in"}, "another port": {"redirect_uri", "https://board.example/in"},
		"another corp": {"appid", "x"}, "stranger": {"userid", "x"}, "long state": {"state", strings.Repeat("s", 129)}} {
		if code, to := ask(change[0], change[1]); code != "" || to != "" {
			t.Errorf("%s was let in", what)
		}
	}
}

func TestRecallWithin24Hours(t *testing.T) {
	t.Parallel()
	s := open(t)
	send := func() string {
		_, out := s.do(http.MethodPost, "/cgi-bin/"+s.sendPath(), appText("sj-meiyuan", "错了"))
		return fmt.Sprint(out["msgid"])
	}
	recall := func(id string) int { return s.code(s.api("message/recall"), map[string]string{"msgid": id}) }
	a, b := send(), send()
	s.advance(24*time.Hour - time.Second)
	s.login()
	s.want("just before", recall(a), 0)
	s.want("shown", s.messages("app:sj-meiyuan")[0]["note"], "已撤回")
	s.advance(time.Second)
	s.want("at 24 h", recall(b), 40058)
	s.want("unknown", recall("x"), 40058)
}

// TestDailyLimit: accounts × 200 person-times a day; there are 42 accounts.
func TestDailyLimit(t *testing.T) {
	t.Parallel()
	s := open(t)
	everybody := func(n int) (code int) {
		for range n {
			code = s.code(s.sendPath(), appText("@all", "x"))
		}
		return code
	}
	s.want("200 times everybody", everybody(200), 0)
	s.want("one more", s.code(s.sendPath(), appText("p1", "x")), 45009)
	s.advance(9*time.Hour - time.Second)
	s.login()
	s.want("23:59:59", s.code(s.sendPath(), appText("p1", "x")), 45009)
	s.advance(time.Second)
	s.want("midnight", s.code(s.sendPath(), appText("p1", "x")), 0)
}

func TestTrustedIPs(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.TrustedIPs = []string{"10.0.0.1"} })
	s.want("another address", s.code(s.sendPath(), appText("p1", "x")), 60020)
	s.want("a webhook needs none", s.code(s.hook(), map[string]any{"msgtype": "text", "text": map[string]string{"content": "x"}}), 0)
	s = open(t, func(o *sim.Options) { o.Switches.TrustedIPs = []string{"127.0.0.1"} })
	s.want("ours", s.code(s.sendPath(), appText("p1", "x")), 0)
}

func TestVisibleRange(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.Hidden = []string{"p1"} })
	s.want("user/get", s.code(s.api("user/get?userid=p1"), nil), 60011)
	s.want("message/send", s.code(s.sendPath(), appText("p1", "x")), 81013)
	_, out := s.do(http.MethodPost, "/cgi-bin/"+s.sendPath(), appText("p1|p2", "x"))
	s.want("invaliduser", out["invaliduser"], "p1")
	s.want("departments", len(s.get("/cgi-bin/" + s.api("department/simplelist"))["department_id"].([]any)), 2)
	s.want("in 梅园", s.get("/cgi-bin/" + s.api("user/simplelist?department_id=2"))["userlist"], []any{map[string]any{"department": []any{2}, "name": "梅园书记", "userid": "sj-meiyuan"}})
	s.want("the rest", len(s.get("/cgi-bin/" + s.api("user/simplelist?department_id=1"))["userlist"].([]any)), 40)
	s.want("callback ips", s.code(s.api("getcallbackip"), nil), 0)
}

func TestWrongSecretsSwitch(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.WrongSecrets = 2 })
	tenant := s.sim.Tenant()
	for range 2 {
		s.want("bad secret", s.code("gettoken?corpid="+tenant.CorpID+"&corpsecret=x", nil), 40001)
	}
	s.want("shut out", s.code("gettoken?corpid="+tenant.CorpID+"&corpsecret="+tenant.AppSecret, nil), 45009)
}

func TestFeedback(t *testing.T) {
	t.Parallel()
	s := open(t)
	stream := func(id string) string {
		return `{"msgtype":"stream","stream":{"id":"S","finish":true,"content":"好","feedback":{"id":"` + id + `"}}}`
	}
	s.bot.say = func(string) string { return stream(strings.Repeat("f", 256)) }
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"})
	rate := map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "seq": 2, "type": 2, "content": "数不对", "reasons": []int{3}}
	s.bot.say = nil
	out := s.post("/sim/feedback", rate)
	s.want("status", out["status"], 200)
	event := s.bot.last()["event"].(map[string]any)
	s.want("event", event["eventtype"], "feedback_event")
	s.want("what", event["feedback_event"], map[string]any{"content": "数不对", "id": strings.Repeat("f", 256), "inaccurate_reason_list": []any{3}, "type": 2})
	if s.bot.last()["response_url"] != nil {
		t.Error("a rating has a response_url")
	}
	s.bot.say = func(string) string { return streamReply("谢谢") }
	if out := s.post("/sim/feedback", rate); out["violation"] == nil {
		t.Error("an answer to a rating was taken")
	}
	s.bot.say = func(string) string { return stream(strings.Repeat("f", 257)) }
	if out := s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "x"}); out["violation"] == nil {
		t.Error("a feedback id of 257 bytes was taken")
	}
	for _, wrong := range []map[string]any{{"chat": "sj-meiyuan", "from": "sj-meiyuan", "seq": 1, "type": 1}, {"chat": "sj-meiyuan", "from": "sj-meiyuan", "seq": 2, "type": 9}} {
		if status, _ := s.do(http.MethodPost, "/sim/feedback", wrong); status != http.StatusBadRequest {
			t.Errorf("feedback %v = %d", wrong, status)
		}
	}
}
