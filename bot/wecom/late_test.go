package wecom

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"juwei/handlers"
)

// TestPollOfAStream: one that is being made says so, on the replica that makes it and on
// any other; one that nobody makes any more ends.
func TestPollOfAStream(t *testing.T) {
	t.Parallel()
	var here, elsewhere slow
	id, p := here.begin("M1", houseNow)
	for _, c := range []struct {
		what   string
		s      *slow
		id     string
		after  time.Duration
		text   string
		finish bool
	}{
		{"at it", &here, id, time.Minute, waitNote, false},
		{"another replica", &elsewhere, id, time.Minute, waitNote, false},
		{"another replica, just before 6 min", &elsewhere, id, 6*time.Minute - time.Second, waitNote, false},
		{"another replica, at 6 min", &elsewhere, id, 6 * time.Minute, pollNote, true},
		{"not ours", &here, "S9", 0, pollNote, true},
		{"no number", &here, "w!-M1", 0, pollNote, true},
	} {
		if text, finish := c.s.poll(c.id, houseNow.Add(c.after)); text != c.text || finish != c.finish {
			t.Errorf("%s: %q, %v", c.what, text, finish)
		}
	}
	here.finish(p, "算好了")
	for range 2 { // asked again because our answer was lost
		if text, finish := here.poll(id, houseNow); text != "算好了" || !finish {
			t.Errorf("done: %q, %v", text, finish)
		}
	}
	here.forget(id)
	if len(here.open) != 0 {
		t.Error("it is kept for good")
	}
}

// TestRespondOnce: an address is used up by a call that may have been written, and by no
// other.
func TestRespondOnce(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	c, clock, _ := newTestClient(t, p.URL)
	url := Secret(p.URL + "/cgi-bin/aibot/response?response_code=" + theCode)
	say := func(addr Secret, text string) error {
		return c.Respond(t.Context(), addr, handlers.Say(text), SendOptions{})
	}
	for text, code := range map[string]int{"": 44004, strings.Repeat("字", 7000): 45002} {
		if e := asError(t, say(url, text)); e.Code != code {
			t.Errorf("%+v", e)
		}
	}
	if err := say(url, "算好了 <@all>"); err != nil {
		t.Fatal(err)
	}
	got := p.requests("aibot/response")
	if len(got) != 1 || got[0].query != "response_code="+theCode {
		t.Fatalf("%+v", got)
	}
	sameJSON(t, got[0].body, `{"msgtype":"markdown","markdown":{"content":"算好了 ＜@all>"}}`)
	if e := asError(t, say(url, "再说")); e.Code != 40058 || !e.Fatal() || len(p.requests("aibot/response")) != 1 {
		t.Errorf("%+v", e)
	}
	clock.advance(time.Hour)
	p.script("aibot/response", `{"errcode":40058,"errmsg":"used, response_code=`+theCode+`"}`)
	if e := asError(t, say(url, "x")); e.Code != 40058 || strings.Contains(e.Error(), theCode) {
		t.Errorf("%+v", e)
	}
	nobody := Secret("http://127.0.0.1:1/cgi-bin/aibot/response?response_code=" + theCode)
	for range 2 { // it never left, so it may be tried again
		if e := asError(t, say(nobody, "x")); !e.Retryable() || strings.Contains(e.Error(), theCode) {
			t.Errorf("%+v", e)
		}
	}
	lost := Secret(p.URL + "/cgi-bin/aibot/response?response_code=lost")
	p.handle = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	if e := asError(t, say(lost, "x")); !e.Unknown() {
		t.Errorf("%+v", e)
	}
	if e := asError(t, say(lost, "x")); e.Code != 40058 {
		t.Errorf("an unknown answer was repeated: %+v", e)
	}
}

// TestUploadAtOnce: at most as many pieces are on their way as the platform stands, and a
// piece refused for the moment goes again after a pause.
func TestUploadAtOnce(t *testing.T) {
	t.Parallel()
	for chunks, want := range map[int]int32{4: 4, 5: 3, 11: 2} {
		var most atomic.Int32
		withLongConn(t, echo, func(t *testing.T, x *longTest) {
			p := x.peer()
			out := make(chan error, 1)
			file := &handlers.File{Name: "a.bin", Data: make([]byte, chunkSize*chunks)}
			go func() { out <- x.conn.Push(context.Background(), "g", false, handlers.Content{File: file}) }()
			begin := <-p.frames
			p.send(`{"headers":{"req_id":"` + begin.Headers.ReqID + `"},"errcode":0,"body":{"upload_id":"U1"}}`)
			refused := false
			for done := 0; done < chunks; {
				synctest.Wait()
				most.Store(max(most.Load(), int32(len(p.frames)))) //nolint:gosec // small
				f := <-p.frames
				if f.Cmd != cmdUploadChunk || !strings.HasPrefix(string(f.Body), `{"upload_id":"U1","chunk_index":`) {
					t.Fatalf("%s %.60s", f.Cmd, f.Body)
				}
				if !refused {
					refused = true
					p.ack(f, -1)
					continue
				}
				p.ack(f, 0)
				done++
			}
			f := <-p.frames
			if f.Cmd != cmdUploadFinish {
				t.Fatalf("%s", f.Cmd)
			}
			p.send(`{"headers":{"req_id":"` + f.Headers.ReqID + `"},"errcode":0,"body":{"type":"file","media_id":"MM","created_at":1}}`)
			f = <-p.frames
			if string(f.Body) != `{"chatid":"g","chat_type":2,"msgtype":"file","file":{"media_id":"MM"}}` {
				t.Errorf("%s", f.Body)
			}
			p.ack(f, 0)
			if err := <-out; err != nil {
				t.Error(err)
			}
		})
		if most.Load() != want {
			t.Errorf("%d pieces: %d at once, want %d", chunks, most.Load(), want)
		}
	}
}

// TestUploadFails: a piece that is refused for good, or too often, ends it; nothing was
// said, so the outcome is never unknown.
func TestUploadFails(t *testing.T) {
	t.Parallel()
	withLongConn(t, echo, func(t *testing.T, x *longTest) {
		p := x.peer()
		push := func() chan error {
			out := make(chan error, 1)
			go func() {
				out <- x.conn.Push(context.Background(), "g", false, handlers.Content{Image: &handlers.File{Name: "a.png", Data: make([]byte, 100)}})
			}()
			return out
		}
		out := push()
		p.ack(<-p.frames, 45009)
		if e := asError(t, <-out); e.Code != 45009 || !e.Retryable() {
			t.Errorf("%+v", e)
		}
		out = push()
		f := <-p.frames
		p.send(`{"headers":{"req_id":"` + f.Headers.ReqID + `"},"errcode":0,"body":{"upload_id":"U1"}}`)
		start := time.Now()
		for range chunkAttempts {
			p.ack(<-p.frames, -1)
		}
		if e := asError(t, <-out); e.Code != -1 || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("%+v after %v", e, time.Since(start))
		}
		out = push()
		<-p.frames // never answered
		if e := asError(t, <-out); e.Unknown() || !e.Retryable() {
			t.Errorf("%+v", e)
		}
	})
}

func TestMediaNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"台账.xlsx":                          "台账.xlsx",
		"../a\"b\n.txt":                    ".._a_b_.txt",
		strings.Repeat("字", 100) + ".xlsx": strings.Repeat("字", 83) + ".xlsx",
		"\xff.txt":                         "_.txt",
	} {
		if got := fileName(in); got != want || len(got) > 256 {
			t.Errorf("fileName(%q) = %q", in, got)
		}
	}
	for in, want := range map[string]string{
		`attachment; filename*=UTF-8''%E5%8F%B0%E8%B4%A6.xlsx`:          "台账.xlsx",
		`attachment; filename="%E5%8F%B0.xlsx"`:                         "台.xlsx",
		`attachment; filename="a.txt"; filename*=UTF-8''%E5%8F%B0.xlsx`: "台.xlsx",
		``: "", `;;`: "",
	} {
		if got := dispositionName(in); got != want {
			t.Errorf("dispositionName(%q) = %q, want %q", in, got, want)
		}
	}
	for _, bad := range []string{"", "AAAA", "not base64 at all!"} {
		if _, err := MediaKey(bad); err == nil {
			t.Errorf("MediaKey(%q) was taken", bad)
		}
	}
	_, err := Download(t.Context(), http.DefaultClient, "http://127.0.0.1:1/secret-path", make([]byte, 32))
	var e *Error
	if !errors.As(err, &e) || strings.Contains(err.Error(), "secret-path") || e.Unknown() {
		t.Errorf("%v", err)
	}
}
