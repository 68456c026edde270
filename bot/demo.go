package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/store"
)

// demoStart is when the demo's clock stands at first: the afternoon of the founding story.
const demoStart = "2020-02-13T15:00"

type demoFlags struct {
	listen, redis, at, sim string
	know, verbose          bool
}

func runDemo(ctx context.Context, con console, args []string) error {
	f := demoFlags{}
	set := flags(con, "demo")
	set.StringVar(&f.listen, "listen", "127.0.0.1:8080", "监听地址")
	set.StringVar(&f.redis, "redis", "", "用这个 Redis，而不是内置的（host:port）")
	set.StringVar(&f.at, "at", demoStart, "时钟从何时开始")
	set.StringVar(&f.sim, "sim", "", "只启动机器人，连到已在运行的模拟器")
	set.BoolVar(&f.know, "i-know", false, "允许监听本机以外的地址（演示没有任何登录）")
	set.BoolVar(&f.verbose, "v", false, "打印每一步的日志")
	if err := parse(set, args); err != nil {
		return err
	}
	if err := loopbackOnly(f.listen, f.know); err != nil {
		return err
	}
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelInfo
	}
	d := &demo{flags: f, out: con.out, log: newLogger(con.err, level)}
	if err := d.start(ctx); err != nil {
		return errors.Join(err, d.stop())
	}
	<-ctx.Done()
	return d.stop()
}

// demo is a whole small world in one process, or a bot for a simulator that runs elsewhere.
type demo struct {
	flags demoFlags
	out   io.Writer
	log   *slog.Logger

	given *store.Store         // a store opened by a test
	edit  func(*config.Config) // a test's changes to the demo street

	app   *app
	sim   *sim.Sim
	clock *movedClock
	addr  string // where it listens, once started
	undo  []func()
}

func (d *demo) start(ctx context.Context) error {
	at, err := parseAt(d.flags.at)
	if err != nil {
		return err
	}
	cfg, err := config.Demo(known())
	if err != nil {
		return err
	}
	if d.edit != nil {
		d.edit(cfg)
	}
	street := cfg.Streets[0]
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.flags.listen)
	if err != nil {
		return cannotListen(d.flags.listen, err)
	}
	d.addr = ln.Addr().String()
	base := "http://" + reachable(d.addr)
	d.undo = append(d.undo, func() { ln.Close() })

	mux := http.NewServeMux()
	apiBase := d.flags.sim
	tenant := sim.Tenant{}
	house := newRemoteHouse(street, cfg.Bot.WeCom.Bot.Name)
	if d.flags.sim == "" {
		apiBase = base
		host, _, _ := net.SplitHostPort(d.addr)
		d.sim, err = sim.New(sim.Options{House: house, At: at, Base: base, Hosts: []string{host}, Logger: d.log, Register: house.At})
		if err != nil {
			return err
		}
		d.undo = append(d.undo, d.sim.Close)
		tenant = d.sim.Tenant()
		mux.Handle("/", d.sim.Handler())
	} else {
		if tenant, at, err = askSim(ctx, d.flags.sim); err != nil {
			return err
		}
	}
	useTenant(cfg, tenant, apiBase)
	d.clock = newMovedClock(at)

	st, err := d.openStore(ctx, street.Code)
	if err != nil {
		return err
	}
	d.app, err = newApp(ctx, appOptions{Config: cfg, Store: st, Clock: d.clock, Logger: d.log, Owner: owner()})
	if err != nil {
		return err
	}
	if err := seed(ctx, d.app.works().router, st, street, street.Day(at)); err != nil {
		return err
	}
	if err := d.app.callbacks(mux); err != nil {
		return err
	}
	d.app.adminRoutes(mux)
	d.app.houseRoutes(mux, d.clock)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go srv.Serve(ln)
	d.undo = append(d.undo, func() {
		stop, cancel := context.WithTimeout(context.Background(), budgetStopServer)
		defer cancel()
		if srv.Shutdown(stop) != nil {
			srv.Close()
		}
	})
	if _, err := d.app.turn(ctx, at); err != nil { // cursors start here
		return err
	}
	if err := d.app.start(); err != nil {
		return err
	}
	cfg.Bot.Simulator = apiBase
	if err := announce(ctx, cfg, base, base); err != nil {
		return err
	}
	if d.sim != nil {
		fmt.Fprintf(d.out, "聊天页面：%s/\n时钟停在 %s，在页面上拨动。按 Ctrl-C 结束。\n", base, at.Format("2006-01-02 15:04"))
	} else {
		fmt.Fprintf(d.out, "机器人在 %s，模拟器在 %s。按 Ctrl-C 结束。\n", base, d.flags.sim)
	}
	return nil
}

