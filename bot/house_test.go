package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms is the table of who may import whom, of ours (docs/decisions.md, "The house"). A
// package that is not in it has no place in the house.
var rooms = map[string][]string{
	"config":            {},
	"store":             {},
	"store/storetest":   {"store"},
	"handlers/syntax":   {},
	"handlers":          {"config", "store", "handlers/syntax"},
	"handlers/report":   family,
	"handlers/register": family,
	"handlers/digest":   family,
	"handlers/notice":   family,
	"handlers/org":      family,
	"handlers/praise":   family,
	"handlers/privacy":  family,
	"handlers/cases":    family,
	"handlers/roster":   family,
	"handlers/level":    family,
	"handlers/admin":    family,
	"handlers/tables":   family,
	"handlers/ledger":   family,
	"handlers/chart":    {"handlers"},
	"bot/wecom":         {"handlers"},
	"bot/courier":       {"store", "handlers", "bot/wecom"},
	"bot/clockwork":     {"config", "store", "handlers"},
	"bot/sim":           {"bot/wecom", "handlers"},
	"bot/sim/pagetest":  {},
	"bot":               nil, // all; nobody imports it
}

// family is what a folder of commands may import: never another family.
var family = []string{"handlers", "config", "store", "handlers/syntax"}

// foreign are packages of others that some rooms must not know.
var foreign = map[string]func(room string) bool{
	"github.com/redis/go-redis/v9": func(room string) bool { return room == "store" || room == "store/storetest" },
	"net/http":                     func(room string) bool { return strings.HasPrefix(room, "bot") },
}

func TestHouse(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "juwei/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := map[string]bool{}
	for dec.More() {
		var p struct {
			ImportPath, Dir  string
			Imports, GoFiles []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(p.ImportPath, "juwei/")
		may, listed := rooms[room]
		if !listed {
			t.Errorf("package %s is missing from the table of rooms", room)
			continue
		}
		seen[room] = true
		for _, imported := range p.Imports {
			ours, is := strings.CutPrefix(imported, "juwei/")
			if is && (ours == "bot" || room != "bot" && !slices.Contains(may, ours)) {
				t.Errorf("%s must not import %s", room, ours)
			}
			if allowed, restricted := foreign[imported]; restricted && !allowed(room) {
				t.Errorf("%s must not import %s", room, imported)
			}
		}
		for _, file := range p.GoFiles {
			checkFile(t, room, filepath.Join(p.Dir, file))
		}
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("the table names %s, which is no package", room)
		}
	}
}

// checkFile holds a file against the rules no import shows: who may start goroutines and
// who may read the clock.
func checkFile(t *testing.T, room, path string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	timeless := !strings.HasPrefix(room, "bot") || room == "bot/courier" || room == "bot/clockwork"
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if !strings.HasPrefix(room, "bot") && room != "store/storetest" {
				t.Errorf("%s: goroutines live under bot/", fset.Position(n.Pos()))
			}
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "time" && n.Sel.Name == "Now" && timeless && room != "store/storetest" {
				t.Errorf("%s: the clock is an argument here", fset.Position(n.Pos()))
			}
		}
		return true
	})
}

// Every sentence of a refusal is said in some transcript: the transcripts are the
// specification, and a sentence nobody has read aloud is not finished.
func TestEveryRefusalIsInATranscript(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	chats, err := filepath.Glob("testdata/chat/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range chats {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(data)
	}
	files, err := filepath.Glob("../handlers/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Glob("../handlers/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, root...) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "/syntax/") {
			continue
		}
		for pos, text := range refusals(t, file) {
			if longest := longestPiece(text); longest != "" && !strings.Contains(said.String(), longest) {
				t.Errorf("%s: no transcript says %q", pos, longest)
			}
		}
	}
}

// refusals finds what is refused with: the format or text of Refuse and Refusef calls.
func refusals(t *testing.T, file string) map[string]string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name, at := "", 0
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			name = fun.Name
		case *ast.SelectorExpr:
			name = fun.Sel.Name
		}
		switch name {
		case "Refuse":
		case "Refusef":
			at = 1
		default:
			return true
		}
		if lit, ok := call.Args[at].(*ast.BasicLit); ok {
			out[fset.Position(lit.Pos()).String()] = strings.Trim(lit.Value, "\"`")
		}
		return true
	})
	return out
}

// longestPiece is the longest part of a format without verbs.
func longestPiece(format string) string {
	best := ""
	for _, piece := range strings.FieldsFunc(strings.NewReplacer("%s", "\x00", "%d", "\x00", "%v", "\x00").Replace(format), func(r rune) bool { return r == 0 }) {
		if len(piece) > len(best) {
			best = piece
		}
	}
	return strings.Trim(best, "。 ")
}
