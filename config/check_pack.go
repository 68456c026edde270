package config

// checkPack finds what is wrong between the values of one pack.
func checkPack(r *reader, p *Pack) {
	if len(p.Forms)+len(p.Duties)+len(p.Notices)+len(p.Registers) == 0 {
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
	checkOpens(r, p)
}

// checkOpens finds fields that open a case of a type the pack does not have, or from which
// no case can come.
func checkOpens(r *reader, p *Pack) {
	for i, f := range p.Forms {
		for j, x := range f.Fields {
			check := func(at Place, name string) {
				t := p.Cases.Type(name)
				switch {
				case name == "" || name == NoCase:
				case t == nil:
					r.problem(at, "没有问题类型“"+name+"”", meant(name, typeNames(p.Cases)))
				case t.Kind.Listed() || t.Kind == CaseOrder:
					r.problem(at, "“"+name+"”是"+string(t.Kind)+"，不能由表里的数来开", "写 case_types 里问题、缺口、失联或急的一种")
				case !x.Number():
					r.problem(at, "“"+x.Name+"”是文字，不能开单", "去掉 case")
				}
			}
			check(r.placeOf("forms.%d.fields.%d.case", i, j), x.Case)
			for k, o := range x.Options {
				check(r.placeOf("forms.%d.fields.%d.options.%d.case", i, j, k), o.Case)
			}
		}
	}
}

func formNames(p *Pack) []string {
	var names []string
	for _, f := range p.Forms {
		names = append(names, f.Name)
	}
	return names
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
