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
	form    *config.Form
	pack    *config.Pack
	reader  *syntax.Reader            // knows the committees
	readers map[string]*syntax.Reader // by committee: knows its blocks or sites, too
	puller  *syntax.Puller            // of what is more than a count; nil = there is nothing

	elsewhere []string // what its sums name of other forms: 排摸.外出
}

// Family files reports. Its zero value is not usable: call New.
type Family struct {
	Rectify handlers.Rectify   // answers /改 12 for cases; may be nil
	Others  []handlers.AskDues // what else waits for the caller, for /我的
	Away    handlers.Away      // who rests and is not called missing; may be nil
	Behind  handlers.Behind    // takes a form's lines that are no report; may be nil
	Prefill handlers.Prefill   // what registers know of a report's figures; may be nil

	mu      sync.Mutex
	sheets  map[sheetKey]*sheet
	tongues map[*config.Form]tongue
	places  map[*config.Street]*syntax.Places
	streets map[string]*config.Street
}

type sheetKey struct {
	street string
	form   *config.Form
}

// New makes the family.
func New() *Family {
	return &Family{
		sheets: map[sheetKey]*sheet{}, tongues: map[*config.Form]tongue{}, places: map[*config.Street]*syntax.Places{},
		streets: map[string]*config.Street{},
	}
}

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Retire:    retire,
		HandOver:  handOver,
		Name:      "report",
		Office:    string(config.RoleParty),
		Commands:  f.commands,
		Dialogues: []handlers.Dialogue{{Name: "草稿", Try: f.converse}},
		Duties: []handlers.Duty{
			{Kind: "remind-chat", Title: "群里提醒", Run: f.remindChat},
			{Kind: "nudge", Title: "催没报的", Run: f.nudge},
			{Kind: "missing", Title: "未报名单", Run: f.missing},
			{Kind: "fade", Title: "没变化的先替拟好", Run: f.fade},
		},
		Recipes: []handlers.Recipe{
			{Name: recipeRemind, Render: f.renderRemind},
			{Name: recipeNudge, Render: f.renderNudge},
			{Name: recipeFade, Render: f.renderFade},
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
	all := f.all(s)
	for _, sh := range all {
		roles := slices.Clone(sh.form.Who)
		for _, r := range proxies {
			if !slices.Contains(roles, r) {
				roles = append(roles, r)
			}
		}
		for _, r := range roles {
			if !slices.Contains(who, r) {
				who = append(who, r)
			}
		}
		out = append(out, handlers.Command{
			Name: sh.form.Name, Aliases: sh.form.Aliases, Roles: roles,
			Summary: "报" + sh.form.Name + "，一行就行",
			Usage:   "/" + sh.form.Name + " 标签数字 …",
			Example: sh.form.Example(),
			Fits:    f.fits(sh.form),
			Detail:  detail(sh.form),
			Opens:   !asked(all, sh.form), Leads: true,
			Run: f.visit(f.file(sh.form)),
		})
	}
	if len(out) == 0 {
		return nil
	}
	out = append(out, f.reviews(s)...)
	out = append(out, f.rounds(s)...)
	return append(out,
		handlers.Command{
			Name: "零报", Aliases: []string{"零报告"}, Roles: who, Summary: "今天没有新情况",
			Usage: "/零报", Example: "/零报", Leads: true, Run: f.visit(f.zero),
			Fits: f.filing("/零报", func(sh *sheet) bool { return sh.form.Zero }),
		},
		handlers.Command{
			Name: "改", Aliases: []string{"更正"}, Roles: who, Guests: f.guests(), Summary: "改一个数",
			Usage: "/改 标签 数字", Example: amendExample(all[0].form), Run: f.visit(f.amend),
			Fits: func(c *handlers.Call) string {
				for _, sh := range f.own(c) {
					if counted(sh) {
						return amendExample(sh.form)
					}
				}
				return ""
			},
		},
		handlers.Command{
			Name: "撤回", Aliases: []string{"撤销"}, Roles: who, Summary: "收回报过的",
			Usage: "/撤回 原因", Example: "/撤回 报错表了", Detail: "把今天报过的收回，写一句原因；收回后要重新报。昨天的：/撤回 昨天 原因", Run: f.visit(f.withdraw),
			Fits: f.filing("/撤回 报错表了", counted),
		},
		handlers.Command{
			Name: "我的", Aliases: []string{"我的任务"}, Summary: "要我报什么、我报了什么",
			Usage: "/我的", Example: "/我的", Run: f.visit(f.mine),
		},
		handlers.Command{
			Name: "未报", Aliases: []string{"谁没报", "缺报"}, Roles: []config.Role{config.RoleDutyDesk, config.RoleLiaison},
			Summary: "还差哪些居民区", Usage: "/未报", Example: "/未报", Run: f.unfiled,
		},
	)
}

