package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"juwei/bot/sim"
	"juwei/bot/wecom"
	"juwei/handlers"
)

// client is the bot's own sender, on this platform.
func (s *street) client() *wecom.Client {
	s.t.Helper()
	tenant := s.sim.Tenant()
	tr, err := wecom.Transport("")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(tr.CloseIdleConnections)
	c, err := wecom.NewClient(wecom.ClientOptions{APIBase: s.url, HTTP: &http.Client{Transport: tr}, CorpID: tenant.CorpID, AgentID: tenant.AgentID,
		Secret: wecom.Secret(tenant.AppSecret), Budget: time.Minute, Now: s.sim.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// errcode is the platform's code in an error; 0: none.
func errcode(err error) int {
	var e *wecom.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return -999
	}
	return 0
}

// parts says c as the channel cuts it, and fails at the first refusal.
func (s *street) parts(ch wecom.Channel, c handlers.Content, send func(handlers.Content) error) {
	s.t.Helper()
	for i, part := range ch.Parts(c) {
		if err := send(part); err != nil {
			s.t.Errorf("%s, part %d: %v", ch.Name, i, err)
		}
	}
}

var (
	book    = &handlers.File{Name: "台账 \"2月\".xlsx", Data: bytes.Repeat([]byte("x"), 3000)}
	picture = &handlers.File{Name: "走势.png", Data: []byte("\x89PNG\r\n\x1a\n picture")}
	board   = &handlers.Card{Title: "看板", Body: "17/19", URL: "https://example.com/board"}
)

// table is a report longer than one message of any channel.
func table() string {
	return "# 晨报\n| 社区 | 返沪 |\n|---|---|\n" + strings.Repeat("| 梅园 | 12 |\n", 1500)
}

// TestEveryChannelTakesItsParts: whatever is to be said, cut by the channel's own row of the
// table, is taken by the platform, and what the table says does not fit is refused before.
func TestEveryChannelTakesItsParts(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]handlers.Content{
		"text":    {Text: strings.Repeat("全区返沪人员登记 <@sj-meiyuan> `x`\n", 120), MentionAll: true},
		"table":   {Text: table()[:9000], Markdown: true, MentionAll: true},
		"file":    {Text: "见附件", File: book, Image: picture},
		"notice":  {Card: board},
		"buttons": {Text: "请核实", Card: &handlers.Card{Task: "c-1", Title: "核实", Buttons: []handlers.Button{{Text: "是", Line: "/是"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			c := s.client()
			ctx := t.Context()
			key := wecom.Secret(s.sim.Tenant().Webhooks["g-shuji"])
			s.parts(wecom.GroupWebhook, say, func(p handlers.Content) error { return c.Webhook(ctx, key, p, wecom.SendOptions{}) })
			s.parts(wecom.AppMessage, say, func(p handlers.Content) error {
				_, err := c.App(ctx, "sj-meiyuan", p, wecom.SendOptions{})
				return err
			})
			id, err := c.CreateAppChat(ctx, wecom.AppChat{Name: "值守", Members: []string{"sj-meiyuan", "ld-shuji"}})
			if err != nil {
				t.Fatal(err)
			}
			s.parts(wecom.AppGroup, say, func(p handlers.Content) error { return c.AppChat(ctx, id, p, wecom.SendOptions{}) })
			line := s.answering(func(context.Context, handlers.Message) (handlers.Content, error) { return handlers.Say("在"), nil })
			s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "x"})
			s.parts(wecom.BotLine, say, func(p handlers.Content) error { return line.Push(ctx, "g-shuji", false, p) })
			s.want("violations", len(s.get("/sim/violations")["violations"].([]any)), 0)
			for _, chat := range []string{"g-shuji", "app:sj-meiyuan", id} {
				if len(s.messages(chat)) == 0 {
					t.Errorf("%s is empty", chat)
				}
			}
			if name == "file" {
				m := s.messages("g-shuji")
				s.want("webhook", fmt.Sprint(m[0]["text"], m[1]["msgtype"], m[2]["file"].(map[string]any)["size"]), "见附件image3000")
				s.want("name", m[2]["file"].(map[string]any)["name"], `台账 _2月_.xlsx`)
				s.want("line", m[len(m)-1]["file"].(map[string]any)["size"], 3000)
			}
		})
	}
}

// answering is the bot's end of the long connection, subscribed.
func (s *street) answering(receive handlers.Receive, change ...func(*wecom.LongConnOptions)) *wecom.LongConn {
	s.t.Helper()
	tenant := s.sim.Tenant()
	o := wecom.LongConnOptions{URL: "ws" + strings.TrimPrefix(s.url, "http") + "/ws", BotID: tenant.BotID, Secret: wecom.Secret(tenant.BotSecret), Receive: receive, Now: s.sim.Now}
	for _, f := range change {
		f(&o)
	}
	line, err := wecom.NewLongConn(o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- line.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-done })
	for !line.Connected() {
		select {
		case <-time.After(time.Millisecond):
		case err := <-done:
			done <- err
			s.t.Fatalf("the connection ended: %v", err)
		}
	}
	return line
}

