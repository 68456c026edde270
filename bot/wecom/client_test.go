package wecom

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/silenceper/wechat/v2/util"

	"juwei/handlers"
)

// The secrets of these tests: no error and no log may show one of them.
const (
	theKey    = "webhook-key-0123456789"
	theSecret = "app-secret-0123456789"
	theToken  = "access-token-0123456789"
	theCode   = "response-code-0123456789"
)

// platform is a bare recorder of requests with scripted answers.
type platform struct {
	*httptest.Server
	mu      sync.Mutex
	got     []recorded
	answers map[string][]string // path → answers, the last one repeated
	handle  http.HandlerFunc    // instead of answers, for everything but gettoken
}

type recorded struct{ path, query, body string }

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{answers: map[string][]string{
		"gettoken": {`{"errcode":0,"errmsg":"ok","access_token":"` + theToken + `","expires_in":7200}`},
	}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) //nolint:errcheck // a test's own request
	path := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
	p.mu.Lock()
	p.got = append(p.got, recorded{path, r.URL.RawQuery, string(body)})
	answer := `{"errcode":0,"errmsg":"ok"}`
	if a := p.answers[path]; len(a) > 0 {
		answer = a[0]
		if len(a) > 1 {
			p.answers[path] = a[1:]
		}
	}
	handle := p.handle
	p.mu.Unlock()
	if handle != nil && path != "gettoken" {
		handle(w, r)
		return
	}
	io.WriteString(w, answer) //nolint:errcheck // a test's own connection
}

func (p *platform) script(path string, answers ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[path] = answers
}

func (p *platform) requests(path string) (out []recorded) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.got {
		if r.path == path {
			out = append(out, r)
		}
	}
	return out
}

// tick is a clock a test moves.
type tick struct {
	mu sync.Mutex
	at time.Time
}

func (c *tick) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *tick) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

func newTestClient(t *testing.T, base string, change ...func(*ClientOptions)) (*Client, *tick, *logs) {
	t.Helper()
	clock, l := &tick{at: houseNow}, &logs{}
	tr, err := Transport("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	o := ClientOptions{APIBase: base, HTTP: &http.Client{Transport: tr}, CorpID: "wwcorp1", AgentID: 1000002, Secret: theSecret, Now: clock.now, Logger: l.logger()}
	for _, f := range change {
		f(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, clock, l
}

func asError(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("err = %v, want an *Error", err)
	}
	return e
}

func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Error(diff)
	}
}

