package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Known is what the program can do, told by the wiring: config knows no family.
type Known struct {
	Duties   []string // kinds of duty; nil = don't check
	Commands []string // words that already are commands, which no form may take; nil = don't check

	// Sections are the kinds of digest section, each with what of a pack it may name; nil = don't check.
	Sections map[string]func(p *Pack) []string
}

// secretsFile holds secrets beside bot.yaml, for who has no better place for them.
const secretsFile = "secrets.env"

// Load reads the folder dir: bot.yaml, streets/*.yaml and packs/*.yaml, whose packs win
// over built-in ones of the same name. Secrets come from the environment; secrets.env
// fills the names that it lacks. The Config is nil if there is a problem that is more
// than a warning, see Problems.Err.
func Load(dir string, k Known) (*Config, Problems) {
	cfg, problems := load(os.DirFS(dir), os.LookupEnv, k)
	if cfg != nil && cfg.Bot.SealKeysDir != "" && !filepath.IsAbs(cfg.Bot.SealKeysDir) {
		cfg.Bot.SealKeysDir = filepath.Join(dir, cfg.Bot.SealKeysDir) // relative to its file, wherever we stand
	}
	return cfg, problems
}

// Demo returns the demo street with the built-in packs. Its Bot holds the defaults, and
// its chats have names for their webhooks' variables but no keys.
func Demo(k Known) (*Config, error) {
	l := newLoader(k)
	l.readStreets(builtin("demo"), ".")
	cfg, problems := l.finish(defaultBot())
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("load demo street: %w", err)
	}
	return cfg, nil
}

// load is Load on any file system and environment.
func load(fsys fs.FS, getenv func(string) (string, bool), k Known) (*Config, Problems) {
	l := newLoader(k)
	l.lookup = l.secrets(fsys, getenv)
	bot := defaultBot()
	if data, ok := l.readFile(fsys, "bot.yaml"); ok {
		_, top := read("bot.yaml", data, l.lookup, l.report)
		bot = readBot(top)
	}
	l.readPacks(fsys, "packs")
	l.readYears(fsys, "calendar")
	l.readStreets(fsys, "streets")
	if len(l.drafts) == 0 {
		l.report(Problem{File: "streets", What: "里面没有街道文件", Mend: "用 bot init 生成一份，或放入 streets/名称.yaml"})
	}
	return l.finish(bot)
}

// loader gathers the files of one configuration.
type loader struct {
	known    Known
	lookup   func(string) (string, bool)
	hash     hash.Hash
	lines    map[string][]string // the lines of each file read
	problems Problems
	packs    map[string]*pack
	calendar *Calendar
	drafts   []*draft
}

// newLoader knows the built-in packs and years already.
func newLoader(k Known) *loader {
	l := &loader{known: k, hash: sha256.New(), packs: make(map[string]*pack), calendar: &Calendar{years: make(map[int]*Year)}}
	l.readPacks(builtinPacks(), ".")
	l.readYears(builtinYears(), ".")
	return l
}

// pack is a pack with the reader that knows its places.
type pack struct {
	*Pack
	*reader
	own bool
}

func (l *loader) report(p Problem) { l.problems = append(l.problems, p) }

// readFile returns a file's bytes and adds them to the digest.
func (l *loader) readFile(fsys fs.FS, name string) ([]byte, bool) {
	data, err := fs.ReadFile(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.report(Problem{File: name, What: "找不到这个文件", Mend: "用 bot init 生成一份"})
		return nil, false
	case err != nil:
		l.report(Problem{File: name, What: "这个文件读不出来", Mend: "检查它的权限"})
		return nil, false
	}
	fmt.Fprintf(l.hash, "%s\x00%d\x00", name, len(data))
	l.hash.Write(data)
	l.keepLines(name, data)
	return data, true
}

func (l *loader) keepLines(name string, data []byte) {
	if l.lines == nil {
		l.lines = make(map[string][]string)
	}
	l.lines[name] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// yamlFiles returns the names of a folder's YAML files, sorted; none if there is no
// such folder.
func (l *loader) yamlFiles(fsys fs.FS, dir string) []string {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.report(Problem{File: dir, What: "这个文件夹读不出来", Mend: "检查它的权限"})
	}
	var files []string
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch ext := strings.ToLower(path.Ext(name)); {
		case e.IsDir(), strings.HasPrefix(e.Name(), "."):
		case path.Ext(name) == ".yaml":
			files = append(files, name)
		case ext == ".yml" || ext == ".yaml":
			l.report(Problem{File: name, What: "这个文件没有读", Mend: "把文件名的结尾改成 .yaml", Warning: true})
		}
	}
	return files
}

// readPacks reads a folder of packs; "." is the built-in one.
func (l *loader) readPacks(fsys fs.FS, dir string) {
	for _, name := range l.yamlFiles(fsys, dir) {
		data, ok := l.readFile(fsys, name)
		if !ok {
			continue
		}
		r, top := read(name, data, l.lookup, l.report)
		p := &pack{Pack: readPack(r, top), reader: r, own: dir != "."}
		if p.Name == "" {
			continue
		}
		if other := l.packs[p.Name]; other != nil && other.own {
			p.problem(p.placeOf("pack.name"), "包“"+p.Name+"”在 "+other.file+" 里已经有了", "换一个 name")
			continue
		}
		l.packs[p.Name] = p
	}
}

