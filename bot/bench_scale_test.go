package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"juwei/config"
)

// BenchmarkScale starts the program for one street, a district and a city, leaves it alone
// for a while and says what that costs: the numbers of docs/operations.md.
//
//	go test ./bot -run '^$' -bench Scale -benchtime 1x
//
// One op is ten seconds of nothing to do: duties are looked for, the outbox is watched,
// the directory is read again.
func BenchmarkScale(b *testing.B) {
	const quiet = 10 * time.Second
	for _, size := range []struct{ streets, units int }{{1, 19}, {12, 19}, {220, 27}} {
		b.Run(fmt.Sprintf("streets=%d/units=%d", size.streets, size.streets*size.units), func(b *testing.B) {
			d := newDistrict(b)
			d.streets = nil
			for i := range size.streets {
				d.streets = append(d.streets, fmt.Sprintf("s%03d", i))
			}
			for i := len(d.people); i < size.units; i++ {
				d.people = append(d.people, config.Person{UserID: fmt.Sprintf("sj-more%d", i), Title: fmt.Sprintf("新增%d书记", i), Unit: fmt.Sprintf("新增%d", i)})
			}
			begin := time.Now()
			bot := d.startBot(b)
			bot.untilReady(b)
			ready := time.Since(begin)
			cpu, redisCPU, commands := bot.cpu(b), d.busy(b), d.commands(b)
			seconds := 0.0
			for b.Loop() {
				time.Sleep(quiet)
				seconds += quiet.Seconds()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ready.Seconds()*1000, "ready-ms")
			b.ReportMetric((bot.cpu(b)-cpu).Seconds()/seconds*100, "cpu-%")
			b.ReportMetric((d.busy(b)-redisCPU).Seconds()/seconds*100, "redis-cpu-%")
			b.ReportMetric(float64(d.commands(b)-commands)/seconds, "redis-cmd/s")
			b.ReportMetric(bot.resident(b), "rss-MiB")
		})
	}
}

// commands is how many Redis has carried out.
func (d *district) commands(b *testing.B) int {
	b.Helper()
	info, err := d.rdb.Info(b.Context(), "stats").Result()
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "total_commands_processed:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// resident is the memory the process has resident now, in MiB.
func (p *process) resident(b *testing.B) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}
