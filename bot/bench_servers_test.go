package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"juwei/bot/sim"
	"juwei/bot/wecom"
	"juwei/config"
	"juwei/store"
	"juwei/store/storetest"
)

// benchServer in the environment makes this test binary a server instead: "bot" is the
// program with its own arguments, for tests and profiles (benchmarks start the real one);
// "pipeline", "calls" and "line" are its bare rivals. benchProfile names a file for the bot's CPU profile; beside it, with .heap behind its
// name, comes what was allocated.
const (
	benchServer  = "JUWEI_BENCH_SERVER"
	benchProfile = "JUWEI_BENCH_PROFILE"
)

func init() {
	what := os.Getenv(benchServer)
	if what == "" {
		return
	}
	go func() { // the benchmark holds the other end: nothing is left behind when it is killed
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	if what == "bot" {
		if profile := os.Getenv(benchProfile); profile != "" {
			os.Exit(profiled(profile))
		}
		main()
	}
	fmt.Fprintln(os.Stderr, runBare(what, os.Args[1], os.Args[2], os.Args[3]))
	os.Exit(1)
}

// profiled runs the program and writes what its processor was busy with.
func profiled(file string) int {
	w, err := os.Create(file)
	if err == nil {
		err = pprof.StartCPUProfile(w)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	defer w.Close()
	defer heapProfile(file + ".heap")
	defer pprof.StopCPUProfile()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// heapProfile writes what is in memory, and what was allocated since the start.
func heapProfile(file string) {
	w, err := os.Create(file)
	if err == nil {
		err = errors.Join(pprof.Lookup("allocs").WriteTo(w, 0), w.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// aof is how Redis is to be set up in earnest. Rewriting the file is left out: it would
// fall into one slice or the other.
var aof = []string{"--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"}

// streets is how many streets like the demo's one bot and one Redis serve here.
const streets = 40

// district is those streets, and the platform they talk through.
type district struct {
	addr    string // of Redis
	rdb     redis.UniversalClient
	streets []string
	people  []config.Person // the demo street's secretaries, in the order of its committees
	day     config.Day
	tenant  sim.Tenant
	cipher  *wecom.Cipher
	line    string // where the bot finds the platform's long connection; "" = it is called back
}

func (d *district) size() int { return len(d.streets) * len(d.people) }

// time is 15:00 of the day, in China.
func (d *district) time() time.Time { return d.day.Time(time.UTC).Add(7 * time.Hour) }

// userID is as long as the demo street's: sj-meiyuan becomes 07-meiyuan in street s07.
func userID(street string, p config.Person) string { return street[1:] + p.UserID[2:] }

// streetOf undoes userID.
func streetOf(user string) string {
	number, _, _ := strings.Cut(user, "-")
	return "s" + number
}

func newDistrict(b testing.TB) *district {
	b.Helper()
	server := storetest.StartTCP(b, aof...)
	if !server.Real() {
		b.Skip("no redis-server here to measure with")
	}
	d := &district{addr: server.Addr(), rdb: bareClient(server.Addr()), day: "2020-02-13"}
	b.Cleanup(func() { d.rdb.Close() })
	for i := range streets {
		d.streets = append(d.streets, fmt.Sprintf("s%02d", i))
	}
	demo, err := config.Demo(known())
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range demo.Streets[0].People {
		if p.Has(config.RoleSecretary) {
			d.people = append(d.people, p)
		}
	}
	d.tenant = sim.Tenant{
		CorpID: "ww0123456789abcdef", AgentID: 1000002, AppSecret: "app-secret", AppToken: "apptoken", AppAESKey: strings.Repeat("a1", 21) + "M",
		BotID: "bot-1", BotToken: "bottoken", BotAESKey: strings.Repeat("b2", 21) + "M",
	}
	if d.cipher, err = wecom.NewCipher(d.tenant.BotAESKey, d.tenant.BotToken, ""); err != nil {
		b.Fatal(err)
	}
	return d
}

// round lets each server have one day of reports: all have the same work, one after the
// other. Then it looks into Redis.
func (d *district) round(b testing.TB, all []*process, send func(*process, []message)) {
	b.Helper()
	d.day = d.day.Add(1)
	day := d.messages(b, d.time())
	for _, p := range all {
		if p.house != "" {
			resp, err := http.Post(p.house+"/house/settle", "application/json", bytes.NewReader(mustJSON(b, map[string]time.Time{"now": d.time()})))
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Fatalf("move the clock: %v %v", resp, err)
			}
			resp.Body.Close()
		}
		send(p, day)
		if b.Failed() {
			b.Fatalf("%s:\n%s", p.name, p.log)
		}
		d.check(b, p, day)
	}
}

// process is a server under load.
type process struct {
	name  string
	addr  string // where it takes callbacks
	house string // where its clock is moved, "" if it has none
	key   func(message) string
	cell  func(message) (field, want string)
	conns []*caller

	cmd *exec.Cmd
	in  io.Closer
	log *bytes.Buffer
}

func start(b testing.TB, name, what string, out io.Writer, args ...string) *process {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	if _, bench := b.(*testing.B); bench && what == "bot" && os.Getenv(benchProfile) == "" {
		self = image(b)
	}
	p := &process{name: name, cmd: exec.Command(self, args...), log: &bytes.Buffer{}}
	p.cmd.Env = append(os.Environ(), benchServer+"="+what)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // the program itself does not watch its stdin
	p.cmd.Stdout, p.cmd.Stderr = out, p.log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.stop(b) })
	return p
}

// image builds what the image holds. The test binary does for its rivals, but what is
// linked into it besides would count as the bot's memory.
func image(b testing.TB) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "juwei")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the program: %v\n%s", err, out)
	}
	return file
}

