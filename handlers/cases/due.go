package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// dueKind is the due item each case has: its id is the case's number, its time the next
// moment at which something happens by itself.
const dueKind = "case"

const recipeRemind = "cases.remind"

// embargo is how long a finding of an unannounced visit stays hidden at most; keep how long
// a closed case stays in the lists, for what repeats within a week.
const (
	embargo   = 24 * time.Hour
	seeWithin = 4 * time.Hour // on the case's clock: how long what was mended may wait to be looked at
	keep      = 8 * 24 * time.Hour
	morning   = config.Clock(9 * 60)
)

// Which warnings a case has had.
const (
	toldAck    = 1 << iota // nobody has accepted it
	toldHalf               // a quarter of the time is left
	toldDue                // overdue: the liaison
	toldLeader             // overdue since yesterday: the area's leader
	toldStreet             // the street has not answered
	toldHelp               // the street has not helped
	toldSee                // nobody has looked at what was mended: who reported it
	toldUnseen             // nor by the next morning: the liaison and the area's leader
)

// alarm is one moment of a case.
type alarm struct {
	at   time.Time
	flag int // 0: not a warning
	ring func(f *Family, d *handlers.Desk, k *Case) []store.Push
}

// alarms are the moments a case still has before it.
func (f *Family) alarms(d *handlers.Desk, k *Case) []alarm {
	if typ(d.Street, k).Kind == config.CaseUrgent && k.State != Closed {
		return f.urgentAlarms(d, k)
	}
	at := func(sec int64) time.Time { return time.Unix(sec, 0) }
	switch k.State {
	case Hidden:
		return []alarm{{at: at(k.Opened).Add(embargo), ring: (*Family).lift}}
	case Closed:
		return []alarm{{at: at(k.Closed).Add(keep)}}
	}
	var out []alarm
	add := func(flag int, when time.Time, ring func(*Family, *handlers.Desk, *Case) []store.Push) {
		if k.Told&flag == 0 {
			out = append(out, alarm{when, flag, ring})
		}
	}
	if k.State == Waiting && k.Ack > 0 && k.Ack < k.Due {
		add(toldAck, at(k.Ack), (*Family).untaken)
	}
	if k.Due > 0 {
		c := f.clock(d.Street, k)
		due, given := at(k.Due), time.Duration(k.Given)*time.Second
		add(toldHalf, c.before(due, given/4), (*Family).ending)
		add(toldDue, due, (*Family).overdue)
		if k.Told&toldDue != 0 {
			add(toldLeader, d.Street.At(d.Street.Day(due).Add(1), morning), (*Family).stillOverdue)
		}
	}
	if k.Street > 0 {
		add(toldStreet, at(k.Street), (*Family).unanswered)
	}
	if k.State == Fixed && k.See > 0 {
		add(toldSee, at(k.See), (*Family).unseen)
		if k.Told&toldSee != 0 {
			add(toldUnseen, d.Street.At(dayOf(d, k.See).Add(1), morning), (*Family).stillUnseen)
		}
	}
	if k.Help != "" && !k.Helped && k.HelpDue > 0 && k.State != Called {
		add(toldHelp, at(k.HelpDue), (*Family).unhelped)
	}
	return out
}

// next is a case's next moment; zero if there is none.
func (f *Family) next(d *handlers.Desk, k *Case) time.Time {
	var out time.Time
	for _, a := range f.alarms(d, k) {
		if out.IsZero() || a.at.Before(out) {
			out = a.at
		}
	}
	return out
}

// before is the moment from which a length of time is left on the clock.
func (c clock) before(at time.Time, d time.Duration) time.Time {
	if !c.work {
		return at.Add(-d)
	}
	for day := c.street.Day(at); ; day = day.Add(-1) {
		open, shut := c.street.At(day, c.from), c.street.At(day, c.to)
		if at.After(shut) {
			at = shut
		}
		if room := at.Sub(open); room > 0 {
			if d <= room {
				return at.Add(-d)
			}
			d -= room
		}
	}
}

