package dav

import (
	"context"
	"strings"
	"testing"

	"cairn/store"
)

// changedFolder is a store with the folder f, in which something has changed since
// whatever is asked for.
type changedFolder struct{ oneFile }

var syncedTo = store.SyncPoint{Epoch: 3, Space: 1, Seq: 9}

func (o *changedFolder) Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error) {
	n, err := o.oneFile.Stat(ctx, sc, p)
	n.Kind = store.Folder
	return n, err
}

func (o *changedFolder) List(_ context.Context, _ store.Scope, _ store.Path, after string, limit int) ([]store.Node, error) {
	kids := []store.Node{{ID: 2, Name: "a b&<", Kind: store.File, Size: 3}, {ID: 3, Name: "c"}}
	if after != "" {
		return nil, nil
	}
	return kids[:min(limit, len(kids))], nil
}

func (o *changedFolder) ListProps(context.Context, store.Scope, store.Path, string, string) (map[store.NodeID][]store.Prop, error) {
	return nil, nil
}

func (o *changedFolder) ListLocks(context.Context, store.Scope, store.Path) (held store.MemberLocks, _ error) {
	return held, nil
}

func (o *changedFolder) SyncPoint(context.Context, store.Scope) (store.SyncPoint, error) {
	return syncedTo, nil
}

func (o *changedFolder) ChangedSince(_ context.Context, _ store.Scope, p store.Path, since store.SyncPoint, _ bool, limit int) ([]store.Changed, store.SyncPoint, bool, error) {
	if since.Epoch != syncedTo.Epoch || since.Space != syncedTo.Space {
		return nil, since, false, store.ErrSyncPoint
	}
	all := []store.Changed{{Path: p.Join("a b&<"), Node: store.Node{ID: 2, Name: "a b&<"}, Gone: true}, {Path: p.Join("c"), Node: store.Node{ID: 3, Name: "c"}}}
	return all, syncedTo, limit == 1, nil
}

// FuzzReport sends bodies of REPORT through the door. No answer is a failure of the
// server, each is well-formed and within what the size of the body allows; one that tells
// of changes ends with the token to go on with, and that is understood.
func FuzzReport(f *testing.F) {
	for _, s := range []string{
		syncBody("", "1", ""), syncBody("", "infinite", ""), syncBody(syncTokenOf(syncedTo), "1", ""), syncBody(syncTokenOf(store.SyncPoint{Epoch: 3, Space: 1, Seq: -1}), "infinite", ""),
		syncBody(syncTokenHead+"3:1", "1", ""), syncBody(syncTokenOf(syncedTo), "1", "<D:limit><D:nresults>1</D:nresults></D:limit>"), syncBody("", "1", "<D:limit><D:nresults>99999999999999999999</D:nresults></D:limit>"),
		strings.ReplaceAll(syncBody("", "1", ""), "<D:getetag/>", `<D:lockdiscovery/><x xmlns="urn:x"/><D:sync-token/>`), `<D:expand-property xmlns:D="DAV:"/>`, "<a/>", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h := New(&changedFolder{}, Options{Prefix: mount, InfiniteDepth: 10})
		var status int
		var text string
		frugal(t, 4<<20+2000*len(body), func() { status, text = byDoor(h, "REPORT", "0", body) })
		if status >= 500 && status != 507 {
			t.Fatalf("%q: %d %s", body, status, text)
		}
		if err := checkXML([]byte(text)); err != nil {
			t.Fatalf("%q: %d %s: %v", body, status, text, err)
		}
		if status != 207 {
			return
		}
		end := text[strings.LastIndex(text, "<D:sync-token>")+1:]
		m := tokenOf.FindStringSubmatch("<" + end)
		if m == nil {
			t.Fatalf("%q: no token at the end: %s", body, text)
		}
		if at, ok := parseSyncToken(m[1]); !ok || at != syncedTo {
			t.Fatalf("%q: the token %s is %v, %v", body, m[1], at, ok)
		}
	})
}
