package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/handlers"
)

// houseNow is the house clock of these tests.
var houseNow = time.Unix(1760000000, 0)

// heard records what reached Receive and answers with say.
type heard struct {
	mu   sync.Mutex
	msgs []handlers.Message
	say  handlers.Content
	err  error
}

func (h *heard) receive(ctx context.Context, m handlers.Message) (handlers.Content, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := ctx.Deadline(); !ok {
		panic("receive without a budget")
	}
	h.msgs = append(h.msgs, m)
	return h.say, h.err
}

func (h *heard) one(t *testing.T) handlers.Message {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.msgs) != 1 {
		t.Fatalf("heard %d messages, want 1", len(h.msgs))
	}
	return h.msgs[0]
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.msgs)
}

// logs collects log lines.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logs) lines() int { return strings.Count(l.String(), "\n") }

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

type botFixture struct {
	*heard
	*logs
	http.Handler
	cipher *Cipher
}

func newBot(tb testing.TB, say string) *botFixture {
	tb.Helper()
	f := &botFixture{heard: &heard{say: handlers.Say(say)}, logs: &logs{}, cipher: mustCipher(tb, simKey43, simToken, "")}
	f.Handler = BotCallback(BotOptions{BotID: "AIBOT1", Cipher: f.cipher, Receive: f.receive, Logger: f.logger(),
		Now: func() time.Time { return houseNow }})
	return f
}

// request is a signed callback with msg inside.
func sealedRequest(c *Cipher, path, msg string, at time.Time) *http.Request {
	enc := c.Seal([]byte(msg))
	ts := strconv.FormatInt(at.Unix(), 10)
	q := url.Values{"msg_signature": {c.Sign(ts, "n+1/=", enc)}, "timestamp": {ts}, "nonce": {"n+1/="}}
	body := `{"encrypt":"` + enc + `"}`
	if strings.Contains(path, "app") {
		body = "<xml><ToUserName><![CDATA[wwcorp1]]></ToUserName><AgentID>1</AgentID><Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>"
	}
	return httptest.NewRequest(http.MethodPost, path+"?"+q.Encode(), strings.NewReader(body))
}

func (f *botFixture) post(msg string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, sealedRequest(f.cipher, "/wecom/bot", msg, houseNow))
	return w
}

// opened checks a reply's envelope and returns what is inside.
func (f *botFixture) opened(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var r struct {
		Encrypt      string
		MsgSignature string
		Timestamp    int64 // a number: a string here would fail to decode
		Nonce        string
	}
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatalf("reply %q: %v", w.Body, err)
	}
	if r.Nonce != "n+1/=" || r.Timestamp != houseNow.Unix() {
		t.Errorf("reply's nonce %q, timestamp %d", r.Nonce, r.Timestamp)
	}
	if !f.cipher.Verify(r.MsgSignature, fmt.Sprint(r.Timestamp), r.Nonce, r.Encrypt) {
		t.Error("reply's signature does not fit")
	}
	msg, err := f.cipher.Open(r.Encrypt)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(msg) {
		t.Fatalf("reply is no JSON: %s", msg)
	}
	return string(msg)
}

// TestBotVector plays V1 byte for byte.
func TestBotVector(t *testing.T) {
	t.Parallel()
	f := newBot(t, "ok")
	v := vectors[0]
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/wecom/bot?msg_signature="+v.sig+"&timestamp="+v.ts+"&nonce="+v.nonce,
		strings.NewReader(`{"encrypt":"`+v.enc+`"}`)))
	if w.Code != 200 || w.Body.Len() == 0 {
		t.Fatalf("status %d, body %q", w.Code, w.Body)
	}
	want := handlers.Message{ID: "bot:AIBOT1:MSGID1", Via: handlers.ViaBot, Chat: "CHAT1", From: "zhangsan", Kind: handlers.Text, Text: "@RobotA /查询 台账", At: houseNow}
	if diff := cmp.Diff(want, f.one(t)); diff != "" {
		t.Error(diff)
	}
}

