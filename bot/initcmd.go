package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"juwei/config"
	"juwei/store"
)

// runInit writes a commented configuration to start from, with fresh keys. It never
// overwrites.
func runInit(_ context.Context, con console, args []string) error {
	set := flags(con, "init")
	keysOnly := set.Bool("keys-only", false, "只在这个目录生成密钥")
	rest, err := parseRest(set, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("请写目录，例：bot init ./conf")
	}
	dir := rest[0]
	if *keysOnly {
		return initKeys(dir)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s 里已经有文件，不覆盖。换一个空目录", dir)
	}
	template := config.Starter()
	err = fs.WalkDir(template, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		data, err := fs.ReadFile(template, name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	})
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if err := initKeys(filepath.Join(dir, "keys")); err != nil {
		return err
	}
	fmt.Fprintf(con.out, `写好了：%s
接下来：
  1. 改 %s（seal_keys_dir 写成 %s 的绝对路径）和 streets/ 里的街道文件，密钥填进 secrets.env（照 secrets.env.example）
  2. go run ./bot check -config %s
  3. go run ./bot check -config %s -live
  4. go run ./bot serve -config %s
keys/ 里是加密用的密钥：备份到别处，和 Redis 的备份分开放。
`, dir, filepath.Join(dir, "bot.yaml"), filepath.Join(dir, "keys"), dir, dir, dir)
	return nil
}

// initKeys makes a new key ring. It never touches one that is there.
func initKeys(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("init keys: %w", err)
	}
	if _, err := store.InitRing(dir); err != nil {
		return fmt.Errorf("init keys: %w", err)
	}
	return nil
}
