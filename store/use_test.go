package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cairn/store"
)

func (r *rig) use() store.SpaceUse {
	r.t.Helper()
	u, err := r.s.SpaceUse(r.t.Context(), r.sc)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func TestSpaceUse(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	u := r.use()
	if u.Bytes != 0 || u.Files != 0 || u.Quota != 0 || u.Available <= 0 || u.Versions != (store.Past{}) || u.Trash != (store.Past{}) || u.CollectEvery != 0 {
		t.Errorf("of an empty space: %+v", u)
	}
	r.mkdir("a")
	r.put("a/f", []byte("1234"))
	before := r.clock.now()
	r.put("a/f", []byte("12345")) // change 3
	after := r.clock.now()
	r.clock.advance(day)
	r.put("a/f", []byte("1"))
	r.put("g", []byte("123"))
	u = r.use()
	if u.Bytes != 4 || u.Files != 2 || u.Versions.Entries != 2 || u.Versions.Bytes != 9 || u.Versions.Upto != 4 || u.Trash.Entries != 0 ||
		u.Versions.Since.Before(before) || u.Versions.Since.After(after) {
		t.Errorf("%+v, superseded between %v and %v", u, before, after)
	}
	before = r.clock.now()
	r.trashIt("a") // its older versions go on as such
	after = r.clock.now()
	r.put("g", []byte("12"))
	r.trashIt("g")
	u = r.use()
	if u.Bytes != 0 || u.Files != 0 || u.Versions.Entries != 3 || u.Versions.Bytes != 12 || u.Trash.Entries != 2 || u.Trash.Bytes != 3 || u.Trash.Upto != 8 ||
		u.Trash.Since.Before(before) || u.Trash.Since.After(after) {
		t.Errorf("%+v, removed between %v and %v", u, before, after)
	}
	if size, err := r.s.TrashSize(ctx, r.sc); err != nil || int64(size.Entries) != u.Trash.Entries || size.Bytes != u.Trash.Bytes || size.Upto != u.Trash.Upto {
		t.Errorf("%+v, %v", size, err)
	}

	if err := r.s.SetQuota(ctx, r.sc.User, 1000); err != nil {
		t.Fatal(err)
	}
	r.put("h", []byte("12"))
	if u = r.use(); u.Quota != 1000 || u.Available != 998 {
		t.Errorf("%+v", u)
	}
	r.mkdir("part")
	part, blind := r.sc, r.sc
	part.Root = r.stat("part").ID
	blind.Rights = 0
	for name, c := range map[string]struct {
		sc   store.Scope
		want error
	}{"a part": {part, store.ErrNotExist}, "no right": {blind, store.ErrPermission}} {
		if _, err := r.s.SpaceUse(ctx, c.sc); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := r.s.VersionsSize(ctx, c.sc, 0); !errors.Is(err, c.want) {
			t.Errorf("size, %s: %v", name, err)
		}
		if n, err := r.s.DropVersions(ctx, c.sc, 1<<62); n != 0 || !errors.Is(err, c.want) {
			t.Errorf("drop, %s: %d, %v", name, n, err)
		}
	}
	reader := r.sc
	reader.Rights = store.MayRead
	if n, err := r.s.DropVersions(ctx, reader, 1<<62); n != 0 || !errors.Is(err, store.ErrPermission) {
		t.Errorf("drop, a reader: %d, %v", n, err)
	}
	if n := r.rows(); n.Versions != 3 {
		t.Errorf("%+v", n)
	}
}

// What was there when a person was asked goes, of all files and in more than one
// transaction; what came later, and what others have, stays.
func TestDropVersions(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	other, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	ada := r.sc
	r.home(other)
	r.put("his", []byte("1"))
	r.put("his", []byte("2"))
	r.sc = ada
	want := int64(0)
	for i := range 70 {
		for j := range 10 {
			r.put(store.Path(fmt.Sprint("f", i)), noise(uint64(i), j+1))
		}
		want += 45
	}
	r.trashIt("f0")
	size, err := r.s.VersionsSize(ctx, r.sc, 0)
	if err != nil || size.Entries != 630 || size.Bytes != want {
		t.Fatalf("%+v, %v", size, err)
	}
	r.put("f1", []byte("later"))
	if _, _, err := r.s.Lock(ctx, r.sc, "f2", store.LockSpec{Timeout: time.Hour}); err != nil {
		t.Fatal(err)
	}
	tag := r.stat("f3").ETag()
	batches := r.s.CommitsForTest().Batches
	if n, err := r.s.DropVersions(ctx, r.sc, size.Upto); n != 630 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n := r.s.CommitsForTest().Batches - batches; n < 2 {
		t.Errorf("%d transactions", n)
	}
	if u := r.use(); u.Versions.Entries != 1 || u.Versions.Bytes != 10 || u.Files != 69 || r.versions("f1") != 1 {
		t.Errorf("%+v", u)
	}
	if r.stat("f3").ETag() != tag {
		t.Error("a file has another tag")
	}
	if n, err := r.s.DropVersions(ctx, r.sc, size.Upto); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	r.home(other)
	if r.versions("his") != 1 {
		t.Error("another's versions are gone")
	}
	r.clean()
}

// What a snapshot needs stays.
func TestDropVersions_pinned(t *testing.T) {
	r := newRig(t)
	var ids []store.VersionID
	var snaps []store.SnapshotID
	for i := range 600 {
		ids = append(ids, r.put("f", noise(uint64(i), 5)).Version)
		if i == 0 || i == 4 || i == 399 {
			snaps = append(snaps, r.snapshot(fmt.Sprint(i)).ID)
		}
	}
	if n, err := r.s.DropVersions(t.Context(), r.sc, 1<<62); n != 596 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	vs, err := r.s.OldVersionsForTest(t.Context(), r.sc.Space)
	if err != nil || len(vs) != 3 || vs[0].ID != ids[0] || vs[1].ID != ids[4] || vs[2].ID != ids[399] {
		t.Errorf("%+v, %v", vs, err)
	}
	for _, id := range snaps {
		r.must(r.s.DropSnapshot(t.Context(), r.sc, id))
	}
	if n, err := r.s.DropVersions(t.Context(), r.sc, 1<<62); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	r.clean()
}

// What was superseded long enough ago, by a clock that can be believed.
func TestVersionsSize(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	size := func(age time.Duration) store.Past {
		t.Helper()
		p, err := r.s.VersionsSize(ctx, r.sc, age)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := size(day); p != (store.Past{}) {
		t.Errorf("of nothing: %+v", p)
	}
	keep := unlimited
	for i := range 40 { // one more each day; version i is superseded on day i+1
		r.put("f", noise(uint64(i), 1))
		r.put("other", []byte(fmt.Sprint(i)))
		r.prune(store.PruneOptions{Retention: &keep}) // looks at the clock
		r.clock.advance(day)
	}
	for days := 1; days <= 41; days++ {
		// A moment less than so many days ago the pair before the last days-1 was superseded.
		if p := size(time.Duration(days)*day - time.Hour); p.Entries != 2*int64(max(0, 40-days)) {
			t.Errorf("%d days: %+v", days, p)
		}
	}
	if p := size(0); p.Entries != 78 {
		t.Errorf("of any age: %+v", p)
	}
	p := size(10*day - time.Hour)
	if n, err := r.s.DropVersions(ctx, r.sc, p.Upto); int64(n) != p.Entries || err != nil || n == 0 {
		t.Errorf("%d, %v of %+v", n, err, p)
	}
	if got := size(0); got.Entries != 78-p.Entries {
		t.Errorf("%+v left", got)
	}
	r.clock.advance(10 * 365 * day)
	if p := size(day); p != (store.Past{}) {
		t.Errorf("after a jump of the clock: %+v", p)
	}
	if p := size(0); p.Entries == 0 {
		t.Error("nothing at all after a jump")
	}
}
