package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cairn/store"
	"cairn/store/pack"
)

// history makes a bit of everything that has rows. Each call makes something else.
func (r *rig) history(n int) {
	r.t.Helper()
	must := func(_ any, err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	ctx, dir := r.t.Context(), store.Path(fmt.Sprint("dir", n))
	r.mkdir(dir)
	for i := range 30 {
		r.put(dir.Join(fmt.Sprint("f", i)), noise(uint64(n*100+i), 100+i*5000))
	}
	r.put(dir.Join("f1"), noise(uint64(n), 70_000))
	r.put(dir.Join("f1"), nil)
	must(nil, r.s.Remove(ctx, r.sc, dir.Join("f2"), store.Conditions{}))
	must(r.s.Move(ctx, r.sc, dir.Join("f3"), dir.Join("moved"), store.MoveOptions{}))
	must(r.s.Move(ctx, r.sc, dir.Join("f4"), dir.Join("f5"), store.MoveOptions{Overwrite: true}))
	must(r.s.Copy(ctx, r.sc, dir, dir+" copied", store.MoveOptions{}))
	must(nil, r.s.SetProps(ctx, r.sc, dir.Join("f6"), []store.PropPatch{{Prop: store.Prop{Name: store.PropName{Space: "urn:x", Local: "p"}, Value: []byte("v")}}}, store.Conditions{}))
	lk, _, err := r.s.Lock(ctx, r.sc, dir.Join("f7"), store.LockSpec{Timeout: time.Hour})
	must(lk, err)
	must(r.append(r.create(dir.Join("unfinished"), 900_000), 0, bytes.NewReader(noise(uint64(n+50), 450_000))))
	u, err := r.s.AddUser(ctx, fmt.Sprint("user", n), "hash", 1<<30, false)
	must(u, err)
	must(r.s.AddAppPassword(ctx, u.ID, "phone", [32]byte{byte(n)}))
	must(nil, r.s.AddSession(ctx, store.Session{Hash: [32]byte{byte(n), 1}, User: u.ID, Epoch: u.Epoch, Expires: r.clock.now().Add(time.Hour)}))
	gone, err := r.s.AddUser(ctx, fmt.Sprint("gone", n), "hash", 0, false)
	must(gone, err)
	must(nil, r.s.RemoveUser(ctx, gone.ID))
}

// loseDatabase takes it away from a closed store.
func (r *rig) loseDatabase() {
	r.t.Helper()
	for _, name := range []string{"meta.db", "meta.db-wal", "meta.db-shm"} {
		if err := os.RemoveAll(filepath.Join(r.dir, name)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// withoutDatabase opens the store again as if the database were lost, and returns what the
// log says of how it came back.
func (r *rig) withoutDatabase() (told []string) {
	r.t.Helper()
	if err := r.s.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.loseDatabase()
	var log strings.Builder
	s, err := store.Open(r.t.Context(), store.Options{Dir: r.dir, Clock: r.clock.now, UnsafeFS: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		r.t.Fatalf("%v\n%s", err, &log)
	}
	r.s = s
	for line := range strings.Lines(log.String()) {
		if m := fromLog.FindString(line); m != "" {
			told = append(told, strings.ReplaceAll(m, `"`, ""))
		}
	}
	return told
}

var fromLog = regexp.MustCompile(`from a checkpoint" lsn=\d+|cannot be used|records=\d+ after=\d+`)

// A database that is lost comes back from the newest checkpoint and the commits behind it,
// row for row what all commits make of it; and from an older one, or all commits, where
// a checkpoint is damaged.
func TestDatabaseFromCheckpoint(t *testing.T) {
	r := newRig(t)
	checkpoint := func() uint64 {
		t.Helper()
		lsn, err := r.s.CheckpointForTest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return lsn
	}
	want := func(lsn uint64) {
		t.Helper()
		got := r.withoutDatabase()
		if lsn == 0 && (len(got) != 1 || !strings.HasSuffix(got[0], " after=0")) ||
			lsn > 0 && (len(got) != 2 || got[0] != fmt.Sprint("from a checkpoint lsn=", lsn) || !strings.HasSuffix(got[1], fmt.Sprint(" after=", lsn))) {
			t.Errorf("the log says %q, want checkpoint %d", got, lsn)
		}
		for n := range 3 {
			for _, i := range []int{0, 6, 29} {
				if p := store.Path(fmt.Sprintf("dir%d/f%d", n+1, i)); !bytes.Equal(r.read(p), noise(uint64((n+1)*100+i), 100+i*5000)) {
					t.Errorf("%s has other bytes", p)
				}
			}
		}
	}
	r.history(1)
	first := checkpoint()
	r.history(2)
	second := checkpoint()
	r.history(3)
	want(second)
	r.clean() // compares every row with what all commits say
	damage := func(lsn uint64) {
		t.Helper()
		id, at := r.s.CheckpointAtForTest(t.Context(), lsn)
		f, err := os.OpenFile(filepath.Join(r.dir, "packs", pack.FileName(id)), os.O_RDWR, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("damage"), at+10)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	damage(second)
	want(first)
	damage(first)
	want(0)
}
