package meta

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"
)

// memLog keeps commit records in memory.
type memLog struct {
	mu      sync.Mutex
	records [][]byte
	fail    error
}

func (l *memLog) Append(_ context.Context, _ uint64, p []byte, _ []PackID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.records = append(l.records, bytes.Clone(p))
	return nil
}

func open(t testing.TB, log *memLog, name string) *DB {
	t.Helper()
	d, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), name), Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Init(t.Context(), [16]byte{1}, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func started(t testing.TB, log *memLog) *DB {
	t.Helper()
	d := open(t, log, "meta.db")
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func putSpace(tx *Tx) (root NodeID, err error) {
	n := Node{ID: tx.NewNodeID(), Space: 1, Kind: Folder}
	n.Name = n.ID.String()
	return n.ID, tx.Apply(&PutSpace{Space{ID: 1, Root: n.ID}}, &PutNode{Node: n, Key: n.Name, Fresh: true})
}

func TestCommitFoldsSums(t *testing.T) {
	d := started(t, &memLog{})
	var root, sub NodeID
	err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) {
		if root, err = putSpace(tx); err != nil {
			return err
		}
		seq, _ := tx.NextSeq(1)
		sub = tx.NewNodeID()
		tx.AddSum(root, 0, 0, seq)
		return tx.Apply(&PutNode{Node: Node{ID: sub, Space: 1, Parent: root, Name: "sub", Kind: Folder, Since: seq}, Key: "sub", Fresh: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		err := d.Commit(t.Context(), nil, func(tx *Tx) error {
			seq, err := tx.NextSeq(1)
			if err != nil {
				return err
			}
			tx.AddSum(sub, 10, 1, seq)
			name := string(rune('a' + i))
			return tx.Apply(&PutNode{Node: Node{ID: tx.NewNodeID(), Space: 1, Parent: sub, Name: name, Kind: File, Since: seq, Size: 10,
				Version: NewVersionID(tx.Now())}, Key: name, Fresh: true})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	d.View(t.Context(), func(r *Reader) error {
		for _, id := range []NodeID{root, sub} {
			n, ok, err := r.NodeByID(id)
			if err != nil || !ok || n.Bytes != 30 || n.Files != 3 || n.Seq != 4 {
				t.Errorf("folder %v: %d bytes in %d files, seq %d (%v, %v); want 30, 3, 4", id, n.Bytes, n.Files, n.Seq, ok, err)
			}
		}
		return nil
	})
}

// A plan that fails after it applied something must leave no trace, and the others of
// its batch must go through.
func TestFailedPlanLeavesNothing(t *testing.T) {
	log := &memLog{}
	d := started(t, log)
	boom := errors.New("boom")
	var root NodeID
	if err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) { root, err = putSpace(tx); return err }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			err := d.Commit(context.Background(), nil, func(tx *Tx) error {
				name := string(rune('a' + i))
				if err := tx.Apply(&PutNode{Node: Node{ID: tx.NewNodeID(), Space: 1, Parent: root, Name: name, Kind: Folder}, Key: name, Fresh: true}); err != nil {
					return err
				}
				if i%5 == 0 {
					return boom
				}
				return nil
			})
			if want := i%5 == 0; errors.Is(err, boom) != want || !want && err != nil {
				t.Errorf("plan %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	d.View(t.Context(), func(r *Reader) error {
		kids, err := r.Children(root, "", 1000)
		if err != nil || len(kids) != 40 {
			t.Errorf("%d children, want 40 (%v)", len(kids), err)
		}
		return nil
	})
}

func TestFailedRecordStopsWrites(t *testing.T) {
	log := &memLog{fail: errors.New("disk gone")}
	d := started(t, log)
	plan := func(tx *Tx) error { _, err := putSpace(tx); return err }
	if err := d.Commit(t.Context(), nil, plan); !errors.Is(err, ErrStopped) {
		t.Fatalf("a commit without a durable record: %v, want ErrStopped", err)
	}
	log.fail = nil
	if err := d.Commit(t.Context(), nil, plan); !errors.Is(err, ErrStopped) {
		t.Fatalf("the next commit: %v, want ErrStopped", err)
	}
	d.View(t.Context(), func(r *Reader) error {
		if _, ok, _ := r.Space(1); ok {
			t.Error("the change that failed can be seen")
		}
		return nil
	})
}

// Replaying the records on an empty database gives the same rows, twice too.
func TestReplay(t *testing.T) {
	log := &memLog{}
	d := started(t, log)
	all := everyOp()
	for i := range all {
		if err := d.Commit(t.Context(), nil, func(tx *Tx) error { return tx.Apply(all[i]) }); err != nil {
			t.Fatalf("op %d: %v", all[i].kind(), err)
		}
	}
	e := open(t, &memLog{}, "other.db")
	rp, err := e.Replay(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range log.records {
		if err := rp.Apply(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := rp.End(nil); err != nil || rp.Records != len(all) {
		t.Fatalf("replayed %d of %d: %v", rp.Records, len(all), err)
	}
	if got, want := dump(t, e), dump(t, d); got != want {
		t.Errorf("replay differs:\n%s\nwant\n%s", got, want)
	}
	if rp, err = e.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := rp.End(rp.Apply(encodeRecord(uint64(len(all)+2), time.Now(), 0, nil))); !errors.Is(err, ErrGap) {
		t.Errorf("a record out of order: %v, want ErrGap", err)
	}
	for i, p := range log.records { // applied once more, each changes nothing
		_, _, ops, err := decodeRecord(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range ops {
			if i == len(log.records)-1 {
				if err := e.writer.apply(op); err != nil {
					t.Errorf("op %d again: %v", op.kind(), err)
				}
			}
		}
	}
}

// everyOp is one op of each kind, in an order that can be applied.
func everyOp() []Op {
	now := time.Unix(1700000000, 123456789).UTC()
	v := NewVersionID(now)
	n := Node{ID: 7, Space: 1, Parent: 5, Name: "e\u0301.txt", Kind: File, Since: 3, Version: v, Size: 1 << 40, ModTime: now, Created: now, Author: 2,
		Manifest: Manifest{Extents: []Extent{{1, 2, 3, 1 << 39}, {2, 0, 9, 1 << 39}}}}
	was := n
	was.Manifest = Manifest{}
	return []Op{
		&PutSpace{Space{ID: 1, Owner: 2, Name: "ada", Root: 5, Trash: 6, Quota: 10, Created: now}},
		&PutSpaceSeq{1, 9},
		&PutAccount{User: User{ID: 2, Name: "Ada", Password: "$argon2id$…", Admin: true, Created: now, Epoch: 3, Space: 1}},
		&PutAppPassword{AppPassword{ID: 1, User: 2, Label: "phone", Hash: [32]byte{1}, Created: now}},
		&PutAppPassword{AppPassword{ID: 2, User: 2, Label: "laptop", Hash: [32]byte{2}, Created: now}},
		&DropAppPassword{2},
		&PutSession{Session{Hash: [32]byte{3}, User: 2, Token: [32]byte{4}, Epoch: 3, Created: now, Expires: now}},
		&PutSession{Session{Hash: [32]byte{5}, User: 2, Epoch: 3, Created: now, Expires: now}},
		&DropSession{[32]byte{5}},
		&PutNode{Node: n, Key: "\u00e9.txt"},
		&PutNode{Node: Node{ID: 8, Space: 1, Parent: 5, Name: "gone", Kind: Folder, ModTime: now, Created: now}, Key: "gone"},
		&DropNode{8},
		&PutFolder{5, 1 << 40, 1, 9},
		&PutPast{Node: was, Key: "\u00e9.txt", Until: 4},
		&PutVersion{Version{ID: v, Node: 7, Space: 1, Size: 5, ModTime: now, Author: 2, Since: 1, Until: 3, Manifest: Manifest{Pages: []Ref{{1, 4, 5}}}}},
		&PutVersion{Version{ID: VersionID{9}, Node: 7, Space: 1, ModTime: now}},
		&DropVersion{VersionID{9}},
		&PutVersion{Version{ID: VersionID{8}, Node: 70, Space: 1, ModTime: now}},
		&PutVersionOwner{70, 7},
		&PutTrash{Trashed{Node: 11, Space: 1, Parent: 5, Name: "x", Deleted: now, By: 2, Seq: 5}},
		&PutTrash{Trashed{Node: 12, Space: 1, Deleted: now}},
		&DropTrash{12},
		&PutChange{Change{Space: 1, Seq: 2, Node: 7, Parent: 5, Kind: Created, Author: 2, At: now}},
		&DropChanges{1, 2},
		&PutChange{Change{Space: 1, Seq: 3, Node: 7, Parent: 5, Kind: Written, Author: 2, At: now}},
		&PutUpload{Upload{ID: UploadID{1}, Space: 1, User: 2, Root: 5, Path: "a/b", Size: -1, Meta: []byte("m"), Guard: []byte("{}"), Created: now, Expires: now}},
		&PutUpload{Upload{ID: UploadID{2}, Space: 1, User: 2, Created: now, Expires: now, ModTime: now, Finished: true, Node: 7, Version: v}},
		&PutPart{UploadID{1}, Part{Number: 3, Offset: 99, Manifest: Manifest{Extents: []Extent{{1, 1, 1, 90}}}, Tail: []Ref{{4, 5, 9}}, State: []byte{7, 0}}},
		&DropUpload{UploadID{2}},
		&PutLock{Lock{Token: "urn:uuid:1", Space: 1, Node: 7, Infinite: true, Shared: true, Owner: "<a/>", User: 2, Created: now, Timeout: time.Minute, Expires: now}},
		&PutLock{Lock{Token: "urn:uuid:2", Space: 1, Node: 7, Created: now, Expires: now}},
		&DropLock{"urn:uuid:2"},
		&PutProp{7, Prop{Name: PropName{"urn:x", "a"}, Lang: "en", Value: []byte("v")}},
		&PutProp{7, Prop{Name: PropName{"urn:x", "b"}}},
		&DropProp{7, PropName{"urn:x", "b"}},
		&PutEpoch{3},
		&PutPast{Node: was, Key: "\u00e9.txt", Until: 4},
		&DropPast{7, 4, 9},
		&PutWatch{Watch{Seen: now}},
		&PutWatch{Watch{Seen: now, Since: now}},
		&PutSnapshot{Snapshot{ID: 21, Space: 1, Seq: 9, Name: "before", Author: 2, Created: now}},
		&PutSnapshot{Snapshot{ID: 22, Space: 1, Seq: 9, Name: "other", Created: now}},
		&DropSnapshot{22},
		&PutHeir{7, 8},
		&PutPack{Pack{ID: 2, Object: 2, Bytes: 10, Records: 2, Sealed: now, Name: "02/2.pack"}},
		&DropPack{2},
		&PutPack{Pack{ID: 3, Object: 3, Bytes: 10, Records: 2, Sealed: now, Name: "03/3.pack"}},
		&PutPack{Pack{ID: 3, Object: 6, At: 128, Bytes: 8, Records: 1, Sealed: now, Name: "06/6.packs"}},
		&PutPack{Pack{ID: 4, Object: 6, At: 136, Bytes: 8, Records: 1, Sealed: now, Name: "06/6.packs"}},
		&DropPack{4},
		&PutCheckpoint{Checkpoint{LSN: 3, Records: []Ref{{1, 2, 3}}}},
		&PutCheckpoint{Checkpoint{LSN: 8, Records: []Ref{{1, 5, 900}, {3, 0, 17}}}},
		&PutPack{Pack{ID: 1, Object: 1, Bytes: 10, Records: 2, Sealed: now, Name: "01/1.pack"}},
	}
}

func TestEveryOpKindIsCovered(t *testing.T) {
	seen := map[opKind]bool{}
	for _, op := range everyOp() {
		seen[op.kind()] = true
		c := &coder{}
		op.fields(c)
		back := newOp(op.kind())
		r := &coder{buf: c.buf, reading: true}
		back.fields(r)
		if r.err != nil || len(r.buf) != 0 {
			t.Errorf("%T: %v, %d bytes left", op, r.err, len(r.buf))
		}
		if !reflect.DeepEqual(back, op) {
			t.Errorf("%T:\n got %+v\nwant %+v", op, back, op)
		}
	}
	for k := opKind(1); k <= opHeir; k++ {
		if newOp(k) != nil && !seen[k] {
			t.Errorf("op kind %d has no example", k)
		}
	}
}

// A reader of one version of the encoding refuses every other.
func TestOtherRecordVersions(t *testing.T) {
	p := encodeOps(3, time.Unix(1, 0), everyOp())
	for _, v := range []byte{0, recordVersion + 1} {
		p[0] = v
		if _, _, _, err := decodeRecord(p); !errors.Is(err, ErrTooNew) {
			t.Errorf("version %d: %v, want ErrTooNew", v, err)
		}
	}
}

// What a part holds comes back from the database as it went in.
func TestPartComesBack(t *testing.T) {
	d := started(t, &memLog{})
	id := UploadID{1}
	want := Part{Number: 3, Offset: 99, Manifest: Manifest{Extents: []Extent{{1, 1, 1, 90}}}, Tail: []Ref{{4, 5, 9}}, State: []byte{7, 0}}
	err := d.Commit(t.Context(), nil, func(tx *Tx) error { return tx.Apply(&PutUpload{Upload{ID: id}}, &PutPart{id, want}) })
	if err != nil {
		t.Fatal(err)
	}
	d.View(t.Context(), func(r *Reader) error {
		u, ok, err := r.Upload(id)
		if err != nil || !ok || len(u.Parts) != 1 || !reflect.DeepEqual(u.Parts[0], want) {
			t.Errorf("got %+v, %v, %v; want %+v", u.Parts, ok, err, want)
		}
		return nil
	})
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(encodeOps(3, time.Unix(1, 0), everyOp()))
	f.Add([]byte{recordVersion, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		lsn, at, ops, err := decodeRecord(p)
		if err != nil {
			return
		}
		again := encodeOps(lsn, at, ops)
		if _, _, ops2, err := decodeRecord(again); err != nil || len(ops2) != len(ops) {
			t.Fatalf("re-encoding: %v", err)
		}
	})
}

func FuzzDecodeManifest(f *testing.F) {
	m := Manifest{Extents: []Extent{{1, 2, 3, 4}}}
	f.Add(m.Encode())
	f.Fuzz(func(t *testing.T, p []byte) {
		if m, err := DecodeManifest(p); err == nil {
			if _, err := DecodeManifest(m.Encode()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// dump is every row of every table.
func dump(t *testing.T, d *DB) string {
	t.Helper()
	var b bytes.Buffer
	db, err := sql.Open("sqlite", "file:"+d.o.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'store' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var s string
		rows.Scan(&s)
		tables = append(tables, s)
	}
	rows.Close()
	for _, table := range tables {
		db, err := sql.Open("sqlite", "file:"+d.o.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
		if err != nil {
			t.Fatal(err)
		}
		cols, _ := rows.Columns()
		for rows.Next() {
			vals := make([]any, len(cols))
			for i := range vals {
				vals[i] = new(any)
			}
			rows.Scan(vals...)
			b.WriteString(table)
			for i := range vals {
				b.WriteString(" " + cols[i] + "=")
				fmt.Fprintf(&b, "%v", *vals[i].(*any))
			}
			b.WriteByte('\n')
		}
		rows.Close()
	}
	return b.String()
}

func encodeOps(lsn uint64, at time.Time, ops []Op) []byte {
	var c, one coder
	for _, op := range ops {
		one.buf = nil
		op.fields(&one)
		k := uint64(op.kind())
		c.u64(&k)
		c.bytes(&one.buf)
	}
	return encodeRecord(lsn, at, len(ops), c.buf)
}

// The database may end the transaction by itself: what went before in the batch must
// not be logged as if it were there.
func TestFullDatabase(t *testing.T) {
	log := &memLog{}
	d := started(t, log)
	var root NodeID
	if err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) { root, err = putSpace(tx); return err }); err != nil {
		t.Fatal(err)
	}
	mkdir := func(name string, value int) func(*Tx) error {
		return func(tx *Tx) error {
			id := tx.NewNodeID()
			if err := tx.Apply(&PutNode{Node: Node{ID: id, Space: 1, Parent: root, Name: name, Kind: Folder}, Key: name, Fresh: true}); err != nil {
				return err
			}
			return tx.Apply(&PutProp{id, Prop{Name: PropName{"x", "y"}, Value: make([]byte, value)}})
		}
	}
	var pages int
	if _, err := d.writer.row("PRAGMA page_count", nil, &pages); err != nil {
		t.Fatal(err)
	}
	if _, err := d.writer.row(fmt.Sprintf("PRAGMA max_page_count = %d", pages+20), nil, new(int)); err != nil {
		t.Fatal(err)
	}
	begun, block := make(chan struct{}), make(chan struct{})
	go d.Commit(context.Background(), nil, func(*Tx) error { close(begun); <-block; return nil })
	<-begun
	errs := make([]error, 3)
	var wg sync.WaitGroup
	for i, size := range []int{10, 2 << 20, 10} {
		wg.Go(func() { errs[i] = d.Commit(context.Background(), nil, mkdir(string(rune('a'+i)), size)) })
		for len(d.queue) != i+1 {
			time.Sleep(time.Millisecond)
		}
	}
	close(block)
	wg.Wait()
	if errs[0] != nil || !errors.Is(errs[1], ErrFull) || errs[2] != nil {
		t.Errorf("%v; want the second alone to fail, for want of space", errs)
	}
	d.View(t.Context(), func(r *Reader) error {
		kids, err := r.Children(root, "", 10)
		if err != nil || len(kids) != 2 {
			t.Errorf("%d children (%v), want 2", len(kids), err)
		}
		return nil
	})
	if len(log.records) != 2 {
		t.Errorf("%d records, want 2", len(log.records))
	}
}

func TestTooLargeAChange(t *testing.T) {
	d := started(t, &memLog{})
	err := d.Commit(t.Context(), nil, func(tx *Tx) error {
		_, err := putSpace(tx)
		for i := range 5 {
			if err == nil {
				err = tx.Apply(&PutProp{1, Prop{Name: PropName{"x", fmt.Sprint(i)}, Value: make([]byte, 1<<20)}})
			}
		}
		return err
	})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
	if err := d.Stopped(); err != nil {
		t.Error(err)
	}
}
