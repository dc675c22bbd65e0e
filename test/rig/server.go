package rig

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// User and Password are the first account of every server.
const (
	User     = "ada"
	Password = "correct horse battery"
)

// Patience is how long a server may take to start, to stop, or to do what a poll waits
// for. The machine that tests may be busy with other things.
const Patience = 30 * time.Second

// Options say how a server is started; the zero value is the plain binary on a new
// data folder at a free port.
type Options struct {
	Tags    string   // build tags of the binary
	Dir     string   // data folder
	BaseURL string   // --base-url
	Args    []string // further flags of serve
	Env     []string // NAME=value
	TLS     bool     // HTTPS, by a certificate that only this server's CA trusts
	Rate    int64    // StartProxied: bytes a second between the proxy and the server; 0: no limit
	Stock   bool     // StartProxied: nginx as it comes, which takes bodies of 1 MiB, whole before it sends them on
}

// Server is `cairn serve` on a data folder. It ends with the test, which shows the end
// of its log if it has failed.
type Server struct {
	t   testing.TB
	o   Options
	bin string

	Dir  string // data folder
	Addr string // host:port it listens on
	URL  string // of the app, at Addr, with a slash at its end
	DAV  string // of the account's space, likewise
	Log  string // file that gets both outputs
	CA   string // file of the certificate; "" without TLS

	trust *tls.Config // nil without TLS

	Network *RateProxy // before a server of StartProxied with a Rate

	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of the process, once it has ended
}

// Start starts a server and waits until it is ready.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, o: o, bin: Binary(t, o.Tags), Dir: o.Dir, Addr: freeAddr(t)}
	if s.Dir == "" {
		s.Dir = filepath.Join(t.TempDir(), "data")
	}
	base := "/"
	if o.BaseURL != "" {
		_, rest, ok := strings.Cut(o.BaseURL, "://")
		if !ok {
			rest = o.BaseURL
		}
		base = rest[strings.IndexByte(rest, '/'):]
	}
	s.URL = "http://" + s.Addr + base
	if o.TLS {
		var key string
		s.CA, key, s.trust = certificate(t)
		s.o.Args = append(slices.Clone(o.Args), "--tls-cert", s.CA, "--tls-key", key)
		s.URL = "https://" + s.Addr + base
	}
	s.DAV = s.URL + "dav/"
	s.Log = filepath.Join(t.TempDir(), "server.log")
	t.Cleanup(func() {
		s.end(syscall.SIGKILL)
		if t.Failed() {
			log, _ := os.ReadFile(s.Log)
			t.Logf("the end of the server's log:\n%s", tail(string(log), 30))
		}
	})
	s.Restart()
	return s
}

func freeAddr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// Restart starts the server again, at the same address on the same folder, after
// Kill9 or Stop.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// SetEnv replaces Options.Env for the next Restart.
func (s *Server) SetEnv(env ...string) { s.o.Env = env }

func (s *Server) start() error {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{"--data", s.Dir}, unsafeFlag(filepath.Dir(s.Dir))...)
	args = append(args, "serve", "--listen", s.Addr)
	if s.o.BaseURL != "" {
		args = append(args, "--base-url", s.o.BaseURL)
	}
	s.cmd = exec.Command(s.bin, append(args, s.o.Args...)...)
	s.cmd.Env = append(Environ(), "CAIRN_ADMIN_USER="+User, "CAIRN_ADMIN_PASSWORD="+Password)
	s.cmd.Env = append(s.cmd.Env, s.o.Env...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.ended, s.err = ended, nil
	go func(cmd *exec.Cmd) {
		s.err = cmd.Wait()
		close(ended)
	}(s.cmd)
	ask, scheme := http.DefaultClient, "http"
	if s.o.TLS {
		ask, scheme = &http.Client{Transport: &http.Transport{TLSClientConfig: s.trust, DisableKeepAlives: true}}, "https"
	}
	ready := Poll(Patience, func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		resp, err := ask.Get(scheme + "://" + s.Addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	select {
	case <-ended:
		text, _ := os.ReadFile(s.Log)
		return fmt.Errorf("the server ended at its start: %v\n%s", s.err, tail(string(text), 30))
	default:
	}
	if !ready {
		return errors.New("the server is not ready in time")
	}
	return nil
}

// Environ is the environment without the settings of somebody's own server.
func Environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "CAIRN_") })
	return append(env, "CAIRN_CONFIG="+os.DevNull)
}

// unsafeFlag is needed where the temporary folder is in memory.
func unsafeFlag(dir string) []string {
	const tmpfs = 0x01021994
	var st syscall.Statfs_t
	err := syscall.Statfs(dir, &st)
	for ; err == syscall.ENOENT; err = syscall.Statfs(dir, &st) {
		dir = filepath.Dir(dir)
	}
	if err == nil && st.Type == tmpfs {
		return []string{"--unsafe-fs"}
	}
	return nil
}

// end sends a signal, waits, and returns what became of the process.
func (s *Server) end(sig syscall.Signal) error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	s.cmd.Process.Signal(sig)
	select {
	case <-s.ended:
		s.cmd = nil
		return s.err
	case <-time.After(Patience):
		s.cmd.Process.Kill()
		<-s.ended
		s.cmd = nil
		return errors.New("the server did not end in time")
	}
}

// Kill9 ends the server as a power failure of its process would.
func (s *Server) Kill9() { s.end(syscall.SIGKILL) }

// Stop ends the server as its operator does; anything but a clean end fails the test.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.end(syscall.SIGTERM); err != nil {
		s.t.Errorf("stopping the server: %v", err)
	}
}

// Alive says whether the process still runs.
func (s *Server) Alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return s.cmd != nil
	}
}

// PID is the server's process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Cairn runs another command of the same binary on the data folder and returns what it
// printed.
func (s *Server) Cairn(input string, args ...string) (string, error) {
	cmd := exec.Command(s.bin, append(append([]string{"--data", s.Dir}, unsafeFlag(filepath.Dir(s.Dir))...), args...)...)
	cmd.Env = Environ()
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// AddUser makes an account with a quota in bytes (0: none).
func (s *Server) AddUser(name, password string, quota int64) {
	s.t.Helper()
	if out, err := s.Cairn(password+"\n", "user", "add", name, "--quota", strconv.FormatInt(quota, 10), "--password-stdin"); err != nil {
		s.t.Fatalf("adding the account %s: %v\n%s", name, err, out)
	}
}

// Check runs `cairn verify` on the folder of a server that has stopped, and fails the
// test if it finds anything wrong.
func (s *Server) Check(args ...string) string {
	s.t.Helper()
	out, err := s.Cairn("", append([]string{"verify"}, args...)...)
	if err != nil {
		s.t.Fatalf("cairn verify %s: %v\n%s", strings.Join(args, " "), err, tail(out, 30))
	}
	return out
}

// Poll asks until the answer is yes, or for so long.
func Poll(patience time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}
