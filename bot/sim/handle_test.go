package sim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"juwei/bot/sim"
)

func TestHandleIsGuarded(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Hosts = []string{"demo.example"} })
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"as it should be":     {func(*http.Request) {}, 200},
		"localhost":           {func(r *http.Request) { r.Host = "localhost:8080" }, 200},
		"IPv6":                {func(r *http.Request) { r.Host = "[::1]:8080" }, 200},
		"listen host":         {func(r *http.Request) { r.Host = "demo.example" }, 200},
		"rebound name":        {func(r *http.Request) { r.Host = "evil.example" }, 403},
		"own page":            {func(r *http.Request) { r.Header.Set("Origin", "http://"+r.Host) }, 200},
		"another page":        {func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		"sandboxed page":      {func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		"another port":        {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") }, 403},
		"cross-site fetch":    {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"same-site fetch":     {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		"address bar":         {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") }, 200},
		"form":                {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		"text form":           {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"JSON with a charset": {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080/sim/clock", strings.NewReader(`{"advance":"0s"}`))
			r.Header.Set("Content-Type", "application/json")
			c.change(r)
			w := httptest.NewRecorder()
			s.sim.Handler().ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status = %d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	s := open(t)
	state := s.get("/sim/state")
	s.want("now", state["now"], "2020-02-13T15:00:00+08:00")
	s.want("bot", state["bot"], "防控助手")
	s.want("chats", state["chats"], []any{map[string]any{"id": "g-shuji", "name": "书记群", "kind": "书记", "members": []any{"sj-meiyuan", "ld-shuji"}}})
	s.want("person", state["people"].([]any)[0], map[string]any{"id": "sj-meiyuan", "name": "梅园书记", "roles": []any{"书记"}, "unit": "梅园"})
	s.want("outbox", s.get("/sim/outbox")["waiting"], []any{map[string]any{"to": "书记群"}})
}

func TestMessagesAfter(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = nil
	for _, text := range []string{"一", "二", "三"} {
		s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": text})
	}
	s.post("/sim/send", map[string]any{"chat": "ld-shuji", "from": "ld-shuji", "text": "四"})
	list := s.get("/sim/messages?chat=sj-meiyuan&after=1")["messages"].([]any)
	s.want("after 1", len(list), 2)
	s.want("first", list[0].(map[string]any)["seq"], 2)
	s.want("all chats", len(s.get("/sim/messages")["messages"].([]any)), 4)
	if status, _ := s.do(http.MethodGet, "/sim/messages?after=x", nil); status != http.StatusBadRequest {
		t.Errorf("after=x = %d", status)
	}
}

func TestConfigIsForThisMachine(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.want("corp_id", s.get("/sim/config")["corp_id"], s.sim.Tenant().CorpID)
	s.want("api_base", s.get("/sim/config")["api_base"], s.url)
	s.want("ws_url", s.get("/sim/config")["ws_url"], "ws"+strings.TrimPrefix(s.url, "http")+"/ws")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/sim/config", nil)
	r.RemoteAddr = "192.0.2.7:1234"
	w := httptest.NewRecorder()
	s.sim.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), s.sim.Tenant().BotSecret) {
		t.Errorf("another machine reads the credentials: %d", w.Code)
	}
}

func TestBotAnnouncesItself(t *testing.T) {
	t.Parallel()
	var house string
	s := open(t, func(o *sim.Options) { o.Register = func(at string) { house = at } })
	s.post("/sim/bot", map[string]any{"house": "http://127.0.0.1:9"})
	s.want("house", house, "http://127.0.0.1:9")
	status, _ := s.do(http.MethodPost, "/sim/bot", map[string]any{"bot": "ftp://x"})
	s.want("not http", status, 502)
}

func TestVerificationIsExact(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, answer := range map[string]func(string) string{
		"quoted":  func(p string) string { return `"` + p + `"` },
		"newline": func(p string) string { return p + "\n" },
		"BOM":     func(p string) string { return "\ufeff" + p },
		"nothing": func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := httptest.NewServer(s.plain(answer))
			defer good.Close()
			if err := s.sim.Connect(t.Context(), good.URL, ""); err == nil {
				t.Error("saved")
			}
		})
	}
	good := httptest.NewServer(s.plain(func(p string) string { return p }))
	defer good.Close()
	if err := s.sim.Connect(t.Context(), good.URL+"?a=b", ""); err != nil {
		t.Error(err)
	}
}