// TestBotEcho plays V3: the answer is the bare text.
func TestBotEcho(t *testing.T) {
	t.Parallel()
	f := newBot(t, "")
	v := vectors[2]
	get := func(sig, ts string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		q := url.Values{"msg_signature": {sig}, "timestamp": {ts}, "nonce": {v.nonce}, "echostr": {v.enc}}
		f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/wecom/bot?"+q.Encode(), nil))
		return w
	}
	if w := get(v.sig, v.ts); w.Code != 200 || w.Body.String() != v.msg {
		t.Errorf("echo: %d %q, want %q", w.Code, w.Body, v.msg)
	}
	if w := get(vectors[0].sig, v.ts); w.Code != 403 || w.Body.Len() != 0 {
		t.Errorf("echo with a wrong signature: %d %q", w.Code, w.Body)
	}
	old := strconv.FormatInt(houseNow.Unix()-601, 10)
	if w := get(f.cipher.Sign(old, v.nonce, v.enc), old); w.Code != 403 {
		t.Errorf("echo from eleven minutes ago: %d", w.Code)
	}
}

// TestBotKinds maps each thing the platform sends.
func TestBotKinds(t *testing.T) {
	t.Parallel()
	const head = `"msgid":"M1","aibotid":"B1","from":{"userid":"sj-meiyuan"},`
	base := handlers.Message{ID: "bot:B1:M1", Via: handlers.ViaBot, From: "sj-meiyuan", At: houseNow}
	with := func(f func(*handlers.Message)) *handlers.Message { m := base; f(&m); return &m }
	for _, tc := range []struct {
		name, body string
		want       *handlers.Message // nil: an empty 200 and nobody asked
	}{
		{"group text", `"chatid":"gG","chattype":"group","msgtype":"text","text":{"content":"@助手 /日报"}`, with(func(m *handlers.Message) { m.Chat, m.Kind, m.Text = "gG", handlers.Text, "@助手 /日报" })},
		{"single text", `"chattype":"single","msgtype":"text","text":{"content":"在"}`, with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Text, "在" })},
		{"single with a chatid", `"chatid":"x","chattype":"single","msgtype":"text","text":{"content":"在"}`, with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Text, "在" })},
		{"voice", `"chattype":"single","msgtype":"voice","voice":{"content":"新返两个"}`, with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Voice, "新返两个" })},
		{"voice not understood", `"chattype":"single","msgtype":"voice","voice":{"content":""}`, with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"mixed", `"chatid":"g","chattype":"group","msgtype":"mixed","mixed":{"msg_item":[{"msgtype":"text","text":{"content":"@助手 看"}},{"msgtype":"image","image":{"url":"u"}},{"msgtype":"text","text":{"content":"二"}}]}`,
			with(func(m *handlers.Message) { m.Chat, m.Kind, m.Text = "g", handlers.Text, "@助手 看\n二" })},
		{"mixed, pictures only", `"chattype":"single","msgtype":"mixed","mixed":{"msg_item":[{"msgtype":"image","image":{"url":"u"}}]}`, with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"image", `"chattype":"single","msgtype":"image","image":{"url":"u"}`, with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"file", `"chattype":"single","msgtype":"file","file":{"url":"u"}`, with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"video", `"chattype":"single","msgtype":"video","video":{"url":"u"}`, with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"a type of tomorrow", `"chattype":"single","msgtype":"hologram"`, with(func(m *handlers.Message) { m.Kind = handlers.Unreadable })},
		{"quote", `"chattype":"single","msgtype":"text","text":{"content":"好"},"quote":{"msgtype":"text","text":{"content":"N12 通知"}}`, with(func(m *handlers.Message) { m.Kind, m.Text, m.Quote = handlers.Text, "好", "N12 通知" })},
		{"quoted mixed", `"chattype":"single","msgtype":"text","text":{"content":"好"},"quote":{"msgtype":"mixed","mixed":{"msg_item":[{"msgtype":"text","text":{"content":"C7"}}]}}`, with(func(m *handlers.Message) { m.Kind, m.Text, m.Quote = handlers.Text, "好", "C7" })},
		{"quoted picture", `"chattype":"single","msgtype":"text","text":{"content":"好"},"quote":{"msgtype":"image","image":{"url":"u"}}`, with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Text, "好" })},
		{"enter", `"chattype":"single","msgtype":"event","event":{"eventtype":"enter_chat","enter_chat":{}}`, with(func(m *handlers.Message) { m.Kind = handlers.Enter })},
		{"click", `"chattype":"single","msgtype":"event","event":{"eventtype":"template_card_event","template_card_event":{"card_type":"button_interaction","event_key":"/核实 42","task_id":"t1","selected_items":{"selected_item":[{"question_key":"q","option_ids":{"option_id":["a","b"]}}]}}}`,
			with(func(m *handlers.Message) {
				m.Kind = handlers.Click
				m.Press = handlers.Press{Task: "t1", Key: "/核实 42", Selected: map[string][]string{"q": {"a", "b"}}}
			})},
		{"feedback", `"chattype":"single","msgtype":"event","event":{"eventtype":"feedback_event","feedback_event":{"id":"F","type":2}}`, nil},
		{"disconnected", `"msgtype":"event","event":{"eventtype":"disconnected_event"}`, nil},
		{"an event of tomorrow", `"msgtype":"event","event":{"eventtype":"enter_check_update"}`, nil},
		{"control character in the text", "\"chattype\":\"single\",\"msgtype\":\"text\",\"text\":{\"content\":\"a\x01b\"}", with(func(m *handlers.Message) { m.Kind, m.Text = handlers.Text, "ab" })},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newBot(t, "")
			w := f.post("{" + head + tc.body + "}")
			if w.Code != 200 || w.Body.Len() != 0 {
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

const textBody = `{"msgid":"M1","aibotid":"B1","chattype":"single","from":{"userid":"u"},"msgtype":"text","text":{"content":"密语"}}`

func TestBotReplies(t *testing.T) {
	t.Parallel()
	card := &handlers.Card{Task: "t", Title: "核实", Buttons: []handlers.Button{{Text: "已核实", Line: "/核实 42"}, {Text: "不对", Line: "/驳回 42"}}}
	for _, tc := range []struct {
		name, body string
		say        handlers.Content
		want       string
	}{
		{"text", textBody, handlers.Say("已收 \"R0213-07\" ✓\n<@all> 5<6"), `{"msgtype":"stream","stream":{"id":"s-M1","finish":true,"content":"已收 \"R0213-07\" ✓\n＜@all> 5<6"}}`},
		{"card", textBody, handlers.Content{Text: "请核实", Card: card}, `{"msgtype":"stream","stream":{"id":"s-M1","finish":true,"content":"请核实\n已核实请回：/核实 42\n不对请回：/驳回 42"}}`},
		{"welcome", `{"msgid":"M1","from":{"userid":"u"},"msgtype":"event","event":{"eventtype":"enter_chat"}}`, handlers.Say("我是助手"), `{"msgtype":"text","text":{"content":"我是助手"}}`},
		{"poll", `{"msgid":"M2","from":{"userid":"u"},"msgtype":"stream","stream":{"id":"S9"}}`, handlers.Content{}, `{"msgtype":"stream","stream":{"id":"S9","finish":true,"content":"这条没有答完，请再发一次。"}}`},
		{"click", `{"msgid":"M1","from":{"userid":"u"},"msgtype":"event","event":{"eventtype":"template_card_event","template_card_event":{"event_key":"/核实 42","task_id":"t"}}}`, handlers.Say("已核实\n谢谢"),
			`{"response_type":"update_template_card","template_card":{"card_type":"button_interaction","main_title":{"title":"已核实"},"sub_title_text":"谢谢","button_list":[{"text":"已处理","style":2,"key":"/核实 42"}],"replace_text":"已处理","task_id":"t"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newBot(t, "")
			f.say = tc.say
			if got := f.opened(t, f.post(tc.body)); got != tc.want {
				t.Errorf("reply\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestBotLongReplyIsCutOnALine(t *testing.T) {
	t.Parallel()
	f := newBot(t, strings.Repeat(strings.Repeat("字", 33)+"\n", 400))
	var r struct{ Stream struct{ Content string } }
	if err := json.Unmarshal([]byte(f.opened(t, f.post(textBody))), &r); err != nil {
		t.Fatal(err)
	}
	c := r.Stream.Content
	if len(c) > LimitBot || len(c) < LimitBot-200 || !strings.HasSuffix(c, "字\n"+cutNote) {
		t.Errorf("%d bytes, ends %q", len(c), c[len(c)-60:])
	}
}

// TestBotErrorIsLoggedOnce: the content is said all the same, and no text is logged.
func TestBotErrorIsLoggedOnce(t *testing.T) {
	t.Parallel()
	f := newBot(t, "忙，请稍后再发")
	f.err = errors.New("redis down")
	if got := f.opened(t, f.post(textBody)); !strings.Contains(got, "忙，请稍后再发") {
		t.Errorf("reply %s", got)
	}
	if l := f.logs.String(); f.lines() != 1 || !strings.Contains(l, `"id":"bot:B1:M1"`) || !strings.Contains(l, "redis down") || strings.Contains(l, "密语") || strings.Contains(l, "忙") {
		t.Errorf("log: %s", l)
	}
}

func TestBotRefuses(t *testing.T) {
	t.Parallel()
	c := mustCipher(t, simKey43, simToken, "")
	other := mustCipher(t, strings.Repeat("b", 43), simToken, "")
	request := func(method, query, body string) *http.Request {
		return httptest.NewRequest(method, "/wecom/bot?"+query, strings.NewReader(body))
	}
	signed := func(enc string) string {
		ts := strconv.FormatInt(houseNow.Unix(), 10)
		return "msg_signature=" + c.Sign(ts, "n", enc) + "&timestamp=" + ts + "&nonce=n"
	}
	unsigned := sealedRequest(c, "/wecom/bot", textBody, houseNow)
	unsigned.URL.RawQuery = strings.Replace(unsigned.URL.RawQuery, "msg_signature=", "msg_signature=0", 1)
	noTime := sealedRequest(c, "/wecom/bot", textBody, houseNow)
	noTime.URL.RawQuery = "nonce=n"
	for name, tc := range map[string]struct {
		r      *http.Request
		status int
	}{
		"wrong signature":     {unsigned, 403},
		"no parameters":       {noTime, 403},
		"eleven minutes old":  {sealedRequest(c, "/wecom/bot", textBody, houseNow.Add(-11*time.Minute)), 403},
		"eleven minutes late": {sealedRequest(c, "/wecom/bot", textBody, houseNow.Add(11*time.Minute)), 403},
		"another token":       {sealedRequest(mustCipher(t, simKey43, "other", ""), "/wecom/bot", textBody, houseNow), 403},
		"another key":         {sealedRequest(other, "/wecom/bot", textBody, houseNow), 400},
		"another receiver":    {sealedRequest(mustCipher(t, simKey43, simToken, "wwcorp1"), "/wecom/bot", textBody, houseNow), 400},
		"no JSON inside":      {sealedRequest(c, "/wecom/bot", "密语", houseNow), 400},
		"no sender":           {sealedRequest(c, "/wecom/bot", `{"msgid":"M","msgtype":"text","text":{"content":"密语"}}`, houseNow), 400},
		"no id":               {sealedRequest(c, "/wecom/bot", `{"from":{"userid":"u"},"msgtype":"text","text":{"content":"密语"}}`, houseNow), 400},
		"no envelope":         {request("POST", signed(""), "hello"), 400},
		"empty envelope":      {request("POST", signed(""), `{"encrypt":""}`), 400},
		"signed garbage":      {request("POST", signed("!!!!"), `{"encrypt":"!!!!"}`), 400},
		"another method":      {request("PUT", "", "{}"), 405},
		"too big":             {request("POST", signed("x"), strings.Repeat("x", maxBody+1)), 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newBot(t, "ok")
			w := httptest.NewRecorder()
			f.ServeHTTP(w, tc.r)
			if w.Code != tc.status || w.Body.Len() != 0 {
				t.Errorf("status %d, body %q; want a bare %d", w.Code, w.Body, tc.status)
			}
			if f.count() != 0 {
				t.Error("it reached Receive")
			}
			if l := f.logs.String(); f.lines() != 1 || strings.Contains(l, "密语") || strings.Contains(l, simToken) || strings.Contains(l, simKey43) {
				t.Errorf("log: %s", l)
			}
		})
	}
	t.Run("too big without a length", func(t *testing.T) {
		t.Parallel()
		f := newBot(t, "ok")
		r := request("POST", signed("x"), "")
		r.ContentLength, r.Body = -1, io.NopCloser(strings.NewReader(strings.Repeat("x", maxBody+1)))
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != 413 {
			t.Errorf("status %d", w.Code)
		}
	})
}

// TestBotEnvelopeForms: escaped slashes and further fields are read too.
func TestBotEnvelopeForms(t *testing.T) {
	t.Parallel()
	f := newBot(t, "ok")
	for i, body := range []string{`{"encrypt":"E"}`, ` { "encrypt" : "E" } `, `{"encrypt":"E","agentid":"1"}`, `{"tousername":"x","encrypt":"E"}`} {
		r := sealedRequest(f.cipher, "/wecom/bot", textBody, houseNow)
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		enc, ok := jsonEnvelope(b)
		if !ok {
			t.Fatal("envelope not read")
		}
		escaped := strings.ReplaceAll(string(enc), "/", `\/`)
		r.Body = io.NopCloser(strings.NewReader(strings.Replace(body, "E", escaped, 1)))
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != 200 || f.count() != i+1 {
			t.Errorf("%s: status %d", body, w.Code)
		}
	}
}

// TestBotParallel shares one handler among many requests; with -race it guards the pools.
func TestBotParallel(t *testing.T) {
	t.Parallel()
	c := mustCipher(t, simKey43, simToken, "")
	f := &botFixture{cipher: c, Handler: BotCallback(BotOptions{Cipher: c, Now: func() time.Time { return houseNow },
		Receive: func(_ context.Context, m handlers.Message) (handlers.Content, error) {
			return handlers.Say("答" + m.Text), nil
		}})}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 20 {
				text := fmt.Sprintf("%d-%d-%s", i, j, strings.Repeat("x", i*j))
				w := f.post(fmt.Sprintf(`{"msgid":"M%d","from":{"userid":"u"},"msgtype":"text","text":{"content":%q}}`, j, text))
				if got := f.opened(t, w); !strings.Contains(got, `"答`+text+`"`) {
					t.Errorf("got %s for %s", got, text)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzBotCallback: nothing without a valid signature reaches Receive.
func FuzzBotCallback(f *testing.F) {
	f.Add("msg_signature=x&timestamp=1760000000&nonce=n", []byte(`{"encrypt":"abcd"}`))
	f.Add("timestamp=%zz&nonce=%2B", []byte(`{`))
	v := vectors[0]
	f.Add("msg_signature="+v.sig+"&timestamp="+v.ts+"&nonce="+v.nonce, []byte(`{"encrypt":"`+v.enc+`"}`))
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		b := newBot(t, "ok")
		r := httptest.NewRequest(http.MethodPost, "/wecom/bot", bytes.NewReader(body))
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		q := parseQuery(query)
		enc, ok := jsonEnvelope(body)
		valid := ok && q.sig == Sign(simToken, q.ts, q.nonce, string(enc))
		if b.count() > 0 && !valid {
			t.Fatal("an unsigned body reached Receive")
		}
		if !valid && w.Code/100 != 4 {
			t.Fatalf("status %d for an unsigned body", w.Code)
		}
	})
}

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

func BenchmarkBotCallback(b *testing.B) {
	c := mustCipher(b, simKey43, simToken, "")
	h := BotCallback(BotOptions{Cipher: c, Now: func() time.Time { return houseNow },
		Receive: func(context.Context, handlers.Message) (handlers.Content, error) {
			return handlers.Say("已收 R0213-07 ✓ 梅园 日报：新返2 在隔7"), nil
		}})
	r := sealedRequest(c, "/wecom/bot", vectors[0].msg, houseNow)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.Fatal(err)
	}
	rd := bytes.NewReader(body)
	r.Body = io.NopCloser(rd)
	w := nowhere{make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		rd.Reset(body)
		h.ServeHTTP(w, r)
	}
}
