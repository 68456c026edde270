package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/digest"
	"juwei/handlers/report"
	"juwei/store"
	"juwei/store/storetest"
)

// The promises of docs/performance.md, measured. Nothing here fails on time: a benchmark
// fails only when a report is not in Redis as it was sent.
//
//	go test ./bot -run '^$' -bench . -benchtime 30x
//
// bench_servers_test.go has the two servers as processes of their own, the bot and its
// bare rival; bench_load_test.go makes the messages and sends them.

// BenchmarkCallback sends the same reports to the bot and to the bare servers in turn, the
// district's day at a time, so that whatever else the machine does falls on all of them.
// One op is one such round. Ratios are medians over the rounds.
func BenchmarkCallback(b *testing.B) {
	d := newDistrict(b)
	bot, bare, calls := d.startBot(b), d.startBare(b, "pipeline"), d.startBare(b, "calls")
	all := []*process{bot, bare, calls}
	for _, conns := range []int{1, 32} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			took, cpu, redisCPU := map[*process][]float64{}, map[*process]float64{}, map[*process]float64{}
			d.round(b, all, func(p *process, day []message) { p.flood(b, day, conns) }) // warm up
			rounds := 0
			for b.Loop() {
				rounds++
				d.round(b, all, func(p *process, day []message) {
					before, busy := p.cpu(b), d.busy(b)
					took[p] = append(took[p], p.flood(b, day, conns).Seconds())
					cpu[p] += (p.cpu(b) - before).Seconds()
					redisCPU[p] += (d.busy(b) - busy).Seconds()
				})
			}
			perRound := float64(d.size())
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ratios(took[bare], took[bot])), "throughput/bare")
			b.ReportMetric(median(ratios(took[calls], took[bot])), "throughput/bare-calls")
			b.ReportMetric(perRound/median(took[bot]), "msg/s")
			b.ReportMetric(cpu[bot]/cpu[bare], "cpu/bare")
			b.ReportMetric(cpu[bot]/cpu[calls], "cpu/bare-calls")
			b.ReportMetric(cpu[bot]/perRound/float64(rounds)*1e6, "cpu-µs/msg")
			b.ReportMetric(redisCPU[bot]/perRound/float64(rounds)*1e6, "redis-cpu-µs/msg")
			b.ReportMetric(bot.peak(b), "rss-MiB")
		})
	}
	b.Run("rate=1000", func(b *testing.B) {
		p50, p99 := map[*process][]float64{}, map[*process][]float64{}
		d.round(b, all, func(p *process, day []message) { p.stream(b, day, 1000) }) // warm up
		for b.Loop() {
			d.round(b, all, func(p *process, day []message) {
				waited := p.stream(b, day, 1000)
				p50[p] = append(p50[p], quantile(waited, 0.5).Seconds()*1000)
				p99[p] = append(p99[p], quantile(waited, 0.99).Seconds()*1000)
			})
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(p99[bot])/median(p99[bare]), "p99/bare")
		b.ReportMetric(median(p99[bot])/median(p99[calls]), "p99/bare-calls")
		b.ReportMetric(median(p99[bot]), "p99-ms")
		b.ReportMetric(median(p50[bot]), "p50-ms")
		b.ReportMetric(bot.peak(b), "rss-MiB")
	})
}

// BenchmarkStart is the time from starting the program to a green /readyz.
func BenchmarkStart(b *testing.B) {
	d := newDistrict(b)
	var took []float64
	for b.Loop() {
		begin := time.Now()
		bot := d.startBot(b)
		bot.untilReady(b)
		took = append(took, time.Since(begin).Seconds()*1000)
		bot.stop(b)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(took), "ready-ms")
	b.ReportMetric(slices.Max(took), "ready-max-ms")
}

// BenchmarkRedisMemory files one day of every street through the callback and asks Redis
// what the keys of it take, by kind, for each report.
func BenchmarkRedisMemory(b *testing.B) {
	d := newDistrict(b)
	bot := d.startBot(b)
	var bytes map[string]float64
	for b.Loop() {
		d.round(b, []*process{bot}, func(p *process, day []message) { p.flood(b, day, 8) })
		bytes = d.memory(b)
	}
	b.ReportMetric(0, "ns/op")
	var all float64
	for _, kind := range slices.Sorted(maps.Keys(bytes)) {
		b.Logf("%-12s %6.1f B", kind, bytes[kind])
		all += bytes[kind]
	}
	b.ReportMetric(bytes["report"], "B/report")
	b.ReportMetric(bytes["report"]+bytes["audit"]+bytes["audit:head"]+bytes["audit:side"], "B/audited-report")
	b.ReportMetric(all, "B/message")
}