// stop ends the process as Docker would. A second call does nothing.
func (p *process) stop(b testing.TB) {
	b.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	for _, c := range p.conns {
		c.conn.Close()
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); p.house != "" && err != nil {
		b.Errorf("%s ended with %v:\n%s", p.name, err, p.log)
	}
	p.in.Close()
}

// cpu is the processor time the process has used.
func (p *process) cpu(b testing.TB) time.Duration {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), ") ") // behind the name: state is field 3 of proc(5)
	f := strings.Fields(rest)
	user, err1 := strconv.Atoi(f[14-3])
	system, err2 := strconv.Atoi(f[15-3])
	if err := errors.Join(err1, err2); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

// busy is the processor time Redis has used.
func (d *district) busy(b testing.TB) time.Duration {
	b.Helper()
	info, err := d.rdb.Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum float64
	for line := range strings.Lines(info) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
		case "used_cpu_user", "used_cpu_sys":
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += seconds
		}
	}
	return time.Duration(sum * float64(time.Second))
}

// peak is the most memory the process has had resident, in MiB.
func (p *process) peak(b testing.TB) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

// startBot starts the program with a configuration of the district. A small server plays
// the simulator, so that the benchmark has the clock.
func (d *district) startBot(b testing.TB) *process {
	b.Helper()
	announced := make(chan struct{ Bot, House string }, 1)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/sim/config":
			writeJSON(w, http.StatusOK, d.tenant)
		case "/sim/state":
			writeJSON(w, http.StatusOK, map[string]time.Time{"now": d.time()})
		case "/sim/bot":
			var in struct{ Bot, House string }
			if err := json.NewDecoder(r.Body).Decode(&in); err == nil {
				announced <- in
			}
		default:
			http.NotFound(w, r)
		}
	}))
	b.Cleanup(platform.Close)
	dir := d.writeConfig(b, platform.URL)
	p := start(b, "bot", "bot", io.Discard, "serve", "-config", dir)
	p.key = func(m message) string { return "{" + m.street + "}:" + store.Reports("日报", string(m.day)).String() }
	p.cell = func(m message) (string, string) { return m.unit, "1|1|" + m.values + "|" + m.user + "|" }
	select {
	case at := <-announced:
		p.addr = strings.TrimSuffix(strings.TrimPrefix(at.Bot, "http://"), "/wecom/bot")
		p.house = at.House
	case <-time.After(10 * time.Second):
		b.Fatalf("the bot did not start:\n%s", p.log)
	}
	return p
}

