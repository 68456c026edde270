package handlers

import (
	"time"

	"juwei/config"
	"juwei/store"
)

// Filed is one unit's report as others may count it.
type Filed struct {
	Unit       string
	Values     map[string]int
	Late       bool      // came in after the cut-off
	Corrected  bool      // was corrected after the cut-off
	Carried    bool      // carried on by an earlier yes: nobody said anything that day
	Unbalanced bool      // a sum does not hold and nobody said why
	Kept       bool      // a sum does not hold, and there is a reason
	At         time.Time // when its current version was filed
}

// Tally joins the reading of every unit's report of a form and day to a batch; the
// result is called after the batch has run. The family that files reports provides it
// to the families that count them.
type Tally func(b *store.Batch, form *config.Form, day config.Day) func() ([]Filed, error)

// TallyAt is a Tally of what was known at a moment.
type TallyAt func(at time.Time) Tally

// Words is Tally for texts: what each unit wrote into the text fields of a form, by unit
// and field.
type Words func(b *store.Batch, form *config.Form, day config.Day) func() (map[string]map[string]string, error)
