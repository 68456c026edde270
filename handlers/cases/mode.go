package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// The emergency mode (DOMAIN §3.7): while it is on, cases whose time counts day and night
// are told at night too, their warnings with them. A leader asks for it, is told what it
// changes, and says yes; it holds for at most seven days, says a day before that it ends,
// and ends by itself. Another week needs another yes. When it ends, nights are quiet again,
// also for what was opened meanwhile.
const (
	modeKind  = "emergency-mode" // of its due item
	modeField = "emergency"
	longMode  = 7                // days
	modeAsked = 30 * time.Minute // how long the question waits for its yes
	modeAhead = 24 * time.Hour   // how long before the end its reminder comes, if there is so long
)

var modeTable = store.Records("mode")

// mode is the emergency mode as it was last switched.
type mode struct {
	Until int64  `json:"u"`
	By    string `json:"b"`
	Why   string `json:"w"`
	Told  bool   `json:"t,omitempty"` // that it ends soon
	Asked *asked `json:"q,omitempty"` // waits for its yes

	rev int
}

// asked is what a leader asked for and has not said yes to.
type asked struct {
	Days int    `json:"d"`
	By   string `json:"b"`
	Why  string `json:"w"`
	At   int64  `json:"a"`
}

func readMode(ctx context.Context, d *handlers.Desk) (mode, error) {
	b := d.Read()
	cell := b.Cell(modeTable, modeField)
	if err := b.Run(ctx); err != nil {
		return mode{}, fmt.Errorf("read emergency mode: %w", err)
	}
	m := mode{rev: cell.Rev}
	if cell.Rev == 0 {
		return m, nil
	}
	if err := json.Unmarshal([]byte(cell.Value), &m); err != nil {
		return m, fmt.Errorf("decode emergency mode: %w", err)
	}
	return m, nil
}

// on reports whether the mode holds at the desk's moment.
func (m mode) on(d *handlers.Desk) bool { return d.At.Unix() < m.Until }

// awake reports whether nights are not quiet at the desk's moment: the mode is on, or a
// level holds that goes on at night.
func (m mode) awake(d *handlers.Desk) bool { return m.on(d) || d.Alarmed() }

// emergency is /应急: how it stands; /应急 开 3天 为什么, /应急 续 3天 为什么; /应急 确认; /应急 关.
func (f *Family) emergency(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	m, err := readMode(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if _, ok := cut(c.Rest, "确认"); ok {
		if !m.waits(c) {
			return handlers.Outcome{}, handlers.Refuse("没有等您确认的应急。", "要开，例：/应急 开 3天 台风")
		}
		return f.switchOn(c, m)
	}
	if why, ok := cut(c.Rest, "开", "启动", "打开", "续", "延长"); ok {
		return f.askMode(c, m, why)
	}
	if _, ok := cut(c.Rest, "关", "结束", "停"); ok {
		if !m.on(&c.Desk) {
			return handlers.Outcome{}, handlers.Refuse("现在没有开应急。", "要开，例：/应急 开 3天 台风")
		}
		m.Until, m.Asked = c.At.Unix(), nil
		out := m.outcome(&c.Desk)
		out.Changes = append(out.Changes, store.DueDone(modeKind, modeField))
		out.Reply = handlers.Say("应急关了，夜里不再打扰，和平常一样。")
		out.Pushes = f.heard(&c.Desk, c.Person.UserID, handlers.CaseCard, fmt.Sprintf("%s关了应急（%s），夜里不再通知，和平常一样。", c.Person.Title, m.Why))
		return out, nil
	}
	if m.on(&c.Desk) {
		return handlers.Answer(fmt.Sprintf("应急开着：%s，%s开的，到%s自动结束。\n要续，发：/应急 续 3天 为什么；要提前关，发：/应急 关", m.Why, title(&c.Desk, m.By), when(&c.Desk, m.Until))), nil
	}
	return handlers.Answer("现在没有开应急。开了以后，昼夜计时的问题夜里也马上通知。\n要开，例：/应急 开 3天 台风"), nil
}

// waits reports whether the mode waits for the caller's yes.
func (m mode) waits(c *handlers.Call) bool {
	return m.Asked != nil && m.Asked.By == c.Person.UserID && c.At.Sub(time.Unix(m.Asked.At, 0)) <= modeAsked
}

// askMode says what the emergency mode would change, and until when, before it is on.
func (f *Family) askMode(c *handlers.Call, m mode, text string) (handlers.Outcome, error) {
	days, why, ok := 0, "", false
	if days, ok = syntax.Integer(leading(text), "天", "日"); ok {
		why = strings.Trim(strings.TrimPrefix(text, leading(text)), " ,，。:：")
	}
	if !ok || why == "" {
		return handlers.Outcome{}, handlers.Refuse("开几天、为什么？都写上，还没有开。", "例：/应急 开 3天 台风")
	}
	if days < 1 || days > longMode {
		return handlers.Outcome{}, handlers.Refusef("到期还要，再续一次。", "一次最多开%d天，还没有开。", longMode)
	}
	m.Asked = &asked{Days: days, By: c.Person.UserID, Why: marks(handlers.Clip(why, 40)), At: c.At.Unix()}
	out := m.outcome(&c.Desk)
	until := when(&c.Desk, m.wanted(&c.Desk))
	what := "还没有开"
	if m.on(&c.Desk) {
		what = "现在的到" + when(&c.Desk, m.Until) + "，还没有续"
	}
	out.Reply = handlers.Say(fmt.Sprintf("应急：%s，到%s自动结束。期间昼夜计时的问题夜里也马上通知，快到期、过期的也是；其余照旧。\n%s。对就回1，或发：/应急 确认", m.Asked.Why, until, what))
	return out, nil
}

// wanted is the end that was asked for: so many days more, but never more than a week from now.
func (m mode) wanted(d *handlers.Desk) int64 {
	const day = 24 * 60 * 60
	return min(max(m.Until, d.At.Unix())+int64(m.Asked.Days)*day, d.At.Unix()+longMode*day)
}

// confirmMode is a plain yes from the leader who asked for the emergency mode.
func (f *Family) confirmMode(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	if !c.Person.Has(config.RoleLeader) || !c.Private() || !syntax.Yes(c.Rest) {
		return handlers.Outcome{}, false, nil
	}
	m, err := readMode(ctx, &c.Desk)
	if err != nil || !m.waits(c) {
		return handlers.Outcome{}, false, err
	}
	out, err := f.switchOn(c, m)
	return out, true, err
}

func (f *Family) switchOn(c *handlers.Call, m mode) (handlers.Outcome, error) {
	renewed := m.on(&c.Desk)
	m.Until, m.By, m.Why = m.wanted(&c.Desk), c.Person.UserID, m.Asked.Why
	m.Asked, m.Told = nil, m.Until-c.At.Unix() <= int64(modeAhead/time.Second)
	out := m.outcome(&c.Desk)
	out.Changes = append(out.Changes, store.DueAt(modeKind, modeField, m.next()))
	word := "开了"
	if renewed {
		word = "续了"
	}
	out.Reply = handlers.Say(fmt.Sprintf("应急%s：%s，到%s自动结束。昼夜计时的问题夜里也马上通知。", word, m.Why, when(&c.Desk, m.Until)))
	out.Pushes = f.heard(&c.Desk, c.Person.UserID, handlers.Emergency, fmt.Sprintf("%s%s应急：%s，到%s。期间昼夜计时的问题夜里也马上通知。", c.Person.Title, word, m.Why, date(&c.Desk, m.Until)))
	return out, nil
}

// heard tells those who are woken by the emergency mode, or may sleep again: the duty desk,
// liaisons and the areas' leaders. The duty desk must know at once.
func (f *Family) heard(d *handlers.Desk, but string, kind handlers.PushKind, text string) []store.Push {
	seen := map[string]bool{but: true}
	var out []store.Push
	for _, role := range []config.Role{config.RoleDutyDesk, config.RoleAreaLeader, config.RoleLiaison} {
		for _, p := range d.Dir.PeopleOf(d.Street, role) {
			if seen[p.UserID] {
				continue
			}
			seen[p.UserID] = true
			k := kind
			if role != config.RoleDutyDesk {
				k = handlers.CaseCard
			}
			out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), k, handlers.Say(text), d.At))
		}
	}
	return out
}

