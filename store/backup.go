package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
)

// BackupOptions say where a backup goes.
type BackupOptions struct {
	// Dir is the folder that holds the backups of one store, each in a folder of its own.
	// It is made if it is missing; it must not lie in the data folder.
	Dir string
	// Progress is told how many bytes of packs are done, of how many; may be nil.
	Progress func(done, total int64)
}

// BackedUp is what Backup did.
type BackedUp struct {
	Path   string // of the new backup
	Packs  int    // in it
	Bytes  int64
	New    int // packs that were copied; the others are those of the backup before
	Copied int64
	Commit uint64 // the newest that it has
	// Damaged are the packs that could not be read to their end, as far as they could be, or
	// not at all; by their names in the data folder. Verify tells which files that concerns.
	Damaged []string
}

const (
	backupMark    = "cairn-backups.json" // says whose backups a folder holds
	backupPartial = ".partial"
	backupLock    = ".lock"
	backupInfo    = "backup.json"
	backupTime    = "20060102T150405.000Z"
)

// backupJSON is what stands in backupMark and backupInfo.
type backupJSON struct {
	Store  string    `json:"store"`
	Made   time.Time `json:"made"`
	Commit uint64    `json:"commit,omitempty"`
}

// Backup copies the store, as it is after some commit, while it goes on being used: into a
// folder of its own under o.Dir that is named by the time and holds what a data folder
// holds, without the database. Packs that the newest backup there has already are linked
// to it, where the file system has hard links, else copied. Open packs are copied up to
// the last record that counts. No collection runs meanwhile.
//
// A backup has its name when it is whole and durable; a crash, or an error, leaves the older
// ones as they are. A pack that cannot be read is left out and named. ErrOccupied if o.Dir
// holds anything but backups of this store, or lies in the data folder; ErrInUse if another
// backup is being made there; ErrNoSpace, ErrReadOnlyFS, of the target; ErrClosed.
func (s *Store) Backup(ctx context.Context, o BackupOptions) (BackedUp, error) {
	end, err := s.begin()
	if err != nil {
		return BackedUp{}, fail("backup", Path(o.Dir), err)
	}
	defer end()
	ctx, cancel := s.untilClosed(ctx)
	defer cancel()
	select {
	case s.collecting <- struct{}{}:
		defer func() { <-s.collecting }()
	case <-ctx.Done():
		return BackedUp{}, fail("backup", Path(o.Dir), context.Cause(ctx))
	}
	b := &backup{s: s, o: o}
	err = errors.Join(b.run(ctx), b.end())
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return b.out, fail("backup", Path(o.Dir), err)
}

// backup is one run of Backup.
type backup struct {
	s      *Store
	o      BackupOptions
	out    BackedUp
	before string // the newest backup; empty: none
	to     string // the folder that is being filled

	done, total int64
	dirs        map[string]bool      // whose names are to be flushed
	merged      map[meta.PackID]bool // objects that are in it: whether they were copied
	lock        io.Closer
}

// end removes what is left of a backup that was not made, which may fill the disk.
func (b *backup) end() error {
	if b.lock == nil {
		return nil
	}
	var err error
	if b.out.Path == "" {
		err = object.RemoveAll(b.s.fs, b.to)
	}
	return errors.Join(err, b.lock.Close())
}

func (b *backup) run(ctx context.Context) (err error) {
	if b.o.Progress == nil {
		b.o.Progress = func(done, total int64) {}
	}
	if b.o.Dir, err = filepath.Abs(b.o.Dir); err != nil {
		return err
	}
	if b.inside(b.o.Dir, b.s.o.Dir) {
		return fmt.Errorf("%w: it lies in the data folder itself", ErrOccupied)
	}
	if err := makeDirectory(b.s.fs, b.o.Dir); err != nil {
		return err
	}
	if there, err := object.Resolve(b.o.Dir); err == nil {
		if data, err := object.Resolve(b.s.o.Dir); err == nil && b.inside(there, data) {
			return fmt.Errorf("%w: it lies in the data folder itself", ErrOccupied)
		}
	}
	if err := b.prepare(); err != nil {
		return err
	}
	// In this order: whatever a commit up to this number refers to is in these packs.
	var upto uint64
	err = b.s.db.View(ctx, func(r *meta.Reader) (err error) {
		upto, err = r.Applied()
		return err
	})
	if err != nil {
		return err
	}
	packs := b.s.packs.Packs()
	for _, p := range packs {
		b.total += p.Bytes
	}
	b.dirs, b.merged = map[string]bool{b.to: true}, map[meta.PackID]bool{}
	for _, p := range packs {
		if err := b.pack(ctx, p, upto); err != nil {
			return fmt.Errorf("packs/%s: %w", p.Name(), err)
		}
	}
	for _, u := range b.s.packs.Unused() {
		if err := b.unused(ctx, u); err != nil {
			return fmt.Errorf("packs/%s: %w", u.Name, err)
		}
	}
	b.out.Commit = upto
	return b.finish()
}

