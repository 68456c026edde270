package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody is more than the largest call the platform takes (a 20 MB file).
const maxBody = 24 << 20

// call is one request to the platform.
type call struct {
	r    *http.Request
	path string // after cgi-bin/
	body []byte
	ip   string
	pop  Population
}

// verdict is what the platform answers: always HTTP 200, errcode says what happened.
type verdict struct {
	code int
	what string // why, for errmsg; nobody may match on it
	more map[string]any
	file *stored // answered instead of JSON
	note []byte  // recorded instead of the request's body
}

var accepted = verdict{}

func refuse(code int, format string, args ...any) verdict {
	return verdict{code: code, what: fmt.Sprintf(format, args...)}
}

// endpoint is one path under cgi-bin/. serve runs with the simulator's lock held.
type endpoint struct {
	method string
	token  bool // needs an access_token
	serve  func(*Sim, call) verdict
}

var endpoints = map[string]endpoint{
	"gettoken":                     {http.MethodGet, false, (*Sim).getToken},
	"webhook/send":                 {http.MethodPost, false, (*Sim).webhookSend},
	"message/send":                 {http.MethodPost, true, (*Sim).messageSend},
	"message/update_template_card": {http.MethodPost, true, (*Sim).updateCard},
	"message/recall":               {http.MethodPost, true, (*Sim).recall},
	"webhook/upload_media":         {http.MethodPost, false, (*Sim).webhookUpload},
	"media/upload":                 {http.MethodPost, true, (*Sim).mediaUpload},
	"media/get":                    {http.MethodGet, true, (*Sim).mediaGet},
	"appchat/create":               {http.MethodPost, true, (*Sim).appChatCreate},
	"appchat/update":               {http.MethodPost, true, (*Sim).appChatUpdate},
	"appchat/get":                  {http.MethodGet, true, (*Sim).appChatGet},
	"appchat/send":                 {http.MethodPost, true, (*Sim).appChatSend},
	"auth/getuserinfo":             {http.MethodGet, true, (*Sim).getUserInfo},
	"auth/getuserdetail":           {http.MethodPost, true, (*Sim).getUserDetail},
	"user/simplelist":              {http.MethodGet, true, (*Sim).userSimpleList},
	"department/simplelist":        {http.MethodGet, true, (*Sim).departmentList},
	"department/list":              {http.MethodGet, true, (*Sim).departmentList},
	"getcallbackip":                {http.MethodGet, true, (*Sim).callbackIPs},
	"aibot/response":               {http.MethodPost, false, (*Sim).respondByURL},
	"user/get":                     {http.MethodGet, true, (*Sim).userGet},
	"batch/openuserid_to_userid":   {http.MethodPost, true, (*Sim).plainUserIDs},
}

func (s *Sim) platformRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/cgi-bin/{path...}", s.servePlatform)
	mux.HandleFunc("GET /ws", s.serveLongConn)
	mux.HandleFunc("GET /media/{id}", s.serveMedia)
	mux.HandleFunc("GET /connect/oauth2/authorize", s.authorize)
}

