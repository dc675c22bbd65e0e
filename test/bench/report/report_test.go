package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 0.01234: "0.0123", 1.234: "1.23", 45.67: "45.7", 789.4: "789", 1234.5: "1,234",
		-1234567: "-1,234,567", math.NaN(): "–", 1e-9: "0.000000",
	} {
		if got := Number(f); got != want {
			t.Errorf("%g: %q, want %q", f, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	table := NewTable("what", "MB/s")
	table.Add("größe", 1234.0)
	table.Add("nothing", 12)
	var b strings.Builder
	table.WriteTo(&b)
	want := "| what    |  MB/s |\n|---------|------:|\n| größe   | 1,234 |\n| nothing |    12 |\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestScale(t *testing.T) {
	line := Line{Points: []Point{{1000, 3}, {1e6, 450}, {0, 1}, {5, -1}}}
	x := newScale([]Line{line}, func(p Point) float64 { return p.X }, 0, 300)
	if a, b := x.at(1000), x.at(1e6); a != 0 || math.Abs(b-300) > 1e-9 {
		t.Errorf("the ends lie at %g and %g", a, b)
	}
	if got := x.ticks(); len(got) != 4 {
		t.Errorf("ticks %v", got)
	}
	y := newScale([]Line{line}, func(p Point) float64 { return p.Y }, 100, 0)
	if a, b := y.at(3), y.at(450); a > 100 || b < 0 || a < b {
		t.Errorf("3 lies at %g, 450 at %g", a, b)
	}
	one := newScale([]Line{{Points: []Point{{1, 7}}}}, func(p Point) float64 { return p.Y }, 100, 0)
	if got := one.at(7); math.IsNaN(got) || got < 0 || got > 100 {
		t.Errorf("the only point lies at %g", got)
	}
}

// TestPlot reads the picture as XML and looks for what a reader needs.
func TestPlot(t *testing.T) {
	p := Plot{Title: "Cost & growth", X: "files", Panels: []Panel{
		{Y: "a second", Lines: []Line{{Name: "put", Points: []Point{{1e3, 3000}, {1e6, 2500}}}, {Name: "get", Points: []Point{{1e3, 3001}, {1e6, 2501}}}}},
		{Y: "ms", Lines: []Line{{Name: "list", Points: []Point{{1e3, 5}, {1e6, 7}}}}},
	}}
	var b strings.Builder
	if err := p.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	svg := b.String()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
	}
	for _, want := range []string{">Cost &amp; growth<", ">files<", ">a second<", ">put<", ">get<", ">list<", ">1 k<", ">1 M<", "prefers-color-scheme: dark"} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error("a coordinate is not a number")
	}
}
