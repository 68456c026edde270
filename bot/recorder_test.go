package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
	"juwei/store/storetest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func actOf(street string) store.Act {
	return store.Act{Street: street, Changes: []store.Change{store.Put(store.Notices(), "1", store.Any, "x")}}
}

// recorder stands in for the platform: it takes everything and notes what it was asked.
type recorder struct {
	mu   sync.Mutex
	seen []recorded
}

type recorded struct {
	method, path, query, contentType string
	body                             map[string]any
	raw                              string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	one := recorded{req.Method, req.URL.Path, req.URL.RawQuery, req.Header.Get("Content-Type"), nil, string(raw)}
	_ = json.Unmarshal(raw, &one.body)
	r.mu.Lock()
	r.seen = append(r.seen, one)
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch req.URL.Path {
	case "/cgi-bin/gettoken":
		io.WriteString(w, `{"errcode":0,"errmsg":"ok","access_token":"TOKEN","expires_in":7200}`)
	case "/cgi-bin/message/send":
		io.WriteString(w, `{"errcode":0,"errmsg":"ok","invaliduser":"","msgid":"M1","response_code":"RC"}`)
	default:
		io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}
}

func (r *recorder) all(path string) []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []recorded
	for _, one := range r.seen {
		if one.path == path {
			out = append(out, one)
		}
	}
	return out
}

// What leaves for the platform is what its documents ask for (WECOM.md §7.1, §9.1, §9.2,
// §10): seen by a bare recorder, not by our own simulator.
func TestRequestsAsThePlatformWantsThem(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	srv := httptest.NewServer(rec)
	t.Cleanup(srv.Close)
	cfg, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	street := cfg.Streets[0]
	street.Code = storetest.Street(t)
	tenant := sim.Tenant{
		CorpID: "ww1234567890abcdef", AgentID: 1000002, AppSecret: "app-secret-of-this-test", AppToken: "apptoken",
		AppAESKey: strings.Repeat("a", 43), BotID: "aib1", BotToken: "bottoken", BotAESKey: strings.Repeat("b", 43), BotSecret: "bot-secret",
		Webhooks: map[string]string{"g-shuji": "11111111-key-shuji", "g-zhiban": "22222222-key-zhiban"},
	}
	useTenant(cfg, tenant, srv.URL)
	at, err := parseAt("2020-02-13T15:00")
	if err != nil {
		t.Fatal(err)
	}
	clock := newMovedClock(at)
	ctx := context.Background()
	var log strings.Builder
	a, err := newApp(ctx, appOptions{
		Config: cfg, Store: storetest.Start(t).Open(t), Clock: clock, Owner: "test",
		Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	turn := func(at time.Time) {
		t.Helper()
		clock.Set(at)
		if _, err := a.turn(ctx, at); err != nil {
			t.Fatal(err)
		}
	}
	turn(at)
	turn(at.Add(30 * time.Minute)) // 15:30: the group's line and the private nudges
	a.receive(ctx, handlers.Message{ID: "1", Via: handlers.ViaBot, From: "jw-1", Kind: handlers.Text, Text: "/通知 口罩 <@all> 登记", At: clock.Now()})
	turn(at.Add(31 * time.Minute))

	posts := rec.all("/cgi-bin/webhook/send")
	if len(posts) != 1 {
		t.Fatalf("%d webhook posts, want 1: %v", len(posts), posts)
	}
	p := posts[0]
	if p.method != "POST" || p.query != "key=11111111-key-shuji" || !strings.HasPrefix(p.contentType, "application/json") {
		t.Errorf("webhook: %s ?%s %s", p.method, p.query, p.contentType)
	}
	text, _ := p.body["text"].(map[string]any)
	if p.body["msgtype"] != "text" || text["content"] != "日报17:00截止，已收0/19，@我或私聊回一行" {
		t.Errorf("webhook body: %s", p.raw)
	}

	tokens := rec.all("/cgi-bin/gettoken")
	if len(tokens) != 1 || !strings.Contains(tokens[0].query, "corpid=ww1234567890abcdef") || !strings.Contains(tokens[0].query, "corpsecret=app-secret-of-this-test") {
		t.Errorf("tokens were fetched %d times: %v", len(tokens), tokens)
	}
	sends := rec.all("/cgi-bin/message/send")
	if len(sends) != 20 { // 19 nudges, one approval card
		t.Fatalf("%d app messages, want 20", len(sends))
	}
	to := map[string]bool{}
	var card map[string]any
	for _, s := range sends {
		if s.query != "access_token=TOKEN" {
			t.Errorf("app message with query %q", s.query)
		}
		var exact struct {
			AgentID json.Number `json:"agentid"`
		}
		if err := json.Unmarshal([]byte(s.raw), &exact); err != nil || exact.AgentID.String() != "1000002" || strings.Contains(s.raw, `"agentid":"`) {
			t.Errorf("agentid must be a JSON integer: %s", s.raw)
		}
		to[s.body["touser"].(string)] = true
		if s.body["msgtype"] == "template_card" {
			card, _ = s.body["template_card"].(map[string]any)
		} else if s.body["msgtype"] != "text" {
			t.Errorf("msgtype %v", s.body["msgtype"])
		}
		if s.body["enable_duplicate_check"] != float64(1) {
			t.Errorf("a push that may be repeated must ask for the duplicate check: %s", s.raw)
		}
		if strings.Contains(s.raw, `\u003c`) {
			t.Errorf("HTML escapes in %s", s.raw)
		}
	}
	if !to["sj-meiyuan"] || !to["jw-2"] || to["jw-1"] {
		t.Errorf("recipients: %v", to)
	}
	if card["card_type"] != "button_interaction" || card["task_id"] == "" {
		t.Errorf("card: %v", card)
	}
	for _, secret := range []string{"11111111-key-shuji", "app-secret-of-this-test", "TOKEN", "bottoken"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
