package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers/org"
)

// runImport reads people from a workbook and prints them as they stand under people: in a
// street's file. Every bad row is named with its sheet, row, column and mend. It changes
// nothing: with -o the fragment is written to a file of its own.
func runImport(_ context.Context, con console, args []string) error {
	set := flags(con, "import")
	dir := set.String("config", "", "配置目录")
	code := set.String("street", "", "街道代码")
	file := set.String("o", "", "写到哪个文件；不写就打印出来")
	rest, err := parseRest(set, args)
	if err != nil {
		return err
	}
	if *dir == "" || *code == "" || len(rest) != 1 {
		return errors.New("要写 -config 目录 -street 代码 名单.xlsx")
	}
	cfg, err := loadConfig(con, *dir)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cfg.Streets, func(s *config.Street) bool { return s.Code == *code })
	if i < 0 {
		return fmt.Errorf("配置里没有街道 %s", *code)
	}
	in, err := os.Open(rest[0])
	if err != nil {
		return fmt.Errorf("打不开 %s：%w", rest[0], err)
	}
	defer in.Close()
	people, faults, err := org.ReadPeople(in, cfg.Streets[i])
	if err != nil {
		return fmt.Errorf("%s 不是 XLSX：%w", rest[0], err)
	}
	for _, f := range faults {
		fmt.Fprintln(con.err, f)
	}
	var b strings.Builder
	for _, p := range people {
		b.WriteString(p.Fragment())
	}
	switch {
	case *file == "":
		fmt.Fprint(con.out, b.String())
	case len(people) > 0:
		if err := os.WriteFile(*file, []byte(b.String()), 0o600); err != nil {
			return fmt.Errorf("写不了 %s：%w", *file, err)
		}
	}
	fmt.Fprintf(con.err, "读到%d人，%d处要改。贴在 streets/ 文件的 people: 下面，再 bot check。\n", len(people), len(faults))
	if len(faults) > 0 {
		return errShown
	}
	return nil
}
