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

// wave says the days ahead where one of them stands out: 2.14起88、61、140⚠、72人.
func wave(first config.Day, days []int) Part {
	sum, found := 0, false
	for _, n := range days {
		sum += n
	}
	var parts []string
	for i, n := range days[:min(ahead, len(days))] {
		part := fmt.Sprint(n)
		if 2*n*len(days) > 3*sum {
			part, found = part+"⚠", true
			if i > 0 {
				part = fmt.Sprintf("%s（%s）", part, dotted(first.Add(i)))
			}
		}
		parts = append(parts, part)
	}
	if !found {
		return Part{}
	}
	return Part{Class: config.MostClass, Text: fmt.Sprintf("%s起计划返%s人，请早排人手", dotted(first), strings.Join(parts, "、"))}
}

// dotted is a day in a line of figures: 2.14.
func dotted(d config.Day) string {
	return strings.Replace(strings.TrimSuffix(d.Label(), "日"), "月", ".", 1)
}
