package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"juwei/config"
)

// errShown ends a command whose trouble has been printed already; errUsage too, one that
// was called wrongly.
var errShown, errUsage = errors.New("shown"), errors.New("usage")

// console is where a command speaks.
type console struct{ out, err io.Writer }

// command is one word of the command line (DESIGN.md §7).
type command struct {
	name, usage, help string
	run               func(ctx context.Context, con console, args []string) error
}

func commands() []command {
	return []command{
		{"demo", "[-listen 127.0.0.1:8080] [-redis ADDR] [-at TIME] [-sim URL]", "模拟器、内置 Redis、演示街道、聊天页面，一条命令看全", runDemo},
		{"sim", "[-listen ADDR] [-at TIME] [-write-config DIR]", "只起模拟器；写一份连它的配置", runSim},
		{"serve", "-config DIR", "正式运行", runServe},
		{"init", "[-keys-only] DIR", "生成一份带注释的配置和密钥", runInit},
		{"check", "-config DIR [-live]", "检查配置，指出每个错在哪行、怎么改", runCheck},
		{"try", "[-config DIR] -as USERID [-chat CHATID] [-at TIME] TEXT", "看机器人怎么理解一行字，不写任何东西", runTry},
		{"export", "-config DIR -street CODE -from DATE [-to DATE] [-table NAME] -o FILE.xlsx", "把各科室的表和各张表单导出成 XLSX", runExport},
		{"import", "-config DIR -street CODE [-o FILE] FILE.xlsx", "把人员名单读成配置里的 people，指出每个错在哪张表哪行哪列", runImport},
		{"health", "-config DIR", "问正在运行的机器人好不好，给容器的健康检查用", runHealth},
		{"audit", "verify -config DIR -street CODE [-day DAY] [-head N:HEAD]", "验证留痕有没有被动过", runAudit},
		{"version", "", "版本", func(_ context.Context, con console, _ []string) error {
			_, err := fmt.Fprintln(con.out, "juwei "+version())
			return err
		}},
	}
}

// run is the whole program, for main and for tests. It returns the exit code: 0 well, 1 it
// did not work, 2 it was called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	con := console{stdout, stderr}
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, con, args[1:])
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.Is(err, errUsage):
			return 2
		case !errors.Is(err, errShown):
			fmt.Fprintln(stderr, "bot "+c.name+": "+err.Error())
		}
		return 1
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		usage(stdout)
		return 0
	}
	fmt.Fprintf(stderr, "bot: 没有 %q 这个命令\n", args[0])
	usage(stderr)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "居委助手：企业微信群里的一行字报表\n\n用法：")
	for _, c := range commands() {
		fmt.Fprintf(w, "  bot %s %s\n        %s\n", c.name, c.usage, c.help)
	}
}

// flagSet is a command's flags, which take one dash or two.
type flagSet struct {
	*flag.FlagSet
	con console
}

func flags(con console, name string) flagSet {
	f := flagSet{flag.NewFlagSet(name, flag.ContinueOnError), con}
	f.SetOutput(io.Discard) // parse says it
	return f
}

// usage prints how the command is called.
func (f flagSet) usage(w io.Writer) {
	for _, c := range commands() {
		if c.name == f.Name() {
			fmt.Fprintf(w, "用法：bot %s %s\n", c.name, c.usage)
		}
	}
	f.SetOutput(w)
	f.PrintDefaults()
}

// parse reads flags that stand alone; a word besides them is a mistake, for who writes
// `check conf` would else be told about another folder. What is wrong has been printed.
func parse(f flagSet, args []string) error {
	rest, err := parseRest(f, args)
	if err == nil && len(rest) > 0 {
		fmt.Fprintf(f.con.err, "bot %s: 多了 %q\n", f.Name(), rest[0])
		f.usage(f.con.err)
		return errUsage
	}
	return err
}

// parseRest reads flags that may stand before and after other arguments, and returns the
// latter. A mistake has been printed; help that was asked for is printed as an answer.
func parseRest(f flagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			f.usage(f.con.out)
			return nil, err
		} else if err != nil {
			said := strings.NewReplacer("flag provided but not defined: ", "没有这个参数：", "flag needs an argument: ", "后面要写值：").Replace(err.Error())
			fmt.Fprintf(f.con.err, "bot %s: %s\n", f.Name(), said)
			f.usage(f.con.err)
			return nil, errUsage
		}
		if f.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, f.Arg(0))
		args = f.Args()[1:]
	}
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value[:min(12, len(s.Value))]
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return v + " " + info.GoVersion
}

// newLogger writes JSON lines.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// parseAt reads -at: a date with or without a time, in the zone of China.
func parseAt(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.Time{}, err
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(zone), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("看不懂时间 %q，例：2020-02-13T15:00", s)
}

// loadConfig loads a configuration and prints its problems; warnings let it pass.
func loadConfig(con console, dir string) (*config.Config, error) {
	cfg, problems := config.Load(dir, known())
	if len(problems) > 0 {
		fmt.Fprintln(con.err, strings.TrimRight(problems.String(), "\n"))
	}
	if problems.Err() != nil {
		return nil, errShown
	}
	return cfg, nil
}

// loadStrict is loadConfig for the real thing: it also refuses empty, printed and
// hand-made keys.
func loadStrict(con console, dir string) (*config.Config, error) {
	if dir == "" {
		return nil, errors.New("请写 -config 目录；还没有就先 bot init 目录")
	}
	cfg, err := loadConfig(con, dir)
	if err != nil {
		return nil, err
	}
	if weak := config.RefuseWeak(cfg); len(weak) > 0 {
		fmt.Fprint(con.err, weak.String())
		return nil, errShown
	}
	return cfg, nil
}

// owner names this replica among others on the same Redis.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "bot"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}
