package report

import (
	"fmt"
	"math"
)

// scale maps values to pixels by their logarithm.
type scale struct {
	low, high float64 // decimal logarithms of the ends
	from, to  float64 // pixels
}

// newScale is a scale that holds one coordinate of all points, in pixels between from
// and to. Its ends are the ticks around them.
func newScale(lines []Line, value func(Point) float64, from, to float64) scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, q := range l.Points {
			if q.X > 0 && q.Y > 0 {
				low, high = min(low, value(q)), max(high, value(q))
			}
		}
	}
	if low > high {
		low, high = 1, 10
	}
	s := scale{from: from, to: to}
	s.low, s.high = math.Log10(tickAt(low, -1)), math.Log10(tickAt(high, 1))
	if s.high-s.low < 0.3 {
		s.high = math.Log10(tickAt(high*1.01, 1))
	}
	return s
}

// steps are the ticks within a power of ten.
var steps = []float64{1, 2, 5, 10}

// tickAt is the tick at v, or the next one below or above it.
func tickAt(v float64, direction int) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	at := steps[0]
	for _, s := range steps {
		if direction < 0 && s*power <= v*(1+1e-9) {
			at = s
		}
		if direction > 0 && s*power >= v*(1-1e-9) {
			return s * power
		}
	}
	return at * power
}

func (s scale) at(v float64) float64 {
	return s.from + (math.Log10(v)-s.low)/(s.high-s.low)*(s.to-s.from)
}

// ticks are the values to label: powers of ten, and 2 and 5 between them where there is
// room.
func (s scale) ticks() []float64 {
	within := []float64{1}
	if s.high-s.low < 2.5 {
		within = []float64{1, 2, 5}
	}
	var out []float64
	for e := math.Floor(s.low); e <= s.high; e++ {
		for _, w := range within {
			v := w * math.Pow(10, e)
			if l := math.Log10(v); l >= s.low-1e-9 && l <= s.high+1e-9 {
				out = append(out, v)
			}
		}
	}
	return out
}

// short writes a tick: 0.5, 20, 1 k, 5 M.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%g M", round(v/1e6))
	case v >= 1e3:
		return fmt.Sprintf("%g k", round(v/1e3))
	}
	return fmt.Sprintf("%g", round(v))
}

func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }
