// Package meta keeps the names: which nodes there are, their versions, uploads,
// accounts, locks and properties, as rows in SQLite. It knows rows, not rules: the
// rules are in package store, which plans each change as typed operations (Op).
//
// One goroutine, the committer, writes. It takes the waiting changes as one batch,
// one transaction and one commit record; the record is durable in the packs before
// the transaction commits, so that the database may be lost. Readers have their own
// connections and see whole batches.
package meta

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cairn/migrations"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// Log is where commit records go. Append returns when the record, and before it
// everything in the packs of after, is on stable storage. An error means that the
// record may or may not be there, unless it is ErrNotLogged.
type Log interface {
	Append(ctx context.Context, lsn uint64, payload []byte, after []PackID) error
}

// Options say how a database is opened.
type Options struct {
	Path    string // of the database file; made if missing
	Log     Log
	Now     func() time.Time
	Trace   func(event string) // told of every COMMIT; may be nil
	Slog    *slog.Logger
	Readers int         // connections for reading; 0 is 4
	Hold    int         // batches without a reader from which on COMMITs wait for one another; 0 is 8, -1 always
	Room    func() bool // whether the disk has plenty: a COMMIT that waited may need it all; nil is yes
	Connect Connect
	// Suspect is told, once, when a flush of the database or its log has failed, or another
	// call on them while the one was written into the other: nobody knows then what they
	// hold, and what SQLite goes on to write may mix old pages with new ones. No changes are
	// taken from then on. The caller sees to it that the next opening makes the database
	// anew. Nil: nobody is told.
	Suspect func(error)
	// Changed is told of each space that a transaction has given change numbers, once it is
	// durable, on the committer's goroutine: it must not block. Nil: nobody is told.
	Changed func(SpaceID)
}

// Connect opens a connection to the database that a URI names, by another driver than
// the usual one: tests run SQLite on a file system of their own. nil: the usual one.
type Connect func(dsn string) (driver.Conn, error)

// State is what the whole store is.
type State struct {
	UUID    [16]byte
	Epoch   int64
	Applied uint64 // LSN of the newest commit record in the database
}

// DB is an open database. Safe for concurrent use.
type DB struct {
	o       Options
	dsn     string
	writer  *session
	readers chan *session
	epoch   int64

	stats stats
	near  near
	late  *late // of the open transaction
	left  *left // the committer's own; nil before the first plan
	check *checkpointer
	cache cache
	ahead ahead
	gen   atomic.Uint64 // commits so far

	queue chan *change
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once

	mu      sync.Mutex
	started bool
	stopped error // why nothing is written any more

	reads atomic.Uint64 // by Views and Looks
	longs atomic.Int64  // snapshots that are held for long

	suspect atomic.Bool
	lag     atomic.Pointer[lag]
	poke    chan struct{} // a reader waits for what is held

	// The committer's own.
	lsn       uint64   // of the newest commit
	lastID    NodeID   // newest node id given out
	unbound   int      // batches since the log was looked at
	held      [][]byte // records of batches in the open transaction that were answered
	heldLSN   uint64   // of the last of them
	heldSince time.Time
	heldBytes int
	readsSeen uint64
	quiet     int         // batches in which nobody read
	follow    bool        // at the end of the last batch another one was waiting
	ended     time.Time   // when that was
	linger    *time.Timer // stopped but in next
}

// Open opens or makes the database and brings its schema up to date: ErrTooNew if
// it is of a later version. Nothing is committed before Start.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Readers == 0 {
		o.Readers = 4
	}
	if o.Hold == 0 {
		o.Hold = holdQuiet
	}
	if o.Room == nil {
		o.Room = func() bool { return true }
	}
	if o.Trace == nil {
		o.Trace = func(string) {}
	}
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", // first: the others may meet a lock
		"journal_mode(WAL)",
		"synchronous(NORMAL)", // commit records make commits durable
		"foreign_keys(OFF)",
		"temp_store(MEMORY)",
		"cache_size(-8000)",
		"journal_size_limit(67108864)",
		"wal_autocheckpoint(2000)",
	}}
	dsn := "file:" + (&url.URL{Path: o.Path}).EscapedPath() + "?" + q.Encode()
	if o.Connect == nil {
		pool, err := sql.Open("sqlite", dsn)
		if err != nil {
			return nil, err
		}
		defer pool.Close() // only its driver is used
		o.Connect = pool.Driver().Open
	}
	d := &DB{o: o, dsn: dsn, readers: make(chan *session, o.Readers), late: newLate(),
		queue: make(chan *change, 1024), quit: make(chan struct{}), done: make(chan struct{}),
		poke: make(chan struct{}, 1)}
	if err := d.setUp(); err != nil {
		d.closeSessions()
		return nil, fmt.Errorf("database %s: %w", o.Path, err)
	}
	return d, nil
}

