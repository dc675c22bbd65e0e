//go:build bench

package bench

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"cairn/test/rig"
)

// peer is a server to be measured.
type peer struct {
	name, url string
	tus       string // where tus uploads are created
	pid       int
	login     []string // flags for davbench
	end       func()   // ends it and removes its data
}

// yard is where peers are built and run. Apache changes its user, so that others must be
// able to enter.
type yard struct {
	t     *testing.T
	dir   string
	tools string // folder of davbench and peers/xnet
}

func newYard(t *testing.T, tools string) *yard {
	t.Helper()
	dir, err := os.MkdirTemp("", "cairn-peers-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return &yard{t, dir, tools}
}

// build builds the program of a folder, or of a package of this module.
func (y *yard) build(name, in, pkg string) string {
	y.t.Helper()
	out := filepath.Join(y.dir, name)
	if _, err := os.Stat(out); err == nil {
		return out
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", out, pkg)
	cmd.Dir = in
	if text, err := cmd.CombinedOutput(); err != nil {
		y.t.Fatalf("building %s in %s: %v\n%s", name, in, err, text)
	}
	return out
}

// data makes the folder that a peer serves, empty.
func (y *yard) data(name string) string {
	y.t.Helper()
	dir := filepath.Join(y.dir, name+"-data")
	if err := os.RemoveAll(dir); err != nil {
		y.t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		y.t.Fatal(err)
	}
	return dir
}

func (y *yard) write(name, text string) string {
	y.t.Helper()
	p := filepath.Join(y.dir, name)
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		y.t.Fatal(err)
	}
	return p
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// start starts a server and waits until it takes connections.
func (y *yard) start(name, addr, data, path string, command string, args ...string) *peer {
	y.t.Helper()
	log, err := os.Create(filepath.Join(y.dir, name+".log"))
	if err != nil {
		y.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(command, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	over := false
	p := &peer{name: name, url: "http://" + addr + path, pid: cmd.Process.Pid, end: func() {
		if over {
			return
		}
		over = true
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // and its children
		<-ended
		os.RemoveAll(data)
	}}
	y.t.Cleanup(p.end)
	up := rig.Poll(rig.Patience, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if !up {
		text, _ := os.ReadFile(log.Name())
		y.t.Fatalf("%s does not start:\n%s", name, text)
	}
	return p
}

func (y *yard) nginx() *peer {
	bin, addr, data := rig.Need(y.t, "nginx", "nginx libnginx-mod-http-dav-ext"), freeAddr(y.t), y.data("nginx")
	account := ""
	if os.Getuid() == 0 {
		account = "user root;"
	}
	conf := y.write("nginx.conf", fmt.Sprintf(`
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
%s
worker_processes 2;
pid %[2]s/nginx.pid;
error_log %[2]s/nginx.err;
daemon off;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	client_max_body_size 0;
	client_body_temp_path %[2]s/nginx-body;
	dav_ext_lock_zone zone=locks:10m;
	server {
		listen %[3]s;
		root %[4]s;
		location / {
			dav_methods PUT DELETE MKCOL COPY MOVE;
			dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
			dav_ext_lock zone=locks;
			create_full_put_path on;
		}
	}
}
`, account, y.dir, addr, data))
	return y.start("nginx", addr, data, "/", bin, "-c", conf)
}

func (y *yard) apache() *peer {
	bin, addr, data := rig.Need(y.t, "apache2", "apache2"), freeAddr(y.t), y.data("apache")
	locks := y.data("apache-locks")
	account := ""
	if os.Getuid() == 0 {
		account = "User www-data\nGroup www-data"
		u, err := user.Lookup("www-data")
		if err != nil {
			y.t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		for _, dir := range []string{data, locks} {
			if err := os.Chown(dir, uid, gid); err != nil {
				y.t.Fatal(err)
			}
		}
	}
	conf := y.write("apache.conf", fmt.Sprintf(`
ServerRoot /etc/apache2
ServerName localhost
Listen %s
%s
PidFile %[3]s/apache.pid
ErrorLog %[3]s/apache.err
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so
LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /etc/mime.types
DocumentRoot %[4]s
DavLockDB %[5]s/DavLock
LimitRequestBody 0
<Directory %[4]s>
	Dav On
	DavDepthInfinity on
	Require all granted
</Directory>
`, addr, account, y.dir, data, locks))
	return y.start("Apache", addr, data, "/", bin, "-f", conf, "-DFOREGROUND")
}

func (y *yard) xnet() *peer {
	addr, data := freeAddr(y.t), y.data("xnet")
	return y.start("xnet", addr, data, "/", y.build("xnet", filepath.Join(y.tools, "peers", "xnet"), "."), "-listen", addr, "-dir", data)
}

// sinkfile writes what it gets to files and flushes them: the least that a durable
// server does.
func (y *yard) sinkfile(davbench string) *peer {
	addr, data := freeAddr(y.t), y.data("sinkfile")
	return y.start("sinkfile", addr, data, "/", davbench, "-sink", "file", "-listen", addr, "-dir", data)
}

func (y *yard) tusd() *peer {
	addr, data := freeAddr(y.t), y.data("tusd")
	p := y.start("tusd", addr, data, "/files/", y.build("tusd", "", "cairn/test/bench/peer/tusd"), "-listen", addr, "-dir", data)
	p.tus = p.url
	return p
}
