package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/redis/go-redis/v9"
)

// BenchmarkLongConn is BenchmarkCallback over the long connection: the same reports, each a
// frame on the one socket, answered there, to the bot and to a bare client in turn. The
// bare client is what remains of a long connection without a bot: the same WebSocket
// library, the two Redis writes in one round trip, the answer. It does not wait for acks.
//
//	go test ./bot -run '^$' -bench LongConn -benchtime 10x
func BenchmarkLongConn(b *testing.B) {
	d := newDistrict(b)
	d.tenant.BotSecret = "bot-secret"
	platform := &switchboard{ends: map[string]chan *lineEnd{"/bot": make(chan *lineEnd, 1), "/bare": make(chan *lineEnd, 1)}}
	server := httptest.NewServer(platform)
	b.Cleanup(server.Close)
	ws := strings.Replace(server.URL, "http", "ws", 1)
	d.line = ws + "/bot"
	bot := d.startBot(b)
	bare := start(b, "bare line", "line", io.Discard, d.addr, ws+"/bare", "")
	bare.key = func(m message) string { return bareKey("line", m.street, strconv.FormatInt(d.time().Unix(), 10)) }
	bare.cell = func(m message) (string, string) { return m.user, "1|" + m.line }
	all := []*process{bot, bare}
	ends := map[*process]*lineEnd{bot: platform.end(b, "/bot"), bare: platform.end(b, "/bare")}
	for _, n := range []int{1, 32} {
		b.Run(fmt.Sprintf("in-hand=%d", n), func(b *testing.B) {
			took, cpu := map[*process][]float64{}, map[*process]float64{}
			flood := func(p *process, day []message) time.Duration { return ends[p].flood(b, d.frames(b, day), n) }
			d.round(b, all, func(p *process, day []message) { flood(p, day) }) // warm up
			rounds := 0
			for b.Loop() {
				rounds++
				d.round(b, all, func(p *process, day []message) {
					before := p.cpu(b)
					took[p] = append(took[p], flood(p, day).Seconds())
					cpu[p] += (p.cpu(b) - before).Seconds()
				})
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ratios(took[bare], took[bot])), "throughput/bare")
			b.ReportMetric(float64(d.size())/median(took[bot]), "msg/s")
			b.ReportMetric(cpu[bot]/cpu[bare], "cpu/bare")
			b.ReportMetric(cpu[bot]/float64(d.size())/float64(rounds)*1e6, "cpu-µs/msg")
			b.ReportMetric(bot.peak(b), "rss-MiB")
		})
	}
	b.Run("rate=1000", func(b *testing.B) {
		p50, p99 := map[*process][]float64{}, map[*process][]float64{}
		for b.Loop() {
			d.round(b, all, func(p *process, day []message) {
				waited := ends[p].stream(b, d.frames(b, day), 1000)
				p50[p] = append(p50[p], quantile(waited, 0.5).Seconds()*1000)
				p99[p] = append(p99[p], quantile(waited, 0.99).Seconds()*1000)
			})
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(p99[bot])/median(p99[bare]), "p99/bare")
		b.ReportMetric(median(p99[bot]), "p99-ms")
		b.ReportMetric(median(p50[bot]), "p50-ms")
	})
}

// called is a frame with a message, and the id its answer will bear.
type called struct {
	id   string
	data []byte
}

// frames are a day's messages as they come over the long connection.
func (d *district) frames(tb testing.TB, day []message) []called {
	tb.Helper()
	out := make([]called, len(day))
	for i, m := range day {
		id := fmt.Sprintf("CAIQ16-%s-%s", m.day, m.user)
		data, err := json.Marshal(map[string]any{
			"cmd": "aibot_msg_callback", "headers": map[string]string{"req_id": id},
			"body": map[string]any{
				"msgid": id, "aibotid": d.tenant.BotID, "chattype": "single", "create_time": d.time().Unix(),
				"from": map[string]string{"userid": m.user}, "msgtype": "text", "text": map[string]string{"content": m.line},
			},
		})
		if err != nil {
			tb.Fatal(err)
		}
		out[i] = called{id, data}
	}
	return out
}

// switchboard is the platform's side of long connections, one for each path.
type switchboard struct{ ends map[string]chan *lineEnd }

// end is the connection of a path once its client has subscribed.
func (s *switchboard) end(tb testing.TB, path string) *lineEnd {
	tb.Helper()
	select {
	case end := <-s.ends[path]:
		return end
	case <-time.After(10 * time.Second):
		tb.Fatalf("nobody subscribed at %s", path)
		return nil
	}
}

// lineFrame is a frame of either direction, as far as it matters here.
type lineFrame struct {
	Cmd     string `json:"cmd"`
	Headers struct {
		ReqID string `json:"req_id"`
	} `json:"headers"`
	Body json.RawMessage `json:"body"`
}

