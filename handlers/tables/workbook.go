package tables

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/xuri/excelize/v2"

	"juwei/config"
)

// Table is a filled table.
type Table struct {
	Name    string
	Corner  string // the header above the units
	Columns []config.Column
	Days    []Day // in order; with more than one the rows begin with their day
}

// Day is one day's rows, one a unit, with the totals.
type Day struct {
	Day    config.Day
	Units  int // how many there are
	Rows   []Row
	Totals []Cell // empty where values don't add up
	Base   []int  // how many units gave a value, by column
}

// Row is one unit's.
type Row struct {
	Unit  string
	Cells []Cell
}

// Cell is a number, a text, or neither: nothing was reported.
type Cell struct {
	Number bool
	N      int // ×10^Places
	Places int
	Text   string
}

// title says what a table holds: 卫健日报 2月13日（12/19）.
func (t Table) title() string {
	first, last := t.Days[0], t.Days[len(t.Days)-1]
	if len(t.Days) > 1 {
		return fmt.Sprintf("%s %s–%s", t.Name, first.Day.Label(), last.Day.Label())
	}
	return fmt.Sprintf("%s %s（%d/%d）", t.Name, first.Day.Label(), first.most(), first.Units)
}

// most is the base of the fullest column.
func (d Day) most() int {
	n := 0
	for _, b := range d.Base {
		n = max(n, b)
	}
	return n
}

// Workbook writes tables as XLSX, a sheet each: headers, a row for each unit, a row of
// totals with its base, and who took it when. Numbers are numbers; text is text whatever
// it begins with, so that =1+1 in a remark is no formula.
func Workbook(by string, at time.Time, tables ...Table) ([]byte, error) {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	return bind(by, at, names, func(w writer, sheet string, i int, note string) error { return w.table(sheet, tables[i], note) })
}

// bind makes a workbook with a sheet for each name, filled by fill.
func bind(by string, at time.Time, titles []string, fill func(w writer, sheet string, i int, note string) error) ([]byte, error) {
	w := writer{book: excelize.NewFile()}
	defer w.book.Close()
	var err error
	if w.head, err = w.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, NumFmt: textFormat, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}}); err != nil {
		return nil, fmt.Errorf("workbook style: %w", err)
	}
	if w.text, err = w.book.NewStyle(&excelize.Style{NumFmt: textFormat}); err != nil {
		return nil, fmt.Errorf("workbook style: %w", err)
	}
	note := fmt.Sprintf("%s 于 %s 导出，只供工作使用，请勿转发。", by, at.Format("2006-01-02 15:04"))
	var names []string
	for i, title := range titles {
		name := sheetName(title, names)
		names = append(names, name)
		if i == 0 {
			err = w.book.SetSheetName("Sheet1", name)
		} else {
			_, err = w.book.NewSheet(name)
		}
		if err != nil {
			return nil, fmt.Errorf("sheet %s: %w", name, err)
		}
		if err := fill(w, name, i, note); err != nil {
			return nil, fmt.Errorf("sheet %s: %w", name, err)
		}
	}
	stamp := at.UTC().Format(time.RFC3339)
	if err := w.book.SetDocProps(&excelize.DocProperties{Creator: "居委助手", LastModifiedBy: "居委助手", Created: stamp, Modified: stamp}); err != nil {
		return nil, fmt.Errorf("workbook properties: %w", err)
	}
	var out bytes.Buffer
	if err := w.book.Write(&out); err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return out.Bytes(), nil
}

// textFormat is the built-in format of cells that stay text when somebody edits them.
const textFormat = 49

type writer struct {
	book       *excelize.File
	head, text int // styles
}

