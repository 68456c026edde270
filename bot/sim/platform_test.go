package sim_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"juwei/bot/sim"
)

func TestToken(t *testing.T) {
	t.Parallel()
	s := open(t)
	tenant := s.sim.Tenant()
	first := s.login()
	s.want("same token", s.login() == first, true)
	s.advance(7199 * time.Second)
	s.want("1 s before expiry", s.code(s.sendPath(), appText("sj-meiyuan", "x")), 0)
	s.advance(time.Second)
	s.want("at expiry", s.code(s.sendPath(), appText("sj-meiyuan", "x")), 42001)
	s.want("new token", s.login() != first, true)
	s.sim.RevokeToken()
	s.want("revoked", s.code(s.sendPath(), appText("sj-meiyuan", "x")), 40014)
	s.want("missing", s.code("message/send", appText("sj-meiyuan", "x")), 41001)
	s.want("bad corp", s.code("gettoken?corpid=x&corpsecret=x", nil), 40013)
	for range 5 {
		s.want("bad secret", s.code("gettoken?corpid="+tenant.CorpID+"&corpsecret=x", nil), 40001)
	}
	good := "gettoken?corpid=" + tenant.CorpID + "&corpsecret=" + tenant.AppSecret
	s.want("shut out", s.code(good, nil), 45009)
	s.advance(time.Hour - time.Second)
	s.want("still", s.code(good, nil), 45009)
	s.advance(time.Second)
	s.want("again", s.code(good, nil), 0)
}

func TestWebhookLimits(t *testing.T) {
	t.Parallel()
	text := func(n int) any {
		return map[string]any{"msgtype": "text", "text": map[string]any{"content": strings.Repeat("a", n)}}
	}
	md := func(kind string, n int) any {
		return map[string]any{"msgtype": kind, kind: map[string]any{"content": strings.Repeat("a", n)}}
	}
	picture := func(data []byte, sum string) any {
		return map[string]any{"msgtype": "image", "image": map[string]any{"base64": base64.StdEncoding.EncodeToString(data), "md5": sum}}
	}
	news := func(n int) any {
		var list []any
		for range n {
			list = append(list, map[string]any{"title": "t", "url": "https://example.com"})
		}
		return map[string]any{"msgtype": "news", "news": map[string]any{"articles": list}}
	}
	sum, full := md5.Sum([]byte("x")), md5.Sum(make([]byte, 2<<20))
	notice := map[string]any{"card_type": "text_notice", "main_title": map[string]any{"title": "x"}, "card_action": map[string]any{"type": 1, "url": "https://example.com"}}
	for name, c := range map[string]struct {
		body any
		want int
	}{
		"text full":         {text(2048), 0},
		"text over":         {text(2049), 40058},
		"text empty":        {text(0), 44004},
		"markdown full":     {md("markdown", 4096), 0},
		"markdown over":     {md("markdown", 4097), 40058},
		"markdown_v2 full":  {md("markdown_v2", 4096), 0},
		"markdown_v2 over":  {md("markdown_v2", 4097), 40058},
		"picture":           {picture([]byte("x"), hex.EncodeToString(sum[:])), 0},
		"picture wrong md5": {picture([]byte("x"), "00"), 301019},
		"picture full":      {picture(make([]byte, 2<<20), hex.EncodeToString(full[:])), 0},
		"picture too large": {picture(make([]byte, 2<<20+1), ""), 40009},
		"8 articles":        {news(8), 0},
		"9 articles":        {news(9), 45008},
		"notice":            {map[string]any{"msgtype": "template_card", "template_card": notice}, 0},
		"buttons":           {map[string]any{"msgtype": "template_card", "template_card": buttons("t")}, 40058},
		"stream":            {map[string]any{"msgtype": "stream"}, 40008},
		"malformed":         {"{", 40058},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.want("errcode", s.code(s.hook(), c.body), c.want)
			s.want("shown", len(s.messages("g-shuji")) == 1, c.want == 0)
		})
	}
	s := open(t)
	s.want("long words of an article", s.code(s.hook(), map[string]any{"msgtype": "news", "news": map[string]any{"articles": []any{
		map[string]any{"title": strings.Repeat("a", 129), "description": strings.Repeat("b", 513), "url": "https://example.com"},
	}}}), 0)
	a := s.messages("g-shuji")[0]["card"].(map[string]any)["articles"].([]any)[0].(map[string]any)
	s.want("are cut", fmt.Sprint(len(a["title"].(string)), len(a["description"].(string))), "128 512")
	s.want("unknown key", s.code("webhook/send?key=x", text(1)), 93000)
	s.want("GET", s.code(s.hook(), nil), 40058)
	_, out := s.do(http.MethodPost, "/cgi-bin/webhook/send?key=x", text(1))
	if m := fmt.Sprint(out["errmsg"]); !strings.Contains(m, "more info at https://open.work.weixin.qq.com/devtool/query?e=93000") {
		t.Errorf("errmsg %q has not the platform's tail", m)
	}
	if status, _ := s.do(http.MethodPost, "/cgi-bin/nothing", "{}"); status != http.StatusNotFound {
		t.Errorf("unknown path = %d", status)
	}
}

