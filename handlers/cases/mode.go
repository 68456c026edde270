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
// are told at night too. A leader switches it on, by name, for at most seven days; it ends
// by itself.
const (
	modeKind  = "emergency-mode" // of its due item
	modeField = "emergency"
	longMode  = 7 // days
)

var modeTable = store.Records("mode")

// mode is the emergency mode as it was last switched.
type mode struct {
	Until int64  `json:"u"`
	By    string `json:"b"`
	Why   string `json:"w"`

	rev int
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

// emergency is /应急: how it stands; /应急 开 3天 为什么; /应急 关.
func (f *Family) emergency(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	m, err := readMode(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if why, ok := cut(c.Rest, "开", "启动", "打开"); ok {
		return f.switchOn(c, m, why)
	}
	if _, ok := cut(c.Rest, "关", "结束", "停"); ok {
		if !m.on(&c.Desk) {
			return handlers.Outcome{}, handlers.Refuse("现在没有开应急。", "要开，例：/应急 开 3天 台风")
		}
		m.Until = c.At.Unix()
		out := m.outcome(c)
		out.Changes = append(out.Changes, store.DueDone(modeKind, modeField))
		out.Reply = handlers.Say("应急关了，夜里不再打扰。")
		return out, nil
	}
	if m.on(&c.Desk) {
		return handlers.Answer(fmt.Sprintf("应急开着：%s，%s开的，到%s自动结束。要提前关，发：/应急 关", m.Why, title(&c.Desk, m.By), when(&c.Desk, m.Until))), nil
	}
	return handlers.Answer("现在没有开应急。开了以后，昼夜计时的问题夜里也马上通知。\n要开，例：/应急 开 3天 台风"), nil
}

func (f *Family) switchOn(c *handlers.Call, m mode, text string) (handlers.Outcome, error) {
	days, why, ok := 0, "", false
	if days, ok = syntax.Integer(leading(text), "天", "日"); ok {
		why = strings.Trim(strings.TrimPrefix(text, leading(text)), " ,，。:：")
	}
	if !ok || why == "" {
		return handlers.Outcome{}, handlers.Refuse("开几天、为什么？都写上，还没有开。", "例：/应急 开 3天 台风")
	}
	if days < 1 || days > longMode {
		return handlers.Outcome{}, handlers.Refusef("到期还要，再开一次。", "一次最多开%d天，还没有开。", longMode)
	}
	m.Until, m.By, m.Why = c.At.Add(time.Duration(days)*24*time.Hour).Unix(), c.Person.UserID, marks(handlers.Clip(why, 40))
	out := m.outcome(c)
	out.Changes = append(out.Changes, store.DueAt(modeKind, modeField, time.Unix(m.Until, 0)))
	out.Reply = handlers.Say(fmt.Sprintf("应急开了：%s，到%s自动结束。昼夜计时的问题夜里也马上通知。", m.Why, when(&c.Desk, m.Until)))
	for _, p := range c.Dir.PeopleOf(c.Street, config.RoleDutyDesk) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Notice,
			handlers.Say(fmt.Sprintf("%s开了应急：%s，到%s。", c.Person.Title, m.Why, date(&c.Desk, m.Until))), c.At))
	}
	return out, nil
}

// leading is the first word of a text: 3天 of 3天 台风.
func leading(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

func (m mode) outcome(c *handlers.Call) handlers.Outcome {
	body, err := json.Marshal(m)
	if err != nil {
		panic("cases: mode does not encode: " + err.Error())
	}
	return handlers.Outcome{
		Changes: []store.Change{store.PutKeep(modeTable, modeField, m.rev, string(body), store.Records("mode-log"))},
		Audit:   handlers.Audit{Record: "应急", Rev: m.rev + 1, Values: string(body)},
	}
}

// modeEnds tells who switched it on that it is over.
func (f *Family) modeEnds(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	m, err := readMode(ctx, &it.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if m.on(&it.Desk) || m.By == "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	return handlers.Outcome{
		Require: []store.Guard{{Table: modeTable, Field: modeField, Rev: m.rev}},
		Pushes:  []store.Push{handlers.PushAt(handlers.ToPerson(m.By), handlers.Notice, handlers.Say(fmt.Sprintf("应急（%s）到期，已自动结束。还要就再开：/应急 开 3天 为什么", m.Why)), it.At)},
	}, nil
}
