package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
	"cairn/store/slab"
)

// VerifyOptions say how much is looked at.
type VerifyOptions struct {
	// Deep reads, decodes and hashes every record. Else the payloads of chunks and of
	// unfinished uploads' tails are not read; everything else is.
	Deep bool
	// Scratch is an empty folder for temporary files: a copy of the database, and one
	// made from the packs. The caller removes it.
	Scratch string
	// Progress is told how many bytes of packs are done, of how many; may be nil.
	Progress func(done, total int64)
}

// VerifyStats count what was looked at.
type VerifyStats struct {
	Spaces, Folders, Files, Trashed, Versions, Uploads int

	Packs, Records, Commits, Rows int

	Bytes    int64 // of current files, as their users see them
	Stored   int64 // of packs
	Problems int
	Notes    int
	Replay   time.Duration // what the comparison of the rows with the packs took
}

// Finding is one thing that Verify has to say.
type Finding struct {
	Where string // path of a file, "pack …", "meta.db", "cairn.json"
	What  string
	Do    string // what the operator can do; may be empty
	Note  bool   // no problem: a crash leaves it, and the next start puts it right
}

// String is the finding as one line.
func (f Finding) String() string {
	s := f.Where + ": " + f.What
	if f.Note {
		s = "note: " + s
	}
	if f.Do != "" {
		s += "; " + f.Do
	}
	return s
}

// Verify compares the data folder of a store that nobody has open with itself, and
// reports what does not fit. It looks at what is there, before a start would repair
// anything, and changes nothing. Of o it uses Dir and FS. An error says that it could
// not look: ErrInUse, ErrTooNew, ErrNotExist (no store), that of the scratch folder, or
// ctx's, within a second or so.
//
// Memory: 4 bytes a record and 40 a commit, 40 a folder.
func Verify(ctx context.Context, o Options, v VerifyOptions, report func(Finding)) (VerifyStats, error) {
	c, err := newVerifier(ctx, o, v, report)
	if err != nil {
		return VerifyStats{}, fail("verify", Path(o.Dir), err)
	}
	defer c.close()
	end, err := c.lock()
	if err != nil {
		return c.stats, fail("verify", Path(c.dir), err)
	}
	return c.stats, fail("verify", Path(c.dir), errors.Join(c.run(), end()))
}

// verifier is one run of Verify.
type verifier struct {
	ctx    context.Context
	v      VerifyOptions
	dir    string
	fs     object.FS
	report func(Finding)
	stats  VerifyStats

	store   [16]byte
	key     [32]byte
	packs   *pack.Set
	codec   *chunk.Codec
	known   map[meta.PackID]meta.Pack // registered in the database as sealed
	seen    map[meta.PackID]*packSeen
	commits []commitSeen
	parts   []pack.CheckpointPart // of checkpoints,
	partsAt []commitSeen          // and where they lie

	live, truth *meta.DB // the database, and what the packs say it should be; nil: none
	applied     uint64   // newest commit in live
	complete    bool     // the packs hold all commits
	differs     bool     // live is not what the packs say
	roots       map[NodeID]string

	lent lent
}

// lent is what a test has from an earlier run over the same database, or the same packs.
type lent struct {
	live, truth *meta.DB
	at          uint64 // newest commit in truth
}

func newVerifier(ctx context.Context, o Options, v VerifyOptions, report func(Finding)) (*verifier, error) {
	if o.FS == nil {
		o.FS = object.OS()
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &verifier{ctx: ctx, v: v, dir: dir, fs: unchanged{o.FS}, known: map[meta.PackID]meta.Pack{},
		seen: map[meta.PackID]*packSeen{}, roots: map[NodeID]string{}}
	c.report = func(f Finding) {
		if f.Note {
			c.stats.Notes++
		} else {
			c.stats.Problems++
		}
		report(f)
	}
	if c.v.Progress == nil {
		c.v.Progress = func(done, total int64) {}
	}
	return c, nil
}

func (c *verifier) problem(where, do, format string, args ...any) {
	c.report(Finding{Where: where, What: fmt.Sprintf(format, args...), Do: do})
}

func (c *verifier) note(where, format string, args ...any) {
	c.report(Finding{Where: where, What: fmt.Sprintf(format, args...), Note: true})
}

// lock keeps servers out until end. A folder that has no lock file was never served
// where it lies now: none is made in it, but a server that starts meanwhile is noticed.
// Nor is one needed where nothing can be written.
func (c *verifier) lock() (end func() error, err error) {
	there := func() (bool, error) {
		list, err := c.fs.ReadDir(c.dir)
		for _, e := range list {
			if e.Name == "lock" {
				return true, nil
			}
		}
		return false, err
	}
	ok, err := there()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return func() error {
			if ok, err := there(); err != nil || ok {
				return errors.Join(err, ErrInUse)
			}
			return nil
		}, nil
	}
	lock, err := c.fs.Lock(filepath.Join(c.dir, "lock"))
	if errors.Is(err, object.ErrReadOnly) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	return lock.Close, nil
}

