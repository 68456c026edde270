package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"juwei/handlers"
	"juwei/store"
)

// recipeRemind says something about a case as it stands when its turn comes, or nothing
// where it no longer matters: a card that had to wait for the morning is not yesterday's.
const recipeRemind = "cases.remind"

// Why somebody hears of a case.
const (
	whyOwner      = "owner"   // it is his
	whyHelp       = "help"    // the street has promised something
	whyCall       = "call"    // its owner calls the street
	whyDecided    = "decided" // a measure was decided
	whyAck        = "ack"     // nobody has accepted it
	whyDue        = "due"     // a quarter of its time is left
	whyOverdue    = "overdue"
	whyLeader     = "leader" // overdue since yesterday
	whyUnanswered = "unanswered"
	whyUnhelped   = "unhelped"
	whyFixed      = "fixed" // mended, to be looked at
	whySee        = "see"   // and nobody has
	whyUnseen     = "unseen"
)

// remind says something of the case to several people once each, not to the one who did it,
// when their turn comes. Nothing of the case lies in the waiting push.
func (k *Case) remind(d *handlers.Desk, but string, kind handlers.PushKind, why string, to ...string) []store.Push {
	var out []store.Push
	seen := map[string]bool{but: true, "": true}
	for _, id := range to {
		if !seen[id] {
			seen[id] = true
			out = append(out, handlers.PushRecipe(handlers.ToPerson(id), kind, recipeRemind, map[string]string{
				"id": k.id, "why": why, "due": strconv.FormatInt(k.Due, 10), "street": strconv.FormatInt(k.Street, 10), "at": strconv.FormatInt(d.At.Unix(), 10),
			}, d.At))
		}
	}
	return out
}

// stands reports whether what was to be said still holds: the same deadline, the same ball.
func (k *Case) stands(args map[string]string) bool {
	same := func(name string, now int64) bool { return args[name] == strconv.FormatInt(now, 10) }
	switch args["why"] {
	case whyOwner: // who has called or asked for time has heard of it
		return k.State == Waiting || k.State == Working
	case whyAck:
		return same("due", k.Due) && k.State == Waiting
	case whyDue, whyOverdue, whyLeader:
		return same("due", k.Due)
	case whyHelp, whyUnhelped:
		return slices.Contains(live, k.State) && k.Help != "" && !k.Helped && k.State != Called
	case whyCall:
		return k.State == Called && same("street", k.Street)
	case whyUnanswered:
		return same("street", k.Street)
	case whyDecided:
		return slices.Contains(ours, k.State) && same("at", k.Decided) && (!k.Helped || k.Help != k.Measure)
	case whyFixed:
		return k.State == Fixed && k.Told&toldSee == 0 // else it has been asked again
	case whySee, whyUnseen:
		return k.State == Fixed
	}
	return false
}

func (f *Family) renderRemind(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	k, err := load(ctx, &s.Desk, s.Args["id"])
	if err != nil {
		return handlers.Content{}, err
	}
	if k == nil || !k.stands(s.Args) {
		return handlers.Content{}, &handlers.Moot{Why: "已经不是这样了"}
	}
	return f.reminder(&s.Desk, k, s.Args["why"]), nil
}

// reminder is what somebody hears of a case: the whole text by itself, or where others are
// said with it one line, and once what can be answered.
func (f *Family) reminder(d *handlers.Desk, k *Case, why string) handlers.Content {
	say := func(line, answer, hint string) handlers.Content {
		return handlers.Content{Text: line + "。" + answer, Line: line, Hint: hint}
	}
	n := k.short()
	switch why {
	case whyOwner:
		return k.ownerCard(d)
	case whyHelp:
		return say(fmt.Sprintf("%s：街道答应帮“%s”，%s前", k.name(), k.Help, date(d, k.HelpDue)), fmt.Sprintf("帮到了回：/改 %s 怎么帮的", n), hintHelp)
	case whyCall:
		line := fmt.Sprintf("%s 呼街道：%s要“%s”，%s前答复", k.name(), title(d, k.Asker), k.Help, date(d, k.Street))
		return handlers.Content{Text: fmt.Sprintf("%s。\n办到了回：/改 %s 怎么帮的；要定措施回：/定 %s 措施 时限", line, n, n), Line: line, Hint: hintCall}
	case whyDecided:
		return say(fmt.Sprintf("%s 定了：%s%s", k.name(), k.Measure, k.settled(d)), fmt.Sprintf("改好回：/改 %s 怎么改的", n), hintMend)
	case whyAck:
		line := fmt.Sprintf("%s 等您接，%s前", k.name(), when(d, k.Due))
		return handlers.Content{Text: fmt.Sprintf("%s办好。接了回：/接 %s；改好回：/改 %s 怎么改的", line, n, n), Line: line, Hint: hintTake}
	case whyDue:
		return say(fmt.Sprintf("%s %s前", k.name(), when(d, k.Due)), fmt.Sprintf("改好回：/改 %s 怎么改的；来不及：/延 %s 日期 原因；要街道帮：/呼 %s 要什么", n, n, n), hintLate)
	case whyOverdue:
		return say(fmt.Sprintf("%s 过了%s。责任：%s（用时：%s）", k.name(), date(d, k.Due), titles(d, k.Owners), f.heldText(d, k)), "有难处请帮一把：/问题 "+n, hintSee)
	case whyLeader:
		return say(fmt.Sprintf("%s 昨天到期，还没改好。责任：%s（用时：%s）", k.name(), titles(d, k.Owners), f.heldText(d, k)), fmt.Sprintf("要定措施：/定 %s 措施 时限", n), hintDecide)
	case whyUnanswered:
		what := "等街道答复"
		if k.State == Asking {
			what = "等着定延不延"
		}
		return say(fmt.Sprintf("%s %s，过了%s。现在是街道的时间（用时：%s）", k.name(), what, date(d, k.Street), f.heldText(d, k)), "", "")
	case whyUnhelped:
		return say(fmt.Sprintf("%s：街道答应“%s”，过了%s还没帮到", k.name(), k.Help, date(d, k.HelpDue)), fmt.Sprintf("帮到了回：/改 %s 怎么帮的", n), hintHelp)
	case whySee:
		return k.lookCard(why, "说改好了，等您看")
	case whyUnseen:
		return k.lookCard(why, "改好了，还没人去看")
	}
	return k.lookCard(why, title(d, k.Fixer)+"说改好了")
}
