package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gopkg.in/yaml.v3"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	cfg, err := Demo(testKnown)
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Street("demo")
	if s == nil || len(s.Committees) != 19 {
		t.Fatal("the demo street has 19 committees")
	}
	inArea := 0
	for i, c := range s.Committees {
		if c.Ordinal != i+1 {
			t.Errorf("%s has ordinal %d, want %d", c.Name, c.Ordinal, i+1)
		}
		if _, ok := s.AreaOf(c.Name); ok {
			inArea++
		}
	}
	if inArea != 19 {
		t.Errorf("%d committees lie in an area, want 19", inArea)
	}
	for id, role := range map[string]Role{
		"sj-meiyuan": RoleSecretary, "sj-wenyuan": RoleSecretary, "sj-sanjiaodi": RoleSecretary, "sj-zhanqian": RoleSecretary,
		"sj-caihong1": RoleSecretary, "sj-caihong2": RoleSecretary, "sj-wenyuan3": RoleSecretary, "sg-meiyuan": RoleWorker,
		"ll-1": RoleLiaison, "ll-2": RoleLiaison, "ld-shuji": RoleLeader, "ld-zhuren": RoleLeader, "jw-1": RoleDiscipline,
		"jw-2": RoleDiscipline, "dc-1": RoleInspector, "zb-1": RoleDutyDesk, "wy-1": RoleProperty, "ly-1": RoleBuilding,
		"ksh-1": RoleOffice, "admin": RoleAdmin,
	} {
		if p, ok := s.Person(id); !ok || !p.Has(role) {
			t.Errorf("%s is not %s", id, role)
		}
	}
	if len(s.Active("2020-02-13")) != 1 || len(s.Active("2020-04-01")) != 0 || len(s.Active("2020-01-31")) != 0 {
		t.Error("the pack runs from 1 February to 31 March 2020")
	}
	if c, ok := s.Committee("彩虹一"); !ok || c.Name != "彩虹一居" {
		t.Error("彩虹一 is an alias of 彩虹一居")
	}
	if len(RefuseWeak(cfg)) == 0 {
		t.Error("the demo's empty keys must be refused")
	}
}

func TestEpidemicPack(t *testing.T) {
	t.Parallel()
	cfg, err := Demo(Known{})
	if err != nil {
		t.Fatal(err)
	}
	pack := cfg.Packs["epidemic"]
	form := pack.Form("日报告")
	if form == nil {
		t.Fatal("日报告 is the daily report")
	}
	if got, want := form.Example(), "/日报 新返3 重点1 新隔1 解除2 在隔9 发热0 未联系14"; got != want {
		t.Errorf("Example = %s, want %s", got, want)
	}
	for alias, name := range map[string]string{"没联系上": "未联系", "满14天": "解除", "发烧": "发热", "湖北": "重点", "新回来": "新返", "隔离中": "在隔", "有困难": "困难"} {
		if f := form.Field(alias); f == nil || f.Name != name {
			t.Errorf("%s is not %s", alias, name)
		}
	}
	names := make(map[string]bool)
	for _, d := range pack.Duties {
		if names[d.Name()] {
			t.Errorf("two duties are named %s", d.Name())
		}
		names[d.Name()] = true
		if strings.HasPrefix(d.Name(), "nudge") && d.Chat != "" {
			t.Error("a nudge goes to single persons")
		}
	}
	digest := pack.Duties[slices.IndexFunc(pack.Duties, func(d *Duty) bool { return d.Do == "digest" })]
	zone := cfg.Streets[0].Location
	next := digest.Schedule.Next(time.Date(2020, 2, 13, 7, 30, 0, 0, zone))
	if want := time.Date(2020, 2, 14, 7, 30, 0, 0, zone); !next.Equal(want) {
		t.Errorf("the digest comes at %s, want %s: in the street's zone", next, want)
	}
}

