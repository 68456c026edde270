package chart

import (
	"bytes"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"juwei/handlers"
)

//go:embed NotoSansSC.otf
var notoSansSC []byte

// theFont is opened with the first picture: a bot that draws none pays nothing for it.
var theFont = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(notoSansSC) })

// canvas is a picture being drawn. It is used by one goroutine.
type canvas struct {
	img   *image.RGBA
	font  *opentype.Font
	faces map[int]font.Face // by size
}

func newCanvas(height int) (*canvas, error) {
	f, err := theFont()
	if err != nil {
		return nil, fmt.Errorf("open font: %w", err)
	}
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, width, height)), font: f, faces: map[int]font.Face{}}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	return c, nil
}

func (c *canvas) height() int { return c.img.Bounds().Dy() }

// file is the finished picture.
func (c *canvas) file(name string) (handlers.File, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, c.img); err != nil {
		return handlers.File{}, fmt.Errorf("encode picture: %w", err)
	}
	return handlers.File{Name: name + ".png", Data: out.Bytes()}, nil
}

// point is a place on the canvas.
type point struct{ x, y float64 }

func (c *canvas) rect(x0, y0, x1, y1 int, col color.RGBA) {
	draw.Draw(c.img, image.Rect(x0, y0, x1, y1), image.NewUniform(col), image.Point{}, draw.Src)
}

// line draws through the points with round corners; one point alone is drawn by dot.
func (c *canvas) line(points []point, thick float64, col color.RGBA) {
	if len(points) < 2 {
		return
	}
	var pieces [][]point
	for i, p := range points[1:] {
		q := points[i]
		dx, dy := p.x-q.x, p.y-q.y
		n := math.Hypot(dx, dy)
		if n == 0 {
			continue
		}
		ox, oy := -dy/n*thick/2, dx/n*thick/2
		pieces = append(pieces, []point{{q.x + ox, q.y + oy}, {p.x + ox, p.y + oy}, {p.x - ox, p.y - oy}, {q.x - ox, q.y - oy}})
	}
	c.fill(col, pieces...)
	for _, p := range points[1 : len(points)-1] {
		c.dot(p.x, p.y, thick/2, col)
	}
}

// dot draws a disc.
func (c *canvas) dot(x, y, radius float64, col color.RGBA) {
	const corners = 24
	var round []point
	for i := range corners {
		a := 2 * math.Pi * float64(i) / corners
		round = append(round, point{x + radius*math.Cos(a), y + radius*math.Sin(a)})
	}
	c.fill(col, round)
}

// fill paints polygons as one shape. Only the part of the picture they lie in is worked on.
func (c *canvas) fill(col color.RGBA, polygons ...[]point) {
	var box image.Rectangle
	for _, polygon := range polygons {
		for _, p := range polygon {
			box = box.Union(image.Rect(int(math.Floor(p.x)), int(math.Floor(p.y)), int(math.Ceil(p.x))+1, int(math.Ceil(p.y))+1))
		}
	}
	box = box.Intersect(c.img.Bounds())
	if box.Empty() {
		return
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	at := func(p point) (x, y float32) {
		return float32(p.x) - float32(box.Min.X), float32(p.y) - float32(box.Min.Y)
	}
	for _, polygon := range polygons {
		r.MoveTo(at(polygon[0]))
		for _, p := range polygon[1:] {
			r.LineTo(at(p))
		}
		r.ClosePath()
	}
	r.Draw(c.img, box, image.NewUniform(col), image.Point{})
}

// align says which part of a text stands at the place given.
type align int

const (
	toLeft  align = iota // its left end
	centred              // its middle
	toRight              // its right end
)

// text writes one line; y is its base line. A character the font lacks is a box.
func (c *canvas) text(x, y int, s string, size int, col color.RGBA, a align) {
	f := c.face(size)
	s = clean(s)
	switch wide := font.MeasureString(f, s).Round(); a {
	case centred:
		x -= wide / 2
	case toRight:
		x -= wide
	}
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

// label writes a figure in the middle above a point, on paper of its own, so that it reads
// where lines pass behind it.
func (c *canvas) label(x, y int, s string, size int, col color.RGBA) {
	wide := c.wide(s, size)
	x = min(max(x, wide/2+4), width-wide/2-4)
	c.rect(x-wide/2-3, y-size*3/4, x+wide/2+3, y+3, paper)
	c.text(x, y, s, size, col, centred)
}

// textFit writes a line that is at most so wide: smaller down to two thirds, then cut.
func (c *canvas) textFit(x, y int, s string, size int, col color.RGBA, wide int) {
	s, size = c.fit(s, size, wide)
	c.text(x, y, s, size, col, toLeft)
}

// textCentred is textFit around a middle.
func (c *canvas) textCentred(x, y int, s string, size int, col color.RGBA, wide int) {
	s, size = c.fit(s, size, wide)
	c.text(x, y, s, size, col, centred)
}

func (c *canvas) fit(s string, size, wide int) (string, int) {
	s = clean(s)
	least := size * 2 / 3
	for size > least && c.wide(s, size) > wide {
		size -= 2
	}
	if c.wide(s, size) <= wide {
		return s, size
	}
	r := []rune(s)
	for len(r) > 0 && c.wide(string(r)+"…", size) > wide {
		r = r[:len(r)-1]
	}
	return string(r) + "…", size
}

func (c *canvas) wide(s string, size int) int { return font.MeasureString(c.face(size), s).Round() }

func (c *canvas) face(size int) font.Face {
	f, ok := c.faces[size]
	if !ok {
		var err error
		f, err = opentype.NewFace(c.font, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
		if err != nil { // NewFace fails on a nil font only
			panic("chart: " + err.Error())
		}
		c.faces[size] = f
	}
	return f
}

// clean leaves out what cannot be drawn.
func clean(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			out = append(out, ' ')
		case !unicode.IsControl(r):
			out = append(out, r)
		}
	}
	return string(out)
}
