package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/report"
	"juwei/handlers/tables"
	"juwei/store"
)

// longestExport is how many days one workbook may hold.
const longestExport = 366

// runExport writes every table of a street, the offices' own and the forms as they are, as
// one workbook. That it was taken is audited.
func runExport(ctx context.Context, con console, args []string) error {
	set := flags(con, "export")
	dir := set.String("config", "", "配置目录")
	code := set.String("street", "", "街道代码")
	from := set.String("from", "", "第一天，如 2020-02-10")
	to := set.String("to", "", "最后一天；不写就只导一天")
	table := set.String("table", "", "只要这一张表，如 卫健日报")
	file := set.String("o", "", "写到哪个文件，如 数据.xlsx")
	if err := parse(set, args); err != nil {
		return err
	}
	if *dir == "" || *code == "" || *from == "" || *file == "" {
		return errors.New("要写 -config 目录 -street 代码 -from 日期 -o 文件.xlsx")
	}
	first, last, err := exportDays(*from, *to)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(con, *dir)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cfg.Streets, func(s *config.Street) bool { return s.Code == *code })
	if i < 0 {
		return fmt.Errorf("配置里没有街道 %s", *code)
	}
	street := cfg.Streets[i]
	st, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer st.Close()
	now := time.Now()
	names := tables.Names(street)
	if *table != "" {
		if !slices.Contains(names, *table) {
			return fmt.Errorf("没有“%s”这张表，有：%s", *table, strings.Join(names, "、"))
		}
		names = []string{*table}
	}
	book := handlers.NewDirectory(cfg.Streets)
	if err := book.Refresh(ctx, st); err != nil {
		return err
	}
	book.Dawn(now)
	full, err := exported(ctx, st, book, book.Streets()[i], now, names, first, last)
	if err != nil {
		return err
	}
	data, err := tables.Workbook("bot export", now.In(street.Location), full...)
	if err != nil {
		return err
	}
	_, err = st.Commit(ctx, store.Act{
		Street: street.Code, At: now, Day: string(street.Day(now)),
		Line: &store.Line{Actor: "命令行", Command: "导出", Record: "导出/" + *table + "/" + string(first) + "/" + string(last)},
	})
	if err != nil {
		return fmt.Errorf("没有记下留痕，不导出：%w", err)
	}
	if err := os.WriteFile(*file, data, 0o600); err != nil {
		return fmt.Errorf("写不了 %s：%w", *file, err)
	}
	fmt.Fprintf(con.out, "写好了 %s：%d张表，%s到%s。里面有各居民区的数，请勿转发。\n", *file, len(full), first, last)
	return nil
}

// exportDays reads the two ends; without the second it is the first.
func exportDays(from, to string) (first, last config.Day, err error) {
	if first, err = config.ParseDay(from); err != nil {
		return "", "", fmt.Errorf("-from 写成 2020-02-10 这样，不是 %q", from)
	}
	if to == "" {
		return first, first, nil
	}
	if last, err = config.ParseDay(to); err != nil {
		return "", "", fmt.Errorf("-to 写成 2020-02-10 这样，不是 %q", to)
	}
	switch {
	case last < first:
		return "", "", fmt.Errorf("-to %s 比 -from %s 早", last, first)
	case first.Add(longestExport) <= last:
		return "", "", fmt.Errorf("一次最多%d天", longestExport)
	}
	return first, last, nil
}

// exported fills the tables that exist on one of the days.
func exported(ctx context.Context, st *store.Store, dir *handlers.Directory, s *config.Street, now time.Time, names []string, first, last config.Day) ([]tables.Table, error) {
	desk := &handlers.Desk{Street: s, Day: s.Day(now), At: now, Dir: dir, Book: st}
	reports := report.New()
	reports.Handlers().Commands(s) // it gets to know the street's forms
	f := tables.New(reports.Tally, reports.Words)
	var out []tables.Table
	for _, name := range names {
		t, err := f.Fill(ctx, desk, name, first, last)
		if errors.Is(err, tables.ErrNoTable) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s到%s没有可以导出的表", first, last)
	}
	return out, nil
}
