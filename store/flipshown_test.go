package store_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store"
	"cairn/store/meta"
)

// shown is what a store shows: everything but contents in words, and the contents.
type shown struct {
	text  string
	files map[store.Path]reading
}

// reading is what came of a GET.
type reading struct {
	text []byte
	err  error
}

// wrong says whether a file has another content, or another beginning up to an error.
func (s shown) wrong(want shown) bool {
	for p, got := range s.files {
		right, ok := want.files[p]
		if ok && (!bytes.HasPrefix(right.text, got.text) || got.err == nil && len(got.text) != len(right.text)) {
			return true
		}
	}
	return false
}

// show opens a store with these files and describes it.
func (r *flipRig) show(t *testing.T, in image, verify bool) (shown, error) {
	dir := fastDir(t)
	defer os.RemoveAll(dir)
	for name, text := range in {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Error(err)
		}
	}
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Clock: r.clock.now, UnsafeFS: true, MemoryBudget: 28 << 20, VerifyReads: verify})
	if err != nil {
		return shown{}, err
	}
	defer s.Close()
	return r.all(t.Context(), s), nil
}

func (r *flipRig) describe(t *testing.T, in image) shown { return r.read(t, in, false) }

func (r *flipRig) read(t *testing.T, in image, verify bool) shown {
	t.Helper()
	got, err := r.show(t, in, verify)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// all is what the store shows: contents, versions, trash, locks, properties, accounts,
// the upload when it is finished, and a file whose content is stored already.
func (r *flipRig) all(ctx context.Context, s *store.Store) shown {
	var b bytes.Buffer
	files := map[store.Path]reading{}
	say := func(v any, err error) {
		fmt.Fprintf(&b, "%+v %v\n", v, err)
	}
	get := func(p store.Path) {
		text, err := readAll(s, r.sc, p)
		files[p] = reading{text, err}
		say(fmt.Sprintf("%x", store.DigestForTest(text)), err)
	}
	var walk func(p store.Path, depth int)
	walk = func(p store.Path, depth int) {
		nodes, err := s.List(ctx, r.sc, p, "", 1000)
		if err != nil || depth > 9 {
			say(p, cmp.Or(err, errors.New("too deep")))
			return
		}
		for _, n := range nodes {
			q := p.Join(n.Name)
			m := n.Manifest
			n.Manifest = meta.Manifest{}
			say(n, nil)
			n.Manifest = m
			props, err := s.Props(ctx, r.sc, q)
			say(props, err)
			locks, at, err := s.Locks(ctx, r.sc, q)
			say(locks, err)
			say(at, nil)
			if n.IsFolder() {
				walk(q, depth+1)
				continue
			}
			_, vs, err := s.Versions(ctx, r.sc, q, 0, 1000)
			say(vs, err)
			get(q)
		}
	}
	walk("", 0)
	say(s.Trash(ctx, r.sc, 0, 1000))
	say(s.Users(ctx))
	say(s.AppPasswordUser(ctx, [32]byte{9}))
	say(s.AppPasswords(ctx, r.sc.User))
	ses, u, err := s.SessionUser(ctx, r.ses)
	say(ses, err)
	say(u, nil)
	up, err := s.GetUpload(ctx, r.sc, r.upload.ID)
	for i := range up.Parts { // where it lies is not shown
		up.Parts[i].Manifest = meta.Manifest{}
	}
	say(up, err)
	for i, ts := 0, []string{"small2", "d2"}; i < len(ts); i++ {
		trash, err := s.Trash(ctx, r.sc, 0, 10)
		for _, x := range trash {
			if x.Name == ts[i] {
				_, err = s.Restore(ctx, r.sc, x.Node, "", store.Conditions{})
			}
		}
		say(ts[i], err)
	}
	get("small2")
	get("d2/e/deep")
	say(s.AppendUpload(ctx, r.sc, r.upload.ID, 0, up.Offset(), bytes.NewReader(r.rest)))
	get("d/upload")
	_, err = s.Put(ctx, r.sc, "again", bytes.NewReader(noise(50, largeBytes)), store.PutOptions{Size: largeBytes})
	say("again", err)
	get("again")
	return shown{b.String(), files}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("got  %s\nwant %s", a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}
