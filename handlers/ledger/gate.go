package ledger

import (
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// stopped are the fields that the gate has kept from being asked a second time, for the
// Monday report: "<day>/<office>/<form>" → the fields, with commas between. The same form
// proposed again on a day counts once.
func stopped() store.Table { return store.Records("gate") }

// blocked is the outcome of a proposal that the gate refuses: each known field with its owner
// and the query that answers it already, the overlap, the chain of deadlines. It is remembered
// what was stopped.
func blocked(c *handlers.Call, f *config.Form, objections []config.Objection) handlers.Outcome {
	lines := []string{fmt.Sprintf("“%s”没有收。", f.Name)}
	var known []string
	overlap := false
	for _, o := range objections {
		switch o.Kind {
		case config.ObjectKnown:
			known = append(known, o.Field)
			lines = append(lines, o.What+"，要数发："+o.Known.Query())
		case config.ObjectOverlap:
			overlap = true
			lines = append(lines, o.What)
		default:
			lines = append(lines, o.What, o.Mend)
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(f.Fields), func(x *config.Field) bool { return slices.Contains(known, x.Name) })
	switch {
	case overlap:
		lines = append(lines, "一定要这张表，请党政办点名，末尾加上：党政办一 同意。已有的数从原表带出，不再问居委。")
	case len(known) > 0 && len(fresh) > 0:
		var names []string
		for _, x := range fresh {
			names = append(names, x.Name)
		}
		lines = append(lines, fmt.Sprintf("只问新的：/提表 %s 字段 %s %s截止", f.Name, strings.Join(names, "、"), f.Cutoff))
	}
	out := handlers.Answer(strings.Join(lines, "\n"))
	if len(known) > 0 {
		key := string(c.Day) + "/" + c.Person.Title + "/" + f.Name
		out.Changes = []store.Change{store.Put(stopped(), key, store.Any, strings.Join(known, ","))}
		out.Audit = handlers.Audit{Record: "表单/拦下/" + f.Name}
	}
	return out
}

// stops joins the reading of how many fields the gate has stopped in some days to a batch.
func stops(b *store.Batch, first, last config.Day) func() int {
	cells := b.All(stopped())
	return func() int {
		seen := map[string]bool{}
		for key, cell := range *cells {
			day, form, _ := strings.Cut(key, "/")
			if config.Day(day) < first || config.Day(day) > last {
				continue
			}
			for field := range strings.SplitSeq(cell.Value, ",") {
				seen[form+"/"+field] = true
			}
		}
		return len(seen)
	}
}
