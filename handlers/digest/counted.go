package digest

import (
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// counted is a form's figures of the days a digest compares.
type counted struct {
	form   *config.Form
	day    []handlers.Filed
	before []handlers.Filed // of the period before
	week   []handlers.Filed // of seven days before, if weekly
	then   []handlers.Filed // of the day of the last digest, where that was not the day before
	weekly bool
	gap    bool  // the last digest was about another period than before
	err    error // why the day could not be read
	past   error // why the days before could not

	both, both7 [][2]handlers.Filed // the units present on both days
	sum         map[string]int      // the day's totals by field
}

// count finishes what has been read, for the units of a scope.
func (c *counted) count(sc scope) *counted {
	out := &counted{form: c.form, weekly: c.weekly, gap: c.gap, err: c.err, past: c.past}
	only := func(reports []handlers.Filed) []handlers.Filed {
		if sc.units == nil {
			return reports
		}
		return slices.DeleteFunc(slices.Clone(reports), func(r handlers.Filed) bool { return !sc.has(r.Unit) })
	}
	out.day, out.before, out.week, out.then = only(c.day), only(c.before), only(c.week), only(c.then)
	out.both, out.both7, out.sum = both(out.day, out.before), both(out.day, out.week), totals(c.form, out.day)
	return out
}

// head says the base: 日报17/19，补报1.
func (c *counted) head(sc scope, day config.Day) string {
	name := c.form.Name
	if c.form.Every == config.EveryWeek { // its week ended on another day
		name += "（" + c.form.Closed(day).Label() + "）"
	}
	if c.err != nil {
		return name + "没读出来"
	}
	s := fmt.Sprintf("%s%d/%d", name, len(c.day), sc.base)
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

// changed is the change in brackets against the period before, and against seven days
// before where there is one: (−6/+3). Nothing when no unit reported on both days.
func (c *counted) changed(x *config.Field) string {
	one, ok := change(c.form, x, c.both)
	seven, ok7 := change(c.form, x, c.both7)
	switch {
	case ok && ok7 && one == level && seven == level:
		return "(" + level + ")"
	case ok && ok7:
		return "(" + one + "/" + seven + ")"
	case ok7:
		return "(—/" + seven + ")"
	case ok:
		return "(" + one + ")"
	}
	return ""
}

// change is the difference over the units present on both days.
func change(form *config.Form, x *config.Field, pairs [][2]handlers.Filed) (string, bool) {
	if len(pairs) == 0 {
		return "", false
	}
	if x.Stored() {
		n := 0
		for _, pair := range pairs {
			n += pair[0].Values[x.Name] - pair[1].Values[x.Name]
		}
		return signed(x, n), true
	}
	var now, then []handlers.Filed
	for _, pair := range pairs {
		now, then = append(now, pair[0]), append(then, pair[1])
	}
	a, known := totals(form, now)[x.Name]
	b, knownThen := totals(form, then)[x.Name]
	return signed(x, a-b), known && knownThen
}

// few is up to how many units are worth naming.
const few = 6

// where names the units with a figure above 0, or counts them when they are many. In a
// group how much each has stays away (DESIGN.md §6: a leaders' group may hear which unit,
// not a unit's health count).
func (c *counted) where(name string, figures bool) string {
	var units []string
	for _, r := range c.day {
		if n := r.Values[name]; n > 0 {
			unit := r.Unit
			if figures {
				unit += c.form.Field(name).Format(n)
			}
			units = append(units, unit)
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

// answers counts what units chose from a list: 到17 路上1（18/19）. 无 is no answer worth a
// line.
func (c *counted) answers(x *config.Field, base int) string {
	counts := make([]int, len(x.Options)+1)
	given := 0
	for _, r := range c.day {
		if n := r.Values[x.Name]; n >= 1 && n < len(counts) {
			counts[n]++
			given++
		}
	}
	var parts []string
	for i, o := range x.Options {
		if n := counts[i+1]; n > 0 && o.Name != "无" {
			parts = append(parts, fmt.Sprintf("%s%d", o.Name, n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%s（%d/%d）", strings.Join(parts, " "), given, base)
}

// missing names, to who answers for an area, the units that have not filed.
func (c *counted) missing(sc scope) string {
	if !c.form.Required || !sc.private || len(sc.units) < 2 || len(c.day) == sc.base || len(sc.units) != sc.base || c.err != nil {
		return ""
	}
	left := slices.DeleteFunc(slices.Clone(sc.units), func(u string) bool {
		return slices.ContainsFunc(c.day, func(r handlers.Filed) bool { return r.Unit == u })
	})
	return c.form.Name + "没报：" + strings.Join(left, "、")
}

// unexplained names the units whose sums do not hold.
func (c *counted) unexplained(s *config.Street) string {
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

// corrected compares what the last digest said of the form with the same day counted anew.
func (c *counted) corrected(prev said, base int) string {
	now := c.before
	if c.gap {
		if now = c.then; now == nil {
			return ""
		}
	}
	if c.err != nil || c.past != nil {
		return ""
	}
	var parts []string
	if n, ok := prev.Filed[c.form.Name]; ok && c.form.Required && len(now) != n {
		parts = append(parts, fmt.Sprintf("%s%d/%d→%d/%d", c.form.Name, n, base, len(now), base))
	}
	sum := totals(c.form, now)
	for _, x := range c.form.Fields {
		if old, ok := prev.Totals[c.form.Name][x.Name]; ok && sum[x.Name] != old {
			parts = append(parts, x.Name+x.Format(old)+"→"+x.Format(sum[x.Name]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("更正%s：%s", prev.Day.Label(), strings.Join(parts, " "))
}

// still reports whether nothing happened by the form's figures: nobody is missing, nothing
// flows, no stock has moved.
func (c *counted) still(sc scope) bool {
	if c.err != nil || c.past != nil {
		return false
	}
	if c.form.Required && c.form.Every != config.EveryEvent && (len(c.day) != sc.base || len(c.both) != sc.base) {
		return false
	}
	if !c.form.Required && len(c.day) > 0 {
		return false
	}
	for _, r := range c.day {
		if r.Late || r.Corrected || r.Unbalanced {
			return false
		}
	}
	for _, x := range c.form.Fields {
		if !x.Stored() || !x.Sums() {
			continue
		}
		if !x.Stock && c.sum[x.Name] != 0 {
			return false
		}
		for _, pair := range c.both {
			if x.Stock && pair[0].Values[x.Name] != pair[1].Values[x.Name] {
				return false
			}
		}
	}
	return true
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
	if len(day) == 0 || len(before) == 0 {
		return nil
	}
	then := make(map[string]int, len(before))
	for i, r := range before {
		then[r.Unit] = i
	}
	out := make([][2]handlers.Filed, 0, len(day))
	for _, r := range day {
		if i, ok := then[r.Unit]; ok {
			out = append(out, [2]handlers.Filed{r, before[i]})
		}
	}
	return out
}

// signed writes a difference of a field's values: +12, −0.4%, 平. x is nil for a plain
// number.
func signed(x *config.Field, n int) string {
	say := func(n int) string {
		if x == nil {
			return fmt.Sprint(n)
		}
		return x.Format(n)
	}
	switch {
	case n > 0:
		return "+" + say(n)
	case n < 0:
		return "−" + say(-n)
	}
	return level
}

// level is what stands for no difference.
const level = "平"
