package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// Plot is a picture of one or more panels, one below the other, that share their x
// axis. All scales are logarithmic.
type Plot struct {
	Title  string
	X      string // label of the x axis
	Panels []Panel
}

// Panel is one pair of axes.
type Panel struct {
	Y     string // label of its y axis, with the unit
	Lines []Line
}

// Line is one series of points. X and Y must be positive; other points are left out.
type Line struct {
	Name   string
	Points []Point
}

// Point is one measurement.
type Point struct{ X, Y float64 }

// The picture's measures in pixels: the panel's plot area, and the room beside it for
// the y axis and the names of the lines.
const (
	plotWidth, panelHeight = 520, 220
	left, right            = 76, 150
	top, gap, bottom       = 56, 40, 56
)

// Each line has a colour for light, one for dark, and a mark of its own, so that it can
// be told without colours.
const style = `
text { font: 13px system-ui, sans-serif; fill: var(--ink) }
.title { font-size: 16px; font-weight: 600 }
.tick { font-size: 12px }
.grid { stroke: var(--grid); stroke-width: 1 }
.axis { stroke: var(--ink); stroke-width: 1; fill: none }
.line { fill: none; stroke-width: 2 }
.l0 { --c: var(--c0) } .l1 { --c: var(--c1) } .l2 { --c: var(--c2) } .l3 { --c: var(--c3) }
.line { stroke: var(--c) } .mark { fill: var(--c) } .name { fill: var(--c) }
svg { --ink: #24292f; --grid: #d0d7de; --c0: #0550ae; --c1: #953800; --c2: #116329; --c3: #8250df }
@media (prefers-color-scheme: dark) {
svg { --ink: #e6edf3; --grid: #3d444d; --c0: #79c0ff; --c1: #ffa657; --c2: #7ee787; --c3: #d2a8ff }
}`

// WriteSVG writes the picture. It has no background, and its colours follow the
// reader's scheme.
func (p *Plot) WriteSVG(w io.Writer) error {
	var b strings.Builder
	width := left + plotWidth + right
	height := top + len(p.Panels)*(panelHeight+gap) - gap + bottom
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(p.Title))
	fmt.Fprintf(&b, "<style>%s\n</style>\n", style)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="28">%s</text>`+"\n", left, html.EscapeString(p.Title))
	var all []Line
	for _, panel := range p.Panels {
		all = append(all, panel.Lines...)
	}
	xs := newScale(all, func(q Point) float64 { return q.X }, left, left+plotWidth)
	for i, panel := range p.Panels {
		panel.write(&b, xs, float64(top+i*(panelHeight+gap)), i == len(p.Panels)-1)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n</svg>\n", left+plotWidth/2, height-12, html.EscapeString(p.X))
	_, err := io.WriteString(w, b.String())
	return err
}

func (p Panel) write(b *strings.Builder, xs scale, y0 float64, last bool) {
	y1 := y0 + panelHeight
	ys := newScale(p.Lines, func(q Point) float64 { return q.Y }, y1, y0)
	for _, v := range xs.ticks() {
		x := xs.at(v)
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fV%.1f"/>`+"\n", x, y0, y1)
		if last {
			fmt.Fprintf(b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x, y1+18, short(v))
		}
	}
	for _, v := range ys.ticks() {
		y := ys.at(v)
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1fH%d"/>`+"\n", left, y, left+plotWidth)
		fmt.Fprintf(b, `<text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8, y+4, short(v))
	}
	fmt.Fprintf(b, `<path class="axis" d="M%d %.1fV%.1fH%d"/>`+"\n", left, y0, y1, left+plotWidth)
	mid := (y0 + y1) / 2
	fmt.Fprintf(b, `<text x="18" y="%.1f" text-anchor="middle" transform="rotate(-90 18 %.1f)">%s</text>`+"\n", mid, mid, html.EscapeString(p.Y))

	var names []name
	for i, l := range p.Lines {
		var d strings.Builder
		var end Point
		for _, q := range l.Points {
			if q.X <= 0 || q.Y <= 0 {
				continue
			}
			verb := "L"
			if d.Len() == 0 {
				verb = "M"
			}
			end = Point{xs.at(q.X), ys.at(q.Y)}
			fmt.Fprintf(&d, "%s%.1f %.1f", verb, end.X, end.Y)
			b.WriteString(mark(i, end) + "\n")
		}
		if d.Len() > 0 {
			fmt.Fprintf(b, `<path class="line l%d" d="%s"/>`+"\n", i%4, d.String())
			names = append(names, name{i, l.Name, end.Y})
		}
	}
	slices.SortStableFunc(names, func(a, b name) int { return cmp.Compare(a.y, b.y) })
	for i, n := range names { // apart, from the top on
		if i > 0 {
			n.y = max(n.y, names[i-1].y+17)
			names[i].y = n.y
		}
		b.WriteString(mark(n.line, Point{left + plotWidth + 14, n.y}) + "\n")
		fmt.Fprintf(b, `<text class="name l%d" x="%d" y="%.1f">%s</text>`+"\n", n.line%4, left+plotWidth+24, n.y+4, html.EscapeString(n.text))
	}
}

// name is the name of a line beside its end.
type name struct {
	line int
	text string
	y    float64
}

// mark is a shape of about 8 pixels: circle, square, triangle, diamond.
func mark(line int, at Point) string {
	x, y := at.X, at.Y
	switch line % 4 {
	case 0:
		return fmt.Sprintf(`<circle class="mark l0" cx="%.1f" cy="%.1f" r="4"/>`, x, y)
	case 1:
		return fmt.Sprintf(`<rect class="mark l1" x="%.1f" y="%.1f" width="7" height="7"/>`, x-3.5, y-3.5)
	case 2:
		return fmt.Sprintf(`<path class="mark l2" d="M%.1f %.1fl4.5 8h-9z"/>`, x, y-5)
	}
	return fmt.Sprintf(`<path class="mark l3" d="M%.1f %.1fl5 5l-5 5l-5-5z"/>`, x, y-5)
}
