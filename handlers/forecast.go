package handlers

import (
	"fmt"
	"strings"

	"juwei/config"
)

const (
	ahead    = 4 // days of a forecast that are said
	wideView = 7 // days it is measured against
)

// ForecastSection makes the section of kind forecast (card S29) of what is planned for the days
// after the one reported on: it speaks only of a wave, a day with more than one and a half
// times the mean of the week ahead.
func ForecastSection(planned Planned) Section {
	return Section{Kind: "forecast", Read: func(q SectionQuery) SectionPart {
		if q.Units != nil { // what is planned is counted for the street
			return func() (Part, error) { return Part{}, nil }
		}
		first := q.Day.Add(1)
		read := planned(q.Desk, q.Batch, first, wideView)
		return func() (Part, error) {
			days, err := read()
			if err != nil {
				return Part{}, err
			}
			return wave(first, days), nil
		}
	}}
}

// leastWave is how many make a wave worth a leader's line, however quiet the other days are.
const leastWave = 10

// wave names the days ahead that stand out: 2.16计划返140人，比平均多得多，请早排人手.
func wave(first config.Day, days []int) Part {
	sum := 0
	for _, n := range days {
		sum += n
	}
	var parts []string
	for i, n := range days[:min(ahead, len(days))] {
		if n >= leastWave && 2*n*len(days) > 3*sum {
			parts = append(parts, fmt.Sprintf("%s %d人", dotted(first.Add(i)), n))
		}
	}
	if len(parts) == 0 {
		return Part{}
	}
	return Part{Class: config.MostClass, Text: fmt.Sprintf("计划返 %s，比平常多，请早排人手", strings.Join(parts, "、"))}
}

// dotted is a day in a line of figures: 2.14.
func dotted(d config.Day) string {
	return strings.Replace(strings.TrimSuffix(d.Label(), "日"), "月", ".", 1)
}
