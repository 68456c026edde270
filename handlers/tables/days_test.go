package tables

import (
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
)

func TestDays(t *testing.T) {
	t.Parallel()
	d := &handlers.Desk{Street: &config.Street{Location: time.FixedZone("CST", 8*3600)}, Day: "2020-02-13"}
	rows := map[string][2]config.Day{
		"":                      {"2020-02-13", "2020-02-13"},
		"昨天":                    {"2020-02-12", "2020-02-12"},
		"2.10":                  {"2020-02-10", "2020-02-10"},
		"2-10":                  {"2020-02-10", "2020-02-10"},
		"2.10-2.13":             {"2020-02-10", "2020-02-13"},
		"2.10-13":               {"2020-02-10", "2020-02-13"},
		"2.10到昨天":               {"2020-02-10", "2020-02-12"},
		"2月10日至2月12日":           {"2020-02-10", "2020-02-12"},
		"2/10 ~ 2/12":           {"2020-02-10", "2020-02-12"},
		"2020-02-01-2020-02-05": {"2020-02-01", "2020-02-05"},
		"1.20-2.1":              {"2020-01-20", "2020-02-01"},
		"周一到周三":                 {"2020-02-10", "2020-02-12"},
		"近7天":                   {"2020-02-07", "2020-02-13"},
		"最近三天":                  {"2020-02-11", "2020-02-13"},
		"这两天":                   {"2020-02-12", "2020-02-13"},
	}
	for text, want := range rows {
		first, last, given, err := days(d, text)
		if err != nil || first != want[0] || last != want[1] || given == (text == "") {
			t.Errorf("%q is %s to %s, given %v (%v), want %v", text, first, last, given, err, want)
		}
	}
	for _, text := range []string{"明天", "2.13-2.10", "1.1-2.13", "下雨", "2.30", "5", "-"} {
		if first, last, _, err := days(d, text); err == nil {
			t.Errorf("%q was taken for %s to %s", text, first, last)
		}
	}
}
