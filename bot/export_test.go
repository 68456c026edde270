package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"juwei/handlers"
	"juwei/handlers/report"
	"juwei/handlers/tables"
	"juwei/store/storetest"
)

// Three offices' tables differ in layout and agree in numbers, with each other, with the
// digest's way of counting and with what is asked in the chat.
func TestExportsAgree(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Mini(t), nil)
	p := playerAt(t, "http://"+d.addr, d.app.works().cfg.Streets[0])
	for who, line := range map[string]string{
		"sj-meiyuan":  "/日报 新返2 重点0 新隔0 解除1 在隔8 发热0 未联系11 困难：缺口罩=50只",
		"sj-wenyuan":  "/日报 新返4 重点1 新隔2 解除0 在隔8 发热1 未联系10",
		"sj-zhanqian": "/日报 新返0 重点0 新隔0 解除0 在隔9 发热0 未联系25",
	} {
		p.send(who, who, line, "", "")
	}
	s := d.app.works().cfg.Streets[0]
	now := d.clock.Now()
	desk := &handlers.Desk{Street: s, Day: s.Day(now), At: now, Dir: d.app.works().dir, Book: d.app.store}
	reports := report.New()
	reports.Handlers().Commands(s)
	f := tables.New(reports.Tally, reports.Words)

	// item → unit → value, from whatever table shows it; and the totals.
	type seen map[string]map[string]int
	values := seen{}
	layouts := map[string]bool{}
	for _, name := range []string{"卫健日报", "人员动态", "困难一览", "日报"} {
		table, err := f.Fill(t.Context(), desk, name, desk.Day.Add(-1), desk.Day)
		if err != nil {
			t.Fatal(err)
		}
		layout := table.Corner
		for _, c := range table.Columns {
			layout += "|" + c.Header
		}
		for _, row := range table.Days[0].Rows {
			layout += "|" + row.Unit
		}
		if layouts[layout] {
			t.Errorf("%s has another's layout", name)
		}
		layouts[layout] = true
		for _, day := range table.Days {
			if len(day.Rows) != 19 || day.Units != 19 {
				t.Errorf("%s of %s has %d rows", name, day.Day, len(day.Rows))
			}
			for i, c := range table.Columns {
				key, sum, base := c.Item+" "+string(day.Day), 0, 0
				first := values[key] == nil
				if first {
					values[key] = map[string]int{}
				}
				for _, row := range day.Rows {
					cell := row.Cells[i]
					if !cell.Number {
						continue
					}
					sum += cell.N
					base++
					if old, ok := values[key][row.Unit]; !first && (!ok || old != cell.N) {
						t.Errorf("%s: %s of %s is %d here and %d elsewhere", name, key, row.Unit, cell.N, old)
					}
					values[key][row.Unit] = cell.N
				}
				if total := day.Totals[i]; total.Number && (total.N != sum || day.Base[i] != base) {
					t.Errorf("%s: %s adds up to %d (%d units), not %d (%d)", name, key, sum, base, total.N, day.Base[i])
				}
			}
		}
	}
	if got := values["当日返沪人数 2020-02-13"]; len(got) != 3 || got["文苑"] != 4 {
		t.Errorf("returned today: %v", got)
	}
	if got := values["在隔离人数 2020-02-12"]; len(got) != 19 {
		t.Errorf("isolated yesterday: %v", got)
	}
	p.send("zb-1", "zb-1", "/数 新返", "", "")
	if got := answers(p, "zb-1"); len(got) != 1 || !strings.Contains(got[0], "今天：6（3/19）") || !strings.Contains(got[0], "文苑4") {
		t.Errorf("the chat says %q", got)
	}
}

// bot export writes all tables of some days as one workbook, and leaves a trace.
func TestExportCommand(t *testing.T) {
	t.Parallel()
	w := newReloaded(t)
	w.asks("sj-meiyuan", "/日报 新返2 重点0 新隔0 解除1 在隔8 发热0 未联系11 困难：缺口罩50只")
	file := filepath.Join(t.TempDir(), "数据.xlsx")
	var out, errs bytes.Buffer
	args := []string{"export", "-config", w.dir, "-street", "demo", "-from", "2020-02-12", "-to", "2020-02-13", "-o", file}
	if code := run(t.Context(), args, &out, &errs); code != 0 {
		t.Fatalf("%s%s", out.String(), errs.String())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is readable for others: %v %v", info, err)
	}
	book, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got := strings.Join(book.GetSheetList(), "|"); !strings.HasPrefix(got, "卫健日报|人员动态|困难一览|日报") {
		t.Errorf("sheets %s", got)
	}
	rows, err := book.GetRows("日报")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 41 || strings.Join(rows[0][:4], "|") != "日期|居民区|新返（人）|重点（人）" || strings.Join(rows[21][:4], "|") != "2020-02-13|梅园|2|0" {
		t.Errorf("%d rows: %q", len(rows), rows)
	}
	st := w.site.open()
	street := w.cfg.Streets[0]
	lines, err := st.Audit(t.Context(), "demo", string(street.Day(wallClock{}.Now())))
	if err != nil || len(lines) != 1 || lines[0].Command != "导出" {
		t.Errorf("audit: %+v %v", lines, err)
	}
	for name, bad := range map[string][]string{
		"backwards": {"-config", w.dir, "-street", "demo", "-from", "2020-02-13", "-to", "2020-02-12", "-o", file},
		"street":    {"-config", w.dir, "-street", "nowhere", "-from", "2020-02-13", "-o", file},
		"date":      {"-config", w.dir, "-street", "demo", "-from", "2.13", "-o", file},
		"days":      {"-config", w.dir, "-street", "demo", "-from", "2010-01-01", "-to", "2020-02-12", "-o", file},
		"nothing":   {"-config", w.dir, "-street", "demo", "-from", "2010-01-01", "-o", file},
		"file":      {"-config", w.dir, "-street", "demo", "-from", "2020-02-13"},
	} {
		if code := run(t.Context(), append([]string{"export"}, bad...), &out, &errs); code == 0 {
			t.Errorf("%s: it worked", name)
		}
	}
}
