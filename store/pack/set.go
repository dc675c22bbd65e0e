package pack

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
)

// Options say where packs lie and how large they grow.
type Options struct {
	FS    object.FS
	Dir   string // holds XX/XXXXXXXXXXXXXXXX.pack: low byte and whole of the id
	Store [16]byte
	Key   [32]byte
	// After is the highest pack id that was ever used, as far as the caller knows: new
	// packs are numbered above it and above every pack in Dir. If there was any, Skip
	// ids are left out: the newest packs may be missing from a folder that was rolled
	// back, and their ids must not come again.
	After    meta.PackID
	Skip     meta.PackID
	MaxBytes int64 // a pack is sealed before it outgrows this; 0: 64 MiB
	Ahead    int64 // bytes allocated ahead of the records in the small lane's pack, at most 4 MiB; 0: none
	MaxLanes int   // open packs, at least 2; 0: 16
	Now      func() time.Time
	// Hints is the file of the hint index, by which Find knows the chunks of sealed
	// packs. It may be deleted while the set is closed. Empty: Find knows those of open
	// packs only.
	Hints string
	// OnSealed is told of every pack that was sealed, once, from a goroutine that
	// holds no lock. Nil: nobody is.
	OnSealed func(Info)
	// Progress is told by Recover how many bytes of packs it has read, of how many; nil:
	// nobody is.
	Progress func(done, total int64)
	Log      *slog.Logger
	// Decode calls use with what stored, one zstd frame of plain bytes, holds, as that of
	// chunk.Codec: chunk.ErrFrame is a defect of the pack, other errors are not. For
	// Verify. Nil: it looks at the checksum of stored bytes only.
	Decode func(ctx context.Context, stored []byte, plain int, use func([]byte) error) error

	marker func() marker // random, but in tests
}

// Info is what is known of a pack without reading it. For packs that are sealed since
// before Open, only ID, Bytes and Sealed are.
type Info struct {
	ID       meta.PackID
	Object   meta.PackID // what it lies in: its own number, or that of a merged object
	At       int64       // first byte of its block there
	Bytes    int64       // of the file, or of the block
	Records  int
	Sealed   bool
	Damaged  bool   // some of its records cannot be read
	Fixed    bool   // it lies in a merged object of which not all may be known: it stays there
	FirstLSN uint64 // lowest and highest of its commits; 0: none
	LastLSN  uint64
	// Generation counts how often it was compacted; only Summary and Inspect tell it.
	Generation uint32
}

// Name is where the pack lies, below the folder of packs, with forward slashes: the file,
// or the merged object.
func (i *Info) Name() string {
	if i.Object != i.ID {
		return MergedName(i.Object)
	}
	return FileName(i.ID)
}

// sealers is how many packs are sealed at once.
const sealers = 2

// Set is the packs of one store. All methods may be called concurrently, after Recover
// has returned.
type Set struct {
	opt     Options
	cache   *footers
	handles *handles
	sealing chan struct{} // a slot for each seal under way
	work    sync.WaitGroup
	running context.Context // ends with Close
	stop    context.CancelFunc

	hints    *hints     // nil without Options.Hints
	learning sync.Mutex // held while the chunks of a sealed pack are put into it
	fresh    packList   // packs that hints does not have yet
	cut      []string   // files of compactions that a crash ended, until Recover
	unused   []Unused
	stale    []*pack // in files of their own, which merged objects have in later generations: see Tidy

	mu      sync.Mutex
	packs   map[meta.PackID]*pack
	objects map[meta.PackID]*merged
	last    meta.PackID
	small   *Lane
	lanes   []*Lane
	closed  bool

	marked atomic.Bool // some record is: see MarkDamaged

	rebuilding bool // hints
	rebuilds   int
}

