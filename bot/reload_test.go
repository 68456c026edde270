package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"juwei/config"
	"juwei/handlers"
	"juwei/store/storetest"
)

// reloaded is a bot that runs from files in this process, and who changes them.
type reloaded struct {
	*site
	*app
	*player
	r *reloader
}

func newReloaded(t *testing.T) *reloaded {
	t.Helper()
	s := newSite(t, storetest.Mini(t).Addr(), demoStart, "")
	a, err := startServe(t.Context(), s.cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.end.run() }) //nolint:errcheck // the simulator may be gone first
	return &reloaded{site: s, app: a, player: s.player(), r: newReloader(a, s.dir, prints(s.dir))}
}

// write puts a file into the configuration.
func (w *reloaded) write(name, text string) {
	w.site.t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		w.site.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.site.t.Fatal(err)
	}
}

// pack writes the epidemic pack with the daily report's cut-off at another time.
func (w *reloaded) pack(cutoff string) {
	w.site.t.Helper()
	data, err := os.ReadFile("../config/packs/epidemic.yaml")
	if err != nil {
		w.site.t.Fatal(err)
	}
	w.write("packs/epidemic.yaml", strings.Replace(string(data), "cutoff: 17:00", "cutoff: "+cutoff, 1))
}

// looks is the reloader's next two looks: the first sees the change, the second acts.
func (w *reloaded) looks() {
	w.r.look(w.site.t.Context())
	w.r.look(w.site.t.Context())
}

// asks says a line in private and returns the answer.
func (w *reloaded) asks(who, line string) string {
	w.site.t.Helper()
	before := len(answers(w.player, who))
	w.send(who, who, line, "", "")
	until(w.site.t, "an answer to "+line, func() bool { return len(answers(w.player, who)) > before })
	return answers(w.player, who)[before]
}

// told are what the administrator heard, once n messages have come.
func (w *reloaded) told(n int) []string {
	w.site.t.Helper()
	until(w.site.t, fmt.Sprintf("the administrator hears %d messages", n), func() bool { return len(answers(w.player, "admin")) >= n })
	return answers(w.player, "admin")
}

// ready is what /readyz shows.
func (w *reloaded) ready() (config string, restart []string) {
	w.site.t.Helper()
	rec := httptest.NewRecorder()
	w.readyz(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var out struct {
		Config  string   `json:"config"`
		Restart []string `json:"restart"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		w.site.t.Fatalf("readyz: %d %s %v", rec.Code, rec.Body, err)
	}
	return out.Config, out.Restart
}

// A changed file is put in force whole; a mistake changes nothing and is told once, with its
// place; what only a restart can change is named.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newReloaded(t)
	first, _ := w.ready()
	if got := w.asks("sj-meiyuan", "我的"); !strings.Contains(got, "17:00截止") {
		t.Fatalf("before: %s", got)
	}

	w.pack("18:00")
	w.r.look(t.Context())
	if now, _ := w.ready(); now != first {
		t.Error("a file that may still be being written was read")
	}
	w.r.look(t.Context())
	second, _ := w.ready()
	if second == first || second != w.works().cfg.Digest {
		t.Errorf("readyz shows %s, before %s", second, first)
	}
	if got := w.asks("sj-meiyuan", "我的"); !strings.Contains(got, "18:00截止") {
		t.Errorf("after: %s", got)
	}
	if got := w.told(1); got[0] != "新配置已生效（"+second+"）。" {
		t.Errorf("the administrator heard %q", got)
	}

	// Mistakes: a misspelt key and an unknown pack, looked at again and again, and asked for by SIGHUP.
	street := string(config.DemoStreet())
	w.write("streets/demo.yaml", strings.Replace(street, "name: epidemic", "name: epidemie", 1))
	w.looks()
	w.looks()
	w.r.load(t.Context())
	if now, _ := w.ready(); now != second {
		t.Error("a mistake was put in force")
	}
	if got := w.asks("sj-meiyuan", "我的"); !strings.Contains(got, "18:00截止") {
		t.Errorf("with a mistake in the files: %s", got)
	}
	if got := w.told(2); len(got) != 2 || !strings.Contains(got[1], "streets/demo.yaml:4:16: 没有包“epidemie”") || !strings.Contains(got[1], second) {
		t.Errorf("the administrator heard %q", got)
	}
	w.write("streets/demo.yaml", street+"\nchatz: []\n") // another mistake is told again
	w.looks()
	if got := w.told(3); len(got) != 3 || !strings.Contains(got[2], "不认识的键“chatz”") {
		t.Errorf("the administrator heard %q", got)
	}

	// Mended, with a change that has to wait for a restart.
	w.write("streets/demo.yaml", street)
	w.rewrite(func(yaml string) string {
		return strings.Replace(yaml, "listen: 127.0.0.1:0", "listen: 127.0.0.1:1", 1)
	})
	w.looks()
	third, restart := w.ready()
	if third == second || !slices.Equal(restart, []string{"listen"}) {
		t.Errorf("readyz shows %s and %q", third, restart)
	}
	if got := w.told(4); len(got) != 4 || !strings.Contains(got[3], "listen要重启才生效") {
		t.Errorf("the administrator heard %q", got)
	}

	// Secrets are no part of the digest, but of what is watched.
	data, err := os.ReadFile(filepath.Join(w.dir, "secrets.env"))
	if err != nil {
		t.Fatal(err)
	}
	before := w.works()
	w.write("secrets.env", "OTHER=1\n"+string(data))
	w.looks()
	if w.works() == before {
		t.Error("a changed secret was not read")
	}
	if w.works().client != before.client {
		t.Error("the client and its token were thrown away for nothing")
	}
}

// Messages and turns go on while configurations are swapped: each is answered by the one
// or the other, none is lost.
func TestReloadUnderWay(t *testing.T) {
	t.Parallel()
	w := newReloaded(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i, who := range []string{"sj-meiyuan", "sj-wenyuan", "sj-zhanqian"} {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				m := handlers.Message{ID: fmt.Sprint("swap:", i, ":", n), Via: handlers.ViaApp, From: who, Kind: handlers.Text, Text: unitReport(n), At: w.app.clock.Now()}
				c, err := w.receive(t.Context(), m)
				if err != nil || c.Empty() {
					t.Errorf("%s heard %q, %v", who, c.Text, err)
					return
				}
			}
		})
	}
	for i := range 6 {
		w.pack(fmt.Sprintf("%d:%02d", 17+i%2, 10+i))
		w.looks()
		if want := config.Clock((17+i%2)*60 + 10 + i); w.works().cfg.Packs["epidemic"].Form("日报").Cutoff != want {
			t.Errorf("swap %d is not in force", i)
		}
	}
	stop()
	wg.Wait()
}

// The real program, told by SIGHUP.
func TestReloadBySignal(t *testing.T) {
	t.Parallel()
	needRedis(t)
	s := newSite(t, storetest.StartTCP(t).Addr(), demoStart, "")
	p := s.serve()
	w := &reloaded{site: s, player: s.player()}
	w.pack("18:00")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.printed(`"msg":"configuration reloaded"`)
	if got := w.asks("sj-meiyuan", "我的"); !strings.Contains(got, "18:00截止") {
		t.Errorf("after: %s", got)
	}
	w.write("packs/epidemic.yaml", "pack: {name: epidemic\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.printed(`"msg":"configuration not reloaded; the old one runs on"`)
	if got := w.asks("sj-meiyuan", "我的"); !strings.Contains(got, "18:00截止") {
		t.Errorf("with a mistake in the files: %s", got)
	}
	p.stop()
}
