package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/bot/sim"
	"juwei/bot/wecom"
)

// street is a small street on a simulator, with a bot that answers what it is told.
type street struct {
	t   *testing.T
	sim *sim.Sim
	url string

	mu      sync.Mutex
	due     []time.Time // moments at which the house wants to be settled
	settled []time.Time
	stuck   bool // the house always has something due
	asleep  error

	bot, app *fakeBot
	token    string
}

// Population and the other methods make street a sim.House.
func (*street) Population() sim.Population {
	p := sim.Population{
		Bot:    "防控助手",
		Chats:  []sim.Chat{{ID: "g-shuji", Name: "书记群", Kind: "书记", Members: []string{"sj-meiyuan", "ld-shuji"}}},
		People: []sim.Person{{ID: "sj-meiyuan", Name: "梅园书记", Roles: []string{"书记"}, Unit: "梅园"}, {ID: "ld-shuji", Name: "街道书记", Roles: []string{"领导"}}},
	}
	for i := range 40 {
		p.People = append(p.People, sim.Person{ID: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("某%d", i)})
	}
	return p
}

func (s *street) Settle(_ context.Context, now time.Time) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = append(s.settled, now)
	if s.asleep != nil {
		return time.Time{}, s.asleep
	}
	if s.stuck {
		return now.Add(-time.Hour), nil
	}
	for _, d := range s.due {
		if d.After(now) {
			return d, nil
		}
	}
	return time.Time{}, nil
}

func (*street) Outbox(context.Context) (json.RawMessage, error) {
	return json.RawMessage(`{"waiting":[{"to":"书记群"}]}`), nil
}

// fakeBot is one callback address: it opens what comes, and answers with say.
type fakeBot struct {
	mu     sync.Mutex
	heard  []string // decrypted callbacks
	nonces []string
	status []int                            // statuses of the next callbacks; then 200
	say    func(callback string) string     // plain reply; "" = empty body
	seal   func(plain, nonce string) string // envelope
}

func (b *fakeBot) last() map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	var v map[string]any
	if len(b.heard) > 0 {
		json.Unmarshal([]byte(b.heard[len(b.heard)-1]), &v)
	}
	return v
}

func (b *fakeBot) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.heard)
}

func (b *fakeBot) serve(token string, key []byte, id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		body, _ := io.ReadAll(r.Body)
		enc := q.Get("echostr")
		if r.Method == http.MethodPost {
			var e struct {
				Encrypt string `json:"encrypt"`
			}
			if json.Unmarshal(body, &e) != nil {
				xml.Unmarshal(body, &e)
				var x struct{ Encrypt string }
				xml.Unmarshal(body, &x)
				e.Encrypt = x.Encrypt
			}
			enc = e.Encrypt
		}
		if q.Get("msg_signature") != wecom.Sign(token, q.Get("timestamp"), q.Get("nonce"), enc) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		plain, err := wecom.Open(key, enc, id)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if r.Method == http.MethodGet {
			w.Write(plain)
			return
		}
		b.mu.Lock()
		b.heard = append(b.heard, strings.TrimSpace(string(plain)))
		b.nonces = append(b.nonces, q.Get("nonce"))
		status := http.StatusOK
		if len(b.status) > 0 {
			status, b.status = b.status[0], b.status[1:]
		}
		say, envelope := b.say, b.seal
		b.mu.Unlock()
		w.WriteHeader(status)
		if status == http.StatusOK && say != nil {
			if reply := say(string(plain)); reply != "" {
				io.WriteString(w, envelope(reply, q.Get("nonce")))
			}
		}
	}
}

const rnd16 = "0123456789abcdef"

func open(t *testing.T, opts ...func(*sim.Options)) *street {
	t.Helper()
	s, bot, app := openAlone(t, opts...)
	if err := s.sim.Connect(t.Context(), bot, app); err != nil {
		t.Fatal(err)
	}
	return s
}

