package main

import (
	"cmp"
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/admin"
	"juwei/handlers/cases"
	"juwei/handlers/chart"
	"juwei/handlers/digest"
	"juwei/handlers/ledger"
	"juwei/handlers/level"
	"juwei/handlers/notice"
	"juwei/handlers/org"
	"juwei/handlers/praise"
	"juwei/handlers/privacy"
	"juwei/handlers/register"
	"juwei/handlers/report"
	"juwei/handlers/roster"
	"juwei/handlers/tables"
)

// families lists what the bot can do. What one family needs of another is handed over
// here as a function: the digest and the tables count reports. /日程 is told what the others do by
// themselves.
func families() []handlers.Family {
	rosters := roster.New()
	rosters.Book = tables.Book
	reports, followed := report.New(), cases.New(rosters.OnDuty)
	reports.Away = rosters.Away
	notices := notice.New()
	reports.Rectify, followed.AskNotice = followed.Rectify, notices.Ask
	notices.Nodded = followed.Nodded
	praises := praise.New()
	followed.Commend, followed.Praises = praises.Commend, praises.Since
	alarms := level.New(reports.Tally, rosters.OnDuty)
	alarms.Away = rosters.Away
	reports.Others = []handlers.AskDues{alarms.Dues, notices.Dues, followed.Dues}
	books := register.New()
	books.Draw = chart.Grid
	books.OpenCase, books.Tally, books.Round, reports.Prefill = followed.Open, reports.Tally, reports.Round, books.Prefill
	reports.Behind = books.Behind
	morning := digest.New(reports.Tally)
	morning.Draw, morning.Known = chart.Trend, reports.TallyAt
	fs := []handlers.Family{
		reports.Handlers(),
		morning.Handlers(),
		notices.Handlers(),
		tables.New(reports.Tally, reports.Words).Handlers(),
		ledger.Handlers(),
		praises.Handlers(),
		followed.Handlers(),
		rosters.Handlers(),
		books.Handlers(),
		alarms.Handlers(),
	}
	fs = append(fs, org.New(hands(fs)).Handlers())
	fs = append(fs, privacy.New(retires(fs), books.Sheet).Handlers())
	morning.Offer(sections(fs)...)
	return append(fs, admin.Handlers(admin.Agenda{Duties: duties(fs), Items: dueItems(fs)}))
}

// known tells config what the program can do, so that it can check packs against it.
func known() config.Known {
	k := config.Known{Sections: map[string]func(*config.Pack) []string{}}
	for _, f := range families() {
		for _, d := range f.Duties {
			k.Duties = append(k.Duties, d.Kind)
		}
		for _, s := range f.Sections {
			k.Sections[s.Kind] = s.Names
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
	return each(fs, func(f handlers.Family) []handlers.Duty {
		out := slices.Clone(f.Duties)
		for i := range out {
			out[i].Office = cmp.Or(out[i].Office, f.Office)
		}
		return out
	})
}

func dueItems(fs []handlers.Family) []handlers.DueItem {
	return each(fs, func(f handlers.Family) []handlers.DueItem {
		out := slices.Clone(f.DueItems)
		for i := range out {
			out[i].Office = cmp.Or(out[i].Office, f.Office)
		}
		return out
	})
}

func recipes(fs []handlers.Family) []handlers.Recipe {
	return each(fs, func(f handlers.Family) []handlers.Recipe { return f.Recipes })
}

func sections(fs []handlers.Family) []handlers.Section {
	return each(fs, func(f handlers.Family) []handlers.Section { return f.Sections })
}

// hands gathers what the families give from one hand to another.
func hands(fs []handlers.Family) []handlers.HandOver {
	return each(fs, func(f handlers.Family) []handlers.HandOver {
		if f.HandOver == nil {
			return nil
		}
		return []handlers.HandOver{f.HandOver}
	})
}

// retires gathers what the families keep beyond its term.
func retires(fs []handlers.Family) []handlers.Retire {
	return each(fs, func(f handlers.Family) []handlers.Retire {
		if f.Retire == nil {
			return nil
		}
		return []handlers.Retire{f.Retire}
	})
}