func (s *Sim) servePlatform(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	e, ok := endpoints[path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "body", http.StatusRequestEntityTooLarge)
		return
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	c := call{r: r, path: path, body: body, ip: ip, pop: s.o.House.Population()}

	struck := s.strike(path)
	pause(r.Context(), struck)
	v := accepted
	switch {
	case struck != nil && struck.Kind == faultErrcode:
		v = refuse(struck.Value, "scripted")
	case struck != nil && struck.Kind == faultHTTP:
		s.record(r.Method, path, body, 0, struck)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(struck.Value)
		io.WriteString(w, "<html><body><h1>gateway</h1></body></html>")
		return
	case struck != nil && struck.Kind == faultReset:
		s.record(r.Method, path, body, 0, struck)
		reset(w)
		return
	default:
		s.mu.Lock()
		v = s.judge(e, c)
		s.mu.Unlock()
	}
	if v.note != nil {
		body = v.note
	}
	s.record(r.Method, path, body, v.code, struck)
	if struck != nil && struck.Kind == faultDrop {
		panic(http.ErrAbortHandler) // net/http's own way to end a connection without an answer
	}
	if v.file != nil {
		v.file.serve(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Write(v.json(c.ip))
}

// What any interface takes (doc 90312). Sending has limits of its own instead.
const (
	apiPerMinute = 10_000
	apiPerHour   = 150_000
	ipPerMinute  = 20_000
	ipPerHour    = 600_000
)

// judge checks in the platform's order: credential, address, how often, then what the
// endpoint checks.
func (s *Sim) judge(e endpoint, c call) verdict {
	if e.token {
		if v := s.checkToken(c.r.URL.Query().Get("access_token")); v.code != 0 {
			return v
		}
		if list := s.o.Switches.TrustedIPs; list != nil && !slices.Contains(list, c.ip) {
			return refuse(60020, "")
		}
		if !strings.HasSuffix(c.path, "/send") {
			if !s.meterOf("api:"+c.path, window{limit: apiPerMinute, span: time.Minute}, window{limit: apiPerHour, span: time.Hour}).take(s.now) {
				return refuse(45009, "calls of this interface")
			}
			if !s.meterOf("ip:"+c.ip, window{limit: ipPerMinute, span: time.Minute}, window{limit: ipPerHour, span: time.Hour}).take(s.now) {
				return refuse(45009, "calls from this address")
			}
		}
	}
	if c.r.Method != e.method {
		return refuse(40058, "%s is not supported", c.r.Method)
	}
	return e.serve(s, c)
}

func (v verdict) json(ip string) []byte {
	out := maps.Clone(v.more)
	if out == nil {
		out = map[string]any{}
	}
	out["errcode"] = v.code
	out["errmsg"] = v.message(ip)
	return encode(out)
}

// message is the errmsg: with the real platform's tail, so that nobody matches it.
func (v verdict) message(ip string) string {
	if v.code == 0 {
		return "ok"
	}
	text := errmsgs[v.code]
	if text == "" {
		text = "request refused"
	}
	if v.what != "" {
		text += ": " + v.what
	}
	return fmt.Sprintf("%s, hint: [%d_%d_%08x], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d",
		text, rand.IntN(1<<31), rand.IntN(300), rand.Uint32(), ip, v.code)
}

var errmsgs = map[int]string{
	-1:     "system busy",
	6000:   "data version conflict",
	40001:  "invalid credential",
	40003:  "invalid userid",
	40004:  "invalid media type",
	40005:  "invalid type parameter",
	40006:  "invalid media size",
	40007:  "invalid media_id",
	40008:  "invalid message type",
	40009:  "invalid image size",
	40013:  "invalid corpid",
	40014:  "invalid access_token",
	40029:  "invalid code",
	40032:  "invalid userid list size",
	40056:  "invalid agentid",
	40058:  "invalid request parameter",
	40063:  "empty parameter",
	41001:  "access_token missing",
	41002:  "corpid missing",
	41004:  "corpsecret missing",
	42001:  "access_token expired",
	44001:  "empty media data",
	44004:  "text content is empty",
	45001:  "media size out of limit",
	45008:  "article count out of limit",
	45009:  "api freq out of limit",
	45034:  "url needs scheme",
	50001:  "redirect_uri domain not trusted",
	60011:  "no privilege to access",
	60020:  "not allow to access from your ip",
	60111:  "userid not found",
	81013:  "user & party & tag all invalid",
	82001:  "all recipients empty",
	86001:  "invalid chatid",
	86003:  "chat not found",
	86004:  "invalid chat name",
	86005:  "invalid chat owner",
	86006:  "invalid chat member count",
	86007:  "invalid chat member",
	86008:  "chat not created by this app",
	86201:  "chatid missing",
	86207:  "owner not in user list",
	86215:  "chatid already exists",
	93000:  "invalid webhook url",
	93006:  "invalid chatid",
	301019: "media md5 not match",
	830002: "media exceeds 20 MB, use Range",
	846605: "invalid req_id",
	846607: "aibot send msg frequency limit exceeded",
	846608: "stream message update expired",
	846609: "aibot websocket not subscribed",
	853000: "invalid bot_id or secret",
}

// encode is JSON as the platform writes it: without \u003c for <.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("sim: encode: " + err.Error()) // only our own values come here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// decode reads a call's JSON body.
func decode(body []byte, into any) (verdict, bool) {
	if err := json.Unmarshal(body, into); err != nil {
		return refuse(40058, "malformed JSON"), false
	}
	return accepted, true
}
