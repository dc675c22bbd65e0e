package dav

import (
	"bytes"
	"encoding/xml"

	"golang.org/x/net/webdav"

	"cairn/store"
)

// parsePropertyUpdate reads a body (RFC 4918 §14.19) that checkXML let pass: the
// properties to set and to remove, in order. A value is written so that it can stand
// anywhere; the language in scope is its own (§4.3). Elements that it does not know are
// ignored (§17), and so is what is in a property to be removed (§14.23). At most
// maxPropNames names with maxPropNameBytes, and values of store.MaxPropsBytes together
// (ErrPropsTooLarge).
func parsePropertyUpdate(body []byte) (patches []webdav.Proppatch, err error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	top, err := rootElement(d, "propertyupdate")
	if err != nil {
		return nil, err
	}
	names, bytes, left := 0, 0, store.MaxPropsBytes
	property := func(s xml.StartElement, lang string, remove bool) (p webdav.Property, err error) {
		names, bytes = names+1, bytes+len(s.Name.Space)+len(s.Name.Local)
		if names > maxPropNames || bytes > maxPropNameBytes {
			return p, badXML("names too many properties")
		}
		if p.XMLName = s.Name; remove {
			return p, d.Skip()
		}
		value, err := innerXML(d, left, store.ErrPropsTooLarge)
		p.Lang, p.InnerXML = langOf(s, lang), []byte(value)
		left -= len(value)
		return p, err
	}
	err = children(d, func(s xml.StartElement) error {
		remove := s.Name == dav("remove")
		if !remove && s.Name != dav("set") {
			return d.Skip()
		}
		lang := langOf(s, langOf(top, ""))
		pp := webdav.Proppatch{Remove: remove}
		err := children(d, func(s xml.StartElement) error {
			if s.Name != dav("prop") {
				return d.Skip()
			}
			lang := langOf(s, lang)
			return children(d, func(s xml.StartElement) error {
				p, err := property(s, lang, remove)
				pp.Props = append(pp.Props, p)
				return err
			})
		})
		if len(pp.Props) > 0 {
			patches = append(patches, pp)
		}
		return err
	})
	if err == nil && len(patches) == 0 {
		err = badXML("sets and removes nothing")
	}
	return patches, err
}

// langOf is the language of an element in one of language lang.
func langOf(s xml.StartElement, lang string) string {
	for _, a := range s.Attr {
		if a.Name.Local == "lang" && (a.Name.Space == "xml" || a.Name.Space == xmlSpace) {
			lang = a.Value
		}
	}
	return lang
}
