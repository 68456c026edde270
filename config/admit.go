package config

import (
	"fmt"
	"slices"
	"strings"
)

// Entry is a field that somebody is asked for already.
type Entry struct {
	Form  *Form
	Field *Field
}

// Query returns the line that answers what the field asks, without asking anybody: /数 新返.
func (e Entry) Query() string { return "/数 " + e.Field.Name }

// Dictionary knows what the active forms ask: their data items, labels and aliases.
type Dictionary struct{ entries []Entry }

// NewDictionary lists what forms ask, in their order. Of a form with dated versions it
// wants all; they are never compared with each other.
func NewDictionary(forms ...*Form) *Dictionary {
	d := &Dictionary{}
	for _, f := range forms {
		for _, x := range f.Asked() {
			d.entries = append(d.entries, Entry{f, x})
		}
	}
	return d
}

// Find returns who already asks what a field of form f asks: the same data item, or, for a
// field that names no item, the same label or alias from the same kind of reporter. What
// each site of a kind is asked is not known from its committee.
func (d *Dictionary) Find(f *Form, x *Field) (Entry, bool) {
	for _, e := range d.entries {
		if e.Form.Name == f.Name {
			continue
		}
		if x.Item != "" && x.Item == e.Field.Item {
			return e, true
		}
		if x.Item == x.Name && x.Number() && x.Kind == e.Field.Kind && e.Form.By == f.By && e.Form.Site == f.Site && sameLabel(x, e.Field) {
			return e, true
		}
	}
	return Entry{}, false
}

func sameLabel(x, y *Field) bool {
	theirs := append([]string{y.Name}, y.Aliases...)
	return slices.ContainsFunc(append([]string{x.Name}, x.Aliases...), func(w string) bool {
		return w != "" && slices.ContainsFunc(theirs, func(v string) bool { return v == w || counted(v) == counted(w) })
	})
}

// counted is a label without the word that only says it is a count: 返沪 of 返沪人数.
func counted(label string) string {
	for _, word := range []string{"人数", "户数", "数量", "数"} {
		if rest := strings.TrimSuffix(label, word); rest != label && len([]rune(rest)) > 1 {
			return rest
		}
	}
	return label
}

// Objection is a reason not to admit a form.
type Objection struct {
	Kind       ObjectionKind
	Field      string // the field it is about; "" = the form as a whole
	Known      Entry  // ObjectKnown: who asks it already
	What, Mend string // for the person who proposes the form
}

// ObjectionKind is what an objection is about.
type ObjectionKind string

// The kinds of objection.
const (
	ObjectKnown   ObjectionKind = "known"   // a field that is asked already
	ObjectOverlap ObjectionKind = "overlap" // most of the form is known, and nobody has put a name to it
	ObjectSoon    ObjectionKind = "soon"    // a deadline that leaves too little time
)

// overlapLimit is from how much known content on, in percent, a form needs a named
// approver (DOMAIN.md card S11).
const overlapLimit = 60

// Admit compares a form that wants to be asked with what is asked already, and says what
// speaks against it: nothing, or each known field with the form, its owner and the query
// that answers it, a large overlap that nobody has put a name to, a deadline that leaves
// less time than promised. Fields that are computed from other forms count as known, but
// are not refused: nobody is asked twice for them. The same holds for a known data item in a
// form that somebody has approved: the form that asked first lends it (Street.Lender).
func Admit(f *Form, d *Dictionary) []Objection {
	var out []Objection
	known, forms := 0, []string(nil)
	note := func(form string) {
		known++
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	for _, x := range f.Fields {
		if !x.Asked() {
			if form, ok := x.Derive.from(); ok {
				note(form)
			}
			continue
		}
		e, ok := d.Find(f, x)
		if !ok {
			continue
		}
		note(e.Form.Name)
		if f.shares(x, e) {
			continue
		}
		mend := fmt.Sprintf("要数就发 %s，要表就写在 exports 里", e.Query())
		if f.Approved != "" && f.whole() && e.Form.whole() && x.Kind == e.Field.Kind {
			mend = fmt.Sprintf("写上 item: %s，就从%s带出，不再问居委", e.Field.Item, e.Form.Name)
		}
		out = append(out, Objection{
			Kind: ObjectKnown, Field: x.Name, Known: e,
			What: fmt.Sprintf("“%s”不用再问，%s已有%s", x.Name, e.Form.asked(), e.called(x)), Mend: mend,
		})
	}
	if n := len(f.Fields); n > 0 && known*100 >= overlapLimit*n && f.Approved == "" {
		out = append(out, Objection{
			Kind: ObjectOverlap,
			What: fmt.Sprintf("“%s”的%d项里有%d项%s已有（%d%%）", f.Name, n, known, strings.Join(forms, "、"), known*100/n),
			Mend: "去掉已有的；一定要这张表，请党政办同意后写 approved_by",
		})
	}
	return append(out, tooSoon(f)...)
}

// asked says which form it is and whose: 日报（党建办）.
func (f *Form) asked() string {
	if f.Owner == "" {
		return f.Name
	}
	return f.Name + "（" + f.Owner + "）"
}

// called says how the other form calls what x asks, if it calls it differently.
func (e Entry) called(x *Field) string {
	if e.Field.Name == x.Name {
		return ""
	}
	return "“" + e.Field.Name + "”"
}

// from returns the form of the first number that comes from another form.
func (e *Expr) from() (form string, ok bool) {
	for _, name := range e.Names() {
		if form, _, ok := Elsewhere(name); ok {
			return form, true
		}
	}
	return "", false
}

// tooSoon objects to cut-offs that leave less than the form's lead time, or that come
// after a deadline that waits for them.
func tooSoon(f *Form) []Objection {
	var out []Objection
	object := func(format string, mend string, args ...any) {
		out = append(out, Objection{Kind: ObjectSoon, What: fmt.Sprintf(format, args...) + "。截止链：" + f.chain(), Mend: mend})
	}
	lead := Clock(f.Lead.Minutes())
	opens := f.Opens
	for _, c := range f.Cutoffs {
		if c-opens < lead && c > opens {
			object("%s开始、%s截止，只有%s，说好至少%s", "晚一点截止，或早一点开始", opens, c, length(c-opens), length(lead))
			break
		}
		opens = c
	}
	if n := len(f.Chain); n > 0 && f.Cutoff > f.Chain[n-1].At {
		object("%s截止，晚于%s的%s", "早一点截止，或改 chain", f.Cutoff, f.Chain[n-1].Who, f.Chain[n-1].At)
	}
	return out
}

// chain prints who waits for whom: 区20:00 ← 街道18:00 ← 日报17:00.
func (f *Form) chain() string {
	var parts []string
	for _, d := range f.Chain {
		parts = append(parts, d.Who+d.At.String())
	}
	return strings.Join(append(parts, f.Name+f.Cutoff.String()), " ← ")
}

// length writes a length of time as people say it: 1小时30分.
func length(c Clock) string {
	h, m := int(c)/60, int(c)%60
	switch {
	case h == 0:
		return fmt.Sprintf("%d分钟", m)
	case m == 0:
		return fmt.Sprintf("%d小时", h)
	}
	return fmt.Sprintf("%d小时%d分", h, m)
}
