package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// handleBudget bounds one call of the handle, machine time. A person who closes the
// page does not take back what was sent, so the request's own end does not count.
const handleBudget = 10 * time.Minute

// maxSaid is more than the largest file a person sends here, in base64.
const maxSaid = 64 << 20

func (s *Sim) handleRoutes(mux *http.ServeMux) {
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET /sim/state":      s.getState,
		"POST /sim/send":      s.postSend,
		"POST /sim/click":     s.postClick,
		"GET /sim/messages":   s.getMessages,
		"POST /sim/clock":     s.postClock,
		"POST /sim/fault":     s.postFault,
		"GET /sim/outbox":     s.getOutbox,
		"GET /sim/requests":   s.getRequests,
		"GET /sim/violations": s.getViolations,
		"GET /sim/config":     s.getConfig,
		"POST /sim/bot":       s.postBotAddress,
		"GET /sim/events":     s.getEvents,
		"GET /sim/media/{id}": s.getShown,
		"POST /sim/feedback":  s.postFeedback,
	} {
		mux.HandleFunc(pattern, s.guarded(serve))
	}
}

// guarded keeps other web pages and rebound names away from the handle: the Host must
// be this machine (or one of Options.Hosts), a browser's request must come from the
// page itself, and a body must be JSON.
func (s *Sim) guarded(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if why := s.foreign(r); why != "" {
			fail(w, http.StatusForbidden, why)
			return
		}
		if r.Method == http.MethodPost {
			kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
			if strings.TrimSpace(strings.ToLower(kind)) != "application/json" {
				fail(w, http.StatusUnsupportedMediaType, "请用 Content-Type: application/json")
				return
			}
		}
		if s.o.Base == "" {
			s.mu.Lock()
			if s.base == "" {
				s.base = "http://" + r.Host
			}
			s.mu.Unlock()
		}
		serve(w, r)
	}
}

func (s *Sim) foreign(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if !loopback(host) && !slices.Contains(s.o.Hosts, host) {
		return "只能从本机访问"
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return "只能从模拟器自己的页面访问"
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return "只能从模拟器自己的页面访问"
		}
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

func (s *Sim) getState(w http.ResponseWriter, _ *http.Request) {
	pop := s.o.House.Population()
	people := []Person{}
	for _, p := range pop.People {
		p.Roles = orEmpty(p.Roles)
		people = append(people, p)
	}
	s.mu.Lock()
	chats := []Chat{}
	for _, c := range pop.Chats {
		chats = append(chats, s.group(c.ID, pop))
	}
	for id := range s.groups {
		if s.appGroups[id] == nil && !slices.ContainsFunc(chats, func(c Chat) bool { return c.ID == id }) {
			chats = append(chats, s.group(id, Population{}))
		}
	}
	chats = append(chats, s.chatsShown()...)
	out := map[string]any{"now": stamp(s.now), "next": stampOrEmpty(s.next), "chats": chats, "people": people,
		"bot": pop.Bot, "phrases": pop.Phrases, "connected": map[string]bool{"bot": s.botURL != "" || s.line != nil, "app": s.appURL != ""}}
	s.mu.Unlock()
	reply(w, out)
}

func (s *Sim) postSend(w http.ResponseWriter, r *http.Request) {
	var in typed
	if !s.read(w, r, &in) {
		return
	}
	ctx, cancel := unhurried(r)
	defer cancel()
	out, err := s.send(ctx, in)
	s.answer(w, out, err)
}

func (s *Sim) postClick(w http.ResponseWriter, r *http.Request) {
	var in pressed
	if !s.read(w, r, &in) {
		return
	}
	ctx, cancel := unhurried(r)
	defer cancel()
	out, err := s.click(ctx, in)
	s.answer(w, out, err)
}

func (s *Sim) getMessages(w http.ResponseWriter, r *http.Request) {
	after, ok := after(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	out := s.book.after(r.URL.Query().Get("chat"), after)
	s.mu.Unlock()
	reply(w, map[string]any{"messages": out})
}

// postClock moves the clock: {"advance":"90m"}, {"set":RFC3339} or {"next":true}.
func (s *Sim) postClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance string `json:"advance"`
		Set     string `json:"set"`
		Next    bool   `json:"next"`
	}
	if !s.read(w, r, &in) {
		return
	}
	ctx, cancel := unhurried(r)
	defer cancel()
	var err error
	switch {
	case in.Next:
		_, err = s.AdvanceNext(ctx)
	case in.Set != "":
		to, bad := time.Parse(time.RFC3339, in.Set)
		if bad != nil {
			fail(w, http.StatusBadRequest, "set 要写成 2020-02-14T07:31:00+08:00")
			return
		}
		err = s.Advance(ctx, to)
	default:
		by, bad := parseAdvance(in.Advance)
		if bad != nil {
			fail(w, http.StatusBadRequest, "advance 要写成 90m、2h 或 1d")
			return
		}
		err = s.Advance(ctx, s.Now().Add(by))
	}
	s.mu.Lock()
	out := map[string]any{"now": stamp(s.now), "next": stampOrEmpty(s.next)}
	s.mu.Unlock()
	if err != nil {
		out["error"] = err.Error()
	}
	reply(w, out)
}