// BenchmarkDigest composes a street's morning digest from its reports, beside one
// pipelined read of the same two days of each form with a bare client. The round trips
// are counted, and must not grow with the street.
func BenchmarkDigest(b *testing.B) {
	for _, units := range []int{19, 100, 400} {
		b.Run(fmt.Sprintf("units=%d", units), func(b *testing.B) {
			server := storetest.StartTCP(b, aof...)
			if !server.Real() {
				b.Skip("no redis-server here to measure with")
			}
			trips := &tripCounter{}
			st := server.Open(b, func(o *store.Options) { o.Hooks = append(o.Hooks, trips) })
			m := morning(b, st, units)
			family := digest.New(report.New().Tally)
			rdb := bareClient(server.Addr())
			defer rdb.Close()

			var ours, bare []float64
			once := func() {
				begin := time.Now()
				out, err := family.Morning(b.Context(), m)
				ours = append(ours, time.Since(begin).Seconds())
				if err != nil || !strings.Contains(string(out.Pushes[0].Body), fmt.Sprintf("%d/%d", units, units)) {
					b.Fatalf("digest: %v %v", out, err)
				}
				begin = time.Now()
				if n := bareDigest(b, rdb, m); n != 2*units*len(m.Pack.Forms) {
					b.Fatalf("the bare client read %d reports", n)
				}
				bare = append(bare, time.Since(begin).Seconds())
			}
			once() // connect
			ours, bare, trips.n = nil, nil, 0
			for b.Loop() {
				once()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ours)/median(bare), "time/bare")
			b.ReportMetric(float64(trips.n)/float64(len(ours)), "round-trips")
			b.ReportMetric(median(ours)*1e6, "µs/digest")
		})
	}
}

// morning is the digest's moment in a street of so many units, of which all have filed
// for two days.
func morning(b *testing.B, st *store.Store, units int) *handlers.Moment {
	b.Helper()
	cfg, err := config.Demo(known())
	if err != nil {
		b.Fatal(err)
	}
	s := cfg.Streets[0]
	s.Code = storetest.Street(b)
	for i := len(s.Committees); i < units; i++ {
		s.Committees = append(s.Committees, config.Committee{Name: fmt.Sprintf("居民区%d", i), Ordinal: i + 1})
	}
	pack := s.Runs[0].Pack
	day := s.Runs[0].From.Add(7)
	for _, form := range pack.Forms {
		for _, date := range []config.Day{day, day.Add(-1)} {
			for i, u := range s.Committees {
				cell := fmt.Sprintf("%d|%d,0,1,1,9,0,%d|sj-meiyuan|k3f9z|", form.Version, i%40, i%900)
				if _, err := st.Commit(b.Context(), store.Act{
					Street: s.Code, Changes: []store.Change{store.Put(store.Reports(form.Name, string(date)), u.Name, 0, cell)},
				}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	i := slices.IndexFunc(pack.Duties, func(d *config.Duty) bool { return d.Do == "digest" })
	at := s.At(day.Add(1), 7*60+30)
	return &handlers.Moment{
		Desk: handlers.Desk{Street: s, Day: day.Add(1), At: at, Dir: handlers.NewDirectory(cfg.Streets), Book: st},
		Pack: pack, Duty: pack.Duties[i], Slot: at,
	}
}

// bareDigest reads what the digest is about and does nothing with it.
func bareDigest(b *testing.B, rdb redis.UniversalClient, m *handlers.Moment) int {
	b.Helper()
	p := rdb.Pipeline()
	var reads []*redis.MapStringStringCmd
	for _, form := range m.Pack.Forms {
		for _, day := range []config.Day{m.Day.Add(-1), m.Day.Add(-2)} {
			reads = append(reads, p.HGetAll(b.Context(), "{"+m.Street.Code+"}:"+store.Reports(form.Name, string(day)).String()))
		}
	}
	if _, err := p.Exec(b.Context()); err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, r := range reads {
		n += len(r.Val())
	}
	return n
}

// tripCounter counts round trips to Redis.
type tripCounter struct{ n int }

func (t *tripCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (t *tripCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { t.n++; return next(ctx, cmd) }
}

func (t *tripCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { t.n++; return next(ctx, cmds) }
}

// memory asks what one message takes in each kind of key, in bytes. All messages of one
// day are in: what grows with every message is divided by them.
func (d *district) memory(b *testing.B) map[string]float64 {
	b.Helper()
	out := map[string]float64{}
	today := string(d.day)
	for _, street := range d.streets {
		it := d.rdb.Scan(b.Context(), 0, "{"+street+"}:*", 1000).Iterator()
		for it.Next(b.Context()) {
			_, name, _ := strings.Cut(it.Val(), "}:")
			// Yesterday's keys are other messages'; replies are told apart by their id.
			kind, rest, _ := strings.Cut(name, ":")
			if kind != "done" && !strings.Contains(rest, today) || kind == "done" && !strings.Contains(rest, "-"+today+"-") {
				continue
			}
			if kind == "audit" {
				kind = strings.Replace(name, ":"+today, "", 1)
			}
			n, err := d.rdb.MemoryUsage(b.Context(), it.Val(), 0).Result()
			if err != nil {
				b.Fatal(err)
			}
			out[kind] += float64(n) / float64(d.size())
		}
		if err := it.Err(); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// check compares what lies in Redis with what was sent.
func (d *district) check(b testing.TB, p *process, day []message) {
	b.Helper()
	for street := range slices.Chunk(day, len(d.people)) {
		key := p.key(street[0])
		cells, err := d.rdb.HGetAll(b.Context(), key).Result()
		if err != nil {
			b.Fatal(err)
		}
		if len(cells) != len(street) {
			b.Fatalf("%s holds %d reports of %d", key, len(cells), len(street))
		}
		for _, m := range street {
			if field, want := p.cell(m); !strings.HasPrefix(cells[field], want) {
				b.Fatalf("%s: %s is %q, want %q…", key, field, cells[field], want)
			}
		}
	}
}

func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile is the q-th part of the sorted values.
func quantile[T cmp.Ordered](v []T, q float64) T {
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func mustJSON(b testing.TB, v any) []byte {
	b.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
