package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// Open opens a case for each matter, or tells the open one that it is about; the matters of
// one call were all said by the same person. It implements handlers.OpenCase.
func (f *Family) Open(ctx context.Context, d *handlers.Desk, list []handlers.Matter) ([]handlers.Opening, handlers.Outcome, error) {
	var out handlers.Outcome
	open, err := all(ctx, d)
	if err != nil || len(list) == 0 {
		return nil, out, err
	}
	openings := make([]handlers.Opening, len(list))
	notes := map[*Case][]string{}
	var fresh []request
	var at []int // of each fresh one in list
	for i, m := range list {
		t, p := typeCalled(d, m.Type)
		switch same := about(open, m); {
		case t == nil:
		case same != nil:
			openings[i] = handlers.Opening{Number: same.id, Joined: true}
			if m.Text != same.Text && m.Text != same.Last.Note {
				notes[same] = append(notes[same], m.Text)
				openings[i].Said = fmt.Sprintf("%s 已补进%s", m.Text, same.id)
			}
		case !m.Over:
			fresh = append(fresh, request{typ: t, pack: p, unit: m.Unit, place: m.Place, text: m.Text, help: t.Help, source: m.Source})
			at = append(at, i)
		}
	}
	found, out, err := f.openAll(ctx, d, list[0].By, fresh, open)
	if err != nil {
		return nil, out, err
	}
	for i, o := range found {
		openings[at[i]] = handlers.Opening{Number: o.k.id, Joined: o.joined, Said: o.said(d)}
	}
	for _, k := range open { // in their order: the same line makes the same outcome
		if len(notes[k]) == 0 {
			continue
		}
		k.do(Note, list[0].By, d.At, handlers.Clip(strings.Join(notes[k], "；"), longest))
		if p, ok := person(d, list[0].By); ok && !k.found(p) && !k.owns(d, p) {
			k.Others = append(k.Others, p.UserID)
		}
		o := f.outcome(d, k)
		out.Changes = append(out.Changes, o.Changes...)
		out.Pushes = append(out.Pushes, k.tell(d, list[0].By, handlers.CaseCard, fmt.Sprintf("%s %s补充：%s", k.name(), title(d, list[0].By), k.Last.Note), k.Owners...)...)
	}
	return openings, out, nil
}

// said is a case in one clause of a receipt: W07 未满14天在岗，转站前楼宇联系人，今天17:00前.
func (o opened) said(d *handlers.Desk) string {
	if o.joined {
		return "已有" + o.k.id
	}
	return fmt.Sprintf("%s %s，转%s，%s前", o.k.id, o.k.Type, titles(d, o.k.Owners), when(d, o.k.Due))
}

// about is the open case that a matter is about: of the same source, or else of the same
// type and place. What is over is about its own source alone.
func about(open []*Case, m handlers.Matter) *Case {
	for _, k := range open {
		if k.Source != "" && k.Source == m.Source && k.Type == m.Type && k.State != Closed {
			return k
		}
	}
	if m.Over {
		return nil
	}
	for _, k := range open {
		if slices.Contains(live, k.State) && k.Type == m.Type && k.Unit == m.Unit && k.Place == m.Place && (k.Place != "" || k.Source != "" && m.Source != "") {
			return k
		}
	}
	return nil
}

// typeCalled is the type of that name in the running packs, nil if there is none.
func typeCalled(d *handlers.Desk, name string) (*config.CaseType, *config.Pack) {
	for _, p := range d.Packs() {
		if t := p.Cases.Type(name); t != nil {
			return t, p
		}
	}
	return nil, nil
}