// moment is a case's due item: everything of it whose time has come.
func (f *Family) moment(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	d := &it.Desk
	k, err := load(ctx, d, it.ID)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if k == nil {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	m, err := readMode(ctx, d)
	if err != nil {
		return handlers.Outcome{}, err
	}
	k.Loud = m.awake(d) && (k.Loud || k.State == Hidden && !typ(d.Street, k).Work) // nights are quiet again when the mode has ended
	var pushes []store.Push
	var notes []string
	rang, before := false, k.Last
	for _, a := range f.alarms(d, k) {
		if a.at.After(d.At) {
			continue
		}
		if k.State == Closed {
			return handlers.Outcome{Changes: retire(k), Require: []store.Guard{{Table: records, Field: k.id, Rev: k.rev}}, Audit: handlers.Audit{Unit: k.Unit, Record: k.id, Rev: k.rev}}, nil
		}
		rang = true
		k.Told |= a.flag
		pushes = append(pushes, a.ring(f, d, k)...)
		if a.flag != 0 {
			notes = append(notes, strconv.Itoa(a.flag))
		}
	}
	if !rang {
		out := handlers.Outcome{Require: []store.Guard{{Table: records, Field: k.id, Rev: k.rev}}, Audit: handlers.Audit{Unit: k.Unit, Record: k.id, Rev: k.rev}}
		if at := f.next(d, k); !at.IsZero() {
			out.Changes = []store.Change{store.DueAt(dueKind, k.id, at)}
		}
		return out, nil
	}
	if k.Last == before { // what rang may have made a move of its own
		k.do(Warn, "-", d.At, strings.Join(notes, ","))
	}
	out := f.outcome(d, k)
	out.Pushes = pushes
	return out, nil
}

// lift ends the embargo.
func (f *Family) lift(d *handlers.Desk, k *Case) []store.Push {
	k.do(Release, "-", d.At, "")
	f.start(d, k, time.Time{})
	return append(f.announce(d, k), k.tell(d, "", handlers.CaseCard, k.name()+" 满24小时，已转"+titles(d, k.Owners)+"。", k.Finder)...)
}

// untaken and ending remind the owners in private: nobody has accepted it; a quarter of its
// time is left.
func (f *Family) untaken(d *handlers.Desk, k *Case) []store.Push { return k.nudge(d, "ack") }
func (f *Family) ending(d *handlers.Desk, k *Case) []store.Push  { return k.nudge(d, "due") }

// nudge is said only if it still matters when its turn comes.
func (k *Case) nudge(d *handlers.Desk, why string) []store.Push {
	var out []store.Push
	kind := handlers.Nudge
	if k.Loud {
		kind = handlers.Emergency
	}
	for _, id := range k.Owners {
		out = append(out, handlers.PushRecipe(handlers.ToPerson(id), kind, recipeRemind,
			map[string]string{"id": k.id, "due": strconv.FormatInt(k.Due, 10), "why": why}, d.At))
	}
	return out
}

// unseen reminds who reported it that what was mended waits to be looked at: until then it
// is the street that takes its time.
func (f *Family) unseen(d *handlers.Desk, k *Case) []store.Push { return k.askToLook(d, "see") }

// stillUnseen tells, next morning, who else may look.
func (f *Family) stillUnseen(d *handlers.Desk, k *Case) []store.Push {
	card := k.lookCard("unseen", "改好了，还没人去看")
	var out []store.Push
	for _, id := range []string{k.liaison(d), k.chief(d)} {
		if p, ok := person(d, id); ok && k.mayVerify(d, p) == "" && !slices.Contains(k.lookers(d), id) {
			out = append(out, k.push(d, id, handlers.CaseCard, card))
		}
	}
	return out
}

func (f *Family) renderRemind(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	k, err := load(ctx, &s.Desk, s.Args["id"])
	if err != nil {
		return handlers.Content{}, err
	}
	if why := s.Args["why"]; why == "fixed" || why == "see" {
		if k == nil || k.State != Fixed || why == "fixed" && k.Told&toldSee != 0 {
			return handlers.Content{}, &handlers.Moot{Why: "已经有人看过，或又问了一遍"}
		}
		if why == "see" {
			return k.lookCard(why, "说改好了，等您看"), nil
		}
		return k.lookCard(why, title(&s.Desk, k.Fixer)+"说改好了"), nil
	}
	if k == nil || strconv.FormatInt(k.Due, 10) != s.Args["due"] {
		return handlers.Content{}, &handlers.Moot{Why: "已经办了，或改了时限"}
	}
	if s.Args["why"] == "ack" {
		if k.State != Waiting {
			return handlers.Content{}, &handlers.Moot{Why: "已经有人接了"}
		}
		return handlers.Content{
			Text: fmt.Sprintf("%s 等您接，%s前办好。接了回：/接 %s；改好回：/改 %s 怎么改的", k.name(), when(&s.Desk, k.Due), k.short(), k.short()),
			Line: fmt.Sprintf("%s 等您接，%s前", k.name(), when(&s.Desk, k.Due)), Hint: hintTake,
		}, nil
	}
	return handlers.Content{
		Text: fmt.Sprintf("%s %s前。改好回：/改 %s 怎么改的；来不及：/延 %s 日期 原因；要街道帮：/呼 %s 要什么",
			k.name(), when(&s.Desk, k.Due), k.short(), k.short(), k.short()),
		Line: fmt.Sprintf("%s %s前", k.name(), when(&s.Desk, k.Due)), Hint: hintLate,
	}, nil
}

func (f *Family) overdue(d *handlers.Desk, k *Case) []store.Push {
	line := fmt.Sprintf("%s 过了%s。责任：%s（用时：%s）", k.name(), date(d, k.Due), titles(d, k.Owners), f.heldText(d, k))
	return k.tellBrief(d, "", k.loudness(), handlers.Content{Text: fmt.Sprintf("%s。有难处请帮一把：/问题 %s", line, k.short()), Line: line, Hint: hintSee}, k.liaison(d))
}

func (f *Family) stillOverdue(d *handlers.Desk, k *Case) []store.Push {
	line := fmt.Sprintf("%s 昨天到期，还没改好。责任：%s（用时：%s）", k.name(), titles(d, k.Owners), f.heldText(d, k))
	return k.tellBrief(d, "", handlers.CaseCard, handlers.Content{Text: fmt.Sprintf("%s。要定措施：/定 %s 措施 时限", line, k.short()), Line: line, Hint: hintDecide}, k.chief(d))
}

// unanswered is the moved clock: the street has the ball, so it is the street that is told.
func (f *Family) unanswered(d *handlers.Desk, k *Case) []store.Push {
	what := "等街道答复，过了" + date(d, k.Street)
	if k.State == Asking {
		what = "等着定延不延，过了" + date(d, k.Street)
	}
	to := []string{k.chief(d)}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleLeader) {
		if !slices.Contains(to, p.UserID) {
			to = append(to, p.UserID)
			break
		}
	}
	line := fmt.Sprintf("%s %s。现在是街道的时间（用时：%s）", k.name(), what, f.heldText(d, k))
	return k.tellBrief(d, "", handlers.CaseCard, handlers.Content{Text: line + "。", Line: line}, to...)
}

func (f *Family) unhelped(d *handlers.Desk, k *Case) []store.Push {
	line := fmt.Sprintf("%s：街道答应“%s”，过了%s还没帮到", k.name(), k.Help, date(d, k.HelpDue))
	return k.tellBrief(d, "", handlers.CaseCard, handlers.Content{Text: fmt.Sprintf("%s。帮到了回：/改 %s 怎么帮的", line, k.short()), Line: line, Hint: hintHelp}, k.liaison(d), k.chief(d))
}
