package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What pages of other origins may send and see (the Fetch standard's CORS protocol): what
// WebDAV and tus clients use. Authorization has to be named: no wildcard covers it.
const (
	corsMethods = "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, REPORT, LOCK, UNLOCK"
	corsHeaders = "Authorization, Content-Type, Cache-Control, Pragma, X-Requested-With, X-Request-Id, X-HTTP-Method-Override, " +
		"Depth, Destination, If, Lock-Token, Overwrite, Timeout, Translate, Prefer, Brief, " +
		"If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Range, Content-Range, " +
		"X-OC-Mtime, OC-Checksum, OC-Total-Length, X-Expected-Entity-Length, " +
		"Content-Digest, Repr-Digest, Digest, Content-MD5, Want-Repr-Digest, Want-Digest, " +
		"Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Checksum"
	corsExposed = "DAV, Allow, MS-Author-Via, ETag, Last-Modified, Content-Length, Content-Range, Content-Disposition, Accept-Ranges, " +
		"Location, Lock-Token, Preference-Applied, Repr-Digest, Digest, Retry-After, WWW-Authenticate, X-OC-Mtime, X-Request-Id, " +
		"Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, " +
		"Upload-Offset, Upload-Length, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Expires"
	corsMaxAge = "600" // seconds
)

// ParseOrigins reads --cors-origins: origins as browsers send them, such as
// https://app.example or app://obsidian.md, or * alone for any. "null", which any page can
// become, is none.
func ParseOrigins(list []string) ([]string, error) {
	if slices.Equal(list, []string{"*"}) {
		return list, nil
	}
	for _, s := range list {
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" || u.Host == "" || s != u.Scheme+"://"+strings.ToLower(u.Host) {
			return nil, fmt.Errorf("origin %q: write it as https://host or https://host:8443, without a slash at its end, or * alone", s)
		}
	}
	return list, nil
}

// cors lets pages of the origins in Config.CORSOrigins use a door, with a name and password that
// they send themselves: no answer allows credentials, so that the browser lends them neither
// its cookies nor its passwords. A preflight is answered here, before anybody is asked
// who they are; every other OPTIONS is the door's. For pages of other origins nothing is
// different: the browser shows them no answer.
func (s *Server) cors(door http.Handler) http.Handler {
	if len(s.CORSOrigins) == 0 {
		return door
	}
	any := s.CORSOrigins[0] == "*"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, origin := w.Header(), r.Header.Get("Origin")
		if !any {
			h.Add("Vary", "Origin")
		}
		if origin == "" || !any && !slices.Contains(s.CORSOrigins, origin) {
			door.ServeHTTP(w, r)
			return
		}
		if any {
			origin = "*"
		}
		h.Set("Access-Control-Allow-Origin", origin)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			h.Set("Access-Control-Expose-Headers", corsExposed)
			door.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}
