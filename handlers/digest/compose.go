package digest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// counted is a form's figures of two days.
type counted struct {
	form        *config.Form
	day, before []handlers.Filed
	both        [][2]handlers.Filed // the units present on both days
	sum         map[string]int      // the day's totals by field
}

// compose writes the digest of a morning: the day before it, in a constant number of
// round trips whatever the number of units.
func (f *Family) compose(ctx context.Context, d *handlers.Desk, p *config.Pack, morning config.Day) (said, error) {
	day := morning.Add(-1)
	if !slices.Contains(d.Street.Active(day), p) {
		return said{}, handlers.ErrNothing // the pack asked nothing that day
	}
	b := d.Read()
	last := b.Cell(store.Digests(), field(p, day))
	type reads struct {
		day, before func() ([]handlers.Filed, error)
	}
	var pending []reads
	forms := p.On(day)
	for _, form := range forms {
		pending = append(pending, reads{f.tally(b, form, day), f.tally(b, form, form.Prior(day))})
	}
	var more []func() (string, error)
	if d.Street.Active(day)[0] == p { // of several packs one says them
		for _, line := range f.lines {
			more = append(more, line(d, b, day))
		}
	}
	if err := b.Run(ctx); err != nil {
		return said{}, fmt.Errorf("read reports of %s: %w", day, err)
	}
	out := said{Day: day, Filed: map[string]int{}, Totals: map[string]map[string]int{}}
	byForm := map[string]counted{}
	var heads []string
	units := len(d.Dir.Units(d.Street))
	for i, form := range forms {
		c := counted{form: form}
		var err error
		if c.day, err = pending[i].day(); err != nil {
			return said{}, err
		}
		if c.before, err = pending[i].before(); err != nil {
			return said{}, err
		}
		c.both, c.sum = both(c.day, c.before), totals(form, c.day)
		byForm[form.Name] = c
		if len(c.day) == 0 && !form.Required {
			continue
		}
		out.Filed[form.Name] = len(c.day)
		out.Totals[form.Name] = c.sum
		if form.Required && form.Every != config.EveryEvent {
			head := c.head(units)
			if form.Every == config.EveryWeek { // its week ended on another day
				head = strings.Replace(head, form.Name, form.Name+"（"+form.Closed(day).Label()+"）", 1)
			}
			heads = append(heads, head)
		}
	}
	lines := []string{fmt.Sprintf("【晨报 %s】%s", morning.Label(), p.Title), day.Label() + strings.Join(heads, "；")}
	base, changed := 0, false
	for _, s := range p.Digest {
		c, ok := byForm[s.Form]
		if !ok || len(c.day) == 0 { // nobody filed: no figures, rather than zeros
			continue
		}
		lines = append(lines, c.section(s))
		if s.Change {
			base, changed = len(c.both), true
		}
	}
	if changed && base == 0 {
		lines = append(lines, "（前一天没有可比的数）")
	} else if changed && base < units {
		lines = append(lines, fmt.Sprintf("（增减只算两天都报的%d个居民区）", base))
	}
	for _, form := range forms {
		if l := byForm[form.Name].unexplained(d.Street); l != "" {
			lines = append(lines, l)
		}
	}
	for _, line := range more {
		text, err := line()
		if err != nil {
			return said{}, err
		}
		if text != "" {
			lines = append(lines, text)
		}
	}
	if last.Rev != 0 {
		var prev said
		if err := json.Unmarshal([]byte(last.Value), &prev); err != nil {
			return said{}, fmt.Errorf("decode digest of %s: %w", day, err)
		}
		lines = append(lines, errata(p, prev, byForm, units)...)
	}
	out.Text = strings.Join(lines, "\n")
	return out, nil
}

// head says the base: 日报17/19，补报1.
func (c counted) head(units int) string {
	s := fmt.Sprintf("%s%d/%d", c.form.Name, len(c.day), units)
	late, fixed, carried := 0, 0, 0
	for _, r := range c.day {
		if r.Late {
			late++
		}
		if r.Corrected {
			fixed++
		}
		if r.Carried {
			carried++
		}
	}
	if late > 0 {
		s += fmt.Sprintf("，补报%d", late)
	}
	if fixed > 0 {
		s += fmt.Sprintf("，更正%d", fixed)
	}
	if carried > 0 {
		s += fmt.Sprintf("，沿用%d", carried)
	}
	return s
}

