package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// goneKey is where a text cell keeps why a report was withdrawn.
const goneKey = "撤"

// longestReason is how many characters a reason may have.
const longestReason = 60

// withdraw is /撤回 原因: today's report is taken back. It stays in the log with the reason;
// the duty is open again.
func (f *Family) withdraw(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	day, reason := c.Day, c.Rest
	first, rest, _ := strings.Cut(reason, " ") // 昨天 alone is the day; 昨天的数报到今天了 is a reason
	if d, left, err := whichDay(c, first); err == nil && left == "" {
		day, reason = d, rest
	}
	sheets := f.mustFile(&c.Desk, c.Person)
	named := ""
	for _, sh := range sheets {
		if strings.HasPrefix(reason, sh.form.Name) {
			named, reason = sh.form.Name, strings.TrimLeft(strings.TrimPrefix(reason, sh.form.Name), " ,:")
		}
	}
	for _, sh := range f.active(&c.Desk) { // one that is not due is named: /撤回 排摸 1块 原因
		if rest, ok := sh.called(reason); ok && named == "" && c.Person.Has(sh.form.Who...) {
			return f.withdrawNamed(ctx, c, sh, day, rest)
		}
	}
	unit, ok := c.Dir.Unit(c.Street, c.Person.Unit)
	if !ok || len(sheets) == 0 {
		return handlers.Outcome{}, handlers.Refuse("您自己没有要报的表，撤回请让报的人来发。", "")
	}
	var filed, begun []*filing
	for _, sh := range sheets {
		if named != "" && named != sh.form.Name {
			continue
		}
		fl, err := f.load(ctx, c, sh, day, unit)
		if err != nil {
			return handlers.Outcome{}, err
		}
		if fl.today.Filed() {
			filed = append(filed, fl)
		} else if fl.draft.of(fl) {
			begun = append(begun, fl)
		}
	}
	switch {
	case len(filed) == 0 && len(begun) > 0:
		return begun[0].drop(c, fmt.Sprintf("好，没报完的%s不要了。%s", begun[0].sh.form.Name, begun[0].standing())), nil
	case len(filed) == 0:
		return handlers.Outcome{}, handlers.Refusef("", "%s没有报过，没有可撤的。", dayWord(day, c.Day))
	case len(filed) > 1:
		return handlers.Outcome{}, handlers.Refusef(fmt.Sprintf("例：/撤回 %s 原因", filed[0].sh.form.Name), "%s报过%d张表，撤哪一张？", dayWord(day, c.Day), len(filed))
	case reason == "":
		return handlers.Outcome{}, handlers.Refuse("撤回要写一句原因，会留底。", "例：/撤回 报成昨天的数了")
	case utf8.RuneCountInString(reason) > longestReason:
		return handlers.Outcome{}, handlers.Refusef("请写短一点再发。", "原因最多%d个字。", longestReason)
	}
	return filed[0].withdrawn(c, reason), nil
}

// withdrawNamed is /撤回 of a form that is named, with its block or site: 排摸 1块 原因.
func (f *Family) withdrawNamed(ctx context.Context, c *handlers.Call, sh *sheet, day config.Day, rest string) (handlers.Outcome, error) {
	where, reason := rest, rest
	if sh.parts() || c.Person.Unit == "" {
		where, reason, _ = strings.Cut(rest, " ")
	}
	h, err := sh.hear(c, where)
	if err != nil {
		return handlers.Outcome{}, err
	}
	fl, err := f.loadOf(ctx, c, sh, sh.period(&c.Desk, day, h.slot), h.from)
	switch {
	case err != nil:
		return handlers.Outcome{}, err
	case !fl.today.Filed():
		return handlers.Outcome{}, handlers.Refusef("", "%s%s没有报过，没有可撤的。", fl.from.name(), sh.form.Name)
	case strings.TrimSpace(reason) == "":
		return handlers.Outcome{}, handlers.Refuse("撤回要写一句原因，会留底。", "例：/撤回 "+sh.form.Name+" "+strings.TrimSpace(where+" 数报错了"))
	case utf8.RuneCountInString(reason) > longestReason:
		return handlers.Outcome{}, handlers.Refusef("请写短一点再发。", "原因最多%d个字。", longestReason)
	}
	return fl.withdrawn(c, reason), nil
}

// withdrawn is the outcome and the answer of a report taken back.
func (fl *filing) withdrawn(c *handlers.Call, reason string) handlers.Outcome {
	out := fl.takeBack(c, reason)
	text := fmt.Sprintf("已撤回 %s（留底）", fl.title())
	if fl.sh.form.Required && fl.current() {
		text += fmt.Sprintf("\n%s又是没报，%s截止。重报就照平常那样发。", fl.sh.form.Name, fl.cutoff())
	}
	out.Reply = before(fl.gone, handlers.Say(text))
	return out
}

