package report

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// What a draft waits for.
const (
	askMissing = "missing" // figures that were not given
	askAll     = "all"     // several figures, with a proposal that `1` accepts
	askSure    = "sure"    // a figure far above the usual
	askBalance = "balance" // a sum that does not add up
)

// draft is a report that waits for one answer. It clears no duty.
type draft struct {
	Form    string            `json:"f"`
	Day     config.Day        `json:"d"`
	Unit    string            `json:"u"`
	Values  Values            `json:"v,omitempty"`
	Texts   map[string]string `json:"t,omitempty"`
	Zero    bool              `json:"z,omitempty"`
	Ask     string            `json:"a,omitempty"`
	Labels  []string          `json:"l,omitempty"` // what the question is about
	Propose Values            `json:"p,omitempty"` // what `1` means
	Sure    bool              `json:"s,omitempty"` // unusual figures were confirmed
	Reason  string            `json:"r,omitempty"` // why a sum that does not add up is kept

	rev int
}

func openDraft(c store.Cell) (draft, error) {
	d := draft{}
	if c.Rev == 0 {
		return d, nil
	}
	if err := json.Unmarshal([]byte(c.Value), &d); err != nil {
		return d, fmt.Errorf("decode draft: %w", err)
	}
	if d.Values == nil {
		d.Values = Values{}
	}
	d.rev = c.Rev
	return d, nil
}

// completes reports whether d brings only what the open draft of the same report still
// lacks.
func (fl *filing) completes(d draft) bool {
	open := fl.draft
	if open.rev == 0 || open.Form != d.Form || open.Day != d.Day || open.Unit != d.Unit || len(d.Values) == 0 {
		return false
	}
	for label := range d.Values {
		if !slices.Contains(open.Labels, label) {
			return false
		}
	}
	return true
}

// advance brings a draft to its receipt, or to the next question.
func (fl *filing) advance(c *handlers.Call, d draft, raw string) (handlers.Outcome, error) {
	var missing []string
	for _, x := range fl.sh.required() {
		if _, ok := d.Values[x.Name]; !ok {
			missing = append(missing, x.Name)
		}
	}
	if len(missing) > 0 {
		return fl.ask(c, fl.askFor(d, missing))
	}
	hard, soft := fl.check(d.Values)
	if hard != nil {
		return handlers.Outcome{}, fl.hardRefusal(hard, d.Values, d.Values)
	}
	if unusual := fl.unusual(d.Values); len(unusual) > 0 && !d.Sure {
		d.Ask, d.Labels, d.Propose = askSure, unusual, nil
		return fl.ask(c, d)
	}
	if soft != nil && d.Reason == "" {
		name, want, ok := soft.Rule.Solve(fl.lookup(d.Values))
		if !ok {
			return handlers.Outcome{}, fl.hardRefusal(soft, d.Values, d.Values)
		}
		d.Ask, d.Labels, d.Propose = askBalance, []string{name}, Values{name: want}
		return fl.ask(c, d)
	}
	return fl.keep(c, d, soft != nil, raw)
}

// askFor proposes what the missing figures probably are: stocks by the form's sums or
// as yesterday, flows 0, and flows so that a stock that was given adds up. When today's
// report is already in, they are today's.
func (fl *filing) askFor(d draft, missing []string) draft {
	guess := maps.Clone(d.Values)
	for _, name := range missing {
		x := fl.sh.form.Field(name)
		if n, ok := fl.today.Values[name]; ok {
			guess[name] = n
			continue
		}
		if !x.Stock {
			guess[name] = 0
			continue
		}
		if n, ok := fl.prev.Values[name]; ok {
			guess[name] = n
		}
	}
	if !fl.today.Filed() {
		fl.adjust(guess, missing)
	}
	d.Propose = Values{}
	d.Ask, d.Labels = askAll, missing
	for _, name := range missing {
		n, ok := guess[name]
		if !ok {
			d.Ask = askMissing // a stock without a yesterday is never guessed
			continue
		}
		d.Propose[name] = n
	}
	if len(missing) == 1 && !fl.today.Filed() {
		d.Ask = askMissing
	}
	return d
}

// adjust moves the guessed figures so that the form's sums hold: first a guessed stock
// follows its sum, then a difference goes to a guessed flow that enters the sum.
func (fl *filing) adjust(guess Values, missing []string) {
	for _, c := range fl.sh.form.Checks {
		name, ok := c.Rule.Field()
		if !ok || c.Hard {
			continue
		}
		_, want, ok := c.Rule.Solve(fl.lookup(guess))
		have, given := guess[name]
		if !ok || given && have == want {
			continue
		}
		if slices.Contains(missing, name) {
			guess[name] = want
			continue
		}
		for _, flow := range missing {
			k := c.Rule.Factor(flow)
			if diff := have - want; k != 0 && diff%k == 0 && diff/k > 0 {
				guess[flow] = diff / k
				break
			}
		}
	}
}

