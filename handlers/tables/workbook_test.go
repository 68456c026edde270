package tables

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"juwei/config"
)

// What people wrote stays text, whatever it begins with; numbers are numbers; totals say
// their base.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	rows := []Row{
		{"梅园", []Cell{{Number: true, N: 12}, {Number: true, N: 925, Places: 1}, {Text: "=HYPERLINK(\"http://x\",\"点我\")"}}},
		{"=1+1", []Cell{{}, {}, {Text: "+8613812345678"}}},
		{"-站前", []Cell{{Number: true}, {Number: true, N: -5, Places: 1}, {Text: "@SUM(A1:A9)\x00\x1b"}}},
	}
	table := Table{
		Name: "卫健日报", Corner: "居民区",
		Columns: []config.Column{{Header: "在隔", Unit: "人"}, {Header: "覆盖率"}, {Header: "=备注"}},
		Days: []Day{{Day: "2020-02-13", Units: 3, Rows: rows,
			Totals: []Cell{{Number: true, N: 12}, {}, {}}, Base: []int{2, 2, 3}}},
	}
	at := time.Date(2020, 2, 13, 15, 20, 0, 0, time.UTC)
	data, err := Workbook("管理办", at, table, table)
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got := strings.Join(book.GetSheetList(), "|"); got != "卫健日报|卫健日报(2)" {
		t.Errorf("sheets %s", got)
	}
	want := map[string]struct {
		value string
		kind  excelize.CellType
	}{
		"A1": {"居民区", excelize.CellTypeSharedString}, "B1": {"在隔（人）", excelize.CellTypeSharedString}, "D1": {"=备注", excelize.CellTypeSharedString},
		"B2": {"12", excelize.CellTypeUnset}, "C2": {"92.5", excelize.CellTypeUnset}, "D2": {"=HYPERLINK(\"http://x\",\"点我\")", excelize.CellTypeSharedString},
		"A3": {"=1+1", excelize.CellTypeSharedString}, "B3": {"", excelize.CellTypeUnset}, "D3": {"+8613812345678", excelize.CellTypeSharedString},
		"A4": {"-站前", excelize.CellTypeSharedString}, "B4": {"0", excelize.CellTypeUnset}, "C4": {"-0.5", excelize.CellTypeUnset}, "D4": {"@SUM(A1:A9)", excelize.CellTypeSharedString},
		"A5": {"合计（3/3）", excelize.CellTypeSharedString}, "B5": {"12", excelize.CellTypeUnset}, "C5": {"", excelize.CellTypeUnset},
		"A6": {"填报数", excelize.CellTypeSharedString}, "B6": {"2/3", excelize.CellTypeSharedString}, "C6": {"", excelize.CellTypeUnset},
		"A8": {"管理办 于 2020-02-13 15:20 导出，只供工作使用，请勿转发。", excelize.CellTypeSharedString},
	}
	for cell, w := range want {
		value, err := book.GetCellValue("卫健日报", cell)
		if err != nil {
			t.Fatal(err)
		}
		kind, err := book.GetCellType("卫健日报", cell)
		if err != nil {
			t.Fatal(err)
		}
		formula, err := book.GetCellFormula("卫健日报", cell)
		if err != nil {
			t.Fatal(err)
		}
		if value != w.value || kind != w.kind || formula != "" {
			t.Errorf("%s = %q of type %v with formula %q, want %q of type %v", cell, value, kind, formula, w.value, w.kind)
		}
	}
}

func TestSheetName(t *testing.T) {
	t.Parallel()
	var taken []string
	for _, name := range []string{"卫健日报", "卫健日报", "a/b:c*d?[e]\\f", "'引号'", "", "History", "很长" + strings.Repeat("长", 40), "很长" + strings.Repeat("长", 40), strings.Repeat("😀", 20)} {
		got := sheetName(name, taken)
		taken = append(taken, got)
		if n := len(utf16.Encode([]rune(got))); n == 0 || n > 31 {
			t.Errorf("%q became %q, %d characters", name, got, n)
		}
		book := excelize.NewFile()
		if err := book.SetSheetName("Sheet1", got); err != nil {
			t.Errorf("%q became %q: %v", name, got, err)
		}
		book.Close()
	}
	for i, name := range taken {
		for _, other := range taken[:i] {
			if strings.EqualFold(name, other) {
				t.Errorf("two sheets are named %q", name)
			}
		}
	}
}
