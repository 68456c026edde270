package config

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// readRegisters reads the parts of a pack that are about registers.
func readRegisters(o *object, p *Pack) {
	for _, v := range o.get("registers").items() {
		p.Registers = append(p.Registers, readRegister(v))
	}
	for _, v := range o.get("views").items() {
		p.Views = append(p.Views, readView(v))
	}
	if len(p.Registers)+len(p.Views) > 0 {
		checkRegisters(o.reader, p)
	}
}

func readRegister(v value) *Register {
	o := v.object()
	defer o.close()
	r := &Register{Place: v.at}
	r.Name = o.get("name").need().word()
	r.Title = o.get("title").text()
	if r.Title == "" {
		r.Title = r.Name
	}
	r.Aliases = o.get("aliases").words()
	r.Key = readKey(o.get("key").need())
	class := "C1"
	if r.Key.Of == KeyHouse {
		class = "C2" // an address is personal
	}
	r.Class = o.get("class").oneOf(class, "C0", "C1", "C2", "C3", "C4")
	r.Owner = o.get("owner").need().text()
	r.Purpose = o.get("purpose").need().text()
	r.Basis = o.get("basis").text()
	r.Keep = o.get("keep").number(30, 0, 3650)
	r.List = o.get("checklist").text()
	for _, w := range o.get("fields").items() {
		r.Fields = append(r.Fields, readEntryField(w, r.Class))
	}
	for _, w := range o.get("states").items() {
		r.States = append(r.States, readState(w))
	}
	for _, w := range o.get("moves").items() {
		r.Moves = append(r.Moves, readMove(w))
	}
	for _, w := range o.get("checks").items() {
		r.Checks = append(r.Checks, readEntryCheck(w))
	}
	for _, w := range o.get("limits").items() {
		r.Limits = append(r.Limits, readLimit(w))
	}
	for _, w := range o.get("follow").items() {
		r.Follows = append(r.Follows, readFollow(w))
	}
	for _, w := range o.get("apart").items() {
		x := w.object()
		r.Apart = append(r.Apart, &Apart{Field: x.get("field").need().text(), Within: x.get("within").texts(), Place: w.at})
		x.close()
	}
	for _, w := range o.get("quotas").items() {
		x := w.object()
		r.Quotas = append(r.Quotas, &Quota{
			Sum: x.get("sum").text(), In: x.get("in").texts(), Within: x.get("within").texts(),
			Max: x.get("max").need().number(0, 0, maxLiteral), Say: x.get("say").need().text(), Fix: x.get("fix").text(), Place: w.at,
		})
		x.close()
	}
	for _, w := range o.get("numbers").items() {
		x := w.object()
		r.Numbers = append(r.Numbers, Numbering{Field: x.get("field").need().text(), Within: x.get("within").texts()})
		x.close()
	}
	for _, w := range o.get("tallies").items() {
		r.Tallies = append(r.Tallies, readTally(w))
	}
	for _, w := range o.get("commands").items() {
		a := readAct(w, r)
		r.Acts = append(r.Acts, a)
	}
	return r
}

// readKey reads key: house, or key: {of: unit, with: [品种]}.
func readKey(v value) Key {
	if !v.missing && len(v.node.Content) == 0 {
		k := Key{Of: KeyKind(v.oneOf("", texts(KeyKinds())...))}
		if k.Of == KeySite {
			v.problem(v.at, "key: site 没说是哪一种", "写成 {of: site, site: 楼宇}")
		}
		return k
	}
	o := v.object()
	defer o.close()
	k := Key{Of: KeyKind(o.get("of").need().oneOf("", texts(KeyKinds())...)), With: o.get("with").texts()}
	if site := o.get("site"); k.Of == KeySite {
		k.Site = SiteKind(site.need().oneOf("", texts(SiteKinds())...))
	} else if !site.missing {
		site.problem(site.at, "只有 of: site 才写 site", "去掉 site")
	}
	return k
}

