package mount

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hanwen/go-fuse/v2/fuse"
)

const (
	// maxRead is the most that the kernel asks for at once.
	maxRead = 1 << 20
	// readAhead is how much of a file that is read in order it asks for ahead, where we
	// may tell it to (root): 128 KiB is what it does by itself.
	readAhead = 4 << 20
	// background is how many reads ahead of programs it has under way at once.
	background = 16
)

// Mount is a mounted store.
type Mount struct {
	dir    string
	files  *fileSystem
	server *fuse.Server
	end    context.CancelFunc
	served chan struct{}
}

// Start mounts st at the folder dir, read-only. By mount(2) where that is allowed, else by
// fusermount3. store.ErrNotExist: there is no account o.User. End it.
func Start(ctx context.Context, dir string, st Store, o Options) (*Mount, error) {
	since := time.Now()
	t, err := newTree(ctx, st, o.User, since)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	m := &Mount{dir: dir, served: make(chan struct{})}
	f := &fileSystem{RawFileSystem: fuse.NewDefaultRawFileSystem(), tree: t, table: newTable(t.root, since), keep: o.Keep, waits: o.Waits,
		uid: uint32(os.Getuid()), gid: uint32(os.Getgid()), warn: o.Warn}
	m.files = f
	f.closing, m.end = context.WithCancel(context.WithoutCancel(ctx))
	m.server, err = fuse.NewServer(f, dir, &fuse.MountOptions{
		FsName: o.Source, Name: "cairn", AllowOther: o.AllowOther,
		Options:     []string{"ro", "default_permissions"},
		DirectMount: true, DirectMountFlags: syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV,
		MaxWrite: maxRead, MaxReadAhead: maxRead, MaxBackground: background,
		DisableSplice: true, // it is tried, with six system calls, where we give bytes
		DisableXAttrs: true, Logger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		m.end()
		return nil, fmt.Errorf("mount at %s: %w", dir, err)
	}
	go func() {
		defer close(m.served)
		m.server.Serve()
	}()
	if err := m.server.WaitMount(); err != nil {
		m.End()
		return nil, fmt.Errorf("mount at %s: %w", dir, err)
	}
	m.readAhead()
	return m, nil
}

// readAhead raises what the kernel reads ahead. Without the right to it stays slower.
func (m *Mount) readAhead() {
	var st unix.Stat_t
	if unix.Stat(m.dir, &st) != nil {
		return
	}
	name := fmt.Sprintf("/sys/class/bdi/%d:%d/read_ahead_kb", unix.Major(st.Dev), unix.Minor(st.Dev))
	os.WriteFile(name, []byte(strconv.Itoa(readAhead>>10)), 0)
}

// Done is closed once nothing is mounted any more, whoever has ended it.
func (m *Mount) Done() <-chan struct{} { return m.served }

// End takes the mount away, and returns when nobody uses its Store any more. Who still has a
// file of it open gets errors from then on.
func (m *Mount) End() error {
	m.end() // what waits for a server that does not answer
	defer m.files.close()
	select {
	case <-m.served:
		return nil
	default:
	}
	if m.server.Unmount() == nil {
		<-m.served
		return nil
	}
	// Somebody is in it.
	if unix.Unmount(m.dir, unix.MNT_DETACH) == nil {
		return nil
	}
	return detach(m.dir)
}
