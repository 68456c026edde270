package config

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "rewrite testdata/*/*.want")

// testKnown is what a program of the tests can do: every duty that the built-in packs name,
// since only the program itself knows better, and two commands.
var testKnown = Known{Duties: dutiesNamed(), Commands: []string{"帮助", "改"},
	Sections: map[string]func(*Pack) []string{"cases": named("问题", "急", "交办", "清单", "任务", "抽查"), "roster": named("岗位", "支援", "轮休"), "praise": nil, "burden": nil, "register": registersOf, "forecast": nil, "level": nil}}

func dutiesNamed() []string {
	var out []string
	packs := builtinPacks()
	names, err := fs.Glob(packs, "*.yaml")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(packs, name)
		if err != nil {
			panic(err)
		}
		for _, m := range regexp.MustCompile(`\bdo: ([a-z-]+)`).FindAllSubmatch(data, -1) {
			out = append(out, string(m[1]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func registersOf(p *Pack) []string {
	var out []string
	for _, r := range p.Registers {
		out = append(out, r.Name)
	}
	return out
}

// named is what a kind of digest section may name, whatever the pack.
func named(names ...string) func(*Pack) []string { return func(*Pack) []string { return names } }

func noEnv(string) (string, bool) { return "", false }

// goodFiles is a folder without a mistake.
func goodFiles(tb testing.TB) fstest.MapFS {
	tb.Helper()
	return folder(tb, filepath.Join("testdata", "good"))
}

func folder(tb testing.TB, dir string) fstest.MapFS {
	tb.Helper()
	files := make(fstest.MapFS)
	fsys := os.DirFS(dir)
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		files[name] = &fstest.MapFile{Data: data, Mode: 0o600}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func TestLoadGood(t *testing.T) {
	t.Parallel()
	cfg, problems := load(goodFiles(t), noEnv, testKnown)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	hook := cfg.Streets[0].Chats[0].Webhook.Reveal()
	if want := "6f1c0a52-1d1e-4b7a-9a0e-0c8a4f3d1b11"; hook != want {
		t.Errorf("webhook key = %s, want the key alone: %s", hook, want)
	}
	if ps := RefuseWeak(cfg); len(ps) > 0 {
		t.Errorf("good keys refused: %s", ps)
	}
	again, _ := load(goodFiles(t), noEnv, testKnown)
	if !reflect.DeepEqual(cfg, again) {
		t.Error("the same files load differently")
	}
}

// TestMistakes loads each mistake in testdata in the place of the good file, and
// compares everything that is said about it.
func TestMistakes(t *testing.T) {
	t.Parallel()
	replaces := map[string]string{"calendar": "calendar/2027.yaml", "bot": "bot.yaml", "street": "streets/good.yaml", "pack": "packs/small.yaml", "env": "secrets.env"}
	for kind, name := range replaces {
		mistakes, err := filepath.Glob(filepath.Join("testdata", kind, "*"+path.Ext(name)))
		if err != nil || len(mistakes) == 0 {
			t.Fatalf("no mistakes of kind %s: %v", kind, err)
		}
		for _, file := range mistakes {
			t.Run(kind+"/"+strings.TrimSuffix(filepath.Base(file), path.Ext(name)), func(t *testing.T) {
				t.Parallel()
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				files := goodFiles(t)
				files[name] = &fstest.MapFile{Data: data, Mode: 0o600}
				compareProblems(t, files, strings.TrimSuffix(file, path.Ext(name))+".want")
			})
		}
	}
	folders, err := filepath.Glob(filepath.Join("testdata", "folder", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range folders {
		if strings.HasSuffix(dir, ".want") {
			continue
		}
		t.Run("folder/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			files := goodFiles(t)
			for name, f := range folder(t, dir) {
				files[name] = f
			}
			compareProblems(t, files, dir+".want")
		})
	}
}

func compareProblems(t *testing.T, files fstest.MapFS, wantFile string) {
	t.Helper()
	cfg, problems := load(files, noEnv, testKnown)
	got := problems.String() + "\n"
	if len(problems) == 0 {
		t.Error("the mistake was not found")
	}
	if (cfg == nil) != (problems.Err() != nil) {
		t.Error("a Config goes with warnings only")
	}
	for _, line := range strings.Split(string(files[secretsFile].Data), "\n") {
		if _, secret, ok := strings.Cut(line, "="); ok && len(secret) > 5 && strings.Contains(got, secret) {
			t.Error("a secret is in the output")
		}
	}
	if *update {
		if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(wantFile)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}
