package register

import (
	"context"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// Family keeps registers. Call New.
type Family struct {
	OpenCase handlers.OpenCase // for limits that open a case by themselves; may be nil
	Tally    handlers.Tally    // for views that look at a form; may be nil
	Round    handlers.Round    // for registers that go by rounds; may be nil
	Draw     handlers.DrawGrid // for counts as a picture; may be nil

	shelf shelf
}

// New makes the family.
func New() *Family { return &Family{} }

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:     "register",
		Office:   string(config.RoleDutyDesk),
		Commands: f.commands,
		Dialogues: []handlers.Dialogue{
			{Name: "册子", Sure: true, Try: f.typed},
			{Name: "册子问答", Sure: true, Try: f.answer},
			{Name: "册子没写命令", Try: f.unnamed},
		},
		Duties: []handlers.Duty{
			{Kind: "register-list", Title: "册子里今天要办的", Run: f.daily},
			{Kind: "follow-up", Title: "没按时记的跟踪", Run: f.missed},
		},
		DueItems: []handlers.DueItem{{Kind: dueKind, Title: "册子到期", Run: f.come}},
		Retire:   f.retire,
		Recipes: []handlers.Recipe{
			{Name: recipeList, Render: f.renderList},
			{Name: recipeFollow, Render: f.renderFollow},
			{Name: recipeGrid, Render: f.renderGrid},
		},
		Sections: []handlers.Section{handlers.ForecastSection(f.Planned), {
			Kind: "register",
			Names: func(p *config.Pack) []string {
				var out []string
				for _, r := range p.Registers {
					out = append(out, r.Name)
				}
				return out
			},
			Read: f.section,
		}},
	}
}

// use is what one word means in one pack: an act, and views of that name.
type use struct {
	pack  *config.Pack
	reg   *config.Register
	act   *config.Act
	views []*config.View
}

// commands are the acts and views of the street's packs; a word that two packs know is one
// command.
func (f *Family) commands(s *config.Street) []handlers.Command {
	var names []string
	uses := map[string][]use{}
	at := func(p *config.Pack, name string) *use {
		if uses[name] == nil {
			names = append(names, name)
		}
		for i := range uses[name] {
			if uses[name][i].pack == p {
				return &uses[name][i]
			}
		}
		uses[name] = append(uses[name], use{pack: p})
		return &uses[name][len(uses[name])-1]
	}
	var seen []*config.Pack
	for _, run := range s.Runs {
		if run.Pack == nil || slices.Contains(seen, run.Pack) {
			continue
		}
		seen = append(seen, run.Pack)
		for _, r := range run.Pack.Registers {
			for _, a := range r.Acts {
				u := at(run.Pack, a.Name)
				u.reg, u.act = r, a
			}
		}
		for _, v := range run.Pack.Views {
			u := at(run.Pack, v.Name)
			u.views = append(u.views, v)
		}
	}
	taken := map[string]bool{}
	for _, n := range names {
		taken[n] = true
	}
	var out []handlers.Command
	for _, name := range names {
		out = append(out, f.command(name, uses[name], taken))
	}
	return out
}

// command is the command of one word.
func (f *Family) command(name string, uses []use, taken map[string]bool) handlers.Command {
	cmd := handlers.Command{Name: name, Slashed: true, Whole: true, Hidden: true}
	add := func(aliases []string, who []config.Role, summary, example, detail string) {
		for _, a := range aliases {
			if !taken[a] {
				taken[a] = true
				cmd.Aliases = append(cmd.Aliases, a)
			}
		}
		for _, r := range who {
			if !slices.Contains(cmd.Roles, r) {
				cmd.Roles = append(cmd.Roles, r)
			}
		}
		if cmd.Example == "" {
			cmd.Summary, cmd.Example, cmd.Usage, cmd.Detail = summary, example, example, detail
		}
	}
	for _, u := range uses {
		if u.act != nil {
			cmd.Hidden = cmd.Hidden && !u.act.Offer
			add(u.act.Aliases, u.act.Who, u.act.Summary, u.act.Example, u.act.Detail)
		}
		for _, v := range u.views {
			cmd.Hidden = cmd.Hidden && !v.Offer
			aliases := v.Aliases
			if v.Behind != "" { // longer than the form's word, so it is heard first
				aliases = append(slices.Clone(aliases), v.Behind+" "+v.Name, v.Behind+v.Name)
			}
			add(aliases, v.Who, v.Summary, v.Example, "")
		}
	}
	cmd.Fits = func(c *handlers.Call) string {
		for _, u := range uses {
			if u.act == nil || cmd.Example != u.act.Example || !slices.Contains(c.Packs(), u.pack) {
				continue
			}
			if b := f.shelf.of(u.pack, u.reg); b.placed() {
				units := b.reach(&c.Desk, c.Person)
				if b.nowhere(units) {
					return ""
				}
				return b.own(units, u.act.Example)
			}
		}
		return cmd.Example
	}
	cmd.Run = func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
		for _, p := range c.Packs() {
			for _, u := range uses {
				if u.pack == p {
					return f.dispatch(ctx, c, u)
				}
			}
		}
		return handlers.Outcome{}, handlers.Refusef("现在能用的，发：帮助", "“%s”现在不用，这个专项没有开。", name)
	}
	return cmd
}

// Behind takes a form's line that names an act which stands behind that form.
func (f *Family) Behind(ctx context.Context, c *handlers.Call, form string) (handlers.Outcome, bool, error) {
	text := syntax.Normalise(c.Rest)
	for _, b := range f.shelf.all(&c.Desk) {
		for _, a := range b.Acts {
			if a.Behind != form || !c.Person.Has(a.Who...) {
				continue
			}
			word := ""
			for _, w := range append([]string{a.Name}, a.Aliases...) {
				if strings.Contains(text, w) && len(w) > len(word) {
					word = w
				}
			}
			if word == "" {
				continue
			}
			same := *c
			before, behind, _ := strings.Cut(text, word)
			same.Rest = before + " " + behind
			out, err := f.run(ctx, &same, b, a)
			return out, true, err
		}
	}
	return handlers.Outcome{}, false, nil
}

// dispatch leads a line to the view whose word it names, or to the act.
func (f *Family) dispatch(ctx context.Context, c *handlers.Call, u use) (handlers.Outcome, error) {
	rest := strings.TrimSpace(syntax.Normalise(c.Rest))
	for _, v := range u.views {
		more, ok := strings.CutPrefix(rest, v.Word)
		if !ok || v.Word == "" && u.act != nil && rest != "" || !c.Person.Has(v.Who...) {
			continue
		}
		same := *c
		same.Rest = strings.TrimSpace(more)
		return f.look(ctx, &same, u.pack, v)
	}
	if u.act == nil || !c.Person.Has(u.act.Who...) {
		example := ""
		for _, v := range u.views {
			example = v.Example
		}
		return handlers.Outcome{}, handlers.Refusef("您能用的："+example, "这一项不归您记，什么也没动。%s", "")
	}
	return f.run(ctx, c, f.shelf.of(u.pack, u.reg), u.act)
}
