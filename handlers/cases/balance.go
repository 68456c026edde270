package cases

import (
	"context"
	"fmt"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// foundBy counts what inspectors and the discipline office found, by day: a case leaves
// the lists a week after its end.
var foundBy = store.Records("case-found")

// foundNow counts new cases that the discipline office or the inspectors found; nil if there
// are none.
func foundNow(d *handlers.Desk, list ...*Case) []store.Change {
	n := 0
	for _, k := range list {
		if p, ok := person(d, k.Finder); ok && p.Has(secret...) && typ(d.Street, k).Kind == config.CaseProblem {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []store.Change{store.Count(foundBy, string(d.Day), store.Counts{n})}
}

// lopsided is how many times more often the one may be said than the other, and enough how
// many there must be before anything is said about it.
const (
	lopsided = 5
	enough   = 5
	lookedAt = 14 // days
)

// balanceDuty warns the discipline office, in private and before its weekly digest, when two
// weeks have heard criticism almost alone, or praise almost alone (cards S16, S17). It
// counts the street, never a unit, and gives nobody a mark.
func (f *Family) balanceDuty(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	if f.Praises == nil {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	from := m.Day.Add(-lookedAt)
	b := m.Read()
	praises := f.Praises(b, from, m.Day)
	var days []*store.Cell
	for day := from; day < m.Day; day = day.Add(1) {
		days = append(days, b.Cell(foundBy, string(day)))
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read findings: %w", err)
	}
	praised, err := praises()
	if err != nil {
		return handlers.Outcome{}, err
	}
	found := 0
	for _, cell := range days {
		n, err := cell.Counts()
		if err != nil {
			return handlers.Outcome{}, fmt.Errorf("read findings: %w", err)
		}
		found += n[0]
	}
	text := oneSided(found, praised)
	if text == "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Loads: []handlers.Load{{Office: string(config.RoleDiscipline)}}}
	for _, p := range m.Dir.PeopleOf(m.Street, config.RoleDiscipline) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.CaseCard, handlers.Say(text), m.At))
	}
	return out, nil
}

// oneSided is the warning, "" where both have been heard.
func oneSided(found, praised int) string {
	switch {
	case found >= enough && found >= lopsided*praised:
		return fmt.Sprintf("两周来查出问题%d件，表扬%d条。周报之前，看看有没有该夸的：/赞 居民区 什么事", found, praised)
	case praised >= enough && praised >= lopsided*found:
		return fmt.Sprintf("两周来表扬%d条，查出问题%d件。周报之前，看看有没有该去走走的：/巡", praised, found)
	}
	return ""
}
