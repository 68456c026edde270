package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func demoCalendar(t *testing.T) *Calendar {
	t.Helper()
	cfg, err := Demo(testKnown)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Calendar
}

// Days whose kind the weekday alone gets wrong, and their neighbours.
func TestWorkday(t *testing.T) {
	t.Parallel()
	c := demoCalendar(t)
	for day, work := range map[Day]bool{
		"2020-01-19": true, "2020-01-23": true, "2020-01-24": false, "2020-02-01": false, "2020-02-02": false,
		"2020-02-03": true, "2020-02-15": false, "2020-04-06": false, "2020-04-26": true, "2020-10-10": true,
		"2021-02-17": false, "2021-02-20": true, "2022-01-30": true, "2022-12-31": false,
		"2023-01-02": false, "2023-06-25": true, "2024-02-09": true, "2024-09-14": true,
		"2025-01-28": false, "2025-02-08": true, "2026-01-04": true, "2026-02-23": false, "2026-10-10": true,
		"1999-05-03": true, "1999-05-02": false, // an unknown year: Monday to Friday
	} {
		if got := c.Workday(day); got != work {
			t.Errorf("Workday(%s) = %v", day, got)
		}
	}
	if c.Knows("1999-05-03") || !c.Knows("2020-05-03") {
		t.Error("Knows tells the years apart wrongly")
	}
	var none *Calendar
	if none.Knows("2020-05-03") || !none.Workday("2020-05-08") || none.Workday("2020-05-09") {
		t.Error("a nil calendar must count Monday to Friday")
	}
}

// Make-up workdays give back every weekday that a long holiday borrows: what is left is
// the statutory days alone, 11 a year, 13 from 2025 on, and two more in 2020, when the
// Spring Festival was extended. A slip of a digit in a file shows here.
func TestYearsAddUp(t *testing.T) {
	t.Parallel()
	number := regexp.MustCompile(`国办发明电〔\d{4}〕\d+号`)
	c := demoCalendar(t)
	for _, y := range c.Years() {
		want := 11
		if y.Year == 2020 || y.Year >= 2025 {
			want = 13
		}
		off := 0
		for d := firstDay(y.Year); d.Year() == y.Year; d = d.Add(1) {
			weekday := d.Time(time.UTC).Weekday()
			weekend := weekday == time.Saturday || weekday == time.Sunday
			switch {
			case !weekend && !c.Workday(d):
				off++
			case weekend && c.Workday(d):
				off--
			}
		}
		if off != want {
			t.Errorf("%d: %d statutory days, want %d", y.Year, off, want)
		}
		for _, source := range y.Sources {
			if !number.MatchString(source) {
				t.Errorf("%d: the source has no number: %s", y.Year, source)
			}
		}
	}
}

func TestDutyNextKeepsItsDays(t *testing.T) {
	t.Parallel()
	s := &Street{Location: time.FixedZone("CST", 8*3600), Calendar: demoCalendar(t)}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, s.Location)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		days       Days
		cron       string
		after, now string
	}{
		{DaysAll, "30 7 * * *", "2020-02-14 08:00", "2020-02-15 07:30"},
		{DaysWork, "30 7 * * *", "2020-02-14 08:00", "2020-02-17 07:30"},
		{DaysWork, "30 7 * * *", "2020-01-23 08:00", "2020-02-03 07:30"}, // over the extended Spring Festival
		{DaysWork, "30 7 * * *", "2020-04-25 08:00", "2020-04-26 07:30"}, // a make-up Sunday
		{DaysRest, "0 9 * * *", "2020-01-31 09:00", "2020-02-01 09:00"},
		{DaysRest, "*/5 * * * *", "2020-02-14 08:00", "2020-02-15 00:00"},
		{DaysWork, "30 7 * * 6", "2020-02-14 08:00", "2020-05-09 07:30"}, // a Saturday that is worked
	} {
		schedule, err := fiveFields.Parse(c.cron)
		if err != nil {
			t.Fatal(err)
		}
		d := &Duty{Cron: c.cron, Schedule: schedule, Days: c.days}
		if got := d.Next(s, at(c.after)); !got.Equal(at(c.now)) {
			t.Errorf("%s %s after %s: %s, want %s", c.cron, c.days, c.after, got, c.now)
		}
	}
}

func TestRunEnds(t *testing.T) {
	t.Parallel()
	forms := []*Form{{Name: "甲", Until: "2020-03-01"}, {Name: "乙", Until: "2020-03-05"}}
	about := func(form string) *Duty { return &Duty{Form: form} }
	for _, c := range []struct {
		run  Run
		duty *Duty
		want Day
	}{
		{Run{Pack: &Pack{Forms: forms}}, about("甲"), "2020-03-01"},
		{Run{Pack: &Pack{Forms: forms}}, about(""), "2020-03-05"},
		{Run{Pack: &Pack{Forms: forms}, To: "2020-02-20"}, about("甲"), "2020-02-20"},
		{Run{Pack: &Pack{Forms: forms}, To: "2020-03-31"}, about("甲"), "2020-03-01"},
		{Run{Pack: &Pack{Forms: forms}, To: "2020-03-31"}, about(""), "2020-03-31"},
		{Run{Pack: &Pack{}}, about(""), ""},
	} {
		if got := c.run.End(c.duty); got != c.want {
			t.Errorf("End(%q) of a run to %q = %q, want %q", c.duty.Form, c.run.To, got, c.want)
		}
	}
}

// A year nobody has written warns, unless no duty asks for it; the office's own file wins.
func TestMissingYear(t *testing.T) {
	t.Parallel()
	files := goodFiles(t)
	street, err := os.ReadFile(filepath.Join("testdata", "good", "streets", "good.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files["streets/good.yaml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(street), "from: 2020-02-01, to: 2020-03-31", "from: 2026-12-01, to: 2027-02-28"))}
	if _, problems := load(files, noEnv, testKnown); len(problems) > 0 {
		t.Fatalf("no duty asks for the calendar, yet: %s", problems)
	}
	pack := string(files["packs/small.yaml"].Data)
	files["packs/small.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(pack, `cron: "30 7 * * *",`, `cron: "30 7 * * *", days: workdays,`, 1))}
	cfg, problems := load(files, noEnv, testKnown)
	if want := "streets/good.yaml:2:16: 提醒：没有2027年的放假安排，任务 digest 会把星期一到星期五都当工作日，国务院通知出来后写进 calendar/2027.yaml"; cfg == nil || problems.String() != want {
		t.Errorf("got %q, want %q", problems, want)
	}
	files["calendar/2027.yaml"] = &fstest.MapFile{Data: []byte("year: 2027\nsources: [街道办的通知]\nrest: [{name: 元旦, from: 2027-01-01, to: 2027-01-01}]\n")}
	cfg, problems = load(files, noEnv, testKnown)
	if len(problems) > 0 || cfg.Streets[0].Calendar.Workday("2027-01-01") {
		t.Errorf("the office's own year is not used: %s", problems)
	}
}
