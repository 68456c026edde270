package config

import (
	"slices"
)

// checkPack finds what is wrong between the values of one pack.
func checkPack(r *reader, p *Pack) {
	if len(p.Forms)+len(p.Duties)+len(p.Notices) == 0 {
		r.problem(r.placeOf("pack"), "包里没有表单、任务和通知模板", "至少写一样")
	}
	checkForms(r, p)
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
		case form.Fields[k].Kind != KindText && !form.Fields[k].Sums() && form.Fields[k].Asked():
			r.problem(at, "“"+name+"”不是能加总的数", "晨报里只写 flow、stock 和 decimal")
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
