package register_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/register"
	"juwei/store"
	"juwei/store/storetest"
)

// other are other words for commands, states, fields and answers: the engine knows none of
// either.
var other = strings.NewReplacer(
	"测温枪", "测温枪", // a thing, which another form counts
	"返沪登记", "归户登记", "重点地区", "要紧地区", "name: 返\n", "name: 归\n", "/返 ", "/归 ", "on: [返, ", "on: [归, ",
	"name: 测\n", "name: 量\n", "/测 ", "/量 ", "command: 测\n", "command: 量\n", "测温", "量热", "name: 解\n", "name: 销号\n", "/解 ", "/销号 ",
	"name: 色\n", "name: 色标\n", "/色 ", "/色标 ", "name: 色,", "name: 色标,", "/户 ", "/查户 ", "name: 户,", "name: 查户,",
	"蓝", "青", "黄", "褐", "绿", "白", "人数", "口数", "来源", "来路", "抵沪", "到埠", "满日", "期日", "告知单", "解除函", "承诺书", "保证书",
	"体温", "热度", "湖北", "鄂地", "安徽", "皖地", "正常", "平安", "早", "晨", "晚", "夕",
	"户册", "家册", "满14天", "满两周",
)

// back undoes other in what the bot answers.
var back = strings.NewReplacer(
	"/归 ", "/返 ", "/量 ", "/测 ", "量热", "测温", "/销号 ", "/解 ", "/色标 ", "/色 ", "/查户 ", "/户 ", " 归：", " 返：", " 量：", " 测：", " 销号：", " 解：", " 色标：", " 色：",
	"青", "蓝", "褐", "黄", "白", "绿", "口数", "人数", "来路", "来源", "到埠", "抵沪", "期日", "满日", "解除函", "告知单", "保证书", "承诺书",
	"热度", "体温", "鄂地", "湖北", "皖地", "安徽", "平安", "正常", "晨", "早", "夕", "晚", "家册", "户册", "满两周", "满14天", "要紧地区", "重点地区",
)

// story is played with both packs: who, when (hours from the start), what.
var story = []struct {
	who   string
	hours int
	line  string
}{
	{"sg-meiyuan", 0, "/返 6-1203 3人 湖北 2.12"},
	{"sg-meiyuan", 0, "有"},
	{"sj-meiyuan", 0, "/返 6-1203 2人 湖北 2.12"},
	{"sj-meiyuan", 0, "1"},
	{"sg-meiyuan", 1, "/测 6-1203 早365 晚36.8"},
	{"sg-meiyuan", 1, "1"},
	{"sg-meiyuan", 1, "/返 5-301 安徽 今天"},
	{"sg-meiyuan", 1, "2人"},
	{"sg-meiyuan", 1, "没签"},
	{"sg-meiyuan", 2, "/测 5-301 37.6"},
	{"sg-meiyuan", 2, "/解 6-1203"},
	{"sg-meiyuan", 2, "/解 6-1203 告知单有"},
	{"sg-meiyuan", 2, "/色 6-1203 紫"},
	{"sg-meiyuan", 2, "/色 6-1203 红"},
	{"sg-meiyuan", 24, "/测 全正常"},
	{"sg-meiyuan", 24, "/户 5-301"},
	{"sg-meiyuan", 24, "/户 6-1203"},
	{"sg-meiyuan", 24, "/色 图"},
	{"sg-meiyuan", 24, "/返 6-1203 2人 安徽 2.30"},
	{"sg-meiyuan", 24, "/测 9-101 36.5"},
}

// A pack with other words for commands, states, fields and answers plays the same stories:
// none of them is in the program.
func TestOtherWords(t *testing.T) {
	t.Parallel()
	own := play(t, "疫情", func(s string) string { return s })
	others := play(t, "别名", other.Replace)
	for i := range own {
		if diff := cmp.Diff(own[i], back.Replace(others[i])); diff != "" {
			t.Errorf("%s\n(-own words +other words):\n%s", story[i].line, diff)
		}
	}
	if !strings.Contains(strings.Join(others, "\n"), "褐（") || strings.Contains(strings.Join(others, "\n"), "黄（") {
		t.Errorf("the other words were not used:\n%s", strings.Join(others, "\n"))
	}
}

// play sends the story to a router that knows registers only, and returns the answers.
func play(t *testing.T, name string, words func(string) string) []string {
	t.Helper()
	cfg := load(t, words)
	s := cfg.Streets[0]
	s.Code = storetest.Street(t) + name
	s.Code = strings.Map(func(r rune) rune {
		if r > 127 {
			return 'a' + r%26
		}
		return r
	}, s.Code)
	ring, err := store.NewRing([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Mini(t).Open(t, func(o *store.Options) { o.Seal = ring })
	router := handlers.NewRouter(handlers.RouterOptions{
		BotName: "防控助手", Directory: handlers.NewDirectory(cfg.Streets), Book: db, Door: db,
		Families: []handlers.Family{register.New().Handlers()}, Patience: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	start := time.Date(2020, 2, 13, 15, 0, 0, 0, s.Location)
	var out []string
	for i, x := range story {
		c, err := router.Handle(context.Background(), handlers.Message{
			ID: fmt.Sprint(i), From: x.who, Kind: handlers.Text, Text: words(x.line), At: start.Add(time.Duration(x.hours)*time.Hour + time.Duration(i)*time.Second),
		})
		if err != nil {
			t.Fatalf("%s: %v", x.line, err)
		}
		out = append(out, c.Text)
	}
	return out
}

// load is the demo street with the registers of the epidemic pack in the given words.
func load(t *testing.T, words func(string) string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	read := func(path string) string {
		data, err := os.ReadFile(filepath.Join("..", "..", "config", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	pack := read("packs/epidemic.yaml")
	begin := strings.Index(pack, "\nregisters:")
	if begin < 0 {
		t.Fatal("the epidemic pack has no registers")
	}
	street := read("demo/demo.yaml")
	secrets := read("testdata/good/secrets.env")
	for _, line := range strings.Split(street, "\n") {
		if _, name, ok := strings.Cut(line, "webhook_env: "); ok {
			secrets += strings.TrimRight(name, "}") + "=" + fmt.Sprintf("00000000-0000-4000-8000-%012d\n", len(secrets))
		}
	}
	for name, text := range map[string]string{
		"bot.yaml": read("testdata/good/bot.yaml"), "secrets.env": secrets, "streets/demo.yaml": street,
		"packs/epidemic.yaml": pack[:begin] + words(pack[begin:]),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, problems := config.Load(dir, config.Known{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return cfg
}