// makeDirectory is MkdirAll of a folder that an earlier process may have made, and died before
// it flushed its name.
func makeDirectory(files object.FS, dir string) error {
	if err := files.MkdirAll(dir); err != nil {
		return err
	}
	err := files.SyncDir(filepath.Dir(dir))
	if errors.Is(err, fs.ErrPermission) { // somebody else's, who made the folder
		return nil
	}
	return err
}

func (b *backup) inside(dir, data string) bool {
	rel, err := filepath.Rel(data, dir)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// prepare looks at the folder of backups, and makes an empty one in it.
func (b *backup) prepare() error {
	files := b.s.fs
	list, err := files.ReadDir(b.o.Dir)
	if err != nil {
		return err
	}
	id := hex.EncodeToString(b.s.id[:])
	mark := filepath.Join(b.o.Dir, backupMark)
	switch text, err := files.ReadFile(mark); {
	case err == nil:
		var j backupJSON
		if json.Unmarshal(text, &j) != nil || j.Store != id {
			return fmt.Errorf("%w: backups of another store", ErrOccupied)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case slices.ContainsFunc(list, func(e object.Entry) bool {
		return e.Name != "lost+found" && e.Name != backupMark+".tmp" && e.Name != backupLock
	}):
		return fmt.Errorf("%w than backups; name an empty one", ErrOccupied)
	default:
		text, err := json.Marshal(backupJSON{Store: id, Made: b.s.o.Clock().UTC()})
		if err == nil {
			err = object.WriteFileAtomic(files, mark, append(text, '\n'))
		}
		if err != nil {
			return err
		}
	}
	for _, e := range list {
		if isBackup(e) && e.Name > b.before {
			b.before = e.Name
		}
	}
	if b.before != "" {
		b.before = filepath.Join(b.o.Dir, b.before)
	}
	if b.lock, err = files.Lock(filepath.Join(b.o.Dir, backupLock)); err != nil {
		return err
	}
	b.to = filepath.Join(b.o.Dir, backupPartial)
	if err := object.RemoveAll(files, b.to); err != nil {
		return err
	}
	return files.Mkdir(b.to)
}

// isBackup reports whether a folder has the name of a backup.
func isBackup(e object.Entry) bool {
	_, err := time.Parse(backupTime, e.Name)
	return err == nil && e.Dir
}

// pack brings one pack into the backup.
func (b *backup) pack(ctx context.Context, p pack.Info, upto uint64) error {
	defer func() { b.done += p.Bytes; b.o.Progress(b.done, b.total) }()
	bytes := p.Bytes
	b.out.Packs++
	merged := p.Object != p.ID // all that is in there is older than the collection that made it
	if copied, done := b.merged[p.Object]; done {
		if copied {
			b.out.New++
		}
		return nil
	}
	whole := p.Sealed && !p.Damaged || merged
	if merged {
		size, err := b.size(filepath.Join(b.s.o.Dir, "packs", filepath.FromSlash(p.Name())))
		if err == nil { // else copying it tells
			bytes = size
		}
		b.merged[p.Object] = false
	} else if whole {
		in, err := b.s.packs.Summary(ctx, p.ID)
		if err != nil && !errors.Is(err, pack.ErrCorrupt) {
			return err
		}
		whole = err == nil && in.LastLSN <= upto
	}
	if !whole && !p.Damaged { // up to the first commit that is too new
		err := b.s.packs.EachEntry(ctx, p.ID, func(e *pack.Entry) {
			if at := e.Offset - pack.RecordBytes; e.Type == pack.Commit && e.LSN() > upto && at < bytes {
				bytes = at
			}
		})
		if err != nil && !errors.Is(err, pack.ErrCorrupt) { // a damaged one as it is
			return err
		}
	}
	name := filepath.Join("packs", filepath.FromSlash(p.Name()))
	from, to, err := b.place(name)
	if err != nil {
		return err
	}
	b.out.Bytes += bytes
	if whole && b.before != "" {
		// Whatever is wrong with the older one is no reason not to copy this.
		same, err := b.same(from, filepath.Join(b.before, name))
		if err == nil && same && object.Link(b.s.fs, filepath.Join(b.before, name), to) == nil {
			return nil
		}
	}
	if free, _, err := b.s.fs.Space(b.to); err == nil && free < bytes+diskReserve {
		return object.ErrNoSpace
	}
	err = copyFile(ctx, b.s.fs, from, to, bytes)
	if unread := new(unreadError); errors.As(err, &unread) {
		b.s.o.Log.Error("a pack cannot be read to its end; the backup has what could be read", "pack", p.ID, "err", err)
		b.out.Damaged = append(b.out.Damaged, filepath.ToSlash(name))
		err = nil
	}
	if merged {
		b.merged[p.Object] = true
	}
	b.out.New++
	b.out.Copied += bytes
	return err
}

// place is where a file is and where it goes, in a folder that is there.
func (b *backup) place(name string) (from, to string, err error) {
	from, to = filepath.Join(b.s.o.Dir, name), filepath.Join(b.to, name)
	dir := filepath.Dir(to)
	if !b.dirs[dir] {
		if err := b.s.fs.MkdirAll(dir); err != nil {
			return "", "", err
		}
		b.dirs[dir], b.dirs[filepath.Dir(dir)] = true, true
	}
	return from, to, nil
}

// unused brings a merged object in, as far as it can be read, that this server cannot use, and
// names it.
func (b *backup) unused(ctx context.Context, u pack.Unused) error {
	if errors.Is(u.Err, pack.ErrForeign) {
		return nil
	}
	name := filepath.Join("packs", filepath.FromSlash(u.Name))
	b.out.Damaged = append(b.out.Damaged, filepath.ToSlash(name))
	from, to, err := b.place(name)
	if err != nil {
		return err
	}
	size, err := b.size(from)
	if err == nil {
		err = copyFile(ctx, b.s.fs, from, to, size)
	} else {
		err = &unreadError{err}
	}
	if unread := new(unreadError); errors.As(err, &unread) {
		b.s.o.Log.Error("a merged object cannot be read; the backup has what could be", "file", name, "err", err)
		err = nil
	}
	return err
}

func (b *backup) size(path string) (int64, error) {
	f, err := b.s.fs.Open(path, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Size()
}

// unreadError is an error of reading what is copied, not of writing the copy.
type unreadError struct{ error }

func (e *unreadError) Unwrap() error { return e.error }

// same reports whether two sealed packs, or merged objects, are the same, by their size and
// their ends, which hold a random word and the checksum of what tells of the rest.
func (b *backup) same(one, two string) (bool, error) {
	var ends [2][]byte
	var sizes [2]int64
	for i, path := range []string{one, two} {
		f, err := b.s.fs.Open(path, os.O_RDONLY)
		if err != nil {
			return false, err
		}
		if sizes[i], err = f.Size(); err == nil && sizes[i] >= pack.TrailerBytes {
			ends[i] = make([]byte, pack.TrailerBytes)
			_, err = f.ReadAt(ends[i], sizes[i]-pack.TrailerBytes)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return false, err
		}
	}
	return sizes[0] == sizes[1] && bytes.Equal(ends[0], ends[1]), nil
}

// copyFile copies the first n bytes of a file, and flushes them. An unreadError if it cannot
// be read to there: what could be is copied.
func copyFile(ctx context.Context, files object.FS, from, to string, n int64) (err error) {
	in, err := files.Open(from, os.O_RDONLY)
	if err != nil {
		return &unreadError{err}
	}
	defer in.Close()
	out, err := files.Open(to, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	buf := make([]byte, min(n, 1<<20))
	var unread error
	for at := int64(0); at < n && err == nil; {
		if err = ctx.Err(); err != nil {
			break
		}
		part := buf[:min(int64(len(buf)), n-at)]
		got, bad := in.ReadAt(part, at)
		if bad == io.EOF && got < len(part) {
			bad = fmt.Errorf("%w: it ends before %d bytes", ErrCorrupt, n)
		}
		if _, err = out.WriteAt(part[:got], at); bad != nil && bad != io.EOF {
			unread = &unreadError{bad}
			break
		}
		at += int64(len(part))
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = unread
	}
	return err
}

// finish makes the backup durable and gives it its name.
func (b *backup) finish() error {
	files := b.s.fs
	sb, err := files.ReadFile(filepath.Join(b.s.o.Dir, "cairn.json"))
	if err == nil {
		err = object.WriteFileAtomic(files, filepath.Join(b.to, "cairn.json"), sb)
	}
	if err != nil {
		return err
	}
	now := b.s.o.Clock().UTC()
	text, err := json.Marshal(backupJSON{Store: hex.EncodeToString(b.s.id[:]), Made: now, Commit: b.out.Commit})
	if err == nil {
		err = object.WriteFileAtomic(files, filepath.Join(b.to, backupInfo), append(text, '\n'))
	}
	if err != nil {
		return err
	}
	for dir := range b.dirs {
		if err := files.SyncDir(dir); err != nil {
			return err
		}
	}
	path := filepath.Join(b.o.Dir, now.Format(backupTime))
	for n := 1; path <= b.before; n++ { // two within a millisecond, or a clock that was set back
		last, err := time.Parse(backupTime, filepath.Base(b.before))
		if err != nil {
			return err
		}
		path = filepath.Join(b.o.Dir, last.Add(time.Duration(n)*time.Millisecond).Format(backupTime))
	}
	if err := files.Rename(b.to, path); err != nil {
		return err
	}
	b.out.Path = path
	return files.SyncDir(b.o.Dir)
}