func (s *switchboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow() //nolint:errcheck // it is over
	conn.SetReadLimit(1 << 20)
	end := &lineEnd{conn: conn}
	for {
		_, data, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		var f lineFrame
		if json.Unmarshal(data, &f) != nil {
			return
		}
		if end.write(`{"headers":{"req_id":"`+f.Headers.ReqID+`"},"errcode":0,"errmsg":"ok"}`) != nil {
			return
		}
		switch f.Cmd {
		case "aibot_subscribe":
			s.ends[r.URL.Path] <- end
		case "aibot_respond_msg":
			if answered, ok := end.waiting.LoadAndDelete(f.Headers.ReqID); ok {
				close(answered.(chan struct{}))
			}
		}
	}
}

// lineEnd is the platform's end of one long connection.
type lineEnd struct {
	conn    *websocket.Conn
	waiting sync.Map // request id → closed when it is answered
}

func (e *lineEnd) write(frame string) error {
	return e.conn.Write(context.Background(), websocket.MessageText, []byte(frame))
}

// say sends a message; what it returns is closed by the answer.
func (e *lineEnd) say(m called) (<-chan struct{}, error) {
	answered := make(chan struct{})
	e.waiting.Store(m.id, answered)
	return answered, e.conn.Write(context.Background(), websocket.MessageText, m.data)
}

// flood keeps n messages in hand until all are answered.
func (e *lineEnd) flood(tb testing.TB, day []called, n int) time.Duration {
	tb.Helper()
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range n {
		wg.Go(func() {
			for j := i; j < len(day); j += n {
				answered, err := e.say(day[j])
				if err != nil {
					tb.Error(err)
					return
				}
				<-answered
			}
		})
	}
	wg.Wait()
	return time.Since(begin)
}

// stream sends messages at a fixed rate, whether or not earlier ones have been answered,
// and returns how long each waited for its answer.
func (e *lineEnd) stream(tb testing.TB, day []called, perSecond int) []time.Duration {
	tb.Helper()
	waited := make([]time.Duration, len(day))
	var wg sync.WaitGroup
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for sent := 0; sent < len(day); {
		now := <-tick.C
		for due := int(now.Sub(begin).Seconds() * float64(perSecond)); sent < min(due, len(day)); sent++ {
			i, at := sent, time.Now()
			answered, err := e.say(day[i])
			if err != nil {
				tb.Fatal(err)
			}
			wg.Go(func() {
				<-answered
				waited[i] = time.Since(at)
			})
		}
	}
	wg.Wait()
	return waited
}

// runBareLine is the bare client, as a process of its own. As many messages are worked on
// side by side as the bot does.
func runBareLine(addr, url string) error {
	ctx := context.Background()
	conn, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // the library's own
	if err != nil {
		return err
	}
	conn.SetReadLimit(1 << 20)
	s := &bareServer{rdb: bareClient(addr), how: "pipeline"}
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"cmd":"aibot_subscribe","headers":{"req_id":"1"},"body":{"bot_id":"b","secret":"s"}}`)); err != nil {
		return err
	}
	slots := make(chan struct{}, 32)
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var f lineFrame
		if err := json.Unmarshal(data, &f); err != nil {
			return err
		}
		if f.Cmd != "aibot_msg_callback" {
			continue
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			if err := s.answerLine(ctx, conn, f); err != nil {
				fmt.Println("bare line:", err)
			}
		}()
	}
}

func (s *bareServer) answerLine(ctx context.Context, conn *websocket.Conn, f lineFrame) error {
	var m struct {
		MsgID string                  `json:"msgid"`
		At    int64                   `json:"create_time"`
		From  struct{ UserID string } `json:"from"`
		Text  struct{ Content string }
	}
	if err := json.Unmarshal(f.Body, &m); err != nil {
		return err
	}
	street := streetOf(m.From.UserID)
	content := "已收 " + m.From.UserID + " 日报\n" + m.Text.Content + "\n错了回：/改 标签 数字"
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSet(ctx, bareKey("line", street, strconv.FormatInt(m.At, 10)), m.From.UserID, "1|"+m.Text.Content)
		p.Set(ctx, "{"+street+"}:bare-line-done:"+m.MsgID, content, 24*time.Hour)
		return nil
	})
	if err != nil {
		return err
	}
	reply, err := json.Marshal(map[string]any{
		"cmd": "aibot_respond_msg", "headers": f.Headers,
		"body": map[string]any{"msgtype": "stream", "stream": map[string]any{"id": "s-" + m.MsgID, "finish": true, "content": content}},
	})
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, reply)
}
