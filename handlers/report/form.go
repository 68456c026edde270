package report

import (
	"slices"
	"sync"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// sheet is a form made ready to read typed lines of one street.
type sheet struct {
	form   *config.Form
	pack   *config.Pack
	reader *syntax.Reader
}

// Family files reports. Its zero value is not usable: call New.
type Family struct {
	mu     sync.Mutex
	sheets map[sheetKey]*sheet
}

type sheetKey struct {
	street string
	form   *config.Form
}

// New makes the family.
func New() *Family { return &Family{sheets: map[sheetKey]*sheet{}} }

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:      "report",
		Commands:  f.commands,
		Dialogues: []handlers.Dialogue{{Name: "草稿", Try: f.answer}},
		Duties: []handlers.Duty{
			{Kind: "remind-chat", Run: f.remindChat},
			{Kind: "nudge", Run: f.nudge},
			{Kind: "missing", Run: f.missing},
		},
		Recipes: []handlers.Recipe{
			{Name: recipeRemind, Render: f.renderRemind},
			{Name: recipeNudge, Render: f.renderNudge},
		},
		Dues: f.dues,
	}
}

// proxies may file for a unit that is not theirs, by naming it.
var proxies = []config.Role{config.RoleLiaison, config.RoleDutyDesk}

// commands are one command per form of the street's packs, and the words that work on
// any form.
func (f *Family) commands(s *config.Street) []handlers.Command {
	var out []handlers.Command
	var who []config.Role
	for _, sh := range f.all(s) {
		roles := slices.Concat(sh.form.Who, proxies)
		who = append(who, roles...)
		out = append(out, handlers.Command{
			Name: sh.form.Name, Aliases: sh.form.Aliases, Roles: roles,
			Summary: "报" + sh.form.Name + "，一行就行",
			Usage:   "/" + sh.form.Name + " 标签数字 …",
			Example: sh.form.Example(),
			Detail:  detail(sh.form),
			Run:     f.file(sh.form),
		})
	}
	if len(out) == 0 {
		return nil
	}
	return append(out,
		handlers.Command{
			Name: "零报", Aliases: []string{"零报告"}, Roles: who, Summary: "今天没有新情况",
			Usage: "/零报", Example: "/零报", Run: f.zero,
		},
		handlers.Command{
			Name: "改", Aliases: []string{"更正"}, Roles: who, Summary: "改一个数",
			Usage: "/改 标签 数字", Example: "/改 在隔 8", Run: f.amend,
		},
		handlers.Command{
			Name: "我的", Aliases: []string{"我的任务"}, Summary: "要我报什么、我报了什么",
			Usage: "/我的", Example: "/我的", Run: f.mine,
		},
		handlers.Command{
			Name: "未报", Aliases: []string{"谁没报", "缺报"}, Roles: []config.Role{config.RoleDutyDesk, config.RoleLiaison},
			Summary: "还差哪些居民区", Usage: "/未报", Example: "/未报", Run: f.unfiled,
		},
	)
}

// all are the sheets of every pack the street ever runs, each form once.
func (f *Family) all(s *config.Street) []*sheet {
	var out []*sheet
	for _, run := range s.Runs {
		for _, form := range run.Pack.Forms {
			sh := f.sheet(s, run.Pack, form)
			if !slices.Contains(out, sh) {
				out = append(out, sh)
			}
		}
	}
	return out
}

// active are the sheets of the packs that run on the desk's day.
func (f *Family) active(d *handlers.Desk) []*sheet {
	var out []*sheet
	for _, p := range d.Packs() {
		for _, form := range p.Forms {
			if form.Until == "" || d.Day <= form.Until {
				out = append(out, f.sheet(d.Street, p, form))
			}
		}
	}
	return out
}

// mustFile are the active sheets that a person's roles file.
func (f *Family) mustFile(d *handlers.Desk, p config.Person) []*sheet {
	if p.Unit == "" {
		return nil
	}
	return slices.DeleteFunc(f.active(d), func(sh *sheet) bool { return !p.Has(sh.form.Who...) })
}

func (f *Family) sheet(s *config.Street, p *config.Pack, form *config.Form) *sheet {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := sheetKey{s.Code, form}
	if sh, ok := f.sheets[key]; ok {
		return sh
	}
	labels := make([]syntax.Label, 0, len(form.Fields))
	for _, x := range form.Fields {
		kind := syntax.Int
		if x.Kind == config.KindText {
			kind = syntax.Text
		}
		labels = append(labels, syntax.Label{Name: x.Name, Aliases: x.Aliases, Kind: kind, Units: x.Words, Stock: x.Stock})
	}
	units := make([]syntax.Word, 0, len(s.Committees))
	for _, c := range s.Committees {
		units = append(units, syntax.Word{Name: c.Name, Aliases: c.Aliases})
	}
	sh := &sheet{form: form, pack: p, reader: syntax.NewReader(labels, units)}
	f.sheets[key] = sh
	return sh
}

// required are the fields a complete report has: every number that is not optional.
func (sh *sheet) required() []*config.Field {
	return slices.DeleteFunc(slices.Clone(sh.form.Fields), func(x *config.Field) bool { return x.Optional || x.Kind != config.KindInt })
}