func (w writer) table(sheet string, t Table, note string) error {
	several := len(t.Days) > 1
	lead := []string{t.Corner}
	if several {
		lead = []string{"日期", t.Corner}
	}
	head := slices.Clone(lead)
	for _, c := range t.Columns {
		name := c.Header
		if c.Unit != "" {
			name += "（" + c.Unit + "）"
		}
		head = append(head, name)
	}
	for i, h := range head {
		if err := w.put(sheet, i, 1, Cell{Text: h}, w.head); err != nil {
			return err
		}
	}
	row := 1
	line := func(day config.Day, name string, cells []Cell) error {
		row++
		texts := []Cell{{Text: name}}
		if several {
			texts = []Cell{{Text: string(day)}, {Text: name}}
		}
		for i, c := range append(texts, cells...) {
			if err := w.put(sheet, i, row, c, w.text); err != nil {
				return err
			}
		}
		return nil
	}
	for _, d := range t.Days {
		for _, r := range d.Rows {
			if err := line(d.Day, r.Unit, r.Cells); err != nil {
				return err
			}
		}
		if err := line(d.Day, fmt.Sprintf("合计（%d/%d）", d.most(), d.Units), d.Totals); err != nil {
			return err
		}
		if d.uneven() {
			var bases []Cell
			for i, b := range d.Base {
				c := Cell{}
				if d.Totals[i].Number {
					c.Text = fmt.Sprintf("%d/%d", b, d.Units)
				}
				bases = append(bases, c)
			}
			if err := line(d.Day, "填报数", bases); err != nil {
				return err
			}
		}
	}
	if err := w.put(sheet, 0, row+2, Cell{Text: note}, w.text); err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(len(head))
	if err != nil {
		return err
	}
	if err := w.book.SetColWidth(sheet, "A", last, 14); err != nil {
		return err
	}
	return w.book.SetPanes(sheet, &excelize.Panes{Freeze: true, XSplit: len(lead), YSplit: 1, TopLeftCell: corner(len(lead)), ActivePane: "bottomRight"})
}

// corner is the first cell that scrolls.
func corner(columns int) string {
	name, err := excelize.CoordinatesToCellName(columns+1, 2)
	if err != nil {
		return "B2"
	}
	return name
}

// uneven reports whether a total rests on fewer units than another.
func (d Day) uneven() bool {
	for i, b := range d.Base {
		if d.Totals[i].Number && b != d.most() {
			return true
		}
	}
	return false
}

// put writes one cell; an empty one is left out.
func (w writer) put(sheet string, column, row int, c Cell, style int) error {
	at, err := excelize.CoordinatesToCellName(column+1, row)
	if err != nil {
		return err
	}
	switch {
	case c.Number && c.Places == 0:
		return w.book.SetCellInt(sheet, at, int64(c.N))
	case c.Number:
		return w.book.SetCellFloat(sheet, at, float64(c.N)/math.Pow10(c.Places), c.Places, 64)
	case c.Text == "":
		return nil
	}
	if err := w.book.SetCellStr(sheet, at, printable(c.Text)); err != nil {
		return err
	}
	return w.book.SetCellStyle(sheet, at, at, style)
}

// printable leaves out what a sheet cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, s)
}

// sheetName makes a name a sheet may have: at most 31 characters as the spreadsheet counts
// (UTF-16), none of :\/?*[], no ' at its ends, and none that is taken, whatever its case.
func sheetName(name string, taken []string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || unicode.IsControl(r) {
			return '·'
		}
		return r
	}, strings.Trim(name, "' "))
	if name == "" || strings.EqualFold(name, "history") {
		name = "表" + name
	}
	base := name
	for n := 2; ; n++ {
		name = cutUTF16(base, 31)
		if n > 2 {
			tail := fmt.Sprintf("(%d)", n-1)
			name = cutUTF16(base, 31-len(tail)) + tail
		}
		if !slices.ContainsFunc(taken, func(t string) bool { return strings.EqualFold(t, name) }) {
			return name
		}
	}
}

// cutUTF16 keeps at most n UTF-16 units.
func cutUTF16(s string, n int) string {
	used := 0
	for i, r := range s {
		used++
		if r > 0xFFFF {
			used++
		}
		if used > n {
			return s[:i]
		}
	}
	return s
}
