package dav

import (
	"errors"

	"cairn/store"
)

// errTooMany: a whole tree has more members than may be told at once.
var errTooMany = errors.New("dav: more members than Options.InfiniteDepth")

// treePage is how many members are looked at at once for folders. Only the names of those
// found are kept, for each level on the way down: about 2 MiB for a tree as deep as the
// store has them, with the longest names.
const treePage = 32

// tree writes all that is below a collection: its members, a page at a time, then those
// of each folder among them. What goes away meanwhile is left out.
func (m *multistatus) tree(at store.Path) error {
	if err := m.members(at); err != nil {
		if at != m.q.p && absentPath(err) {
			return nil
		}
		return err
	}
	for after := ""; ; {
		folders, last, err := m.folders(at, after)
		if err != nil {
			return err
		}
		for _, name := range folders {
			if err := m.tree(at.Join(name)); err != nil {
				return err
			}
		}
		if last == "" {
			return nil
		}
		after = last
	}
}

// folders are those among the members that follow after, up to last. last is empty if
// there are no more.
func (m *multistatus) folders(at store.Path, after string) (names []string, last string, err error) {
	nodes, err := m.q.h.store.List(m.q.r.Context(), m.q.sc, at, after, treePage)
	if err != nil {
		if absentPath(err) {
			err = nil
		}
		return nil, "", err
	}
	for i := range nodes {
		if nodes[i].IsFolder() {
			names = append(names, nodes[i].Name)
		}
	}
	if len(nodes) == treePage {
		last = nodes[treePage-1].Name
	}
	return names, last, nil
}

// cutShort says that there is more than was told, as RFC 6578 §3.6 has it: a response of
// the collection with 507.
func (m *multistatus) cutShort(href string) error {
	_, err := m.WriteString("<D:response><D:href>" + href + "</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status>" +
		"<D:error><D:number-of-matches-within-limits/></D:error></D:response>")
	return err
}
