package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkForms finds what is wrong with the forms of a pack, each by itself and between
// them, and lets no form ask what another has asked already.
func checkForms(r *reader, p *Pack) {
	chainVersions(r, p)
	words := newNames(r, "表单")
	for i, f := range p.Forms {
		if f.Earlier == nil {
			words.add(f.Name, "forms.%d.name", i)
			for j, a := range f.Aliases {
				words.alias(f.Name, a, "forms.%d.aliases.%d", i, j)
			}
		}
		checkForm(r, f, i)
		checkElsewhere(r, p, f, i)
		checkChain(r, f, i)
	}
	checkItems(r, p)
	for i, f := range p.Forms {
		known := NewDictionary(p.Forms[:i]...)
		for _, o := range Admit(f, known) {
			r.problem(r.admitPlace(f, o, i), o.What, o.Mend)
		}
	}
}

// admitPlace is where the cause of an objection against the i-th form was written.
func (r *reader) admitPlace(f *Form, o Objection, i int) Place {
	if o.Kind == ObjectSoon {
		return r.deadlinePlace(f, i)
	}
	for j, x := range f.Fields {
		if x.Name == o.Field {
			return r.placeOf("forms.%d.fields.%d.name", i, j)
		}
	}
	return r.placeOf("forms.%d.name", i)
}

// deadlinePlace is where the i-th form says until when.
func (r *reader) deadlinePlace(f *Form, i int) Place {
	if len(f.Cutoffs) > 1 {
		return r.placeOf("forms.%d.when", i)
	}
	return r.placeOf("forms.%d.cutoff", i)
}

// chainVersions ties the dated versions of each form together, oldest first, and numbers
// them.
func chainVersions(r *reader, p *Pack) {
	last := make(map[string]*Form)
	for i, f := range p.Forms {
		before := last[f.Name]
		if f.Name == "" {
			continue
		}
		last[f.Name] = f
		if before == nil {
			f.Version = max(f.Version, 1)
			continue
		}
		if f.From == "" { // two forms of one name: names.add tells
			f.Version = max(f.Version, 1)
			continue
		}
		before.Succeed(f)
		switch {
		case f.From <= before.From:
			r.problem(r.placeOf("forms.%d.from", i), "“"+f.Name+"”的新版本从"+string(f.From)+"起，不晚于前一版本", "按日期从早到晚写")
		case f.Version != 0 && f.Version <= before.Version:
			r.problem(r.placeOf("forms.%d.version", i), fmt.Sprintf("“%s”的新版本号%d不大于前一版本的%d", f.Name, f.Version, before.Version), "加一，或不写 version")
		}
		f.Version = max(f.Version, before.Version+1)
		if !slices.Equal(f.Aliases, before.Aliases) || !slices.Equal(f.Who, before.Who) || f.By != before.By || f.Site != before.Site {
			r.problem(r.placeOf("forms.%d.name", i), "“"+f.Name+"”的两个版本，别名或填报人不同", "新版本只改字段、核对和时间；换填报人另起一个表名")
		}
	}
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
	if f.Opens >= f.Cutoffs[0] {
		r.problem(r.deadlinePlace(f, i), "截止"+f.Cutoffs[0].String()+"不晚于开始"+f.Opens.String(), "改 opens 或 cutoff")
	}
	if f.AsOf > f.Cutoff {
		r.problem(r.placeOf("forms.%d.as_of", i), "数据时点"+f.AsOf.String()+"晚于截止"+f.Cutoff.String(), "改成不晚于截止")
	}
	if f.From != "" && f.Until != "" && f.From > f.Until {
		r.problem(r.placeOf("forms.%d.until", i), "结束日"+string(f.Until)+"早于开始日"+string(f.From), "改成不早于开始日")
	}
	if f.By == ByLiaison && !slices.Contains(f.Who, RoleLiaison) && !slices.Contains(f.Who, "") {
		r.problem(r.placeOf("forms.%d.by", i), "by: liaison 的表单，who 里没有联络员", "在 who 里写上联络员")
	}
	words := newNames(r, "字段")
	labels := append([]string{f.Name}, f.Aliases...)
	asked := len(f.Fields) == 0
	for j, x := range f.Fields {
		asked = asked || x.Asked()
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
	if !asked {
		r.problem(r.placeOf("forms.%d.fields", i), "“"+f.Name+"”的字段都是算出来的，没有人要报", "不用建表单，在 exports 里写一张导出表")
	}
}

// checkChain finds deadlines that are not in order.
func checkChain(r *reader, f *Form, i int) {
	for j := 1; j < len(f.Chain); j++ {
		if f.Chain[j].At > f.Chain[j-1].At {
			r.problem(r.placeOf("forms.%d.chain.%d.at", i, j), f.Chain[j].Who+"的"+f.Chain[j].At.String()+"晚于"+f.Chain[j-1].Who+"的"+f.Chain[j-1].At.String(), "从上级往下写，一级不晚于一级")
		}
	}
}

// checkItems finds a data item that two fields keep in different ways.
func checkItems(r *reader, p *Pack) {
	first := make(map[string]*Field)
	for i, f := range p.Forms {
		for j, x := range f.Fields {
			y := first[x.Item]
			if y == nil {
				first[x.Item] = x
				continue
			}
			if x.Asked() && y.Asked() && f.Earlier == nil && f.Approved == "" { // the gate has something to say
				continue
			}
			if what := differs(y, x); what != "" && x.Item != "" && x.Kind != "" && y.Kind != "" {
				r.problem(r.placeOf("forms.%d.fields.%d.item", i, j), "数据项“"+x.Item+"”的"+what, "同一个数据项写成一样，不一样就换一个 item")
			}
		}
	}
}

// differs says what keeps two fields from being the same data item: 单位有两种：人、户.
func differs(x, y *Field) string {
	two := func(what, a, b string) string { return fmt.Sprintf("%s有两种：%s、%s", what, a, b) }
	switch {
	case x.Kind != y.Kind:
		return two("类型", string(x.Kind), string(y.Kind))
	case x.Unit != y.Unit:
		return two("单位", cmp.Or(x.Unit, "没有写"), cmp.Or(y.Unit, "没有写"))
	case x.Places != y.Places:
		return two("小数位数", strconv.Itoa(x.Places), strconv.Itoa(y.Places))
	case !slices.EqualFunc(x.Options, y.Options, func(a, b Option) bool { return a.Name == b.Name }):
		return "选项不一样"
	}
	return ""
}

// checkElsewhere finds names of other forms' fields that nobody asks for.
func checkElsewhere(r *reader, p *Pack, f *Form, i int) {
	look := func(names []string, format string, args ...any) {
		for _, name := range names {
			form, field, ok := Elsewhere(name)
			if !ok {
				continue
			}
			at := r.placeOf(format, args...)
			other := p.Form(form)
			switch {
			case other == nil:
				r.problem(at, "“"+name+"”里的“"+form+"”不是表单", meant(form, formNames(p)))
			case other.Name == f.Name:
				r.problem(at, "“"+name+"”就是本表的字段", "只写“"+field+"”")
			case other.exactly(field) == nil:
				r.problem(at, "表单“"+other.Name+"”没有字段“"+field+"”", meant(field, fieldNames(other)))
			case !other.exactly(field).Sums():
				r.problem(at, "“"+name+"”不是能加总的数", "只用 flow、stock 和 decimal")
			}
		}
	}
	for j, c := range f.Checks {
		if c.Rule != nil {
			look(c.Rule.Names(), "forms.%d.checks.%d.rule", i, j)
		}
	}
	for j, x := range f.Fields {
		if x.Derive != nil {
			look(x.Derive.Names(), "forms.%d.fields.%d.derive", i, j)
		}
		if x.Default != nil {
			look(x.Default.Names(), "forms.%d.fields.%d.default", i, j)
		}
	}
}

// ExampleValue returns the value of a field's example; ok is false if it has none, or none
// that is kept as a number.
func (x *Field) ExampleValue() (n int, ok bool) {
	switch x.Kind {
	case KindInt, KindDecimal, KindPercent:
		return fixed(x.Example, x.Places)
	case KindBool:
		return map[string]int{"是": 1}[x.Example], x.Example != ""
	case KindEnum:
		n := x.Option(x.Example)
		return n, n > 0
	case KindRange:
		var from, to int
		_, err := fmt.Sscanf(x.Example, "%d-%d", &from, &to)
		return Span(from, to), err == nil
	}
	return 0, false
}

// checkExample makes sure that the line we show people as an example would be accepted.
func checkExample(v value, f *Form) {
	get := f.Get(func(name string) (int, bool) {
		x := f.exactly(name)
		if x == nil || x.Example == "" {
			return 0, false
		}
		return x.ExampleValue()
	})
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
		if n, ok := x.ExampleValue(); ok && x.Warn > 0 && n > x.Warn {
			v.problem(at, fmt.Sprintf("“%s”的示例%s超过 warn %s", x.Name, x.Format(n), x.Format(x.Warn)), "改小 example")
		}
		if x.Kind == KindText && len([]rune(x.Example)) > x.Chars {
			v.problem(at, "“"+x.Name+"”的示例太长", fmt.Sprintf("最多%d个字", x.Chars))
		}
	}
}

