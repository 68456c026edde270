package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"juwei/config"
)

// Everybody reports within the minute of the cut-off.
//
//	go test ./bot -run '^$' -bench Burst -benchtime 1x      220 streets, 6,160 committees
//	JUWEI_BURST_STREETS=40 …                                fewer of them
//
// The bot and the bare server beside it are those of BenchmarkCallback. One op is one such
// minute of each; then every report is looked up in Redis, every answer opened, and the
// audit chain of every street verified.

// burstUnits is how many committees a street has here.
const burstUnits = 28

// newBurst is a district of so many streets.
func newBurst(tb testing.TB, streets int) *district {
	tb.Helper()
	d := newDistrict(tb)
	d.streets = nil
	for i := range streets {
		d.streets = append(d.streets, fmt.Sprintf("s%03d", i))
	}
	for i := len(d.people); i < burstUnits; i++ {
		d.people = append(d.people, config.Person{UserID: fmt.Sprintf("sj-more%02d", i), Title: fmt.Sprintf("新增%d书记", i), Unit: fmt.Sprintf("新增%d", i)})
	}
	return d
}

// TestBurst is the same with 22 streets, as fast as it goes over 32 connections, while the
// platform delivers every tenth message twice, on another connection and about the same time.
func TestBurst(t *testing.T) {
	t.Parallel()
	needRedis(t)
	d := newBurst(t, 22)
	bot := d.startBot(t)
	var twice []int // who was delivered twice, by index
	answers := map[int][]string{}
	d.round(t, []*process{bot}, func(p *process, day []message) {
		var again []message
		for i := 0; i < len(day); i += 10 {
			twice, again = append(twice, i), append(again, day[i])
		}
		said := p.rush(t, append(append([]message{}, day...), again...), 32)
		for i := range said {
			who := i
			if i >= len(day) {
				who = twice[i-len(day)]
			}
			answers[who] = append(answers[who], d.receipt(t, said[i].answer))
		}
	})
	if len(answers) != d.size() {
		t.Errorf("%d of %d were answered", len(answers), d.size())
	}
	for who, texts := range answers {
		for _, text := range texts {
			if !strings.HasPrefix(text, "已收") || text != texts[0] {
				t.Errorf("message %d was answered with %q", who, texts)
			}
		}
	}
	d.audited(t, bot)
}

// BenchmarkBurst: open-loop arrivals spread over a minute, and then the same reports as fast
// as 32 connections go.
func BenchmarkBurst(b *testing.B) {
	streets := 220
	if n, err := strconv.Atoi(os.Getenv("JUWEI_BURST_STREETS")); err == nil {
		streets = n
	}
	d := newBurst(b, streets)
	bot, bare := d.startBot(b), d.startBare(b, "pipeline")
	all := []*process{bot, bare}
	d.round(b, all, func(p *process, day []message) { p.rush(b, day, 32) }) // warm up
	for _, how := range []struct {
		name string
		send func(*process, []message) []exchange
	}{
		{"within-a-minute", func(p *process, day []message) []exchange { return p.arrive(b, day, time.Minute) }},
		{"at-once", func(p *process, day []message) []exchange { return p.rush(b, day, 32) }},
	} {
		b.Run(fmt.Sprintf("%s/units=%d", how.name, d.size()), func(b *testing.B) {
			waited, rate := map[*process][]time.Duration{}, map[*process][]float64{}
			busy := map[*process]time.Duration{}
			for b.Loop() {
				d.round(b, all, func(p *process, day []message) {
					began, cpu := time.Now(), p.cpu(b)
					said := how.send(p, day)
					rate[p] = append(rate[p], float64(len(day))/time.Since(began).Seconds())
					busy[p] += p.cpu(b) - cpu
					for _, x := range said {
						waited[p] = append(waited[p], x.took)
						if p == bot && !strings.HasPrefix(d.receipt(b, x.answer), "已收") {
							b.Fatalf("answered with %q", d.receipt(b, x.answer))
						}
					}
				})
				d.audited(b, bot)
			}
			ms := func(p *process, q float64) float64 { return quantile(waited[p], q).Seconds() * 1000 }
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(rate[bot]), "msg/s")
			b.ReportMetric(median(rate[bare]), "bare-msg/s")
			b.ReportMetric(median(rate[bot])/median(rate[bare]), "throughput/bare")
			for _, q := range []struct {
				name string
				at   float64
			}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}} {
				b.ReportMetric(ms(bot, q.at), q.name+"-ms")
				b.ReportMetric(ms(bare, q.at), "bare-"+q.name+"-ms")
			}
			b.ReportMetric(float64(busy[bot])/float64(busy[bare]), "cpu/bare")
			b.ReportMetric(bot.peak(b), "rss-MiB")
		})
	}
}

