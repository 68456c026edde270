package tables

import (
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"

	"juwei/handlers"
)

// Book writes plain sheets as a workbook, as Workbook does tables: text stays text whatever
// it begins with, numbers are numbers. It implements handlers.MakeBook.
func Book(by string, at time.Time, sheets ...handlers.Sheet) ([]byte, error) {
	names := make([]string, len(sheets))
	for i, s := range sheets {
		names[i] = s.Name
	}
	return bind(by, at, names, func(w writer, sheet string, i int, note string) error { return w.sheet(sheet, sheets[i], note) })
}

// sheet writes one plain sheet: its head, its rows, the note two rows below.
func (w writer) sheet(name string, s handlers.Sheet, note string) error {
	for i, h := range s.Head {
		if err := w.put(name, i, 1, Cell{Text: h}, w.head); err != nil {
			return err
		}
	}
	for r, row := range s.Rows {
		for i, v := range row {
			if err := w.value(name, i, r+2, v); err != nil {
				return err
			}
		}
	}
	if err := w.put(name, 0, len(s.Rows)+3, Cell{Text: note}, w.text); err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(max(len(s.Head), 1))
	if err != nil {
		return err
	}
	if err := w.book.SetColWidth(name, "A", last, 14); err != nil {
		return err
	}
	return w.book.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// value writes a string as text, a float64 as a number.
func (w writer) value(sheet string, column, row int, v any) error {
	switch v := v.(type) {
	case string:
		return w.put(sheet, column, row, Cell{Text: v}, w.text)
	case float64:
		at, err := excelize.CoordinatesToCellName(column+1, row)
		if err != nil {
			return err
		}
		return w.book.SetCellFloat(sheet, at, v, -1, 64)
	}
	return fmt.Errorf("cell of type %T", v)
}
