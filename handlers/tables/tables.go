// Package tables answers from what was reported: a figure in the chat, a whole table as a
// workbook. Nobody is asked for it again.
//
// In: /数 with an item and days, /导 with a table's name; for the command line, all tables
// of some days. Out: a few lines for a phone within what the asker may hear, or an XLSX
// file in the layout of the office that wants it. All of them rest on the same figures
// (figures.go), so tables that differ in layout agree in numbers.
// Start with Handlers; query.go is /数, export.go is /导, workbook.go writes the file.
package tables

import (
	"slices"

	"juwei/config"
	"juwei/handlers"
)

// Family answers queries and fills tables. Call New.
type Family struct {
	tally handlers.Tally
	words handlers.Words
}

// New makes the family; tally and words read what was reported.
func New(tally handlers.Tally, words handlers.Words) *Family {
	return &Family{tally: tally, words: words}
}

// asking may ask for figures; filling may have whole tables, which name every unit.
var (
	asking = []config.Role{config.RoleSecretary, config.RoleWorker, config.RoleLiaison, config.RoleAreaLeader,
		config.RoleOffice, config.RoleParty, config.RoleDutyDesk, config.RoleDiscipline, config.RoleLeader}
	filling = []config.Role{config.RoleOffice, config.RoleParty, config.RoleDutyDesk, config.RoleLeader}
)

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name: "tables",
		Commands: func(s *config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "数", Aliases: []string{"查数"}, Roles: asking,
				Summary: "查一个数，不用再收表", Usage: "/数 项目 [居民区] [日期或日期-日期]", Example: example(s),
				Detail: "查报过的数：" + example(s) + "\n某天：/数 " + label(s) + " 昨天\n几天：/数 " + label(s) + " 2.10-2.13\n群里只说全街道的数。", Run: f.query,
			}, {
				Name: "导", Aliases: []string{"导出", "导表"}, Roles: filling,
				Summary: "按您的表样导出", Usage: "/导 表名 [日期或日期-日期]", Example: "/导", Run: f.export,
			}}
		},
		Recipes: []handlers.Recipe{{Name: handlers.RecipeWorkbook, Render: f.render}},
	}
}

// label is a number that the street's forms ask, for examples.
func label(s *config.Street) string {
	for _, run := range s.Runs {
		for _, form := range run.Pack.Forms {
			for _, x := range form.Fields {
				if x.Sums() {
					return x.Name
				}
			}
		}
	}
	return "新返"
}

func example(s *config.Street) string { return "/数 " + label(s) }

// reach is whose figures a person may hear in private, besides the street's.
func reach(d *handlers.Desk, p config.Person) []string {
	var units []string
	for _, u := range d.Dir.Units(d.Street) {
		units = append(units, u.Name)
	}
	if p.Has(filling...) {
		return units
	}
	under := d.Dir.UnitsUnder(d.Street, p)
	return slices.DeleteFunc(units, func(u string) bool {
		own := u == p.Unit && p.Has(config.RoleSecretary, config.RoleWorker)
		return !own && !slices.Contains(under, u)
	})
}
