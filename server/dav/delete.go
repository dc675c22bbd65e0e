package dav

import "net/http"

// delete removes a resource, with all below it (RFC 4918 §9.6): 204. It is one
// transaction: a lock anywhere below fails it as a whole, with 207 and the address of
// what is locked, one on the resource itself or above with 423. The root stays (403).
//
// x/net/webdav deletes members that others have locked, keeps locks on what is gone
// (golang/go#42839), and calls every failure 405.
func (q *request) delete() error {
	depth, err := q.depth()
	if err != nil {
		return err
	}
	if depth == 0 || depth == 1 {
		n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
		if err != nil {
			return err
		}
		if n.IsFolder() {
			return errDepth
		}
	}
	if err := q.h.store.Remove(q.r.Context(), q.sc, q.p, q.forStore()); err != nil {
		return err
	}
	return q.status(http.StatusNoContent)
}
