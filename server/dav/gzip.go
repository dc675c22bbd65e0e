package dav

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// zippers are the writers that compress listings: so many at once, of about 200 KiB each. A
// listing that finds none free goes out as it is, so that clients that do not read cannot
// make memory grow.
type zippers chan *gzip.Writer

const maxZippers = 8

func newZippers() zippers {
	z := make(zippers, maxZippers)
	for range maxZippers {
		z <- nil // made when it is first used
	}
	return z
}

// take returns a writer to w, or nil.
func (z zippers) take(w http.ResponseWriter) *gzip.Writer {
	select {
	case g := <-z:
		if g == nil {
			g, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // a level that there is
		}
		g.Reset(w)
		return g
	default:
		return nil
	}
}

func (z zippers) give(g *gzip.Writer) {
	g.Reset(nil)
	z <- g
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3): gzip by name, not with a weight of 0.
// "*" is not taken for it: whoever sends that may not think of XML.
func acceptsGzip(h http.Header) bool {
	for _, line := range h.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(one, ";")
			if name = strings.TrimSpace(name); !strings.EqualFold(name, "gzip") && !strings.EqualFold(name, "x-gzip") {
				continue
			}
			key, weight, _ := strings.Cut(parameters, "=")
			if !strings.EqualFold(strings.TrimSpace(key), "q") {
				return true
			}
			q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			return err == nil && q > 0
		}
	}
	return false
}
