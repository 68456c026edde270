package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"juwei/store"
	"juwei/store/storetest"
)

// The promises of one street and day, in whole bytes of Redis memory for each current report.
// Memory is given out in steps, so that some numbers of units are luckier than others.
const (
	reportBytes        = 65  // the report itself
	auditedReportBytes = 190 // with its audit line, the chain's head and its side record
)

// unitNames are as long as the names of residential committees are.
var unitNames = strings.Fields("梅园 文苑 三角地 站前 彩虹一居 彩虹二居 文苑3居 北街 柳岸 南桥 新河 东平路 和平 春晖 青松里 金桂 永安 西园二居 临江 " +
	"广场 建设里 学府 秋月 长桥 湖滨一居 湖滨二居 虹光")

// TestMemoryOfADay writes a day of one street, one report of each unit, and asks Redis
// what that takes.
func TestMemoryOfADay(t *testing.T) {
	t.Parallel()
	server := storetest.Start(t)
	if !server.Real() {
		t.Skip("only a redis-server knows what it takes")
	}
	s := server.Open(t)
	for units := 19; units <= len(unitNames); units++ {
		street := storetest.Street(t)
		for i, unit := range unitNames[:units] {
			mustCommit(t, s, store.Act{
				Street: street, ID: fmt.Sprintf("aibot:bot-1:CAIQ16HMjQY%010d", i), At: at, Day: day,
				Changes: []store.Change{
					store.Put(table, unit, 0, "3|3,1,1,2,9,0,14|sj-meiyuan|k3f9z"),
					store.PutSealed(store.Raw(day), fmt.Sprintf("CAIQ16HMjQY%010d", i), 0, "@助手 /日报 在隔3 新返1", "epidemic"),
				},
				Line: &store.Line{
					Actor: "sj-meiyuan", Command: "日报", Unit: unit, Record: "日报/" + day, Rev: 1, Values: "3,1,1,2,9,0,14",
					Note: "1,7|党政办",
				},
				Reply: []byte("已收 R0213-07 彩虹一居 2月13日 日报\n在隔3 新返1 新增1 解除2 重点9 就医0 合计14"),
			})
		}
		sizes, all := memory(t, s, street), int64(0)
		for _, n := range sizes {
			all += n
		}
		audit := "audit:" + day
		report := float64(sizes[table.String()]) / float64(units)
		audited := report + float64(sizes[audit]+sizes[audit+":head"]+sizes[audit+":side"])/float64(units)
		t.Logf("%d units: report %.1f (promise %d), with its audit line %.1f (promise %d), all keys of an accepted message %.1f bytes",
			units, report, reportBytes, audited, auditedReportBytes, float64(all)/float64(units))
		if int(report) > reportBytes || int(audited) > auditedReportBytes {
			t.Errorf("%d units: more than promised", units)
		}
	}
}

// memory asks what each key of a street takes.
func memory(tb testing.TB, s *store.Store, street string) map[string]int64 {
	tb.Helper()
	ctx, c := context.Background(), storetest.Client(tb, s)
	sizes := map[string]int64{}
	for name := range storetest.Dump(tb, s, street) {
		n, err := c.MemoryUsage(ctx, "{"+street+"}:"+name, 0).Result()
		if err != nil {
			tb.Fatalf("memory of %s: %v", name, err)
		}
		sizes[name] = n
	}
	if len(sizes) == 0 || strings.Contains(street, "}") {
		tb.Fatal("nothing to measure")
	}
	return sizes
}