// untilReady asks /readyz until it is green.
func (p *process) untilReady(b testing.TB) {
	b.Helper()
	for {
		resp, err := http.Get(p.house + "/readyz")
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
}

// writeConfig writes what an administrator would have written. The pack is the built-in
// one without its duties: they would speak in between.
func (d *district) writeConfig(b testing.TB, platform string) string {
	b.Helper()
	dir := b.TempDir()
	keys := filepath.Join(dir, "keys")
	for _, sub := range []string{keys, filepath.Join(dir, "streets"), filepath.Join(dir, "packs")} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := store.InitRing(keys); err != nil {
		b.Fatal(err)
	}
	pack, err := os.ReadFile("../config/packs/epidemic.yaml")
	if err != nil {
		b.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(pack), "\nduties:")
	_, after, _ := strings.Cut(rest, "\n\n")
	t := d.tenant
	files := map[string]string{
		"bot.yaml": fmt.Sprintf(`listen: 127.0.0.1:0
admin_listen: localhost:0
redis: {addrs: [%q]}
seal_keys_dir: %q
simulator: %s
wecom:
  api_base: %[3]s
  bot: {id: %s, name: 防控助手, token_env: BOT_TOKEN, aes_key_env: BOT_AES_KEY}
  app: {corp_id: %s, agent_id: %d, secret_env: APP_SECRET, token_env: APP_TOKEN, aes_key_env: APP_AES_KEY}
`, d.addr, keys, platform, t.BotID, t.CorpID, t.AgentID),
		"secrets.env": fmt.Sprintf("BOT_TOKEN=%s\nBOT_AES_KEY=%s\nAPP_SECRET=%s\nAPP_TOKEN=%s\nAPP_AES_KEY=%s\n",
			t.BotToken, t.BotAESKey, t.AppSecret, t.AppToken, t.AppAESKey),
		"packs/epidemic.yaml": before + "\n\n" + after,
	}
	if d.line != "" {
		files["bot.yaml"] = strings.Replace(files["bot.yaml"], "  bot: {", "  ws_url: "+d.line+"\n  bot: {mode: longconn, secret_env: BOT_SECRET, ", 1)
		files["secrets.env"] += "BOT_SECRET=" + t.BotSecret + "\n"
	}
	for _, street := range d.streets {
		var y strings.Builder
		fmt.Fprintf(&y, "street: {code: %s, name: 街道%[1]s, timezone: Asia/Shanghai}\npacks: [{name: epidemic, from: 2020-01-01, to: 2039-12-31}]\nchats: [{name: 书记群, kind: 书记, chatid: g-%[1]s}]\ncommittees:\n", street)
		for i, p := range d.people {
			fmt.Fprintf(&y, "  - {name: %s, ordinal: %d}\n", p.Unit, i+1)
		}
		fmt.Fprintf(&y, "people:\n  - {userid: %s-admin, title: 管理员, roles: [管理员]}\n", street)
		for _, p := range d.people {
			fmt.Fprintf(&y, "  - {userid: %s, title: %s, roles: [书记], unit: %s}\n", userID(street, p), p.Title, p.Unit)
		}
		files["streets/"+street+".yaml"] = y.String()
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// startBare starts the rival; see bareServer.
func (d *district) startBare(b testing.TB, how string) *process {
	b.Helper()
	r, w := io.Pipe()
	p := start(b, "bare "+how, how, w, d.addr, d.tenant.BotAESKey, d.tenant.BotToken)
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		b.Fatalf("the bare server did not start: %v\n%s", err, p.log)
	}
	p.addr = strings.TrimSpace(line)
	p.key = func(m message) string {
		return bareKey(how, m.street, strconv.FormatInt(d.time().Unix(), 10))
	}
	p.cell = func(m message) (string, string) { return m.user, "1|" + m.line }
	return p
}

// bareServer is the practical limit: what remains of a callback when there is no bot. It
// checks, opens, seals and signs with the same functions, and writes to Redis twice: the
// line, and the reply with a lifetime. "pipeline" sends both writes together, "calls" one
// after the other.
type bareServer struct {
	cipher *wecom.Cipher
	rdb    redis.UniversalClient
	how    string
}

func runBare(how, addr, key, token string) error {
	if how == "line" {
		return runBareLine(addr, key)
	}
	c, err := wecom.NewCipher(key, token, "")
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	srv := &http.Server{Handler: &bareServer{c, bareClient(addr), how}, ReadHeaderTimeout: 5 * time.Second}
	return srv.Serve(ln)
}

// bareClient is set up as store.Open sets up its own, but for its timeout: it has no
// handlers.Router that would try again when the machine's disk makes Redis wait.
func bareClient(addr string) redis.UniversalClient {
	const timeout = budgetPatience
	return redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{addr}, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1, Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

func bareKey(how, street, period string) string { return "{" + street + "}:bare-" + how + ":" + period }

func (s *bareServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.answer(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *bareServer) answer(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var envelope struct {
		Encrypt string `json:"encrypt"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return err
	}
	q := r.URL.Query()
	ts, nonce := q.Get("timestamp"), q.Get("nonce")
	if !s.cipher.Verify(q.Get("msg_signature"), ts, nonce, envelope.Encrypt) {
		return wecom.ErrSignature
	}
	plain, err := s.cipher.Open(envelope.Encrypt)
	if err != nil {
		return err
	}
	var m struct {
		MsgID string                  `json:"msgid"`
		From  struct{ UserID string } `json:"from"`
		Text  struct{ Content string }
	}
	if err := json.Unmarshal(plain, &m); err != nil {
		return err
	}
	street := streetOf(m.From.UserID)
	content := "已收 " + m.From.UserID + " 日报\n" + m.Text.Content + "\n错了回：/改 标签 数字"
	if err := s.keep(r.Context(), bareKey(s.how, street, ts), m.From.UserID, "1|"+m.Text.Content, "{"+street+"}:bare-"+s.how+"-done:"+m.MsgID, content); err != nil {
		return err
	}
	reply, err := json.Marshal(map[string]any{
		"msgtype": "stream", "stream": map[string]any{"id": "s-" + m.MsgID, "finish": true, "content": content},
	})
	if err != nil {
		return err
	}
	enc := s.cipher.Seal(reply)
	w.Header().Set("Content-Type", "application/json")
	_, err = fmt.Fprintf(w, `{"encrypt":"%s","msgsignature":"%s","timestamp":%s,"nonce":"%s"}`, enc, s.cipher.Sign(ts, nonce, enc), ts, nonce)
	return err
}

func (s *bareServer) keep(ctx context.Context, key, field, line, done, reply string) error {
	if s.how == "calls" {
		if err := s.rdb.HSet(ctx, key, field, line).Err(); err != nil {
			return err
		}
		return s.rdb.Set(ctx, done, reply, 24*time.Hour).Err()
	}
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSet(ctx, key, field, line)
		p.Set(ctx, done, reply, 24*time.Hour)
		return nil
	})
	return err
}
