package wecom

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/handlers"
)

type appFixture struct {
	*heard
	*logs
	http.Handler
	cipher *Cipher
}

func newApp(tb testing.TB, say string, answer func(context.Context, handlers.Message, handlers.Content)) *appFixture {
	tb.Helper()
	f := &appFixture{heard: &heard{say: handlers.Say(say)}, logs: &logs{}, cipher: mustCipher(tb, simKey43, simToken, "wwcorp1")}
	f.Handler = AppCallback(AppOptions{AgentID: 7, Cipher: f.cipher, Receive: f.receive, Logger: f.logger(), Answer: answer,
		Now: func() time.Time { return houseNow }})
	return f
}

func (f *appFixture) post(msg string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, sealedRequest(f.cipher, "/wecom/app", msg, houseNow))
	return w
}

func (f *appFixture) opened(t *testing.T, w *httptest.ResponseRecorder) (content string) {
	t.Helper()
	var env struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
	if w.Code != 200 {
		t.Fatalf("status %d", w.Code)
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &env); err != nil {
		t.Fatalf("reply %q: %v", w.Body, err)
	}
	if env.Nonce != "n+1/=" || !f.cipher.Verify(env.MsgSignature, env.TimeStamp, env.Nonce, env.Encrypt) {
		t.Error("reply's signature does not fit")
	}
	msg, err := f.cipher.Open(env.Encrypt)
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ ToUserName, FromUserName, CreateTime, MsgType, Content string }
	if err := xml.Unmarshal(msg, &in); err != nil {
		t.Fatalf("%s: %v", msg, err)
	}
	if in.ToUserName != "lisi" || in.FromUserName != "wwcorp1" || in.MsgType != "text" || in.CreateTime != "1760000000" {
		t.Errorf("reply %+v", in)
	}
	return in.Content
}

func appXML(fields string) string {
	return "<xml><ToUserName><![CDATA[wwcorp1]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName><CreateTime>1760000001</CreateTime><AgentID>1000002</AgentID>" + fields + "</xml>"
}

const appText = "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[密语]]></Content><MsgId>7000000000000000001</MsgId>"

// TestAppVector plays V2 byte for byte.
func TestAppVector(t *testing.T) {
	t.Parallel()
	f := newApp(t, "你也好", nil)
	v := vectors[1]
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/wecom/app?msg_signature="+v.sig+"&timestamp="+v.ts+"&nonce="+v.nonce,
		strings.NewReader("<xml><ToUserName><![CDATA[wwcorp1]]></ToUserName><AgentID>1000002</AgentID><Encrypt><![CDATA["+v.enc+"]]></Encrypt></xml>")))
	if w.Code != 200 || w.Body.Len() == 0 {
		t.Fatalf("status %d, body %q", w.Code, w.Body)
	}
	want := handlers.Message{ID: "app:1000002:7000000000000000001", Via: handlers.ViaApp, From: "lisi", Kind: handlers.Text, Text: "你好", At: houseNow}
	if diff := cmp.Diff(want, f.one(t)); diff != "" {
		t.Error(diff)
	}
}

func TestAppEcho(t *testing.T) {
	t.Parallel()
	f := newApp(t, "", nil)
	enc := f.cipher.Seal([]byte("161614"))
	q := url.Values{"msg_signature": {f.cipher.Sign("1760000000", "n", enc)}, "timestamp": {"1760000000"}, "nonce": {"n"}, "echostr": {enc}}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/wecom/app?"+q.Encode(), nil))
	if w.Code != 200 || w.Body.String() != "161614" {
		t.Errorf("echo: %d %q", w.Code, w.Body)
	}
}

