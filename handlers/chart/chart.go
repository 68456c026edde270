// Package chart draws the few pictures the bot sends: a run of days as lines, a table of
// counts as coloured cells.
//
// In: a handlers.Trend or handlers.Grid. Out: a PNG as wide as a phone's screen is sharp,
// with type large enough to be read at 390 points. It knows no store and no street. The
// font (NotoSansSC.otf, see OFL.txt) lies in the program and is opened with the first
// picture; nothing is kept between pictures but that.
// Start with Trend; canvas.go is what both draw with.
package chart

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"juwei/handlers"
)

// The measures of a picture, in pixels: three to a point on a phone of 390 points.
const (
	width  = 1080
	margin = 40
	title  = 50 // sizes of type
	body   = 36
	small  = 30
)

var (
	ink   = color.RGBA{0x22, 0x22, 0x22, 0xff}
	grey  = color.RGBA{0x6b, 0x6b, 0x6b, 0xff}
	faint = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	lines = []color.RGBA{{0x1f, 0x5f, 0xa8, 0xff}, {0xb4, 0x4b, 0x12, 0xff}, {0x2f, 0x7d, 0x4f, 0xff}, {0x7a, 0x3e, 0x8f, 0xff}}
)

const (
	panel    = 380 // height of one line's panel
	mostDays = 8   // with more, not every point is labelled
)

// Trend draws a run of days, a panel with its own scale for each line: figures of different
// sizes stay readable, and nothing has to be looked up in a legend. It implements
// handlers.DrawTrend.
func Trend(t handlers.Trend) (handlers.File, error) {
	if len(t.Days) == 0 || len(t.Lines) == 0 {
		return handlers.File{}, fmt.Errorf("draw trend %s: nothing to draw", t.Title)
	}
	for _, l := range t.Lines {
		if len(l.Points) != len(t.Days) {
			return handlers.File{}, fmt.Errorf("draw trend %s: %s has %d points for %d days", t.Title, l.Name, len(l.Points), len(t.Days))
		}
	}
	top := margin + title + 30
	c, err := newCanvas(top + len(t.Lines)*panel + small + 2*margin)
	if err != nil {
		return handlers.File{}, err
	}
	c.textFit(margin, margin+title, t.Title, title, ink, width-2*margin)
	for i, l := range t.Lines {
		c.panel(top+i*panel, t.Days, l, lines[i%len(lines)])
	}
	c.textFit(margin, c.height()-margin, t.Note, small, grey, width-2*margin)
	return c.file(t.Title)
}

// panel draws one line with its name, its scale and its days.
func (c *canvas) panel(top int, days []string, l handlers.TrendLine, ink color.RGBA) {
	const left, right, head, foot = margin + 90, width - margin - 50, 100, 100
	c.rect(margin, top+14, margin+24, top+14+body, ink)
	c.text(margin+40, top+14+body-5, l.Name, body, ink, toLeft)
	if !slices.ContainsFunc(l.Points, func(p handlers.TrendPoint) bool { return p.Known }) {
		c.text(width/2, top+panel/2, "这几天没有人报", body, grey, centred)
		return
	}
	low, high := bounds(l.Points)
	ceiling, floor := float64(top+head), float64(top+panel-foot)
	y := func(n int) float64 {
		return floor - (float64(n)-low)/(high-low)*(floor-ceiling)
	}
	x := func(i int) float64 {
		if len(days) == 1 {
			return (left + right) / 2
		}
		return left + float64(i)*(right-left)/float64(len(days)-1)
	}
	for _, n := range []float64{low, high} {
		at := floor - (n-low)/(high-low)*(floor-ceiling)
		c.line([]point{{left - 20, at}, {right + 20, at}}, 2, faint)
		c.text(left-34, int(at)+small/3, strconv.Itoa(int(n)), small, grey, toRight)
	}
	c.run(l.Points, x, y, ink)
	every := (len(days) + mostDays - 1) / mostDays
	for i, d := range days {
		if (len(days)-1-i)%every != 0 {
			continue
		}
		c.text(int(x(i)), int(floor)+small+22, d, small, grey, centred)
		if p := l.Points[i]; p.Base != "" || !p.Known {
			c.text(int(x(i)), int(floor)+2*small+26, cmp.Or(p.Base, "没报"), small-4, grey, centred)
		}
	}
}

// run draws the points and the line between those that follow each other; where a day has
// no figure it has a gap.
func (c *canvas) run(points []handlers.TrendPoint, x func(int) float64, y func(int) float64, ink color.RGBA) {
	var part []point
	for i, p := range points {
		if p.Known {
			part = append(part, point{x(i), y(p.N)})
		}
		if !p.Known || i == len(points)-1 {
			c.line(part, 6, ink)
			part = nil
		}
	}
	say := told(points)
	for i, p := range points {
		if !p.Known {
			continue
		}
		c.dot(x(i), y(p.N), 10, ink)
		if say[i] {
			c.label(int(x(i)), int(y(p.N))-22, cmp.Or(p.Text, strconv.Itoa(p.N)), body-2, ink)
		}
	}
}

// told says which points have their figure written at them: all of a week, and of longer
// runs the first, the last, the highest and the lowest, as far as they don't touch.
func told(points []handlers.TrendPoint) []bool {
	out := make([]bool, len(points))
	var known []int
	for i, p := range points {
		if p.Known {
			known = append(known, i)
		}
	}
	if len(known) == 0 {
		return out
	}
	if len(points) <= mostDays {
		for _, i := range known {
			out[i] = true
		}
		return out
	}
	by := func(a, b int) int { return cmp.Compare(points[a].N, points[b].N) }
	room := len(points)/mostDays + 1
	for _, i := range []int{known[len(known)-1], slices.MaxFunc(known, by), slices.MinFunc(known, by), known[0]} {
		if !slices.Contains(out[max(0, i-room):min(len(out), i+room+1)], true) {
			out[i] = true
		}
	}
	return out
}

// bounds are the ends of a scale: it begins at 0, unless all values lie so far above it that
// nothing could be seen.
func bounds(points []handlers.TrendPoint) (low, high float64) {
	first := true
	for _, p := range points {
		if !p.Known {
			continue
		}
		n := float64(p.N)
		if first || n < low {
			low = n
		}
		if first || n > high {
			high = n
		}
		first = false
	}
	step := nice(max(high-low, 1))
	if low > 0 && low < 2*(high-low) || low == high && low < 10 {
		low = min(low, 0)
	}
	low, high = math.Floor(low/step)*step, math.Ceil(high/step)*step
	if low == high {
		high += step
	}
	return low, high
}

// nice is the step that divides a span in two to five parts: 1, 2 or 5 times a power of ten.
func nice(span float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(span)))
	switch r := span / p; {
	case r <= 2:
		p /= 2
	case r > 5:
		p *= 2
	}
	return max(p, 1)
}