// TestLineUploads: a file of many pieces goes up beside the talk and comes down as an
// answer; a lost ack and a busy platform cost nothing.
func TestLineUploads(t *testing.T) {
	t.Parallel()
	s := open(t)
	big := &handlers.File{Name: "大表.xlsx", Data: bytes.Repeat([]byte("0123456789abcdef"), 100_000)} // 1.6 MB: four pieces
	s.answering(func(context.Context, handlers.Message) (handlers.Content, error) {
		return handlers.Content{Text: "见附件", File: big}, nil
	})
	s.post("/sim/fault", map[string]any{"endpoint": "ws/aibot_upload_media_chunk", "kind": "errcode", "value": -1, "count": 2})
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "/导出"})
	for changed := s.follow(); len(s.messages("sj-meiyuan")) < 3; {
		<-changed
	}
	m := s.messages("sj-meiyuan")
	s.want("words", m[1]["text"], "见附件")
	s.want("file", m[2]["file"].(map[string]any)["size"], float64(len(big.Data)))
}

// TestLineLateAnswer: the asker sees a begun answer, which is finished in its place.
func TestLineLateAnswer(t *testing.T) {
	t.Parallel()
	s := open(t)
	release := make(chan bool)
	s.answering(func(ctx context.Context, _ handlers.Message) (handlers.Content, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return handlers.Say("算好了"), ctx.Err()
	}, func(o *wecom.LongConnOptions) { o.Budget, o.Patience = 10*time.Millisecond, time.Minute })
	done := make(chan bool)
	go func() {
		defer close(done)
		s.do(http.MethodPost, "/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "汇总"})
	}()
	for changed := s.follow(); len(s.messages("g-shuji")) < 2; {
		<-changed
	}
	s.want("meanwhile", s.messages("g-shuji")[1]["pending"], true)
	close(release)
	for changed := s.follow(); s.messages("g-shuji")[1]["text"] != "算好了"; {
		<-changed
	}
	<-done
	s.want("bubbles", len(s.messages("g-shuji")), 2)
}

// TestLineRefusals: each of the long connection's own codes (WECOM §14) and what becomes of
// the answer: another road, another try, or handed over; never twice.
func TestLineRefusals(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		846605: "bot",   // a push
		846608: "bot",   //
		600039: "bot",   //
		6000:   "reply", // the same again
		-1:     "reply", //
		846607: "lost",  // handed over: the outbox keeps the pace
		45009:  "lost",  //
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := open(t, func(o *sim.Options) { o.Wait = time.Millisecond })
			lost := make(chan string, 1)
			s.answering(func(_ context.Context, m handlers.Message) (handlers.Content, error) {
				return handlers.Say("已收"), nil
			},
				func(o *wecom.LongConnOptions) {
					o.Lost = func(_ context.Context, _ handlers.Message, c handlers.Content, _ bool) { lost <- c.Text }
				})
			s.post("/sim/fault", map[string]any{"endpoint": "ws/aibot_respond_msg", "kind": "errcode", "value": code})
			changed := s.follow()
			s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "新返2"})
			if want == "lost" {
				s.want("handed over", <-lost, "已收")
				s.want("shown", len(s.messages("g-shuji")), 1)
				return
			}
			for len(s.messages("g-shuji")) < 2 {
				<-changed
			}
			m := s.messages("g-shuji")
			s.want("how", m[1]["via"], want)
			s.want("shown", len(m), 2)
		})
	}
}

