package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// decide is /定 27 物业加人 明早8点: what the meeting settled, and until when.
func (f *Family) decide(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	k, rest, err := f.pick(ctx, c, "定")
	if err != nil {
		return handlers.Outcome{}, err
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "问题"), " ,。:、")
	at, measure, dated := deadline(&c.Desk, rest)
	if measure == "" {
		return handlers.Outcome{}, handlers.Refuse("定了什么措施？写一句，还没有记。", "例：/定 "+k.short()+" 物业加人 明早8点")
	}
	if dated {
		if err := ahead(&c.Desk, at); err != nil {
			return handlers.Outcome{}, err
		}
	}
	if !slices.Contains(ours, k.State) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	street := k.State == Called || k.State == Asking
	k.do(Decide, c.Person.UserID, c.At, handlers.Clip(measure, longest))
	k.Measure, k.Decided = k.Last.Note, c.At.Unix()
	switch {
	case !dated:
	case street: // it is the street's own promise
		k.Help, k.HelpDue, k.Street, k.Helped = k.Measure, at.Unix(), at.Unix(), false
		k.Told &^= toldStreet | toldHelp
	default:
		k.Due = at.Unix()
		k.Given = int64(f.clock(c.Street, k).between(c.At, at) / time.Second)
		k.Told &^= toldHalf | toldDue | toldLeader
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(fmt.Sprintf("%s 措施已记：%s%s。责任：%s。", k.id, k.Measure, k.settled(&c.Desk), titles(&c.Desk, k.Owners)))
	to := k.Owners
	if street {
		to = append(k.asking(), k.liaison(&c.Desk))
	}
	out.Pushes = k.remind(&c.Desk, c.Person.UserID, handlers.CaseCard, whyDecided, to...)
	return out, nil
}

// settled is until when what was decided is to be done, and by whom where it is the street.
func (k *Case) settled(d *handlers.Desk) string {
	switch {
	case k.Street > 0:
		return "，街道" + date(d, k.Street) + "前"
	case k.Due > 0:
		return "，" + date(d, k.Due) + "前"
	}
	return ""
}

// order is /交办 管理办 周三前 小区物业防疫标准发各居委.
func (f *Family) order(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	who, rest := f.listed(c, c.Rest)
	if len(who) == 0 {
		return handlers.Outcome{}, handlers.Refuse("交给谁？写职务或居民区名，没有记。", "例：/交办 管理办 周三前 小区物业防疫标准发各居委")
	}
	at, text, dated := deadline(&c.Desk, rest)
	if text == "" {
		return handlers.Outcome{}, handlers.Refuse("交办什么事？写一句，没有记。", "例：/交办 管理办 周三前 小区物业防疫标准发各居委")
	}
	if dated {
		if err := ahead(&c.Desk, at); err != nil {
			return handlers.Outcome{}, err
		}
	}
	t, p := typeFor(&c.Desk, "", config.CaseOrder)
	if t == nil {
		return handlers.Outcome{}, handlers.Refusef("急事打电话找值班室。", "现在没有在跟的“%s”，没有记。", config.CaseOrder)
	}
	if r := []rune(text); len(r) > longest {
		return handlers.Outcome{}, handlers.Refusef("先说哪里、什么事，细节可以以后补。", "写了%d个字，最多%d个字，没有记。", len(r), longest)
	}
	var list []request
	for _, group := range who {
		r := request{typ: t, pack: p, text: marks(text), due: at, fresh: true}
		for _, w := range group {
			r.owners = append(r.owners, w.UserID)
			r.unit = w.Unit
		}
		list = append(list, r)
	}
	if len(list) > 1 { // each its own: one that is late is not hidden behind the other
		return f.orders(ctx, c, list)
	}
	k := f.draft(&c.Desk, c.Person.UserID, list[0])
	out, err := f.store(ctx, c, k, t.Letter)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out.Reply = handlers.Say(fmt.Sprintf("%s 已派%s，%s前。办好了会告诉您；看进展：/问题 %s", k.id, titles(&c.Desk, k.Owners), when(&c.Desk, k.Due), k.short()))
	out.Pushes = f.announce(&c.Desk, k)
	return out, nil
}