// openAlone is a street whose bot and app listen, and nobody has told the platform where.
func openAlone(t *testing.T, opts ...func(*sim.Options)) (s *street, bot, app string) {
	t.Helper()
	s = &street{t: t}
	o := sim.Options{House: s, Wait: 2 * time.Second}
	for _, f := range opts {
		f(&o)
	}
	var err error
	if s.sim, err = sim.New(o); err != nil {
		t.Fatal(err)
	}
	platform := httptest.NewServer(s.sim.Handler())
	s.url = platform.URL
	tenant := s.sim.Tenant()
	botKey, _ := wecom.Key(tenant.BotAESKey)
	appKey, _ := wecom.Key(tenant.AppAESKey)
	s.bot = &fakeBot{seal: func(plain, nonce string) string {
		enc := wecom.Seal(botKey, []byte(rnd16), []byte(plain), "")
		return fmt.Sprintf(`{"encrypt":%q,"msgsignature":%q,"timestamp":1581577200,"nonce":%q}`, enc, wecom.Sign(tenant.BotToken, "1581577200", nonce, enc), nonce)
	}, say: func(string) string { return streamReply("好") }}
	s.app = &fakeBot{seal: func(plain, _ string) string {
		enc := wecom.Seal(appKey, []byte(rnd16), []byte(plain), tenant.CorpID)
		return fmt.Sprintf(`<xml><Encrypt>%s</Encrypt><MsgSignature>%s</MsgSignature><TimeStamp>1581577200</TimeStamp><Nonce>n</Nonce></xml>`, enc, wecom.Sign(tenant.AppToken, "1581577200", "n", enc))
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("/bot", s.bot.serve(tenant.BotToken, botKey, ""))
	mux.HandleFunc("/app", s.app.serve(tenant.AppToken, appKey, tenant.CorpID))
	there := httptest.NewServer(mux)
	t.Cleanup(func() {
		s.sim.Close()
		platform.Close()
		there.Close()
	})
	return s, there.URL + "/bot", there.URL + "/app"
}

func streamReply(text string) string {
	b, _ := json.Marshal(map[string]any{"msgtype": "stream", "stream": map[string]any{"id": "S1", "finish": true, "content": text}})
	return string(b)
}

func (s *street) textReply(text string) string {
	return fmt.Sprintf(`<xml><ToUserName>sj-meiyuan</ToUserName><FromUserName>%s</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>%s</Content></xml>`, s.sim.Tenant().CorpID, text)
}

// do calls the simulator and returns the status and the JSON answer.
func (s *street) do(method, path string, body any) (int, map[string]any) {
	s.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var out map[string]any
	json.NewDecoder(resp.Body).Decode(&out)
	return resp.StatusCode, out
}

func (s *street) post(path string, body any) map[string]any {
	s.t.Helper()
	status, out := s.do(http.MethodPost, path, body)
	if status != http.StatusOK {
		s.t.Fatalf("POST %s = %d %v", path, status, out)
	}
	return out
}

func (s *street) get(path string) map[string]any {
	s.t.Helper()
	status, out := s.do(http.MethodGet, path, nil)
	if status != http.StatusOK {
		s.t.Fatalf("GET %s = %d %v", path, status, out)
	}
	return out
}

// code calls the platform and returns the errcode.
func (s *street) code(path string, body any) int {
	s.t.Helper()
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	_, out := s.do(method, "/cgi-bin/"+path, body)
	code, ok := out["errcode"].(float64)
	if !ok {
		s.t.Fatalf("%s: no errcode in %v", path, out)
	}
	return int(code)
}

func (s *street) want(what string, got, want any) {
	s.t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		s.t.Errorf("%s = %s, want %s", what, g, w)
	}
}

func (s *street) advance(by time.Duration) {
	s.t.Helper()
	if err := s.sim.Advance(s.t.Context(), s.sim.Now().Add(by)); err != nil {
		s.t.Fatal(err)
	}
}

// texts lists what a chat shows, oldest first, as "from: text".
func (s *street) texts(chat string) []string {
	s.t.Helper()
	out := []string{}
	for _, m := range s.messages(chat) {
		out = append(out, fmt.Sprint(m["from"])+": "+fmt.Sprint(m["text"]))
	}
	return out
}

func (s *street) messages(chat string) []map[string]any {
	s.t.Helper()
	var out []map[string]any
	for _, m := range s.get("/sim/messages?chat=" + chat + "&after=0")["messages"].([]any) {
		out = append(out, m.(map[string]any))
	}
	return out
}

// hook is the webhook path of the secretaries' group.
func (s *street) hook() string { return "webhook/send?key=" + s.sim.Tenant().Webhooks["g-shuji"] }

// login fetches an access token.
func (s *street) login() string {
	s.t.Helper()
	tenant := s.sim.Tenant()
	out := s.get("/cgi-bin/gettoken?corpid=" + tenant.CorpID + "&corpsecret=" + tenant.AppSecret)
	s.token, _ = out["access_token"].(string)
	return s.token
}

// sendPath is message/send with the token at hand.
func (s *street) sendPath() string {
	if s.token == "" {
		s.login()
	}
	return "message/send?access_token=" + s.token
}

func appText(to, text string) map[string]any {
	return map[string]any{"touser": to, "agentid": 1000002, "msgtype": "text", "text": map[string]string{"content": text}}
}

func buttons(task string) map[string]any {
	return map[string]any{"card_type": "button_interaction", "main_title": map[string]string{"title": "整改单"}, "task_id": task,
		"button_list": []any{map[string]any{"text": "已整改", "key": "ok:" + strconv.Itoa(len(task))}}}
}

// plain answers the verification GET with the decrypted echostr, as spoiled.
func (s *street) plain(spoil func(string) string) http.HandlerFunc {
	key, _ := wecom.Key(s.sim.Tenant().BotAESKey)
	return func(w http.ResponseWriter, r *http.Request) {
		plain, err := wecom.Open(key, r.URL.Query().Get("echostr"), "")
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		io.WriteString(w, spoil(string(plain)))
	}
}

func jsonOf(raw []byte, into any) error { return json.Unmarshal(raw, into) }