// Open lists the packs in o.Dir, which it makes if need be. It reads none of them:
// call Recover before anything else.
func Open(ctx context.Context, o Options) (*Set, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, 64<<20)
	o.MaxLanes = max(2, cmp.Or(o.MaxLanes, 16))
	o.Ahead = min(o.Ahead, maxAhead)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.marker == nil {
		o.marker = randomMarker
	}
	if err := o.FS.MkdirAll(o.Dir); err != nil {
		return nil, fmt.Errorf("packs: %w", err)
	}
	s := &Set{opt: o, cache: newFooters(8 << 20), sealing: make(chan struct{}, sealers),
		packs: map[meta.PackID]*pack{}, objects: map[meta.PackID]*merged{}, last: o.After}
	s.handles = newHandles(s.open, maxHandles, s.has)
	s.small = newLane(s)
	s.running, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	l, err := listPacks(ctx, o.FS, o.Dir)
	if err != nil {
		return nil, fmt.Errorf("packs: %w", err)
	}
	s.cut = l.cut
	for _, f := range l.packs {
		s.packs[f.id] = &pack{id: f.id, path: s.path(f.id), size: f.bytes, flushed: f.bytes, sealed: true}
		s.last = max(s.last, f.id)
	}
	if err := s.admit(ctx, l.objects); err != nil {
		return nil, fmt.Errorf("packs: %w", err)
	}
	if s.last > 0 {
		s.last += o.Skip
	}
	if o.Hints != "" {
		s.hints = openHints(o.FS, o.Hints, o.Store, s.known, o.Log)
	}
	return s, nil
}

// FindKey reads the id and the chunk key of the store from the header of any pack in
// dir, for a folder that has lost its superblock. ErrNotFound if no pack has a whole
// header; ErrVersion if all that have are of another version.
func FindKey(ctx context.Context, fsys object.FS, dir string) (store [16]byte, key [32]byte, err error) {
	l, err := listPacks(ctx, fsys, dir)
	if err != nil {
		return store, key, err
	}
	result := fmt.Errorf("%s: %w", dir, ErrNotFound)
	for _, f := range append(l.packs, l.objects...) {
		file, err := fsys.Open(filepath.Join(dir, filepath.FromSlash(f.name)), os.O_RDONLY)
		if err != nil {
			return store, key, err
		}
		var h header
		if f.name == FileName(f.id) {
			h, err = readHeader(file)
		} else {
			var m mergedHeader
			m, err = readMergedHeader(file)
			h.store, h.key = m.store, m.key
		}
		file.Close()
		if err == nil {
			return h.store, h.key, nil
		}
		if errors.Is(err, ErrVersion) {
			result = err
		}
	}
	return store, key, result
}

// Packs lists all packs by id.
func (s *Set) Packs() []Info {
	var out []Info
	for _, p := range s.sorted() {
		out = append(out, p.info())
	}
	return out
}

// Info is what is known of one pack now; false if it is not there.
func (s *Set) Info(id meta.PackID) (Info, bool) {
	p, err := s.lookup(id)
	if err != nil {
		return Info{}, false
	}
	return p.info(), true
}

// Chunk makes the record of a raw chunk, whose plain bytes come in parts as those of
// Record: its id and its checksum.
func (s *Set) Chunk(parts ...[]byte) Record {
	r := Record{Type: Chunk, ID: chunk.Sum(&s.opt.Key, parts...), Parts: parts}
	for _, p := range parts {
		r.PlainCRC = crc32.Update(r.PlainCRC, crc32.IEEETable, p)
		r.Plain += len(p)
	}
	return r
}

