package dav

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"cairn/store"
)

// page answers GET of a collection, for people who open the address in a browser:
// what this is, and how to mount it. No script, nothing loaded.
func (q *request) page(n *store.Node) error {
	if !q.cond.Current(n) {
		return store.ErrPrecondition
	}
	if q.cond.Known(n) {
		return q.status(http.StatusNotModified)
	}
	address := ""
	if b := q.h.o.BaseURL; b != nil {
		address = b.Scheme + "://" + b.Host + q.h.href("", true)
	}
	var body strings.Builder
	err := pageTemplate.Execute(&body, struct{ Path, Address, User, Style any }{
		"/" + string(q.p), address, q.user, template.CSS(pageStyle),
	})
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+pageStyleHash+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	q.status(http.StatusOK)
	if q.r.Method == http.MethodHead {
		return nil
	}
	_, err = q.w.Write([]byte(body.String()))
	return err
}

const pageStyle = `body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1c1c1e;background:#fff}` +
	`code{font:14px ui-monospace,monospace;background:#f0f0f2;padding:.15em .35em;border-radius:4px;overflow-wrap:anywhere}dt{font-weight:600;margin-top:1rem}dd{margin:0}` +
	`@media(prefers-color-scheme:dark){body{color:#eee;background:#1c1c1e}code{background:#2c2c2e}}`

var pageStyleHash = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Cairn: a WebDAV folder</title><style>{{.Style}}</style></head>
<body><h1>This is a WebDAV folder</h1>
<p>You are looking at <code><bdi>{{.Path}}</bdi></code>{{if .User}}, signed in as <bdi>{{.User}}</bdi>{{end}}. Browsers show no files here: mount the address as a network drive instead, and sign in with the same name and password.</p>
<p>{{if .Address}}The address is <code>{{.Address}}</code>{{else}}The address is the one in your browser's address bar, up to and with <code>dav/</code>{{end}}</p>
<dl><dt>macOS</dt><dd>Finder, Go, Connect to Server, then the address.</dd>
<dt>Windows</dt><dd>Explorer, This PC, Map network drive, then the address (it must begin with https).</dd>
<dt>Linux</dt><dd>Files, Other Locations: the address with <code>davs://</code> in place of <code>https://</code>; or <code>mount -t davfs</code> and the address.</dd>
<dt>Phones</dt><dd>Any file manager that speaks WebDAV.</dd></dl></body></html>
`))
