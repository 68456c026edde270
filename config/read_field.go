package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// kinds are the words for kind, and the kind each stands for.
var kinds = []struct {
	word string
	kind FieldKind
}{
	{"flow", KindInt}, {"stock", KindInt}, {"decimal", KindDecimal}, {"percent", KindPercent}, {"enum", KindEnum},
	{"bool", KindBool}, {"date", KindDate}, {"range", KindRange}, {"text", KindText}, {"house", KindHouse},
}

// readField reads a field of a form, whose earlier fields a derived one may name.
func readField(v value, form *Form) *Field {
	o := v.object()
	defer o.close()
	f := &Field{Place: v.at}
	f.Name = o.get("name").need().word()
	f.Aliases = o.get("aliases").labels()
	f.Optional = o.get("optional").yes(false)
	f.Class = o.get("class").oneOf("C0", "C0", "C1", "C2", "C3", "C4")
	f.Health = o.get("health").yes(false)
	f.Item = o.get("item").text()
	if f.Item == "" {
		f.Item = f.Name
	}
	f.Help = o.get("help").text()
	f.Case = o.get("case").text()
	var words []string
	for _, k := range kinds {
		words = append(words, k.word)
	}
	kind := o.get("kind").oneOf("flow", words...)
	if i := slices.Index(words, kind); i >= 0 {
		f.Kind = kinds[i].kind
	}
	f.Stock = kind == "stock"
	readValues(o, f, form)
	return f
}

// readValues reads what the kind of field allows, and its example.
func readValues(o *object, f *Field, form *Form) {
	example := func() value { return o.get("example") }
	switch f.Kind {
	case KindText:
		f.Chars = o.get("chars").number(60, 1, 500)
		f.Example = example().text()
	case KindHouse:
		f.Chars = 20
		if f.Class == "C0" {
			f.Class = "C2" // an address is personal
		}
		f.Example = example().text()
	case KindEnum:
		for _, w := range o.get("options").need().items() {
			f.Options = append(f.Options, readOption(w))
		}
		f.Min, f.Max = 1, len(f.Options)
		checkOptions(o, f)
		f.Example = readChoice(example(), f)
	case KindBool:
		f.Max = 1
		f.Example = example().oneOf("否", "是", "否")
	case KindDate:
		f.Max = 99991231
		f.Example = example().text()
	case KindRange:
		f.Min, f.Max = readLimits(o.get("range"), f)
		f.Example = readSpan(example(), f)
	case "": // whatever the kind was meant to be, its keys are known
		o.known = append(o.known, "example", "unit", "words", "alone", "derive", "default", "range", "warn", "jump", "places", "options", "chars")
	default:
		f.Unit = o.get("unit").text()
		f.Words = readUnitWords(o.get("words"), f.Unit)
		f.Alone = readAlone(o.get("alone"), f, form)
		derive := o.get("derive")
		f.Derive = readExpr(derive, form)
		f.Default = readExpr(o.get("default"), &Form{Fields: append(slices.Clone(form.Fields), f)}) // it may name its own yesterday
		readNumber(o, f, !derive.missing, example())
	}
	if f.Optional || !f.Asked() {
		if f.Kind != KindText && f.Kind != KindHouse {
			f.Example = ""
		}
	}
}

// readNumber reads the limits of a whole number, a decimal or a percentage. What is
// derived, or was meant to be, needs none.
func readNumber(o *object, f *Field, derived bool, example value) {
	if f.Kind != KindInt {
		f.Places = o.get("places").number(map[FieldKind]int{KindDecimal: 1}[f.Kind], 0, 3)
	}
	if limits := o.get("range"); !derived && f.Kind != KindPercent {
		f.Min, f.Max = readLimits(limits.need(), f)
	} else {
		f.Min, f.Max = readLimits(limits, f)
		if limits.missing {
			f.Min, f.Max = 0, maxLiteral
			if f.Kind == KindPercent {
				f.Max = 100 * scale(f.Places)
			}
		}
	}
	f.Warn = readWarn(o.get("warn"), f)
	f.Jump = o.get("jump").scaled(0, 1, max(1, f.Max), f.Places)
	f.Example = point(example.scaled(f.Min, f.Min, max(f.Min, f.Max), f.Places), f.Places)
}

// readUnitWords reads the unit words of a field; its own unit always is one.
func readUnitWords(v value, unit string) []string {
	words := v.texts()
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, "0123456789 ") {
			v.problem(v.placeOf("%s.%d", v.path, i), "单位“"+w+"”不对", "写数字后面的字，如 人")
		}
	}
	if unit != "" && !slices.Contains(words, unit) {
		words = append([]string{unit}, words...)
	}
	return words
}

// readAlone reads the unit words that name a field of whole numbers by themselves. Of a
// form's earlier fields none may have the same.
func readAlone(v value, f *Field, form *Form) []string {
	words := v.texts()
	for i, w := range words {
		at := v.placeOf("%s.%d", v.path, i)
		if !slices.Contains(f.Words, w) || f.Kind != KindInt {
			v.problem(at, "alone 里的“"+w+"”不是“"+f.Name+"”的单位", "写 unit 或 words 里有的，只有整数可以")
		}
		for _, x := range form.Fields {
			if slices.Contains(x.Alone, w) {
				v.problem(at, "“"+w+"”已经是“"+x.Name+"”的 alone", "只留一处，不然不知道记在哪里")
			}
		}
	}
	return words
}

