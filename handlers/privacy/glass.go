package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

const dueReview = "glass"

// reviewAt is when, on the next day, somebody else is asked to look at an emergency grant.
const reviewAt config.Clock = 9 * 60

// readGrant reads one grant and how often it was changed.
func readGrant(ctx context.Context, d *handlers.Desk, n int) (handlers.Grant, int, error) {
	b := d.Read()
	cell := b.Cell(handlers.Glasses(), strconv.Itoa(n))
	if err := b.Run(ctx); err != nil {
		return handlers.Grant{}, 0, fmt.Errorf("read emergency grant %d: %w", n, err)
	}
	var g handlers.Grant
	if cell.Rev == 0 || cell.Lost {
		return g, 0, nil
	}
	if err := json.Unmarshal([]byte(cell.Value), &g); err != nil {
		return g, 0, fmt.Errorf("decode emergency grant %d: %w", n, err)
	}
	return g, cell.Rev, nil
}

func putGrant(field string, rev int, g handlers.Grant) store.Change {
	body, err := json.Marshal(g)
	if err != nil {
		panic("privacy: grant does not encode: " + err.Error())
	}
	return store.PutSealed(handlers.Glasses(), field, rev, string(body), handlers.KeyGlass)
}

// glass is /应急查阅: a leader opens the whole street's households to himself or to somebody,
// for twelve hours and a reason; the next day somebody else judges it.
func (f *Family) glass(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c); err != nil {
		return handlers.Outcome{}, err
	}
	rest := strings.TrimSpace(c.Rest)
	if after, ok := strings.CutPrefix(rest, "核 "); ok {
		return f.review(ctx, c, strings.TrimSpace(after))
	}
	if !c.Person.Has(config.RoleLeader) {
		return handlers.Outcome{}, handlers.Refuse("应急查阅要由带班领导来开。", "您可以核：/应急查阅 核 1 妥当")
	}
	who := c.Person
	for _, p := range c.Street.People {
		if why, ok := strings.CutPrefix(rest, p.Title); ok {
			who, rest = p, strings.TrimSpace(why)
			break
		}
	}
	why := c.Typed(rest)
	if n := utf8.RuneCountInString(why); n < 4 || n > 60 {
		return handlers.Outcome{}, handlers.Refuse("要写清为什么，4到60个字，次日有人核。", "例：/应急查阅 值班室一 3号楼火情，要找独居老人")
	}
	b := c.Read()
	count := b.Cell(handlers.Glasses(), "n")
	open := b.Cell(handlers.Glasses(), "u:"+who.UserID)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("count emergency grants: %w", err)
	}
	last, _ := strconv.Atoi(count.Value)
	g := handlers.Grant{N: last + 1, Who: who.UserID, By: c.Person.UserID, Why: why, From: c.At.Unix(), Until: c.At.Add(handlers.GrantFor).Unix()}
	until := moment(&c.Desk, g.Until)
	out := handlers.Answer(fmt.Sprintf("应急%d：%s可以看全街道的住户，到%s自动停。\n看了谁都留痕，次日由纪工委核。", g.N, who.Title, until))
	out.Changes = []store.Change{
		store.Put(handlers.Glasses(), "n", count.Rev, strconv.Itoa(g.N)),
		putGrant(strconv.Itoa(g.N), 0, g), putGrant("u:"+who.UserID, open.Rev, g),
		store.DueAt(dueReview, strconv.Itoa(g.N), c.Street.At(c.Day.Add(1), reviewAt)),
	}
	out.Audit = handlers.Audit{Record: fmt.Sprintf("应急/%d", g.N), Rev: 1, Note: who.Title + "：" + why, Sealed: handlers.KeyGlass}
	out.Sealed, out.Overlay = handlers.KeyGlass, true
	if who.UserID != c.Person.UserID {
		p := handlers.PushAt(handlers.ToPerson(who.UserID), handlers.Emergency, handlers.Say(fmt.Sprintf("%s给您开了应急查阅，到%s：%s\n只看要用的，看了都留痕。", c.Person.Title, until, why)), c.At)
		p.Campaign = handlers.KeyGlass
		out.Pushes = append(out.Pushes, p)
	}
	return out, nil
}