func TestWebhookRate(t *testing.T) {
	t.Parallel()
	s := open(t)
	post := func() int {
		return s.code(s.hook(), map[string]any{"msgtype": "text", "text": map[string]any{"content": "x"}})
	}
	s.want("first", post(), 0)
	s.advance(30 * time.Second)
	for range 19 {
		s.want("within", post(), 0)
	}
	s.want("21st", post(), 45009)
	s.advance(30*time.Second - time.Second)
	s.want("59 s after the first", post(), 45009)
	s.advance(time.Second)
	s.want("60 s after the first", post(), 0)
	s.want("the next", post(), 45009)
	s.want("shown", len(s.messages("g-shuji")), 21)
}

func TestWebhookPenalty(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.WebhookPenalty = 10 * time.Minute })
	post := func() int {
		return s.code(s.hook(), map[string]any{"msgtype": "text", "text": map[string]any{"content": "x"}})
	}
	for range 20 {
		post()
	}
	s.want("over", post(), 45009)
	s.advance(10*time.Minute - time.Second)
	s.want("blocked", post(), 45009)
	s.advance(time.Second)
	s.want("free", post(), 0)
}

func TestWebhookMentions(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.code(s.hook(), map[string]any{"msgtype": "text", "text": map[string]any{"content": "请<@sj-meiyuan><@nobody>看", "mentioned_list": []string{"sj-meiyuan", "@all"}}})
	s.code(s.hook(), map[string]any{"msgtype": "markdown_v2", "markdown_v2": map[string]any{"content": "请<@sj-meiyuan>看"}})
	m := s.messages("g-shuji")
	s.want("text", m[0]["mentions"], []string{"sj-meiyuan", "@all"})
	s.want("from", m[0]["from"], "推送")
	s.want("markdown_v2", m[1]["mentions"], []string{})
}