// readEntryField reads a field of a register. What a form's field may hold it may, too, and
// temperatures, and days that are computed.
func readEntryField(v value, class string) *Field {
	o := v.object()
	defer o.close()
	f := &Field{Place: v.at}
	f.Name = o.get("name").need().word()
	f.Aliases = o.get("aliases").labels()
	f.Class = o.get("class").oneOf(class, "C0", "C1", "C2", "C3", "C4")
	f.Health = o.get("health").yes(false)
	f.Help = o.get("help").text()
	f.Optional = true
	var words []string
	for _, k := range kinds {
		words = append(words, k.word)
	}
	kind := o.get("kind").oneOf("flow", append(words, string(KindTemperature))...)
	if i := slices.Index(words, kind); i >= 0 {
		f.Kind = kinds[i].kind
	} else {
		f.Kind = FieldKind(kind)
	}
	f.Stock = kind == "stock"
	f.Many = o.get("many").yes(false)
	f.Ahead = o.get("ahead").yes(false)
	f.Say, f.Zero = o.get("say").text(), o.get("zero").text()
	if f.Round = o.get("round").text(); f.Round != "" {
		f.Max = maxLiteral
		return f
	}
	if f.Recent = o.get("recent").text(); f.Recent != "" {
		f.Days = o.get("days").number(3, 1, 31)
		f.Max = maxLiteral
		return f
	}
	if derive := o.get("derive"); !derive.missing {
		f.Derive = derive.expr()
		f.Unit = o.get("unit").text()
		f.Places = o.get("places").number(0, 0, 3)
		if f.Kind == KindPercent {
			f.Places = o.get("places").number(1, 0, 3)
		}
		return f
	}
	switch f.Kind {
	case KindTemperature:
		f.Places = 1
		f.Min, f.Max = 340, 430
	default:
		readValues(o, f, &Form{})
	}
	f.Example = ""
	return f
}

// readTag reads what rules call a group of answers.
func readTag(o *object, opt *Option) {
	opt.Tag = o.get("tag").word()
	from, to := o.get("tag_from"), o.get("tag_to")
	opt.TagFrom, opt.TagTo = from.day(), to.day()
	if opt.Tag == "" && !(from.missing && to.missing) {
		o.problem(o.at, "有 tag_from 或 tag_to，却没有 tag", "补上 tag，或去掉")
	}
}

// expr returns an expression, nil if it is missing or broken. Its names are checked with the
// register.
func (v value) expr() *Expr {
	src := v.text()
	if src == "" {
		return nil
	}
	e, err := ParseExpr(src)
	if err != nil {
		v.broken(err)
		return nil
	}
	return e
}

// rule returns a rule, nil if it is missing or broken.
func (v value) rule() *Rule {
	src := v.text()
	if src == "" {
		return nil
	}
	r, err := ParseRule(src)
	if err != nil {
		v.broken(err)
		return nil
	}
	return r
}

// roles returns a list of roles.
func (v value) roles() []Role {
	var out []Role
	for _, w := range v.items() {
		out = append(out, Role(w.oneOf("", texts(Roles())...)))
	}
	return out
}

// oneOrMore returns a list of lines that may also be written as one line.
func (v value) oneOrMore() []string {
	if !v.missing && len(v.node.Content) == 0 {
		if s := v.text(); s != "" {
			return []string{s}
		}
		return nil
	}
	return v.texts()
}

func readState(v value) *State {
	o := v.object()
	defer o.close()
	s := &State{Place: v.at}
	s.Name = o.get("name").need().word()
	s.Aliases = o.get("aliases").words()
	s.Title = o.get("title").text()
	s.Initial = o.get("initial").yes(false)
	s.Final = o.get("final").yes(false)
	s.Owner = o.get("owner").roles()
	s.Health = o.get("health").yes(false)
	s.Colour = o.get("colour").colour()
	return s
}

func readMove(v value) *Move {
	o := v.object()
	defer o.close()
	return &Move{
		From: o.get("from").need().oneOrMore(), To: o.get("to").need().text(), By: o.get("by").roles(), On: o.get("on").oneOrMore(),
		After: o.get("after").expr(), Unless: o.get("unless").text(), Proof: o.get("proof").text(), Reason: o.get("reason").yes(false), Place: v.at,
	}
}

func readEntryCheck(v value) *EntryCheck {
	o := v.object()
	defer o.close()
	return &EntryCheck{Rule: o.get("rule").need().rule(), Hard: o.get("hard").yes(false), Say: o.get("say").need().text(), Fix: o.get("fix").text(), Place: v.at}
}

func readLimit(v value) *Limit {
	o := v.object()
	defer o.close()
	l := &Limit{Place: v.at}
	l.Name = o.get("name").need().text()
	l.In = o.get("in").oneOrMore()
	l.After = o.get("after").span()
	l.On = o.get("on").expr()
	l.At = o.get("at").clock(8 * 60)
	l.Every = o.get("every").number(0, 1, 400)
	l.Acts = o.get("acts").oneOrMore()
	l.When = o.get("when").rule()
	l.Unless = o.get("unless").rule()
	l.Days = o.get("days").number(0, 1, 60)
	l.Then = o.get("then").text()
	l.Tell = o.get("tell").roles()
	l.Now = o.get("now").yes(false)
	l.Say = o.get("say").text()
	l.Case = o.get("case").text()
	return l
}