// Flush returns when every record appended to the packs before the call is on stable
// storage, with the names of the packs. Callers share flushes. After a failed flush,
// which is never tried again, the pack takes no more records, those not flushed before
// are gone, and every later Flush of the pack fails too: ErrLaneFailed. ctx ends the
// waiting, not the flush. ErrNotFound, with nothing flushed.
func (s *Set) Flush(ctx context.Context, packs ...meta.PackID) error {
	ids := slices.Clone(packs)
	slices.Sort(ids)
	var open []*pack // mostly few: a long upload refers to many packs that are sealed
	for _, id := range slices.Compact(ids) {
		p, err := s.lookup(id)
		if err != nil {
			return err
		}
		if !p.clean() {
			open = append(open, p)
		}
	}
	if len(open) == 1 {
		return open[0].flush(ctx)
	}
	errs := make([]error, len(open))
	var wait sync.WaitGroup
	for i, p := range open {
		wait.Go(func() { errs[i] = p.flush(ctx) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// Close waits for appends, flushes and seals under way, and releases the files. It
// flushes nothing; open packs stay open, for Recover to find.
func (s *Set) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	lanes := append([]*Lane{s.small}, s.lanes...)
	s.mu.Unlock()
	for _, l := range lanes {
		l.lock <- struct{}{}
		l.cur = nil
		<-l.lock
	}
	s.stop()
	s.work.Wait()
	errs := []error{s.handles.close()}
	for _, l := range lanes {
		if l.next == nil {
			continue
		}
		if m := <-l.next; m.pack != nil {
			errs = append(errs, s.discard(m.pack))
		}
	}
	if s.hints != nil {
		errs = append(errs, s.hints.close())
	}
	for _, p := range s.sorted() {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

func (s *Set) lookup(id meta.PackID) (*pack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.packs[id]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("pack %s: %w", name(id), ErrNotFound)
}

// has reports whether p is still one of the packs.
func (s *Set) has(p *pack) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.packs[p.id] == p
}

func (s *Set) known(id meta.PackID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.packs[id] != nil
}

func (s *Set) sorted() []*pack {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*pack, 0, len(s.packs))
	for _, p := range s.packs {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pack) int { return cmp.Compare(a.id, b.id) })
	return out
}

func (s *Set) path(id meta.PackID) string {
	return filepath.Join(s.opt.Dir, shard(id), name(id)+".pack")
}

func shard(id meta.PackID) string { return fmt.Sprintf("%02x", byte(id)) }

type found struct {
	id    meta.PackID
	name  string // below the folder of packs
	bytes int64
}

// listed is what a folder of packs holds: each by id.
type listed struct {
	packs   []found
	objects []found  // merged ones
	cut     []string // paths of what was being compacted or merged when the last run ended
}

// listPacks finds the packs in dir. Files with other names are left alone.
func listPacks(ctx context.Context, fsys object.FS, dir string) (out listed, err error) {
	shards, err := fsys.ReadDir(dir)
	if err != nil {
		return out, err
	}
	for _, d := range shards {
		if !d.Dir || len(d.Name) != 2 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		files, err := fsys.ReadDir(filepath.Join(dir, d.Name))
		if err != nil {
			return out, err
		}
		for _, f := range files {
			base, isCut := strings.CutSuffix(f.Name, newTail)
			hex, isPack := strings.CutSuffix(base, ".pack")
			hex, isMerged := strings.CutSuffix(hex, mergedTail)
			n, err := strconv.ParseUint(hex, 16, 64)
			id := meta.PackID(n)
			at := found{id, d.Name + "/" + f.Name, f.Size}
			switch ok := isPack != isMerged && err == nil && id != 0 && !f.Dir && name(id) == hex && shard(id) == d.Name; {
			case ok && isCut:
				out.cut = append(out.cut, filepath.Join(dir, d.Name, f.Name))
			case ok && isPack:
				out.packs = append(out.packs, at)
			case ok:
				out.objects = append(out.objects, at)
			}
		}
	}
	byID := func(a, b found) int { return cmp.Compare(a.id, b.id) }
	slices.SortFunc(out.packs, byID)
	slices.SortFunc(out.objects, byID)
	return out, nil
}

func randomMarker() (m marker) {
	rand.Read(m[:])
	return m
}

// FileName is where a pack lies below the folder of packs, with forward slashes.
func FileName(id meta.PackID) string { return shard(id) + "/" + name(id) + ".pack" }
