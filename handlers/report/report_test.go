package report

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"juwei/config"
	"juwei/store"
)

func testForm() *config.Form {
	f := &config.Form{Name: "日报", Version: 3}
	for _, name := range []string{"新返", "重点", "新隔", "解除", "在隔", "发热", "未联系"} {
		f.Fields = append(f.Fields, &config.Field{Name: name, Kind: config.KindInt, Stock: name == "在隔" || name == "未联系"})
	}
	f.Fields = append(f.Fields, &config.Field{Name: "困难", Kind: config.KindText, Optional: true})
	return f
}

// What is encoded is decoded, whatever is missing; and it stays small enough for Redis to
// keep the hash compact.
func TestCellRoundTrip(t *testing.T) {
	t.Parallel()
	form := testForm()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := Report{Values: Values{}, By: "sj-wenyuan3", At: time.Unix(1581580800+rnd.Int64N(1e7), 0), Rev: 1 + rnd.IntN(9)}
		for _, x := range form.Fields {
			if x.Kind == config.KindInt && rnd.IntN(5) > 0 {
				want.Values[x.Name] = rnd.IntN(2000)
			}
		}
		for _, flag := range []rune{flagZero, flagLate, flagFixed, flagKept, flagProxy} {
			if rnd.IntN(3) == 0 {
				want.Flags = with(want.Flags, flag)
			}
		}
		cell := encode(form, want)
		got, err := decode(form, store.Cell{Rev: want.Rev, Value: cell})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", cell, diff)
		}
		if stored := len(cell) + len("9|"); stored > 64 {
			t.Fatalf("%d bytes: %s", stored, cell)
		}
	}
}

// A cell of another version of the form keeps its author and time; its numbers do not
// pass for today's.
func TestCellOfAnotherVersion(t *testing.T) {
	t.Parallel()
	form := testForm()
	cell := encode(form, Report{Values: Values{"新返": 2}, By: "sj-meiyuan", At: time.Unix(1581580800, 0)})
	form.Version++
	got, err := decode(form, store.Cell{Rev: 1, Value: cell})
	if err != nil || len(got.Values) != 0 || got.By != "sj-meiyuan" || !got.Filed() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCellDamaged(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "3", "3|1,2|sj|x y|", "3|a,b|sj|k3f9z|", "3|1|sj|k3f9z"} {
		if _, err := decode(testForm(), store.Cell{Rev: 1, Value: bad}); err == nil {
			t.Errorf("%q was taken for a report", bad)
		}
	}
}

func TestReceiptNumber(t *testing.T) {
	t.Parallel()
	if got := receipt("2020-02-13", config.Committee{Ordinal: 7}); got != "R0213-07" {
		t.Error(got)
	}
}

// TestDecodeEarlierVersion: of a report filed with an earlier version of its form, the
// figures that both ask for are kept.
func TestDecodeEarlierVersion(t *testing.T) {
	t.Parallel()
	number := func(name string) *config.Field { return &config.Field{Name: name, Item: name, Kind: config.KindInt} }
	first := &config.Form{Name: "日报", Version: 1, Fields: []*config.Field{number("新返"), number("新隔"), number("在隔")}}
	moved := number("在隔")
	moved.Item = "在隔户数" // asked by its old label, but another thing
	second := &config.Form{Name: "日报", Version: 2, From: "2020-02-20", Fields: []*config.Field{number("转出"), number("新返"), moved}}
	first.Succeed(second)
	cell := store.Cell{Rev: 1, Value: encode(first, Report{Values: Values{"新返": 3, "新隔": 1, "在隔": 9}, By: "sj-1"})}
	r, err := decode(second, cell)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Values) != 1 || r.Values["新返"] != 3 || r.By != "sj-1" {
		t.Errorf("got %v by %s, want 新返3 by sj-1", r.Values, r.By)
	}
}

// TestStored: what is more than a count goes into the cell as a number, what is computed and
// what is written in words does not.
func TestStored(t *testing.T) {
	t.Parallel()
	form := &config.Form{Name: "罩", Version: 1, Fields: []*config.Field{
		{Name: "号段", Kind: config.KindRange}, {Name: "估损", Kind: config.KindDecimal, Places: 1}, {Name: "覆盖率", Kind: config.KindPercent, Derive: &config.Expr{}},
		{Name: "备注", Kind: config.KindText}, {Name: "户号", Kind: config.KindHouse}, {Name: "告示", Kind: config.KindBool},
	}}
	v := Values{"号段": config.Span(412, 497), "估损": 85, "告示": 0}
	cell := encode(form, Report{Values: v, By: "sj-1"})
	if want := "1|4120000497,85,0|sj-1|"; !strings.HasPrefix(cell, want) {
		t.Errorf("cell = %s, want %s…", cell, want)
	}
	r, err := decode(form, store.Cell{Rev: 1, Value: cell})
	if err != nil || !same(r.Values, v) {
		t.Errorf("decoded %v, %v; want %v", r.Values, err, v)
	}
}
