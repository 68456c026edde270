package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"reflect"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// everyLook is how often the configuration's files are looked at.
const everyLook = 3 * time.Second

// reloader puts a changed configuration in force while the bot runs: on SIGHUP, and when a
// file has changed. All checks come first; a mistake changes nothing, and the administrators
// are told in private where it is, once for each.
type reloader struct {
	app   *app
	dir   string
	tried string          // print of the files that were last tried
	last  string          // print of the files at the last look
	told  map[string]bool // mistakes told since a configuration was last put in force
}

// newReloader watches dir for an app whose configuration was read when the files' print
// was asRead.
func newReloader(a *app, dir, asRead string) *reloader {
	return &reloader{app: a, dir: dir, tried: asRead, last: asRead, told: map[string]bool{}}
}

// run looks until ctx ends.
func (r *reloader) run(ctx context.Context, hup <-chan os.Signal) {
	tick := time.NewTicker(everyLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			r.last = prints(r.dir)
			r.load(ctx)
		case <-tick.C:
			r.look(ctx)
		}
	}
}

// look tries files that have changed and have been still since the look before: a file
// that is just being written is no mistake.
func (r *reloader) look(ctx context.Context) {
	now := prints(r.dir)
	still := now == r.last
	r.last = now
	if still && now != r.tried {
		r.load(ctx)
	}
}

// load tries the files as they are.
func (r *reloader) load(ctx context.Context) {
	a := r.app
	before := prints(r.dir)
	cfg, err := read(r.dir)
	var n *works
	if err == nil {
		n, err = a.prepare(ctx, cfg)
	}
	var wrong *mistakes
	switch {
	case errors.Is(err, errWiring):
		wrong = &mistakes{err.Error()}
	case err != nil && !errors.As(err, &wrong): // Redis is away, say: the next look tries again
		a.log.Warn("configuration not reloaded", "err", err)
		return
	}
	r.tried = before
	if wrong != nil {
		a.log.Error("configuration not reloaded; the old one runs on", "config", a.works().cfg.Digest, "err", wrong)
		r.tell(ctx, wrong)
		return
	}
	old := a.works().cfg.Digest
	a.swap(n)
	clear(r.told)
	a.log.Info("configuration reloaded", "config", cfg.Digest, "before", old, "streets", len(cfg.Streets), "restart", n.restart)
	text := fmt.Sprintf("新配置已生效（%s）。", cfg.Digest)
	if len(n.restart) > 0 {
		text += "\n" + strings.Join(n.restart, "、") + "要重启才生效，现在还按原来的。"
	}
	a.toAdmins(ctx, fmt.Sprintf("reloaded:%s:%d", cfg.Digest, written(r.dir).Unix()), text)
}

// tell says where the mistakes are, the first few, once.
func (r *reloader) tell(ctx context.Context, wrong *mistakes) {
	sum := sha256.Sum256([]byte(wrong.text))
	id := hex.EncodeToString(sum[:8])
	if r.told[id] {
		return
	}
	const show = 3
	lines := strings.Split(wrong.text, "\n")
	text := fmt.Sprintf("配置里有%d处错，没有生效，还按原来的（%s）跑：\n%s", len(lines), r.app.works().cfg.Digest,
		strings.Join(lines[:min(show, len(lines))], "\n"))
	if len(lines) > show {
		text += "\n其余的用 bot check 看。"
	}
	r.told[id] = r.app.toAdmins(ctx, "misread:"+r.app.works().cfg.Digest+":"+id, text+"\n改好保存就行，会自己再试。")
}

// mistakes is the error of a configuration that must not run: a line for each.
type mistakes struct{ text string }

// Error lists them.
func (m *mistakes) Error() string { return m.text }

// read loads a configuration as strictly as a start does.
func read(dir string) (*config.Config, error) {
	cfg, problems := config.Load(dir, known())
	if err := problems.Err(); err != nil {
		return nil, &mistakes{err.Error()}
	}
	if weak := config.RefuseWeak(cfg); len(weak) > 0 {
		return nil, &mistakes{weak.String()}
	}
	return cfg, nil
}

// prepare makes the works of a new configuration for a bot that runs: what only a restart
// can change stays as it is, and is named.
func (a *app) prepare(ctx context.Context, cfg *config.Config) (*works, error) {
	restart := hold(a.works().cfg.Bot, &cfg.Bot)
	n, err := a.build(ctx, cfg)
	if err != nil {
		return nil, err
	}
	n.restart = restart
	return n, nil
}

// hold keeps in next what cannot change while the bot runs, and names what would have.
func hold(now config.Bot, next *config.Bot) []string {
	var out []string
	keep := func(name string, a, b any) {
		from, to := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
		if !reflect.DeepEqual(from.Interface(), to.Interface()) {
			out = append(out, name)
			to.Set(from)
		}
	}
	keep("listen", &now.Listen, &next.Listen)
	keep("admin_listen", &now.AdminListen, &next.AdminListen)
	keep("redis", &now.Redis, &next.Redis)
	keep("seal_keys_dir", &now.SealKeysDir, &next.SealKeysDir)
	keep("simulator", &now.Simulator, &next.Simulator)
	if line := config.ModeLongConn; now.WeCom.Bot.Mode == line || next.WeCom.Bot.Mode == line {
		keep("wecom.ws_url", &now.WeCom.WSURL, &next.WeCom.WSURL)
		keep("wecom.bot", &now.WeCom.Bot, &next.WeCom.Bot)
	}
	return out
}

// toAdmins says something to every street's administrators, once for each id, whichever
// replica comes first. It reports whether that has been committed for all.
func (a *app) toAdmins(ctx context.Context, id, text string) bool {
	all, now := true, a.clock.Now()
	dir := a.works().dir
	for _, s := range dir.Streets() {
		act := store.Act{Street: s.Code, ID: id, At: now, Day: string(s.Day(now)), Line: &store.Line{Actor: "配置", Command: "重载", Record: id}}
		for _, p := range dir.Administrators(s) {
			act.Pushes = append(act.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Reply, handlers.Say(text), now))
		}
		if _, err := a.store.Commit(ctx, act); err != nil {
			a.log.Error("administrators not told about the configuration", "street", s.Code, "err", err)
			all = false
		}
	}
	a.nudge()
	return all
}

// files lists the files a configuration is read from.
func files(root fs.FS) []string {
	var out []string
	for _, folder := range []string{".", "streets", "packs", "calendar"} {
		entries, err := fs.ReadDir(root, folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if name := e.Name(); strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || name == "secrets.env" {
				out = append(out, path.Join(folder, name))
			}
		}
	}
	return out
}

// written is when a file of the configuration was last written.
func written(dir string) time.Time {
	var last time.Time
	root := os.DirFS(dir)
	for _, name := range files(root) {
		if info, err := fs.Stat(root, name); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

// prints is a print of the files of a configuration: secrets too, which its digest leaves
// out. Files that cannot be read are part of it as such.
func prints(dir string) string {
	sum := sha256.New()
	root := os.DirFS(dir)
	for _, name := range files(root) {
		data, err := fs.ReadFile(root, name)
		fmt.Fprintf(sum, "%s %d %t\n", name, len(data), err == nil)
		sum.Write(data)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
