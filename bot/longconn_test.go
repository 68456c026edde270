package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/store/storetest"
)

// Without a public address: the same bot over a long connection. A line in the group and
// one in the 1:1 chat are answered on the socket, pushes leave by webhook and app, and the
// app's callback still works.
func TestServeByLongConnection(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	street := cfg.Streets[0]
	street.Code = storetest.Street(t)
	at, err := parseAt(demoStart)
	if err != nil {
		t.Fatal(err)
	}
	house := newRemoteHouse(street, cfg.Bot.WeCom.Bot.Name)
	s, err := sim.New(sim.Options{House: house, At: at, Register: house.At})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	simulator := &app{log: quiet(), end: &teardown{log: quiet()}} // for its listener only
	addr, err := simulator.serveOn("127.0.0.1:0", "simulator", time.Second, s.Handler())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		simulator.end.run()
	})
	base := "http://" + addr.String()
	useTenant(cfg, s.Tenant(), base)
	cfg.Bot.WeCom.Bot.Mode = config.ModeLongConn
	cfg.Bot.Simulator = base
	clock := newMovedClock(at)
	a, err := newApp(ctx, appOptions{Config: cfg, Store: storetest.Start(t).Open(t), Clock: clock, Logger: quiet(), Owner: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.end.run(); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	if err := a.callbacks(mux); err != nil {
		t.Fatal(err)
	}
	a.adminRoutes(mux)
	a.houseRoutes(mux, clock)
	botAddr, err := a.serveOn("127.0.0.1:0", "bot", time.Second, mux)
	if err != nil {
		t.Fatal(err)
	}
	bot := "http://" + botAddr.String()
	if err := announce(ctx, cfg, bot, bot); err != nil {
		t.Fatal(err)
	}
	for !a.line.Connected() {
		select {
		case <-ctx.Done():
			t.Fatal("the long connection did not come up")
		case <-time.After(5 * time.Millisecond):
		}
	}
	p := &player{t: t, base: base, names: map[string]string{}, ids: map[string]string{}}
	p.send("g-shuji", "sj-meiyuan", "/日报 新返2 重点0 新隔0 解除1 在隔8 发热0 未联系11", "", "")
	p.send("sj-wenyuan", "sj-wenyuan", "/帮助 日报", "", "")
	p.send("app:sj-wenyuan", "sj-wenyuan", "帮助", "", "")
	p.clock("2020-02-13 15:30")
	want := map[string]string{
		"g-shuji":        "日报17:00截止",
		"sj-wenyuan":     "照这样发",
		"app:sj-wenyuan": "日报 还没报",
	}
	for _, m := range p.messages(0) {
		if text, ok := want[m.Chat]; ok && m.Via != "person" && strings.Contains(m.Text, text) {
			delete(want, m.Chat)
		}
	}
	if len(want) > 0 {
		t.Errorf("not heard: %v", want)
	}
}
