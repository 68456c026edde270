package config

import (
	"testing"
)

// The typhoon's report keeps its numbering at every level, so that a report can be found
// after the level has changed; what is asked, and what was asked before, is the level's.
func TestDuring(t *testing.T) {
	t.Parallel()
	form := everyPack(t).Packs["typhoon"].Form("情况")
	for _, tt := range []struct {
		level, at       string
		closes, earlier string // the cut-off of the period, and of the one before
		due             bool
	}{
		{"", "10:00", "17:00", "09:00", false},
		{"Ⅳ", "10:00", "17:00", "09:00", true},
		{"Ⅳ", "08:00", "09:00", "17:00", true},
		{"Ⅳ", "20:00", "17:00", "09:00", true},
		{"Ⅲ", "10:00", "12:00", "06:00", true},
		{"Ⅱ", "10:00", "10:00", "08:00", true},
		{"Ⅱ", "00:10", "02:00", "24:00", true},
		{"Ⅰ", "10:01", "11:00", "10:00", true},
		{"no such level", "10:00", "17:00", "09:00", false},
	} {
		f := form.During(tt.level)
		clock, err := ParseClock(tt.at)
		if err != nil {
			t.Fatal(err)
		}
		p := f.PeriodOf(nil, "2020-02-13", clock)
		got, before := f.Cutoffs[p.Slot-1].String(), f.Cutoffs[f.Before(p).Slot-1].String()
		if got != tt.closes || before != tt.earlier || f.Due("2020-02-13") != tt.due {
			t.Errorf("level %q at %s: %s after %s, due %v; want %s after %s, %v", tt.level, tt.at, got, before, f.Due("2020-02-13"), tt.closes, tt.earlier, tt.due)
		}
		if whole := form.Whole(); whole.Cutoffs[p.Slot-1] != f.Cutoffs[p.Slot-1] {
			t.Errorf("level %q at %s: slot %d is another at no level", tt.level, tt.at, p.Slot)
		}
	}
	if other := everyPack(t).Packs["epidemic"].Form("日报"); other.During("Ⅱ") != other || other.Paced() {
		t.Error("a form without levels changes with them")
	}
}