// section is one line: 输入：新返86(+12) 重点4(0).
func (c counted) section(s config.Section) string {
	var parts []string
	for _, name := range s.Fields {
		x := c.form.Field(name)
		if x == nil { // not asked any more
			continue
		}
		part := name + x.Format(c.sum[name])
		if name == s.Title {
			part = x.Format(c.sum[name])
		}
		if s.Change && x.Stored() {
			part += c.changed(name)
		}
		if s.ByUnit {
			part += c.where(name)
		}
		parts = append(parts, part)
	}
	return s.Title + "：" + strings.Join(parts, " ")
}

// changed is the change in brackets, or nothing when no unit reported on both days.
func (c counted) changed(name string) string {
	if len(c.both) == 0 {
		return ""
	}
	return "(" + signed(c.change(name)) + ")"
}

// change is the difference to the day before over the units present on both days.
func (c counted) change(name string) int {
	n := 0
	for _, pair := range c.both {
		n += pair[0].Values[name] - pair[1].Values[name]
	}
	return n
}

// few is up to how many units are worth naming.
const few = 6

// where names the units with a figure above 0, or counts them when they are many. How
// much each has stays away (DESIGN.md §6: a leaders' group may hear which unit, not a
// unit's health count).
func (c counted) where(name string) string {
	var units []string
	for _, r := range c.day {
		if r.Values[name] > 0 {
			units = append(units, r.Unit)
		}
	}
	switch {
	case len(units) == 0:
		return ""
	case len(units) > few:
		return fmt.Sprintf("（%d个居民区）", len(units))
	}
	slices.Sort(units)
	return "（" + strings.Join(units, "、") + "）"
}

func (c counted) unexplained(s *config.Street) string {
	unbalanced := map[string]bool{}
	for _, r := range c.day {
		unbalanced[r.Unit] = r.Unbalanced
	}
	var out []string
	for _, u := range s.Committees {
		if unbalanced[u.Name] {
			out = append(out, u.Name)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return fmt.Sprintf("%s合计对不上%d：%s", c.form.Name, len(out), strings.Join(out, "、"))
}

// errata compares what the last digest said with the same day counted anew.
func errata(p *config.Pack, prev said, now map[string]counted, units int) []string {
	var out []string
	for _, form := range p.Forms {
		c, asked := now[form.Name]
		if !asked {
			continue
		}
		var parts []string
		if n := len(c.before); form.Required && n != prev.Filed[form.Name] {
			parts = append(parts, fmt.Sprintf("%s%d/%d→%d/%d", form.Name, prev.Filed[form.Name], units, n, units))
		}
		sum := totals(form, c.before)
		for _, x := range form.Fields {
			if old, ok := prev.Totals[form.Name][x.Name]; ok && sum[x.Name] != old {
				parts = append(parts, x.Name+x.Format(old)+"→"+x.Format(sum[x.Name]))
			}
		}
		if len(parts) > 0 {
			out = append(out, fmt.Sprintf("更正%s：%s", prev.Day.Label(), strings.Join(parts, " ")))
		}
	}
	return out
}

func totals(form *config.Form, reports []handlers.Filed) map[string]int {
	out := map[string]int{}
	for _, x := range form.Fields {
		if !x.Stored() || !x.Sums() {
			continue
		}
		for _, r := range reports {
			out[x.Name] += r.Values[x.Name]
		}
	}
	// What is derived follows from the street's totals: a rate is no sum of rates.
	get := form.Get(func(name string) (int, bool) {
		n, ok := out[name]
		return n, ok && len(reports) > 0
	})
	for _, x := range form.Fields {
		if n, ok := get(x.Name); ok && !x.Asked() {
			out[x.Name] = n
		}
	}
	return out
}

// both pairs the reports of units present on both days.
func both(day, before []handlers.Filed) [][2]handlers.Filed {
	then := make(map[string]handlers.Filed, len(before))
	for _, r := range before {
		then[r.Unit] = r
	}
	var out [][2]handlers.Filed
	for _, r := range day {
		if old, ok := then[r.Unit]; ok {
			out = append(out, [2]handlers.Filed{r, old})
		}
	}
	return out
}

func signed(n int) string {
	switch {
	case n > 0:
		return fmt.Sprintf("+%d", n)
	case n < 0:
		return fmt.Sprintf("−%d", -n)
	}
	return "平"
}