// next is the moment of its reminder, or of its end.
func (m mode) next() time.Time {
	if !m.Told {
		return time.Unix(m.Until, 0).Add(-modeAhead)
	}
	return time.Unix(m.Until, 0)
}

// leading is the first word of a text: 3天 of 3天 台风.
func leading(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

func (m mode) outcome(d *handlers.Desk) handlers.Outcome {
	body, err := json.Marshal(m)
	if err != nil {
		panic("cases: mode does not encode: " + err.Error())
	}
	return handlers.Outcome{
		Changes: []store.Change{store.PutKeep(modeTable, modeField, m.rev, string(body), store.Records("mode-log"))},
		Audit:   handlers.Audit{Record: "应急", Rev: m.rev + 1, Values: string(body)},
	}
}

// modeEnds reminds who switched it on that it ends, and at its end tells all who were woken.
func (f *Family) modeEnds(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	m, err := readMode(ctx, &it.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if m.By == "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	if m.on(&it.Desk) {
		if m.Told || it.At.Before(m.next()) {
			return handlers.Outcome{Require: []store.Guard{m.guard()}, Changes: []store.Change{store.DueAt(modeKind, modeField, m.next())}}, nil
		}
		m.Told = true
		out := m.outcome(&it.Desk)
		out.Changes = append(out.Changes, store.DueAt(modeKind, modeField, m.next()))
		out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(m.By), handlers.CaseCard, handlers.Say(fmt.Sprintf("应急（%s）到%s自动结束。还要就续：/应急 续 3天 为什么；不用就不必回。", m.Why, date(&it.Desk, m.Until))), it.At)}
		return out, nil
	}
	text := fmt.Sprintf("应急（%s）到期，已自动结束，夜里不再通知。", m.Why)
	out := handlers.Outcome{Require: []store.Guard{m.guard()}, Pushes: f.heard(&it.Desk, m.By, handlers.CaseCard, text)}
	out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(m.By), handlers.CaseCard, handlers.Say(text+"还要就再开：/应急 开 3天 为什么"), it.At))
	return out, nil
}

func (m mode) guard() store.Guard { return store.Guard{Table: modeTable, Field: modeField, Rev: m.rev} }
