package main

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"juwei/config"
	"juwei/handlers"
	"juwei/store/storetest"
)

// The burden of a day made again from what is audited, by a reader of its own: the side
// records of the lines against the counters, and the lines themselves and the outbox against
// both, and what /减负 says of the week. Whoever counted wrong, or changed a count, is found.
func TestBurdenFromTheAudit(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Start(t), nil)
	street := d.app.works().cfg.Streets[0]
	p := playerAt(t, "http://"+d.addr, street)
	p.demo = d
	p.play(strings.Join([]string{
		"梅园书记> /日报 新返2 重点0 新隔0 解除1 在隔8 发热0 未联系11",
		"文苑书记> /零报",
		"桂香书记> 日报 同昨",
		"桂香书记> 1",
		"站前书记> /日报 新返2 重点0 新隔1 解除0 在隔10 发热0",
		"站前书记> 25",
		"站前书记> /改 未联系 24",
		"梅园书记> /减负 同样的数报了三遍",
		"= 2020-02-13 15:30",
		"! again",
		"= 2020-02-13 17:20",
	}, "\n") + "\n")

	st := d.app.store
	var week [4]int // from the audit alone
	for _, day := range []config.Day{"2020-02-12", "2020-02-13"} {
		lines, err := st.Audit(t.Context(), street.Code, string(day))
		if err != nil {
			t.Fatal(err)
		}
		sums, reports := map[string][4]int{}, 0
		mark := regexp.MustCompile(`(\d+(?:,\d+){0,3})\|(\S+)`)
		for _, l := range lines {
			for _, m := range mark.FindAllStringSubmatch(l.Note, -1) {
				sum := sums[m[2]]
				for i, count := range strings.Split(m[1], ",") {
					n, err := strconv.Atoi(count)
					if err != nil {
						t.Fatal(err)
					}
					sum[i] += n
				}
				sums[m[2]] = sum
			}
			if l.Record == "日报/"+string(day) && l.Rev == 1 { // the first of each unit, by the line alone
				reports++
			}
		}
		for _, sum := range sums {
			for i, n := range sum {
				week[i] += n
			}
		}
		b := st.Read(street.Code)
		counted := handlers.Burdens(b, day)
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		loads, err := counted()
		if err != nil {
			t.Fatal(err)
		}
		booked := map[string][4]int{}
		var total handlers.Load
		for _, l := range loads {
			booked[l.Office] = [4]int{l.Reports, l.Typed, l.Prefilled, l.Pushes}
			total = total.Plus(l)
		}
		if !maps.Equal(booked, sums) {
			t.Errorf("%s: booked %v, audited %v", day, booked, sums)
		}
		if total.Reports != reports {
			t.Errorf("%s: %d reports booked, %d came in", day, total.Reports, reports)
		}
		entries, err := st.Outbox(t.Context(), street.Code, string(day))
		if err != nil {
			t.Fatal(err)
		}
		pushes := 0
		for _, e := range entries {
			if k := handlers.PushKind(e.Kind); k != handlers.Reply && k != handlers.Digest {
				pushes++
			}
		}
		if total.Pushes != pushes {
			t.Errorf("%s: %d pushes booked, %d in the outbox", day, total.Pushes, pushes)
		}
		// By hand: 19 × 7 typed yesterday; today 7 + 6 + 1 and 1 corrected, 7 + 7 carried.
		want := map[config.Day][3]int{"2020-02-12": {19, 133, 0}, "2020-02-13": {4, 15, 14}}[day]
		if got := [3]int{total.Reports, total.Typed, total.Prefilled}; got != want {
			t.Errorf("%s: %v, want %v", day, got, want)
		}
	}
	said := p.play("街道书记> /减负\n")
	if want := fmt.Sprintf("合计：要%d项，手填%d，自动带出%d；", week[1]+week[2], week[1], week[2]); !strings.Contains(said, want) {
		t.Errorf("the audit says %s, /减负 said: %s", want, said)
	}
	// Nobody can tell from the audit who complained.
	lines, err := st.Audit(t.Context(), street.Code, "2020-02-13")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if strings.HasPrefix(l.Record, "减负/") && (l.Actor != "匿名" || l.Unit != "" || strings.Contains(l.Note, "三遍")) {
			t.Errorf("the audit tells about a complaint: %+v", l)
		}
	}
}