// unusual are the figures above their soft limit.
func (fl *filing) unusual(v Values) []string {
	var out []string
	for _, x := range fl.sh.required() {
		if x.Warn > 0 && v[x.Name] > x.Warn {
			out = append(out, x.Name)
		}
	}
	return out
}

// hardRefusal says which rule is broken, and gives the typed line back with the figure
// in question left open.
func (fl *filing) hardRefusal(c *config.Check, typed, v Values) *handlers.Refusal {
	open := c.Rule.Names()[0]
	line := maps.Clone(typed)
	delete(line, open)
	broken := c.Rule.Show(fl.lookup(v), func(name string) string { return name })
	rule := strings.NewReplacer("<=", "≤", ">=", "≥", "==", "=", " ", "").Replace(c.Rule.String())
	return handlers.Refusef("请照这样改了再发："+fl.verb+fl.sh.line(line, []string{open}), "%s，不对，要%s。什么也没存。", broken, rule)
}

// ask keeps the draft and puts its question. In a group the question says no figures.
func (fl *filing) ask(c *handlers.Call, d draft) (handlers.Outcome, error) {
	full, short := fl.question(d)
	rev := fl.draft.rev
	d.rev = 0
	body, err := json.Marshal(d)
	if err != nil {
		panic("report: draft does not encode: " + err.Error())
	}
	out := handlers.Outcome{
		Changes: []store.Change{store.Put(store.Drafts(), c.Person.UserID, rev, string(body))},
		Audit:   handlers.Audit{Unit: fl.unit.Name, Record: fl.sh.form.Name + "/" + string(fl.day) + "/草稿", Rev: rev + 1, Values: string(body)},
		Sealed:  fl.sh.pack.Name,
		Read:    fl.understood(d.Values, d.Texts, d.Labels),
	}
	if c.Private() {
		out.Reply = handlers.Say(full)
		return out, nil
	}
	out.Reply = handlers.Say(short)
	if d.Ask != askMissing {
		out.Pushes = append(out.Pushes, c.PrivateHalf(full, fl.sh.pack))
	}
	return out, nil
}

// question puts a draft's question: in full for the asker alone, and short for a group.
func (fl *filing) question(d draft) (full, short string) {
	labels := strings.Join(d.Labels, "、")
	private := "问题已私信您，在私聊里回一行就行。"
	switch d.Ask {
	case askMissing:
		if len(d.Labels) > 1 {
			q := fmt.Sprintf("还差：%s。写出来就行，如：%s", labels, fl.sh.line(d.Propose, d.Labels))
			return q, fmt.Sprintf("还差：%s。@我把这几项写出来就行", labels)
		}
		hint := ""
		if n, ok := d.Propose[d.Labels[0]]; ok && fl.sh.form.Field(d.Labels[0]).Stock {
			hint = fmt.Sprintf("（昨天%d，一样就回 同昨）", n)
		}
		return fmt.Sprintf("还差：%s%s。回个数就行", labels, hint), fmt.Sprintf("还差：%s。@我回个数就行", labels)
	case askAll:
		if fl.today.Filed() {
			return fmt.Sprintf("今天报过 %s 了。%s，其余不变，对就回1；要全部重报，请把各项都写上", fl.number(), fl.changes(d.Values)), private
		}
		if allZero(d.Propose) {
			return fmt.Sprintf("还差：%s，都是0吗？是就回1，不是就写出来，如：%s1", labels, d.Labels[0]), fmt.Sprintf("还差：%s。都是0就@我回1，不是就写出来", labels)
		}
		return fmt.Sprintf("还差：%s。按昨天算是 %s，对就回1，不对就写出来", labels, fl.sh.line(d.Propose, nil)), private
	case askSure:
		only := Values{}
		for _, l := range d.Labels {
			only[l] = d.Values[l]
		}
		return fmt.Sprintf("%s，比平时多，确定吗？确定回1，不对就回：%s和正确的数", fl.sh.line(only, nil), d.Labels[0]), private
	default: // askBalance
		name := d.Labels[0]
		return fmt.Sprintf("%s对不上：%s，您报%d。回 %d 采用，或回 留%d 说明原因", name,
			fl.arithmetic(fl.balance(name), d.Values, true), d.Values[name], d.Propose[name], d.Values[name]), private
	}
}

