package config

import (
	"slices"
	"strings"
)

// The names that rules, expressions and templates of a register may use.

func (c *registerCheck) state(at Place, name string) *State {
	for _, s := range c.g.States {
		if s.Name == name {
			return s
		}
	}
	if name != "" {
		c.say(at, meant(name, stateNames(c.g)), "没有状态“%s”", name)
	}
	return nil
}

func (c *registerCheck) states(names []string, format string, args ...any) {
	for _, name := range names {
		c.state(c.place(format, args...), name)
	}
}

func (c *registerCheck) act(at Place, name string) *Act {
	a := c.g.Act(name)
	if a == nil && name != "" {
		var all []string
		for _, x := range c.g.Acts {
			all = append(all, x.Name)
		}
		c.say(at, meant(name, all), "“%s”没有命令“%s”", c.g.Name, name)
	}
	return a
}

func (c *registerCheck) field(at Place, name string) *Field {
	for _, x := range c.g.Fields {
		if x.Name == name {
			return x
		}
	}
	if name != "" {
		c.say(at, meant(name, registerFields(c.g)), "没有字段“%s”", name)
	}
	return nil
}

// yes wants a yes-or-no field.
func (c *registerCheck) yes(at Place, name string) {
	if name == "" {
		return
	}
	if f := c.field(at, name); f != nil && f.Kind != KindBool {
		c.say(at, "写一个 kind: bool 的字段", "“%s”不是是否题", name)
	}
}

// count wants a field that can be added up.
func (c *registerCheck) count(at Place, name string) {
	if f := c.field(at, name); f != nil && !f.Sums() {
		c.say(at, "写一个数字字段", "“%s”不能加总", name)
	}
}

func (c *registerCheck) within(names []string, format string, args ...any) {
	for _, name := range names {
		if name != OfUnit {
			c.field(c.place(format, args...), name)
		}
	}
}

func (c *registerCheck) caseType(at Place, name string) {
	if name != "" && c.pack.Cases.Type(name) == nil {
		c.say(at, meant(name, typeNames(c.pack.Cases)), "没有问题类型“%s”", name)
	}
}

func (c *registerCheck) rule(at Place, r *Rule) {
	if r != nil {
		c.names(at, r.Names())
	}
}

// names checks the names of a rule or an expression.
func (c *registerCheck) names(at Place, names []string) {
	for _, name := range names {
		if !c.known(name) {
			c.say(at, meant(strings.TrimPrefix(name, Before), registerFields(c.g)), "没有“%s”这个数", name)
		}
	}
}

// known reports whether a name has a value in rules.
func (c *registerCheck) known(name string) bool {
	switch name {
	case Today:
		return true
	case NameCount, NameItems:
		return c.g.List != ""
	case NameHouses:
		return c.g.Key.Of == KeyCompound
	}
	if base, part, ok := strings.Cut(name, "."); ok {
		base = strings.TrimPrefix(base, Before)
		if base == NameState {
			return slices.Contains(stateNames(c.g), part)
		}
		f := c.g.exactly(base)
		return f != nil && f.Kind == KindEnum && slices.ContainsFunc(f.Options, func(o Option) bool { return o.Name == part || o.Tag == part })
	}
	if f := c.g.exactly(name); f != nil {
		return f.Number()
	}
	if f := c.g.exactly(strings.TrimPrefix(name, Before)); f != nil {
		return f.Number()
	}
	for _, end := range []string{lengthOf, startOf, endOf} {
		if base, ok := strings.CutSuffix(name, end); ok {
			if f := c.g.exactly(base); f != nil && f.Kind == KindRange {
				return true
			}
		}
	}
	return false
}

// template checks the names in a text that people hear.
func (c *registerCheck) template(at Place, text string) {
	if strings.Count(text, "{") != strings.Count(text, "}") || strings.Count(text, "[") != strings.Count(text, "]") {
		c.say(at, "“{”和“}”、“[”和“]”成对写", "“%s”里括号不成对", text)
		return
	}
	for _, name := range TemplateNames(text) {
		base := strings.TrimPrefix(name, Before)
		tally, whole := strings.CutPrefix(name, "街道")
		if !whole {
			tally, whole = strings.CutPrefix(name, "本居")
		}
		switch {
		case slices.Contains(ReservedNames(), name), c.g.exactly(name) != nil, c.g.exactly(base) != nil, c.known(name):
		case whole && c.g.Tally(strings.TrimSuffix(tally, "总")) != nil:
		default:
			c.say(at, meant(name, append(registerFields(c.g), ReservedNames()...)), "没有“{%s}”", name)
		}
	}
}

func (r *Register) exactly(name string) *Field {
	for _, x := range r.Fields {
		if x.Name == name {
			return x
		}
	}
	return nil
}

func stateNames(r *Register) []string {
	var out []string
	for _, s := range r.States {
		out = append(out, s.Name)
	}
	return out
}

// checkView finds what is wrong with a view.
func checkView(r *reader, p *Pack, v *View, i int, words *names) {
	at := func(key string) Place { return r.placeOf("views.%d.%s", i, key) }
	own := slices.ContainsFunc(v.Registers, func(name string) bool { g := p.Register(name); return g != nil && g.Act(v.Name) != nil })
	if v.Word == "" && !own { // alone, a register's own word shows what stands in it
		words.add(v.Name, "views.%d.name", i)
	} else if _, taken := words.owner[v.Name]; !taken {
		words.owner[v.Name] = v.Name
	}
	for j, a := range v.Aliases {
		words.alias(v.Name, a, "views.%d.aliases.%d", i, j)
	}
	var all []string
	for _, g := range p.Registers {
		all = append(all, g.Name)
	}
	for _, name := range v.Registers {
		if p.Register(name) == nil {
			r.problem(at("of"), "没有册子“"+name+"”", meant(name, all))
		}
	}
	switch v.Kind {
	case ViewShare:
		form := p.Form(v.Form)
		if form == nil {
			r.problem(at("form"), "没有表单“"+v.Form+"”", meant(v.Form, formNames(p)))
			return
		}
		for key, name := range map[string]string{"over": v.Over, "under": v.Under} {
			if x := form.Field(name); x == nil {
				r.problem(at(key), "表单“"+form.Name+"”没有字段“"+name+"”", meant(name, fieldNames(form)))
			}
		}
	case ViewForecast, ViewCounts, ViewEntry, ViewDue, ViewList:
		if len(v.Registers) == 0 {
			r.problem(v.Place, "“"+v.Name+"”没有说看哪本册子", "写上 of: 册子名")
			return
		}
		if g := p.Register(v.Registers[0]); g != nil && v.Kind == ViewForecast {
			c := &registerCheck{reader: r, pack: p, g: g}
			if f := c.field(at("date"), v.Date); f != nil && f.Kind != KindDate || v.Date == "" {
				r.problem(at("date"), "“"+v.Date+"”不是日期", "写一个 kind: date 的字段")
			}
			if v.Sum != "" {
				c.count(at("sum"), v.Sum)
			}
		}
	}
}
