package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"juwei/handlers"
	"juwei/handlers/tables"
	"juwei/store/storetest"
)

// alone finds the room of the households' lines.
var alone = regexp.MustCompile(`(?:^|[^0-9A-Za-z_-])1203(?:[^0-9A-Za-z_-]|$)`)

// planted is personal data as the parser's own table holds it: 200 lines and more.
func planted(t *testing.T) (lines, secrets []string) {
	t.Helper()
	data, err := os.ReadFile("../handlers/syntax/testdata/pii.txt")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(data)) {
		in, found, ok := strings.Cut(strings.TrimSuffix(l, "\n"), " ⇒ ")
		if !ok || strings.HasPrefix(l, "#") {
			continue
		}
		lines = append(lines, strings.ReplaceAll(in, "⏎", "\n"))
		for _, f := range strings.Split(found, "; ") {
			if kind, secret, _ := strings.Cut(f, " "); kind != "姓名和健康情况" { // 王阿姨 alone is nobody's secret
				secrets = append(secrets, strings.ReplaceAll(secret, "⏎", "\n"))
			}
		}
	}
	return lines, secrets
}

// After a busy day with every disguise of personal data said somewhere, and with households'
// states and health said where they belong, nothing of the former is anywhere, and nothing of
// the latter lies open: in no key of Redis, in no line of the log, in no export.
func TestBusyDayLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	p, log, code := startLogged(t)
	d := p.demo
	lines, secrets := planted(t)
	if len(lines) < 200 {
		t.Fatalf("only %d lines planted", len(lines))
	}
	for i, text := range lines {
		from := []string{"sj-meiyuan", "sj-wenyuan", "jw-1", "zb-1", "ll-1"}[i%5]
		chat := []string{from, "g-shuji", "app:" + from, "g-zhiban"}[i%4]
		p.send(chat, from, text, "", "")
		if i%10 == 0 { // the same, quoted by somebody harmless
			p.send("sj-zhuyuan", "sj-zhuyuan", "这条怎么登记", text, "")
		}
	}
	// Households, where they belong: each is kept, and nothing of them lies open.
	households := []string{
		"急！6号楼1203老人家38度7一个人住 要不要叫120", "/失联 梅园 6-1203 敲门没人应", "/返 6-1203 2 安徽 2.12 自驾", "/重点 6-1203 1人 湖北 2.12到 居家", "/测 6-1203 早38.7",
		"/色 6-1203 橙 密接", "/户 6-1203", "/日报 新返1 困难6号1203要送药", "/日报 新返1 重点0 新隔0 解除1 在隔8 发热0 未联系11 困难6号1203要送药",
	}
	for _, text := range households {
		p.send("sj-meiyuan", "sj-meiyuan", text, "", "")
		p.send("sj-meiyuan", "sj-meiyuan", "1", "", "")
	}
	p.send("zb-1", "zb-1", "/接 急1", "", "")
	p.send("zb-1", "zb-1", "/问题 急1", "", "")
	p.send("zb-1", "zb-1", "/应急查阅 3号楼火情找人", "", "")
	p.send("ld-shuji", "ld-shuji", "/应急查阅 6-1203要开门救人", "", "")
	p.post("/sim/clock", map[string]any{"advance": "17h"})

	b := d.app.store.Read(code)
	sealed := b.Traces("epidemic")
	if err := b.Run(context.Background()); err != nil || len(*sealed) < 10 {
		t.Errorf("only %d sealed values: were the households' lines taken at all? %v", len(*sealed), err)
	}
	open := []string{"6号楼1203", "6-1203", "6号1203", "38度7"}
	check := func(where, text string, secrets []string) {
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s holds %q: …%s…", where, secret, text[max(0, i-60):min(len(text), i+60)])
			}
		}
	}
	room := func(where, text string) { // by itself: hashes and random ids hold any four digits now and then
		if i := alone.FindStringIndex(text); i != nil {
			t.Errorf("%s holds a room: …%s…", where, text[max(0, i[0]-60):min(len(text), i[1]+60)])
		}
	}
	for key, value := range storetest.Dump(t, d.app.store, code) {
		text := fmt.Sprint(value)
		room("Redis, "+key, key+text)
		check("Redis, "+key, key+text, secrets)
		check("Redis, "+key, key+text, open)
	}
	check("the log", log.String(), append(secrets, open...))
	room("the log", log.String())
	cfg := d.app.works().cfg
	dir := handlers.NewDirectory(cfg.Streets)
	now := d.app.clock.Now()
	s := cfg.Streets[0]
	full, err := exported(context.Background(), d.app.store, dir, s, now, tables.Names(s), "2020-02-12", "2020-02-13")
	if err != nil {
		t.Fatal(err)
	}
	data, err := tables.Workbook("测试", now, full...)
	if err != nil {
		t.Fatal(err)
	}
	check("the export", unzipped(t, data), secrets)
	if report, err := d.app.store.Verify(context.Background(), code, "2020-02-13"); err != nil || len(report.Faults) > 0 {
		t.Errorf("the chain: %+v, %v", report, err)
	}
}

// unzipped is all the text in a workbook.
func unzipped(t *testing.T, data []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
