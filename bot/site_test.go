package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"golang.org/x/tools/txtar"

	"juwei/config"
	"juwei/store"
)

// program is a process of the real program: this test binary as benchServer makes it. It
// ends with the test, however that ends.
type program struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Closer

	mu    sync.Mutex
	lines []string // of both its outputs
	more  chan struct{}
}

// launch starts a command line.
func launch(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: exec.Command(self, args...), more: make(chan struct{}, 1)}
	p.cmd.Env = append(os.Environ(), benchServer+"=bot")
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { p.read(out) })
	readers.Go(func() { p.read(errs) })
	t.Cleanup(func() {
		p.kill()
		readers.Wait()
	})
	return p
}

func (p *program) read(r io.Reader) {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, scan.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// printed waits for a line that contains all the words, and returns it.
func (p *program) printed(words ...string) string {
	p.t.Helper()
	timeout := time.After(time.Minute)
	for {
		if line := p.find(words...); line != "" {
			return line
		}
		select {
		case <-p.more:
		case <-timeout:
			p.mu.Lock()
			defer p.mu.Unlock()
			p.t.Fatalf("%v never printed %q:\n%s", p.cmd.Args[1:], words, strings.Join(p.lines, "\n"))
		}
	}
}

func (p *program) find(words ...string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return line
		}
	}
	return ""
}

// kill is SIGKILL, and waits until nothing is left. A second call does nothing.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill() //nolint:errcheck // it may be gone already
		p.cmd.Wait()         //nolint:errcheck // killed
		p.in.Close()
	}
}

// stop is SIGTERM, as Docker stops a container.
func (p *program) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	p.printed(`"msg":"stopping"`)
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%v ended with %v", p.cmd.Args[1:], err)
	}
	p.in.Close()
}

// site is a simulator as a process of its own, the configuration it has written, and a
// Redis; bots come and go.
type site struct {
	t    *testing.T
	base string
	dir  string
	cfg  *config.Config
}

// newSite starts a simulator whose configuration uses the Redis at addr; redisLine, if not
// empty, takes the place of that line in bot.yaml.
func newSite(t *testing.T, addr, at, redisLine string) *site {
	t.Helper()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "conf")}
	p := launch(t, "sim", "-listen", "127.0.0.1:0", "-at", at, "-write-config", s.dir, "-redis", addr, "-bot", "127.0.0.1:0")
	line := p.printed("模拟器和聊天页面：http://")
	s.base = strings.TrimSuffix(line[strings.Index(line, "http://"):], "/")
	if redisLine != "" {
		s.rewrite(func(yaml string) string {
			var out []string
			for line := range strings.Lines(yaml) {
				if strings.HasPrefix(line, "redis:") {
					line = redisLine + "\n"
				}
				out = append(out, line)
			}
			return strings.Join(out, "")
		})
	}
	var problems config.Problems
	if s.cfg, problems = config.Load(s.dir, known()); s.cfg == nil {
		t.Fatal(problems)
	}
	return s
}

func (s *site) rewrite(change func(string) string) {
	s.t.Helper()
	file := filepath.Join(s.dir, "bot.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(change(string(data))), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// serve starts a bot and waits until it is ready.
func (s *site) serve() *program {
	s.t.Helper()
	p := launch(s.t, "serve", "-config", s.dir)
	p.printed(`"msg":"ready"`)
	return p
}

func (s *site) player() *player { return playerAt(s.t, s.base, s.cfg.Streets[0]) }

// open looks into the site's Redis past the bots.
func (s *site) open() *store.Store {
	s.t.Helper()
	st, err := openStore(s.t.Context(), s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { st.Close() })
	return st
}

// stored are the reports of a day: unit → how often it was written.
func stored(t *testing.T, st *store.Store, street string, day config.Day) map[string]int {
	t.Helper()
	b := st.Read(street)
	cells := b.All(store.Reports("日报", string(day)))
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for unit, cell := range *cells {
		out[unit] = cell.Rev
	}
	return out
}

// audited runs `bot audit verify` for a day.
func (s *site) audited(day config.Day) {
	s.t.Helper()
	var out, errs bytes.Buffer
	if code := run(s.t.Context(), []string{"audit", "verify", "-config", s.dir, "-street", "demo", "-day", string(day)}, &out, &errs); code != 0 {
		s.t.Errorf("audit of %s: %s%s", day, out.String(), errs.String())
	}
}

func needRedis(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is missing")
		}
		t.Skip("no redis-server here for processes to share")
	}
}

// secretary is the userid of a unit's secretary.
func (s *site) secretary(unit string) string {
	s.t.Helper()
	for _, person := range s.cfg.Streets[0].People {
		if person.Unit == unit && person.Has(config.RoleSecretary) {
			return person.UserID
		}
	}
	s.t.Fatalf("%s has no secretary", unit)
	return ""
}

// postQuietly is a call of the handle that may fail.
func postQuietly(base, path string, body any) (int, []byte) {
	data, err := json.Marshal(body)
	if err != nil {
		return 0, nil
	}
	resp, err := http.Post(base+path, "application/json", bytes.NewReader(data))
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	out, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, out
}

// playThrough plays a transcript's chat against a running site.
func playThrough(t *testing.T, file string, p *player) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range txtar.Parse(data).Files {
		if section.Name != "chat.txt" {
			continue
		}
		want := string(section.Data)
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(p.play(want), "\n")); diff != "" {
			t.Errorf("%s by processes (-want +got):\n%s", file, diff)
		}
	}
}
func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// memory is a folder without a disk behind it, where there is such a thing: a Sentinel that
// waits two seconds for a slow disk doubts the clock and trusts nobody for half a minute.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "juwei-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// redisProcess is a redis-server of which kill leaves nothing but what others have copied.
func redisProcess(t *testing.T, args ...string) (addr string, kill func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	if !slices.Contains(args, "--dir") {
		args = append(args, "--dir", t.TempDir())
	}
	args = append(args, "--bind", "127.0.0.1", "--port", portOf(addr))
	if !slices.Contains(args, "--sentinel") {
		args = append(args, "--save", "", "--repl-diskless-sync-delay", "0")
	}
	// The shell holds on to our end of its input: nothing is left behind when we are killed.
	cmd := exec.Command("sh", append([]string{"-c", `redis-server "$@" >/dev/null & echo $!; read -r _; kill -9 $!`, "sh"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strconv.Atoi(strings.TrimSpace(pid)); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		in.Close()
		cmd.Wait() //nolint:errcheck // killed
	})
	t.Cleanup(kill)
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	until(t, "redis answers", func() bool { return c.Ping(context.Background()).Err() == nil })
	return addr, kill
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