// callback puts the real callback in the place of the fake bot.
func (s *street) callback(receive handlers.Receive, change func(*wecom.BotOptions)) {
	s.t.Helper()
	tenant := s.sim.Tenant()
	cipher, err := wecom.NewCipher(tenant.BotAESKey, tenant.BotToken, "")
	if err != nil {
		s.t.Fatal(err)
	}
	o := wecom.BotOptions{BotID: tenant.BotID, Cipher: cipher, Receive: receive, Now: s.sim.Now}
	change(&o)
	there := httptest.NewServer(wecom.BotCallback(o))
	s.t.Cleanup(there.Close)
	if err := s.sim.Connect(s.t.Context(), there.URL, ""); err != nil {
		s.t.Fatal(err)
	}
}

// TestCallbackLateAnswer: an answer that takes longer than the callback waits comes by the
// response_url, or is asked for as a stream; once, in either way.
func TestCallbackLateAnswer(t *testing.T) {
	t.Parallel()
	for _, byURL := range []bool{true, false} {
		t.Run(fmt.Sprint("response_url ", byURL), func(t *testing.T) {
			t.Parallel()
			s := open(t, func(o *sim.Options) { o.Switches.PollEvery = time.Millisecond })
			release := make(chan bool)
			client := s.client()
			s.callback(func(ctx context.Context, m handlers.Message) (handlers.Content, error) {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return handlers.Content{Text: "| a |\n|---|\n| 1 |", Markdown: true}, ctx.Err()
			}, func(o *wecom.BotOptions) {
				o.Budget, o.Patience = 10*time.Millisecond, time.Minute
				if byURL {
					o.Respond = func(ctx context.Context, url wecom.Secret, c handlers.Content) error {
						err := client.Respond(ctx, url, c, wecom.SendOptions{})
						if again := client.Respond(ctx, url, c, wecom.SendOptions{}); errcode(again) != 40058 {
							t.Errorf("a second answer by the same address: %v", again)
						}
						return err
					}
				}
			})
			out := s.post("/sim/send", map[string]any{"chat": "g-shuji", "from": "sj-meiyuan", "text": "汇总"})
			s.want("status", out["status"], 200)
			s.want("answered at once", out["reply"] == nil, byURL)
			changed := s.follow()
			close(release)
			for m := s.messages("g-shuji"); len(m) < 2 || m[1]["text"] != "| a |\n|---|\n| 1 |"; m = s.messages("g-shuji") {
				<-changed
			}
			s.want("shown", len(s.messages("g-shuji")), 2)
			s.want("violations", len(s.get("/sim/violations")["violations"].([]any)), 0)
		})
	}
}

