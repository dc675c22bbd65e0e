package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cairn/store/meta"
)

// Rebuilt is what Rebuild did.
type Rebuilt struct {
	Commits int    // that were applied
	After   uint64 // the checkpoint that they were applied to; 0: none
	Old     string // name of the database as it was, in the folder; empty: there was none
}

// Rebuild makes the database of a store that nobody has open again from its packs alone:
// names, versions, ids, times, properties, accounts. It raises the store's epoch, so that
// clients that ask what has changed look at everything once, and writes a checkpoint, so
// that the next time takes less. The old database is kept under another name. Errors of
// Open, and ErrCorrupt if the packs lack commits, those that the database has among them:
// then nothing is changed. A crash leaves a folder whose next opening makes the database,
// too.
func Rebuild(ctx context.Context, o Options) (Rebuilt, error) {
	var done Rebuilt
	o.rebuild = &done
	s, err := Open(ctx, o)
	if err != nil {
		return Rebuilt{}, err
	}
	if due, err2 := s.hasMark(markEpoch); due || err2 != nil { // opening could not
		err = errors.Join(err2, s.raiseEpochIfDue(ctx))
	}
	if err == nil && o.restored {
		err = s.endSessions(ctx)
	}
	if err == nil {
		if _, cerr := s.checkpoint(ctx); cerr != nil { // it only saves time
			s.o.Log.Warn("no checkpoint is written", "err", cerr)
		}
	}
	return done, fail("rebuild", Path(o.Dir), errors.Join(err, s.Close()))
}

// endSessions ends those of all accounts: some may have been ended since a backup was made.
func (s *Store) endSessions(ctx context.Context) error {
	all, err := s.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range all {
		if err := s.DropSessions(ctx, u.ID); err != nil && !errors.Is(err, ErrNotExist) {
			return err
		}
	}
	return nil
}

// databaseFiles are those of SQLite, behind the name of the database.
var databaseFiles = []string{"", "-wal", "-shm"}

// aside is a database that was moved out of the way.
type aside struct {
	s       *Store
	from    string
	to      string // empty: there was none
	applied uint64 // the newest commit that it has, if it can be read
}

// setAside moves the database out of the way.
func (s *Store) setAside(ctx context.Context) (*aside, error) {
	a := &aside{s: s, from: filepath.Join(s.o.Dir, "meta.db")}
	switch f, err := s.fs.Open(a.from, 0); {
	case errors.Is(err, fs.ErrNotExist):
		return a, nil
	case err == nil:
		f.Close()
	}
	if db, err := meta.Open(ctx, meta.Options{Path: a.from, Connect: s.o.Connect, Readers: 1}); err == nil {
		if st, ok, err := db.State(ctx); ok && err == nil {
			a.applied = st.Applied
		}
		db.Close()
	}
	a.to = a.from + s.o.Clock().UTC().Format(".before-20060102-150405")
	return a, errors.Join(s.moveDatabase(a.from, a.to), s.fs.SyncDir(s.o.Dir))
}

// back puts it where it was, as long as the folder is locked.
func (a *aside) back() error {
	var closed error
	if a.s.db != nil {
		closed = a.s.db.Close()
		a.s.db = nil
	}
	if a.to == "" {
		return closed
	}
	return errors.Join(closed, a.s.moveDatabase(a.to, a.from), a.s.fs.SyncDir(a.s.o.Dir))
}

// moveDatabase renames a database, in place of any that is there.
func (s *Store) moveDatabase(from, to string) error {
	for _, tail := range databaseFiles {
		err := s.fs.Rename(from+tail, to+tail)
		if errors.Is(err, fs.ErrNotExist) {
			err = s.fs.Remove(to + tail)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// name is what it is called now.
func (a *aside) name() string {
	if a.to == "" {
		return ""
	}
	return filepath.Base(a.to)
}

// check looks whether the new database has what the old one had.
func (a *aside) check(ctx context.Context) error {
	st, _, err := a.s.db.State(ctx)
	if err == nil && st.Applied < a.applied {
		err = fmt.Errorf("%w: the packs hold commits up to %d, the database has those up to %d: restore the missing packs from a backup; nothing was changed", ErrCorrupt, st.Applied, a.applied)
	}
	return err
}