func TestWebhookRequests(t *testing.T) {
	t.Parallel()
	card := handlers.Content{Text: "请核实", Card: &handlers.Card{Buttons: []handlers.Button{{Text: "是", Line: "/是"}}}}
	for _, tc := range []struct {
		name string
		say  handlers.Content
		o    SendOptions
		want string
	}{
		{"text", handlers.Say("日报 <@all> & 5>3 6号12**"), SendOptions{}, `{"msgtype":"text","text":{"content":"日报 ＜@all> & 5>3 6号12**","mentioned_list":[],"mentioned_mobile_list":[]}}`},
		{"mention all", handlers.Say("台风"), SendOptions{MentionAll: true}, `{"msgtype":"text","text":{"content":"台风","mentioned_list":["@all"],"mentioned_mobile_list":[]}}`},
		{"markdown", handlers.Say("**晨报** <font color=\"info\">绿</font>"), SendOptions{Markdown: true}, `{"msgtype":"markdown","markdown":{"content":"**晨报** <font color=\"info\">绿</font>"}}`},
		{"card as lines", card, SendOptions{}, `{"msgtype":"text","text":{"content":"请核实\n是请回：/是","mentioned_list":[],"mentioned_mobile_list":[]}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			c, _, _ := newTestClient(t, p.URL)
			if err := c.Webhook(t.Context(), theKey, tc.say, tc.o); err != nil {
				t.Fatal(err)
			}
			got := p.requests("webhook/send")
			if len(got) != 1 || got[0].query != "key="+theKey || strings.Contains(got[0].body, `\u`) {
				t.Fatalf("requests %+v", got)
			}
			sameJSON(t, got[0].body, tc.want)
			if len(p.requests("gettoken")) != 0 {
				t.Error("a webhook needs no token")
			}
		})
	}
}

func TestAppRequests(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.script("message/send", `{"errcode":0,"errmsg":"ok","invaliduser":"","msgid":"MID","response_code":"`+theCode+`"}`)
	c, _, _ := newTestClient(t, p.URL)
	buttons := []handlers.Button{{Text: "已核实", Line: "/核实 42 <一>", Primary: true}, {Text: "不对", Line: "/驳回 42"}}
	card := &handlers.Card{Task: "c-42", Title: "核实", Desc: "C7", Rows: []handlers.Row{{Key: "地点", Value: "南门"}}, Buttons: buttons}
	sent, err := c.App(t.Context(), "sj-meiyuan", handlers.Content{Text: "南门有人聚集", Card: card}, SendOptions{Dedupe: true})
	if err != nil || sent.MsgID != "MID" || string(sent.ResponseCode) != theCode {
		t.Fatalf("sent %+v, %v", sent, err)
	}
	if _, err := c.App(t.Context(), "sj-meiyuan", handlers.Say("请报 <a href=x>"), SendOptions{}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("长", 113)
	if _, err := c.App(t.Context(), "sj-meiyuan", handlers.Content{Text: long, Card: card}, SendOptions{}); err != nil {
		t.Fatal(err)
	}
	got := p.requests("message/send")
	if len(got) != 3 || got[0].query != "access_token="+theToken || len(p.requests("gettoken")) != 1 {
		t.Fatalf("requests %+v", got)
	}
	const common = `"touser":"sj-meiyuan","toparty":"","totag":"","agentid":1000002,"safe":0,"enable_id_trans":0,`
	sameJSON(t, got[0].body, `{`+common+`"enable_duplicate_check":1,"duplicate_check_interval":1800,"msgtype":"template_card","template_card":{"card_type":"button_interaction",
		"main_title":{"title":"核实","desc":"C7"},"sub_title_text":"南门有人聚集","horizontal_content_list":[{"keyname":"地点","value":"南门"}],"task_id":"c-42",
		"button_list":[{"text":"已核实","style":1,"key":"/核实 42 <一>"},{"text":"不对","style":2,"key":"/驳回 42"}]}}`)
	sameJSON(t, got[1].body, `{`+common+`"enable_duplicate_check":0,"duplicate_check_interval":0,"msgtype":"text","text":{"content":"请报 ＜a href=x>"}}`)
	sameJSON(t, got[2].body, `{`+common+`"enable_duplicate_check":0,"duplicate_check_interval":0,"msgtype":"text","text":{"content":"`+long+`\n已核实请回：/核实 42 <一>\n不对请回：/驳回 42"}}`)
	if q, err := url.ParseQuery(p.requests("gettoken")[0].query); err != nil || q.Get("corpid") != "wwcorp1" || q.Get("corpsecret") != theSecret {
		t.Errorf("gettoken %v, %v", q, err)
	}
}

// TestAppIdenticalBytes: the platform's duplicate check compares requests, so a repeated
// send must be the same to the byte.
func TestAppIdenticalBytes(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c, clock, _ := newTestClient(t, p.URL)
	for range 2 {
		if _, err := c.App(t.Context(), "u", handlers.Say("催报"), SendOptions{Dedupe: true}); err != nil {
			t.Fatal(err)
		}
		clock.advance(10 * time.Minute)
	}
	if got := p.requests("message/send"); got[0].body != got[1].body {
		t.Errorf("%s\n%s", got[0].body, got[1].body)
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c, _, _ := newTestClient(t, p.URL)
	long := handlers.Say(strings.Repeat("字", 683)) // 2049 bytes
	webhook := func(c2 handlers.Content, o SendOptions) error { return c.Webhook(t.Context(), theKey, c2, o) }
	app := func(user string, c2 handlers.Content) error {
		_, err := c.App(t.Context(), user, c2, SendOptions{})
		return err
	}
	for name, tc := range map[string]struct {
		err  error
		code int
	}{
		"empty webhook":    {webhook(handlers.Content{}, SendOptions{}), 44004},
		"blank webhook":    {webhook(handlers.Say(" \n"), SendOptions{}), 44004},
		"long webhook":     {webhook(long, SendOptions{}), 45002},
		"long markdown":    {webhook(handlers.Say(strings.Repeat("字", 1366)), SendOptions{Markdown: true}), 45002},
		"empty app":        {app("u", handlers.Content{}), 44004},
		"long app":         {app("u", long), 45002},
		"nobody":           {app("", handlers.Say("x")), 81013},
		"everybody":        {app("@all", handlers.Say("x")), 81013},
		"two":              {app("a|b", handlers.Say("x")), 81013},
		"longer escaped":   {webhook(handlers.Say(strings.Repeat("<a", 1024)), SendOptions{}), 45002},
		"just fits (none)": {webhook(handlers.Say(strings.Repeat("a", 2048)), SendOptions{}), 0},
	} {
		if tc.code == 0 {
			if tc.err != nil {
				t.Errorf("%s: %v", name, tc.err)
			}
			continue
		}
		if e := asError(t, tc.err); e.Code != tc.code || e.Wrote || !e.Fatal() {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if n := len(p.requests("webhook/send")) + len(p.requests("message/send")); n != 1 {
		t.Errorf("%d requests went out", n)
	}
}

func TestAppPartialFailure(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"errcode":0,"invaliduser":"lisi"}`, `{"errcode":0,"unlicenseduser":"lisi"}`} {
		p := newPlatform(t)
		p.script("message/send", answer)
		c, _, _ := newTestClient(t, p.URL)
		_, err := c.App(t.Context(), "LiSi", handlers.Say("x"), SendOptions{})
		if e := asError(t, err); e.Code != 81013 || !e.Fatal() || e.Unknown() {
			t.Errorf("%s: %+v", answer, e)
		}
	}
}

// TestUpdateCardHidesItsCode: a response code is a capability, also when the platform
// quotes it.
func TestUpdateCardHidesItsCode(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.script("message/update_template_card", `{"errcode":40058,"errmsg":"bad code `+theCode+`"}`)
	c, _, _ := newTestClient(t, p.URL)
	e := asError(t, c.UpdateCard(t.Context(), "u", theCode, "已处理"))
	if e.Code != 40058 || !e.Fatal() {
		t.Errorf("%+v", e)
	}
	assertNoSecret(t, e.Error())
}

func TestUpdateCardAndResolve(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.script("batch/openuserid_to_userid",
		`{"errcode":0,"userid_list":[{"open_userid":"woAAA","userid":"sj-meiyuan"}],"invalid_open_userid_list":[]}`,
		`{"errcode":0,"userid_list":[],"invalid_open_userid_list":["sj-wenyuan"]}`)
	c, clock, _ := newTestClient(t, p.URL)
	if err := c.UpdateCard(t.Context(), "u", theCode, "已处理"); err != nil {
		t.Fatal(err)
	}
	sameJSON(t, p.requests("message/update_template_card")[0].body, `{"userids":["u"],"agentid":1000002,"response_code":"`+theCode+`","button":{"replace_name":"已处理"}}`)
	resolve := func(id, want string, calls int) {
		t.Helper()
		got, err := c.ResolveUser(t.Context(), id)
		if n := len(p.requests("batch/openuserid_to_userid")); err != nil || got != want || n != calls {
			t.Errorf("ResolveUser(%s) = %s, %v after %d calls; want %s after %d", id, got, err, n, want, calls)
		}
	}
	resolve("woAAA", "sj-meiyuan", 1)
	resolve("sj-wenyuan", "sj-wenyuan", 2)
	resolve("woAAA", "sj-meiyuan", 2)
	resolve("sj-wenyuan", "sj-wenyuan", 2)
	clock.advance(11 * time.Minute)
	resolve("woAAA", "sj-meiyuan", 2)
	resolve("sj-wenyuan", "sj-wenyuan", 3)
	sameJSON(t, p.requests("batch/openuserid_to_userid")[0].body, `{"open_userid_list":["woAAA"]}`)
}

// TestTokenRefused: a refused token is renewed and the call made once more, not twice.
func TestTokenRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40014, 42001} {
		refused := fmt.Sprintf(`{"errcode":%d,"errmsg":"invalid access_token"}`, code)
		p := newPlatform(t)
		p.script("message/send", refused, `{"errcode":0,"msgid":"M"}`)
		c, _, l := newTestClient(t, p.URL)
		if _, err := c.App(t.Context(), "u", handlers.Say("x"), SendOptions{}); err != nil {
			t.Fatal(err)
		}
		if n, s := len(p.requests("gettoken")), len(p.requests("message/send")); n != 2 || s != 2 || l.lines() != 1 {
			t.Errorf("%d: %d tokens, %d sends, log %s", code, n, s, l)
		}
		p.script("message/send", refused)
		_, err := c.App(t.Context(), "u", handlers.Say("x"), SendOptions{})
		if e := asError(t, err); e.Code != code || !e.Retryable() || e.Unknown() {
			t.Errorf("%+v", e)
		}
		if s := len(p.requests("message/send")); s != 4 {
			t.Errorf("%d sends", s)
		}
	}
}