// TestDesignFiles loads the files of the design's chapter 7 as they stand there.
func TestDesignFiles(t *testing.T) {
	t.Parallel()
	files := goodFiles(t)
	delete(files, "packs/small.yaml")
	files["bot.yaml"] = &fstest.MapFile{Data: []byte(`listen: 0.0.0.0:8080
admin_listen: 127.0.0.1:9090            # /metrics /healthz /readyz
redis: {addrs: ["127.0.0.1:6379"], username: "", password_env: REDIS_PASSWORD, master: "", cluster: false, tls: false}
seal_keys_dir: /etc/juwei/keys
ca_file: ""                             # private deployments; HTTPS_PROXY is honoured for HTTPS and WSS
wecom:
  api_base: https://qyapi.weixin.qq.com
  ws_url: wss://openws.work.weixin.qq.com
  bot: {id: "", name: 防控助手, mode: callback, token_env: BOT_TOKEN, aes_key_env: BOT_AES_KEY, secret_env: BOT_SECRET, path: /wecom/bot}
  app: {corp_id: "", agent_id: 0, secret_env: APP_SECRET, token_env: APP_TOKEN, aes_key_env: APP_AES_KEY, path: /wecom/app}
`)}
	files["streets/good.yaml"] = &fstest.MapFile{Data: []byte(`street: {code: demo, name: 示范街道, timezone: Asia/Shanghai}
packs: [{name: epidemic, from: 2020-02-01, to: 2020-03-31}]
areas: [{name: 一片, leader: ld-shuji, liaison: ll-1, committees: [梅园, 文苑]}]
committees: [{name: 梅园, aliases: [梅园居民区, 梅园居委], compounds: [{name: 彩虹花苑, gates: [南门, 北门]}]}, {name: 文苑}]
people: [{userid: sj-meiyuan, title: 梅园书记, roles: [书记], unit: 梅园}, {userid: ld-shuji, title: 主任, roles: [领导]}, {userid: ll-1, title: 联络员, roles: [联络员]}]
chats: [{name: 书记群, kind: 书记, chatid: g-shuji, webhook_env: HOOK_1}, {name: 领导群, kind: 领导}, {name: 值班群, kind: 值班}]
`)}
	_, problems := load(files, noEnv, testKnown)
	if err := problems.Err(); err != nil {
		t.Error(err)
	}
}

