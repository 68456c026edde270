package register

import (
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// wants says the tallies that a pack wants with the places: 缺口3 梅园、站前（酒精）. What is
// nowhere is not said.
func (b *book) wants(q handlers.SectionQuery, part *handlers.Part, all []*Entry) {
	var texts []string
	for _, t := range b.Tallies {
		if !t.Where || t.Health && q.Units != nil {
			continue
		}
		n, _ := b.tally(q.Desk, t, all, q.Units, q.Day)
		if n == 0 {
			continue
		}
		part.Figures = append(part.Figures, handlers.Figure{Label: t.Name, N: n})
		var order []string
		by := map[string][]string{}
		for _, e := range all {
			if b.worth(q.Desk, t, e, q.Day) == 0 || len(q.Units) > 0 && !slices.Contains(q.Units, e.Unit) {
				continue
			}
			with := b.with(e)
			if by[with] == nil {
				order = append(order, with)
			}
			by[with] = append(by[with], e.Unit)
		}
		var parts []string
		for _, with := range order {
			s := strings.Join(by[with], "、")
			if with != "" {
				s += "（" + with + "）"
			}
			parts = append(parts, s)
		}
		texts = append(texts, strings.Join(parts, "、"))
	}
	part.Text = strings.TrimSpace(part.Text + " " + strings.Join(texts, " "))
}

// with are the answers that belong to an entry's key besides its place: 口罩.
func (b *book) with(e *Entry) string {
	_, parts, _ := strings.Cut(e.Key, "|")
	return strings.ReplaceAll(parts, "|", " ")
}

// figuresOf says how far the tallies of a register without states have come: 达标118/123.
func (b *book) figuresOf(d *handlers.Desk, all []*Entry, units []string) string {
	var parts []string
	for _, t := range b.Tallies {
		if t.Form != "" {
			continue
		}
		n, of := b.tally(d, t, all, units, d.Day)
		s := fmt.Sprintf("%s%s", t.Name, thousands(n))
		if t.Sum == "" && t.By == config.KeyCompound {
			s += "/" + thousands(of)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}
