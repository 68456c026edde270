package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// What a draft waits for.
const (
	askMissing = "missing" // figures that were not given
	askAll     = "all"     // several figures, with a proposal that `1` accepts
	askSure    = "sure"    // a figure far above the usual
	askBalance = "balance" // a sum that does not add up
	askChain   = "chain"   // a range that does not go on where the last one ended
	askGuess   = "guess"   // labels recognised by sound, figures called approximate
	askMove    = "move"    // today's report is to become yesterday's
)

// draft is a report that waits for one answer. It clears no duty.
type draft struct {
	Form    string            `json:"f"`
	Day     config.Day        `json:"d"`
	Slot    int               `json:"n,omitempty"` // which cut-off of the day
	Unit    string            `json:"u"`
	At      int64             `json:"at"` // when its question was put, Unix seconds
	Values  Values            `json:"v,omitempty"`
	Guess   Values            `json:"g,omitempty"` // understood, but not to be kept before a yes
	Moved   Values            `json:"m,omitempty"` // of Values, stocks of which only the change was typed (-3): by how much
	Texts   map[string]string `json:"t,omitempty"`
	Aside   []string          `json:"o,omitempty"` // figures in the line that are nobody's value, as typed
	Zero    bool              `json:"z,omitempty"`
	Ask     string            `json:"a,omitempty"`
	Labels  []string          `json:"l,omitempty"` // what the question is about
	Propose Values            `json:"p,omitempty"` // what `1` means
	Sure    bool              `json:"s,omitempty"` // unusual figures were confirmed
	Rule    string            `json:"q,omitempty"` // the rule the question is about
	Excused []string          `json:"x,omitempty"` // rules that may be broken, for Reason
	Reason  string            `json:"r,omitempty"` // why a sum that does not add up is kept
	Typed   int               `json:"y,omitempty"` // fields the person wrote, for the burden
	Private bool              `json:"h,omitempty"` // its form asks what is known of households: it lies sealed
	Fade    int               `json:"e,omitempty"` // askFade: how many yeses came before in a row
}

// open reports whether the draft's question waits for an answer.
func (d draft) open() bool { return d.At != 0 }

// of reports whether the draft holds part of the report that fl is about.
func (d draft) of(fl *filing) bool {
	return d.open() && d.Ask != askMove && d.Form == fl.sh.form.Name && d.Day == fl.day && d.Slot == fl.period.Slot && d.Unit == fl.from.key()
}

// begin is an empty draft of the report.
func (fl *filing) begin() draft {
	return draft{Form: fl.sh.form.Name, Day: fl.day, Slot: fl.period.Slot, Unit: fl.from.key(), Values: Values{}, Private: fl.sh.private()}
}

// over lays what was said now over the open draft of the same report: nobody has to say
// twice what is known.
func (d draft) over(open draft) draft {
	open.Values, open.Guess = maps.Clone(open.Values), maps.Clone(open.Guess)
	open.Moved = maps.Clone(open.Moved)
	maps.Copy(open.Values, d.Values)
	for label := range d.Values {
		delete(open.Guess, label)
		open.move(label, d.Moved[label])
	}
	for label, n := range d.Guess {
		open.guess(label, n)
	}
	open.Texts = merge(open.Texts, d.Texts)
	open.Aside = append(slices.Clone(open.Aside), d.Aside...)
	open.Typed += d.Typed
	open.doubt()
	return open
}

// doubt forgets what was confirmed and excused: there are new figures.
func (d *draft) doubt() { d.Sure, d.Reason, d.Excused = false, "", nil }

// excuse keeps a reason for the broken rule that the question is about.
func (d *draft) excuse(reason string) {
	if d.Reason != "" {
		reason = d.Reason + "；" + reason
	}
	d.Reason, d.Excused = reason, append(slices.Clone(d.Excused), d.Rule)
}

// move notes by how much a stock changed where that is what was typed; 0 for any other figure.
func (d *draft) move(label string, by int) {
	delete(d.Moved, label)
	if by == 0 {
		return
	}
	if d.Moved == nil {
		d.Moved = Values{}
	}
	d.Moved[label] = by
}

// guess notes a figure that must be asked.
func (d *draft) guess(label string, n int) {
	if d.Guess == nil {
		d.Guess = Values{}
	}
	d.Guess[label] = n
	delete(d.Values, label)
}

