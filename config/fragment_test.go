package config

import (
	"strings"
	"testing"
	"time"
)

// A form written as a fragment is read back as it was, and its mistakes have the fragment's
// lines.
func TestFragment(t *testing.T) {
	t.Parallel()
	f := &Form{
		Name: "老人关爱", Who: []Role{RoleSecretary, RoleWorker}, From: "2020-02-14", Until: "2020-03-13", Every: EveryWeek, Weekdays: []time.Weekday{time.Friday, time.Sunday},
		Opens: 8 * 60, Cutoff: 17 * 60, Zero: true, Owner: "服务办", Purpose: "看望“独居”老人: 一周一次", Minutes: 2, Lead: 4 * time.Hour,
		Chain: []Deadline{{"区", 20 * 60}}, Approved: "党政办一",
		Fields: []*Field{
			{Name: "独居数", Item: "独居数", Kind: KindInt, Stock: true, Unit: "户", Max: 9999},
			{Name: "返沪", Item: "当日返沪人数", Kind: KindInt, Unit: "人", Max: 300, Health: true},
			{Name: "要帮什么", Item: "要帮什么", Kind: KindText, Chars: 60},
		},
	}
	text := f.Fragment()
	got, problems := ReadForm(text)
	if err := problems.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if again := got.Fragment(); again != text {
		t.Errorf("read back:\n%s\nwritten:\n%s", again, text)
	}
	if got.Every != EveryWeek || len(got.Weekdays) != 2 || got.Fields[1].Item != "当日返沪人数" || !got.Fields[0].Stock || got.Fields[2].Kind != KindText {
		t.Errorf("read back as %+v", got)
	}
	_, problems = ReadForm(strings.Replace(text, "17:00", "7:00", 1))
	if len(problems) == 0 || problems[0].Line != 8 {
		t.Errorf("a cut-off before the opening: %v", problems)
	}
	if got, problems := ReadForm(""); got != nil {
		t.Errorf("nothing reads as %+v %v", got, problems)
	}
}

// An approved form shares a data item, and is asked for nothing twice; the same word for
// another item stays refused.
func TestLender(t *testing.T) {
	t.Parallel()
	cfg := everyPack(t)
	s, pack := cfg.Streets[0], cfg.Packs["epidemic"]
	f := &Form{Name: "民政表", Approved: "党政办一", Opens: 8 * 60, Cutoff: 17 * 60, Cutoffs: []Clock{17 * 60}, Fields: []*Field{
		{Name: "返沪", Item: "当日返沪人数", Kind: KindInt}, {Name: "值守", Item: "值守", Kind: KindInt}, {Name: "块外出", Item: "块外出户数", Kind: KindInt},
	}}
	if got := Admit(f, NewDictionary(pack.Forms...)); len(got) != 1 || got[0].Field != "块外出" {
		t.Errorf("objections %+v; what blocks report is not shared with committees", got)
	}
	pack.Forms = append(pack.Forms, f)
	if e, ok := s.Lender("2020-02-13", f, f.Fields[0]); !ok || e.Form.Name != "日报" || e.Field.Name != "新返" {
		t.Errorf("lender %+v", e)
	}
	for _, x := range f.Fields[1:] {
		if e, ok := s.Lender("2020-02-13", f, x); ok {
			t.Errorf("%s is lent by %s", x.Name, e.Form.Name)
		}
	}
	f.Approved = ""
	if _, ok := s.Lender("2020-02-13", f, f.Fields[0]); ok {
		t.Error("nobody has agreed")
	}
	if got := Admit(f, NewDictionary(pack.Forms[:1]...)); len(got) != 1 || got[0].Field != "返沪" {
		t.Errorf("objections %+v", got)
	}
}
