package dav

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// element is an element of an answer, with the text right below it.
type element struct {
	space, local string
	text         string
	below        []*element
}

// parseTree reads an answer in XML, all of it.
func parseTree(text string) (*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	open := []*element{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("no XML: %w", err)
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{space: token.Name.Space, local: token.Name.Local}
			last.below = append(last.below, e)
			open = append(open, e)
		case xml.EndElement:
			last.text = strings.TrimSpace(last.text)
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(token)
		}
	}
	if len(open[0].below) != 1 {
		return nil, errors.New("no XML")
	}
	return open[0].below[0], nil
}

func (e *element) children(space, local string) (found []*element) {
	for _, c := range e.below {
		if c.space == space && c.local == local {
			found = append(found, c)
		}
	}
	return found
}

func (e *element) first(space, local string) *element {
	if found := e.children(space, local); len(found) > 0 {
		return found[0]
	}
	return nil
}

// about says whether a response is about the resource at a path: escapes may be
// written in more ways than one, a slash at the end counts.
func (e *element) about(path string) bool {
	href := e.first("DAV:", "href")
	if href == nil {
		return false
	}
	got, err := url.Parse(href.text)
	want, werr := url.Parse(path)
	return err == nil && werr == nil && got.Path == want.Path
}

// qualified is the full name of an element that a transcript writes with a prefix.
func (p *player) qualified(name string) (space, local string, err error) {
	prefix, local, _ := strings.Cut(name, ":")
	space, ok := p.tr.ns[prefix]
	if !ok {
		return "", "", fmt.Errorf("the head has no namespace for %q", name)
	}
	return space, local, nil
}

// elementHolds judges the elements at a path of names, from the root on: one of them
// must be as the rest of the line says.
func (p *player) elementHolds(root *element, line string) error {
	path, rest, _ := strings.Cut(line, " ")
	at := []*element{{below: []*element{root}}}
	for name := range strings.SplitSeq(path, "/") {
		space, local, err := p.qualified(name)
		if err != nil {
			return err
		}
		var next []*element
		for _, e := range at {
			next = append(next, e.children(space, local)...)
		}
		at = next
	}
	err := errors.New("no such element")
	if rest == "none" {
		if len(at) > 0 {
			return errors.New("there is one")
		}
		return nil
	}
	for _, e := range at {
		if err = p.valueHolds(e, rest); err == nil {
			return nil
		}
	}
	return err
}

// valueHolds judges one element: `= pattern` its text, `has D:name` an element in it,
// `empty` neither, `recent` a date; nothing: that it is there.
func (p *player) valueHolds(e *element, rest string) error {
	verb, want, _ := strings.Cut(rest, " ")
	switch verb {
	case "":
		return nil
	case "=":
		return p.vars.match(want, e.text)
	case "recent":
		return recent(e.text)
	case "empty":
		if e.text != "" || len(e.below) > 0 {
			return errors.New("it is not empty")
		}
		return nil
	case "has":
		space, local, err := p.qualified(want)
		if err == nil && e.first(space, local) == nil {
			err = errors.New("there is none in it")
		}
		return err
	}
	return fmt.Errorf("what is %q?", rest)
}
