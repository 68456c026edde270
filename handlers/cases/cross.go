package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// round is the last day's cross-check as it was drawn: gate → who visits it.
type round struct {
	Day config.Day        `json:"d"`
	Who map[string]string `json:"w"`
}

var roundTable, roundField = store.Records("visits"), "cross"

// cross is /交叉: who visits which gate today, drawn when it is first asked for and then
// kept. An inspector sees all, a committee its own visits.
func (f *Family) cross(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	cell := b.Cell(roundTable, roundField)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read visits: %w", err)
	}
	var last round
	if cell.Rev > 0 {
		if err := json.Unmarshal([]byte(cell.Value), &last); err != nil {
			return handlers.Outcome{}, fmt.Errorf("decode visits: %w", err)
		}
	}
	out := handlers.Outcome{}
	if last.Day != c.Day {
		next, err := drawRound(&c.Desk, last)
		if errors.Is(err, ErrNoPlan) {
			return handlers.Answer("人太少，排不出不查自己的交叉查。请督查组自己走一遍。"), nil
		}
		if err != nil {
			return handlers.Outcome{}, err
		}
		last = next
		body, err := json.Marshal(last)
		if err != nil {
			return handlers.Outcome{}, fmt.Errorf("encode visits: %w", err)
		}
		out.Changes = []store.Change{store.Put(roundTable, roundField, cell.Rev, string(body))}
		out.Audit = handlers.Audit{Record: "交叉/" + string(c.Day), Rev: cell.Rev + 1, Values: string(body)}
	}
	out.Reply = handlers.Say(last.text(c))
	return out, nil
}

// drawRound shares the street's gates out among the committees' secretaries.
func drawRound(d *handlers.Desk, last round) (round, error) {
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
	before := make([]int, len(all))
	for g := range all {
		before[g] = -1
		if i, ok := index[last.Who[all[g].Name]]; ok {
			before[g] = i
		}
	}
	plan, err := Visits(string(d.Day), all, who, before)
	if err != nil {
		return round{}, err
	}
	out := round{Day: d.Day, Who: map[string]string{}}
	for g, i := range plan {
		out.Who[all[g].Name] = who[i].Name
	}
	return out, nil
}

// text is the round for whoever asks.
func (r round) text(c *handlers.Call) string {
	byWho := map[string][]string{}
	for gate, id := range r.Who {
		byWho[id] = append(byWho[id], gate)
	}
	if c.Person.Has(committee...) && c.Person.Unit != "" {
		mine := []string(nil)
		for _, p := range c.Dir.InUnit(c.Street, c.Person.Unit, config.RoleSecretary) {
			mine = append(mine, byWho[p.UserID]...)
		}
		slices.Sort(mine)
		if len(mine) == 0 {
			return "今天没有排到您去交叉查。"
		}
		return "今天请您去看：" + strings.Join(mine, "、") + "。看到问题发：/问 哪里 什么事"
	}
	lines := []string{"今天的交叉查（不查自己，不连着查同一个门）："}
	for _, u := range c.Dir.Units(c.Street) {
		for _, p := range c.Dir.InUnit(c.Street, u.Name, config.RoleSecretary) {
			if list := byWho[p.UserID]; len(list) > 0 {
				slices.Sort(list)
				lines = append(lines, p.Title+"："+strings.Join(list, "、"))
			}
		}
	}
	return strings.Join(lines, "\n")
}
