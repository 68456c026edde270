package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// converse is the dialogue: a line without a command. It answers the open question, or it
// is a form by itself, or it says that something reported was wrong.
func (f *Family) converse(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	p, err := f.pile(ctx, c)
	if err != nil {
		return handlers.Outcome{}, false, err
	}
	out, mine, err := f.hears(ctx, c, p)
	if len(p.stale) == 0 || mine && err == nil && !out.Pure() || !mine && err == nil && !answers(c.Rest) {
		return out, mine, err
	}
	why, refused := refusal(err)
	switch {
	case err != nil && !refused:
		return out, mine, err
	case refused:
		out = handlers.Answer(why.Error())
	case !mine:
		out = handlers.Outcome{}
	}
	return f.part(c, p, out), true, nil
}

// answers reports whether a line can only be the answer to a question. What is none of a
// report's is left to whoever understands it: 实在撑不住了 is not to end in a word about a draft.
func answers(text string) bool {
	_, number := syntax.Integer(text)
	_, _, _, keep := syntax.Keep(text)
	return number || keep || syntax.Yes(text) || syntax.No(text) || syntax.Cancel(text)
}

func (f *Family) hears(ctx context.Context, c *handlers.Call, p pile) (handlers.Outcome, bool, error) {
	d, err := f.meant(c, p)
	if err != nil {
		return handlers.Outcome{}, true, err
	}
	if d.open() {
		if out, mine, err := f.answer(ctx, c, d); mine || err != nil {
			return out, mine, err
		}
	}
	switch rest, wrong := syntax.Wrong(c.Rest); {
	case !c.Private() && !c.Named:
		return handlers.Outcome{}, false, nil
	case syntax.Misdated(c.Rest):
		return f.misdated(ctx, c)
	case wrong:
		return f.wrong(ctx, c, rest)
	}
	sh, err := f.recognise(c)
	if err == nil && sh == nil {
		err = f.nothingNew(c)
	}
	if err != nil || sh == nil {
		return handlers.Outcome{}, err != nil, err
	}
	out, err := f.fileLine(ctx, c, sh, c.Rest, false)
	return out, true, err
}

// meant is the draft a line answers: the one whose labels it names, else the latest. Two
// questions put in one breath cannot both be answered by a bare number.
func (f *Family) meant(c *handlers.Call, p pile) (draft, error) {
	if len(p.drafts) == 0 {
		return draft{}, nil
	}
	last := p.drafts[len(p.drafts)-1]
	if len(p.drafts) == 1 {
		return last, nil
	}
	for _, d := range slices.Backward(p.drafts) {
		if sh := f.named(&c.Desk, d.Form); sh != nil && labels(sh.read(&c.Desk, c.Rest)) > 0 {
			return d, nil
		}
	}
	before := p.drafts[len(p.drafts)-2]
	if before.At != last.At || syntax.Cancel(c.Rest) {
		return last, nil
	}
	example := "例：" + before.Form
	if len(before.Labels) > 0 {
		example += " " + before.Labels[0] + "1"
	}
	return draft{}, handlers.Refusef(example, "%s和%s都在等您的数，请写上是哪张表的。", before.Form, last.Form)
}

// labels is how many different labels a line names, understood or not.
func labels(r syntax.Reading) int {
	seen := map[string]bool{}
	for _, v := range r.Values {
		seen[v.Label] = true
	}
	for _, g := range r.Guessed {
		seen[g.Label] = true
	}
	for _, s := range r.BadNumber {
		seen[s.Label] = true
	}
	for _, l := range slices.Concat(r.SameLabels, r.Doubled) {
		seen[l] = true
	}
	return len(seen)
}

// recognise finds the form due from the caller of which a line without a command names two
// labels or more; nil if there is none.
func (f *Family) recognise(c *handlers.Call) (*sheet, error) {
	var best []*sheet
	most := 1
	for _, sh := range f.active(&c.Desk) {
		if !sh.form.Due(c.Day) {
			continue
		}
		r := sh.read(&c.Desk, c.Rest)
		if !c.Person.Has(sh.form.Who...) && (r.Unit == "" || !c.Person.Has(proxies...)) {
			continue
		}
		switch n := labels(r); {
		case n == 1 && len(r.Values) == 1 && len(best) == 0 && most == 1 && r.Values[0].Text == "" && !slices.ContainsFunc(r.Unknown, numbered):
			v := r.Values[0]
			return nil, handlers.Refusef(fmt.Sprintf("报：/%s %s%d …\n改：/改 %s %d", sh.form.Name, v.Label, v.Int, v.Label, v.Int), "“%s”是要报，还是要改？什么也没记。", handlers.Quote(c.Rest))
		case n > most:
			best, most = []*sheet{sh}, n
		case n == most && n > 1:
			best = append(best, sh)
		}
	}
	if len(best) > 1 {
		return nil, handlers.Refusef("请把表名写在前面，例：/"+best[0].form.Name+" "+handlers.Quote(c.Rest), "这是%s还是%s？什么也没存。", best[0].form.Name, best[1].form.Name)
	}
	if len(best) == 0 {
		return nil, nil
	}
	return best[0], nil
}

// numbered reports whether what was not understood has a number: 5号301 is about a household, not
// about a report's figure.
func numbered(s syntax.Stray) bool { return s.Value != "" || strings.ContainsFunc(s.Text, isDigit) }

