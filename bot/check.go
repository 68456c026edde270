package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"juwei/bot/wecom"
	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// runCheck prints every mistake of a configuration with its place and mend; -live also
// asks Redis and the platform. It sends nothing.
func runCheck(ctx context.Context, con console, args []string) error {
	set := flags(con, "check")
	dir := set.String("config", "", "配置目录")
	live := set.Bool("live", false, "也问一问 Redis 和企业微信（不发任何消息）")
	if err := parse(set, args); err != nil {
		return err
	}
	cfg, err := loadStrict(con, *dir)
	if err != nil {
		return err
	}
	if _, err := openRing(cfg); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "配置没有问题（%s）\n", cfg.Digest)
	if !*live {
		return nil
	}
	return checkLive(ctx, con, cfg)
}

// checkLive asks each outside thing one harmless question.
func checkLive(ctx context.Context, con console, cfg *config.Config) error {
	bad := false
	say := func(what string, err error, mend string) {
		if err == nil {
			fmt.Fprintf(con.out, "✓ %s\n", what)
			return
		}
		bad = true
		fmt.Fprintf(con.out, "✗ %s：%s\n  %s\n", what, err, mend)
	}
	st, err := openStore(ctx, cfg)
	say("Redis 和密钥目录", err, "看 bot.yaml 的 redis 和 seal_keys_dir")
	if err == nil {
		defer st.Close()
		redis, err := st.Settings(ctx)
		if err != nil {
			say("Redis 设置", err, "看不到 INFO：请确认账号有这个权限")
		}
		for _, r := range redis {
			say("Redis "+r.Addr+" 落盘（AOF）", wrong(!r.AOF, "没有开"), "redis.conf 里写 appendonly yes、appendfsync everysec，否则重启会丢数据")
			say("Redis "+r.Addr+" 内存满时不丢数据", wrong(r.Eviction != "noeviction", "现在是 "+r.Eviction), "redis.conf 里写 maxmemory-policy noeviction")
		}
	}
	if err == nil {
		for _, s := range cfg.Streets {
			sayBook(ctx, con, st, s)
		}
	}
	w := cfg.Bot.WeCom
	if w.App.CorpID != "" {
		client, err := wecom.NewClient(wecom.ClientOptions{
			APIBase: w.APIBase, CAFile: cfg.Bot.CAFile, CorpID: w.App.CorpID, AgentID: w.App.AgentID,
			Secret: wecom.Secret(w.App.Secret.Reveal()), Budget: budgetSend, Now: wallClock{}.Now,
		})
		if err == nil {
			err = client.Probe(ctx)
		}
		mend := "看 api_base、corp_id、agent_id 和应用的 secret"
		if e := (*wecom.Error)(nil); errors.As(err, &e) {
			mend = e.Advice()
		}
		say("应用的 access_token 和可信 IP", err, mend)
	}
	if w.Bot.Mode == config.ModeLongConn {
		err := probeLine(ctx, cfg)
		say("智能机器人的长连接凭证", err, "看 wecom.bot 的 id 和 secret；另一处也连着时，那边会被顶下线")
	}
	if bad {
		return errShown
	}
	return nil
}

// sayBook tells what was changed in chat (/名册) and is not in the street's file, and where
// the file says a third thing: the change in chat holds until somebody decides.
func sayBook(ctx context.Context, con console, st *store.Store, s *config.Street) {
	b := st.Read(s.Code)
	read := handlers.ReadStandings(b, s)
	if err := b.Run(ctx); err != nil {
		return // that Redis does not answer was said
	}
	t, err := read()
	if err != nil {
		fmt.Fprintf(con.out, "✗ %s 的名册改动读不出：%s\n", s.Name, err)
		return
	}
	if len(t.Waiting) > 0 {
		fmt.Fprintf(con.out, "- %s 在群聊里改过、还没写回配置：%s\n  管理员私聊发 /名册 导出\n", s.Name, strings.Join(t.Waiting, "、"))
	}
	if len(t.Conflicts) > 0 {
		fmt.Fprintf(con.out, "✗ %s 的配置和群聊里改的对不上，现在按群聊里的：%s\n  再用 /名册 改一次，或把配置改成一样\n", s.Name, strings.Join(t.Conflicts, "、"))
	}
}

// wrong is an error with this text if something is so.
func wrong(so bool, text string) error {
	if !so {
		return nil
	}
	return errors.New(text)
}

// probeLine subscribes once and hangs up.
func probeLine(ctx context.Context, cfg *config.Config) error {
	w := cfg.Bot.WeCom
	transport, err := wecom.Transport(cfg.Bot.CAFile)
	if err != nil {
		return err
	}
	line, err := wecom.NewLongConn(wecom.LongConnOptions{
		URL: w.WSURL, BotID: w.Bot.ID, Secret: wecom.Secret(w.Bot.Secret.Reveal()), Now: wallClock{}.Now,
		HTTP:    &http.Client{Transport: transport},
		Receive: func(context.Context, handlers.Message) (handlers.Content, error) { return handlers.Content{}, nil },
	})
	if err != nil {
		return err
	}
	return line.Probe(ctx)
}
