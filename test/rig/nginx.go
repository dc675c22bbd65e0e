package rig

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// ProxyAddr and ProxyURL are where nginx listens, and what clients of a server behind
// it use. The port is part of the test: Debian's proxy_params pass Host without it.
const (
	ProxyAddr = "127.0.0.1:8081"
	ProxyURL  = "http://" + ProxyAddr + "/files/"
)

// StartProxied starts a server below /files/ and Debian's nginx in front of it. Its
// URL and DAV are those of the proxy. One test at a time has the port.
func StartProxied(t testing.TB, o Options) *Server {
	t.Helper()
	nginx := Need(t, "nginx", "nginx")
	o.BaseURL = ProxyURL
	s := Start(t, o)
	upstream := s.Addr
	if o.Rate > 0 {
		s.Network = StartRate(t, s.Addr, o.Rate)
		upstream = s.Network.Addr
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // the workers must reach the folders of this test
	}
	limits := "client_max_body_size 0; proxy_request_buffering off;"
	if o.Stock {
		limits = ""
	}
	text := fmt.Sprintf(`
%s
daemon off;
worker_processes 1;
pid %[2]s/pid;
error_log stderr warn;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/proxy;
	fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi;
	scgi_temp_path %[2]s/scgi;
	server {
		listen %[3]s;
		%[5]s
		location /files/ {
			proxy_pass http://%[4]s;
			include /etc/nginx/proxy_params;
			proxy_http_version 1.1;
		}
	}
}
`, user, dir, ProxyAddr, upstream, limits)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// Another run of the tests on this machine may still have the port.
	free := Poll(4*Patience, func() bool {
		ln, err := net.Listen("tcp", ProxyAddr)
		if err == nil {
			ln.Close()
		}
		return err == nil
	})
	if !free {
		t.Fatalf("%s is taken: end what listens there", ProxyAddr)
	}
	logPath := filepath.Join(dir, "error.log")
	log, err := os.Create(logPath)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", conf)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(logPath)
			t.Logf("nginx:\n%s", tail(string(text), 20))
		}
	})
	if !Poll(Patience, func() bool {
		resp, err := http.Get(ProxyURL)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}) {
		text, _ := os.ReadFile(logPath)
		t.Fatalf("nginx does not answer: %s", text)
	}
	s.URL, s.DAV = ProxyURL, ProxyURL+"dav/"
	return s
}