func TestTokenCache(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c, clock, _ := newTestClient(t, p.URL)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.App(t.Context(), "u", handlers.Say("x"), SendOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(p.requests("gettoken")); n != 1 {
		t.Errorf("eight sends at once asked for %d tokens", n)
	}
	clock.advance(2*time.Hour - 6*time.Minute)
	if _, err := c.tokens.GetAccessToken(); err != nil || len(p.requests("gettoken")) != 1 {
		t.Errorf("%v: asked again too early", err)
	}
	clock.advance(2 * time.Minute)
	if _, err := c.tokens.GetAccessToken(); err != nil || len(p.requests("gettoken")) != 2 {
		t.Errorf("%v: not renewed before its end", err)
	}
	// Refused credentials are not tried again for a minute: the platform would block us.
	p.script("gettoken", `{"errcode":40001,"errmsg":"invalid credential"}`)
	clock.advance(2 * time.Hour)
	for range 3 {
		_, err := c.App(t.Context(), "u", handlers.Say("x"), SendOptions{})
		if e := asError(t, err); e.Code != 40001 || e.Op != "token" || e.Wrote || !e.Alert() {
			t.Errorf("%+v", e)
		}
	}
	if n := len(p.requests("gettoken")); n != 3 {
		t.Errorf("%d token requests", n)
	}
	clock.advance(time.Minute)
	p.script("gettoken", `{"errcode":0,"access_token":"T2","expires_in":60}`)
	if v, err := c.tokens.GetAccessToken(); v != "T2" || err != nil {
		t.Errorf("after mending: %q, %v", v, err)
	}
}

// TestTokenWaitsWithinBudget: a caller behind a slow token request keeps its own deadline.
func TestTokenWaitsWithinBudget(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c, _, _ := newTestClient(t, p.URL)
	c.tokens.turn <- struct{}{} // somebody is fetching
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.tokens.GetAccessTokenContext(ctx)
	if e := asError(t, err); !errors.Is(err, context.Canceled) || e.Wrote || !e.Retryable() {
		t.Errorf("%+v", e)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		token, call string
		code        int
		advice      string
	}{
		"ok":         {"", "", 0, ""},
		"corp":       {`{"errcode":40013,"errmsg":"invalid corpid"}`, "", 40013, "企业 ID"},
		"secret":     {`{"errcode":40001,"errmsg":"invalid credential ` + theSecret + `"}`, "", 40001, "Secret"},
		"ip, token":  {`{"errcode":60020,"errmsg":"not allow to access from your ip"}`, "", 60020, "企业可信IP"},
		"ip, call":   {"", `{"errcode":60020,"errmsg":"not allow to access from your ip"}`, 60020, "企业可信IP"},
		"no token":   {`{"errcode":0}`, "", 0, "连不上"},
		"not JSON":   {`<html>`, "", 0, "连不上"},
		"permission": {"", `{"errcode":48002,"errmsg":"api forbidden"}`, 48002, "权限"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			if tc.token != "" {
				p.script("gettoken", tc.token)
			}
			if tc.call != "" {
				p.script("batch/openuserid_to_userid", tc.call)
			}
			c, _, _ := newTestClient(t, p.URL)
			err := c.Probe(t.Context())
			if n := len(p.requests("message/send")) + len(p.requests("webhook/send")); n != 0 {
				t.Error("the probe sent something")
			}
			if tc.advice == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := asError(t, err); e.Code != tc.code || e.Wrote && tc.token != "" || !strings.Contains(e.Advice(), tc.advice) || strings.Contains(e.Error(), theSecret) {
				t.Errorf("%v: %s", e, e.Advice())
			}
		})
	}
}

