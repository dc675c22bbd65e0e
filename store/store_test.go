package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

func TestPutAndReadBack(t *testing.T) {
	r := newRig(t)
	for _, size := range []int{0, 1, 4095, 4096, 4097, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 17} {
		for name, body := range map[string]io.Reader{
			"fast":    bytes.NewReader(noise(uint64(size), size)),
			"slowly":  slowly{bytes.NewReader(noise(uint64(size), size)), 1000},
			"in 4096": slowly{bytes.NewReader(noise(uint64(size), size)), 4096},
		} {
			p := store.Path(fmt.Sprintf("%s %d", name, size))
			for _, declared := range []int64{int64(size), -1} {
				if s, ok := body.(io.Seeker); ok {
					s.Seek(0, io.SeekStart)
				} else {
					body.(slowly).r.(io.Seeker).Seek(0, io.SeekStart)
				}
				if _, err := r.s.Put(t.Context(), r.sc, p, body, store.PutOptions{Size: declared}); err != nil {
					t.Fatalf("%s declared %d: %v", p, declared, err)
				}
				if !bytes.Equal(r.read(p), noise(uint64(size), size)) {
					t.Fatalf("%s declared %d: other bytes come back", p, declared)
				}
			}
		}
	}
	r.clean()
	r.reopen()
	if !bytes.Equal(r.read("fast 3145745"), noise(3<<20+17, 3<<20+17)) {
		t.Fatal("other bytes come back after reopening")
	}
	r.clean()
}

func TestRanges(t *testing.T) {
	r := newRig(t)
	content := noise(1, 5<<20+123)
	r.put("f", content)
	c, err := r.s.Open(t.Context(), r.sc, "f")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, x := range [][2]int{{0, 0}, {0, 1}, {1<<20 - 1, 2}, {1 << 20, 1 << 20}, {5 << 20, 123}, {17, 4 << 20}, {5<<20 + 123, 0}} {
		var b bytes.Buffer
		if _, err := c.WriteRange(t.Context(), &b, int64(x[0]), int64(x[1])); err != nil || !bytes.Equal(b.Bytes(), content[x[0]:x[0]+x[1]]) {
			t.Errorf("range %v: %d bytes, %v", x, b.Len(), err)
		}
		p := make([]byte, x[1])
		if n, err := c.ReadAt(p, int64(x[0])); n != x[1] || err != nil || !bytes.Equal(p, content[x[0]:x[0]+x[1]]) {
			t.Errorf("ReadAt %v: %d bytes, %v", x, n, err)
		}
	}
	if _, err := c.WriteRange(t.Context(), io.Discard, 5<<20, 124); err == nil {
		t.Error("a range behind the end is taken")
	}
}

// failing is a body that breaks.
type failing struct {
	r   io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func TestPutRefusals(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("old"))
	r.mkdir("d")
	broken := errors.New("connection reset")
	tag := r.stat("f").ETag()
	cases := []struct {
		name string
		path store.Path
		body io.Reader
		opts store.PutOptions
		want error
	}{
		{"short", "f", bytes.NewReader(make([]byte, 99)), store.PutOptions{Size: 100}, store.ErrIncomplete},
		{"long", "f", bytes.NewReader(make([]byte, 101)), store.PutOptions{Size: 100}, store.ErrTooLong},
		{"broken", "f", failing{bytes.NewReader(make([]byte, 2<<20)), broken}, store.PutOptions{Size: -1}, store.ErrRead},
		{"broken, known length", "f", failing{bytes.NewReader(make([]byte, 50)), broken}, store.PutOptions{Size: 100}, store.ErrRead},
		{"folder", "d", bytes.NewReader(nil), store.PutOptions{}, store.ErrIsFolder},
		{"root", "", bytes.NewReader(nil), store.PutOptions{}, store.ErrIsFolder},
		{"no parent", "x/y", bytes.NewReader(nil), store.PutOptions{}, store.ErrNoParent},
		{"below a file", "f/y", bytes.NewReader(nil), store.PutOptions{}, store.ErrNotFolder},
		{"if-none-match", "f", bytes.NewReader(nil), store.PutOptions{Conditions: store.Conditions{IfNoneMatch: []string{"*"}}}, store.ErrPrecondition},
		{"if-match other", "f", bytes.NewReader(nil), store.PutOptions{Conditions: store.Conditions{IfMatch: []string{"x"}}}, store.ErrPrecondition},
		{"if-match missing", "g", bytes.NewReader(nil), store.PutOptions{Conditions: store.Conditions{IfMatch: []string{"*"}}}, store.ErrPrecondition},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := r.s.Put(t.Context(), r.sc, c.path, c.body, c.opts); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if got := r.read("f"); string(got) != "old" || r.stat("f").ETag() != tag {
				t.Errorf("the old version changed: %q", got)
			}
		})
	}
	r.clean()
}