// exchange is one message's answer and how long it waited for it.
type exchange struct {
	answer []byte
	took   time.Duration
}

// rush sends messages over n connections as fast as they are answered.
func (p *process) rush(tb testing.TB, day []message, n int) []exchange {
	tb.Helper()
	out := make([]exchange, len(day))
	var wg sync.WaitGroup
	for i, c := range p.callers(tb, n) {
		wg.Go(func() {
			for j := i; j < len(day); j += n {
				begin := time.Now()
				body, err := c.call(day[j])
				if err != nil {
					tb.Errorf("%s: %v", p.name, err)
					return
				}
				out[j] = exchange{body, time.Since(begin)}
			}
		})
	}
	wg.Wait()
	return out
}

// arrive sends messages spread evenly over a time, each at its moment whether or not
// earlier ones have been answered; how long each waited counts from that moment.
func (p *process) arrive(tb testing.TB, day []message, over time.Duration) []exchange {
	tb.Helper()
	out := make([]exchange, len(day))
	turns := make(chan int, len(day))
	begin := time.Now()
	due := func(i int) time.Time { return begin.Add(over * time.Duration(i) / time.Duration(len(day))) }
	var wg sync.WaitGroup
	for _, c := range p.callers(tb, 64) {
		wg.Go(func() {
			for i := range turns {
				body, err := c.call(day[i])
				if err != nil {
					tb.Errorf("%s: %v", p.name, err)
				}
				out[i] = exchange{body, time.Since(due(i))}
			}
		})
	}
	for i := range day {
		time.Sleep(time.Until(due(i)))
		turns <- i
	}
	close(turns)
	wg.Wait()
	return out
}

// receipt opens an answer and returns what the asker reads.
func (d *district) receipt(tb testing.TB, answer []byte) string {
	tb.Helper()
	var envelope struct {
		Encrypt string `json:"encrypt"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		tb.Fatalf("answer %q: %v", answer, err)
	}
	plain, err := d.cipher.Open(envelope.Encrypt)
	if err != nil {
		tb.Fatal(err)
	}
	var reply struct {
		Stream struct{ Content string }
	}
	if err := json.Unmarshal(plain, &reply); err != nil {
		tb.Fatalf("answer %q: %v", plain, err)
	}
	return reply.Stream.Content
}

// audited verifies today's audit chain of every street, as `bot audit verify` does: whole,
// and with one line for each unit's report.
func (d *district) audited(tb testing.TB, bot *process) {
	tb.Helper()
	cfg, problems := config.Load(bot.cmd.Args[len(bot.cmd.Args)-1], known())
	if cfg == nil {
		tb.Fatal(problems)
	}
	st, err := openStore(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	defer st.Close()
	record := "日报/" + string(d.day)
	for _, street := range d.streets {
		chain, err := st.Verify(tb.Context(), street, string(d.day))
		if err != nil || len(chain.Faults) > 0 {
			tb.Fatalf("audit of %s: %v, %v", street, chain.Faults, err)
		}
		lines, err := st.Audit(tb.Context(), street, string(d.day))
		if err != nil {
			tb.Fatal(err)
		}
		filed := map[string]int{}
		for _, l := range lines {
			if l.Record == record {
				filed[l.Unit]++
			}
		}
		for unit, n := range filed {
			if n != 1 {
				tb.Errorf("audit of %s: %s filed %d times", street, unit, n)
			}
		}
		if len(filed) != len(d.people) {
			tb.Errorf("audit of %s: %d units filed, %d were answered", street, len(filed), len(d.people))
		}
	}
}