// advance brings a draft to its receipt, or to the next question.
func (fl *filing) advance(c *handlers.Call, d draft, raw string) (handlers.Outcome, error) {
	maps.Copy(d.Values, fl.lent)
	if len(d.Guess) > 0 {
		d.Ask, d.Propose, d.Labels = askGuess, nil, nil
		for _, x := range fl.sh.form.Fields {
			if _, ok := d.Guess[x.Name]; ok {
				d.Labels = append(d.Labels, x.Name)
			}
		}
		return fl.ask(c, d)
	}
	if hard, _ := fl.check(fl.defaults(d.Values)); hard != nil {
		return handlers.Outcome{}, fl.hardRefusal(hard, d.Values, fl.defaults(d.Values))
	}
	fl.force(&d)
	var missing []string
	for _, x := range fl.sh.required() {
		if _, ok := d.Values[x.Name]; !ok {
			missing = append(missing, x.Name)
		}
	}
	if len(missing) > 0 {
		return fl.ask(c, fl.askFor(d, missing))
	}
	_, soft := fl.check(fl.defaults(d.Values), d.Excused...)
	if unusual := fl.unusual(d.Values); len(unusual) > 0 && !d.Sure {
		d.Ask, d.Labels, d.Propose = askSure, unusual, nil
		return fl.ask(c, d)
	}
	if soft != nil {
		name, want, ok := soft.Rule.Solve(fl.lookup(d.Values))
		if !ok {
			return handlers.Outcome{}, fl.hardRefusal(soft, d.Values, d.Values)
		}
		d.Ask, d.Labels, d.Propose, d.Rule = askBalance, []string{name}, Values{name: want}, soft.Rule.String()
		if x := fl.sh.form.Whose(name); x != nil {
			from, to := config.Ends(d.Values[x.Name])
			d.Ask, d.Labels, d.Propose = askChain, []string{x.Name}, Values{x.Name: config.Span(want, want+to-from)}
		}
		return fl.ask(c, d)
	}
	return fl.keep(c, d, len(d.Excused) > 0, raw)
}

// force fills what the form's rules leave no choice about: 重点 is 0 where 重点<=新返 and 新返
// is 0.
func (fl *filing) force(d *draft) {
	for _, x := range fl.sh.required() {
		if _, given := d.Values[x.Name]; given || x.Stock || x.Kind != config.KindInt {
			continue
		}
		for _, c := range fl.sh.form.Checks {
			if !c.Hard || !slices.Contains(c.Rule.Names(), x.Name) {
				continue
			}
			try := maps.Clone(d.Values)
			try[x.Name] = x.Min
			holds, known := c.Rule.Eval(fl.lookup(try))
			try[x.Name] = x.Min + 1
			if more, _ := c.Rule.Eval(fl.lookup(try)); known && holds && !more {
				d.Values[x.Name] = x.Min
				break
			}
		}
	}
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
			if x.Quantity() && x.Min <= 0 {
				guess[name] = 0
			}
			continue
		}
		if n, ok := fl.stock(name); ok {
			guess[name] = n
		}
	}
	if !fl.today.Filed() {
		fl.adjust(guess, missing)
	}
	if !fl.today.Filed() {
		fl.fill(guess, missing)
	}
	d.Propose = Values{}
	d.Ask, d.Labels = askAll, missing
	for _, name := range missing {
		n, ok := guess[name]
		if !ok {
			d.Ask = askMissing // a stock nobody has said for a week is never guessed
			continue
		}
		d.Propose[name] = n
	}
	if _, known := fl.known[missing[0]]; len(missing) == 1 && !fl.today.Filed() && !known {
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
		if x.Warn > 0 && v[x.Name] > x.Warn || fl.jumps(x, v) {
			out = append(out, x.Name)
		}
	}
	return out
}

// jumps reports whether a figure is farther from the last one than the form finds likely.
func (fl *filing) jumps(x *config.Field, v Values) bool {
	old, ok := fl.prev.Values[x.Name]
	return ok && x.Jump > 0 && fl.prev.Filed() && (v[x.Name]-old > x.Jump || old-v[x.Name] > x.Jump)
}