func (s *Sim) postFault(w http.ResponseWriter, r *http.Request) {
	var in fault
	if !s.read(w, r, &in) {
		return
	}
	if err := in.check(); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	s.addFault(in)
	reply(w, map[string]any{"ok": true})
}

func (s *Sim) getOutbox(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), outboxBudget)
	defer cancel()
	out, err := s.o.House.Outbox(ctx)
	if err != nil {
		fail(w, http.StatusBadGateway, "发件箱读不到："+err.Error())
		return
	}
	if len(out) == 0 {
		out = json.RawMessage("{}")
	}
	reply(w, out)
}

func (s *Sim) getRequests(w http.ResponseWriter, r *http.Request) {
	after, ok := after(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	out := []request{}
	for _, q := range s.requests {
		if q.Seq > after {
			out = append(out, q)
		}
	}
	s.mu.Unlock()
	reply(w, map[string]any{"requests": out})
}

func (s *Sim) getViolations(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	out := slices.Clone(s.violations)
	s.mu.Unlock()
	reply(w, map[string]any{"violations": orEmpty(out)})
}

// getConfig shows the credentials to a bot on this machine, and to nobody else.
func (s *Sim) getConfig(w http.ResponseWriter, r *http.Request) {
	if ip, _, _ := net.SplitHostPort(r.RemoteAddr); !loopback(ip) {
		fail(w, http.StatusForbidden, "只能从本机读取")
		return
	}
	s.mu.Lock()
	base := s.base
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	reply(w, struct {
		Tenant
		APIBase string `json:"api_base"`
		WSURL   string `json:"ws_url"`
	}{s.tenant, base, "ws" + strings.TrimPrefix(base, "http") + "/ws"})
}

// postBotAddress is the administrator entering the callback addresses, and where the
// bot's house listens.
func (s *Sim) postBotAddress(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Bot   string `json:"bot"`
		App   string `json:"app"`
		House string `json:"house"`
	}
	if !s.read(w, r, &in) {
		return
	}
	if in.House != "" && s.o.Register != nil {
		s.o.Register(in.House)
	}
	if err := s.Connect(r.Context(), in.Bot, in.App); err != nil {
		fail(w, http.StatusBadGateway, err.Error())
		return
	}
	reply(w, map[string]any{"ok": true, "now": stamp(s.Now())})
}

// getEvents streams every change as it happens: event "message" (a new or changed
// transcript entry), "clock" and "settled".
func (s *Sim) getEvents(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	listener := s.book.listen()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.book.unlisten(listener)
	}()
	flush := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "retry: 300\nevent: hello\ndata: {}\n\n")
	for flush.Flush() == nil {
		select {
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		case e, ok := <-listener:
			if !ok {
				return // too slow: the page starts again from /sim/messages
			}
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.kind, e.data)
		}
	}
}

// answer writes a delivery, or why the call made no sense.
func (s *Sim) answer(w http.ResponseWriter, out delivery, err error) {
	var wrong misuse
	switch {
	case errors.As(err, &wrong):
		fail(w, http.StatusBadRequest, wrong.Error())
	case err != nil:
		fail(w, http.StatusInternalServerError, err.Error())
	default:
		reply(w, out)
	}
}

func (s *Sim) read(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSaid)).Decode(into)
	if err != nil {
		fail(w, http.StatusBadRequest, "不是要的 JSON："+err.Error())
	}
	return err == nil
}

func unhurried(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), handleBudget)
}

func after(w http.ResponseWriter, r *http.Request) (int64, bool) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		fail(w, http.StatusBadRequest, "after 是一个序号")
	}
	return n, err == nil
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(encode(v))
}

func fail(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(encode(map[string]string{"error": text}))
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