// mostOrders is how many can be given one order in one line.
const mostOrders = 6

// orders gives several the same order, each with a number of its own.
func (f *Family) orders(ctx context.Context, c *handlers.Call, list []request) (handlers.Outcome, error) {
	if len(list) > mostOrders {
		return handlers.Outcome{}, handlers.Refusef("分两次发；大家都要做的，请纪工委发通知。", "一次最多交给%d家，没有记。", mostOrders)
	}
	found, out, err := f.openAll(ctx, &c.Desk, c.Person.UserID, list, nil)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var parts, ids []string
	for _, o := range found {
		parts, ids = append(parts, o.k.id+" "+titles(&c.Desk, o.k.Owners)), append(ids, o.k.id)
	}
	out.Audit = handlers.Audit{Record: strings.Join(ids, "、"), Rev: 1, Values: list[0].text}
	out.Reply = handlers.Say(fmt.Sprintf("已派%s，%s前。办好了会告诉您；看进展：/问题 %s", strings.Join(parts, "、"), when(&c.Desk, found[0].k.Due), found[0].k.short()))
	return out, nil
}

// listed finds all whom a line begins with: 梅园、文苑和管理办. A name behind a mere space belongs
// to what is ordered.
func (f *Family) listed(c *handlers.Call, text string) (who [][]config.Person, rest string) {
	rest = strings.TrimSpace(syntax.Normalise(text))
	for {
		group, behind := f.named(c, rest)
		if len(group) == 0 {
			return who, rest
		}
		who = append(who, group)
		after, joined := strings.CutPrefix(behind, "和")
		if !joined && !strings.HasSuffix(rest[:len(rest)-len(behind)], "、") {
			return who, behind
		}
		if next, _ := f.named(c, after); len(next) == 0 {
			return who, behind
		}
		rest = after
	}
}

// named finds whom a line begins with: a post, or a committee, whose secretary it is.
func (f *Family) named(c *handlers.Call, text string) (who []config.Person, rest string) {
	text = strings.TrimSpace(syntax.Normalise(text))
	best := ""
	for _, p := range c.Street.People {
		if len(p.Title) > len(best) && strings.HasPrefix(text, p.Title) {
			best, who = p.Title, []config.Person{p}
		}
	}
	if best == "" {
		for _, u := range c.Dir.Units(c.Street) {
			for _, n := range append([]string{u.Name}, u.Aliases...) {
				if len(n) > len(best) && strings.HasPrefix(text, n) {
					best, who = n, c.Dir.InUnit(c.Street, u.Name, config.RoleSecretary)
				}
			}
		}
	}
	return who, strings.TrimLeft(strings.TrimPrefix(text, best), " ,。:、")
}