// checkRule finds names in a rule or an expression that the form can't answer for. Those
// of other forms are looked up when all forms are read.
func checkRule(text value, terms []term, f *Form, what string) {
	places := -1
	for _, t := range terms {
		at := text.inside(t.col)
		if _, _, ok := Elsewhere(t.name); ok {
			continue
		}
		name, yesterday := strings.CutPrefix(t.name, Yesterday)
		x := f.exactly(name)
		if _, part, ok := f.part(t.name); ok && x == nil && !(yesterday && part == lengthOf) {
			continue
		}
		if x == nil {
			if slices.Contains(fieldNames(f), "") { // it may be the one that didn't read
				continue
			}
			mend := meant(name, fieldNames(f))
			if y := f.Field(name); y != nil {
				mend = what + "里写正式名称“" + y.Name + "”"
			}
			text.problem(at, what+"里的“"+name+"”不是字段", mend)
			continue
		}
		switch {
		case !x.Number():
			text.problem(at, "“"+name+"”是文字，不能计算", what+"里只用数字字段")
		case x.Kind == KindRange:
			text.problem(at, "“"+name+"”是号段，不能计算", "写“"+name+"长”，就是这一段有几个号")
		case x.Kind == KindEnum || x.Kind == KindDate:
			text.problem(at, "“"+name+"”不是数，不能计算", what+"里只用数字字段")
		case yesterday && x.Kind == KindInt && !x.Stock:
			text.problem(at, "“"+name+"”是当日数，没有昨日", "只有 kind: stock 的字段可以写“昨日”")
		case x.Kind != "" && places >= 0 && places != x.Places:
			text.problem(at, "“"+name+"”的小数位数和前面的不一样", "两边用小数位数相同的字段")
		}
		places = x.Places
	}
}