// askReview asks the discipline office the next morning, and again each morning until
// somebody has judged it.
func (f *Family) askReview(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	n, err := strconv.Atoi(it.ID)
	if err != nil {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	g, rev, err := readGrant(ctx, &it.Desk, n)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if rev == 0 || g.Verdict != "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	reads, err := readings(ctx, &it.Desk, g)
	if err != nil {
		return handlers.Outcome{}, err
	}
	line, whom := fmt.Sprintf("/应急查阅 核 %d ", n), title(&it.Desk, g.Who)
	if g.Who == g.By {
		whom = "自己"
	}
	content := card(fmt.Sprintf("glass-%d-%s", n, it.Day), fmt.Sprintf("请核：应急%d", n),
		fmt.Sprintf("%s给%s开的，%s起12小时。原因：%s。看了%d次住户。", title(&it.Desk, g.By), whom, moment(&it.Desk, g.From), g.Why, reads),
		handlers.Button{Text: "妥当", Line: line + "妥当", Primary: true}, handlers.Button{Text: "不妥", Line: line + "不妥"})
	out := handlers.Outcome{
		Require: []store.Guard{{Table: handlers.Glasses(), Field: it.ID, Rev: rev}},
		Changes: []store.Change{store.DueAt(dueReview, it.ID, it.Street.At(it.Day.Add(1), reviewAt))},
		Audit:   handlers.Audit{Record: "应急/" + it.ID + "/请核"},
	}
	to := audience(&it.Desk, "", config.RoleDiscipline)
	if len(to) == 0 {
		to = audience(&it.Desk, "", config.RoleParty)
	}
	for _, id := range to {
		if id == g.By || id == g.Who {
			continue
		}
		p := handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, content, it.At)
		p.Campaign = handlers.KeyGlass
		out.Pushes = append(out.Pushes, p)
	}
	return out, nil
}

// readings counts what somebody looked at under a grant.
func readings(ctx context.Context, d *handlers.Desk, g handlers.Grant) (int, error) {
	b := d.Read()
	var days []*[]store.AuditLine
	from, until := time.Unix(g.From, 0), time.Unix(g.Until, 0)
	for day := d.Street.Day(from); day <= d.Street.Day(until); day = day.Add(1) {
		days = append(days, b.AuditDay(string(day)))
	}
	if err := b.Run(ctx); err != nil {
		return 0, fmt.Errorf("read audit: %w", err)
	}
	n := 0
	for _, lines := range days {
		for _, l := range *lines {
			if l.Actor == g.Who && !l.At.Before(from) && l.At.Before(until) && l.Record == handlers.ReadRecord {
				n++
			}
		}
	}
	return n, nil
}

// review is /应急查阅 核 1 妥当: the judgement of somebody who had no part in it.
func (f *Family) review(ctx context.Context, c *handlers.Call, rest string) (handlers.Outcome, error) {
	first, verdict, _ := strings.Cut(rest, " ")
	n, ok := number(first)
	verdict = strings.TrimSpace(verdict)
	if !ok || !strings.HasPrefix(verdict, "妥当") && !strings.HasPrefix(verdict, "不妥") {
		return handlers.Outcome{}, handlers.Refuse("核哪一次，妥当还是不妥？", "例：/应急查阅 核 1 妥当")
	}
	g, rev, err := readGrant(ctx, &c.Desk, n)
	switch {
	case err != nil:
		return handlers.Outcome{}, err
	case rev == 0:
		return handlers.Outcome{}, handlers.Refusef("编号在问您的那张卡上。", "没有应急%d。", n)
	case !c.Person.Has(reviewers...) || g.By == c.Person.UserID || g.Who == c.Person.UserID:
		return handlers.Outcome{}, handlers.Refuse("应急查阅由没有经手的纪工委、党政办来核。", "已经去问他们了。")
	case g.Verdict != "":
		return handlers.Answer(fmt.Sprintf("应急%d %s已核：%s", n, title(&c.Desk, g.Reviewer), g.Verdict)), nil
	}
	g.Verdict, g.Reviewer = c.Typed(verdict), c.Person.UserID
	out := handlers.Answer(fmt.Sprintf("应急%d 已核：%s", n, g.Verdict))
	out.Changes = []store.Change{putGrant(strconv.Itoa(n), rev, g), store.DueDone(dueReview, strconv.Itoa(n))}
	out.Audit = handlers.Audit{Record: fmt.Sprintf("应急/%d/核", n), Rev: rev + 1, Values: g.Verdict, Note: g.Verdict, Sealed: handlers.KeyGlass}
	out.Sealed = handlers.KeyGlass
	p := handlers.PushAt(handlers.ToPerson(g.By), handlers.CaseCard, handlers.Say(fmt.Sprintf("应急%d %s已核：%s", n, c.Person.Title, g.Verdict)), c.At)
	p.Campaign = handlers.KeyGlass
	out.Pushes = []store.Push{p}
	return out, nil
}
