package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"juwei/store/storetest"
)

// cli runs a command line and returns what it printed.
func cli(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	fresh := filepath.Join(t.TempDir(), "conf")
	for _, tt := range []struct {
		name         string
		args         []string
		code         int
		stdout, errs string // must be contained; "" = nothing printed there
	}{
		{"nothing", nil, 2, "", "用法："},
		{"help", []string{"-help"}, 0, "bot demo", ""},
		{"unknown", []string{"serv"}, 2, "", `没有 "serv" 这个命令`},
		{"version", []string{"version"}, 0, "juwei ", ""},
		{"bad flag", []string{"demo", "-prot", "1"}, 2, "", "没有这个参数：-prot"},
		{"flag without its value", []string{"check", "-config"}, 2, "", "后面要写值：-config"},
		{"flag help", []string{"check", "-h"}, 0, "用法：bot check", ""},
		{"a word too many", []string{"check", "conf"}, 2, "", `多了 "conf"`},
		{"audit of no street", []string{"audit", "verify"}, 1, "", "-street"},
		{"audit of no day", []string{"audit", "verify", "-config", "x", "-street", "demo", "-day", "13日"}, 1, "", "2020-02-13"},
		{"demo on all addresses", []string{"demo", "-listen", "0.0.0.0:0"}, 1, "", "-i-know"},
		{"sim on all addresses", []string{"sim", "-listen", "0.0.0.0:0"}, 1, "", "-i-know"},
		{"demo at no time", []string{"demo", "-listen", "127.0.0.1:0", "-at", "yesterday"}, 1, "", "看不懂时间"},
		{"demo without redis", []string{"demo", "-listen", "127.0.0.1:0", "-redis", "127.0.0.1:1"}, 1, "", "连不上 Redis 127.0.0.1:1"},
		{"demo for a simulator that is not there", []string{"demo", "-listen", "127.0.0.1:0", "-sim", "http://127.0.0.1:1"}, 1, "", "没有回答"},
		{"serve without config", []string{"serve"}, 1, "", "bot init"},
		{"serve without a folder", []string{"serve", "-config", filepath.Join(fresh, "none")}, 1, "", "bot.yaml"},
		{"check without config", []string{"check"}, 1, "", "-config"},
		{"init without a folder", []string{"init"}, 1, "", "bot init ./conf"},
		{"try without a line", []string{"try", "-as", "sj-meiyuan"}, 1, "", "-as"},
		{"audit without verify", []string{"audit"}, 1, "", "audit verify"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := cli(t, context.Background(), tt.args...)
			if code != tt.code || !says(out, tt.stdout) || !says(errs, tt.errs) {
				t.Errorf("bot %s: code %d, want %d\nstdout: %s\nstderr: %s", strings.Join(tt.args, " "), code, tt.code, out, errs)
			}
		})
	}
}

func says(got, want string) bool {
	if want == "" {
		return got == ""
	}
	return strings.Contains(got, want)
}