// TestOutcomes: for every way an exchange can end, whether it may be sent again; and that
// none of them shows a secret.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const (
		retry, unknown, fatal = "retry", "unknown", "fatal"
	)
	body := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) } //nolint:errcheck // a test's own connection
	}
	status := func(n int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if len(header) == 2 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(n)
			fmt.Fprintf(w, "key=%s access_token=%s", theKey, theToken) //nolint:errcheck // a test's own connection
		}
	}
	leaky := ` from key=` + theKey + ` access_token=` + theToken + ` response_code=` + theCode + ` ` + theSecret
	for name, tc := range map[string]struct {
		handle http.HandlerFunc
		want   string
		after  time.Duration
	}{
		"busy":           {body(`{"errcode":-1,"errmsg":"system busy` + leaky + `"}`), retry, 5 * time.Second},
		"rate":           {body(`{"errcode":45009,"errmsg":"api freq out of limit, hint: [1], from ip: 1.2.3.4` + leaky + `"}`), retry, time.Minute},
		"key":            {body(`{"errcode":93000,"errmsg":"invalid webhook url` + leaky + `"}`), fatal, 0},
		"new code":       {body(`{"errcode":99999,"errmsg":"new` + leaky + `"}`), fatal, 0},
		"page":           {body(`<html>` + leaky), unknown, 0},
		"empty":          {body(``), unknown, 0},
		"null":           {body(`null`), unknown, 0},
		"list":           {body(`[]`), unknown, 0},
		"text code":      {body(`{"errcode":"0"}`), unknown, 0},
		"500":            {status(500), unknown, 0},
		"502":            {status(502), unknown, 0},
		"503":            {status(503), retry, 30 * time.Second},
		"503 with after": {status(503, "Retry-After", "7"), retry, 7 * time.Second},
		"429 for ages":   {status(429, "Retry-After", "99999"), retry, 10 * time.Minute},
		"404":            {status(404), fatal, 0},
		"302":            {status(302, "Location", "https://example.com/?key="+theKey), fatal, 0},
		"dropped":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, unknown, 0},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
		}, unknown, 0}, //nolint:errcheck // a test's own connection
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			p.handle = tc.handle
			c, _, l := newTestClient(t, p.URL)
			_, appErr := c.App(t.Context(), "u", handlers.Say("密语"), SendOptions{})
			for _, err := range []error{
				c.Webhook(t.Context(), theKey, handlers.Say("密语"), SendOptions{}),
				appErr,
				c.UpdateCard(t.Context(), "u", theCode, "已处理"),
			} {
				e := asError(t, err)
				got := map[bool]string{true: retry}[e.Retryable()] + map[bool]string{true: unknown}[e.Unknown()] + map[bool]string{true: fatal}[e.Fatal()]
				if got != tc.want || e.After() != tc.after {
					t.Errorf("%v: %s after %v, want %s after %v", e, got, e.After(), tc.want, tc.after)
				}
				assertNoSecret(t, fmt.Sprintf("%v %+v %#v %s", e, e, e, e.Advice()))
				if e.Advice() == "" {
					t.Error("no advice")
				}
			}
			assertNoSecret(t, l.String())
			if _, err := c.ResolveUser(t.Context(), "x"); asError(t, err).Unknown() {
				t.Errorf("a question cannot have an unknown outcome: %v", err)
			}
		})
	}
}

func assertNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{theKey, theSecret, theToken, theCode, simKey43, simToken, "密语"} {
		if strings.Contains(text, s) {
			t.Errorf("%q shows in %s", s, text)
		}
	}
}

// TestTransportErrors: what breaks below HTTP, and the URL in Go's own errors.
func TestTransportErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		transport http.RoundTripper
		unknown   bool
		cause     error
	}{
		"refused":       {&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }}, false, nil},
		"dial deadline": {&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, context.DeadlineExceeded }}, false, context.DeadlineExceeded},
		"leaky":         {leakyTransport{}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, _ := newTestClient(t, "http://wecom.test", func(o *ClientOptions) { o.HTTP = &http.Client{Transport: tc.transport} })
			_, appErr := c.App(t.Context(), "u", handlers.Say("x"), SendOptions{})
			for _, err := range []error{c.Webhook(t.Context(), theKey, handlers.Say("x"), SendOptions{}), appErr, c.Probe(t.Context())} {
				e := asError(t, err)
				if e.Unknown() != tc.unknown || e.Retryable() == tc.unknown || tc.cause != nil && !errors.Is(err, tc.cause) {
					t.Errorf("%+v", e)
				}
				assertNoSecret(t, fmt.Sprintf("%v %+v %#v", e, e, e))
			}
		})
	}
}

// leakyTransport quotes what it was asked for.
type leakyTransport struct{}