func readFollow(v value) *Follow {
	o := v.object()
	defer o.close()
	f := &Follow{Place: v.at}
	f.Name = o.get("name").need().word()
	f.Act = o.get("command").need().text()
	f.Field = o.get("field").text()
	f.In = o.get("in").oneOrMore()
	f.Until = o.get("until").expr()
	for _, w := range o.get("times").need().items() {
		x := w.object()
		f.Slots = append(f.Slots, FollowSlot{
			Name: x.get("name").need().word(), Aliases: x.get("aliases").words(),
			From: x.get("from").need().clock(0), By: x.get("by").need().clock(24 * 60),
		})
		x.close()
	}
	f.Fine = o.get("fine").texts()
	f.All = o.get("all").texts()
	f.Tell = o.get("tell").roles()
	return f
}

func readTally(v value) *Tally {
	o := v.object()
	defer o.close()
	t := &Tally{Place: v.at}
	t.Name = o.get("name").need().word()
	t.Sum = o.get("sum").text()
	t.In = o.get("in").oneOrMore()
	t.Into = o.get("into").oneOrMore()
	t.From = o.get("from").oneOrMore()
	t.On = o.get("on").oneOrMore()
	t.When = o.get("when").rule()
	t.By = KeyKind(o.get("by").oneOf("", string(KeyCompound)))
	t.Where = o.get("where").yes(false)
	t.Health = o.get("health").yes(false)
	if s := o.get("feeds").text(); s != "" {
		var ok bool
		if t.Form, t.Field, ok = strings.Cut(s, "."); !ok {
			o.problem(o.get("feeds").at, "feeds 要写成 表单.字段", "例如 日报.新返")
		}
	}
	return t
}

func readAct(v value, r *Register) *Act {
	o := v.object()
	defer o.close()
	a := &Act{Place: v.at}
	a.Name = o.get("name").need().word()
	a.Aliases = o.get("aliases").words()
	a.Who = o.get("who").need().roles()
	a.Summary = o.get("summary").text()
	a.Example = o.get("example").need().text()
	a.Detail = o.get("detail").text()
	a.Takes = o.get("takes").texts()
	a.Need = o.get("need").texts()
	for _, w := range o.get("ask").items() {
		x := w.object()
		a.Ask = append(a.Ask, Question{Field: x.get("field").need().text(), When: x.get("when").rule(), Say: x.get("say").need().text()})
		x.close()
	}
	a.Set = append(readSettings(o.get("default"), r, true), readSettings(o.get("set"), r, false)...)
	a.Clear, a.ClearWhen = o.get("clear").texts(), o.get("clear_when").rule()
	a.Stay = o.get("stay").oneOrMore()
	a.Drop = o.get("drop").oneOrMore()
	a.Turns = readTurns(o.get("to"))
	a.Picks = o.get("picks").yes(false)
	a.Once = o.get("once").yes(false)
	a.Existing = o.get("existing").yes(false)
	a.Follow = o.get("follow").text()
	a.Check = o.get("check").yes(false)
	a.Each = o.get("each").text()
	a.HandOver = o.get("hand_over").yes(false)
	for _, w := range o.get("alarms").items() {
		a.Alarms = append(a.Alarms, readAlarm(w, r))
	}
	if w := o.get("draw"); !w.missing {
		x := w.object()
		a.Draw = &Draw{Number: x.get("number").need().text(), Round: x.get("round").need().text(), In: x.get("in").oneOrMore(), After: x.get("after").span()}
		x.close()
	}
	for _, w := range o.get("passes").items() {
		x := w.object()
		p := Pass{Field: x.get("field").need().text(), From: x.get("from").need().text(), In: x.get("in").oneOrMore(), Place: w.at}
		to := x.get("to")
		var ok bool
		if p.Register, p.Act, ok = strings.Cut(to.need().text(), "."); !ok {
			to.problem(to.at, "to 要写成 册子.命令", "例如 调拨.收货")
		}
		x.close()
		a.Passes = append(a.Passes, p)
	}
	a.Reply = o.get("reply").need().lines()
	a.Stranger = o.get("stranger").text()
	a.Behind = o.get("behind").text()
	a.Words = o.get("words").texts()
	a.Offer = o.get("offer").yes(false)
	return a
}

