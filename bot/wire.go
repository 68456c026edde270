package main

import (
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/admin"
	"juwei/handlers/cases"
	"juwei/handlers/digest"
	"juwei/handlers/ledger"
	"juwei/handlers/notice"
	"juwei/handlers/praise"
	"juwei/handlers/report"
	"juwei/handlers/tables"
)

// families lists what the bot can do. What one family needs of another is handed over
// here as a function: the digest and the tables count reports. /日程 is told what the others do by
// themselves.
func families() []handlers.Family {
	reports, followed := report.New(), cases.New(nil)
	notices := notice.New()
	reports.Rectify, followed.AskNotice = followed.Rectify, notices.Ask
	praises := praise.New()
	fs := []handlers.Family{
		reports.Handlers(),
		digest.New(reports.Tally, praises.Line).Handlers(),
		notices.Handlers(),
		tables.New(reports.Tally, reports.Words).Handlers(),
		ledger.Handlers(),
		praises.Handlers(),
		followed.Handlers(),
	}
	return append(fs, admin.Handlers(admin.Agenda{Duties: duties(fs), Items: dueItems(fs)}))
}

// known tells config what the program can do, so that it can check packs against it.
func known() config.Known {
	var k config.Known
	for _, f := range families() {
		for _, d := range f.Duties {
			k.Duties = append(k.Duties, d.Kind)
		}
		if f.Commands == nil {
			continue
		}
		for _, c := range f.Commands(&config.Street{}) { // without packs: the words every street has
			k.Commands = append(append(k.Commands, c.Name), c.Aliases...)
		}
	}
	slices.Sort(k.Commands)
	return k
}

// each gathers what every family offers of one kind.
func each[T any](fs []handlers.Family, of func(handlers.Family) []T) []T {
	var out []T
	for _, f := range fs {
		out = append(out, of(f)...)
	}
	return out
}

func duties(fs []handlers.Family) []handlers.Duty {
	return each(fs, func(f handlers.Family) []handlers.Duty { return f.Duties })
}

func dueItems(fs []handlers.Family) []handlers.DueItem {
	return each(fs, func(f handlers.Family) []handlers.DueItem { return f.DueItems })
}

func recipes(fs []handlers.Family) []handlers.Recipe {
	return each(fs, func(f handlers.Family) []handlers.Recipe { return f.Recipes })
}