// strange says what is unusual about figures.
func (fl *filing) strange(d draft) string {
	for _, name := range d.Labels {
		x := fl.sh.form.Field(name)
		if x.Warn > 0 && d.Values[name] > x.Warn {
			return "比平时多"
		}
	}
	x := fl.sh.form.Field(d.Labels[0])
	return fmt.Sprintf("和%s的%s差得多", fl.last(), x.Format(fl.prev.Values[x.Name]))
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
	d.At = c.At.Unix()
	body, err := json.Marshal(d)
	if err != nil {
		panic("report: draft does not encode: " + err.Error())
	}
	out := handlers.Outcome{
		Changes: fl.pile.change(c.Person.UserID, d.Form, &d),
		Audit:   handlers.Audit{Unit: fl.from.key(), Record: fl.sh.form.Name + "/" + fl.period.Key() + "/草稿", Rev: fl.pile.rev + 1, Values: string(body)},
		Sealed:  fl.sh.pack.Name,
		Read:    fl.understood(d.Values, d.Texts, d.Labels),
	}
	if len(fl.pile.others(d.Form)) > 0 {
		full, short = d.Form+full, d.Form+short // which of the two is asked
	}
	full, short = before(fl.gone, handlers.Say(full)).Text, before(fl.gone, handlers.Say(short)).Text
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
			hint = fmt.Sprintf("（%s%s，一样就回 同昨）", fl.last(), fl.sh.form.Field(d.Labels[0]).Format(n))
		}
		if x := fl.sh.form.Field(d.Labels[0]); !x.Quantity() {
			return fmt.Sprintf("还差：%s。回%s就行", labels, wants(x)), fmt.Sprintf("还差：%s。@我回%s就行", labels, wants(x))
		}
		return fmt.Sprintf("还差：%s%s。回个数就行", labels, hint), fmt.Sprintf("还差：%s。@我回个数就行", labels)
	case askAll:
		if fl.today.Filed() {
			return fmt.Sprintf("%s报过 %s 了。%s，其余不变，对就回1；要全部重报，请把各项都写上", dayWord(fl.day, fl.Day), fl.number(), fl.changes(d.Values)), private
		}
		if allZero(d.Propose) && fl.whence(d.Labels) == "按"+fl.last() {
			return fmt.Sprintf("还差：%s，都是0吗？是就回1，不是就写出来，如：%s1", labels, d.Labels[0]), fmt.Sprintf("还差：%s。都是0就@我回1，不是就写出来", labels)
		}
		return fmt.Sprintf("还差：%s。%s算是 %s，对就回1，不对就写出来", labels, fl.whence(d.Labels), fl.sh.line(d.Propose, nil)), private
	case askGuess:
		all := maps.Clone(d.Values)
		maps.Copy(all, d.Guess)
		return fmt.Sprintf("%s，对吗？对就回1，不对就把对的写出来", fl.sh.line(all, nil)), private
	case askFade:
		return fl.fadeQuestion(d), private
	case askMove:
		return fmt.Sprintf("把今天的 %s 算成昨天（%s）的%s吗？是就回1，今天的之后再报一次", fl.numberOn(d.Day.Add(1)), d.Day.Label(), d.Form), private
	case askSure:
		only := Values{}
		for _, l := range d.Labels {
			only[l] = d.Values[l]
		}
		return fmt.Sprintf("%s，%s，确定吗？确定回1，不对就回：%s和正确的数", fl.sh.line(only, nil), fl.strange(d), d.Labels[0]), private
	case askChain:
		return fl.chainQuestion(d), private
	default: // askBalance
		name := d.Labels[0]
		return fmt.Sprintf("%s对不上：%s，您报%d。回 %d 采用，或回 留%d 说明原因", name,
			fl.arithmetic(fl.balance(name), d.Values, true), d.Values[name], d.Propose[name], d.Values[name]), private
	}
}

// chainQuestion says how a range fits to the last one: 中间空了401-411, 和上次的重了.
func (fl *filing) chainQuestion(d draft) string {
	x := fl.sh.form.Field(d.Labels[0])
	from, _ := config.Ends(d.Values[x.Name])
	want, _ := config.Ends(d.Propose[x.Name])
	how := fmt.Sprintf("和上次的重了，上次到%d", want-1)
	if from > want {
		how = fmt.Sprintf("上次到%d，中间空了%s", want-1, x.Format(config.Span(want, from-1)))
	}
	return fmt.Sprintf("%s%s，%s。回对的（如%s），或回 留 说明原因", x.Name, x.Format(d.Values[x.Name]), how, x.Format(d.Propose[x.Name]))
}

func (fl *filing) changes(v Values) string {
	var parts []string
	for _, x := range fl.sh.form.Fields {
		old, was := fl.today.Values[x.Name]
		if n, ok := v[x.Name]; ok && was && n != old {
			parts = append(parts, fmt.Sprintf("%s%s→%s", x.Name, x.Format(old), x.Format(n)))
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
