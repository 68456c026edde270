package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"juwei/config"
)

// message is one report, ready to be sent: an HTTP request whose body is sealed.
type message struct {
	street, unit, user string
	day                config.Day
	line               string // as typed
	values             string // as the bot keeps them
	raw                []byte
}

// messages are one day's reports of the district, sealed by the platform at the time at.
// Sums hold from day to day, so that each report is accepted as it is.
func (d *district) messages(b testing.TB, at time.Time) []message {
	b.Helper()
	ts, nonce := fmt.Sprint(at.Unix()), "1597212914"
	var out []message
	for s, street := range d.streets {
		for u, secretary := range d.people {
			m := message{street: street, unit: secretary.Unit, user: userID(street, secretary), day: d.day}
			back, watch, apart, missing := (s+u+at.YearDay())%40, u%3, u%5, (s*len(d.people)+u)%900
			m.line = fmt.Sprintf("/日报 新返%d 重点0 新隔%d 解除%d 在隔%d 发热0 未联系%d", back, watch, watch, apart, missing)
			m.values = fmt.Sprintf("%d,0,%d,%d,%d,0,%d", back, watch, watch, apart, missing)
			plain := mustJSON(b, map[string]any{
				"msgid": fmt.Sprintf("CAIQ16-%s-%s", d.day, m.user), "aibotid": d.tenant.BotID, "chattype": "single",
				"from": map[string]string{"userid": m.user}, "msgtype": "text", "text": map[string]string{"content": m.line},
			})
			enc := d.cipher.Seal(plain)
			body := `{"encrypt":"` + enc + `"}`
			m.raw = fmt.Appendf(nil, "POST /wecom/bot?msg_signature=%s&timestamp=%s&nonce=%s HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				d.cipher.Sign(ts, nonce, enc), ts, nonce, len(body), body)
			out = append(out, m)
		}
	}
	return out
}

// caller is one kept-alive connection of the platform.
type caller struct {
	conn net.Conn
	r    *bufio.Reader
}

// call sends a message and reads the whole answer.
func (c *caller) call(m message) ([]byte, error) {
	if _, err := c.conn.Write(m.raw); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"encrypt":"`))) {
		err = fmt.Errorf("%s: %q", resp.Status, body)
	}
	return body, err
}

// callers returns n connections, those of earlier slices first.
func (p *process) callers(b testing.TB, n int) []*caller {
	b.Helper()
	for len(p.conns) < n {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			b.Fatal(err)
		}
		p.conns = append(p.conns, &caller{conn, bufio.NewReader(conn)})
	}
	return p.conns[:n]
}

// flood sends messages over n connections as fast as they are answered.
func (p *process) flood(b testing.TB, day []message, n int) time.Duration {
	b.Helper()
	callers := p.callers(b, n)
	var wg sync.WaitGroup
	begin := time.Now()
	for i, c := range callers {
		wg.Go(func() {
			for j := i; j < len(day); j += n {
				if _, err := c.call(day[j]); err != nil {
					b.Errorf("%s: %v", p.name, err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(begin)
}

// stream sends messages at a fixed rate, whether or not earlier ones have been answered,
// and returns how long each waited for its answer since its turn had come.
func (p *process) stream(b testing.TB, day []message, perSecond int) []time.Duration {
	b.Helper()
	type turn struct {
		i  int
		at time.Time
	}
	turns := make(chan turn, len(day))
	waited := make([]time.Duration, len(day))
	var wg sync.WaitGroup
	for _, c := range p.callers(b, 64) {
		wg.Go(func() {
			for t := range turns {
				if _, err := c.call(day[t.i]); err != nil {
					b.Errorf("%s: %v", p.name, err)
				}
				waited[t.i] = time.Since(t.at)
			}
		})
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for sent := 0; sent < len(day); {
		now := <-tick.C
		for due := int(now.Sub(begin).Seconds() * float64(perSecond)); sent < min(due, len(day)); sent++ {
			turns <- turn{sent, time.Now()}
		}
	}
	close(turns)
	wg.Wait()
	return waited
}