// readStreets reads a folder of streets.
func (l *loader) readStreets(fsys fs.FS, dir string) {
	for _, name := range l.yamlFiles(fsys, dir) {
		if data, ok := l.readFile(fsys, name); ok {
			r, top := read(name, data, l.lookup, l.report)
			l.drafts = append(l.drafts, readStreet(r, top))
		}
	}
}

// secrets returns the look-up of secrets: the environment first, then secrets.env.
func (l *loader) secrets(fsys fs.FS, getenv func(string) (string, bool)) func(string) (string, bool) {
	var filed map[string]string
	if data, err := fs.ReadFile(fsys, secretsFile); err == nil {
		l.keepLines(secretsFile, data)
		filed = readEnv(secretsFile, string(data), l.report)
		if info, err := fs.Stat(fsys, secretsFile); err == nil && info.Mode().Perm()&0o077 != 0 {
			l.report(Problem{File: secretsFile, What: "别的用户也能读这个文件", Mend: "运行 chmod 600 " + secretsFile, Warning: true})
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		l.report(Problem{File: secretsFile, What: "这个文件读不出来", Mend: "检查它的权限"})
	}
	return func(name string) (string, bool) {
		if s, ok := getenv(name); ok {
			return s, true
		}
		s, ok := filed[name]
		return s, ok
	}
}

// finish checks what spans files and hands everything over.
func (l *loader) finish(bot Bot) (*Config, Problems) {
	cfg := &Config{Bot: bot, Packs: make(map[string]*Pack), Calendar: l.calendar, Digest: hex.EncodeToString(l.hash.Sum(nil))[:12]}
	for name, p := range l.packs {
		cfg.Packs[name] = p.Pack
		l.checkKnown(p)
	}
	for _, d := range l.drafts {
		l.linkPacks(d)
		d.street.Calendar = l.calendar
		checkStreet(d)
		cfg.Streets = append(cfg.Streets, d.street)
	}
	checkStreets(l.drafts)
	for i := range l.problems {
		l.clamp(&l.problems[i])
	}
	l.problems.sort()
	l.problems = slices.Compact(l.problems)
	if l.problems.Err() != nil {
		return nil, l.problems
	}
	return cfg, l.problems
}

// clamp moves a place behind the end of its line or file, where yaml.v3 puts what is
// missing, to the end.
func (l *loader) clamp(p *Problem) {
	lines := l.lines[p.File]
	if p.Line == 0 || len(lines) == 0 {
		return
	}
	if p.Line > len(lines) {
		p.Line = len(lines)
		p.Col = utf8.RuneCountInString(lines[p.Line-1]) + 1
	}
	p.Col = max(1, min(p.Col, utf8.RuneCountInString(lines[p.Line-1])+1))
}

// checkKnown finds in a pack what the program can't do.
func (l *loader) checkKnown(p *pack) {
	l.checkSections(p)
	if l.known.Duties != nil {
		for i, d := range p.Duties {
			if d.Do != "" && !slices.Contains(l.known.Duties, d.Do) {
				p.problem(p.placeOf("duties.%d.do", i), "没有任务“"+d.Do+"”", meant(d.Do, l.known.Duties))
			}
		}
	}
	for i, f := range p.Forms {
		for j, w := range append([]string{f.Name}, f.Aliases...) {
			if slices.Contains(l.known.Commands, w) {
				at := p.placeOf("forms.%d.name", i)
				if j > 0 {
					at = p.placeOf("forms.%d.aliases.%d", i, j-1)
				}
				p.problem(at, "“"+w+"”已经是命令", "表单换一个名称")
			}
		}
	}
	for i, g := range p.Registers {
		for j, a := range g.Acts {
			for _, w := range append([]string{a.Name}, a.Aliases...) {
				if slices.Contains(l.known.Commands, w) {
					p.problem(p.placeOf("registers.%d.commands.%d.name", i, j), "“"+w+"”已经是命令", "册子的命令换一个词")
				}
			}
		}
	}
	if p.Levels != nil {
		for _, w := range append([]string{p.Levels.Word}, p.Levels.Aliases...) {
			if slices.Contains(l.known.Commands, w) {
				p.problem(p.placeOf("levels.name"), "“"+w+"”已经是命令", "换一个词")
			}
		}
	}
	for i, v := range p.Views {
		if slices.Contains(l.known.Commands, v.Name) {
			p.problem(p.placeOf("views.%d.name", i), "“"+v.Name+"”已经是命令", "换一个词")
		}
	}
	for i, list := range p.Cases.Lists {
		if list.Word != "" && (slices.Contains(l.known.Commands, list.Word) || p.Form(list.Word) != nil) {
			p.problem(p.placeOf("checklists.%d.command", i), "“"+list.Word+"”已经是命令", "换一个词，或去掉 command")
		}
	}
}

// linkPacks gives each run of a street its pack.
func (l *loader) linkPacks(d *draft) {
	var all []string
	for name := range l.packs {
		all = append(all, name)
	}
	slices.Sort(all)
	for i, name := range d.packs {
		if p := l.packs[name]; p != nil {
			d.street.Runs[i].Pack = p.Pack
		} else if name != "" {
			d.problem(d.placeOf("packs.%d.name", i), "没有包“"+name+"”", meant(name, all))
		}
	}
}
