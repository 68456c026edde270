package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"juwei/bot/sim"
	"juwei/config"
	"juwei/store"
)

// runSim is the simulator alone: the platform, the handle and the page, for a bot that
// runs as a process of its own.
func runSim(ctx context.Context, con console, args []string) error {
	set := flags(con, "sim")
	listen := set.String("listen", "127.0.0.1:8090", "监听地址")
	at := set.String("at", demoStart, "时钟从何时开始")
	dir := set.String("write-config", "", "把连这个模拟器的配置写到这个目录")
	redis := set.String("redis", "127.0.0.1:6379", "写进配置的 Redis 地址")
	botAddr := set.String("bot", "127.0.0.1:8080", "写进配置的机器人监听地址")
	know := set.Bool("i-know", false, "允许监听本机以外的地址（模拟器没有任何登录）")
	if err := parse(set, args); err != nil {
		return err
	}
	if err := loopbackOnly(*listen, *know); err != nil {
		return err
	}
	start, err := parseAt(*at)
	if err != nil {
		return err
	}
	cfg, err := config.Demo(known())
	if err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return cannotListen(*listen, err)
	}
	base := "http://" + reachable(ln.Addr().String())
	house := newRemoteHouse(cfg.Streets[0], cfg.Bot.WeCom.Bot.Name)
	host, _, _ := net.SplitHostPort(ln.Addr().String())
	s, err := sim.New(sim.Options{
		House: house, At: start, Base: base, Hosts: []string{host}, Register: house.At, Logger: newLogger(con.err, slog.LevelWarn),
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if *dir != "" {
		if err := writeConfig(*dir, base, *botAddr, *redis, s.Tenant(), cfg.Streets[0]); err != nil {
			return err
		}
		fmt.Fprintf(con.out, "配置写在 %s，机器人这样起：go run ./bot serve -config %s\n", *dir, *dir)
	}
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	fmt.Fprintf(con.out, "模拟器和聊天页面：%s/\n时钟停在 %s。按 Ctrl-C 结束。\n", base, start.Format("2006-01-02 15:04"))
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.Close()
	stop, cancel := context.WithTimeout(context.Background(), budgetStopServer)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}

// writeConfig writes what an administrator would have written by hand for the platform
// at base: bot.yaml, the demo street, the secrets and a key ring.
func writeConfig(dir, base, botAddr, redis string, t sim.Tenant, s *config.Street) error {
	for _, d := range []string{dir, filepath.Join(dir, "streets"), filepath.Join(dir, "keys")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("write config: %w", err)
		}
	}
	host, port, err := net.SplitHostPort(botAddr)
	if err != nil {
		return fmt.Errorf("-bot 要写成 127.0.0.1:8080：%w", err)
	}
	admin := net.JoinHostPort(host, "9090")
	if port == "0" || port == "9090" {
		admin = net.JoinHostPort(host, "0")
	}
	keys, err := filepath.Abs(filepath.Join(dir, "keys"))
	if err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	if _, err := store.InitRing(keys); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("write config: %w", err)
	}
	bot := fmt.Sprintf(`# 由 bot sim 写出：连到本机的模拟器，时钟听模拟器的。
listen: %s
admin_listen: %s
redis: {addrs: [%q]}
seal_keys_dir: %q
simulator: %s
wecom:
  api_base: %s
  ws_url: %s/ws
  bot: {id: %s, name: 防控助手, mode: callback, token_env: BOT_TOKEN, aes_key_env: BOT_AES_KEY, secret_env: BOT_SECRET, path: /wecom/bot}
  app: {corp_id: %s, agent_id: %d, secret_env: APP_SECRET, token_env: APP_TOKEN, aes_key_env: APP_AES_KEY, path: /wecom/app}
`, botAddr, admin, redis, keys, base, base, strings.Replace(base, "http", "ws", 1), t.BotID, t.CorpID, t.AgentID)
	var secrets strings.Builder
	fmt.Fprintf(&secrets, "BOT_TOKEN=%s\nBOT_AES_KEY=%s\nBOT_SECRET=%s\nAPP_SECRET=%s\nAPP_TOKEN=%s\nAPP_AES_KEY=%s\n",
		t.BotToken, t.BotAESKey, t.BotSecret, t.AppSecret, t.AppToken, t.AppAESKey)
	for _, c := range s.Chats {
		if c.WebhookEnv != "" {
			fmt.Fprintf(&secrets, "%s=%s\n", c.WebhookEnv, t.Webhooks[c.ChatID])
		}
	}
	for name, text := range map[string]string{
		"bot.yaml": bot, "secrets.env": secrets.String(), filepath.Join("streets", "demo.yaml"): string(config.DemoStreet()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write config: %w", err)
		}
	}
	return nil
}
