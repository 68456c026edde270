package cases

import (
	"context"
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

// What rings, and who hears it.

// untaken and ending remind the owners in private: nobody has accepted it; a quarter of its
// time is left.
func (f *Family) untaken(d *handlers.Desk, k *Case) []store.Push { return k.nudge(d, whyAck) }
func (f *Family) ending(d *handlers.Desk, k *Case) []store.Push  { return k.nudge(d, whyDue) }

// nudge is said only if it still matters when its turn comes.
func (k *Case) nudge(d *handlers.Desk, why string) []store.Push {
	kind := handlers.Nudge
	if k.Loud {
		kind = handlers.Emergency
	}
	return k.remind(d, "", kind, why, k.Owners...)
}

// unseen reminds who reported it that what was mended waits to be looked at: until then it
// is the street that takes its time.
func (f *Family) unseen(d *handlers.Desk, k *Case) []store.Push {
	return k.remind(d, "", handlers.CaseCard, whySee, k.lookers(d)...)
}

// stillUnseen tells, next morning, who else may look.
func (f *Family) stillUnseen(d *handlers.Desk, k *Case) []store.Push {
	var to []string
	for _, id := range []string{k.liaison(d), k.chief(d)} {
		if p, ok := person(d, id); ok && k.mayVerify(d, p) == "" && !slices.Contains(k.lookers(d), id) {
			to = append(to, id)
		}
	}
	return k.remind(d, "", handlers.CaseCard, whyUnseen, to...)
}

func (f *Family) overdue(d *handlers.Desk, k *Case) []store.Push {
	return k.remind(d, "", k.loudness(), whyOverdue, k.liaison(d))
}

func (f *Family) stillOverdue(d *handlers.Desk, k *Case) []store.Push {
	return k.remind(d, "", handlers.CaseCard, whyLeader, k.chief(d))
}

// unanswered is the moved clock: the street has the ball, so it is the street that is told.
func (f *Family) unanswered(d *handlers.Desk, k *Case) []store.Push {
	to := []string{k.chief(d)}
	for _, p := range d.Dir.PeopleOf(d.Street, config.RoleLeader) {
		if !slices.Contains(to, p.UserID) {
			to = append(to, p.UserID)
			break
		}
	}
	return k.remind(d, "", handlers.CaseCard, whyUnanswered, to...)
}

func (f *Family) unhelped(d *handlers.Desk, k *Case) []store.Push {
	return k.remind(d, "", handlers.CaseCard, whyUnhelped, k.liaison(d), k.chief(d))
}
