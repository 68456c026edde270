package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/store"
)

// runAudit is `bot audit verify`: it recomputes a day's chain from the records alone and
// prints what does not fit.
func runAudit(ctx context.Context, con console, args []string) error {
	if len(args) == 0 || args[0] != "verify" {
		return errors.New("用法：bot audit verify -config 目录 -street 街道 [-day 2020-02-13] [-head 412:9f31c7d2a0b1]")
	}
	set := flags(con, "audit")
	dir := set.String("config", "", "配置目录")
	code := set.String("street", "", "街道的 code")
	day := set.String("day", "", "哪一天；不写就是今天")
	seen := set.String("head", "", "当时公布的链头，如 412:9f31c7d2a0b1；从纪工委收到的【留痕】里抄")
	if err := parse(set, args[1:]); err != nil {
		return err
	}
	if *dir == "" || *code == "" {
		return errors.New("要写 -config 目录 -street 街道的 code")
	}
	if *day != "" {
		if _, err := config.ParseDay(*day); err != nil {
			return fmt.Errorf("-day 写成 2020-02-13 这样，不是 %q", *day)
		}
	}
	cfg, err := loadConfig(con, *dir)
	if err != nil {
		return err
	}
	street := cfg.Street(*code)
	if street == nil {
		return fmt.Errorf("配置里没有街道 %q", *code)
	}
	if *day == "" {
		*day = string(street.Day(time.Now()))
	}
	st, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer st.Close()
	witnessed, err := chainHeads(*seen)
	if err != nil {
		return err
	}
	report, err := st.Verify(ctx, street.Code, *day, witnessed...)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s %s：%d 条，%d 个签名点\n", street.Name, *day, report.Lines, report.Checkpoints)
	for _, f := range report.Faults {
		fmt.Fprintf(con.out, "✗ 第%d条：%s\n", f.Line, f.What)
	}
	if len(report.Faults) > 0 {
		return errShown
	}
	if report.Lines == 0 {
		fmt.Fprintln(con.out, "这一天没有记录")
		return nil
	}
	if len(witnessed) > 0 {
		fmt.Fprintf(con.out, "✓ 没有被动过，第%d条和当时公布的链头相符\n", witnessed[0].N)
		return nil
	}
	fmt.Fprintln(con.out, "✓ 没有被动过")
	return nil
}

// chainHeads reads a head as it was said in the morning: 412:9f31c7d2a0b1, or copied with its
// words, 412条，链头9f31c7d2a0b1. Empty: none.
func chainHeads(text string) ([]store.ChainHead, error) {
	if text == "" {
		return nil, nil
	}
	count, head, ok := strings.Cut(strings.NewReplacer("条，链头", ":", "条,链头", ":", "：", ":").Replace(text), ":")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	head = strings.ToLower(strings.TrimSpace(head))
	if !ok || err != nil || n < 1 || len(head) < 8 {
		return nil, fmt.Errorf("-head 写成 412:9f31c7d2a0b1 这样，条数和链头都要，链头至少8位")
	}
	return []store.ChainHead{{N: n, Head: head}}, nil
}