// TestDownload: what a person sends the bot is read in both modes, and only in time.
func TestDownload(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.bot.say = nil
	s.post("/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "现场 一.jpg", "kind": "image", "data": []byte("jpeg")})
	url := wecom.Secret(s.bot.last()["image"].(map[string]any)["url"].(string))
	key, _ := wecom.Key(s.sim.Tenant().BotAESKey)
	f, err := wecom.Download(t.Context(), http.DefaultClient, url, key)
	if err != nil || f.Name != "现场 一.jpg" || string(f.Data) != "jpeg" {
		t.Errorf("callback: %+v, %v", f, err)
	}
	if _, err := wecom.Download(t.Context(), http.DefaultClient, url, make([]byte, 32)); err == nil {
		t.Error("opened with another key")
	}
	s.advance(5 * time.Minute)
	_, err = wecom.Download(t.Context(), http.DefaultClient, url, key)
	var e *wecom.Error
	if !errors.As(err, &e) || e.Status != http.StatusNotFound || strings.Contains(err.Error(), string(url)) {
		t.Errorf("at 5 min: %v", err)
	}

	l := s.dial().subscribe()
	go func() {
		s.do(http.MethodPost, "/sim/send", map[string]any{"chat": "sj-meiyuan", "from": "sj-meiyuan", "text": "表.xlsx", "kind": "file", "data": []byte("workbook")})
	}()
	var body struct {
		File struct{ URL, AESKey string }
	}
	if err := jsonOf(l.read().Body, &body); err != nil {
		t.Fatal(err)
	}
	if key, err = wecom.MediaKey(strings.TrimRight(body.File.AESKey, "=")); err != nil {
		t.Fatal(err)
	}
	f, err = wecom.Download(t.Context(), http.DefaultClient, wecom.Secret(body.File.URL), key)
	if err != nil || f.Name != "表.xlsx" || string(f.Data) != "workbook" {
		t.Errorf("line: %+v, %v", f, err)
	}
}

// TestClientAndAppChat: the app's own groups from making to reading back, recall, and what
// the platform would refuse anyway is refused before.
func TestClientAndAppChat(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.client()
	ctx := t.Context()
	id, err := c.CreateAppChat(ctx, wecom.AppChat{ID: "zhishou", Name: "值守", Owner: "p1", Members: []string{"p0", "p1"}})
	if err != nil || id != "zhishou" {
		t.Fatal(id, err)
	}
	if err := c.UpdateAppChat(ctx, id, wecom.AppChatChange{Add: []string{"p2"}, Remove: []string{"p0"}, Name: "夜班"}); err != nil {
		t.Error(err)
	}
	got, err := c.ReadAppChat(ctx, id)
	s.want("read", fmt.Sprint(got, err), fmt.Sprint(wecom.AppChat{ID: id, Name: "夜班", Owner: "p1", Members: []string{"p1", "p2"}}, error(nil)))
	if err := c.AppChat(ctx, id, handlers.Say("到岗"), wecom.SendOptions{Mentions: []string{"p1"}}); err != nil {
		t.Error(err)
	}
	s.want("called", s.messages(id)[0]["mentions"], []string{"p1"})
	if err := c.AppChat(ctx, id, handlers.Say("**到岗** <@p2>"), wecom.SendOptions{Markdown: true}); err != nil {
		t.Error(err)
	}
	s.want("markdown", fmt.Sprint(s.messages(id)[1]["msgtype"], s.messages(id)[1]["mentions"]), "markdown[p2]")
	_, err = c.CreateAppChat(ctx, wecom.AppChat{Members: []string{"p0"}})
	s.want("one member", errcode(err), 86006)
	s.want("another's group", errcode(c.AppChat(ctx, "g-shuji", handlers.Say("x"), wecom.SendOptions{})), 86008)
	sent, err := c.App(ctx, "p1", handlers.Say("错了"), wecom.SendOptions{})
	if err != nil || c.Recall(ctx, sent.MsgID) != nil {
		t.Errorf("recall: %v", err)
	}
	s.want("recalled", s.messages("app:p1")[0]["note"], "已撤回")
	requests := len(s.get("/sim/requests?after=0")["requests"].([]any))
	key := wecom.Secret(s.sim.Tenant().Webhooks["g-shuji"])
	for what, say := range map[string]struct {
		c    handlers.Content
		code int
	}{
		"empty file":     {handlers.Content{File: &handlers.File{Name: "a"}}, 44001},
		"file too large": {handlers.Content{File: &handlers.File{Name: "a", Data: make([]byte, 20<<20+1)}}, 45001},
		"picture over":   {handlers.Content{Image: &handlers.File{Name: "a.png", Data: make([]byte, 2<<20+1)}}, 45001},
		"two in one":     {handlers.Content{Text: "见附件", File: book}, 40058},
		"long table":     {handlers.Content{Text: table(), Markdown: true}, 45002},
	} {
		s.want(what, errcode(c.Webhook(ctx, key, say.c, wecom.SendOptions{})), say.code)
	}
	s.want("requests", len(s.get("/sim/requests?after=0")["requests"].([]any)), requests)
	s.want("not a response_url", errcode(c.Respond(ctx, "file:///x", handlers.Say("x"), wecom.SendOptions{})), 40058)
}
