package register

import (
	"maps"
	"slices"

	"juwei/config"
)

// Flow is what a field came to, day by day.
type Flow map[config.Day]int

// flow adds what the act says to the days' sums that recent figures are made of, and forgets
// the days that no figure reaches any more.
func (w *bench) flow(now *Entry) {
	reach := map[string]int{}
	for _, x := range w.Fields {
		if x.Recent != "" {
			reach[x.Recent] = max(reach[x.Recent], x.Days)
		}
	}
	today := w.d.Street.Day(w.d.At)
	for name, days := range reach {
		sums := maps.Clone(now.Flow[name])
		maps.DeleteFunc(sums, func(d config.Day, _ int) bool { return d <= today.Add(-days) })
		if n := now.Values[name]; n > 0 {
			if sums == nil {
				sums = Flow{}
			}
			sums[today] += n
		}
		if now.Flow == nil {
			now.Flow = map[string]Flow{}
		}
		now.Flow[name] = sums
	}
}

// recent is what a field came to over the last days; of an entry that is younger, what it
// would come to at this pace. It is not known where nothing has been said at all.
func (f figures) recent(e *Entry, x *config.Field) (int, bool) {
	if e == nil || len(e.Flow[x.Recent]) == 0 {
		return 0, false
	}
	today := f.street.Day(f.at)
	sum := 0
	for d, n := range e.Flow[x.Recent] {
		if d > today.Add(-x.Days) && d <= today {
			sum += n
		}
	}
	age := dayNumber(today) - dayNumber(day(f.street, e.Born)) + 1
	if age < 1 || age > x.Days {
		age = x.Days
	}
	return sum * x.Days / age, true
}

// momentary reports whether a field is only of the act's moment: what came in, what went out.
func (w *bench) momentary(field string) bool {
	return slices.Contains(w.act.Drop, field) && slices.Contains(w.act.Takes, field)
}

// measure is what the entry's things are counted in.
func (f figures) measure() (string, bool) {
	for _, name := range f.Key.With {
		x := f.Field(name)
		if n := f.now.Values[name]; x.Kind == config.KindEnum && n >= 1 && n <= len(x.Options) && x.Options[n-1].Unit != "" {
			return x.Options[n-1].Unit, true
		}
	}
	return "", false
}