func TestAppKinds(t *testing.T) {
	t.Parallel()
	base := handlers.Message{ID: "app:1000002:9", Via: handlers.ViaApp, From: "lisi", At: houseNow}
	with := func(f func(*handlers.Message)) *handlers.Message { m := base; f(&m); return &m }
	event := func(name, rest string) string { return "<MsgType>event</MsgType><Event>" + name + "</Event>" + rest }
	for _, tc := range []struct {
		name, body string
		want       *handlers.Message
	}{
		{"text", "<MsgType>text</MsgType><Content><![CDATA[/日报 <新返2>]]></Content><MsgId>9</MsgId>", with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Text, "/日报 <新返2>" })},
		{"voice with words", "<MsgType>voice</MsgType><Recognition>新返两个</Recognition><MsgId>9</MsgId>", with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Voice, "新返两个" })},
		{"voice", "<MsgType>voice</MsgType><MediaId>m</MediaId><MsgId>9</MsgId>", with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"image", "<MsgType>image</MsgType><PicUrl>u</PicUrl><MsgId>9</MsgId>", with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"location", "<MsgType>location</MsgType><Label>某处</Label><MsgId>9</MsgId>", with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"enter", event("enter_agent", ""), with(func(m *handlers.Message) { m.Kind, m.ID = handlers.Enter, "app:1000002:lisi:1760000001:enter_agent" })},
		{"click", event("template_card_event", "<EventKey>/核实 42</EventKey><TaskId>t1</TaskId><CardType>button_interaction</CardType><ResponseCode>RC</ResponseCode><SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>b</OptionId></OptionIds></SelectedItem></SelectedItems>"),
			with(func(m *handlers.Message) {
				m.Kind, m.ID = handlers.Click, "app:1000002:lisi:1760000001:t1:/核实 42"
				m.Press = handlers.Press{Task: "t1", Key: "/核实 42", Response: "RC", Selected: map[string][]string{"q": {"a", "b"}}}
			})},
		{"click in a card's menu", event("template_card_menu_event", "<EventKey>/停办 42</EventKey><TaskId>t2</TaskId><ResponseCode>RC</ResponseCode>"),
			with(func(m *handlers.Message) {
				m.Kind, m.ID = handlers.Click, "app:1000002:lisi:1760000001:t2:/停办 42"
				m.Press = handlers.Press{Task: "t2", Key: "/停办 42", Response: "RC"}
			})},
		{"the app's menu", event("click", "<EventKey>/帮助</EventKey>"), with(func(m *handlers.Message) {
			m.Kind, m.Text, m.ID = handlers.Text, "/帮助", "app:1000002:lisi:1760000001:click:/帮助"
		})},
		{"a menu without a key", event("click", ""), nil},
		{"an event of tomorrow", event("hologram", "<EventKey>x</EventKey>"), nil},
		{"subscribe", event("subscribe", ""), nil},
		{"LOCATION", event("LOCATION", "<Latitude>1</Latitude>"), nil},
		{"view", event("view", "<EventKey>https://x</EventKey>"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newApp(t, "", nil)
			if w := f.post(appXML(tc.body)); w.Code != 200 || w.Body.Len() != 0 {
				t.Errorf("status %d, body %q; want an empty 200", w.Code, w.Body)
			}
			if tc.want == nil {
				if f.count() != 0 {
					t.Errorf("heard %+v", f.msgs)
				}
				return
			}
			if diff := cmp.Diff(*tc.want, f.one(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAppPassiveReply(t *testing.T) {
	t.Parallel()
	f := newApp(t, "已收 ]]> <a href=x> 5<6 6号12**\x01", nil)
	if got, want := f.opened(t, f.post(appXML(appText))), "已收 ]]> ＜a href=x> 5<6 6号12**"; got != want {
		t.Errorf("content %q, want %q", got, want)
	}
	f = newApp(t, strings.Repeat("一行字\n", 300), nil)
	if got := f.opened(t, f.post(appXML(appText))); len(got) > LimitText || !strings.HasSuffix(got, "一行字\n"+cutNote) {
		t.Errorf("%d bytes, ends %q", len(got), got[len(got)-50:])
	}
	f = newApp(t, "", nil)
	f.say = handlers.Content{Text: "请核实", Card: &handlers.Card{Task: "t", Title: "x", Buttons: []handlers.Button{{Text: "是", Line: "/是"}}}}
	if got := f.opened(t, f.post(appXML(appText))); got != "请核实\n是请回：/是" {
		t.Errorf("card without Answer: %q", got)
	}
}

// TestAppAnswer: what a passive reply cannot carry goes through Answer, after the 200.
func TestAppAnswer(t *testing.T) {
	t.Parallel()
	click := "<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>k</EventKey><TaskId>t</TaskId><ResponseCode>RC</ResponseCode>"
	card := handlers.Content{Card: &handlers.Card{Task: "t", Buttons: []handlers.Button{{Text: "是", Line: "/是"}}}}
	for _, tc := range []struct {
		name, body string
		say        handlers.Content
		carried    bool
	}{
		{"click", click, handlers.Say("已核实"), true},
		{"card", appText, card, true},
		{"long", appText, handlers.Say(strings.Repeat("字", 700)), true},
		{"short", appText, handlers.Say("好"), false},
		{"click with nothing to say", click, handlers.Content{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			type carried struct {
				m handlers.Message
				c handlers.Content
			}
			var got []carried
			w := httptest.NewRecorder()
			f := newApp(t, "", func(ctx context.Context, m handlers.Message, c handlers.Content) {
				if !w.Flushed || w.Code != 200 {
					t.Error("Answer ran before the platform had its 200")
				}
				if ctx.Err() != nil {
					t.Error("Answer's context ends with the request")
				}
				got = append(got, carried{m, c})
			})
			f.say = tc.say
			r := sealedRequest(f.cipher, "/wecom/app", appXML(tc.body), houseNow)
			ctx, hangUp := context.WithCancel(r.Context())
			hangUp()
			f.ServeHTTP(w, r.WithContext(ctx))
			if !tc.carried {
				if len(got) != 0 {
					t.Errorf("Answer was asked for %+v", got)
				}
				return
			}
			if len(got) != 1 || w.Body.Len() != 0 {
				t.Fatalf("Answer was asked %d times, body %q", len(got), w.Body)
			}
			if diff := cmp.Diff(tc.say, got[0].c); diff != "" || got[0].m.From != "lisi" {
				t.Error(diff, got[0].m)
			}
			if tc.body == click && got[0].m.Press.Response != "RC" {
				t.Error("the response code is missing")
			}
		})
	}
}

// TestAppAnswerDoesNotHoldThePlatform: over a real connection the 200 is complete while
// Answer still works, and the server's end waits for Answer.
func TestAppAnswerDoesNotHoldThePlatform(t *testing.T) {
	t.Parallel()
	release, answered := make(chan struct{}), make(chan struct{})
	f := newApp(t, strings.Repeat("字", 700), func(context.Context, handlers.Message, handlers.Content) {
		<-release
		close(answered)
	})
	s := httptest.NewServer(f)
	r := sealedRequest(f.cipher, "/wecom/app", appXML(appText), houseNow)
	res, err := s.Client().Post(s.URL+r.URL.String(), "text/xml", r.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || len(body) != 0 {
		t.Errorf("%d %q, %v", res.StatusCode, body, err)
	}
	res.Body.Close()
	close(release)
	s.Close()
	<-answered
}

// TestAppThreeTries: an error asks the platform to try again, and its last try is
// answered with words.
func TestAppThreeTries(t *testing.T) {
	t.Parallel()
	f := newApp(t, "忙，请稍后再发", nil)
	f.err = errors.New("redis down")
	for try := range 2 {
		if w := f.post(appXML(appText)); w.Code != 503 || w.Body.Len() != 0 {
			t.Fatalf("try %d: %d %q, want a bare 503", try+1, w.Code, w.Body)
		}
	}
	if got := f.opened(t, f.post(appXML(appText))); got != "忙，请稍后再发" {
		t.Errorf("third try: %q", got)
	}
	if f.lines() != 3 || strings.Contains(f.logs.String(), "密语") {
		t.Errorf("log: %s", f.logs)
	}
	if w := f.post(appXML(appText)); w.Code != 503 {
		t.Errorf("a fourth delivery counts anew: %d", w.Code)
	}
}

func TestAppRefuses(t *testing.T) {
	t.Parallel()
	c := mustCipher(t, simKey43, simToken, "wwcorp1")
	for name, tc := range map[string]struct {
		r      *http.Request
		status int
	}{
		"another corp":  {sealedRequest(mustCipher(t, simKey43, simToken, "wwother"), "/wecom/app", appXML(appText), houseNow), 400},
		"another token": {sealedRequest(mustCipher(t, simKey43, "other", "wwcorp1"), "/wecom/app", appXML(appText), houseNow), 403},
		"old":           {sealedRequest(c, "/wecom/app", appXML(appText), houseNow.Add(-11*time.Minute)), 403},
		"no XML inside": {sealedRequest(c, "/wecom/app", "密语", houseNow), 400},
		"no sender":     {sealedRequest(c, "/wecom/app", "<xml>"+appText+"</xml>", houseNow), 400},
		"no id":         {sealedRequest(c, "/wecom/app", appXML("<MsgType>text</MsgType><Content>密语</Content>"), houseNow), 400},
		"no envelope":   {httptest.NewRequest("POST", "/wecom/app", strings.NewReader("hello")), 400},
		"JSON":          {httptest.NewRequest("POST", "/wecom/app", strings.NewReader(`{"encrypt":"x"}`)), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newApp(t, "ok", nil)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, tc.r)
			if w.Code != tc.status || w.Body.Len() != 0 || f.count() != 0 || f.lines() != 1 || strings.Contains(f.logs.String(), "密语") {
				t.Errorf("status %d, body %q, heard %d, log %s", w.Code, w.Body, f.count(), f.logs)
			}
		})
	}
}