func readWarn(v value, f *Field) int {
	warn := v.scaled(0, 0, maxLiteral, f.Places)
	if warn != 0 && (warn < f.Min || warn >= f.Max) && f.Max > f.Min {
		v.problem(v.at, "warn "+point(warn, f.Places)+"不在范围"+point(f.Min, f.Places)+".."+point(f.Max, f.Places)+"以内", "写小于上限的数，或去掉")
		return 0
	}
	return warn
}

// readLimits reads a range such as 0..300, or of a decimal 34.0..43.0.
func readLimits(v value, f *Field) (least, most int) {
	if f.Places == 0 {
		least, most = v.limits()
		if f.Kind == KindRange && least < 0 {
			v.problem(v.at, "号段不能小于0", "从0或1写起")
			return 0, most
		}
		return least, most
	}
	s, ok := v.scalar("范围，如 0.0..99.9")
	if !ok {
		return 0, 0
	}
	a, b, ok := strings.Cut(s, "..")
	least, ok1 := fixed(a, f.Places)
	most, ok2 := fixed(b, f.Places)
	switch {
	case !ok || !ok1 || !ok2:
		v.wrong(fmt.Sprintf("范围，如 0.0..99.9，最多%d位小数", f.Places))
		return 0, 0
	case least > most:
		v.problem(v.at, "范围反了："+a+"大于"+b, "小的写在前面")
		return 0, 0
	}
	return least, most
}

// scaled returns a number with at most places digits behind its point, without the point,
// or otherwise if it is missing.
func (v value) scaled(otherwise, least, most, places int) int {
	if places == 0 {
		return v.number(otherwise, least, most)
	}
	s, ok := v.scalar("数字")
	if !ok {
		return otherwise
	}
	n, ok := fixed(s, places)
	if !ok {
		v.wrong(fmt.Sprintf("数字，最多%d位小数", places))
		return otherwise
	}
	if n < least || n > most {
		v.problem(v.at, "“"+v.key+"”是"+s+"，超出范围", "应在"+point(least, places)+"到"+point(most, places)+"之间")
		return otherwise
	}
	return n
}

// fixed reads a number with at most places digits behind its point.
func fixed(s string, places int) (int, bool) {
	whole, rest, _ := strings.Cut(s, ".")
	if len(rest) > places || whole == "" || strings.HasSuffix(s, ".") || len(s) > 12 {
		return 0, false
	}
	n, err := strconv.Atoi(whole + rest + strings.Repeat("0", places-len(rest)))
	return n, err == nil && !strings.ContainsAny(rest, "+-")
}

func readOption(v value) Option {
	if !v.missing && len(v.node.Content) == 0 {
		return Option{Name: v.word()}
	}
	o := v.object()
	defer o.close()
	opt := Option{Name: o.get("name").need().word(), Aliases: o.get("aliases").labels(), Case: o.get("case").text()}
	readTag(o, &opt)
	if s := o.get("digits").text(); s != "" { // 84, as the thing is called; a label of a form would be taken for a figure
		opt.Aliases = append(opt.Aliases, s)
	}
	opt.Unit = o.get("unit").text()
	return opt
}

func checkOptions(o *object, f *Field) {
	words := newNames(o.reader, "选项")
	for i, x := range f.Options {
		words.add(x.Name, "%s.options.%d", o.path, i)
		for j, a := range x.Aliases {
			words.alias(x.Name, a, "%s.options.%d.aliases.%d", o.path, i, j)
		}
	}
}

// readChoice reads an enum's example, the first option if it is missing.
func readChoice(v value, f *Field) string {
	var names []string
	for _, x := range f.Options {
		names = append(names, x.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return v.oneOf(names[0], names...)
}

// readSpan reads a range's example, such as 412-497.
func readSpan(v value, f *Field) string {
	s := v.text()
	if s == "" {
		return fmt.Sprintf("%d-%d", f.Min, f.Min)
	}
	a, b, ok := strings.Cut(s, "-")
	from, err := strconv.Atoi(a)
	to, err2 := strconv.Atoi(b)
	if !ok || err != nil || err2 != nil || from > to || from < f.Min || f.Max > 0 && to > f.Max {
		v.problem(v.at, "“"+f.Name+"”的示例“"+s+"”不是号段，或超出范围", "写成 412-497 这样")
		return ""
	}
	return s
}

// readExpr reads what a field is computed from; nil if it is missing or broken.
func readExpr(v value, form *Form) *Expr {
	src := v.text()
	if src == "" {
		return nil
	}
	e, err := ParseExpr(src)
	if err != nil {
		v.broken(err)
		return nil
	}
	checkRule(v, e.terms(), form, "算式")
	return e
}

// labels returns a list of names for a field; unlike its name an alias may begin with
// digits where words follow them: 84消毒液.
func (v value) labels() []string {
	var ws []string
	for _, item := range v.items() {
		s := item.text()
		if rest := strings.TrimLeft(s, "0123456789"); rest != s && len([]rune(rest)) > 1 && unitForm.MatchString(s) {
			ws = append(ws, s)
			continue
		}
		ws = append(ws, item.word())
	}
	return ws
}
