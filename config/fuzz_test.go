package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gopkg.in/yaml.v3"
)

// FuzzLoad puts any text in the place of one good file. Every problem must lie inside
// its file, and what loads must load equal after a YAML tool has rewritten it.
func FuzzLoad(f *testing.F) {
	kinds := []string{"bot.yaml", "streets/good.yaml", "packs/small.yaml", secretsFile}
	for i, dir := range []string{"bot", "street", "pack", "env"} {
		seeds, err := filepath.Glob(filepath.Join("testdata", dir, "*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range seeds {
			if data, err := os.ReadFile(name); err == nil && filepath.Ext(name) != ".want" {
				f.Add(byte(i), data)
			}
		}
	}
	for i, name := range kinds {
		f.Add(byte(i), goodFiles(f)[name].Data)
	}
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		loadAnything(t, kinds[int(kind)%len(kinds)], data)
	})
}

// loadAnything loads data in the place of the good file name.
func loadAnything(t *testing.T, name string, data []byte) {
	t.Helper()
	files := goodFiles(t)
	files[name] = &fstest.MapFile{Data: data, Mode: 0o600}
	cfg, problems := load(files, noEnv, testKnown)
	for _, p := range problems {
		file, ok := files[p.File]
		if !ok {
			t.Fatalf("%s: no such file", p)
		}
		lines := strings.Split(string(file.Data), "\n")
		if p.Line == 0 || p.Line > len(lines) || p.Col < 1 || p.Col > len([]rune(lines[p.Line-1]))+1 {
			t.Fatalf("%s: not inside the file", p)
		}
		if p.What == "" || strings.ContainsAny(p.String(), "\n") {
			t.Fatalf("%q: not one line that says something", p.String())
		}
	}
	if cfg == nil || name == secretsFile {
		return
	}
	files[name] = &fstest.MapFile{Data: rewrite(t, data), Mode: 0o600}
	again, problems := load(files, noEnv, testKnown)
	if again == nil {
		t.Fatalf("rewritten, it does not load: %s\n%s", problems, files[name].Data)
	}
	cfg.Digest, again.Digest = "", ""
	clearPlaces(reflect.ValueOf(cfg))
	clearPlaces(reflect.ValueOf(again))
	if !reflect.DeepEqual(cfg, again) {
		t.Fatalf("rewritten, it loads differently:\n%s", files[name].Data)
	}
}

// rewrite decodes YAML and encodes it again in yaml.v3's own style, without comments.
func rewrite(t *testing.T, data []byte) []byte {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var plain func(n *yaml.Node)
	plain = func(n *yaml.Node) {
		n.HeadComment, n.LineComment, n.FootComment = "", "", ""
		if n.Kind != yaml.ScalarNode {
			n.Style = 0
		} else if n.ShortTag() == "!!str" {
			n.Style = yaml.DoubleQuotedStyle
		}
		for _, c := range n.Content {
			plain(c)
		}
	}
	plain(&doc)
	out, err := yaml.Marshal(&doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// clearPlaces zeroes every Place that can be reached.
func clearPlaces(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.Type() != reflect.TypeFor[*time.Location]() && !v.IsNil() {
			clearPlaces(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			clearPlaces(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			clearPlaces(v.MapIndex(k))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Place]() && v.CanSet() {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				clearPlaces(v.Field(i))
			}
		}
	}
}
