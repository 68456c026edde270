package main

import (
	"slices"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/admin"
	"juwei/handlers/digest"
	"juwei/handlers/notice"
	"juwei/handlers/report"
)

// families lists what the bot can do. What one family needs of another is handed over
// here as a function: the digest counts reports.
func families() []handlers.Family {
	reports := report.New()
	return []handlers.Family{
		reports.Handlers(),
		digest.New(reports.Tally).Handlers(),
		notice.New().Handlers(),
		admin.Handlers(),
	}
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

func duties(fs []handlers.Family) []handlers.Duty {
	var out []handlers.Duty
	for _, f := range fs {
		out = append(out, f.Duties...)
	}
	return out
}

func recipes(fs []handlers.Family) []handlers.Recipe {
	var out []handlers.Recipe
	for _, f := range fs {
		out = append(out, f.Recipes...)
	}
	return out
}
