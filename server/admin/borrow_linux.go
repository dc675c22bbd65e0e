package admin

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// borrower reads from the files that a Lender lends. Safe for concurrent use: each read has
// a connection to itself.
type borrower struct {
	dir string

	mu     sync.Mutex
	idle   []*net.UnixConn
	closed bool
}

// read fills p with the bytes from off on, or fails. A *remoteError is what the server
// said; after another one nobody knows.
func (b *borrower) read(ctx context.Context, of part, p []byte, off int64) error {
	for {
		c, used, err := b.take(ctx)
		if err != nil {
			return err
		}
		err = within(ctx, c, func() error { return ask(c, of, p, off) })
		if err == nil || errors.As(err, new(*remoteError)) {
			b.put(c)
			return err
		}
		c.Close()
		if !used || ctx.Err() != nil {
			return fmt.Errorf("ask the running server: %w", err)
		}
		// The connection may be of a server that is gone.
	}
}

// take gives a connection that nobody else has; used says that it is not new.
func (b *borrower) take(ctx context.Context) (c *net.UnixConn, used bool, err error) {
	b.mu.Lock()
	if k := len(b.idle) - 1; k >= 0 {
		c, b.idle = b.idle[k], b.idle[:k]
		b.mu.Unlock()
		return c, true, nil
	}
	b.mu.Unlock()
	conn, err := dial(ctx, b.dir)
	if err != nil {
		return nil, false, fmt.Errorf("ask the running server: %w", err)
	}
	c = conn.(*net.UnixConn)
	if err := within(ctx, c, func() error { return begin(c) }); err != nil {
		c.Close()
		return nil, false, fmt.Errorf("ask the running server: %w", err)
	}
	return c, false, nil
}

// within gives a connection askTime for f, and less if ctx ends.
func within(ctx context.Context, c net.Conn, f func() error) error {
	c.SetDeadline(time.Now().Add(askTime))
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() {
		err = context.Cause(ctx) // and the deadline may be over
	}
	return err
}

// begin makes a new connection one that lends.
func begin(c net.Conn) error {
	if _, err := io.WriteString(c, "GET "+lendPath+" HTTP/1.1\r\nHost: cairn\r\nConnection: Upgrade\r\nUpgrade: cairn-lend\r\n\r\n"); err != nil {
		return err
	}
	ready := make([]byte, len(lendReady))
	if _, err := io.ReadFull(c, ready); err != nil {
		return err
	}
	if string(ready) != lendReady {
		return errors.New("it lends nothing")
	}
	return nil
}

func (b *borrower) put(c *net.UnixConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.idle) == idleConns {
		c.Close()
		return
	}
	b.idle = append(b.idle, c)
}

func (b *borrower) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, c := range b.idle {
		c.Close()
	}
	b.idle = nil
}

// ask sends one question and reads the answer.
func ask(c *net.UnixConn, of part, p []byte, off int64) error {
	q := make([]byte, 0, lendQuestion)
	for _, v := range []uint64{uint64(of.space), uint64(of.node), uint64(off), uint64(len(p))} {
		q = binary.BigEndian.AppendUint64(q, v)
	}
	if _, err := c.Write(append(q, of.version[:]...)); err != nil {
		return err
	}
	head := make([]byte, lendHead+maxPieces*lendPiece)
	rights := make([]byte, unix.CmsgSpace(4*maxPieces))
	n, k, _, _, err := c.ReadMsgUnix(head[:lendHead], rights)
	files := received(rights[:k])
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && n < lendHead {
		_, err = io.ReadFull(c, head[n:lendHead])
	}
	if err != nil {
		return err
	}
	if head[0] != 0 {
		return said(c, int(head[2])<<8|int(head[3]))
	}
	count := int(head[1])
	head = head[lendHead : lendHead+min(count, maxPieces)*lendPiece]
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	// All of the answer is read, whatever is wrong with a part of it: first what came by
	// the connection, in its places, then what lies in files.
	at := int64(0)
	for x := head; len(x) > 0; x = x[lendPiece:] {
		n := int64(binary.BigEndian.Uint64(x[9:]))
		if n < 0 || n > int64(len(p))-at {
			return fmt.Errorf("pieces of %d bytes for %d", at+n, len(p))
		}
		if x[0] == lendInline {
			if _, err := io.ReadFull(c, p[at:at+n]); err != nil {
				return err
			}
		}
		at += n
	}
	if at < int64(len(p)) {
		return fmt.Errorf("pieces of %d bytes for %d", at, len(p))
	}
	at = 0
	for x := head; len(x) > 0; x = x[lendPiece:] {
		from, n := int64(binary.BigEndian.Uint64(x[1:])), int64(binary.BigEndian.Uint64(x[9:]))
		if x[0] != lendInline {
			if int(x[0]) >= len(files) {
				return errors.New("a file that was not lent")
			}
			if _, err := files[x[0]].ReadAt(p[at:at+n], from); err != nil {
				return err
			}
		}
		at += n
	}
	return nil
}

// said reads what the server said of a failure.
func said(c *net.UnixConn, n int) error {
	text := make([]byte, n)
	if _, err := io.ReadFull(c, text); err != nil {
		return err
	}
	var f failure
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	return &remoteError{f.Message, codes[f.Code]}
}

// received is the files that came with a message.
func received(rights []byte) (files []*os.File) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "lent"))
		}
	}
	return files
}
