package dav

import "cairn/server/transfer"

// get serves a file (RFC 9110 §9.3.1), whole or in ranges, under all conditions, by
// sendfile where the connection and the stored bytes allow; a collection gets a page
// that says how to mount it. Memory does not grow with the file, nor while a client
// is slow; one that takes nothing for WriteTimeout is cut off.
//
// x/net/webdav serves POST like GET, says 404 whatever is wrong, and reads the first
// bytes of a file to guess its type, for HEAD too.
func (q *request) get() error {
	if err := q.checkIf(); err != nil {
		return err
	}
	n, c, err := transfer.Open(q.r, q.h.store, q.sc, q.p)
	if err != nil {
		return err
	}
	if n.IsFolder() {
		return q.page(&n)
	}
	if c != nil {
		defer c.Close()
	}
	return q.w.File(&n, c, transfer.FileOptions{Digests: q.h.o.Digests})
}
