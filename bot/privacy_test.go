package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"juwei/config"
	"juwei/store/storetest"
)

// lockedLog is a log that several goroutines write.
type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// timeless leaves the time out of a line: its nanoseconds hold any four digits now and then.
func timeless(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// startLogged starts a demo that logs everything there is to log, and says its street.
func startLogged(t *testing.T) (p *player, log *lockedLog, code string) {
	t.Helper()
	log = &lockedLog{}
	d := &demo{
		flags: demoFlags{listen: "127.0.0.1:0", at: demoStart}, out: io.Discard,
		log:   slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: timeless})),
		given: storetest.Start(t).Open(t),
		edit: func(cfg *config.Config) {
			code = storetest.Street(t)
			cfg.Streets[0].Code = code
		},
	}
	if err := d.start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	return &player{t: t, demo: d, base: "http://" + d.addr, names: map[string]string{}, ids: map[string]string{}}, log, code
}

// A personal number that somebody types anywhere reaches neither Redis nor the log, nor
// anything that is said back.
func TestPersonalNumbersReachNothing(t *testing.T) {
	t.Parallel()
	p, log, code := startLogged(t)
	d := p.demo
	lines := []string{
		"今天湖北回来一个 31010119900230123X 13800138000 住5号301",
		"/日报 新返1 重点0 困难联系人１３８００１３８０００",
		"/日报 138 0013 8000 新返2",
		"31010119900230123X",
		"/改 困难 一三八零零一三八零零零",
		"/通知 请联系 138-0013-8000",
		"8 13800138000",
	}
	for _, text := range lines {
		for _, from := range []string{"sj-meiyuan", "jw-1", "nobody"} {
			for _, chat := range []string{"g-shuji", from, "app:" + from, "g-unbound"} {
				p.send(chat, from, text, "", "")
			}
		}
	}
	found := func(where, text string) {
		for _, secret := range []string{"13800138000", "138 0013 8000", "138-0013-8000", "１３８００１３８０００", "31010119900230123", "一三八零零一三八零零零"} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s holds a personal number: …%s…", where, text[max(0, i-40):min(len(text), i+60)])
			}
		}
	}
	found("the log", log.String())
	found("Redis", fmt.Sprint(storetest.Dump(t, d.app.store, code)))
	refused := 0
	for _, m := range p.messages(0) {
		if m.Via == "person" {
			continue
		}
		found("an answer in "+m.Chat, m.Text)
		if strings.Contains(m.Text, "没有保存") {
			refused++
		}
	}
	if want := len(lines) * 3 * 4; refused != want {
		t.Errorf("%d refusals, want %d", refused, want)
	}
}
