package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// round is a week's cross-check as it was drawn: gate → who visits it.
type round struct {
	Day config.Day        `json:"d"` // its Monday
	Who map[string]string `json:"w"`
	Odd []string          `json:"o,omitempty"` // gates to be seen in the odd hours: 错峰
}

var roundTable, roundField = store.Records("visits"), "cross"

// oddShare is how many of a hundred visits fall in the odd hours at least (card S32).
const oddShare = 20

// monday is the first day of a day's week.
func monday(s *config.Street, day config.Day) config.Day {
	return day.Add(-((int(day.Time(s.Location).Weekday()) + 6) % 7))
}

func readRound(ctx context.Context, d *handlers.Desk) (round, int, error) {
	b := d.Read()
	cell := b.Cell(roundTable, roundField)
	if err := b.Run(ctx); err != nil {
		return round{}, 0, fmt.Errorf("read visits: %w", err)
	}
	var r round
	if cell.Rev > 0 {
		if err := json.Unmarshal([]byte(cell.Value), &r); err != nil {
			return r, 0, fmt.Errorf("decode visits: %w", err)
		}
	}
	return r, cell.Rev, nil
}

// cross is /交叉: who visits which gate this week, drawn by the week's duty, or when an
// inspector first asks. An inspector sees all, a committee its own visits, and nobody who
// comes to it.
func (f *Family) cross(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if strings.TrimSpace(c.Rest) != "" && c.Person.Has(finders...) { // 交叉查 文苑东门 没人问
		return f.inspectAs(ctx, c, crossMode)
	}
	last, rev, err := readRound(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	inspects := !c.Person.Has(committee...) || c.Person.Unit == ""
	out := handlers.Outcome{}
	if last.Day != monday(c.Street, c.Day) {
		if !inspects {
			return handlers.Answer("这周的交叉查还没有排，排好私信您。"), nil
		}
		if last, out, err = f.drawRound(&c.Desk, last, rev); errors.Is(err, ErrNoPlan) {
			return handlers.Answer("人太少，排不出不查自己的交叉查。请督查组自己走一遍。"), nil
		} else if err != nil {
			return handlers.Outcome{}, err
		}
	}
	if inspects {
		out.Reply = handlers.Say(last.table(&c.Desk))
		return out, nil
	}
	out.Reply = handlers.Say("这周没有排到您去交叉查。")
	for _, p := range c.Dir.InUnit(c.Street, c.Person.Unit, config.RoleSecretary) {
		if text := last.of(p.UserID); text != "" {
			out.Reply = handlers.Say(text)
		}
	}
	return out, nil
}

// visitsDuty draws the week's cross-check; the inspectors hear that it is drawn, and how
// last week's checks were made.
func (f *Family) visitsDuty(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	last, rev, err := readRound(ctx, &m.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	now, out := last, handlers.Outcome{}
	if last.Day != monday(m.Street, m.Day) {
		if now, out, err = f.drawRound(&m.Desk, last, rev); errors.Is(err, ErrNoPlan) {
			return handlers.Outcome{}, handlers.ErrNothing
		} else if err != nil {
			return handlers.Outcome{}, err
		}
	}
	mix, err := f.mix(ctx, &m.Desk, m.Day.Add(-7))
	if err != nil {
		return handlers.Outcome{}, err
	}
	text := fmt.Sprintf("【交叉查 %s起】%d处已排好，其中错峰%d处，各人已私信。看全部：/交叉%s", now.Day.Label(), len(now.Who), len(now.Odd), mix)
	out.Pushes = append(out.Pushes, f.toInspectors(&m.Desk, m.Duty, handlers.Notice, text)...)
	return out, nil
}

// drawRound shares the street's gates out among the committees' secretaries, and tells each
// in private.
func (f *Family) drawRound(d *handlers.Desk, last round, rev int) (round, handlers.Outcome, error) {
	var all []Gate
	var who []Checker
	for _, s := range gates(d.Dir.Units(d.Street)) {
		all = append(all, Gate{s.Name, s.Unit})
	}
	index := map[string]int{}
	for _, u := range d.Dir.Units(d.Street) {
		for _, p := range d.Dir.InUnit(d.Street, u.Name, config.RoleSecretary) {
			index[p.UserID] = len(who)
			who = append(who, Checker{p.UserID, u.Name})
			break
		}
	}
	before, tired := make([]int, len(all)), make([]bool, len(who))
	for g := range all {
		before[g] = -1
		if i, ok := index[last.Who[all[g].Name]]; ok {
			before[g] = i
			tired[i] = tired[i] || slices.Contains(last.Odd, all[g].Name)
		}
	}
	out := round{Day: monday(d.Street, d.Day), Who: map[string]string{}}
	plan, err := Visits(string(out.Day), all, who, before)
	if err != nil {
		return round{}, handlers.Outcome{}, err
	}
	odd := OffPeak(string(out.Day), oddShare, all, who, plan, func(i int) bool { return !tired[i] })
	for g, i := range plan {
		out.Who[all[g].Name] = who[i].Name
		if odd[g] {
			out.Odd = append(out.Odd, all[g].Name)
		}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return round{}, handlers.Outcome{}, fmt.Errorf("encode visits: %w", err)
	}
	o := handlers.Outcome{
		Changes: []store.Change{store.Put(roundTable, roundField, rev, string(body))},
		Audit:   handlers.Audit{Record: "交叉/" + string(out.Day), Rev: rev + 1, Values: string(body)},
	}
	for _, c := range who {
		if text := out.of(c.Name); text != "" {
			o.Pushes = append(o.Pushes, handlers.PushAt(handlers.ToPerson(c.Name), handlers.CaseCard, handlers.Say(text), d.At))
		}
	}
	return out, o, nil
}

// list are the gates of one checker, those of the odd hours marked.
func (r round) list(userid string) string {
	var mine []string
	for gate, id := range r.Who {
		if id == userid {
			if slices.Contains(r.Odd, gate) {
				gate += "（错峰）"
			}
			mine = append(mine, gate)
		}
	}
	slices.Sort(mine)
	return strings.Join(mine, "、")
}

// of is what one checker hears; "" if nothing fell to him.
func (r round) of(userid string) string {
	list := r.list(userid)
	if list == "" {
		return ""
	}
	text := "这周请您去看：" + list + "。不用打招呼，去一次就行；看到问题发：/问 哪里 什么事，没问题不用报。"
	if strings.Contains(list, "错峰") {
		text += "错峰的请饭点或晚上去。"
	}
	return text
}

// table is the whole round.
func (r round) table(d *handlers.Desk) string {
	lines := []string{fmt.Sprintf("这周的交叉查（不查自己，不连着查同一个门；错峰%d/%d处）：", len(r.Odd), len(r.Who))}
	for _, u := range d.Dir.Units(d.Street) {
		for _, p := range d.Dir.InUnit(d.Street, u.Name, config.RoleSecretary) {
			if list := r.list(p.UserID); list != "" {
				lines = append(lines, p.Title+"："+list)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// mix says how the checks since a day were made, and whether the odd hours were forgotten:
// findings with a mode, and lists gone through with one.
func (f *Family) mix(ctx context.Context, d *handlers.Desk, from config.Day) (string, error) {
	list, err := all(ctx, d)
	if err != nil {
		return "", err
	}
	b := d.Read()
	cells := b.All(checks)
	if err := b.Run(ctx); err != nil {
		return "", fmt.Errorf("read checks: %w", err)
	}
	n, sum := map[string]int{}, 0
	count := func(mode string, at int64) {
		if mode != "" && dayOf(d, at) >= from && dayOf(d, at) < d.Day {
			n[mode]++
			sum++
		}
	}
	for _, k := range list {
		if k.State != Hidden {
			count(k.Mode, k.Opened)
		}
	}
	for _, cell := range *cells {
		if parts := strings.Split(cell.Value, "|"); len(parts) == 4 {
			if at, err := strconv.ParseInt(parts[1], 10, 64); err == nil {
				count(parts[3], at)
			}
		}
	}
	if sum == 0 {
		return "", nil
	}
	var parts []string
	for _, m := range append(slices.Clone(modes), "暗访") {
		if n[m] > 0 {
			parts = append(parts, fmt.Sprintf("%s%d", m, n[m]))
		}
	}
	text := fmt.Sprintf("\n上周查法：%s；错峰占%d/%d", strings.Join(parts, " "), n[oddMode], sum)
	if 100*n[oddMode] < oddShare*sum {
		text += fmt.Sprintf("，不到%d%%，这周多看饭点和夜里", oddShare)
	}
	return text, nil
}

const (
	oddMode   = "错峰"
	crossMode = "交叉"
)

// tasksDuty reminds, once a week, the owners of the task book's parts that nobody has said
// anything about for a week (card S42).
func (f *Family) tasksDuty(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	list, err := all(ctx, &m.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	lines := map[string][]string{}
	var order []string
	for _, k := range list {
		letter, _, _ := split(k.id)
		if letter != string(config.CaseTask) || !slices.Contains([]State{Waiting, Working}, k.State) || m.At.Sub(time.Unix(k.Last.At, 0)) < 6*24*time.Hour {
			continue
		}
		for _, id := range k.Owners {
			if lines[id] == nil {
				order = append(order, id)
			}
			lines[id] = append(lines[id], k.entry(&m.Desk))
		}
	}
	if len(order) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	var out handlers.Outcome
	for _, id := range order {
		text := "任务一周没有新进展，到哪了？回一行，例：/任务 " + strings.Fields(lines[id][0])[0] + " 80%\n" + strings.Join(lines[id], "\n")
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say(text), m.At))
	}
	return out, nil
}
