package dav

import (
	"net/http"
	"net/url"
	"strings"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// copyMove copies or moves a resource, with all below it (RFC 4918 §9.8, §9.9), in
// one transaction: 201 where nothing was, 204 where something was replaced, 412 where
// Overwrite is F and something is there.
//
// x/net/webdav takes a MOVE without Overwrite for F (golang/go#66059), removes the
// destination before it looks for the source (MOVE of nothing, or of /a onto /a/,
// destroys data), answers 502 behind a proxy, copies a folder into itself until its
// recursion limit, and wants a list of the If header to fit both resources
// (golang/go#43556).
func (q *request) copyMove() error {
	to, err := q.destination()
	if err != nil {
		return err
	}
	q.to, q.hasTo = to, true
	move := q.r.Method == "MOVE"
	depth, err := q.depth()
	if err != nil || depth == 1 || depth == 0 && move {
		return errDepth
	}
	o := store.MoveOptions{Shallow: depth == 0}
	switch strings.ToUpper(strings.TrimSpace(q.r.Header.Get("Overwrite"))) {
	case "", "T":
		o.Overwrite = true
	case "F":
	default:
		return httperr.BadRequest("overwrite", "The Overwrite header is neither T nor F.", "Leave it out to overwrite.")
	}
	o.Tokens, o.Guard = q.cond.ifs.tokens, q.sourceGuard()
	do := q.h.store.Copy
	if move {
		do = q.h.store.Move
	}
	n, err := do(q.r.Context(), q.sc, q.p, to, o)
	if err != nil {
		return taken(err)
	}
	if !n.IsFolder() {
		transfer.SetValidators(q.w.Header(), &n.Node)
	}
	return q.status(existed(n.Created))
}

// taken makes 412 of a taken name: the client said Overwrite: F (RFC 4918 §10.6).
func taken(err error) error {
	if p := httperr.Of(err); p.Code == "exists" {
		p.Status = http.StatusPreconditionFailed
		return p
	}
	return err
}

// sourceGuard checks the If header, and HTTP's conditions against the source, which
// is the resource of the request.
func (q *request) sourceGuard() func(store.View) error {
	c, ifs := q.cond, q.h.guard(q.cond.ifs, q.p)
	if c.Match == nil && c.NoneMatch == nil && c.Unmodified.IsZero() {
		return ifs
	}
	return func(v store.View) error {
		n, err := v.Stat(q.p)
		if err != nil {
			return err
		}
		if !c.Current(&n) || c.Known(&n) {
			return store.ErrPrecondition
		}
		if ifs != nil {
			return ifs(v)
		}
		return nil
	}
}

// destination reads the Destination header: an absolute URL, http or https, or an
// absolute path (RFC 4918 §10.3). Only its path counts, since a proxy changes scheme, host
// and port, unless our address is configured and the host is another: then it is a
// server we do not know (502, §9.8.5). A path outside the mount is 403: it may be on this
// very server, and is no place for what is moved; nor can a client make it one, which it
// would try after a 409.
func (q *request) destination() (store.Path, error) {
	bad := httperr.BadRequest("destination", "The Destination header is missing or no address.", "Send a whole URL, or an absolute path, properly escaped.")
	v := q.r.Header.Get("Destination")
	if v == "" || strings.HasPrefix(v, "//") || strings.ContainsAny(v, "?#") {
		return "", bad
	}
	u, err := url.Parse(v)
	if err != nil || u.Opaque != "" || (u.Scheme == "") != (u.Host == "") ||
		u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || !strings.HasPrefix(u.Path, "/") {
		return "", bad
	}
	if base := q.h.o.BaseURL; base != nil && u.Host != "" && !strings.EqualFold(u.Hostname(), base.Hostname()) {
		return "", httperr.Problem{Status: http.StatusBadGateway, Code: "destination-elsewhere",
			Title: "The destination is on another server.", Hint: "Copy and move work within this address only."}
	}
	to, _, err := q.h.parsePath(u.EscapedPath())
	if err == errElsewhere {
		return "", httperr.Problem{Status: http.StatusForbidden, Code: "destination-outside",
			Title: "The destination is not in this WebDAV folder.", Hint: "Copy and move work below the address that is mounted only."}
	}
	return to, err
}