// nothingNew answers 今天没情况, said without a command: it may be meant for a person, so the
// line to copy comes first.
func (f *Family) nothingNew(c *handlers.Call) error {
	for _, sh := range f.mustFile(&c.Desk, c.Person) {
		r := sh.read(&c.Desk, c.Rest)
		if sh.form.Zero && (r.Zero || r.Same) && labels(r) == 0 && !slices.ContainsFunc(r.Unknown, func(s syntax.Stray) bool { return s.Value != "" }) {
			return handlers.Refusef("是就回：零报", "%s今天没有新情况吗？还没有记。", sh.form.Name)
		}
	}
	return nil
}

// answer takes a line as the answer to an open draft.
func (f *Family) answer(ctx context.Context, c *handlers.Call, d draft) (handlers.Outcome, bool, error) {
	fl, known, err := f.reopen(ctx, c, d)
	if err != nil || !known {
		return handlers.Outcome{}, err != nil, err
	}
	sh := fl.sh
	if !fl.draft.open() {
		return handlers.Outcome{}, false, nil // answered elsewhere a moment ago
	}
	if d.Ask == askMove {
		return f.move(ctx, c, fl, d)
	}
	if syntax.Cancel(c.Rest) {
		return fl.drop(c, fmt.Sprintf("好，没报完的%s不要了。%s", d.Form, fl.standing())), true, nil
	}
	if !fl.hear(&d, c.Rest) {
		reading := sh.read(&c.Desk, c.Rest)
		if numbers, ok := bare(reading); ok && len(numbers) > 1 && len(numbers) == len(d.Labels) && (d.Ask == askMissing || d.Ask == askAll) {
			var fields []*config.Field
			for _, name := range d.Labels {
				fields = append(fields, sh.form.Field(name))
			}
			reading = inTurn(reading, fields, numbers)
		}
		if labels(reading) == 0 {
			if other, err := f.recognise(c); other != nil || err != nil || syntax.Misdated(c.Rest) {
				return handlers.Outcome{}, false, nil
			}
			if rest, wrong := syntax.Wrong(c.Rest); wrong && rest == "" && fl.today.Filed() {
				return handlers.Outcome{}, false, nil
			}
			return handlers.Outcome{}, true, fl.puzzled(c, d)
		}
		if err := fl.take(&d, reading); err != nil {
			return handlers.Outcome{}, true, err
		}
		d.doubt()
	}
	out, err := fl.advance(c, d, c.Message.Text)
	return out, true, err
}

// drop forgets the draft.
func (fl *filing) drop(c *handlers.Call, text string) handlers.Outcome {
	out := handlers.Answer(text)
	out.Reply = before(fl.gone, out.Reply)
	out.Changes = fl.pile.change(c.Person.UserID, fl.sh.form.Name, nil)
	out.Audit = handlers.Audit{Unit: fl.from.key(), Record: fl.sh.form.Name + "/" + fl.period.Key() + "/草稿"}
	return out
}

// standing says whether the report is in, after something begun was dropped.
func (fl *filing) standing() string {
	if fl.today.Filed() {
		return fmt.Sprintf("报过的 %s 没有变。", fl.number())
	}
	return fl.sh.form.Name + "还没有报。"
}

// puzzled repeats the open question to a line that does not answer it.
func (fl *filing) puzzled(c *handlers.Call, d draft) *handlers.Refusal {
	full, short := fl.question(d)
	if !c.Private() {
		full = short
	}
	what := fmt.Sprintf("“%s”没看懂，%s还没报完。", handlers.Quote(c.Rest), d.Form)
	rest, wrong := syntax.Wrong(c.Rest)
	if m, ok := syntax.Courtesy(c.Rest); ok && m != syntax.Nod {
		what = d.Form + "还没报完。"
	} else if _, _, reason, keep := syntax.Keep(c.Rest); keep && (d.Ask == askBalance || d.Ask == askChain) && reason == "" {
		what = fmt.Sprintf("要留%s也行，请带一句原因。", fl.sh.form.Field(d.Labels[0]).Format(d.Values[d.Labels[0]]))
	} else if syntax.No(c.Rest) || wrong && rest == "" {
		what = "那请把对的写出来，如：" + d.Labels[0] + "3"
	}
	return handlers.Refuse(what, full)
}

// none reports whether a line says nothing but none: 没有, 0, 都没有, 没情况.
func (fl *filing) none(text string) bool {
	if n, ok := syntax.Integer(text); ok {
		return n == 0
	}
	r := fl.sh.read(fl.Desk, text)
	return r.Zero && labels(r) == 0 && len(r.Unknown) == 0
}

// hear takes the short answers that only make sense to the open question. It returns
// false for anything else, which is then read as labels with numbers.
func (fl *filing) hear(d *draft, text string) bool {
	if d.Ask == askFade {
		return d.agree(text)
	}
	if d.Ask == askGuess {
		if !syntax.Yes(text) {
			return false
		}
		maps.Copy(d.Values, d.Guess)
		d.Guess = nil
		return true
	}
	first := fl.sh.form.Field(d.Labels[0])
	n, fits := fl.sh.bare(fl.Desk, first, text)
	same := fl.sh.read(fl.Desk, text).Same
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
			d.Typed++
		}
		return fits
	case askAll:
		if !syntax.Yes(text) && !same && !(allZero(d.Propose) && fl.none(text)) {
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
			d.Typed++
		}
		return fits && len(d.Labels) == 1
	default: // askBalance, askChain
		if n, named, reason, ok := syntax.Keep(text); ok {
			if reason == "" || named && n != d.Values[first.Name] && d.Ask == askBalance {
				return false
			}
			d.excuse(reason)
			return true
		}
		if fits {
			d.Values[first.Name] = n
			d.Typed++
		}
		return fits
	}
}