func TestStarter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, Starter()); err != nil {
		t.Fatal(err)
	}
	if _, problems := Load(dir, testKnown); problems.Err() == nil {
		t.Error("a new configuration must not load before its secrets are filled in")
	}
	example, err := os.ReadFile(filepath.Join(dir, "secrets.env.example"))
	if err != nil {
		t.Fatal(err)
	}
	var filled strings.Builder
	for i, line := range strings.Split(string(example), "\n") {
		if strings.HasSuffix(line, "=") {
			line += fmt.Sprintf("k%02dZ1xK6mB0tR5yW2cF7hJ4pL9sD1gQ", i)
			if strings.Contains(line, "AES_KEY") {
				line += "8vN3zX6kMaAb"
			}
		}
		filled.WriteString(line + "\n")
	}
	if err := os.WriteFile(filepath.Join(dir, secretsFile), []byte(filled.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, problems := Load(dir, testKnown)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if ps := RefuseWeak(cfg); len(ps) > 0 {
		t.Error(ps)
	}
}

func TestLoadNothing(t *testing.T) {
	t.Parallel()
	_, problems := Load(filepath.Join(t.TempDir(), "nowhere"), Known{})
	want := "bot.yaml: 找不到这个文件，用 bot init 生成一份\nstreets: 里面没有街道文件，用 bot init 生成一份，或放入 streets/名称.yaml"
	if got := problems.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestSecretsFileMode(t *testing.T) {
	t.Parallel()
	files := goodFiles(t)
	files[secretsFile].Mode = 0o644
	cfg, problems := load(files, noEnv, testKnown)
	if want := "secrets.env: 提醒：别的用户也能读这个文件，运行 chmod 600 secrets.env"; cfg == nil || problems.String() != want {
		t.Errorf("got %s, want %s", problems, want)
	}
}

func TestEnvironmentWins(t *testing.T) {
	t.Parallel()
	cfg, problems := load(goodFiles(t), func(name string) (string, bool) {
		return "fromOutside9x", name == "BOT_TOKEN"
	}, testKnown)
	if cfg == nil || cfg.Bot.WeCom.Bot.Token.Reveal() != "fromOutside9x" {
		t.Errorf("the environment wins over secrets.env; problems: %s", problems)
	}
}

func TestRefuseWeak(t *testing.T) {
	t.Parallel()
	cfg, problems := load(goodFiles(t), noEnv, testKnown)
	if cfg == nil {
		t.Fatal(problems)
	}
	cfg.Bot.WeCom.Bot.AESKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	cfg.Bot.WeCom.Bot.Token = "SimToken2026"
	cfg.Bot.WeCom.App.Secret = ""
	cfg.Bot.WeCom.App.AESKey = Secret(strings.Repeat("a", 43))
	want := strings.Join([]string{
		"bot.yaml:9:8: 智能机器人的 EncodingAESKey 是公开的或太简单的，在企业微信后台点“随机获取”，换一个",
		"bot.yaml:9:8: 智能机器人的 Token 是公开的或太简单的，在企业微信后台点“随机获取”，换一个",
		"bot.yaml:10:8: 自建应用的 EncodingAESKey 是公开的或太简单的，在企业微信后台点“随机获取”，换一个",
		"bot.yaml:10:8: 自建应用的 Secret 没有填，从企业微信后台复制",
	}, "\n")
	if got := RefuseWeak(cfg).String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	cfg.Bot.Simulator = "http://127.0.0.1:8081"
	if ps := RefuseWeak(cfg); len(ps) > 0 {
		t.Error("a simulator's keys are fine on this machine")
	}
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	const key = "6f1c0a52"
	v := struct{ S Secret }{key}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", v.S, "all", v)
	inJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	inYAML, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q %x %v", v, v, v, v.S, v.S, v.S, &v) + log.String() + string(inJSON) + string(inYAML)
	if strings.Contains(all, key) || strings.Contains(all, fmt.Sprintf("%x", key)) {
		t.Errorf("the secret is in %s", all)
	}
	if v.S.Reveal() != key {
		t.Error("Reveal returns the secret")
	}
}

func TestDayAndClock(t *testing.T) {
	t.Parallel()
	s := &Street{Location: time.FixedZone("CST", 8*3600)}
	at := time.Date(2020, 2, 13, 16, 30, 0, 0, time.UTC)
	if d := s.Day(at); d != "2020-02-14" {
		t.Errorf("Day = %s: it is the street's day, not UTC's", d)
	}
	if got := Day("2020-02-28").Add(2); got != "2020-03-01" {
		t.Errorf("Add over a leap day = %s", got)
	}
	if got := Day("2020-02-13").Label(); got != "2月13日" {
		t.Errorf("Label = %s", got)
	}
	if got := s.At("2020-02-13", 17*60); !got.Equal(time.Date(2020, 2, 13, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("At = %s", got)
	}
	b := Budget{QuietFrom: 20 * 60, QuietTo: 8 * 60}
	for c, want := range map[Clock]bool{0: true, 8*60 - 1: true, 8 * 60: false, 20*60 - 1: false, 20 * 60: true} {
		if b.Quiet(c) != want {
			t.Errorf("Quiet(%s) = %v", c, !want)
		}
	}
	for _, bad := range []string{"", "17", "17:0", "25:00", "24:01", "12:60", "-1:00", "１７:00", "1:000"} {
		if c, err := ParseClock(bad); err == nil {
			t.Errorf("ParseClock(%q) = %s", bad, c)
		}
	}
}

// TestLongBrokenFile makes sure that the search for a mistake's line ends.
func TestLongBrokenFile(t *testing.T) {
	t.Parallel()
	files := goodFiles(t)
	files["bot.yaml"].Data = []byte("listen: [\n" + strings.Repeat("# "+strings.Repeat("x", 200)+"\n", maxLines-2))
	_, problems := load(files, noEnv, testKnown)
	if len(problems) != 1 || problems[0].Line < 1 || problems[0].Line > maxLines {
		t.Errorf("got %s", problems)
	}
}
