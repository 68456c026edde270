package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"juwei/config"
)

// runHealth asks the running bot's /healthz, for a container without a shell. It exits 0
// when the bot is well.
func runHealth(ctx context.Context, con console, args []string) error {
	set := flags(con, "health")
	dir := set.String("config", "", "配置目录")
	if err := parse(set, args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("请写 -config 目录")
	}
	cfg, problems := config.Load(*dir, known())
	if err := problems.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(cfg.Bot.AdminListen)+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := directClient.Do(req)
	if err != nil {
		return fmt.Errorf("没有回答：%w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<12))
	if err != nil {
		return err
	}
	fmt.Fprintln(con.out, strings.TrimSpace(string(text)))
	if resp.StatusCode != http.StatusOK {
		return errShown
	}
	return nil
}
