package dav

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net"
	"net/http"
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

// startApache starts Apache's mod_dav on an empty folder, with the account that servers
// of the rig have, on a free port of 127.0.0.1. It ends with the test.
func startApache(t testing.TB) *target {
	t.Helper()
	bin := rig.Need(t, "apache2", "apache2-bin")
	dir, err := os.MkdirTemp("", "cairn-apache-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data, locks := filepath.Join(dir, "data"), filepath.Join(dir, "locks")
	for _, d := range []string{data, locks} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bin, "-f", filepath.Join(dir, "conf"), "-DFOREGROUND")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = give(t, "www-data", dir, data, locks)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	sum := sha1.Sum([]byte(rig.Password))
	for name, text := range map[string]string{
		"users": rig.User + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\n",
		"conf":  fmt.Sprintf(apacheConf, addr, dir, data, locks),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	if !rig.Poll(rig.Patience, func() bool {
		resp, err := http.Get("http://" + addr + "/")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusUnauthorized
	}) {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("Apache does not answer: %s", text)
	}
	return &target{
		origin: "http://" + addr, root: "/", apache: true,
		settle: func(folder string) error { return age(filepath.Join(data, folder)) },
	}
}

// give makes folders another account's, and returns how to run as it.
func give(t testing.TB, name string, dirs ...string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	for _, d := range dirs {
		if err := os.Chown(d, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// age makes what was just written two seconds older: Apache calls the ETag of a file
// weak for a second after it was changed, and clients take longer between two steps.
func age(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil || time.Since(info.ModTime()) > 2*time.Second {
			return err
		}
		at := info.ModTime().Add(-2 * time.Second)
		return os.Chtimes(name, at, at)
	})
}

const apacheConf = `
ServerRoot %[2]s
ServerName localhost
Listen %[1]s
DefaultRuntimeDir %[2]s
PidFile %[2]s/pid
ErrorLog %[2]s/errors
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so
LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /dev/null
AddType image/jpeg .jpg
DocumentRoot %[3]s
DavLockDB %[4]s/DavLock
<Directory %[3]s>
	Dav On
	AuthType Basic
	AuthName files
	AuthUserFile %[2]s/users
	Require valid-user
</Directory>
`
