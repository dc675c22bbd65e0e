package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strconv"
	"strings"

	"cairn/server/httperr"
	"cairn/store"
)

// maxOwner bounds the owner of a lock, in bytes of XML.
const maxOwner = 8 << 10

var errOwner = httperr.BadRequest("owner", "The owner of the lock is too long.", "Use at most 8 KiB.")

// parseLockInfo reads a lockinfo element (RFC 4918 §14.11) that checkXML let pass:
// scope and owner.
func parseLockInfo(body []byte) (spec store.LockSpec, err error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := root(d, "lockinfo"); err != nil {
		return spec, err
	}
	var exclusive, shared, write bool
	flags := map[xml.Name]*bool{dav("exclusive"): &exclusive, dav("shared"): &shared, dav("write"): &write}
	flag := func(s xml.StartElement) error {
		if f := flags[s.Name]; f != nil {
			*f = true
		}
		return d.Skip()
	}
	err = children(d, func(s xml.StartElement) error {
		switch s.Name {
		case dav("lockscope"), dav("locktype"):
			return children(d, flag)
		case dav("owner"):
			spec.Owner, err = innerXML(d, maxOwner, errOwner)
			return err
		}
		return d.Skip()
	})
	if err != nil {
		return spec, err
	}
	if exclusive == shared || !write {
		return spec, httperr.Problem{Status: 422, Code: "lockinfo", Title: "There is no such kind of lock.",
			Hint: "Ask for a write lock, exclusive or shared."}
	}
	spec.Shared = shared
	return spec, nil
}

// innerXML is what is inside the element that d has entered, written so that it can
// stand anywhere: each element declares the namespaces it uses. Comments and processing
// instructions are left out. Above limit bytes it fails with tooLong.
func innerXML(d *xml.Decoder, limit int, tooLong error) (string, error) {
	var b strings.Builder
	var open []string
	for {
		t, err := d.Token()
		if err != nil {
			return "", badXML("is not well-formed")
		}
		switch t := t.(type) {
		case xml.CharData:
			xml.EscapeText(&b, t)
		case xml.StartElement:
			open = append(open, startElement(&b, t))
		case xml.EndElement:
			if len(open) == 0 {
				return b.String(), nil
			}
			b.WriteString("</" + open[len(open)-1] + ">")
			open = open[:len(open)-1]
		}
		if b.Len() > limit {
			return "", tooLong
		}
	}
}

// startElement writes a start tag and returns its name as written.
func startElement(b *strings.Builder, s xml.StartElement) string {
	name, decl := s.Name.Local, ` xmlns="`+escapeXML(s.Name.Space)+`"`
	if s.Name.Space == "DAV:" { // Windows wants it with a prefix
		name, decl = "D:"+name, ` xmlns:D="DAV:"`
	}
	b.WriteString("<" + name + decl)
	for i, a := range s.Attr {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns":
			continue
		case a.Name.Space == "":
			b.WriteString(" " + a.Name.Local)
		case a.Name.Space == "xml" || a.Name.Space == "http://www.w3.org/XML/1998/namespace":
			b.WriteString(" xml:" + a.Name.Local)
		default:
			p := "a" + strconv.Itoa(i)
			b.WriteString(" xmlns:" + p + `="` + escapeXML(a.Name.Space) + `" ` + p + ":" + a.Name.Local)
		}
		b.WriteString(`="` + escapeXML(a.Value) + `"`)
	}
	b.WriteString(">")
	return name
}

// isRange reports whether a number was too large to read.
func isRange(err error) bool { return errors.Is(err, strconv.ErrRange) }
