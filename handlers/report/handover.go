package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"juwei/handlers"
	"juwei/store"
)

// handOver gives what one person has begun and not finished to another, except where the
// other has begun the same form. It implements handlers.HandOver.
func handOver(ctx context.Context, d *handlers.Desk, from, to string) (handlers.Handed, handlers.Outcome, error) {
	b := d.Read()
	cells := b.Cells(store.Drafts(), from, to)
	if err := b.Run(ctx); err != nil {
		return handlers.Handed{}, handlers.Outcome{}, fmt.Errorf("read drafts: %w", err)
	}
	old, err := openPile(d, (*cells)[0])
	if err != nil {
		return handlers.Handed{}, handlers.Outcome{}, err
	}
	next, err := openPile(d, (*cells)[1])
	if err != nil {
		return handlers.Handed{}, handlers.Outcome{}, err
	}
	done := handlers.Handed{What: "没报完的表"}
	var out handlers.Outcome
	if old.rev == 0 {
		return done, out, nil
	}
	given := slices.Clone(next.drafts)
	for _, one := range old.drafts {
		if next.of(one.Form).Form != "" {
			continue
		}
		given = append(given, one)
		done.Names = append(done.Names, one.Form)
		done.Lines = append(done.Lines, fmt.Sprintf("%s（%s，接着报就行）", one.Form, one.Day.Label()))
	}
	out.Changes = []store.Change{store.Delete(store.Drafts(), from, old.rev)}
	if len(done.Names) == 0 {
		return done, out, nil
	}
	body, err := json.Marshal(given)
	if err != nil {
		return done, out, fmt.Errorf("encode drafts: %w", err)
	}
	put := store.Put(store.Drafts(), to, next.rev, string(body))
	if slices.ContainsFunc(given, func(d draft) bool { return d.Private || households(d.Texts) }) {
		put = store.PutSealed(store.Drafts(), to, next.rev, string(body), keyDrafts)
	}
	out.Changes = append(out.Changes, put)
	return done, out, nil
}
