package chart

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"juwei/handlers"
)

var keep = flag.String("keep", "", "folder to keep the pictures in, to be looked at")

func look(t *testing.T, f handlers.File) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(f.Data))
	if err != nil {
		t.Fatal(err)
	}
	if w := img.Bounds().Dx(); w > 1080 {
		t.Errorf("%d pixels wide", w)
	}
	if len(f.Data) > 2<<20 {
		t.Errorf("%d bytes", len(f.Data))
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func week(values ...int) []handlers.TrendPoint {
	var out []handlers.TrendPoint
	for _, v := range values {
		out = append(out, handlers.TrendPoint{Known: v >= 0, N: v})
	}
	return out
}

var days = []string{"2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13"}

func TestTrend(t *testing.T) {
	t.Parallel()
	some := handlers.TrendLine{Name: "在隔（人）", Points: week(88, 91, -1, 104, 110, 107, 103)}
	some.Points[5].Base = "17/19"
	f, err := Trend(handlers.Trend{
		Title: "疫情防控 近7天", Note: "示范街道，2月14日 07:30的数；空着的那天没有人报", Days: days,
		Lines: []handlers.TrendLine{{Name: "新返（人）", Points: week(12, 9, 15, 30, 41, 26, 20)}, some, {Name: "发热（人）", Points: week(0, 0, 1, 0, 0, 0, 1)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	look(t, f)
	var long handlers.Trend
	long.Title = "一个很长很长很长很长很长很长很长很长很长很长很长的题目 近31天"
	var line handlers.TrendLine
	for i := range 31 {
		long.Days = append(long.Days, fmt.Sprintf("2.%d", i+1))
		line.Points = append(line.Points, handlers.TrendPoint{Known: i%9 != 4, N: 1000 + rand.IntN(600)})
	}
	line.Name = "到岗（人）"
	long.Lines = []handlers.TrendLine{line, {Name: "都没报", Points: make([]handlers.TrendPoint, 31)}}
	if f, err = Trend(long); err != nil {
		t.Fatal(err)
	}
	look(t, f)
	if _, err := Trend(handlers.Trend{Title: "空"}); err == nil {
		t.Error("an empty trend was drawn")
	}
	if _, err := Trend(handlers.Trend{Title: "短", Days: days, Lines: []handlers.TrendLine{{}}}); err == nil {
		t.Error("a line without points was drawn")
	}
}

func TestGrid(t *testing.T) {
	t.Parallel()
	g := handlers.Grid{
		Title: "梅园 七色图 2月13日", Note: "只有户数，没有户号；合计846户",
		Columns: []handlers.GridColumn{{Name: "红", Colour: "#C62828"}, {Name: "橙", Colour: "#EF6C00"}, {Name: "黄", Colour: "#F9A825"},
			{Name: "蓝", Colour: "#1565C0"}, {Name: "紫", Colour: "#6A1B9A"}, {Name: "灰"}, {Name: "绿", Colour: "#2E7D32"}},
	}
	for i := range 14 {
		g.Rows = append(g.Rows, handlers.GridRow{Name: fmt.Sprintf("%d号楼", i+1), Counts: []int{0, i % 5 / 4, i % 3, i % 7, (i * 5) % 11, i % 4, 40 + i}})
	}
	f, err := Grid(g)
	if err != nil {
		t.Fatal(err)
	}
	look(t, f)
	g.Title = "全街道 七色图"
	for i := range 60 {
		g.Rows = append(g.Rows, handlers.GridRow{Name: fmt.Sprintf("彩虹第%d居民区委员会", i), Counts: []int{0, 1, 37, 212, 486, 58, 41903}})
	}
	if f, err = Grid(g); err != nil {
		t.Fatal(err)
	}
	look(t, f)
	g.Rows[0].Counts = nil
	if _, err := Grid(g); err == nil {
		t.Error("a row without counts was drawn")
	}
}

// Whatever the figures, the ends of the scale hold them all and differ.
func TestBounds(t *testing.T) {
	t.Parallel()
	for range 2000 {
		var values []int
		for range 1 + rand.IntN(8) {
			values = append(values, rand.IntN(1+rand.IntN(50_000)))
		}
		low, high := bounds(week(values...))
		if low >= high {
			t.Fatalf("%v: scale from %v to %v", values, low, high)
		}
		for _, v := range values {
			if float64(v) < low || float64(v) > high {
				t.Fatalf("%v: %d is outside %v to %v", values, v, low, high)
			}
		}
	}
}
