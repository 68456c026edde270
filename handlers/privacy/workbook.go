package privacy

import (
	"bytes"
	"fmt"

	"github.com/xuri/excelize/v2"

	"juwei/handlers"
)

// textFormat is the spreadsheet format under which nothing is taken for a formula or a date.
const textFormat = 49

// workbook writes a sheet as XLSX with its mark on top, on every printed page and in the
// document's properties: whoever passes it on passes his name on.
func workbook(s handlers.HouseSheet, mark string) ([]byte, error) {
	book := excelize.NewFile()
	defer book.Close()
	text, err := book.NewStyle(&excelize.Style{NumFmt: textFormat})
	if err != nil {
		return nil, fmt.Errorf("workbook style: %w", err)
	}
	bold, err := book.NewStyle(&excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, fmt.Errorf("workbook style: %w", err)
	}
	name := book.GetSheetName(0)
	lines := append([][]string{{mark}, s.Header}, s.Rows...)
	for i, cells := range append(lines, []string{mark}) {
		style := text
		if i < 2 {
			style = bold
		}
		for j, value := range cells {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				return nil, fmt.Errorf("workbook cell: %w", err)
			}
			if err := book.SetCellStr(name, at, value); err != nil {
				return nil, fmt.Errorf("workbook cell %s: %w", at, err)
			}
			if err := book.SetCellStyle(name, at, at, style); err != nil {
				return nil, fmt.Errorf("workbook cell %s: %w", at, err)
			}
		}
	}
	page := "&C" + mark // in page headers & begins a code, and no post or purpose may hold one
	if len(page) <= 255 {
		if err := book.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: page, OddFooter: page}); err != nil {
			return nil, fmt.Errorf("workbook header: %w", err)
		}
	}
	if err := book.SetDocProps(&excelize.DocProperties{Title: s.Title, Description: mark}); err != nil {
		return nil, fmt.Errorf("workbook properties: %w", err)
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return b.Bytes(), nil
}
