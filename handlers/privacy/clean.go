package privacy

import (
	"context"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

const (
	dueClean = "clean"
	// chunk is how many changes one commit of the clean-up makes, below store.MaxOps.
	chunk = 400
	// sweep is how many days that are over their term are looked at again: a night may have
	// been missed.
	sweep = 7
)

// clean is what goes every night: whole tables whose day is over its term, and what the
// families keep beyond theirs. What does not fit one commit follows at once.
func (f *Family) clean(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	out, err := f.cleaned(ctx, &m.Desk, overdue(m.Street, m.Day))
	if err != nil {
		return out, err
	}
	asked, err := f.ended(ctx, &m.Desk)
	if err != nil {
		return out, err
	}
	out.Changes, out.Pushes = append(out.Changes, asked.Changes...), append(out.Pushes, asked.Pushes...)
	return out, nil
}

// cleanMore goes on where a commit was full.
func (f *Family) cleanMore(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	return f.cleaned(ctx, &it.Desk, nil)
}

func (f *Family) cleaned(ctx context.Context, d *handlers.Desk, tables []store.Change) (handlers.Outcome, error) {
	out := handlers.Outcome{Changes: tables}
	b := d.Read()
	var lists []func() ([]store.Change, error)
	for _, retire := range f.retire {
		lists = append(lists, retire(d, b, chunk))
	}
	if err := b.Run(ctx); err != nil {
		return out, fmt.Errorf("read what is over its term: %w", err)
	}
	var single []store.Change
	for _, list := range lists {
		changes, err := list()
		if err != nil {
			return out, err
		}
		single = append(single, changes...)
	}
	left := chunk - len(out.Changes)
	if len(single) > left {
		single = single[:left]
		out.Changes = append(out.Changes, store.DueAt(dueClean, "more", d.At))
	}
	out.Changes = append(out.Changes, single...)
	out.Audit = handlers.Audit{Record: fmt.Sprintf("清理/%s/%d", d.Day, len(single))}
	return out, nil
}

// overdue are the tables whose day is over its term.
func overdue(s *config.Street, today config.Day) []store.Change {
	var out []store.Change
	for back := range sweep {
		day := today.Add(-back - 1)
		week := string(day.Add(-handlers.KeepRaw))
		out = append(out, store.EraseTable(store.Raw(week)), store.EraseTable(store.Said(week)))
		out = append(out, store.EraseOutbox(week)...)
		out = append(out, store.EraseTable(store.Burden(string(day.Add(-handlers.KeepCounts)))), store.EraseNotes(string(day.Add(-handlers.KeepNotes))))
	}
	figures, words := today.Add(-handlers.KeepCounts-1), today.Add(-handlers.KeepWork-1)
	for _, form := range formsOf(s) {
		for _, key := range periods(form, figures) {
			out = append(out, store.EraseTable(store.Reports(form.Name, key)), store.EraseTable(store.ReportLog(form.Name, key)))
		}
		for _, key := range periods(form, words) {
			out = append(out, store.EraseTable(store.ReportTexts(form.Name, key)))
		}
	}
	return out[:min(len(out), chunk-100)]
}

// formsOf lists the forms of all packs a street ever ran, each name once.
func formsOf(s *config.Street) []*config.Form {
	var out []*config.Form
	for _, run := range s.Runs {
		for _, form := range run.Pack.Forms {
			if !slices.ContainsFunc(out, func(f *config.Form) bool { return f.Name == form.Name && len(f.Cutoffs) >= len(form.Cutoffs) }) {
				out = append(out, form)
			}
		}
	}
	return out
}

// periods are the keys of a form's periods of a day.
func periods(form *config.Form, day config.Day) []string {
	out := []string{config.Period{Day: day}.Key()}
	for slot := range form.Cutoffs {
		if len(form.Cutoffs) > 1 {
			out = append(out, config.Period{Day: day, Slot: slot + 1}.Key())
		}
	}
	return out
}
