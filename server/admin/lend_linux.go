package admin

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"cairn/store"

	"golang.org/x/sys/unix"
)

// A connection that asks for lendPath is told lendReady and then speaks as follows. A
// question has lendQuestion bytes: space, node, offset and length, eight each, and the
// version. The answer to one that succeeds: 0, how many pieces there are, two bytes of 0;
// for each piece the number of its file or lendInline, and where it lies there and how long
// it is, eight bytes each; the bytes of pieces that lie in no file. The files come with the
// first byte (SCM_RIGHTS). The answer to one that fails: 1, 0, and the length of the
// failure as JSON, and that. Numbers have their highest byte first.
const (
	lendPath     = "/browse/lend"
	lendReady    = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: cairn-lend\r\n\r\n"
	lendQuestion = 48
	lendHead     = 4
	lendPiece    = 17
	lendInline   = 0xff
	// maxPieces bounds the pieces of an answer, maxLend its bytes.
	maxPieces = 200
)

// Lender answers reads through the socket with the files that the bytes lie in, so that
// they are not sent through it: whoever reaches the socket may read those files anyway. A
// file that was lent stays readable when its pack is dropped. Close it before the store.
type Lender struct {
	Browse
	ctx context.Context
	end context.CancelFunc

	mu    sync.Mutex
	conns map[net.Conn]bool
	loops sync.WaitGroup
}

// NewLender lends what b reads.
func NewLender(b Browse) *Lender {
	l := &Lender{Browse: b, conns: map[net.Conn]bool{}}
	l.ctx, l.end = context.WithCancel(context.Background())
	return l
}

// Close ends its connections and waits until it asks the store no more.
func (l *Lender) Close() {
	l.end()
	l.mu.Lock()
	for c := range l.conns {
		c.Close()
	}
	l.mu.Unlock()
	l.loops.Wait()
}

// add notes a connection, unless the lender is closed.
func (l *Lender) add(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.conns[c] = true
	l.loops.Add(1)
	return true
}

func (l *Lender) drop(c net.Conn) {
	c.Close()
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	l.loops.Done()
}

// ServeHTTP implements http.Handler.
func (l *Lender) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		answer(w, http.StatusNotImplemented, failure{Message: "not a connection of its own"})
		return
	}
	conn, rw, err := hijacker.Hijack()
	if err != nil {
		answer(w, http.StatusInternalServerError, failure{Message: err.Error()})
		return
	}
	f, ok := conn.(*fileConn)
	if !ok || !l.add(conn) {
		conn.Close()
		return
	}
	defer l.drop(conn)
	conn.SetDeadline(time.Time{})
	if _, err := io.WriteString(conn, lendReady); err != nil {
		return
	}
	for {
		var q [lendQuestion]byte
		if _, err := io.ReadFull(rw, q[:]); err != nil {
			return
		}
		if err := l.answer(f.Conn.(*net.UnixConn), q[:]); err != nil {
			return
		}
	}
}

// answer answers one question. An error is one of the connection.
func (l *Lender) answer(c *net.UnixConn, q []byte) error {
	sc := store.Scope{Space: store.SpaceID(binary.BigEndian.Uint64(q)), Root: store.NodeID(binary.BigEndian.Uint64(q[8:])), Rights: store.MayRead}
	off, n := int64(binary.BigEndian.Uint64(q[16:])), int64(binary.BigEndian.Uint64(q[24:]))
	if off < 0 || n < 0 || n > maxLend {
		return fmt.Errorf("%d bytes from %d on", n, off)
	}
	var p lent
	defer p.close()
	_, err := l.Send(l.ctx, sc, store.VersionID(q[32:48]), off, n, func(int64) io.Writer { return &p })
	if err != nil {
		text, jerr := json.Marshal(failureOf(err))
		if jerr != nil || len(text) > 1<<16-1 {
			return errors.Join(jerr, err)
		}
		_, err = c.Write(append([]byte{1, 0, byte(len(text) >> 8), byte(len(text))}, text...))
		return err
	}
	head := append(make([]byte, 0, lendHead+len(p.pieces)*lendPiece), 0, byte(len(p.pieces)), 0, 0)
	for _, x := range p.pieces {
		head = append(head, x.file)
		head = binary.BigEndian.AppendUint64(head, uint64(x.off))
		head = binary.BigEndian.AppendUint64(head, uint64(x.n))
	}
	var rights []byte
	if len(p.fds) > 0 {
		rights = syscall.UnixRights(p.fds...)
	}
	if m, _, err := c.WriteMsgUnix(head, rights, nil); err != nil || m < len(head) {
		return errors.Join(err, io.ErrShortWrite)
	}
	_, err = c.Write(p.inline)
	return err
}

// piece is a run of bytes: in a file, or in none.
type piece struct {
	file   byte
	off, n int64
}

// lent gathers where the bytes of a range lie, as a writer that is given them.
type lent struct {
	pieces []piece
	fds    []int // copies of its own
	last   *os.File
	inline []byte
}

func (p *lent) add(x piece) error {
	if len(p.pieces) == maxPieces {
		return errPieces
	}
	p.pieces = append(p.pieces, x)
	return nil
}

// Write implements io.Writer, for what had to be decoded.
func (p *lent) Write(b []byte) (int, error) {
	if k := len(p.pieces) - 1; k >= 0 && p.pieces[k].file == lendInline {
		p.pieces[k].n += int64(len(b))
	} else if err := p.add(piece{file: lendInline, n: int64(len(b))}); err != nil {
		return 0, err
	}
	p.inline = append(p.inline, b...)
	return len(b), nil
}

// ReadFrom implements io.ReaderFrom.
func (p *lent) ReadFrom(r io.Reader) (int64, error) {
	part, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{p}, r)
	}
	f, ok := part.R.(*os.File)
	if !ok {
		return io.Copy(struct{ io.Writer }{p}, r)
	}
	off, err := f.Seek(0, io.SeekCurrent)
	if err == nil && f != p.last {
		err = p.copy(f)
	}
	if err == nil {
		err = p.add(piece{byte(len(p.fds) - 1), off, part.N})
	}
	if err != nil {
		return 0, err
	}
	n := part.N
	part.N = 0
	return n, nil
}

// copy takes a descriptor of the file, which may be closed before it is sent.
func (p *lent) copy(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var fd int
	cerr := raw.Control(func(of uintptr) { fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, cerr); err == nil {
		p.fds, p.last = append(p.fds, fd), f
	}
	return err
}

func (p *lent) close() {
	for _, fd := range p.fds {
		unix.Close(fd)
	}
}
