package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"juwei/config"
	"juwei/store"
)

// runServe is the real thing.
func runServe(ctx context.Context, con console, args []string) error {
	set := flags(con, "serve")
	dir := set.String("config", "", "配置目录")
	if err := parse(set, args); err != nil {
		return err
	}
	// Before anything else: a hangup while we start must wait, not end us, and a file that
	// changes after it was read must be noticed.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	asRead := prints(*dir)
	cfg, err := loadStrict(con, *dir)
	if err != nil {
		return err
	}
	log := newLogger(con.err, slog.LevelInfo)
	a, err := startServe(ctx, cfg, log)
	if err != nil {
		return err
	}
	log.Info("ready", "config", cfg.Digest, "streets", len(cfg.Streets), "mode", cfg.Bot.WeCom.Bot.Mode, "version", version())
	newReloader(a, *dir, asRead).run(ctx, hup)
	log.Info("stopping")
	return a.end.run()
}

// startServe brings the bot up in an order in which everything that can fail fails
// before the first message is taken. On an error everything begun is undone.
func startServe(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *app, err error) {
	st, err := openStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var now clock = wallClock{}
	moved := (*movedClock)(nil)
	if cfg.Bot.Simulator != "" {
		_, at, err := askSim(ctx, cfg.Bot.Simulator)
		if err != nil {
			st.Close()
			return nil, err
		}
		moved = newMovedClock(at)
		now = moved
	}
	options := appOptions{Config: cfg, Store: st, Clock: now, Logger: log, Owner: owner()}
	if moved == nil {
		options.Jitter, options.Slow = everyJitter, everySlow
	}
	a, err := newApp(ctx, options)
	if err != nil {
		st.Close()
		return nil, err
	}
	a.end.add("redis", budgetStopStore, func(ctx context.Context) error {
		a.checkpoint(ctx)
		return st.Close()
	})
	defer func() {
		if err != nil {
			err = errors.Join(err, a.end.run())
		}
	}()
	if _, err := a.turn(ctx, now.Now()); err != nil {
		return nil, err
	}
	if err := a.start(); err != nil {
		return nil, err
	}
	admin := http.NewServeMux()
	a.adminRoutes(admin)
	if moved != nil {
		a.houseRoutes(admin, moved)
	}
	adminAddr, err := a.serveOn(cfg.Bot.AdminListen, "admin listener", budgetStopAdmin, admin)
	if err != nil {
		return nil, err
	}
	addr, err := a.serveOn(cfg.Bot.Listen, "callback listener", budgetStopServer, http.HandlerFunc(a.doors))
	if err != nil {
		return nil, err
	}
	log.Info("listening", "callbacks", addr.String(), "admin", adminAddr.String())
	if moved != nil {
		if err := announce(ctx, cfg, "http://"+reachable(addr.String()), "http://"+reachable(adminAddr.String())); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// openStore opens the configured Redis with the configured keys.
func openStore(ctx context.Context, cfg *config.Config) (*store.Store, error) {
	ring, err := openRing(cfg)
	if err != nil {
		return nil, err
	}
	r := cfg.Bot.Redis
	st, err := store.Open(ctx, store.Options{
		Addrs: r.Addrs, Username: r.Username, Password: r.Password.Reveal(), Master: r.Master, Cluster: r.Cluster, TLS: r.TLS,
		Timeout: budgetRedis, AuditKey: ring.AuditKey(), Seal: ring,
	})
	if err != nil {
		return nil, fmt.Errorf("连不上 Redis：%w", err)
	}
	return st, nil
}

// openRing opens the configured keys.
func openRing(cfg *config.Config) (*store.Ring, error) {
	ring, err := store.OpenRing(cfg.Bot.SealKeysDir)
	if err != nil {
		return nil, fmt.Errorf("密钥目录 %s 打不开（没有就用 bot init -keys-only %s 生成）：%w", cfg.Bot.SealKeysDir, cfg.Bot.SealKeysDir, err)
	}
	ring.LookEvery(time.Second, time.Now)
	return ring, nil
}