// readTurns reads to: 蓝, or to: [{when: …, to: 黄}, {to: 蓝}].
func readTurns(v value) []Turn {
	if !v.missing && len(v.node.Content) == 0 {
		return []Turn{{To: v.text()}}
	}
	var out []Turn
	for _, w := range v.items() {
		o := w.object()
		out = append(out, Turn{When: o.get("when").rule(), To: o.get("to").need().text(), Words: o.get("words").texts()})
		o.close()
	}
	return out
}

// readSettings reads set: {措施: 居家, 在用: 原在用 + 发 - 废}, or a list of such, of which the
// last that can be worked out counts: for a field an answer of its
// options, 是 or 否, or an expression.
func readSettings(v value, r *Register, otherwise bool) []Setting {
	if v.missing {
		return nil
	}
	var out []Setting
	if v.node.Kind == yaml.SequenceNode {
		for _, w := range v.items() {
			out = append(out, readSettings(w, r, otherwise)...)
		}
		return out
	}
	o := v.object()
	defer o.close()
	for i := 0; o.node != nil && !o.missing && i+1 < len(o.node.Content); i += 2 {
		name := o.node.Content[i].Value
		x := o.get(name)
		s := Setting{Field: name, Default: otherwise}
		f := r.Field(name)
		if f == nil {
			v.problem(o.place(o.node.Content[i]), "没有字段“"+name+"”", meant(name, registerFields(r)))
			continue
		}
		word := x.need().text()
		switch n := f.Option(word); {
		case f.Kind == KindEnum && n == 0:
			x.problem(x.at, "“"+name+"”没有“"+word+"”这一种", meant(word, optionNames(f)))
		case f.Kind == KindEnum:
			s.Const = n
		case f.Kind == KindBool:
			if s.Const = slices.Index([]string{"否", "是"}, word); s.Const < 0 {
				x.problem(x.at, "“"+name+"”只能是 是 或 否", "")
			}
		case !f.Number():
			x.problem(x.at, "“"+name+"”是文字，不能自动写", "去掉")
		default:
			if n, ok := fixed(word, f.Places); ok {
				s.Const = n
			} else if s.Expr = x.expr(); s.Expr == nil {
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

func readAlarm(v value, r *Register) *Alarm {
	o := v.object()
	defer o.close()
	a := &Alarm{Place: v.at}
	a.Field = o.get("field").text()
	from, below := o.get("from"), o.get("below")
	if f := r.Field(a.Field); f != nil {
		a.From = from.scaled(0, 0, maxLiteral*scale(f.Places), f.Places)
		a.Below = below.scaled(0, 0, maxLiteral*scale(f.Places), f.Places)
	} else if a.Field != "" {
		o.problem(o.get("field").at, "没有字段“"+a.Field+"”", meant(a.Field, registerFields(r)))
	}
	a.When = o.get("when").rule()
	a.Fresh = o.get("fresh").yes(false)
	a.Words = o.get("words").texts()
	a.Case = o.get("case").text()
	a.Text = o.get("text").text()
	a.To = o.get("to").text()
	a.Say = o.get("say").text()
	a.Tell = o.get("tell").roles()
	a.Query = o.get("query").lines()
	a.Recheck = o.get("recheck").span()
	a.Prompt = o.get("prompt").text()
	return a
}

func readView(v value) *View {
	o := v.object()
	defer o.close()
	w := &View{Place: v.at}
	w.Name = o.get("name").need().word()
	w.Word = o.get("word").text()
	w.Aliases = o.get("aliases").words()
	w.Asked = o.get("asked").texts()
	w.Behind = o.get("behind").text()
	w.Kind = ViewKind(o.get("kind").need().oneOf("", texts(ViewKinds())...))
	w.Registers = o.get("of").oneOrMore()
	w.Who = o.get("who").need().roles()
	w.Groups = o.get("groups").yes(false)
	w.Offer = o.get("offer").yes(false)
	w.Summary = o.get("summary").text()
	w.Example = o.get("example").text()
	w.Form, w.Over, w.Under = o.get("form").text(), o.get("over").text(), o.get("under").text()
	w.Date, w.Sum = o.get("date").text(), o.get("sum").text()
	w.In = o.get("in").oneOrMore()
	w.Days = o.get("days").number(3, 1, 31)
	w.Say = o.get("say").text()
	w.Line = o.get("line").text()
	if w.Example == "" {
		w.Example = strings.TrimSpace("/" + w.Name + " " + w.Word)
	}
	return w
}

func registerFields(r *Register) []string {
	var out []string
	for _, x := range r.Fields {
		out = append(out, x.Name)
	}
	return out
}

func optionNames(f *Field) []string {
	var out []string
	for _, x := range f.Options {
		out = append(out, x.Name)
	}
	return out
}
