package dav

import (
	"fmt"
	"strconv"
	"strings"

	"cairn/test/rig"
)

// holds says whether one line about an answer is true.
func (p *player) holds(line string, resp *rig.Response) error {
	switch verb, rest, _ := strings.Cut(line, " "); verb {
	case "body":
		return p.bodyHolds(rest, resp.Body)
	case "responses", "first", "in", "not", "xml":
		root, err := parseTree(resp.Body)
		if err != nil {
			return err
		}
		return p.treeHolds(verb, rest, root)
	}
	name, want, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("this is no header and none of body, xml, in, not in, first, responses")
	}
	return p.headerHolds(strings.Join(resp.Header.Values(name), ", "), strings.TrimSpace(want))
}

// headerHolds: a pattern, none, any, a recent date, `has` one of a list, `not` a pattern.
func (p *player) headerHolds(got, want string) error {
	verb, rest, _ := strings.Cut(want, " ")
	switch {
	case want == "none":
		if got != "" {
			return fmt.Errorf("got %q", got)
		}
		return nil
	case want == "recent":
		return recent(got)
	case got == "":
		return fmt.Errorf("no such header")
	case want == "any":
		return nil
	case verb == "has":
		for member := range strings.SplitSeq(got, ",") {
			if strings.EqualFold(strings.TrimSpace(member), rest) {
				return nil
			}
		}
		return fmt.Errorf("not one of %q", got)
	case verb == "not":
		if p.vars.match(rest, got) == nil {
			return fmt.Errorf("got %q", got)
		}
		return nil
	}
	return p.vars.match(want, got)
}

// bodyHolds: `body empty`, `body has text`, `body = text` or what @bytes generates.
func (p *player) bodyHolds(want, got string) error {
	verb, rest, _ := strings.Cut(want, " ")
	rest, err := p.vars.text(rest)
	if err != nil {
		return err
	}
	ok := false
	switch verb {
	case "empty":
		ok = got == ""
	case "=":
		ok = got == rest
	case "has":
		ok = strings.Contains(got, rest)
	default:
		return fmt.Errorf("a body is empty, = or has")
	}
	if !ok {
		return fmt.Errorf("the body has %d bytes: %.300q", len(got), got)
	}
	return nil
}

// treeHolds judges an answer in XML.
//
//	responses 3                           so many, in a multistatus
//	first {base}                          is about this resource
//	in {base}a: D:getetag = {etag}        the property is there, in a propstat of 200
//	in {base}a: D:resourcetype has D:collection
//	in {base}a: D:quota-used-bytes 404    the property is in a propstat of this status
//	in {base}a: 423                       the response itself has this status
//	not in {base}a                        there is no response about it
//	xml D:prop/D:lockdiscovery/D:activelock/D:timeout = Second-*
func (p *player) treeHolds(verb, rest string, root *element) error {
	if verb == "xml" {
		return p.elementHolds(root, rest)
	}
	if root.space != "DAV:" || root.local != "multistatus" {
		return fmt.Errorf("not a multistatus but %s", root.local)
	}
	responses := root.children("DAV:", "response")
	switch verb {
	case "responses":
		if n := strconv.Itoa(len(responses)); n != rest {
			return fmt.Errorf("%s of them", n)
		}
		return nil
	case "first":
		want, err := p.vars.fill(rest)
		if err == nil && (len(responses) == 0 || !responses[0].about(want)) {
			err = fmt.Errorf("another one is first")
		}
		return err
	case "not":
		rest = strings.TrimPrefix(rest, "in ")
	}
	href, what, _ := strings.Cut(rest, ": ")
	href, err := p.vars.fill(href)
	if err != nil {
		return err
	}
	for _, r := range responses {
		switch about := r.about(href); {
		case about && verb == "not":
			return fmt.Errorf("it is there")
		case about:
			return p.responseHolds(r, what)
		}
	}
	if verb == "not" {
		return nil
	}
	return fmt.Errorf("no response about %s", href)
}

// responseHolds judges one response of a multistatus.
func (p *player) responseHolds(r *element, what string) error {
	name, rest, _ := strings.Cut(what, " ")
	switch {
	case what == "":
		return nil
	case !strings.Contains(name, ":"):
		if s := r.first("DAV:", "status"); s == nil || !strings.Contains(s.text, " "+name+" ") {
			return fmt.Errorf("the response has not this status")
		}
		return nil
	}
	want := "200"
	if _, err := strconv.Atoi(rest); err == nil {
		want, rest = rest, ""
	}
	space, local, err := p.qualified(name)
	if err != nil {
		return err
	}
	for _, ps := range r.children("DAV:", "propstat") {
		prop, status := ps.first("DAV:", "prop"), ps.first("DAV:", "status")
		if prop == nil || status == nil {
			return fmt.Errorf("a propstat without prop or status")
		}
		found := prop.first(space, local)
		if found == nil {
			continue
		}
		if !strings.Contains(status.text+" ", " "+want+" ") {
			return fmt.Errorf("its status is %q", status.text)
		}
		return p.valueHolds(found, rest)
	}
	return fmt.Errorf("no such property")
}