// show is /问题: what is in the caller's hands; /问题 25: one case with its whole story;
// /问题 25 …: a remark; /问题 梅园: one unit's.
func (f *Family) show(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if _, _, ok := syntax.Reference(c.Rest); ok {
		k, note, err := f.pick(ctx, c, "问题")
		if err != nil {
			return handlers.Outcome{}, err
		}
		if note != "" {
			return f.remark(c, k, note)
		}
		return f.story(ctx, c, k)
	}
	list, err := all(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	unit := ""
	if s, _, ok := f.atlas(c).find(c.Rest); ok {
		unit = s.Unit
	} else if strings.TrimSpace(c.Rest) != "" {
		return handlers.Outcome{}, handlers.Refuse("没看懂要看哪一件。", "例：/问题 25，或 /问题 梅园")
	}
	var lines []string
	sealed := "" // the pack of one that is a household's
	for _, k := range list {
		mine := k.owns(&c.Desk, c.Person) || k.found(c.Person) || k.looksAfter(&c.Desk, c.Person) || c.Person.Has(config.RoleInspector, config.RoleDiscipline, config.RoleDutyDesk)
		if k.State == Closed || unit != "" && k.Unit != unit || unit == "" && !mine || !k.heard(c) {
			continue
		}
		if lines = append(lines, k.line(&c.Desk)); k.sealed() {
			sealed = k.Pack
		}
	}
	if len(lines) == 0 {
		return handlers.Answer("没有在办的问题单。要报一件：/问 哪里 什么事"), nil
	}
	head := fmt.Sprintf("在办%d件：", len(lines))
	if len(lines) > 12 {
		head = fmt.Sprintf("在办%d件，先列12件：", len(lines))
		lines = lines[:12]
	}
	out := handlers.Answer(head + "\n" + strings.Join(lines, "\n") + "\n看经过：/问题 编号")
	out.Sealed = sealed
	return out, nil
}

// line is a case in a list.
func (k *Case) line(d *handlers.Desk) string {
	s := k.name() + " " + string(k.State)
	switch {
	case k.Due > 0 && k.Due < d.At.Unix():
		s += "，已过" + when(d, k.Due)
	case k.Due > 0:
		s += "，" + when(d, k.Due) + "前"
	case k.Street > 0 && k.Street < d.At.Unix():
		s += "，街道已过" + when(d, k.Street)
	case k.Street > 0:
		s += "，街道" + when(d, k.Street) + "前"
	case k.State == Fixed && k.See > 0 && k.See < d.At.Unix():
		s += "，该看的没看，已过" + when(d, k.See)
	case k.State == Fixed && k.See > 0:
		s += "，等人看，" + when(d, k.See) + "前"
	}
	if k.Again > 0 || k.Of != "" {
		s += "，反复"
	}
	return s
}

// remark adds a sentence to a case; the other side hears it.
func (f *Family) remark(c *handlers.Call, k *Case, note string) (handlers.Outcome, error) {
	if !k.do(Note, c.Person.UserID, c.At, handlers.Clip(note, longest)) {
		return handlers.Outcome{}, k.wrongState(&c.Desk)
	}
	out := f.outcome(&c.Desk, k)
	out.Reply = handlers.Say(k.id + " 补上了。")
	out.Pushes = k.tell(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s %s补充：%s", k.name(), c.Person.Title, k.Last.Note), append(slices.Clone(k.Owners), k.Finder)...)
	return out, nil
}

// story is one case with everything that happened, oldest first, and both clocks.
func (f *Family) story(ctx context.Context, c *handlers.Call, k *Case) (handlers.Outcome, error) {
	events, err := past(ctx, &c.Desk, k)
	if err != nil {
		return handlers.Outcome{}, err
	}
	lines := []string{k.line(&c.Desk), k.Text, "责任：" + titles(&c.Desk, k.Owners) + "；用时：" + f.heldText(&c.Desk, k)}
	if k.Help != "" {
		done := when(&c.Desk, k.HelpDue) + "前"
		if k.Helped {
			done = "帮到了"
		}
		lines = append(lines, fmt.Sprintf("街道帮：%s（%s）", k.Help, done))
	}
	if k.Of != "" {
		lines = append(lines, "一周内和"+k.Of+"重复")
	}
	for _, e := range events {
		if e.Verb == Warn {
			continue
		}
		s := when(&c.Desk, e.At) + " "
		if e.By != "-" {
			s += title(&c.Desk, e.By)
		}
		s += said[e.Verb]
		if e.Note != "" {
			s += "：" + e.Note
		}
		lines = append(lines, s)
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	if k.sealed() {
		out.Sealed = k.Pack
	}
	return out, nil
}

// past are the events of a case, oldest first: each kept version holds one.
func past(ctx context.Context, d *handlers.Desk, k *Case) ([]Event, error) {
	var old []string
	for rev := 1; rev < k.rev; rev++ {
		old = append(old, fmt.Sprintf("%s#%d", k.id, rev))
	}
	b := d.Read()
	cells := b.Cells(history, old...)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read history of %s: %w", k.id, err)
	}
	var out []Event
	for i, cell := range *cells {
		v, err := decode(old[i], cell)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, v.Last)
		}
	}
	return append(out, k.Last), nil
}

// retire takes a case out of the lists; its record and its history stay.
func retire(k *Case) []store.Change {
	return []store.Change{store.Delete(recent, k.id, store.Any)}
}
