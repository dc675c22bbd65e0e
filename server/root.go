package server

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const rootAllow = "OPTIONS, GET, HEAD, PROPFIND"

// rootOptions answers OPTIONS at the base root: Windows asks there before it asks the
// share, and mounts nothing when no DAV header comes back.
func (s *Server) rootOptions(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("DAV", "1, 2, 3")
	h.Set("MS-Author-Via", "DAV")
	h.Set("Allow", rootAllow)
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// rootPropfind answers PROPFIND at the base root as a collection that holds dav/. It
// tells nothing that needs a name, so it asks for none; which properties the body
// asks for does not matter. Depth infinity is refused (RFC 4918 §9.1.1).
func (s *Server) rootPropfind(w http.ResponseWriter, r *http.Request) {
	hrefs := []string{s.base + "/"}
	switch depth := r.Header.Get("Depth"); {
	case depth == "0":
	case depth == "1":
		hrefs = append(hrefs, s.base+"/dav/")
	case depth == "" || strings.EqualFold(depth, "infinity"):
		answerXML(w, http.StatusForbidden, `<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>`)
		return
	default:
		http.Error(w, "Depth is 0 or 1", http.StatusBadRequest)
		return
	}
	var b strings.Builder
	b.WriteString(`<D:multistatus xmlns:D="DAV:">`)
	for _, href := range hrefs {
		b.WriteString(`<D:response><D:href>`)
		xml.EscapeText(&b, []byte((&url.URL{Path: href}).EscapedPath()))
		b.WriteString(`</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>` +
			`<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`)
	}
	b.WriteString(`</D:multistatus>`)
	answerXML(w, http.StatusMultiStatus, b.String())
}

func answerXML(w http.ResponseWriter, status int, body string) {
	body = `<?xml version="1.0" encoding="utf-8"?>` + body + "\n"
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	w.Write([]byte(body))
}
