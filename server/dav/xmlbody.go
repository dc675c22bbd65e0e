package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"cairn/server/httperr"
)

// Bounds of an XML body, beside Options.MaxXML.
const (
	maxXMLDepth    = 64
	maxXMLElements = 10_000 // attributes count too
	// Bodies above smallBody are rare, and parsed so few at once that they cannot
	// fill the memory.
	smallBody      = 64 << 10
	maxLargeBodies = 8
)

// readXML reads the body whole and checks it (checkXML). A body without anything is
// nil. It has to arrive within ReadTimeout as a whole. release, never nil, is to be
// called when the body is done with, and may be called again.
//
// x/net/webdav reads without limit, with a parser of 2015 that takes xmlns:x="".
func (q *request) readXML() (body []byte, release func(), err error) {
	release = func() {}
	if q.r.ContentLength > q.h.o.MaxXML {
		return nil, release, errXMLSize
	}
	q.reader().until = time.Now().Add(q.h.o.ReadTimeout)
	r := io.LimitReader(q.reader(), q.h.o.MaxXML+1)
	body, err = io.ReadAll(io.LimitReader(r, smallBody))
	if err == nil && len(body) == smallBody {
		select {
		case q.h.large <- struct{}{}:
			release = sync.OnceFunc(func() { <-q.h.large })
		case <-q.r.Context().Done():
			return nil, release, q.r.Context().Err()
		}
		buf := bytes.NewBuffer(body)
		_, err = buf.ReadFrom(r)
		body = buf.Bytes()
	}
	if err == nil && int64(len(body)) > q.h.o.MaxXML {
		err = errXMLSize
	} else if err != nil {
		err = q.bodyError(err)
	} else {
		body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
		if len(body) == 0 {
			return nil, release, nil
		}
		err = checkXML(body)
	}
	if err != nil {
		release()
		return nil, func() {}, err
	}
	return body, release, nil
}

// bodyError is what a body that could not be read to its end means.
func (q *request) bodyError(err error) error {
	if p := httperr.Of(err); p.Status != http.StatusInternalServerError {
		return err // too slow, too large
	}
	return httperr.Problem{Status: 400, Code: "aborted", Title: "The body could not be read.", Hint: "Send the request again.", Cause: err}
}

var errXMLSize = httperr.Problem{Status: http.StatusRequestEntityTooLarge, Code: "xml-too-large",
	Title: "The XML body is too large.", Hint: "Ask for less at once."}

func badXML(what string) error {
	return httperr.BadRequest("xml", "The XML body "+what+".", "RFC 4918 §14 describes the bodies.")
}

// checkXML reads a document token by token, without recursion, and refuses what a
// parser behind it might choke on: not well-formed with namespaces (RFC 4918 §8.2:
// 400), not UTF-8, with a DTD, or too deep or large.
func checkXML(body []byte) error {
	if !utf8.Valid(body) {
		return badXML("is not UTF-8")
	}
	type element struct {
		name     xml.Name
		prefixes int // declared up to and with this element
	}
	var open []element
	var prefixes []string
	known := func(prefix string) bool {
		if prefix == "" || prefix == "xml" {
			return true
		}
		for _, p := range prefixes {
			if p == prefix {
				return true
			}
		}
		return false
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	roots, count := 0, 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if len(open) > 0 || roots != 1 {
				return badXML("ends too early")
			}
			return nil
		}
		if err != nil {
			return badXML("is not well-formed")
		}
		switch t := t.(type) {
		case xml.Directive:
			return badXML("has a DTD, which this server does not read")
		case xml.CharData:
			if len(open) == 0 && len(bytes.TrimSpace(t)) > 0 {
				return badXML("has text around its element")
			}
		case xml.StartElement:
			if len(open) == 0 {
				roots++
			}
			if count += 1 + len(t.Attr); count > maxXMLElements || roots > 1 {
				return badXML("has too many elements")
			}
			if len(open) >= maxXMLDepth {
				return badXML("is nested too deep")
			}
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" {
					if a.Value == "" {
						return badXML("binds a prefix to nothing")
					}
					prefixes = append(prefixes, a.Name.Local)
				}
			}
			open = append(open, element{t.Name, len(prefixes)})
			if len(prefixes) > maxXMLDepth*4 {
				return badXML("declares too many prefixes")
			}
			if !known(t.Name.Space) || t.Name.Space == "xmlns" {
				return badXML("uses a prefix it does not declare")
			}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && !known(a.Name.Space) {
					return badXML("uses a prefix it does not declare")
				}
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != t.Name {
				return badXML("closes what it did not open")
			}
			open = open[:len(open)-1]
			n := 0
			if len(open) > 0 {
				n = open[len(open)-1].prefixes
			}
			prefixes = prefixes[:n]
		}
	}
}

// children calls f with each element directly inside the one that d has just entered,
// up to its end. f leaves d after the element (Skip).
func children(d *xml.Decoder, f func(xml.StartElement) error) error {
	for {
		t, err := d.Token()
		if err != nil {
			return badXML("is not well-formed")
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := f(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// root enters the document's element, which must have the name in "DAV:".
func root(d *xml.Decoder, local string) error {
	for {
		t, err := d.Token()
		if err != nil {
			return badXML("is empty")
		}
		if s, ok := t.(xml.StartElement); ok {
			if s.Name != dav(local) {
				return badXML("is not a DAV:" + local)
			}
			return nil
		}
	}
}

// dav is a name in the namespace of WebDAV.
func dav(local string) xml.Name { return xml.Name{Space: "DAV:", Local: local} }
