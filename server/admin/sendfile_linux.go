package admin

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketBuffer is what a connection may hold that is not read yet: more than the usual
// where this process may ask for more.
const socketBuffer = 1 << 20

// fileConn is a connection that takes files by sendfile, as those of TCP do and those of
// Unix sockets do not.
type fileConn struct {
	net.Conn
	raw syscall.RawConn
}

// withFiles makes a connection take files.
func withFiles(c net.Conn) net.Conn {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return c
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return c
	}
	raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer) != nil {
			u.SetWriteBuffer(socketBuffer)
		}
	})
	return &fileConn{c, raw}
}

// ReadFrom implements io.ReaderFrom.
func (c *fileConn) ReadFrom(r io.Reader) (n int64, err error) {
	part, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{c.Conn}, r)
	}
	f, ok := part.R.(*os.File)
	if !ok {
		return io.Copy(struct{ io.Writer }{c.Conn}, r)
	}
	file, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	for part.N > 0 {
		var sent int
		var serr error
		send := func(to uintptr) bool {
			cerr := file.Control(func(from uintptr) {
				sent, serr = unix.Sendfile(int(to), int(from), nil, int(min(part.N, 1<<30)))
			})
			if cerr != nil {
				serr = cerr
			}
			return serr != unix.EAGAIN
		}
		if err := c.raw.Write(send); err != nil {
			return n, err
		}
		if sent > 0 {
			part.N, n = part.N-int64(sent), n+int64(sent)
		}
		if serr == unix.EINTR {
			continue
		}
		if serr != nil {
			return n, os.NewSyscallError("sendfile", serr)
		}
		if sent <= 0 {
			return n, nil // the file ends
		}
	}
	return n, nil
}
