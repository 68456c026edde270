package cases

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// brief is what recent holds of a case: enough to count it, in one read for all. Nothing in
// it is anybody's: no text, no place, no person.
type brief struct {
	Kind   config.CaseKind `json:"k"`
	Type   string          `json:"t"`
	Unit   string          `json:"u,omitempty"`
	Class  string          `json:"z,omitempty"`
	State  State           `json:"s"`
	Opened int64           `json:"n"`
	Due    int64           `json:"d,omitempty"`
	Street int64           `json:"sd,omitempty"` // until when the street should have answered, helped or looked
	Closed int64           `json:"c,omitempty"`
	Set    int64           `json:"m,omitempty"` // when a leader last decided about it
	Again  bool            `json:"g,omitempty"`

	id string
}

func (k *Case) brief(d *handlers.Desk) string {
	b, err := json.Marshal(brief{
		Kind: typ(d.Street, k).Kind, Type: k.Type, Unit: k.Unit, Class: k.Class, State: k.State,
		Opened: k.Opened, Due: k.Due, Street: cmp.Or(k.Street, k.See), Closed: k.Closed, Set: k.Decided, Again: k.Again > 0 || k.Of != "",
	})
	if err != nil {
		panic("cases: brief does not encode: " + err.Error())
	}
	return string(b)
}

// briefs are the cases of recent, in the order of their numbers.
func briefs(cells map[string]store.Cell) ([]brief, error) {
	out := make([]brief, 0, len(cells))
	for id, c := range cells {
		b := brief{id: id}
		if err := json.Unmarshal([]byte(c.Value), &b); err != nil {
			return nil, fmt.Errorf("decode brief of %s: %w", id, err)
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b brief) int { return inOrder(a.id, b.id) })
	return out, nil
}

// late reports whether its owner, or the street, has let its time pass.
func (b brief) late(now int64) bool {
	return b.Due > 0 && b.Due < now || b.Street > 0 && b.Street < now
}
