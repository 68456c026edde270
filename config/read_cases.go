package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// readCases reads the parts of a pack that are about cases.
func readCases(o *object) Cases {
	var c Cases
	types := o.get("case_types")
	for _, v := range types.items() {
		c.Types = append(c.Types, readCaseType(v))
	}
	for _, v := range o.get("checklists").items() {
		c.Lists = append(c.Lists, readChecklist(v))
	}
	if !types.missing || len(c.Lists) > 0 {
		checkCases(o.reader, c)
	}
	return c
}

func readCaseType(v value) *CaseType {
	o := v.object()
	defer o.close()
	t := &CaseType{Place: v.at}
	t.Name = o.get("name").need().word()
	t.Kind = CaseKind(o.get("kind").oneOf(string(CaseProblem), texts(CaseKinds())...))
	letter := o.get("letter")
	if t.Letter = string(t.Kind); !t.Kind.Listed() {
		t.Letter = letter.need().letter()
	} else if !letter.missing {
		letter.problem(letter.at, "“"+string(t.Kind)+"”的编号就是“"+string(t.Kind)+"2.3”，没有别的字头", "去掉 letter")
	}
	t.Words = o.get("words").texts()
	t.Ack = o.get("ack").span()
	t.Due = o.get("due").need().span()
	t.Work = o.get("clock").oneOf("24h", "24h", "work") == "work"
	t.Verify, t.LookBack = o.get("verify").verify()
	for _, w := range o.get("owner").items() {
		t.Owner = append(t.Owner, Role(w.oneOf("", texts(Roles())...)))
	}
	office := o.get("office")
	t.Office, t.OfficeAt = office.text(), office.at
	if t.Office != "" && !slices.Contains(t.Owner, RoleOffice) {
		office.problem(office.at, "“"+t.Name+"”的 owner 里没有科室，office 用不上", "在 owner 里加上科室，或去掉 office")
	}
	t.Help = o.get("help").text()
	t.HelpDue = o.get("help_due").span()
	if t.HelpDue == 0 {
		t.HelpDue = 24 * time.Hour
	}
	t.Class = o.get("class").oneOf("C1", "C1", "C2", "C3")
	call, ask := o.get("call"), o.get("ask")
	t.Call, t.Ask = call.oneOf("", "110", "119", "120"), ask.text()
	for _, w := range []value{call, ask} {
		if t.Kind != CaseUrgent && t.Kind != "" && !w.missing {
			w.problem(w.at, "“"+w.key+"”只用于 kind: 急", "去掉")
		}
	}
	if t.Ack > t.Due && t.Due > 0 {
		v.problem(v.placeOf("%s.ack", v.path), "接单时限比办结时限还长", "改 ack 或 due")
	}
	return t
}

// letter returns what stands before a case's number: one or two capitals, or 急.
func (v value) letter() string {
	s := v.text()
	capitals := len(s) <= 2 && !strings.ContainsFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' })
	if s == "" || capitals || s == string(CaseUrgent) {
		return s
	}
	v.problem(v.at, "编号字头“"+s+"”不行", "一两个大写字母，或 急")
	return ""
}

// verify returns how a case is verified: none, second, or the per cent looked at again.
func (v value) verify() (how string, lookBack int) {
	s := v.text()
	switch s {
	case "", VerifySecond:
		return VerifySecond, 0
	case VerifyNone:
		return VerifyNone, 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(s, "%"))
	if err != nil || !strings.HasSuffix(s, "%") || n < 1 || n > 100 {
		v.problem(v.at, "“"+v.key+"”没有“"+s+"”这一种", "写 none（不复查）、second（另一人复查）或 30%（再抽三成回头看）")
		return VerifySecond, 0
	}
	return VerifySecond, n
}

func readChecklist(v value) *Checklist {
	o := v.object()
	defer o.close()
	l := &Checklist{Place: v.at}
	l.Name = o.get("name").need().word()
	l.Title = o.get("title").need().text()
	l.Word = o.get("command").word()
	for _, w := range o.get("roles").items() {
		l.Roles = append(l.Roles, Role(w.oneOf("", texts(Roles())...)))
	}
	for _, w := range o.get("items").need().items() {
		i := w.object()
		l.Items = append(l.Items, &ListItem{
			Name: i.get("name").need().word(), Aliases: i.get("aliases").words(), Type: i.get("type").need().text(), Place: w.at,
		})
		i.close()
	}
	return l
}

// checkCases finds what is wrong between the types and the lists of one pack.
func checkCases(r *reader, c Cases) {
	types := newNames(r, "问题类型")
	rest, kinds := map[CaseKind]string{}, map[string]CaseKind{}
	owners := map[string]string{}
	for i, t := range c.Types {
		types.add(t.Name, "case_types.%d.name", i)
		if other, taken := rest[t.Kind]; taken && len(t.Words) == 0 {
			r.problem(t.Place, "“"+t.Name+"”和“"+other+"”都没有 words，分不清", "一类里只留一个没有 words 的")
		} else if len(t.Words) == 0 {
			rest[t.Kind] = t.Name
		}
		if kind, taken := kinds[t.Letter]; taken && t.Letter != "" && kind != t.Kind {
			r.problem(r.placeOf("case_types.%d.letter", i), "字头“"+t.Letter+"”已经用于"+string(kind), "换一个字头")
		} else {
			kinds[t.Letter] = t.Kind
		}
		for j, w := range t.Words {
			at := r.placeOf("case_types.%d.words.%d", i, j)
			if owner, taken := owners[string(t.Kind)+w]; taken {
				r.problem(at, "“"+owner+"”也有“"+w+"”", "留一处")
			}
			if len([]rune(w)) < 2 && !strings.ContainsFunc(w, unicode.IsDigit) {
				r.problem(at, "“"+w+"”太短，别的话里也会有", "写两个字以上")
			}
			owners[string(t.Kind)+w] = t.Name
		}
	}
	for i, t := range c.Types {
		if _, ok := rest[t.Kind]; !ok && t.Kind != "" {
			r.problem(c.Types[i].Place, string(t.Kind)+"一类里没有兜底的", "加一个没有 words 的，例如 其他"+string(t.Kind))
			rest[t.Kind] = "" // once for each kind
		}
	}
	lists := newNames(r, "检查单")
	for i, l := range c.Lists {
		lists.add(l.Name, "checklists.%d.name", i)
		items := newNames(r, "检查项")
		for j, x := range l.Items {
			items.add(x.Name, "checklists.%d.items.%d.name", i, j)
			for k, a := range x.Aliases {
				items.alias(x.Name, a, "checklists.%d.items.%d.aliases.%d", i, j, k)
			}
			if x.Type != "" && c.Type(x.Type) == nil {
				r.problem(r.placeOf("checklists.%d.items.%d.type", i, j), "没有问题类型“"+x.Type+"”", meant(x.Type, typeNames(c)))
			}
		}
	}
}

func typeNames(c Cases) []string {
	var out []string
	for _, t := range c.Types {
		if !slices.Contains(out, t.Name) {
			out = append(out, t.Name)
		}
	}
	return out
}
