package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cairn/store"
)

const (
	// askTime is how long an answer may take: who reads a file waits for it.
	askTime = 20 * time.Second
	// idleConns is how many connections are kept: as many as the kernel has reads under way.
	idleConns = 16
	// readBytes is the reader of a connection; what is longer goes around it.
	readBytes = 16 << 10
)

// errPieces: a read that lies in too many places to lend them.
var errPieces = errors.New("too many pieces")

// Browser is the Store of server/mount through the socket of a running server. While there is none it
// fails, and goes on with the next one.
type Browser struct {
	http     http.Client
	ahead    ahead
	borrower borrower
}

// NewBrowser reads from the server that has the data folder dir. Close it.
func NewBrowser(dir string) *Browser {
	b := &Browser{borrower: borrower{dir: dir}, http: http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: idleConns, ReadBufferSize: readBytes, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) },
	}}}
	b.ahead.fetch = b.fetch
	return b
}

// Close ends its connections.
func (b *Browser) Close() error {
	b.http.CloseIdleConnections()
	b.borrower.close()
	return nil
}

// ask calls a door of browse. The body must be closed, and end called then.
func (b *Browser) ask(ctx context.Context, what string, sc store.Scope, q url.Values) (resp *http.Response, end func(), err error) {
	ctx, end = context.WithTimeout(ctx, askTime)
	q.Set("space", strconv.FormatInt(int64(sc.Space), 10))
	q.Set("root", strconv.FormatInt(int64(sc.Root), 10))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cairn/browse/"+what+"?"+q.Encode(), nil)
	if err == nil {
		resp, err = b.do(req)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return resp, end, nil
}

// do sends a request. Only an answer of 200 is no error.
func (b *Browser) do(req *http.Request) (*http.Response, error) {
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the running server: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var f failure
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
		return nil, fmt.Errorf("ask the running server: %s", resp.Status)
	}
	return nil, &remoteError{f.Message, codes[f.Code]}
}

func (b *Browser) get(ctx context.Context, what string, sc store.Scope, q url.Values, out any) error {
	resp, end, err := b.ask(ctx, what, sc, q)
	if err != nil {
		return err
	}
	defer end()
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("ask the running server: %w", err)
	}
	io.Copy(io.Discard, resp.Body) // the end of a chunked body, so that the connection is kept
	return nil
}

// Homes is that of the mount's Store.
func (b *Browser) Homes(ctx context.Context) (map[string]store.Scope, error) {
	var places map[string]place
	err := b.get(ctx, "homes", store.Scope{}, url.Values{}, &places)
	homes := make(map[string]store.Scope, len(places))
	for name, p := range places {
		homes[name] = store.Scope{Space: p.Space, Root: p.Root, Rights: store.MayRead}
	}
	return homes, err
}

func (n *node) node(sc store.Scope) store.Node {
	out := store.Node{ID: n.ID, Space: sc.Space, Name: n.Name, Kind: store.File, Size: n.Size, ModTime: n.MTime}
	if n.Folder {
		out.Kind = store.Folder
	}
	out.Version, _ = store.ParseVersionID(n.Version)
	return out
}

// Stat is that of the mount's Store.
func (b *Browser) Stat(ctx context.Context, sc store.Scope, p store.Path) (store.Node, error) {
	var n node
	err := b.get(ctx, "stat", sc, url.Values{"path": {string(p)}}, &n)
	return n.node(sc), err
}

// List is that of the mount's Store.
func (b *Browser) List(ctx context.Context, sc store.Scope, p store.Path, after string, limit int) ([]store.Node, error) {
	return b.nodes(ctx, "list", sc, url.Values{"path": {string(p)}, "after": {after}, "limit": {strconv.Itoa(limit)}})
}

func (b *Browser) nodes(ctx context.Context, what string, sc store.Scope, q url.Values) ([]store.Node, error) {
	var ns []node
	err := b.get(ctx, what, sc, q, &ns)
	out := make([]store.Node, len(ns))
	for i := range ns {
		out[i] = ns[i].node(sc)
	}
	return out, err
}

