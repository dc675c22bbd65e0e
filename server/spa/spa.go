// Package spa serves the browser app that Vite built into the binary.
package spa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"cairn/web"
)

// Handler serves the app. It gets paths below the base ("/" is the page).
type Handler struct {
	files  fs.FS
	index  []byte
	packed map[string][]byte // by name: gzip of what gets smaller by it
}

// New prepares the app in files (index.html, assets/…) for the base path, which is ""
// at the root and has no slash at its end. The page's web.BaseTag becomes one with the
// base, followed by <meta name="cairn-config" content="{…}">, JSON with the base.
// Without an index.html it serves web.NotBuilt.
func New(files fs.FS, base string) (*Handler, error) {
	index, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		index, err = []byte(web.NotBuilt), nil
	}
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	config, err := json.Marshal(map[string]string{"base": base + "/"})
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	tags := fmt.Sprintf(`<base href="%s" /><meta name="cairn-config" content="%s" />`,
		html.EscapeString(base+"/"), html.EscapeString(string(config)))
	if !bytes.Contains(index, []byte(web.BaseTag)) {
		return nil, fmt.Errorf("app: index.html lacks %s", web.BaseTag)
	}
	index = bytes.Replace(index, []byte(web.BaseTag), []byte(tags), 1)
	h := &Handler{files: files, index: index}
	h.packed, err = pack(files)
	return h, err
}

// ServeHTTP answers GET and HEAD: the page (never cached), an asset of assets/, whose
// name changes with its content (cached for ever), another file at the top
// (revalidated), and 404 for all else.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" || name == "index.html" {
		w.Header().Set("Cache-Control", "no-store")
		http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(h.index))
		return
	}
	info, err := fs.Stat(h.files, name)
	if err != nil || info.IsDir() || hidden(name) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	if b, ok := h.packed[name]; ok {
		w.Header().Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
			return
		}
	}
	http.ServeFileFS(w, r, h.files, name)
}

// hidden keeps placeholders and build records to ourselves.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}
