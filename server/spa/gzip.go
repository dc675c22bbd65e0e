package spa

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// pack makes the gzip form of the scripts and style sheets, once, when the server
// starts: it is a third of their size on the way.
func pack(files fs.FS) (map[string][]byte, error) {
	packed := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if ext := path.Ext(name); err != nil || d.IsDir() || ext != ".js" && ext != ".css" {
			return err
		}
		plain, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		w.Write(plain)
		if err := w.Close(); err == nil && b.Len() < len(plain) {
			packed[name] = bytes.Clone(b.Bytes())
		}
		return nil
	})
	return packed, err
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3): gzip or *, unless by weight 0.
func acceptsGzip(r *http.Request) bool {
	accepted := false
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		if coding = strings.TrimSpace(coding); coding != "gzip" && coding != "*" {
			continue
		}
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q="); ok {
			if f, err := strconv.ParseFloat(q, 64); err == nil {
				weight = f
			}
		}
		if coding == "gzip" {
			return weight > 0
		}
		accepted = weight > 0
	}
	return accepted
}
