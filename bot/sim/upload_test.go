package sim_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"juwei/bot/sim"
)

// upload sends a form with one part and returns the answer.
func (s *street) upload(path, part, name string, data []byte) map[string]any {
	s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	var dst io.Writer
	var err error
	if name == "" {
		dst, err = w.CreateFormField(part)
	} else {
		dst, err = w.CreateFormFile(part, name)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	dst.Write(data)
	w.Close()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/cgi-bin/"+path, &body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// api is a path with the token at hand.
func (s *street) api(path string) string {
	if s.token == "" {
		s.login()
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + "access_token=" + s.token
}

func TestUploadForm(t *testing.T) {
	t.Parallel()
	s := open(t)
	up := func(path, part, name string, size int) any {
		return s.upload(path, part, name, make([]byte, size))["errcode"]
	}
	s.want("smallest", up(s.api("media/upload?type=file"), "media", "a.txt", 6), 0)
	s.want("too small", up(s.api("media/upload?type=file"), "media", "a.txt", 5), 40006)
	s.want("empty", up(s.api("media/upload?type=file"), "media", "a.txt", 0), 44001)
	s.want("no filename", up(s.api("media/upload?type=file"), "media", "", 6), 44001)
	s.want("another part", up(s.api("media/upload?type=file"), "file", "a.txt", 6), 44001)
	s.want("unknown type", up(s.api("media/upload?type=table"), "media", "a.txt", 6), 40005)
	s.want("picture of another kind", up(s.api("media/upload?type=image"), "media", "a.bmp", 6), 40004)
	s.want("no token", up("media/upload?type=file", "media", "a.txt", 6), 41001)
	hook := strings.Replace(s.hook(), "send", "upload_media", 1)
	s.want("webhook picture", up(hook+"&type=image", "media", "a.png", 6), 40005)
	s.want("webhook stranger", up("webhook/upload_media?key=x&type=file", "media", "a.png", 6), 93000)
}

func TestMediaLivesThreeDays(t *testing.T) {
	t.Parallel()
	s := open(t)
	id := fmt.Sprint(s.upload(s.api("media/upload?type=file"), "media", "台账.xlsx", []byte("workbook"))["media_id"])
	hook := strings.Replace(s.hook(), "send", "upload_media", 1) + "&type=file"
	keyed := fmt.Sprint(s.upload(hook, "media", "通知.pdf", []byte("document"))["media_id"])
	toApp := func(kind, id string) int {
		return s.code(s.sendPath(), map[string]any{"touser": "sj-meiyuan", "agentid": 1000002, "msgtype": kind, kind: map[string]string{"media_id": id}})
	}
	toGroup := func(id string) int {
		return s.code(s.hook(), map[string]any{"msgtype": "file", "file": map[string]string{"media_id": id}})
	}
	s.want("as a picture", toApp("image", id), 40007)
	s.want("the webhook's in the app", toApp("file", keyed), 40007)
	s.want("the app's in a webhook", toGroup(id), 40007)
	s.advance(3*24*time.Hour - time.Second)
	s.login()
	s.want("app just before", toApp("file", id), 0)
	s.want("webhook just before", toGroup(keyed), 0)
	s.want("get just before", s.raw(s.api("media/get?media_id="+id), ""), "200 workbook")
	s.want("a range", s.raw(s.api("media/get?media_id="+id), "bytes=4-7"), "206 book")
	s.advance(time.Second)
	s.want("app at 3 days", toApp("file", id), 40007)
	s.want("webhook at 3 days", toGroup(keyed), 40007)
	s.want("get at 3 days", s.code(s.api("media/get?media_id="+id), nil), 40007)
	m := s.messages("app:sj-meiyuan")[0]["file"].(map[string]any)
	s.want("shown", fmt.Sprint(m["name"], m["size"]), "台账.xlsx8")
	if status, _ := s.do(http.MethodGet, fmt.Sprint(m["src"]), nil); status != http.StatusOK {
		t.Errorf("the page gets %d for the file", status)
	}
	for _, r := range s.get("/sim/requests?after=0")["requests"].([]any) {
		if r := r.(map[string]any); r["path"] == "media/upload" {
			s.want("recorded", r["body"], map[string]any{"filename": "台账.xlsx", "size": 8, "type": "file"})
		}
	}
}

// raw gets a platform path and returns status and body.
func (s *street) raw(path, span string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/cgi-bin/"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if span != "" {
		req.Header.Set("Range", span)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", string(body))
}

// upload brings data over the line in pieces, backwards.
func (l *line) upload(kind, name string, data []byte, base int) (id string, code int) {
	l.s.t.Helper()
	const piece = 40 << 10
	sum := md5.Sum(data)
	n := (len(data) + piece - 1) / piece
	begun := l.tell("aibot_upload_media_init", map[string]any{"type": kind, "filename": name, "total_size": len(data), "total_chunks": n, "md5": hex.EncodeToString(sum[:])})
	if *begun.ErrCode != 0 {
		return "", *begun.ErrCode
	}
	var b struct {
		ID    string `json:"upload_id"`
		Media string `json:"media_id"`
	}
	json.Unmarshal(begun.Body, &b)
	for i := n - 1; i >= 0; i-- {
		chunk := map[string]any{"upload_id": b.ID, "chunk_index": i + base, "base64_data": base64.StdEncoding.EncodeToString(data[i*piece : min((i+1)*piece, len(data))])}
		for range 2 { // a piece twice does no harm
			if code := l.ask("aibot_upload_media_chunk", "", chunk); code != 0 {
				return b.ID, code
			}
		}
	}
	done := l.tell("aibot_upload_media_finish", map[string]any{"upload_id": b.ID})
	json.Unmarshal(done.Body, &b)
	return b.Media, *done.ErrCode
}

// tell sends a frame and returns its ack.
func (l *line) tell(cmd string, body any) wsFrame {
	l.s.t.Helper()
	l.n++
	l.write(cmd, fmt.Sprint("u", l.n), body)
	return l.read()
}

func TestUploadOverTheLine(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial().subscribe()
	req, _ := l.typed("sj-meiyuan", "sj-meiyuan", "x")
	l.ws.SetReadLimit(1 << 20)
	id, code := l.upload("file", "台账.xlsx", bytes.Repeat([]byte("0123456789"), 12_000), 0)
	s.want("upload", code, 0)
	file := map[string]any{"msgtype": "file", "file": map[string]string{"media_id": id}}
	s.want("reply", l.ask("aibot_respond_msg", req, file), 0)
	s.want("push", l.ask("aibot_send_msg", "", push("sj-meiyuan", file)), 0)
	s.want("as a picture", l.ask("aibot_send_msg", "", push("sj-meiyuan", map[string]any{"msgtype": "image", "image": map[string]string{"media_id": id}})), 40007)
	m := s.messages("sj-meiyuan")
	s.want("shown", m[len(m)-1]["file"].(map[string]any)["size"], 120000)
	s.advance(3*24*time.Hour - time.Second)
	s.want("just before 3 days", l.ask("aibot_send_msg", "", push("sj-meiyuan", file)), 0)
	s.advance(time.Second)
	s.want("at 3 days", l.ask("aibot_send_msg", "", push("sj-meiyuan", file)), 40007)

	init := func(change map[string]any) int {
		body := map[string]any{"type": "file", "filename": "a", "total_size": 10, "total_chunks": 1}
		for k, v := range change {
			body[k] = v
		}
		return *l.tell("aibot_upload_media_init", body).ErrCode
	}
	for _, c := range []struct {
		what   string
		change map[string]any
		want   int
	}{
		{"name full", map[string]any{"filename": strings.Repeat("a", 256)}, 0},
		{"name over", map[string]any{"filename": strings.Repeat("a", 257)}, 40058},
		{"5 bytes", map[string]any{"total_size": 5}, 0},
		{"4 bytes", map[string]any{"total_size": 4}, 40006},
		{"100 chunks", map[string]any{"total_size": 1000, "total_chunks": 100}, 0},
		{"101 chunks", map[string]any{"total_size": 1000, "total_chunks": 101}, 40058},
		{"file full", map[string]any{"total_size": 20 << 20}, 0},
		{"file over", map[string]any{"total_size": 20<<20 + 1}, 45001},
		{"picture full", map[string]any{"type": "image", "total_size": 10 << 20}, 0},
		{"picture over", map[string]any{"type": "image", "total_size": 10<<20 + 1}, 45001},
		{"unknown type", map[string]any{"type": "x"}, 40005},
	} {
		s.want(c.what, init(c.change), c.want)
	}
}

func TestUploadPieces(t *testing.T) {
	t.Parallel()
	s := open(t)
	l := s.dial().subscribe()
	begin := func(size, chunks int, sum string) string {
		var b struct {
			ID string `json:"upload_id"`
		}
		json.Unmarshal(l.tell("aibot_upload_media_init", map[string]any{"type": "file", "filename": "a", "total_size": size, "total_chunks": chunks, "md5": sum}).Body, &b)
		return b.ID
	}
	chunk := func(id string, i int, data []byte) int {
		return l.ask("aibot_upload_media_chunk", "", map[string]any{"upload_id": id, "chunk_index": i, "base64_data": base64.StdEncoding.EncodeToString(data)})
	}
	finish := func(id string) int { return l.ask("aibot_upload_media_finish", "", map[string]any{"upload_id": id}) }
	a := begin(1<<20, 2, "")
	s.want("piece over", chunk(a, 0, make([]byte, 512<<10+1)), 40058)
	s.want("piece full", chunk(a, 0, make([]byte, 512<<10)), 0)
	s.want("counted from 1", chunk(a, 2, make([]byte, 10)), 40058)
	s.want("missing piece", finish(a), 40058)
	s.want("unknown upload", chunk("x", 0, []byte("a")), 40058)
	b := begin(10, 1, strings.Repeat("0", 32))
	chunk(b, 0, make([]byte, 10))
	s.want("wrong md5", finish(b), 301019)
	c, d := begin(10, 1, ""), begin(10, 1, "")
	s.advance(30*time.Minute - time.Second)
	chunk(c, 0, make([]byte, 10))
	s.want("just before 30 min", finish(c), 0)
	s.advance(time.Second)
	s.want("at 30 min", chunk(d, 0, make([]byte, 10)), 40058)
	e := begin(10, 1, "")
	l = s.dial().subscribe()
	chunk(e, 0, make([]byte, 10))
	s.want("survives a reconnect", finish(e), 0)

	one := open(t, func(o *sim.Options) { o.Switches.ChunkBase, o.Switches.LineImage = 1, 2<<20 })
	l = one.dial().subscribe()
	_, code := l.upload("file", "a", make([]byte, 10), 1)
	s.want("counting from 1", code, 0)
	s.want("2 MB pictures", *l.tell("aibot_upload_media_init", map[string]any{"type": "image", "filename": "a.png", "total_size": 2<<20 + 1, "total_chunks": 5}).ErrCode, 45001)
}

func TestParallelChunks(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *sim.Options) { o.Switches.ParallelChunks = 2 })
	l := s.dial().subscribe()
	var b struct {
		ID string `json:"upload_id"`
	}
	json.Unmarshal(l.tell("aibot_upload_media_init", map[string]any{"type": "file", "filename": "a", "total_size": 30, "total_chunks": 3}).Body, &b)
	chunk := func(i int) map[string]any {
		return map[string]any{"upload_id": b.ID, "chunk_index": i, "base64_data": "AAAAAAAAAAAAAA=="}
	}
	s.want("one by one", l.ask("aibot_upload_media_chunk", "", chunk(0)), 0)
	s.post("/sim/fault", map[string]any{"endpoint": "ws/aibot_upload_media_chunk", "kind": "drop_response", "count": 2}) // they stay in flight
	l.write("aibot_upload_media_chunk", "c0", chunk(0))
	l.write("aibot_upload_media_chunk", "c1", chunk(1))
	s.want("a third at once", l.ask("aibot_upload_media_chunk", "", chunk(2)), -1)
}