// init writes what check accepts once the secrets are filled in, and never overwrites.
func TestInitThenCheck(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "conf")
	if code, _, errs := cli(t, ctx, "init", dir); code != 0 {
		t.Fatalf("init: %s", errs)
	}
	code, _, errs := cli(t, ctx, "check", "-config", dir)
	if code != 1 || !strings.Contains(errs, "环境变量") {
		t.Errorf("check without secrets: code %d: %s", code, errs)
	}
	secrets, err := os.ReadFile(filepath.Join(dir, "secrets.env.example"))
	if err != nil {
		t.Fatal(err)
	}
	var filled []string
	for _, line := range strings.Split(string(secrets), "\n") {
		name, _, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		value := "s3cret" + strings.ReplaceAll(name, "_", "")
		switch {
		case strings.Contains(name, "AES_KEY"):
			value = "kR7tY2mQ9wZx4Vb8Nc1Jf6Hd3Ls5Gp0AoUiEyTnMq" + name[:1] + "x"
		case strings.HasPrefix(name, "WEBHOOK"):
			value = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0f0f0f0f-" + strings.ToLower(name)
		}
		filled = append(filled, name+"="+value)
	}
	if err := os.WriteFile(filepath.Join(dir, "secrets.env"), []byte(strings.Join(filled, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := cli(t, ctx, "check", "-config", dir)
	if code != 0 || !strings.Contains(out, "配置没有问题") {
		t.Errorf("check: code %d\n%s%s", code, out, errs)
	}
	if strings.Contains(out+errs, "s3cret") {
		t.Errorf("a secret was printed:\n%s%s", out, errs)
	}
	if code, _, errs := cli(t, ctx, "init", dir); code == 0 || !strings.Contains(errs, "不覆盖") {
		t.Errorf("init into a folder in use: code %d: %s", code, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "streets", "example.yaml"), []byte("street: {code: x, nam: y}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := cli(t, ctx, "check", "-config", dir); code != 1 || !strings.Contains(errs, "streets/example.yaml:1:19: 不认识的键“nam”") {
		t.Errorf("check of a mistake: code %d: %s", code, errs)
	}
}

// try prints what the bot makes of a line, and writes nothing.
func TestTry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string // JSON that must be contained in the output, key by key
	}{
		{
			[]string{"-as", "sj-meiyuan", "/日报　新返２，重点没有，新隔0，解1个，在隔八个，发热无，没联系上的11户"},
			`{"command":"日报","unit":"梅园","period":"2020-02-13","values":{"新返":2,"重点":0,"新隔":0,"解除":1,"在隔":8,"发热":0,"未联系":11},"asks":[],"refusal":null,"would_store":true,"pushes":[]}`,
		},
		{
			[]string{"-as", "sj-meiyuan", "-at", "2020-02-13T16:10", "/日报 新返3 重点1 新隔1 解除2 在隔8 发热无"},
			`{"command":"日报","asks":["未联系"],"refusal":null,"would_store":false}`,
		},
		{
			[]string{"-as", "sj-meiyuan", "-chat", "g-shuji", "/零报"},
			`{"command":"零报","reply":"已收 R0213-01 ✓ 明细已私信","would_store":true}`,
		},
		{
			[]string{"-as", "sj-meiyuan", "/日报 新返2 接种5"},
			`{"command":"日报","would_store":false,"values":{},"refusal":{"what":"“接种5”不是日报里的项，不知道记在哪里。什么也没存。","fix":"请照这样改了再发：/日报 新返2"}}`,
		},
		{
			[]string{"-as", "nobody", "/日报"},
			`{"command":"","would_store":false}`,
		},
	} {
		t.Run(tt.args[len(tt.args)-1], func(t *testing.T) {
			t.Parallel()
			code, out, errs := cli(t, context.Background(), append([]string{"try"}, tt.args...)...)
			if code != 0 {
				t.Fatalf("code %d: %s", code, errs)
			}
			var got, want map[string]any
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			for key, v := range want {
				a, _ := json.Marshal(got[key])
				b, _ := json.Marshal(v)
				if !bytes.Equal(a, b) {
					t.Errorf("%s is %s, want %s", key, a, b)
				}
			}
			for _, key := range []string{"command", "unit", "period", "values", "asks", "refusal", "reply", "pushes", "would_store"} {
				if _, ok := got[key]; !ok {
					t.Errorf("%s is missing", key)
				}
			}
		})
	}
}

// A demo keeps a demo street it finds, and refuses a Redis that holds somebody else's.
func TestDemoOnARedis(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	addr := server.Addr()
	for _, wantLate := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		d := &demo{flags: demoFlags{listen: "127.0.0.1:0", at: demoStart, redis: addr}, out: &bytes.Buffer{}, log: quiet()}
		if err := d.start(ctx); err != nil {
			t.Fatal(err)
		}
		p := &player{t: t, demo: d, base: "http://" + d.addr, names: map[string]string{}, ids: map[string]string{"梅园书记": "sj-meiyuan"}}
		p.send("sj-meiyuan", "sj-meiyuan", "/零报", "", "")
		list := p.messages(0)
		again := strings.Contains(list[len(list)-1].Text, "没有变")
		if again != wantLate {
			t.Errorf("second start: report kept = %v, want %v: %s", again, wantLate, list[len(list)-1].Text)
		}
		if err := d.stop(); err != nil {
			t.Error(err)
		}
		cancel()
	}
	other := server.Open(t)
	sh := storetest.Street(t)
	if _, err := other.Commit(context.Background(), actOf(sh)); err != nil {
		t.Fatal(err)
	}
	code, _, errs := cli(t, context.Background(), "demo", "-listen", "127.0.0.1:0", "-redis", addr)
	if code == 0 || !strings.Contains(errs, sh) {
		t.Errorf("a foreign street was accepted: %s", errs)
	}
}

// A taken port is an error at once, not a log line later.
func TestDemoPortTaken(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Mini(t), nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	code, _, errs := cli(t, ctx, "demo", "-listen", d.addr)
	if code != 1 || !strings.Contains(errs, d.addr) {
		t.Errorf("code %d: %s", code, errs)
	}
}