func TestMessageSend(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, out := s.do(http.MethodPost, "/cgi-bin/"+s.sendPath(), appText("SJ-meiyuan|NoBody", strings.Repeat("字", 700)))
	s.want("errcode", out["errcode"], 0)
	s.want("invaliduser", out["invaliduser"], "nobody")
	s.want("text cut", len(s.messages("app:sj-meiyuan")[0]["text"].(string)), 2046)
	s.want("all invalid", s.code(s.sendPath(), appText("x|y", "x")), 81013)
	s.want("nobody", s.code(s.sendPath(), appText("", "x")), 82001)
	s.want("1001 people", s.code(s.sendPath(), appText(strings.Repeat("p1|", 1001), "x")), 40032)
	text := appText("sj-meiyuan", "x")
	text["agentid"] = "1000002"
	s.want("agentid as a string", s.code(s.sendPath(), text), 40056)
	md := func(n int) any {
		return map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": "markdown", "markdown": map[string]any{"content": strings.Repeat("a", n)}}
	}
	s.want("markdown full", s.code(s.sendPath(), md(2048)), 0)
	s.want("markdown over", s.code(s.sendPath(), md(2049)), 40058)
	card := func(url string) any {
		return map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": "textcard", "textcard": map[string]any{"title": "t", "description": "d", "url": url}}
	}
	s.want("textcard", s.code(s.sendPath(), card("https://example.com")), 0)
	s.want("textcard without scheme", s.code(s.sendPath(), card("example.com")), 45034)
	s.want("stream", s.code(s.sendPath(), map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": "stream"}), 40008)
}

func TestDuplicateCheck(t *testing.T) {
	t.Parallel()
	s := open(t)
	msg := appText("sj-meiyuan", "x")
	msg["enable_duplicate_check"], msg["duplicate_check_interval"] = 1, 600
	for _, step := range []struct {
		by    time.Duration
		shown int
	}{{0, 1}, {0, 1}, {599 * time.Second, 1}, {time.Second, 2}} {
		s.advance(step.by)
		s.want("errcode", s.code(s.sendPath(), msg), 0)
		s.want("shown", len(s.messages("app:sj-meiyuan")), step.shown)
	}
	long := appText("sj-meiyuan", "z") // four hours at most, whatever is asked for
	long["enable_duplicate_check"], long["duplicate_check_interval"] = 1, 5*3600
	s.code(s.sendPath(), long)
	s.advance(4*time.Hour - time.Second)
	s.login()
	s.code(s.sendPath(), long)
	s.want("just before 4 h", len(s.messages("app:sj-meiyuan")), 3)
	s.advance(time.Second)
	s.code(s.sendPath(), long)
	s.want("at 4 h", len(s.messages("app:sj-meiyuan")), 4)
	plain := appText("sj-meiyuan", "y")
	s.code(s.sendPath(), plain)
	s.code(s.sendPath(), plain)
	s.want("without the check", len(s.messages("app:sj-meiyuan")), 6)
}

func TestMessageSendDropsSilently(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.login()
	send := func(n int) int {
		for i := range n {
			s.want("errcode", s.code(s.sendPath(), appText("sj-meiyuan", fmt.Sprint(i))), 0)
		}
		return len(s.messages("app:sj-meiyuan"))
	}
	s.want("31 in a minute", send(31), 30)
	s.advance(59 * time.Second)
	s.want("59 s later", send(1), 30)
	s.advance(time.Second)
	s.want("60 s later", send(1), 31)
	for range 33 { // 31 + 29 + 32 × 30 = 1020, but an hour takes 1000
		send(30)
		s.advance(time.Minute)
	}
	s.want("in an hour", len(s.messages("app:sj-meiyuan")), 1000)
	s.advance(time.Hour - 34*time.Minute - time.Second)
	s.want("before the hour", send(1), 1000)
	s.advance(time.Second)
	s.want("after the hour", send(1), 1001)
}

func TestResponseCodeLives72Hours(t *testing.T) {
	t.Parallel()
	s := open(t)
	card := func(task string) string {
		_, out := s.do(http.MethodPost, "/cgi-bin/"+s.sendPath(), map[string]any{"touser": "sj-meiyuan|ld-shuji", "agentid": 1000002, "msgtype": "template_card", "template_card": buttons(task)})
		return fmt.Sprint(out["response_code"])
	}
	update := func(code string) int {
		s.login()
		return s.code("message/update_template_card?access_token="+s.token, map[string]any{"userids": []string{"sj-meiyuan"}, "agentid": 1000002, "response_code": code, "button": map[string]string{"replace_name": "好"}})
	}
	a, b := card("a"), card("b")
	s.advance(72*time.Hour - time.Second)
	s.want("just before", update(a), 0)
	s.want("once", update(a), 40058)
	_, out := s.do(http.MethodPost, "/cgi-bin/message/update_template_card?access_token="+s.token, map[string]any{"userids": []string{"sj-meiyuan", "P9"}, "agentid": 1000002, "response_code": card("c"), "button": map[string]string{"replace_name": "好"}})
	s.want("who has not got the card", out["invaliduser"], []any{"p9"})
	s.advance(time.Second)
	s.want("at 72 h", update(b), 40058)
	s.want("sj-meiyuan's card", s.messages("app:sj-meiyuan")[0]["done"], "好")
	s.want("ld-shuji's card", s.messages("app:ld-shuji")[0]["done"], nil)
	card("a")
	s.want("task id used twice", len(s.get("/sim/violations")["violations"].([]any)), 1)
}

func TestResponseURL(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = nil
	ask := func() string {
		s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "汇总"})
		return strings.TrimPrefix(s.bot.last()["response_url"].(string), s.url+"/cgi-bin/")
	}
	md := map[string]any{"msgtype": "markdown", "markdown": map[string]any{"content": "好"}}
	a, b := ask(), ask()
	s.want("text", s.code(a, map[string]any{"msgtype": "text", "text": map[string]any{"content": "好"}}), 40008)
	s.want("update", s.code(a, map[string]any{"response_type": "update_template_card"}), 40008)
	s.advance(time.Hour - time.Second)
	s.want("just before", s.code(a, md), 0)
	s.want("twice", s.code(a, md), 40058)
	s.advance(time.Second)
	s.want("at 1 h", s.code(b, md), 40058)
	s.want("shown", len(s.messages("g-shuji")), 3)
}

