package config

import (
	"fmt"
	"slices"
	"strings"
)

// checkPack finds what is wrong between the values of one pack.
func checkPack(r *reader, p *Pack) {
	if len(p.Forms)+len(p.Duties)+len(p.Notices) == 0 {
		r.problem(r.placeOf("pack"), "包里没有表单、任务和通知模板", "至少写一样")
	}
	words := newNames(r, "表单")
	items := make(map[string]string)
	for i, f := range p.Forms {
		words.add(f.Name, "forms.%d.name", i)
		for j, a := range f.Aliases {
			words.alias(f.Name, a, "forms.%d.aliases.%d", i, j)
		}
		checkForm(r, f, i)
		for j, x := range f.Fields {
			if other, taken := items[x.Item]; taken && other != f.Name && x.Item != "" {
				r.warn(r.placeOf("forms.%d.fields.%d.name", i, j), "“"+x.Item+"”已由表单“"+other+"”收集", "同一个数不要收两遍")
			} else if !taken {
				items[x.Item] = f.Name
			}
		}
	}
	notices := newNames(r, "通知模板")
	for i, n := range p.Notices {
		notices.add(n.Name, "notices.%d.name", i)
	}
	for i, d := range p.Duties {
		if d.Form != "" && p.Form(d.Form) == nil {
			r.problem(r.placeOf("duties.%d.form", i), "没有表单“"+d.Form+"”", meant(d.Form, formNames(p)))
		}
	}
	for i := range p.Digest {
		checkSection(r, p, i)
	}
}

func formNames(p *Pack) []string {
	var names []string
	for _, f := range p.Forms {
		names = append(names, f.Name)
	}
	return names
}

func fieldNames(f *Form) []string {
	var names []string
	for _, x := range f.Fields {
		names = append(names, x.Name)
	}
	return names
}

// checkForm finds what is wrong between the values of one form.
func checkForm(r *reader, f *Form, i int) {
	if f.Opens >= f.Cutoff {
		r.problem(r.placeOf("forms.%d.cutoff", i), "截止"+f.Cutoff.String()+"不晚于开始"+f.Opens.String(), "改 opens 或 cutoff")
	}
	if f.AsOf > f.Cutoff {
		r.problem(r.placeOf("forms.%d.as_of", i), "数据时点"+f.AsOf.String()+"晚于截止"+f.Cutoff.String(), "改成不晚于截止")
	}
	words := newNames(r, "字段")
	labels := append([]string{f.Name}, f.Aliases...)
	for j, x := range f.Fields {
		words.add(x.Name, "forms.%d.fields.%d.name", i, j)
		for k, a := range x.Aliases {
			words.alias(x.Name, a, "forms.%d.fields.%d.aliases.%d", i, j, k)
		}
		for _, w := range append([]string{x.Name}, x.Aliases...) {
			if w != "" && slices.Contains(labels, w) {
				r.problem(r.placeOf("forms.%d.fields.%d", i, j), "字段“"+w+"”和表单同名", "换一个名称")
			}
		}
		if strings.HasPrefix(x.Name, Yesterday) {
			r.problem(r.placeOf("forms.%d.fields.%d.name", i, j), "字段名不能以“昨日”开头", "昨日的数在规则里写“昨日”加字段名")
		}
	}
}

// checkExample makes sure that the line we show people as an example would be accepted.
func checkExample(v value, f *Form) {
	get := func(name string) (int, bool) {
		x := f.Field(name)
		if x == nil || x.Kind != KindInt || x.Example == "" {
			return 0, false
		}
		n := 0
		_, err := fmt.Sscan(x.Example, &n)
		return n, err == nil
	}
	for j, c := range f.Checks {
		if c.Rule == nil {
			continue
		}
		if holds, known := c.Rule.Eval(get); known && !holds {
			v.problem(v.placeOf("%s.checks.%d.rule", v.path, j), "示例“"+f.Example()+"”不符合这条规则（"+c.Rule.Show(get, nil)+"）", "改字段的 example")
		}
	}
	for j, x := range f.Fields {
		at := v.placeOf("%s.fields.%d.example", v.path, j)
		if n, ok := get(x.Name); ok && x.Warn > 0 && n > x.Warn {
			v.problem(at, fmt.Sprintf("“%s”的示例%d超过 warn %d", x.Name, n, x.Warn), "改小 example")
		}
		if x.Kind == KindText && len([]rune(x.Example)) > x.Chars {
			v.problem(at, "“"+x.Name+"”的示例太长", fmt.Sprintf("最多%d个字", x.Chars))
		}
	}
}