func (fl *filing) changes(v Values) string {
	var parts []string
	for _, x := range fl.sh.form.Fields {
		old, was := fl.today.Values[x.Name]
		if n, ok := v[x.Name]; ok && was && n != old {
			parts = append(parts, fmt.Sprintf("%s%d→%d", x.Name, old, n))
		}
	}
	if len(parts) == 0 {
		return "这几项没有变"
	}
	return "只改" + strings.Join(parts, " ")
}

func allZero(v Values) bool {
	for _, n := range v {
		if n != 0 {
			return false
		}
	}
	return true
}

// answer is the dialogue: a line without a command, while a draft is open.
func (f *Family) answer(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	b := c.Read()
	cell := b.Cell(store.Drafts(), c.Person.UserID)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, false, fmt.Errorf("read draft: %w", err)
	}
	d, err := openDraft(*cell)
	if err != nil || d.rev == 0 {
		return handlers.Outcome{}, false, err
	}
	var sh *sheet
	for _, s := range f.active(&c.Desk) {
		if s.form.Name == d.Form {
			sh = s
		}
	}
	unit, known := c.Dir.Unit(c.Street, d.Unit)
	if sh == nil || !known {
		return handlers.Outcome{}, false, nil
	}
	fl, err := f.load(ctx, c, sh, d.Day, unit)
	if err != nil {
		return handlers.Outcome{}, true, err
	}
	if fl.draft.rev == 0 {
		return handlers.Outcome{}, false, nil // answered elsewhere a moment ago
	}
	if syntax.Cancel(c.Rest) {
		out := handlers.Answer(fmt.Sprintf("好，没报完的%s不要了。%s还没有报。", d.Form, d.Form))
		out.Changes = []store.Change{store.Delete(store.Drafts(), c.Person.UserID, fl.draft.rev)}
		out.Audit = handlers.Audit{Unit: d.Unit, Record: d.Form + "/" + string(d.Day) + "/草稿"}
		return out, true, nil
	}
	if !fl.hear(&d, c.Rest) {
		reading := sh.reader.Read(c.Rest)
		if len(reading.Values)+len(reading.BadNumber)+len(reading.SameLabels) == 0 {
			full, short := fl.question(d)
			if !c.Private() {
				full = short
			}
			what := fmt.Sprintf("“%s”没看懂，%s还没报完。", clip(c.Rest), d.Form)
			if _, _, reason, keep := syntax.Keep(c.Rest); keep && d.Ask == askBalance && reason == "" {
				what = fmt.Sprintf("要留%d也行，请带一句原因。", d.Values[d.Labels[0]])
			} else if syntax.No(c.Rest) {
				what = "那请把对的写出来，如：" + d.Labels[0] + "3"
			}
			return handlers.Outcome{}, true, handlers.Refuse(what, full)
		}
		if err := fl.take(&d, reading); err != nil {
			return handlers.Outcome{}, true, err
		}
		d.Sure, d.Reason = false, ""
	}
	out, err := fl.advance(c, d, c.Message.Text)
	return out, true, err
}

// hear takes the short answers that only make sense to the open question. It returns
// false for anything else, which is then read as labels with numbers.
func (fl *filing) hear(d *draft, text string) bool {
	first := fl.sh.form.Field(d.Labels[0])
	n, isNumber := syntax.Integer(text, first.Words...)
	fits := isNumber && n >= first.Min && n <= first.Max
	same := fl.sh.reader.Read(text).Same
	switch d.Ask {
	case askMissing:
		if len(d.Labels) > 1 {
			return false
		}
		if old, ok := d.Propose[first.Name]; ok && same && first.Stock {
			d.Values[first.Name] = old
			return true
		}
		if fits {
			d.Values[first.Name] = n
		}
		return fits
	case askAll:
		if !syntax.Yes(text) && !same {
			return false
		}
		maps.Copy(d.Values, d.Propose)
		return true
	case askSure:
		if syntax.Yes(text) {
			d.Sure = true
			return true
		}
		if fits && len(d.Labels) == 1 {
			d.Values[first.Name] = n
		}
		return fits && len(d.Labels) == 1
	default: // askBalance
		if n, named, reason, ok := syntax.Keep(text); ok {
			if reason == "" || named && n != d.Values[first.Name] {
				return false
			}
			d.Reason = reason
			return true
		}
		if fits {
			d.Values[first.Name] = n
		}
		return fits
	}
}