func TestQuotaToTheByte(t *testing.T) {
	r := newRig(t)
	if err := r.s.SetQuota(t.Context(), r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	put := func(p store.Path, n int, size int64) error {
		_, err := r.s.Put(t.Context(), r.sc, p, bytes.NewReader(make([]byte, n)), store.PutOptions{Size: size})
		return err
	}
	for _, step := range []struct {
		path store.Path
		n    int
		size int64
		want error
	}{
		{"a", 600, 600, nil}, {"b", 401, 401, store.ErrQuota}, {"b", 401, -1, store.ErrQuota}, {"b", 400, 400, nil}, {"c", 0, 0, nil},
		{"c", 1, 1, store.ErrQuota}, {"a", 601, -1, store.ErrQuota}, {"a", 10, -1, nil}, {"c", 590, -1, nil},
	} {
		if err := put(step.path, step.n, step.size); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Errorf("%s with %d bytes (declared %d): %v, want %v", step.path, step.n, step.size, err, step.want)
		}
	}
	if used, quota, left, err := r.s.Usage(t.Context(), r.sc); used != 1000 || quota != 1000 || left != 0 || err != nil {
		t.Errorf("usage %d of %d, %d left, %v", used, quota, left, err)
	}
	if _, err := r.s.Copy(t.Context(), r.sc, "a", "a2", store.MoveOptions{}); !errors.Is(err, store.ErrQuota) {
		t.Errorf("a copy over the quota: %v", err)
	}
	if err := r.s.Remove(t.Context(), r.sc, "c", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if err := put("d", 590, 590); err != nil {
		t.Errorf("trash still counts: %v", err)
	}
	r.clean()
}

// Many at once may not get past a quota together.
func TestQuotaRace(t *testing.T) {
	r := newRig(t)
	if err := r.s.SetQuota(t.Context(), r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			r.s.Put(context.Background(), r.sc, store.Path(fmt.Sprint(i)), bytes.NewReader(make([]byte, 100)), store.PutOptions{Size: -1})
		})
	}
	wg.Wait()
	if used, _, _, _ := r.s.Usage(t.Context(), r.sc); used != 1000 {
		t.Errorf("used %d, want exactly 1000", used)
	}
	r.clean()
}

