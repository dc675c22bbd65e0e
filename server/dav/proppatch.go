package dav

import (
	"bytes"
	"encoding/xml"
)

// proppatch sets and removes properties (RFC 4918 §9.2), all or none, through
// x/net/webdav, which reads the body and writes the 207; the change is one
// transaction of the store (resource.Patch), under its locks. Works on collections,
// where x/net's own answer is 500 (golang/go#43929).
func (q *request) proppatch() error {
	body, release, err := q.readXML()
	defer release()
	if err != nil {
		return err
	}
	if err := root(xml.NewDecoder(bytes.NewReader(body)), "propertyupdate"); err != nil {
		return err
	}
	if err := q.checkIf(); err != nil { // a patch of protected names alone never gets to the store
		return err
	}
	n, err := q.h.store.Stat(q.r.Context(), q.sc, q.p)
	if err != nil {
		return err
	}
	t := newTree(q, &n, &asked{})
	t.cond = q.forStore
	return q.xnet(t, q.forXNet("PROPPATCH", n.IsFolder(), body))
}
