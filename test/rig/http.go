package rig

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Request is one request. The zero value is GET of the space, by the first account.
type Request struct {
	Method string
	Path   string // escaped, below the space; or a whole URL
	Header map[string]string
	Body   string
	// Reader is sent instead of Body, with Size bytes declared (negative: chunked).
	Reader io.Reader
	Size   int64
	// User and Password replace those of the first account; "-" sends none.
	User, Password string
	// From is the address to come from, "" for 127.0.0.1.
	From string
}

// Response is what came back.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request on a connection of its own and reads the answer.
func (s *Server) Do(r Request) (*Response, error) {
	method, url := r.Method, r.Path
	if method == "" {
		method = http.MethodGet
	}
	if !strings.Contains(url, "://") {
		url = s.DAV + url
	}
	body := r.Reader
	if body == nil {
		body = strings.NewReader(r.Body)
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		return nil, err
	}
	if r.Reader != nil {
		req.ContentLength = r.Size
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	switch r.User {
	case "":
		req.SetBasicAuth(User, Password)
	case "-":
	default:
		req.SetBasicAuth(r.User, r.Password)
	}
	dialer := net.Dialer{Timeout: Patience}
	if r.From != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(r.From)}
	}
	client := http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: s.trust},
		Timeout:       3 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return &Response{resp.StatusCode, resp.Header, string(b)}, err
}

// Must is Do with a status that is one of want.
func (s *Server) Must(t testing.TB, r Request, want ...int) *Response {
	t.Helper()
	resp, err := s.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	for _, w := range want {
		if resp.Status == w {
			return resp
		}
	}
	t.Fatalf("%s %.200s: %d, want %v: %.300s", r.Method, r.Path, resp.Status, want, resp.Body)
	return nil
}

// Put stores a file.
func (s *Server) Put(t testing.TB, path, content string) *Response {
	t.Helper()
	return s.Must(t, Request{Method: "PUT", Path: path, Body: content}, 201, 204)
}

// Get reads a file.
func (s *Server) Get(t testing.TB, path string) string {
	t.Helper()
	return s.Must(t, Request{Path: path}, 200).Body
}

// Raw opens a connection and sends text as it is. The caller reads from it.
func (s *Server) Raw(t testing.TB, text string) net.Conn {
	t.Helper()
	c, err := Dial(context.Background(), s.Addr, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Dial opens a connection that will not live longer than Patience allows and sends
// text.
func Dial(ctx context.Context, addr, text string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: Patience}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(3 * time.Minute))
	if _, err := io.WriteString(c, text); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Head is the start of a request by the first account, for Raw: the request line, Host
// and Authorization, and further header lines. The path is below the space.
func (s *Server) Head(method, path string, lines ...string) string {
	target := strings.TrimPrefix(s.DAV, "http://"+s.Addr) + path
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(User, Password)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n", method, target, s.Addr, req.Header.Get("Authorization"))
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}