func TestNames(t *testing.T) {
	r := newRig(t)
	r.put("Cafe\u0301", []byte("1"))
	if got := r.read("Caf\u00e9"); string(got) != "1" {
		t.Errorf("by the composed name: %q", got)
	}
	if _, err := r.s.Mkdir(t.Context(), r.sc, "Caf\u00e9", store.Conditions{}); !errors.Is(err, store.ErrExist) {
		t.Errorf("a name that is equal under NFC: %v", err)
	}
	r.put("Caf\u00e9", []byte("2"))
	if got := r.stat("Caf\u00e9").Name; got != "Cafe\u0301" {
		t.Errorf("the name is not kept byte for byte: %q", got)
	}
	w, err := r.s.Move(t.Context(), r.sc, "Caf\u00e9", "Caf\u00e9", store.MoveOptions{})
	if !errors.Is(err, store.ErrSame) {
		t.Errorf("move onto itself: %+v, %v", w, err)
	}
	for _, bad := range []string{".", "..", "a/../b", "a//b", "a\x00b", "a\nb", "a\x7f", "\xff", string(make([]byte, 3)), "x/" + string(bytes.Repeat([]byte{'n'}, 256))} {
		if p, err := store.ParsePath(bad); !errors.Is(err, store.ErrName) {
			t.Errorf("ParsePath(%q) = %q, %v", bad, p, err)
		}
	}
	if _, err := store.ParsePath(string(bytes.Repeat([]byte("a/"), 257))); !errors.Is(err, store.ErrPathTooLong) {
		t.Errorf("257 levels: %v", err)
	}
}

