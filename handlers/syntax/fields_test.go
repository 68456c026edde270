package syntax

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFieldsTable(t *testing.T) {
	t.Parallel()
	r := NewReader(report, committees)
	checkTable(t, "fields.txt", func(in string) string { return show(r.Read(in)) })
}

// TestTwoTexts: one Text label ends where the next begins.
func TestTwoTexts(t *testing.T) {
	t.Parallel()
	labels := []Label{{Name: "举措", Kind: Text}, {Name: "瓶颈", Kind: Text}}
	for in, want := range map[string]string{
		"举措加夜班 瓶颈职工宿舍进不去":        "举措=“加夜班” 瓶颈=“职工宿舍进不去”",
		"举措：加夜班，瓶颈：无":            "举措=“加夜班” 瓶颈=“”",
		"瓶颈 人手缺2个\n举措 12日前补齐":    "瓶颈=“人手缺2个” 举措=“12日前补齐”",
		"瓶颈人手，瓶颈是钥匙，举措没有":        "瓶颈=“人手,瓶颈是钥匙” 举措=“”",
		"瓶颈人手\n瓶颈钥匙":             "/doubled 瓶颈/",
		"举措 加班(每晚8点) [抱拳]\n谢谢大家": "举措=“加班(每晚8点)” /note 大家/",
	} {
		if got := show(Fields(in, labels)); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
}

// FuzzFields: every number returned stands at its offsets, nothing is returned twice, all
// offsets lie inside the text, and normalising first changes nothing.
func FuzzFields(f *testing.F) {
	for _, r := range rows(f, "fields.txt") {
		f.Add(r.in)
	}
	rd := NewReader(report, committees)
	f.Fuzz(func(t *testing.T, raw string) {
		s := Normalise(raw)
		r := rd.Read(raw)
		if a, b := fmt.Sprint(r), fmt.Sprint(rd.Read(s)); a != b {
			t.Fatalf("%q: %s, normalised first: %s", raw, a, b)
		}
		seen := map[string]bool{}
		for _, v := range r.Values {
			if seen[v.Label] {
				t.Fatalf("%q: %s twice", raw, v.Label)
			}
			seen[v.Label] = true
			checkValue(t, s, v)
		}
		for _, g := range r.Guessed {
			if seen[g.Label] {
				t.Fatalf("%q: %s guessed and stated", raw, g.Label)
			}
			seen[g.Label] = true
			checkValue(t, s, g.Value)
			if g.Typed != "" && !strings.Contains(s, g.Typed) {
				t.Fatalf("%q: %+v was never typed", raw, g)
			}
		}
		for _, d := range r.Doubled {
			if seen[d] {
				t.Fatalf("%q: %s has a value and two", raw, d)
			}
		}
		for _, v := range r.Conflicts {
			checkValue(t, s, v)
		}
		for _, u := range append(r.Unknown, r.BadNumber...) {
			if u.Start < 0 || u.End > len(s) || u.Start > u.End || s[u.Start:u.End] != u.Text {
				t.Fatalf("%q: stray %+v is not in %q", raw, u, s)
			}
		}
	})
}

func checkValue(t *testing.T, s string, v Value) {
	t.Helper()
	if v.Start < 0 || v.End > len(s) || v.Start > v.End || s[v.Start:v.End] != v.Raw {
		t.Fatalf("%q: %+v is not where it says", s, v)
	}
	if v.Label == "困难" {
		return
	}
	raw := strings.TrimLeft(fold(v.Raw), "+-−加增减多少了")
	if n, used, ok := Number(raw); !ok || used != len(raw) || n != max(v.Int, -v.Int) {
		if e, hit := phraseTable.match(raw, 0); v.Int == 0 && hit && len(e.text) == len(raw) && e.id <= int(emptyStrong) {
			return
		}
		t.Fatalf("%q: %+v is not what its text says", s, v)
	}
	if v.Int < 0 && !v.Delta {
		t.Fatalf("%q: negative %+v", s, v)
	}
}

// cpuTime is what the process has used so far: on a machine that does other things besides,
// the clock on the wall says little.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkFields(b *testing.B) {
	r := NewReader(report, committees)
	for name, line := range map[string]string{
		"plain":  "新返3 重点1 新隔1 解除2 在隔9 发热0 未联系14",
		"spoken": "新返2，重点没有，解1个，在隔八个，发热无，没联系上的11户，困难缺口罩50只 谢谢",
		"wrong":  "新反2，中点没有，结除1个，在个八个，发热无，末联系11户，累计47人 谢谢",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				r.Read(line)
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}
