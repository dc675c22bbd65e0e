package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cairn/server/httperr"
)

// Bounds of an XML body, beside Options.MaxXML.
const (
	maxXMLDepth    = 64
	maxXMLElements = 10_000 // attributes count too
	// Bodies above smallBody are rare: those on their way are bounded in memory
	// (transfer.Arriving) and in time; so few are parsed at once that they cannot fill
	// the memory.
	smallBody      = 64 << 10
	maxLargeBodies = 8
	largeBodyTime  = 20 * time.Second // or ReadTimeout, if that is shorter
)

var errXMLBusy = httperr.Problem{Status: http.StatusServiceUnavailable, Code: "xml-busy", RetryAfter: 5,
	Title: "Too many large XML bodies are on their way.", Hint: "Try again in a moment."}

// readXML reads the body whole and checks it (checkXML). A body without anything is
// nil. It has to arrive within ReadTimeout as a whole, a large one within
// largeBodyTime. release, never nil, is to be called when the body has been parsed,
// and may be called again.
//
// x/net/webdav reads without limit, with a parser of 2015 that takes xmlns:x="".
func (q *request) readXML() (body []byte, release func(), err error) {
	release = func() {}
	if q.r.ContentLength > q.h.o.MaxXML {
		return nil, release, errXMLSize
	}
	if q.r.ContentLength == 0 {
		return nil, release, nil
	}
	q.body.Until(time.Now().Add(q.h.o.ReadTimeout))
	body, err = io.ReadAll(io.LimitReader(q.body, smallBody))
	if err == nil && int64(len(body)) > q.h.o.MaxXML {
		err = errXMLSize
	} else if err == nil && len(body) == smallBody {
		body, release, err = q.readLarge(body)
	} else if err != nil {
		err = q.bodyError(err)
	}
	if err == nil {
		body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
		if len(body) == 0 {
			release()
			return nil, func() {}, nil
		}
		err = checkXML(body)
	}
	if err != nil {
		release()
		return nil, func() {}, err
	}
	return body, release, nil
}

// readLarge reads on, after begun, and then waits for its turn to be parsed.
func (q *request) readLarge(begun []byte) (body []byte, release func(), err error) {
	size := q.r.ContentLength
	if size < 0 {
		size = q.h.o.MaxXML
	}
	if !q.h.arriving.Take(q.sc.User, size) {
		return nil, func() {}, errXMLBusy
	}
	release = sync.OnceFunc(func() { q.h.arriving.Give(q.sc.User, size) })
	r := q.body
	r.Until(time.Now().Add(min(largeBodyTime, q.h.o.ReadTimeout)))
	body = append(make([]byte, 0, size), begun...)
	n, err := io.ReadFull(r, body[len(begun):size])
	body = body[:len(begun)+n]
	switch {
	case err == nil: // all that was announced; without that there may be more
		if n, _ := io.ReadFull(r, make([]byte, 1)); n > 0 {
			return nil, release, errXMLSize
		}
		if err := r.Err(); !errors.Is(err, io.EOF) {
			return nil, release, q.bodyError(err)
		}
	case q.r.ContentLength >= 0 || !errors.Is(r.Err(), io.EOF):
		return nil, release, q.bodyError(r.Err())
	}
	select {
	case q.h.large <- struct{}{}:
		give := release
		release = sync.OnceFunc(func() { <-q.h.large; give() })
		return body, release, nil
	case <-q.r.Context().Done():
		return nil, release, q.r.Context().Err()
	}
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
// parser behind it, or one that reads it again as part of a listing, might choke on:
// not well-formed with namespaces (RFC 4918 §8.2: 400), not UTF-8, with a DTD, or too
// deep or large.
func checkXML(body []byte) error {
	if !utf8.Valid(body) {
		return badXML("is not UTF-8")
	}
	type element struct {
		name     xml.Name
		prefixes int // declared up to and with this element
	}
	var open []element
	var prefixes prefixes
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
			if err := prefixes.enter(t); err != nil {
				return err
			}
			open = append(open, element{t.Name, len(prefixes)})
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

// prefixes are the namespace prefixes in scope, the innermost last.
type prefixes []struct{ prefix, space string }

// The namespaces of the prefixes xml and xmlns, which nothing declares here.
const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// enter checks the names of a start tag (Namespaces in XML 1.0) and adds what it
// declares.
func (p *prefixes) enter(s xml.StartElement) error {
	for _, a := range s.Attr {
		prefix, ok := a.Name.Local, a.Name.Space == "xmlns"
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			prefix, ok = "", true
		}
		switch {
		case !ok:
			continue
		case prefix == "xml" || prefix == "xmlns" || a.Value == xmlSpace || a.Value == xmlnsSpace:
			return badXML("declares a reserved prefix or namespace")
		case prefix != "" && a.Value == "":
			return badXML("binds a prefix to nothing")
		case prefix != "":
			*p = append(*p, struct{ prefix, space string }{prefix, a.Value})
		}
	}
	if len(*p) > maxXMLDepth*4 {
		return badXML("declares too many prefixes")
	}
	if s.Name.Space == "xml" {
		return badXML("uses a reserved prefix")
	}
	if _, err := p.name(s.Name); err != nil {
		return err
	}
	seen := make(map[xml.Name]bool, len(s.Attr))
	for _, a := range s.Attr {
		n := a.Name
		if n.Space == "xmlns" {
			n.Space = xmlnsSpace
			if !localName(n.Local) {
				return errXMLName
			}
		} else {
			var err error
			if n, err = p.name(n); err != nil {
				return err
			}
		}
		if seen[n] {
			return badXML("has an attribute twice")
		}
		seen[n] = true
	}
	return nil
}

var errXMLName = badXML("has a name that is none")

// localName reports whether the decoder, which passes "a:" and "a:b:c" on as they are,
// has found a name without a colon.
func localName(s string) bool { return s != "" && !strings.Contains(s, ":") }

// name puts the namespace in the place of a prefix.
func (p prefixes) name(n xml.Name) (xml.Name, error) {
	if !localName(n.Local) {
		return n, errXMLName
	}
	switch n.Space {
	case "":
		return n, nil
	case "xml":
		n.Space = xmlSpace
		return n, nil
	}
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].prefix == n.Space {
			n.Space = p[i].space
			return n, nil
		}
	}
	return n, badXML("uses a prefix it does not declare")
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
	_, err := rootElement(d, local)
	return err
}

// rootElement is root, and returns the start tag.
func rootElement(d *xml.Decoder, local string) (s xml.StartElement, err error) {
	for {
		t, err := d.Token()
		if err != nil {
			return s, badXML("is empty")
		}
		if s, ok := t.(xml.StartElement); ok {
			if s.Name != dav(local) {
				err = badXML("is not a DAV:" + local)
			}
			return s, err
		}
	}
}

// dav is a name in the namespace of WebDAV.
func dav(local string) xml.Name { return xml.Name{Space: "DAV:", Local: local} }