func TestMoveAndIdentity(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/f", []byte("f1"))
	f1 := r.stat("d/e/f")
	r.put("d/e/f", []byte("f2!"))
	f2 := r.stat("d/e/f")
	if f1.ID != f2.ID || f1.Version == f2.Version {
		t.Fatal("overwriting must keep the node and change the version")
	}
	if _, err := r.s.Move(ctx, r.sc, "d", "d/e/x", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrIntoItself) {
		t.Errorf("into itself: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "d/e", "d", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrIntoItself) {
		t.Errorf("onto its parent: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "nothing", "d/e/f", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrNotExist) || string(r.read("d/e/f")) != "f2!" {
		t.Errorf("a missing source: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "", "x", store.MoveOptions{}); !errors.Is(err, store.ErrRoot) {
		t.Errorf("the root: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "d/e", "moved", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := r.stat("moved/f"); n.ID != f1.ID || n.ETag() != f2.ETag() {
		t.Error("a moved folder's files changed their identity")
	}
	r.put("tmp", []byte("safe save"))
	tmp := r.stat("tmp")
	w, err := r.s.Move(ctx, r.sc, "tmp", "moved/f", store.MoveOptions{Overwrite: true})
	if err != nil || w.Created || w.ID != f1.ID || w.Version != tmp.Version {
		t.Fatalf("file over file: %+v, %v", w, err)
	}
	vs, err := r.s.Versions(ctx, r.sc, "moved/f")
	if err != nil || len(vs) != 2 || vs[0].ID != f2.Version || vs[1].ID != f1.Version {
		t.Errorf("versions after a safe save: %+v, %v", vs, err)
	}
	if _, err := r.s.Move(ctx, r.sc, "moved/f", "d", store.MoveOptions{}); !errors.Is(err, store.ErrExist) {
		t.Errorf("without overwrite: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "moved/f", "d", store.MoveOptions{Overwrite: true}); err != nil {
		t.Errorf("file over folder: %v", err)
	}
	if got := r.read("d"); string(got) != "safe save" {
		t.Errorf("%q", got)
	}
	r.clean()
}

func TestRemoveAndRestore(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.put("d/f", []byte("content"))
	was := r.stat("d/f")
	if err := r.s.Remove(ctx, r.sc, "d", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.Stat(ctx, r.sc, "d/f"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("below a removed folder: %v", err)
	}
	if err := r.s.Remove(ctx, r.sc, "", store.Conditions{}); !errors.Is(err, store.ErrRoot) {
		t.Errorf("the root: %v", err)
	}
	ts, err := r.s.Trash(ctx, r.sc, 0, 10)
	if err != nil || len(ts) != 1 || ts[0].Name != "d" {
		t.Fatalf("trash: %+v, %v", ts, err)
	}
	r.put("d", []byte("in the way"))
	if _, err := r.s.Restore(ctx, r.sc, ts[0].Node, "", store.Conditions{}); !errors.Is(err, store.ErrExist) {
		t.Errorf("restore onto a taken name: %v", err)
	}
	if _, err := r.s.Restore(ctx, r.sc, ts[0].Node, "d2", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if n := r.stat("d2/f"); n.ID != was.ID || n.ETag() != was.ETag() || string(r.read("d2/f")) != "content" {
		t.Error("restore lost identity or content")
	}
	r.clean()
}

func TestCopy(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.mkdir("d/empty")
	for i := range 1000 {
		r.put(store.Path(fmt.Sprintf("d/f%04d", i)), []byte{byte(i)})
	}
	prop := store.Prop{Name: store.PropName{Space: "urn:x", Local: "colour"}, Value: []byte("blue")}
	for _, p := range []store.Path{"d", "d/f0007"} {
		if err := r.s.SetProps(ctx, r.sc, p, []store.PropPatch{{Prop: prop}}, store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.mkdir("old")
	r.put("old/x", []byte("x"))
	w, err := r.s.Copy(ctx, r.sc, "d", "old", store.MoveOptions{Overwrite: true})
	if err != nil || w.Created || w.Files != 1000 {
		t.Fatalf("%+v, %v", w, err)
	}
	if got := r.read("old/f0999"); !bytes.Equal(got, []byte{999 & 255}) {
		t.Errorf("%v", got)
	}
	if r.stat("old/f0007").ETag() == r.stat("d/f0007").ETag() {
		t.Error("a copy has the ETag of its source")
	}
	for _, p := range []store.Path{"old", "old/f0007"} {
		if ps, err := r.s.Props(ctx, r.sc, p); err != nil || len(ps) != 1 || string(ps[0].Value) != "blue" {
			t.Errorf("properties of %s: %+v, %v", p, ps, err)
		}
	}
	if ps, err := r.s.ListProps(ctx, r.sc, "d", "", "f0500"); err != nil || len(ps) != 1 || len(ps[r.stat("d/f0007").ID]) != 1 {
		t.Errorf("properties of the children: %+v, %v", ps, err)
	}
	if ps, err := r.s.ListProps(ctx, r.sc, "d", "f0007", "f0500"); err != nil || len(ps) != 0 {
		t.Errorf("properties behind: %+v, %v", ps, err)
	}
	if _, err := r.s.Copy(ctx, r.sc, "d", "d/empty/d", store.MoveOptions{}); !errors.Is(err, store.ErrIntoItself) {
		t.Errorf("into itself: %v", err)
	}
	w, err = r.s.Copy(ctx, r.sc, "d", "shallow", store.MoveOptions{Shallow: true})
	if kids, _ := r.s.List(ctx, r.sc, "shallow", "", 10); err != nil || !w.Created || len(kids) != 0 {
		t.Errorf("shallow: %v, %v", kids, err)
	}
	r.clean()
}

func TestListPages(t *testing.T) {
	r := newRig(t)
	for i := range 25 {
		r.put(store.Path(fmt.Sprintf("f%02d", i)), nil)
	}
	var got []string
	for after := ""; ; {
		page, err := r.s.List(t.Context(), r.sc, "", after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page {
			got = append(got, n.Name)
		}
		if len(page) < 10 {
			break
		}
		after = page[len(page)-1].Name
	}
	if len(got) != 25 || got[0] != "f00" || got[24] != "f24" {
		t.Errorf("%v", got)
	}
}

// The database is disposable: opening replays the packs.
func TestLostDatabase(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for i := range 50 {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i), i*3000))
	}
	for i := range 20 {
		r.put(store.Path(fmt.Sprintf("f%d", i)), noise(uint64(i+100), i*100))
	}
	r.mkdir("d")
	for i := range 10 {
		if _, err := r.s.Move(ctx, r.sc, store.Path(fmt.Sprintf("f%d", i)), store.Path(fmt.Sprintf("d/m%d", i)), store.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := 40; i < 45; i++ {
		if err := r.s.Remove(ctx, r.sc, store.Path(fmt.Sprintf("f%d", i)), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	want := describe(t, r)
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm", "cairn.json"} {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	r.open()
	if got := describe(t, r); got != want {
		t.Errorf("after the loss of the database:\n%s\nwant\n%s", got, want)
	}
	r.clean()
	r.put("new", []byte("goes on"))
	r.reopen()
	if got := r.read("new"); string(got) != "goes on" {
		t.Errorf("%q", got)
	}
}

// describe is all that a user can see.
func describe(t *testing.T, r *rig) string {
	t.Helper()
	var b bytes.Buffer
	var walk func(p store.Path)
	walk = func(p store.Path) {
		nodes, err := r.s.List(t.Context(), r.sc, p, "", 10000)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			q := p.Join(n.Name)
			fmt.Fprintf(&b, "%s id=%v etag=%s size=%d mtime=%v created=%v", q, n.ID, n.ETag(), n.Size, n.ModTime, n.Created)
			if n.IsFolder() {
				fmt.Fprintf(&b, " below=%d/%d\n", n.Bytes, n.Files)
				walk(q)
				continue
			}
			vs, err := r.s.Versions(t.Context(), r.sc, q)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, " sum=%x", store.DigestForTest(r.read(q)))
			for _, v := range vs {
				fmt.Fprintf(&b, " v=%v/%d", v.ID, v.Size)
			}
			b.WriteByte('\n')
		}
	}
	walk("")
	ts, err := r.s.Trash(t.Context(), r.sc, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range ts {
		fmt.Fprintf(&b, "trash %+v\n", x)
	}
	return b.String()
}

func TestOneProcess(t *testing.T) {
	r := newRig(t)
	if _, err := store.Open(t.Context(), store.Options{Dir: r.dir, UnsafeFS: true}); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second store on the folder: %v", err)
	}
}

func TestAccounts(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for _, bad := range []string{"", "a b", "a/b", "é", "..", string(bytes.Repeat([]byte{'a'}, 65))} {
		if _, err := r.s.AddUser(ctx, bad, "", 0, false); !errors.Is(err, store.ErrName) {
			t.Errorf("AddUser(%q): %v", bad, err)
		}
	}
	if _, err := r.s.AddUser(ctx, "ADA", "", 0, false); !errors.Is(err, store.ErrExist) {
		t.Errorf("the same name in other case: %v", err)
	}
	u, err := r.s.AddUser(ctx, "Bob", "h", 5, false)
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.s.AddAppPassword(ctx, u.ID, "phone", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.s.AppPasswordUser(ctx, [32]byte{1}); err != nil || got.ID != u.ID || got.Quota != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := r.s.RemoveAppPassword(ctx, r.sc.User, a.ID); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("somebody else's app password: %v", err)
	}
	if err := r.s.SetPassword(ctx, u.ID, "h2"); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.s.UserByName(ctx, "bob"); got.Epoch != u.Epoch+1 || got.Password != "h2" {
		t.Errorf("%+v", got)
	}
	sc, err := r.s.Home(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.RemoveUser(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.UserByName(ctx, "bob"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a removed account: %v", err)
	}
	if _, err := r.s.Put(ctx, sc, "f", bytes.NewReader(nil), store.PutOptions{}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a put into a removed account's space: %v", err)
	}
	again, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil || again.ID == u.ID || again.Space == u.Space {
		t.Errorf("the number is used again: %+v, %v", again, err)
	}
}

func TestLocks(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	other := r.sc // bob, in ada's space
	other.User = u.ID
	r.mkdir("d")
	r.put("d/f", []byte("1"))
	lk, created, err := r.s.Lock(ctx, r.sc, "d/f", store.LockSpec{Timeout: time.Minute, Owner: "<o/>"})
	if err != nil || created || lk.Timeout != time.Minute || lk.UserName != "ada" {
		t.Fatalf("%+v, %v, %v", lk, created, err)
	}
	with := store.Conditions{Tokens: []string{lk.Token}}
	put := func(sc store.Scope, p store.Path, c store.Conditions) error {
		_, err := r.s.Put(ctx, sc, p, bytes.NewReader(nil), store.PutOptions{Conditions: c})
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"put without a token", put(r.sc, "d/f", store.Conditions{}), store.ErrLocked},
		{"put with somebody else's token", put(other, "d/f", with), store.ErrLocked},
		{"put with the token", put(r.sc, "d/f", with), nil},
		{"remove the folder above", r.s.Remove(ctx, r.sc, "d", store.Conditions{}), store.ErrLocked},
		{"move the folder above", second(r.s.Move(ctx, r.sc, "d", "e", store.MoveOptions{})), store.ErrLocked},
		{"properties", r.s.SetProps(ctx, r.sc, "d/f", nil, store.Conditions{}), store.ErrLocked},
		{"a second lock", third(r.s.Lock(ctx, other, "d/f", store.LockSpec{Shared: true})), store.ErrLocked},
		{"a lock above, deep", third(r.s.Lock(ctx, other, "d", store.LockSpec{Infinite: true})), store.ErrLocked},
		{"a sibling", put(r.sc, "d/g", store.Conditions{}), nil},
		{"unlock by another", r.s.Unlock(ctx, other, "d/f", lk.Token), store.ErrPermission},
		{"unlock elsewhere", r.s.Unlock(ctx, r.sc, "d/g", lk.Token), store.ErrNotExist},
		{"refresh", second(r.s.Refresh(ctx, r.sc, "d/f", lk.Token, 2*time.Minute)), nil},
	} {
		if !errors.Is(c.err, c.want) || c.want == nil && c.err != nil {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
	r.reopen()
	if err := put(r.sc, "d/f", store.Conditions{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("after a restart: %v", err)
	}
	r.clock.skip(3 * time.Minute)
	if err := put(r.sc, "d/f", store.Conditions{}); err != nil {
		t.Errorf("after its time: %v", err)
	}
	// A folder's lock protects its names, and, if it is deep, everything below.
	top, _, err := r.s.Lock(ctx, r.sc, "d", store.LockSpec{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(r.sc, "d/new", store.Conditions{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a new name in a locked folder: %v", err)
	}
	if err := put(r.sc, "d/f", store.Conditions{}); err != nil {
		t.Errorf("a file in a folder locked to depth 0: %v", err)
	}
	if err := r.s.Unlock(ctx, r.sc, "d", top.Token); err != nil {
		t.Fatal(err)
	}
	if _, created, err := r.s.Lock(ctx, r.sc, "d/unmapped", store.LockSpec{Timeout: time.Minute}); err != nil || !created {
		t.Errorf("lock of a free name: %v, %v", created, err)
	}
	if n := r.stat("d/unmapped"); n.Size != 0 || n.IsFolder() {
		t.Errorf("%+v", n)
	}
	r.clean()
}

func second[T any](_ T, err error) error      { return err }
func third[T, U any](_ T, _ U, e error) error { return e }

// A scope that may only read changes nothing, and one that may only write shows nothing.
func TestRights(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.put("f", []byte("1"))
	ro, wo := r.sc, r.sc
	ro.Rights, wo.Rights = store.MayRead, store.MayWrite
	for name, err := range map[string]error{
		"put":       second(r.s.Put(ctx, ro, "g", bytes.NewReader(nil), store.PutOptions{})),
		"mkdir":     second(r.s.Mkdir(ctx, ro, "g", store.Conditions{})),
		"move":      second(r.s.Move(ctx, ro, "f", "g", store.MoveOptions{})),
		"copy":      second(r.s.Copy(ctx, ro, "f", "g", store.MoveOptions{})),
		"remove":    r.s.Remove(ctx, ro, "f", store.Conditions{}),
		"stat":      second(r.s.Stat(ctx, wo, "f")),
		"copy (wo)": second(r.s.Copy(ctx, wo, "f", "g", store.MoveOptions{})),
	} {
		if !errors.Is(err, store.ErrPermission) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The name in a locked folder may not go to another node by COPY or MOVE either.
func TestLockedFolderKeepsItsNames(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("p")
	r.mkdir("p/sub")
	r.mkdir("d")
	r.put("f", []byte("1"))
	if _, _, err := r.s.Lock(ctx, r.sc, "p", store.LockSpec{Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	over := store.MoveOptions{Overwrite: true}
	if err := second(r.s.Copy(ctx, r.sc, "d", "p/sub", over)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("copy: %v", err)
	}
	if err := second(r.s.Move(ctx, r.sc, "f", "p/sub", over)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("move: %v", err)
	}
}

func TestCopyOntoItsOtherSpelling(t *testing.T) {
	r := newRig(t)
	r.mkdir("Cafe\u0301")
	r.put("Cafe\u0301/f", []byte("1"))
	was := r.stat("Cafe\u0301")
	if _, err := r.s.Copy(t.Context(), r.sc, "Cafe\u0301", "Caf\u00e9", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrSame) {
		t.Errorf("%v, want ErrSame", err)
	}
	if n := r.stat("Cafe\u0301"); n.ID != was.ID {
		t.Error("the source is another node now")
	}
}

// Every folder's ETag is the same from the call that made it as from Stat, and changes
// when the folder itself does.
func TestFolderETag(t *testing.T) {
	r := newRig(t)
	n, err := r.s.Mkdir(t.Context(), r.sc, "d", store.Conditions{})
	if err != nil || n.ETag() != r.stat("d").ETag() {
		t.Errorf("%s from Mkdir, %s from Stat (%v)", n.ETag(), r.stat("d").ETag(), err)
	}
	r.put("d/f", nil)
	before := r.stat("d").ETag()
	if _, err := r.s.Touch(t.Context(), r.sc, "d", time.Unix(1, 0), store.Conditions{}); err != nil || r.stat("d").ETag() == before {
		t.Errorf("the ETag stays through Touch (%v)", err)
	}
}

// What was the last record of a pack and is lost must not come back as another's.
func TestLostRecordStaysLost(t *testing.T) {
	r := newRig(t)
	r.put("a", noise(1, 3<<20))
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	var large string
	for _, p := range packs {
		if st, err := os.Stat(p); err == nil && st.Size() > 2<<20 {
			large = p
		}
	}
	st, err := os.Stat(large)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, st.Size()-1000); err != nil {
		t.Fatal(err)
	}
	r.open()
	r.put("b", noise(2, 3<<20))
	if got, err := readAll(r.s, r.sc, "a"); err == nil {
		t.Errorf("%d bytes come back for a file whose last record is lost", len(got))
	}
	problems := 0
	if _, err := r.s.Check(t.Context(), store.CheckOptions{}, func(string, error) { problems++ }); err != nil || problems == 0 {
		t.Errorf("check finds %d problems (%v)", problems, err)
	}
}

// Large properties of many, at once: none fails because of the others.
func TestManyLargeProperties(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 30 {
		p := store.Path(fmt.Sprintf("d%d", i))
		r.mkdir(p)
		wg.Go(func() {
			prop := store.Prop{Name: store.PropName{Space: "urn:x", Local: "big"}, Value: noise(uint64(i), 250<<10)}
			if err := r.s.SetProps(ctx, r.sc, p, []store.PropPatch{{Prop: prop}}, store.Conditions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.mkdir("all")
	for i := range 30 {
		if _, err := r.s.Move(ctx, r.sc, store.Path(fmt.Sprintf("d%d", i)), store.Path(fmt.Sprintf("all/d%d", i)), store.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.s.Copy(ctx, r.sc, "all", "copy", store.MoveOptions{}); err != nil {
		t.Error(err)
	}
	r.clean()
}