// openStore opens the given Redis, or one inside this process. It refuses one that
// holds somebody else's street.
func (d *demo) openStore(ctx context.Context, street string) (*store.Store, error) {
	if d.given != nil {
		return d.given, nil
	}
	addr := d.flags.redis
	if addr == "" {
		mini, err := miniredis.Run()
		if err != nil {
			return nil, fmt.Errorf("embedded redis: %w", err)
		}
		d.undo = append(d.undo, mini.Close)
		addr = mini.Addr()
	}
	ring, err := demoRing()
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{Addrs: []string{addr}, Timeout: budgetRedis, Seal: ring, AuditKey: ring.AuditKey()})
	if err != nil {
		return nil, fmt.Errorf("连不上 Redis %s：%w", addr, err)
	}
	d.undo = append(d.undo, func() { st.Close() })
	others, err := st.OtherStreets(ctx, street)
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		return nil, fmt.Errorf("这个 Redis 里有别的街道（%s），演示不碰它。换一个空的 Redis，或去掉 -redis", strings.Join(others, "、"))
	}
	return st, nil
}

// demoRing seals the demo's data. A demo street that is kept in a Redis must be readable
// by the next demo, so the key is fixed and no secret; serve never accepts it.
func demoRing() (*store.Ring, error) {
	return store.NewRing([]byte("juwei demo key: not for real data"[:32]))
}

// stop undoes the start, last first, within Docker's ten seconds.
func (d *demo) stop() error {
	var err error
	if d.app != nil {
		err = d.app.end.run()
		ctx, cancel := context.WithTimeout(context.Background(), budgetStopStore)
		d.app.checkpoint(ctx)
		cancel()
	}
	for i := len(d.undo) - 1; i >= 0; i-- {
		d.undo[i]()
	}
	d.undo = nil
	return err
}

// useTenant fills in what an administrator would copy from the platform's console.
func useTenant(cfg *config.Config, t sim.Tenant, apiBase string) {
	w := &cfg.Bot.WeCom
	w.APIBase = apiBase
	w.WSURL = strings.Replace(apiBase, "http", "ws", 1) + "/ws"
	w.Bot.ID, w.Bot.Token, w.Bot.AESKey, w.Bot.Secret = t.BotID, config.Secret(t.BotToken), config.Secret(t.BotAESKey), config.Secret(t.BotSecret)
	w.App.CorpID, w.App.AgentID = t.CorpID, t.AgentID
	w.App.Secret, w.App.Token, w.App.AESKey = config.Secret(t.AppSecret), config.Secret(t.AppToken), config.Secret(t.AppAESKey)
	for _, s := range cfg.Streets {
		for i := range s.Chats {
			s.Chats[i].Webhook = config.Secret(t.Webhooks[s.Chats[i].ChatID])
		}
	}
}

// askSim asks a running simulator for its tenant and its clock.
func askSim(ctx context.Context, base string) (sim.Tenant, time.Time, error) {
	var tenant sim.Tenant
	var state struct {
		Now time.Time `json:"now"`
	}
	if err := getJSON(ctx, base+"/sim/config", &tenant); err != nil {
		return tenant, time.Time{}, fmt.Errorf("模拟器 %s 没有回答：%w", base, err)
	}
	if err := getJSON(ctx, base+"/sim/state", &state); err != nil {
		return tenant, time.Time{}, fmt.Errorf("模拟器 %s 没有回答：%w", base, err)
	}
	return tenant, state.Now, nil
}

func getJSON(ctx context.Context, addr string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, addr, nil)
	if err != nil {
		return err
	}
	resp, err := directClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", addr, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// directClient talks to this machine, past any proxy.
var directClient = &http.Client{Transport: &http.Transport{Proxy: nil}}

// announce tells a simulator where the bot is, as an administrator enters the callback
// addresses in the console; the simulator verifies them at once.
func announce(ctx context.Context, cfg *config.Config, botBase, houseBase string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	addresses := map[string]string{"house": houseBase}
	w := cfg.Bot.WeCom
	if w.Bot.Mode == config.ModeCallback {
		addresses["bot"] = botBase + w.Bot.Path
	}
	if w.App.CorpID != "" {
		addresses["app"] = botBase + w.App.Path
	}
	body, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, cfg.Bot.Simulator+"/sim/bot", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := directClient.Do(req)
	if err != nil {
		return fmt.Errorf("announce to simulator: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("模拟器没有接受回调地址：%s %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return nil
}

// loopbackOnly refuses to listen where others could reach a program without a login.
func loopbackOnly(addr string, know bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("监听地址要写成 127.0.0.1:8080：%w", err)
	}
	ip := net.ParseIP(host)
	if know || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("演示没有登录，谁连上都能操作，所以只监听本机；确实要开放请加 -i-know")
}

// cannotListen says why an address cannot be had; the usual reason is another program.
func cannotListen(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s 已经有程序在用，换一个端口：-listen 127.0.0.1:8081", addr)
	}
	return fmt.Errorf("监听 %s 不成：%w", addr, err)
}

// reachable is an address one can call: an unspecified host becomes this machine.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
