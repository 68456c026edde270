package chart

import (
	"fmt"
	"image/color"
	"strconv"

	"juwei/handlers"
)

const (
	rowHeight = 74
	nameWidth = 270
	mostRows  = 40 // a picture longer than three screens is no picture
	mostCols  = 10
)

// Grid draws a table of counts: each cell in its column's colour, the stronger the larger
// the count, with the number written in it; 0 is a point. Rows and columns have their sums.
// It implements handlers.DrawGrid.
func Grid(g handlers.Grid) (handlers.File, error) {
	if len(g.Columns) == 0 || len(g.Rows) == 0 {
		return handlers.File{}, fmt.Errorf("draw grid %s: nothing to draw", g.Title)
	}
	if len(g.Columns) > mostCols {
		return handlers.File{}, fmt.Errorf("draw grid %s: %d columns, at most %d fit a phone", g.Title, len(g.Columns), mostCols)
	}
	sums := make([]int, len(g.Columns))
	tops := make([]int, len(g.Columns))
	for _, r := range g.Rows {
		if len(r.Counts) != len(g.Columns) {
			return handlers.File{}, fmt.Errorf("draw grid %s: %s has %d counts for %d columns", g.Title, r.Name, len(r.Counts), len(g.Columns))
		}
		for i, n := range r.Counts {
			sums[i] += n
			tops[i] = max(tops[i], n)
		}
	}
	rows, left := g.Rows, 0
	if len(rows) > mostRows {
		rows, left = rows[:mostRows], len(rows)-mostRows
	}
	top := margin + title + 40
	c, err := newCanvas(top + (len(rows)+2)*rowHeight + 2*small + 2*margin)
	if err != nil {
		return handlers.File{}, err
	}
	c.textFit(margin, margin+title, g.Title, title, ink, width-2*margin)
	cell := (width - 2*margin - nameWidth) / len(g.Columns)
	x := func(i int) int { return margin + nameWidth + i*cell }
	for i, col := range g.Columns {
		c.rect(x(i)+4, top+rowHeight-14, x(i)+cell-4, top+rowHeight-4, hex(col.Colour))
		c.textCentred(x(i)+cell/2, top+rowHeight-28, col.Name, body, ink, cell-8)
	}
	for k, r := range rows {
		y := top + (k+1)*rowHeight
		c.textFit(margin, y+rowHeight/2+body/3, r.Name, body, ink, nameWidth-16)
		for i, n := range r.Counts {
			if n == 0 {
				c.textCentred(x(i)+cell/2, y+rowHeight/2+body/3, "·", body, grey, cell)
				continue
			}
			fill := shade(hex(g.Columns[i].Colour), float64(n)/float64(tops[i]))
			c.rect(x(i)+3, y+3, x(i)+cell-3, y+rowHeight-3, fill)
			c.textCentred(x(i)+cell/2, y+rowHeight/2+body/3, strconv.Itoa(n), body, on(fill), cell-8)
		}
	}
	y := top + (len(rows)+1)*rowHeight
	c.rect(margin, y+2, width-margin, y+5, faint)
	c.text(margin, y+rowHeight/2+body/3, "合计", body, ink, toLeft)
	for i, n := range sums {
		c.textCentred(x(i)+cell/2, y+rowHeight/2+body/3, strconv.Itoa(n), body, ink, cell-8)
	}
	if left > 0 {
		c.text(margin, y+rowHeight+small, fmt.Sprintf("还有%d行没有画出来，合计里有", left), small, grey, toLeft)
	}
	c.textFit(margin, c.height()-margin, g.Note, small, grey, width-2*margin)
	return c.file(g.Title)
}

// shade mixes a colour with the paper: never so pale that a count of 1 can't be seen.
func shade(c color.RGBA, part float64) color.RGBA {
	mix := func(v, w uint8) uint8 { return uint8(float64(w) + (float64(v)-float64(w))*(0.25+0.75*part)) }
	return color.RGBA{mix(c.R, paper.R), mix(c.G, paper.G), mix(c.B, paper.B), 0xff}
}

// on is the ink that reads on a colour.
func on(c color.RGBA) color.RGBA {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) < 128_000 {
		return paper
	}
	return ink
}

// hex reads #RRGGBB; anything else is grey.
func hex(s string) color.RGBA {
	n, err := strconv.ParseUint(s[min(1, len(s)):], 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return color.RGBA{0x8a, 0x8a, 0x8a, 0xff}
	}
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff}
}
