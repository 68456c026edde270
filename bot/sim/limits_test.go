package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// quiet is a house in which nothing happens.
type quiet struct{}

func (quiet) Population() Population {
	return Population{Bot: "防控助手", Chats: []Chat{{ID: "g"}}, People: []Person{{ID: "a", Name: "甲"}, {ID: "b", Name: "乙"}}}
}
func (quiet) Settle(context.Context, time.Time) (time.Time, error) { return time.Time{}, nil }
func (quiet) Outbox(context.Context) (json.RawMessage, error)      { return nil, nil }

func newQuiet(t *testing.T, w Switches) *Sim {
	t.Helper()
	s, err := New(Options{House: quiet{}, Switches: w})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestMediaSizes: the largest of each kind, and one byte more, on every way up.
func TestMediaSizes(t *testing.T) {
	t.Parallel()
	s := newQuiet(t, Switches{})
	for _, c := range []struct {
		kind, name string
		most       int
	}{{"image", "a.png", 10 << 20}, {"voice", "a.amr", 2 << 20}, {"video", "a.mp4", 10 << 20}, {"file", "a.xlsx", 20 << 20}} {
		for size, want := range map[int]int{c.most: 0, c.most + 1: 45001, 6: 0, 5: 40006, 0: 44001} {
			if v := s.checkMedia(c.kind, c.name, size, mediaLimits[c.kind].max); v.code != want {
				t.Errorf("%s of %d bytes = %d, want %d", c.kind, size, v.code, want)
			}
		}
	}
	if v := newQuiet(t, Switches{TooLarge: 40006}).checkMedia("voice", "a.amr", 2<<20+1, 2<<20); v.code != 40006 {
		t.Errorf("switch: %d", v.code)
	}
}

// TestMediaOver20MB: what a person sent the app may be larger than one answer.
func TestMediaOver20MB(t *testing.T) {
	t.Parallel()
	s := newQuiet(t, Switches{})
	s.mu.Lock()
	token := s.getToken(call{r: httptest.NewRequest(http.MethodGet, "/?corpid="+s.tenant.CorpID+"&corpsecret="+s.tenant.AppSecret, nil)}).more["access_token"]
	full := s.store(stored{kind: "video", name: "a.mp4", data: make([]byte, 20<<20), owner: "app"})
	over := s.store(stored{kind: "video", name: "a.mp4", data: make([]byte, 20<<20+1), owner: "app"})
	s.mu.Unlock()
	get := func(id, span string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/cgi-bin/media/get?access_token=%v&media_id=%s", token, id), nil)
		if span != "" {
			r.Header.Set("Range", span)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, body := get(full, ""); status != 200 || len(body) != 20<<20 {
		t.Errorf("20 MB: %d, %d bytes", status, len(body))
	}
	if status, body := get(over, ""); status != 200 || !strings.Contains(body, `"errcode":830002`) {
		t.Errorf("over 20 MB: %d %.80s", status, body)
	}
	if status, body := get(over, "bytes=20971520-"); status != http.StatusPartialContent || len(body) != 1 {
		t.Errorf("by range: %d, %d bytes", status, len(body))
	}
}

// TestLimitsOnTheClock: each limit of WECOM §13 that is counted by a meter: full, still full
// just before its window ends, and free again.
func TestLimitsOnTheClock(t *testing.T) {
	t.Parallel()
	head := func(s *Sim) string {
		return fmt.Sprint(s.getToken(call{r: httptest.NewRequest(http.MethodGet, "/?corpid="+s.tenant.CorpID+"&corpsecret="+s.tenant.AppSecret, nil)}).more["access_token"])
	}
	anyAPI := func(path, ip string) func(*Sim) int {
		return func(s *Sim) int {
			r := httptest.NewRequest(http.MethodGet, "/cgi-bin/"+path+"?userid=a&access_token="+head(s), nil)
			return s.judge(endpoints[path], call{r: r, path: path, ip: ip, pop: quiet{}.Population()}).code
		}
	}
	upload := func(s *Sim) int {
		return s.uploadInit(frame{Body: json.RawMessage(`{"type":"file","filename":"a","total_size":10,"total_chunks":1}`)}).code
	}
	appChat := func(s *Sim) int {
		if s.appGroups["G"] == nil {
			s.appGroups["G"] = &appGroup{Chat: Chat{ID: "G", Members: make([]string, 2000)}}
		}
		return s.appChatSend(call{body: []byte(`{"chatid":"G","msgtype":"text","text":{"content":"x"}}`), pop: quiet{}.Population()}).code
	}
	change := func(s *Sim) int {
		if s.appGroups["G"] == nil {
			s.appGroups["G"] = &appGroup{Chat: Chat{ID: "G", Members: []string{"a", "b"}}, owner: "a"}
		}
		return s.appChatUpdate(call{body: []byte(`{"chatid":"G","name":"x"}`), pop: quiet{}.Population()}).code
	}
	for _, c := range []struct {
		what  string
		once  func(*Sim) int
		limit int
		span  time.Duration
		code  int
	}{
		{"one interface, a minute", anyAPI("user/get", "1"), 10_000, time.Minute, 45009},
		{"long connection uploads, a minute", upload, 30, time.Minute, 846607},
		{"changes of app groups, an hour", change, 1000, time.Hour, 45009},
		{"appchat person-times, a minute", appChat, 10, time.Minute, 45009},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := newQuiet(t, Switches{})
			s.mu.Lock()
			defer s.mu.Unlock()
			for i := range c.limit {
				if code := c.once(s); code != 0 {
					t.Fatalf("number %d = %d", i+1, code)
				}
			}
			step := func(by time.Duration, want int) {
				s.now = s.now.Add(by)
				if code := c.once(s); code != want {
					t.Errorf("%v later = %d, want %d", by, code, want)
				}
			}
			step(0, c.code)
			step(c.span-time.Second, c.code)
			step(time.Second, 0)
		})
	}
	// What takes too many calls to fill: the window is filled, and the last call is the interface's.
	for _, c := range []struct {
		what, meter string
		once        func(*Sim) int
		window      int // which of the meter's
		step        int // what one call takes
		span        time.Duration
	}{
		{"one interface, an hour", "api:user/get", anyAPI("user/get", "1"), 1, 1, time.Hour},
		{"one address, an hour", "ip:1", anyAPI("user/get", "1"), 1, 1, time.Hour},
		{"appchat person-times, an hour", "appchat/send", appChat, 1, 2000, time.Hour},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := newQuiet(t, Switches{})
			s.mu.Lock()
			defer s.mu.Unlock()
			c.once(s)
			w := s.meters[c.meter].windows[c.window]
			w.add(s.now, w.limit-2*c.step)
			for i, want := range []int{0, 45009} {
				if code := c.once(s); code != want {
					t.Errorf("call %d of the full window = %d, want %d", i, code, want)
				}
			}
			for _, step := range []struct {
				by   time.Duration
				want int
			}{{c.span - time.Second, 45009}, {time.Second, 0}} {
				s.now = s.now.Add(step.by)
				if code := c.once(s); code != step.want {
					t.Errorf("%v later = %d, want %d", step.by, code, step.want)
				}
			}
		})
	}
	t.Run("an appchat's member, a day", func(t *testing.T) {
		t.Parallel()
		s := newQuiet(t, Switches{})
		s.mu.Lock()
		defer s.mu.Unlock()
		s.appGroups["G"] = &appGroup{Chat: Chat{ID: "G", Members: []string{"a", "a"}}} // one member: what he does not hear nobody does
		say := func() int { appChat(s); return len(s.book.messages) }
		say()
		w := s.meters["appchat:a"].windows[1]
		w.add(s.now, memberPerDay-w.sum-2)
		if got := say(); got != 2 {
			t.Errorf("the last of the day: %d shown", got)
		}
		if got := say(); got != 2 {
			t.Errorf("one more: %d shown", got)
		}
		s.now = s.now.Add(24*time.Hour - time.Second)
		if got := say(); got != 2 {
			t.Errorf("just before a day: %d shown", got)
		}
		s.now = s.now.Add(time.Second)
		if got := say(); got != 3 {
			t.Errorf("after a day: %d shown", got)
		}
	})
	t.Run("long connection uploads, an hour", func(t *testing.T) {
		t.Parallel()
		s := newQuiet(t, Switches{})
		s.mu.Lock()
		defer s.mu.Unlock()
		start := s.now
		for n := 0; n < 1000; s.now = s.now.Add(time.Minute) {
			for range min(30, 1000-n) {
				if code := upload(s); code != 0 {
					t.Fatalf("number %d = %d", n+1, code)
				}
				n++
			}
		}
		for at, want := range map[time.Duration]int{40 * time.Minute: 846607, time.Hour - time.Second: 846607, time.Hour: 0} {
			s.now = start.Add(at)
			if at < time.Hour {
				if code := upload(s); code != want {
					t.Errorf("after %v = %d", at, code)
				}
			}
		}
		s.now = start.Add(time.Hour)
		if code := upload(s); code != 0 {
			t.Errorf("after the hour = %d", code)
		}
	})
	t.Run("new app groups, a day", func(t *testing.T) {
		t.Parallel()
		s := newQuiet(t, Switches{})
		s.mu.Lock()
		defer s.mu.Unlock()
		create := func() int {
			return s.appChatCreate(call{body: []byte(`{"userlist":["a","b"]}`), pop: quiet{}.Population()}).code
		}
		for i := range 1000 {
			if code := create(); code != 0 {
				t.Fatalf("number %d = %d", i+1, code)
			}
		}
		for _, c := range []struct {
			by   time.Duration
			want int
		}{{0, 45009}, {9*time.Hour - time.Second, 45009}, {time.Second, 0}} { // from 15:00 to midnight
			s.now = s.now.Add(c.by)
			if code := create(); code != c.want {
				t.Errorf("at %s = %d, want %d", stamp(s.now), code, c.want)
			}
		}
	})
	t.Run("one address over all interfaces, a minute", func(t *testing.T) {
		t.Parallel()
		s := newQuiet(t, Switches{})
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range 20_000 {
			path := []string{"user/get", "getcallbackip"}[i%2]
			if code := anyAPI(path, "1")(s); code != 0 {
				t.Fatalf("number %d = %d", i+1, code)
			}
		}
		if code := anyAPI("department/list", "1")(s); code != 45009 {
			t.Errorf("20001st from one address = %d", code)
		}
		if code := anyAPI("department/list", "2")(s); code != 0 {
			t.Errorf("from another address = %d", code)
		}
		s.now = s.now.Add(time.Minute)
		if code := anyAPI("department/list", "1")(s); code != 0 {
			t.Errorf("a minute later = %d", code)
		}
	})
}

// TestMeterWhenTheClockGoesBack: what lies in the future no longer counts.
func TestMeterWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	w := &window{limit: 2, span: time.Minute}
	m := &meter{windows: []*window{w}}
	at := time.Unix(1_580_000_000, 0)
	m.take(at)
	m.take(at.Add(30 * time.Second))
	if m.take(at.Add(31 * time.Second)) {
		t.Error("a third fits")
	}
	if !m.take(at.Add(10*time.Second)) || m.take(at.Add(10*time.Second)) {
		t.Error("with the clock put back one of two counts")
	}
	if m.takeAll(at.Add(2*time.Minute), 3) || !m.takeAll(at.Add(2*time.Minute), 2) {
		t.Error("all or none")
	}
}
