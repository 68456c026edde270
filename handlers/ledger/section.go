package ledger

import (
	"fmt"

	"juwei/config"
	"juwei/handlers"
)

// section is the burden as a part of a digest: what the days reported on have cost a
// committee. It names no committee and says nothing of one alone.
func section(q handlers.SectionQuery) handlers.SectionPart {
	read := account(q.Batch, q.Day.Add(1-q.Days), q.Day)
	return func() (handlers.Part, error) {
		sum, err := read()
		if err != nil || len(sum) == 0 || q.Units != nil {
			return handlers.Part{}, err
		}
		units := len(q.Desk.Dir.Units(q.Desk.Street))
		t := sum.total()
		minutes := perUnit(t, units, q.Days)
		if minutes == "0.0" {
			minutes = "不到0.1"
		}
		return handlers.Part{
			Class: config.MostClass,
			Text:  fmt.Sprintf("每居民区每天填报约%s分钟，收%d份", minutes, t.Reports),
		}, nil
	}
}
