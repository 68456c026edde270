package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// runAudit is `bot audit verify`: it recomputes a day's chain from the records alone and
// prints what does not fit.
func runAudit(ctx context.Context, con console, args []string) error {
	if len(args) == 0 || args[0] != "verify" {
		return errors.New("用法：bot audit verify -config 目录 -street 街道 [-day 2020-02-13]")
	}
	set := flags(con, "audit")
	dir := set.String("config", "", "配置目录")
	code := set.String("street", "", "街道的 code")
	day := set.String("day", "", "哪一天；不写就是今天")
	if _, err := parse(set, args[1:]); err != nil {
		return err
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
	report, err := st.Verify(ctx, street.Code, *day)
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
	fmt.Fprintln(con.out, "✓ 没有被动过")
	return nil
}