// takeBack is the outcome that leaves a unit without its report of the day. What there was
// goes to the log.
func (fl *filing) takeBack(c *handlers.Call, reason string) handlers.Outcome {
	form, day := fl.sh.form, fl.period.Key()
	gone := encode(form, Report{By: c.Person.UserID, At: c.At, Flags: string(flagGone)})
	why, err := json.Marshal(map[string]string{goneKey: reason})
	if err != nil {
		panic("report: reason does not encode: " + err.Error())
	}
	return handlers.Outcome{
		Changes: append([]store.Change{
			store.PutKeep(store.Reports(form.Name, day), fl.from.key(), fl.today.Rev, gone, store.ReportLog(form.Name, day)),
			store.Put(store.ReportTexts(form.Name, day), fl.from.key(), store.Any, string(why)),
		}, fl.pile.change(c.Person.UserID, form.Name, nil)...),
		Audit:  handlers.Audit{Unit: fl.from.key(), Record: form.Name + "/" + day + "/撤回", Rev: fl.today.Rev + 1, Values: gone, Note: reason},
		Sealed: fl.sh.pack.Name,
		Read:   fl.understood(nil, nil, nil),
	}
}

// wrong is 不对 without a question open: it asks what is wrong, or takes what should be
// instead as a correction.
func (f *Family) wrong(ctx context.Context, c *handlers.Call, rest string) (handlers.Outcome, bool, error) {
	unit, ok := c.Dir.Unit(c.Street, c.Person.Unit)
	if !ok {
		return handlers.Outcome{}, false, nil
	}
	for _, sh := range f.mustFile(&c.Desk, c.Person) {
		fl, err := f.load(ctx, c, sh, c.Day, unit)
		if err != nil {
			return handlers.Outcome{}, true, err
		}
		if !fl.today.Filed() {
			continue
		}
		if labels(sh.read(&c.Desk, rest)) > 0 {
			again := *c
			again.Rest = rest
			out, err := f.amend(ctx, &again)
			return out, true, err
		}
		what := fmt.Sprintf("%s 哪一项不对？还没有改。", fl.number())
		if c.Private() {
			what += "\n" + fl.figures(fl.today, nil)
		}
		return handlers.Outcome{}, true, handlers.Refuse(what, "改一项：/改 标签 数字\n整条不要：/撤回 原因")
	}
	return handlers.Outcome{}, false, nil
}

// misdated is 上面那条报的是昨天的: today's report of the caller is to become yesterday's, after
// a yes, if yesterday's is missing.
func (f *Family) misdated(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	unit, ok := c.Dir.Unit(c.Street, c.Person.Unit)
	if !ok {
		return handlers.Outcome{}, false, nil
	}
	var last *filing
	for _, sh := range f.mustFile(&c.Desk, c.Person) {
		fl, err := f.load(ctx, c, sh, c.Day, unit)
		if err != nil {
			return handlers.Outcome{}, true, err
		}
		if fl.today.Filed() && (last == nil || fl.today.At.After(last.today.At)) {
			last = fl
		}
	}
	if last == nil {
		return handlers.Outcome{}, true, handlers.Refuse("今天还没有报过，没有可以算到昨天的。", "报昨天的，发：/日报 昨天 …")
	}
	yesterday := c.Day.Add(-1)
	if last.prev.Filed() {
		return handlers.Outcome{}, true, handlers.Refusef(
			"改昨天的：/改 昨天 标签 数字\n今天这条不要：/撤回 原因",
			"昨天的%s已经有了（%s），今天这条没有动。", last.sh.form.Name, last.numberOn(yesterday))
	}
	out, err := last.ask(c, draft{Form: last.sh.form.Name, Day: yesterday, Unit: last.from.key(), Values: Values{}, Ask: askMove})
	return out, true, err
}

// move answers the question whether today's report is yesterday's. fl is yesterday's filing.
func (f *Family) move(ctx context.Context, c *handlers.Call, fl *filing, d draft) (handlers.Outcome, bool, error) {
	if !syntax.Yes(c.Rest) {
		if !syntax.No(c.Rest) && !syntax.Cancel(c.Rest) {
			full, _ := fl.question(d)
			return handlers.Outcome{}, true, handlers.Refusef(full, "“%s”没看懂。", handlers.Quote(c.Rest))
		}
		return fl.drop(c, fmt.Sprintf("好，%s 还算今天的。", fl.numberOn(c.Day))), true, nil
	}
	now, err := f.load(ctx, c, fl.sh, c.Day, fl.from.unit)
	if err != nil {
		return handlers.Outcome{}, true, err
	}
	if !now.today.Filed() || fl.today.Filed() {
		return fl.drop(c, "这会儿已经不一样了，没有动。想看报了什么，发：我的"), true, nil
	}
	r := now.today
	r.Flags = with(without(without(r.Flags, flagFixed), flagKept), flagLate)
	texts := merge(nil, now.texts)
	out := fl.store(r, texts, "")
	back := now.takeBack(c, "是"+d.Day.Label()+"的")
	out.Changes = append(out.Changes, back.Changes[:2]...) // the draft is gone once already
	return fl.reply(c, out, fl.receipt(r, texts, nil)+fmt.Sprintf("\n今天的%s还没报，%s截止。", fl.sh.form.Name, fl.sh.form.Cutoff)), true, nil
}

// refusal is err as one, if it is.
func refusal(err error) (*handlers.Refusal, bool) {
	var why *handlers.Refusal
	return why, errors.As(err, &why)
}
