package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// sums are the loads of some days, by office, the heaviest first.
type sums []handlers.Load

// account joins the reading of some days to a batch, both ends included.
func account(b *store.Batch, first, last config.Day) func() (sums, error) {
	var days []func() ([]handlers.Load, error)
	for d := first; d <= last; d = d.Add(1) {
		days = append(days, handlers.Burdens(b, d))
	}
	return func() (sums, error) {
		var out sums
		for _, day := range days {
			loads, err := day()
			if err != nil {
				return nil, err
			}
			for _, l := range loads {
				out = out.plus(l)
			}
		}
		slices.SortStableFunc(out, heavier)
		return out, nil
	}
}

// heavier puts the office that costs people more first.
func heavier(a, b handlers.Load) int {
	return cmp.Or(cmp.Compare(b.Minutes(), a.Minutes()), strings.Compare(a.Office, b.Office))
}

func (s sums) plus(l handlers.Load) sums {
	if i := slices.IndexFunc(s, func(m handlers.Load) bool { return m.Office == l.Office }); i >= 0 {
		s[i] = s[i].Plus(l)
		return s
	}
	return append(s, l)
}

// total is all of them together.
func (s sums) total() handlers.Load {
	var out handlers.Load
	for _, l := range s {
		out = out.Plus(l)
	}
	return out
}

// lines are one line an office, and the whole.
func (s sums) lines(units, days int) []string {
	if len(s) == 0 {
		return []string{"没有要过数。"}
	}
	var out []string
	for _, l := range s {
		out = append(out, fmt.Sprintf("%s：%s", l.Office, describe(l)))
	}
	t := s.total()
	return append(out, fmt.Sprintf("合计：要%d项，手填%d，自动带出%d；每居民区每天约%s分钟（估算）",
		t.Fields(), t.Typed, t.Prefilled, perUnit(t, units, days)))
}

func describe(l handlers.Load) string {
	var parts []string
	if l.Fields() > 0 {
		parts = append(parts, fmt.Sprintf("收%d份，手填%d项、自动带出%d项", l.Reports, l.Typed, l.Prefilled))
	}
	if l.Pushes > 0 {
		parts = append(parts, fmt.Sprintf("推送%d条", l.Pushes))
	}
	return strings.Join(parts, "，")
}

// perUnit is the cost for one committee on one day, in minutes.
func perUnit(l handlers.Load, units, days int) string {
	return fmt.Sprintf("%.1f", l.Minutes()/float64(max(1, units*days)))
}
