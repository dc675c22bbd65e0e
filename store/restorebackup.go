package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"cairn/store/object"
)

// restoring is the folder in which a data folder is made of a backup; who does that has the
// lock beside it.
const (
	restoring     = ".restoring"
	restoringLock = restoring + ".lock"
)

// RestoreBackup makes a data folder at o.Dir, which must be missing or empty, of a backup,
// or of the newest one if from holds several, and has its database made: see Rebuild. The
// store's epoch is raised, so that clients that know what came after the backup look at
// everything once, and all sessions are ended: some may have been ended since. App passwords
// and accounts are as they were. Progress is told how many bytes of packs are copied, of how
// many; nil: nobody is. The folder may be a mount point.
//
// All is made in a folder in it, and then moved up. A crash, or an error, before that leaves
// that folder, which the next call removes. ErrInUse if another process restores to o.Dir;
// ErrNotExist if from holds no backup; ErrOccupied if there is anything in o.Dir; ErrCorrupt
// if a part of the backup cannot be read.
func RestoreBackup(ctx context.Context, from string, o Options, progress func(done, total int64)) (done Rebuilt, err error) {
	if o.FS == nil {
		o.FS = object.OS()
	}
	if progress == nil {
		progress = func(done, total int64) {}
	}
	to, err := filepath.Abs(o.Dir)
	if err == nil {
		err = makeDirectory(o.FS, to)
	}
	if err == nil {
		err = isEmpty(o.FS, to)
	}
	if err != nil {
		return done, fail("restore", Path(o.Dir), err)
	}
	lock, err := o.FS.Lock(filepath.Join(to, restoringLock))
	if err != nil {
		return done, fail("restore", Path(o.Dir), err)
	}
	defer func() {
		o.FS.Remove(filepath.Join(to, restoringLock)) // or it stays, in nobody's way
		lock.Close()
	}()
	if err := isEmpty(o.FS, to); err != nil { // now that nobody else is at it
		return done, fail("restore", Path(o.Dir), err)
	}
	o.Dir, o.restored = filepath.Join(to, restoring), true
	if err := copyBackup(ctx, from, o.Dir, o.FS, progress); err != nil {
		return done, fail("restore", Path(from), err)
	}
	if done, err = Rebuild(ctx, o); err != nil {
		return done, err
	}
	return done, fail("restore", Path(to), moveUp(o.FS, o.Dir, to))
}

// isEmpty is ErrOccupied if a folder holds more than a restore may find there.
func isEmpty(files object.FS, dir string) error {
	list, err := files.ReadDir(dir)
	if err == nil && slices.ContainsFunc(list, func(e object.Entry) bool {
		return e.Name != "lost+found" && e.Name != restoring && e.Name != restoringLock
	}) {
		err = fmt.Errorf("%w; a backup is restored to an empty one", ErrOccupied)
	}
	return err
}

// moveUp moves what is in a folder to the one above. The packs go first: with them alone
// the folder is a store, whose database is made again.
func moveUp(files object.FS, from, to string) error {
	list, err := files.ReadDir(from)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(list, func(e object.Entry) bool { return e.Name == "packs" }); i > 0 {
		list[0], list[i] = list[i], list[0]
	}
	for _, e := range list {
		if e.Name == "lock" { // of nobody any more
			err = files.Remove(filepath.Join(from, e.Name))
		} else {
			err = files.Rename(filepath.Join(from, e.Name), filepath.Join(to, e.Name))
		}
		if err != nil {
			return err
		}
	}
	if err := files.SyncDir(to); err != nil {
		return err
	}
	if err := files.Remove(from); err != nil {
		return err
	}
	return files.SyncDir(to)
}

// copyBackup makes a folder with the files of a backup, in place of one that an earlier call
// left.
func copyBackup(ctx context.Context, from, to string, files object.FS, progress func(done, total int64)) (err error) {
	if from, err = newestBackup(files, from); err != nil {
		return err
	}
	if err := object.RemoveAll(files, to); err != nil {
		return err
	}
	if err := files.MkdirAll(filepath.Join(to, "packs")); err != nil {
		return err
	}
	shards, err := files.ReadDir(filepath.Join(from, "packs"))
	if err != nil {
		return err
	}
	var all []object.Entry // with the path below from as name
	var done, total int64
	for _, d := range shards {
		if !d.Dir {
			continue
		}
		in, err := files.ReadDir(filepath.Join(from, "packs", d.Name))
		if err != nil {
			return err
		}
		for _, e := range in {
			if e.Dir { // what some file servers put everywhere
				continue
			}
			all = append(all, object.Entry{Name: filepath.Join("packs", d.Name, e.Name), Size: e.Size})
			total += e.Size
		}
		if err := files.MkdirAll(filepath.Join(to, "packs", d.Name)); err != nil {
			return err
		}
	}
	for _, e := range all {
		if err := copyFile(ctx, files, filepath.Join(from, e.Name), filepath.Join(to, e.Name), e.Size); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		done += e.Size
		progress(done, total)
	}
	sb, err := files.ReadFile(filepath.Join(from, "cairn.json"))
	if err == nil {
		err = object.WriteFileAtomic(files, filepath.Join(to, "cairn.json"), sb)
	}
	if err != nil {
		return err
	}
	for _, d := range shards {
		if d.Dir {
			if err := files.SyncDir(filepath.Join(to, "packs", d.Name)); err != nil {
				return err
			}
		}
	}
	for _, dir := range []string{filepath.Join(to, "packs"), to} {
		if err := files.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// newestBackup is from, if that is a backup, or the newest one in it.
func newestBackup(files object.FS, from string) (string, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	list, err := files.ReadDir(from)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(list, func(e object.Entry) bool { return e.Name == backupInfo }) {
		return from, nil
	}
	for _, e := range slices.Backward(list) {
		if isBackup(e) {
			return filepath.Join(from, e.Name), nil
		}
	}
	return "", fmt.Errorf("%w: no backup is here", ErrNotExist)
}