// Snapshots is that of the mount's Store.
func (b *Browser) Snapshots(ctx context.Context, sc store.Scope) ([]store.Snapshot, error) {
	var all []moment
	err := b.get(ctx, "snapshots", sc, url.Values{}, &all)
	out := make([]store.Snapshot, len(all))
	for i, sn := range all {
		out[i] = store.Snapshot{ID: sn.ID, Space: sc.Space, Name: sn.Name, Created: sn.Created}
	}
	return out, err
}

// StatAt is that of the mount's Store.
func (b *Browser) StatAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) (store.Node, error) {
	var n node
	err := b.get(ctx, "stat-at", sc, url.Values{"snapshot": {strconv.FormatInt(int64(id), 10)}, "path": {string(p)}}, &n)
	return n.node(sc), err
}

// ListAt is that of the mount's Store.
func (b *Browser) ListAt(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path, after string, limit int) ([]store.Node, error) {
	return b.nodes(ctx, "list-at", sc, url.Values{"snapshot": {strconv.FormatInt(int64(id), 10)}, "path": {string(p)}, "after": {after}, "limit": {strconv.Itoa(limit)}})
}

// Versions is that of the mount's Store.
func (b *Browser) Versions(ctx context.Context, sc store.Scope, p store.Path, before int64, limit int) (store.Node, []store.Version, error) {
	var page versionPage
	err := b.get(ctx, "versions", sc, url.Values{"path": {string(p)}, "before": {strconv.FormatInt(before, 10)}, "limit": {strconv.Itoa(limit)}}, &page)
	out := make([]store.Version, len(page.Older))
	for i, v := range page.Older {
		out[i] = store.Version{Node: page.Node.ID, Space: sc.Space, Size: v.Size, ModTime: v.MTime, Created: v.Created, Until: v.Until}
		out[i].ID, _ = store.ParseVersionID(v.ID)
	}
	return page.Node.node(sc), out, err
}

// Trash is that of the mount's Store.
func (b *Browser) Trash(ctx context.Context, sc store.Scope, before int64, limit int) ([]store.InTrash, error) {
	var rs []removed
	err := b.get(ctx, "trash", sc, url.Values{"before": {strconv.FormatInt(before, 10)}, "limit": {strconv.Itoa(limit)}}, &rs)
	out := make([]store.InTrash, len(rs))
	for i := range rs {
		r := &rs[i]
		out[i].Node, out[i].Space, out[i].Name, out[i].Deleted, out[i].Seq = r.Node, sc.Space, r.Name, r.Deleted, r.Seq
		out[i].Now = r.Now.node(sc)
	}
	return out, err
}

// Read is that of the mount's Store: by files that the server lends, else through the
// socket.
func (b *Browser) Read(ctx context.Context, sc store.Scope, id store.VersionID, p []byte, off int64) error {
	of := part{sc.Space, sc.Root, id}
	if len(p) <= maxLend {
		err := b.borrower.read(ctx, of, p, off)
		if err == nil || errors.As(err, new(*remoteError)) && !errors.Is(err, errPieces) || ctx.Err() != nil {
			return err
		}
	}
	return b.ahead.read(ctx, of, p, off)
}

// fetch asks for the bytes from off on and returns how many there were: fewer than p holds
// only at the end of the file.
func (b *Browser) fetch(ctx context.Context, of part, p []byte, off int64) (int, error) {
	resp, end, err := b.ask(ctx, "content", store.Scope{Space: of.space, Root: of.node}, url.Values{"version": {of.version.String()},
		"at": {strconv.FormatInt(off, 10)}, "n": {strconv.Itoa(len(p))}})
	if err != nil {
		return 0, err
	}
	defer end()
	defer resp.Body.Close()
	if resp.ContentLength < 0 || resp.ContentLength > int64(len(p)) {
		return 0, fmt.Errorf("ask the running server: %d bytes for %d", resp.ContentLength, len(p))
	}
	n, err := io.ReadFull(resp.Body, p[:resp.ContentLength])
	if err != nil {
		return n, fmt.Errorf("ask the running server: %w", err)
	}
	return n, nil
}