func (d *DB) setUp() (err error) {
	if d.writer, err = newSession(d.o.Connect, d.dsn); err != nil {
		return err
	}
	if err := migrate(d.writer); err != nil {
		return err
	}
	for range d.o.Readers {
		s, err := newSession(d.o.Connect, d.dsn)
		if err != nil {
			return err
		}
		d.readers <- s
		if err := s.script("PRAGMA query_only = ON; PRAGMA cache_size = -2000"); err != nil {
			return err
		}
	}
	return nil
}

// closeSessions shuts the connections; no View may be running.
func (d *DB) closeSessions() error {
	var errs []error
	for len(d.readers) > 0 {
		errs = append(errs, (<-d.readers).close())
	}
	if d.writer != nil {
		errs = append(errs, d.writer.close())
	}
	return errors.Join(errs...)
}

// migrate applies the numbered files that user_version has not seen.
func migrate(s *session) error {
	files, err := fs.Glob(migrations.SQLite, "sqlite/*.sql")
	if err != nil {
		return err
	}
	sort.Strings(files)
	var have int
	if _, err := s.row("PRAGMA user_version", nil, &have); err != nil {
		return err
	}
	if have < 0 || have > len(files) {
		return fmt.Errorf("schema %d, this version knows %d: %w", have, len(files), ErrTooNew)
	}
	for i, name := range files[have:] {
		text, err := fs.ReadFile(migrations.SQLite, name)
		if err != nil {
			return err
		}
		script := "BEGIN IMMEDIATE;\n" + string(text) + fmt.Sprintf("\nPRAGMA user_version = %d;\nCOMMIT;", have+i+1)
		if err := s.script(script); err != nil {
			s.script("ROLLBACK")
			return fmt.Errorf("migration %s: %w", strings.TrimPrefix(name, "sqlite/"), err)
		}
	}
	return nil
}

// State reads what the store is; ok is false for a database that was just made.
func (d *DB) State(ctx context.Context) (st State, ok bool, err error) {
	var uuid []byte
	ok, err = d.writer.row("SELECT uuid, epoch, applied FROM store WHERE id = 1", nil, &uuid, &st.Epoch, &st.Applied)
	if ok && len(uuid) == len(st.UUID) {
		copy(st.UUID[:], uuid)
	}
	return st, ok, err
}

// Init makes the row that says which store this is. Before Start only.
func (d *DB) Init(ctx context.Context, uuid [16]byte, epoch int64) error {
	_, err := d.writer.exec("INSERT INTO store (id, uuid, epoch, applied) VALUES (1, ?, ?, 0)", uuid[:], epoch)
	return err
}

// Close ends the committer after the batch under way and shuts the connections.
// Waiting changes get ErrClosed.
func (d *DB) Close() error {
	first := false
	d.once.Do(func() { close(d.quit); first = true })
	if !first {
		return nil
	}
	if d.isStarted() {
		<-d.done
	} else {
		close(d.done)
	}
	var errs []error
	if d.check != nil {
		errs = append(errs, d.check.end())
	}
	for range cap(d.readers) {
		errs = append(errs, (<-d.readers).close()) // waits for the Views that run
	}
	if d.isStarted() && !d.suspect.Load() {
		err := d.writer.script("PRAGMA wal_checkpoint(TRUNCATE)")
		d.written(err)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, d.closeSessions())...)
}

// SetEpoch has nodes show an epoch that was committed. Before anybody reads.
func (d *DB) SetEpoch(epoch int64) { d.epoch = epoch }

// Distrust is for who has found that a flush of the database failed: see Options.Suspect.
func (d *DB) Distrust(err error) {
	d.stop(err)
	if !d.suspect.Swap(true) && d.o.Suspect != nil {
		d.o.Suspect(err)
	}
}

// written is told how writing the log into the database has ended.
func (d *DB) written(err error) {
	const sqliteIOErr = 10
	var coded interface{ Code() int }
	if errors.As(err, &coded) && coded.Code()&0xff == sqliteIOErr {
		d.Distrust(err)
	}
}

// Stopped is the reason why nothing is written any more, or nil.
func (d *DB) Stopped() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped
}

func (d *DB) stop(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped == nil {
		d.stopped = fmt.Errorf("%w: %w", ErrStopped, err)
		if d.o.Slog != nil {
			d.o.Slog.Error("writes stopped: restart the server to go on", "err", err)
		}
	}
}