// checkRule finds names in a rule that the form can't answer for.
func checkRule(text value, rule *Rule, f *Form) {
	for _, t := range slices.Concat(rule.left.terms, rule.right.terms) {
		at := text.inside(t.col)
		name, yesterday := strings.CutPrefix(t.name, Yesterday)
		i := slices.IndexFunc(f.Fields, func(x *Field) bool { return x.Name == name })
		if i < 0 {
			if slices.Contains(fieldNames(f), "") { // it may be the one that didn't read
				continue
			}
			mend := meant(name, fieldNames(f))
			if x := f.Field(name); x != nil {
				mend = "规则里写正式名称“" + x.Name + "”"
			}
			text.problem(at, "规则里的“"+name+"”不是字段", mend)
			continue
		}
		switch x := f.Fields[i]; {
		case x.Kind == KindText:
			text.problem(at, "“"+name+"”是文字，不能计算", "规则里只用数字字段")
		case yesterday && x.Kind == KindInt && !x.Stock:
			text.problem(at, "“"+name+"”是当日数，没有昨日", "只有 kind: stock 的字段可以写“昨日”")
		}
	}
}

// checkSection resolves the form of a digest's section and looks for its fields there.
func checkSection(r *reader, p *Pack, i int) {
	s := &p.Digest[i]
	if s.Form == "" && len(p.Forms) == 1 {
		s.Form = p.Forms[0].Name
	}
	form := p.Form(s.Form)
	if form == nil {
		if s.Form == "" {
			r.problem(s.Place, "晨报这一段没有写 form", meant("", formNames(p)))
		} else {
			r.problem(r.placeOf("digest.%d.form", i), "没有表单“"+s.Form+"”", meant(s.Form, formNames(p)))
		}
		return
	}
	s.Form = form.Name
	for j, name := range s.Fields {
		at := r.placeOf("digest.%d.fields.%d", i, j)
		k := slices.IndexFunc(form.Fields, func(x *Field) bool { return x.Name == name })
		switch {
		case name == "":
		case k < 0 && slices.Contains(fieldNames(form), ""): // it may be the one that didn't read
		case k < 0:
			r.problem(at, "表单“"+form.Name+"”没有字段“"+name+"”", meant(name, fieldNames(form)))
		case form.Fields[k].Health && s.ByUnit:
			r.problem(at, "“"+name+"”是健康数，群里不能点居民区的名", "去掉 by_unit，或另写一段")
		case form.Fields[k].Kind == KindText && (s.Change || s.ByUnit):
			r.problem(at, "“"+name+"”是文字，不能加总", "另写一段，不用 change 和 by_unit")
		}
	}
}

// names finds a word that stands for two things.
type names struct {
	*reader
	what  string // 表单
	owner map[string]string
}

func newNames(r *reader, what string) *names {
	return &names{reader: r, what: what, owner: make(map[string]string)}
}

func (n *names) add(name, format string, args ...any) {
	if name == "" {
		return
	}
	if owner, taken := n.owner[name]; taken {
		what := "两个" + n.what + "都叫“" + name + "”"
		if owner != name {
			what = "“" + name + "”已经是" + n.what + "“" + owner + "”的别名"
		}
		n.problem(n.placeOf(format, args...), what, "换一个名称")
		return
	}
	n.owner[name] = name
}

func (n *names) alias(name, alias, format string, args ...any) {
	if alias == "" {
		return
	}
	switch owner, taken := n.owner[alias]; {
	case !taken:
		n.owner[alias] = name
	case owner == name:
		n.problem(n.placeOf(format, args...), "别名“"+alias+"”写了两遍", "留一个")
	case owner == alias:
		n.problem(n.placeOf(format, args...), "别名“"+alias+"”是另一个"+n.what+"的名称", "换一个别名")
	default:
		n.problem(n.placeOf(format, args...), n.what+"“"+owner+"”也有别名“"+alias+"”", "换一个别名")
	}
}