// run looks, in the order in which one thing needs the other.
func (c *verifier) run() error {
	sb, err := c.superblock()
	if err != nil {
		return err
	}
	c.store, c.key = sb.Store, sb.Key
	for _, step := range []func() error{
		c.openLive, // first: the packs may know more than the database, never less
		func() error { return c.openPacks(sb) },
		c.eachPack,
		func() error { return c.compare(sb) },
		c.registered,
		c.tree,
		c.contents,
		c.hints,
		c.torn,
	} {
		if err := step(); err != nil {
			return err
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
	}
	return nil
}

// superblock reads cairn.json, or takes what it should hold from the packs.
func (c *verifier) superblock() (superblock, error) {
	text, err := c.fs.ReadFile(filepath.Join(c.dir, "cairn.json"))
	var sb superblock
	if err == nil {
		if sb, err = parseSuperblock(text); err == nil || errors.Is(err, ErrTooNew) {
			return sb, err
		}
	}
	cause := err
	sb.Store, sb.Key, err = pack.FindKey(c.ctx, c.fs, filepath.Join(c.dir, "packs"))
	switch {
	case errors.Is(cause, fs.ErrNotExist) && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, pack.ErrNotFound)):
		return sb, fmt.Errorf("%w: no store is here", ErrNotExist)
	case err != nil:
		c.problem("cairn.json", "restore it from a backup", "%v; and no pack tells what it should hold: %v", cause, err)
		return sb, err
	case errors.Is(cause, fs.ErrNotExist):
		c.problem("cairn.json", "the next start makes it again", "it is missing")
	default:
		c.problem("cairn.json", "move it away, the next start makes it again from the packs", "%v", cause)
	}
	return sb, nil
}

func (c *verifier) openPacks(sb superblock) (err error) {
	c.codec = chunk.NewCodec(slab.Map)
	o := pack.Options{FS: c.fs, Dir: filepath.Join(c.dir, "packs"), Store: sb.Store, Key: sb.Key,
		Decode: c.codec.Decode, Log: slog.New(slog.DiscardHandler)}
	c.packs, err = pack.Open(c.ctx, o)
	if err != nil && !errors.Is(err, pack.ErrVersion) && c.ctx.Err() == nil { // a folder cannot be listed: strays tells
		o.FS = nothing{c.fs}
		c.packs, err = pack.Open(c.ctx, o)
	}
	return err
}

// nothing is a file system of empty folders.
type nothing struct{ object.FS }

func (nothing) ReadDir(string) ([]object.Entry, error) { return nil, nil }

func (c *verifier) close() {
	c.dropLive()
	if c.truth != nil && c.truth != c.lent.truth {
		c.truth.Close()
	}
	if c.packs != nil {
		c.packs.Close()
	}
	if c.codec != nil {
		c.codec.Free(slab.Unmap)
	}
}

// unchanged is a file system on which nothing can be changed.
type unchanged struct{ object.FS }

func (unchanged) Mkdir(string) error          { return object.ErrReadOnly }
func (unchanged) MkdirAll(string) error       { return nil } // what is missing is found missing
func (unchanged) Rename(string, string) error { return object.ErrReadOnly }
func (unchanged) Remove(string) error         { return object.ErrReadOnly }
func (unchanged) SyncDir(string) error        { return nil }

func (u unchanged) Open(path string, flag int) (object.File, error) {
	if flag != os.O_RDONLY {
		return nil, object.ErrReadOnly
	}
	return u.FS.Open(path, flag)
}

// copyOut copies a file of the store to a temporary one.
func (c *verifier) copyOut(from, to string) (err error) {
	in, err := c.fs.Open(from, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer in.Close()
	scratch := func(err error) error { return fmt.Errorf("%w: %w", ErrScratch, err) }
	out, err := object.OS().Open(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return scratch(err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buf := make([]byte, 1<<20)
	for at := int64(0); ; {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		n, err := in.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return err
		}
		if _, werr := out.WriteAt(buf[:n], at); werr != nil {
			return scratch(werr)
		}
		if at += int64(n); err == io.EOF {
			return nil
		}
	}
}