func (leakyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("cannot reach %s", r.URL)
}

// TestDeadlines: before the request is written a time-out is harmless, after it the
// outcome is unknown.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	p := newPlatform(t)
	p.handle = func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release }
	t.Cleanup(func() { close(release) }) // runs before the server's Close, which waits
	c, _, _ := newTestClient(t, p.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	err := c.Webhook(ctx, theKey, handlers.Say("x"), SendOptions{})
	if e := asError(t, err); !e.Unknown() || !e.Wrote || !errors.Is(err, context.Canceled) || !strings.Contains(e.Error(), "outcome unknown") {
		t.Errorf("%+v", e)
	}
	err = c.Webhook(ctx, theKey, handlers.Say("x"), SendOptions{})
	if e := asError(t, err); e.Wrote || !e.Retryable() {
		t.Errorf("a request under a dead context: %+v", e)
	}
	c, _, _ = newTestClient(t, p.URL, func(o *ClientOptions) { o.Budget = time.Nanosecond })
	if err := c.Webhook(t.Context(), theKey, handlers.Say("x"), SendOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("budget of a nanosecond: %v", err)
	}
}

func TestWritten(t *testing.T) {
	t.Parallel()
	var w written
	tr := w.trace()
	if w.maybe() {
		t.Error("nothing has happened yet")
	}
	tr.GotConn(connInfo)
	if !w.maybe() {
		t.Error("from here on it may be on its way")
	}
	tr.WroteRequest(wroteInfo(errors.New("broken pipe")))
	if w.maybe() {
		t.Error("writing failed")
	}
	tr.GotConn(connInfo)
	tr.WroteRequest(wroteInfo(nil))
	if !w.maybe() {
		t.Error("written on the second connection")
	}
}

// TestTenantsSideBySide: two clients of one corp in one process keep to their own servers,
// though the library's HTTP client is one for all.
func TestTenantsSideBySide(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 4 {
		p := newPlatform(t)
		token := fmt.Sprintf("token-%d", i)
		p.script("gettoken", `{"access_token":"`+token+`","expires_in":7200}`)
		c, _, _ := newTestClient(t, p.URL+"/")
		wg.Go(func() {
			if _, err := c.App(t.Context(), "u", handlers.Say("x"), SendOptions{}); err != nil {
				t.Error(err)
			}
			if got := p.requests("message/send"); len(got) != 1 || got[0].query != "access_token="+token {
				t.Errorf("%d: %+v", i, got)
			}
		})
	}
	wg.Wait()
}

// TestLibraryAgrees checks our crypto against the library's, where the library can.
func TestLibraryAgrees(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		if got := util.Signature(simToken, v.ts, v.nonce, v.enc); got != v.sig {
			t.Errorf("%s: library signs %s", v.name, got)
		}
		got, err := util.EncryptMsg([]byte(simRandom), []byte(v.msg), v.receiveID, simKey43)
		if err != nil || string(got) != v.enc {
			t.Errorf("%s: library seals %s, %v", v.name, got, err)
		}
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return houseNow }
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]ClientOptions{
		"no clock":       {},
		"no scheme":      {Now: now, APIBase: "qyapi.weixin.qq.com"},
		"another scheme": {Now: now, APIBase: "ftp://x"},
		"missing ca":     {Now: now, CAFile: filepath.Join(t.TempDir(), "none.pem")},
		"empty ca":       {Now: now, CAFile: bad},
	} {
		if _, err := NewClient(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if c, err := NewClient(ClientOptions{Now: now}); err != nil || c.base != DefaultAPIBase {
		t.Errorf("defaults: %v", err)
	}
}

// TestCAFile: a private deployment's certificate is trusted when its file is given.
func TestCAFile(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(body200(`{"errcode":0}`))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	with, _, _ := newTestClient(t, s.URL, func(o *ClientOptions) { o.HTTP, o.CAFile = nil, file })
	if err := with.Webhook(t.Context(), theKey, handlers.Say("x"), SendOptions{}); err != nil {
		t.Error(err)
	}
	with.http.CloseIdleConnections()
	without, _, _ := newTestClient(t, s.URL)
	err := without.Webhook(t.Context(), theKey, handlers.Say("x"), SendOptions{})
	if e := asError(t, err); e.Wrote || !e.Retryable() {
		t.Errorf("an unknown certificate: %+v", e)
	}
}