// asked reports whether a form's word is also what a form asks for: 口罩 at the start of a line
// is then a figure of the form above it.
func asked(all []*sheet, form *config.Form) bool {
	words := append([]string{form.Name}, form.Aliases...)
	for _, sh := range all {
		for _, x := range sh.form.Fields {
			if slices.ContainsFunc(append([]string{x.Name}, x.Aliases...), func(label string) bool { return slices.Contains(words, label) }) {
				return true
			}
		}
	}
	return false
}

// own are the sheets that run today and that a person files herself, for a place that she has;
// what has to be filed comes first.
func (f *Family) own(c *handlers.Call) []*sheet {
	list := slices.DeleteFunc(f.active(&c.Desk), func(sh *sheet) bool {
		if !c.Person.Has(sh.form.Who...) {
			return true
		}
		_, has := sh.exampleFor(c)
		return !has
	})
	slices.SortStableFunc(list, func(a, b *sheet) int {
		switch {
		case a.form.Required == b.form.Required:
			return 0
		case a.form.Required:
			return -1
		}
		return 1
	})
	return list
}

// counted reports whether a form is a committee's own and has numbers: then one line changes
// one, without a word of which place is meant.
func counted(sh *sheet) bool {
	return !sh.parts() && slices.ContainsFunc(sh.form.Fields, (*config.Field).Quantity)
}

// fits offers a form to who has to file it; one that nobody has to, to who files no other.
func (f *Family) fits(form *config.Form) func(c *handlers.Call) string {
	return func(c *handlers.Call) string {
		own := f.own(c)
		for _, sh := range own {
			if sh.form.Name == form.Name && (sh.form.Required || !own[0].form.Required) {
				line, _ := sh.exampleFor(c)
				return line
			}
		}
		return ""
	}
}

// filing offers a line to who files a form of some sort herself.
func (f *Family) filing(line string, sort func(*sheet) bool) func(c *handlers.Call) string {
	return func(c *handlers.Call) string {
		if slices.ContainsFunc(f.own(c), sort) {
			return line
		}
		return ""
	}
}

// exampleFor is the form's example line with a block or a site of the caller's committee;
// ok is false where it has none.
func (sh *sheet) exampleFor(c *handlers.Call) (line string, ok bool) {
	if !sh.parts() {
		return sh.form.Example(), true
	}
	u, known := c.Dir.Unit(c.Street, c.Person.Unit)
	if !known {
		return "", false
	}
	list := sh.reporters(u)
	if len(list) == 0 {
		return "", false
	}
	return sh.example(list[0]), true
}

// guests are who may use /改 for cases only.
func (f *Family) guests() []config.Role {
	if f.Rectify == nil {
		return nil
	}
	return config.Roles()
}

// all are the sheets of every pack the street ever runs, each form once.
func (f *Family) all(s *config.Street) []*sheet {
	var out []*sheet
	for _, run := range s.Runs {
		for _, form := range run.Pack.Forms {
			sh := f.sheet(s, run.Pack, form)
			i := slices.IndexFunc(out, func(x *sheet) bool { return x.form.Name == form.Name })
			switch {
			case i < 0:
				out = append(out, sh)
			case form.Earlier == out[i].form: // help shows the newest version
				out[i] = sh
			}
		}
	}
	return out
}

// active are the sheets of the packs that run on the desk's day.
func (f *Family) active(d *handlers.Desk) []*sheet {
	var out []*sheet
	for _, p := range d.Packs() {
		for _, form := range p.On(d.Day) {
			out = append(out, f.sheet(d.Street, p, pace(d, p, form)))
		}
	}
	return out
}

// mustFile are the active sheets that are expected of a person today.
func (f *Family) mustFile(d *handlers.Desk, p config.Person) []*sheet {
	if p.Unit == "" {
		return nil
	}
	return slices.DeleteFunc(f.active(d), func(sh *sheet) bool {
		return !sh.form.Due(d.Day) || !p.Has(sh.form.Who...)
	})
}

func (f *Family) sheet(s *config.Street, p *config.Pack, form *config.Form) *sheet {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := sheetKey{s.Code, form}
	if sh, ok := f.sheets[key]; ok {
		return sh
	}
	sh := &sheet{form: form, pack: p}
	f.compile(sh, s)
	f.sheets[key], f.streets[s.Code] = sh, s
	return sh
}

// required are the fields a complete report has: every number that is asked and not
// optional, or has no default.
func (sh *sheet) required() []*config.Field {
	return slices.DeleteFunc(slices.Clone(sh.form.Fields), func(x *config.Field) bool { return !required(x) })
}

func required(x *config.Field) bool { return !x.Optional && x.Default == nil && x.Stored() }
