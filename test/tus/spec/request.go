package spec

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// refusal is an answer that says that trying again is of no use.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// later is an answer that asks to try again.
type later struct {
	text  string
	after time.Duration
}

func (l *later) Error() string { return l.text }

// unexpected is what an answer means that is not the one which was asked for.
func unexpected(resp *http.Response) error {
	text := resp.Request.Method + ": " + resp.Status
	switch code := resp.StatusCode; {
	case code >= 500, code == http.StatusLocked, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &later{text, min(time.Duration(seconds)*time.Second, time.Minute)}
	case code == http.StatusConflict, code == http.StatusRequestEntityTooLarge, code == 460, code < 300:
		return &later{text, 0}
	}
	return &refusal{text}
}

// encode is Upload-Metadata.
func encode(metadata map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		pairs = append(pairs, strings.TrimSpace(key+" "+base64.StdEncoding.EncodeToString([]byte(metadata[key]))))
	}
	return strings.Join(pairs, ",")
}

// create begins an upload.
func (u *upload) create(ctx context.Context) error {
	header := http.Header{"Upload-Length": {strconv.FormatInt(u.size, 10)}}
	if u.metadata != "" {
		header.Set("Upload-Metadata", u.metadata)
	}
	var body *piece
	if u.Together && u.size > 0 {
		var err error
		if body, err = u.cutAt(0, header); err != nil {
			return err
		}
	}
	resp, err := u.do(ctx, http.MethodPost, u.Endpoint, header, body)
	if err != nil {
		if body != nil {
			u.smaller(body.size) // where it is, nobody has said: it begins anew
		}
		return err
	}
	if resp.StatusCode != http.StatusCreated {
		u.judge(resp, body)
		return unexpected(resp)
	}
	location := resp.Header.Get("Location")
	at, err := resp.Request.URL.Parse(location)
	if location == "" || err != nil {
		return &refusal{fmt.Sprintf("created at %q", location)}
	}
	u.URL, u.known = at.String(), false
	u.Begun++
	if body == nil {
		return u.has(0)
	}
	if offset, ok := number(resp, "Upload-Offset"); ok {
		return u.has(offset)
	}
	return nil
}

// ask learns where the upload is.
func (u *upload) ask(ctx context.Context) error {
	resp, err := u.do(ctx, http.MethodHead, u.URL, nil, nil)
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusNoContent:
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden:
		u.forget()
		return &later{"HEAD: " + resp.Status, 0}
	default:
		return unexpected(resp)
	}
	offset, ok := number(resp, "Upload-Offset")
	if length, said := number(resp, "Upload-Length"); !ok || said && length != u.size {
		return &refusal{fmt.Sprintf("HEAD: offset %q, length %q", resp.Header.Get("Upload-Offset"), resp.Header.Get("Upload-Length"))}
	}
	if u.cut > 0 && offset <= u.offset {
		u.smaller(u.cut)
	}
	u.cut = 0
	return u.has(offset)
}

// send sends the next part.
func (u *upload) send(ctx context.Context) error {
	header := http.Header{"Upload-Offset": {strconv.FormatInt(u.offset, 10)}}
	body, err := u.cutAt(u.offset, header)
	if err != nil {
		return err
	}
	u.known = false // until its answer is here
	resp, err := u.do(ctx, http.MethodPatch, u.URL, header, body)
	if err != nil {
		u.cut = body.size
		return err
	}
	switch resp.StatusCode {
	case http.StatusNoContent:
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden:
		u.forget()
		return &later{"PATCH: " + resp.Status, 0}
	default:
		u.judge(resp, body)
		return unexpected(resp)
	}
	offset, ok := number(resp, "Upload-Offset")
	if !ok {
		return &later{"PATCH: an answer without an offset", 0}
	}
	u.larger()
	return u.has(offset)
}

// judge learns from a body that was refused for its size.
func (u *upload) judge(resp *http.Response, body *piece) {
	if body == nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		return
	}
	if u.most == 0 || body.size < u.most {
		u.most = body.size
	}
	u.smaller(body.size)
}

func number(resp *http.Response, header string) (int64, bool) {
	n, err := strconv.ParseInt(resp.Header.Get(header), 10, 64)
	return n, err == nil
}

// piece is the body of a request. It counts what is taken of it.
type piece struct {
	io.Reader
	size  int64
	moved func(n int)
}

func (p *piece) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.moved(n)
	return n, err
}

// cutAt is the part at an offset, and says in header what it is.
func (u *upload) cutAt(offset int64, header http.Header) (*piece, error) {
	size := min(u.part, u.size-offset)
	if u.Checksum != "" {
		sum := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "md5": md5.New}[u.Checksum]()
		if _, err := io.Copy(sum, io.NewSectionReader(u.content, offset, size)); err != nil {
			return nil, &refusal{err.Error()}
		}
		header.Set("Upload-Checksum", u.Checksum+" "+base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	}
	header.Set("Content-Type", "application/offset+octet-stream")
	return &piece{Reader: io.NewSectionReader(u.content, offset, size), size: size}, nil
}

// do sends one request and reads its answer. It gives up when nothing has moved for so long.
func (u *upload) do(ctx context.Context, method, to string, header http.Header, body *piece) (*http.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	still := time.AfterFunc(u.Patience, cancel)
	defer still.Stop()
	var from io.Reader
	if body != nil {
		var sent atomic.Int64
		body.moved = func(n int) {
			sent.Add(int64(n))
			still.Reset(u.Patience)
		}
		defer func() { u.Sent += sent.Load() }()
		from = body
	}
	req, err := http.NewRequestWithContext(ctx, method, to, from)
	if err != nil {
		return nil, &refusal{err.Error()}
	}
	if body != nil {
		req.ContentLength = body.size
	}
	for _, set := range []http.Header{u.Header, header} {
		maps.Copy(req.Header, set)
	}
	if method != http.MethodOptions {
		req.Header.Set("Tus-Resumable", "1.0.0")
	}
	resp, err := u.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return nil, err
	}
	return resp, nil
}