func TestUserGet(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.login()
	s.want("known", s.get("/cgi-bin/user/get?access_token=" + s.token + "&userid=sj-meiyuan")["name"], "梅园书记")
	s.want("unknown", s.code("user/get?access_token="+s.token+"&userid=x", nil), 60111)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := open(t)
	post := func() (int, map[string]any) {
		return s.do(http.MethodPost, "/cgi-bin/"+s.hook(), map[string]any{"msgtype": "text", "text": map[string]any{"content": "x"}})
	}
	script := func(kind string, value, count int) {
		s.post("/sim/fault", map[string]any{"endpoint": "webhook/send", "kind": kind, "value": value, "count": count})
	}
	script("errcode", -1, 2)
	for range 2 {
		_, out := post()
		s.want("errcode", out["errcode"], -1)
	}
	_, out := post()
	s.want("after two", out["errcode"], 0)
	script("http", 502, 1)
	status, _ := post()
	s.want("http", status, 502)
	script("reset", 0, 1)
	status, _ = post()
	s.want("reset", status, 0)
	s.want("shown: only the one accepted", len(s.messages("g-shuji")), 1)
	script("drop_response", 0, 1)
	status, _ = post()
	s.want("dropped answer", status, 0)
	s.want("shown: accepted", len(s.messages("g-shuji")), 2)
	script("latency", 1, 1)
	_, out = post()
	s.want("slow", out["errcode"], 0)
	script("errcode", 45009, -1)
	post()
	script("none", 0, 0)
	_, out = post()
	s.want("taken back", out["errcode"], 0)
	var faults []string
	for _, r := range s.get("/sim/requests?after=0")["requests"].([]any) {
		if f := r.(map[string]any)["fault"]; f != nil {
			faults = append(faults, f.(string))
		}
		if strings.Contains(fmt.Sprint(r), s.sim.Tenant().Webhooks["g-shuji"]) {
			t.Error("a recorded request shows the key")
		}
	}
	s.want("recorded", faults, []string{"errcode", "errcode", "http", "reset", "drop_response", "latency", "errcode"})
	for _, body := range []string{`{"endpoint":"x","kind":"magic"}`, `{"kind":"reset"}`, `{"endpoint":"x","kind":"http"}`} {
		if status, _ := s.do(http.MethodPost, "/sim/fault", body); status != http.StatusBadRequest {
			t.Errorf("fault %s = %d", body, status)
		}
	}
}
