package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"cairn/store"
)

const (
	// maxFiles bounds the files of one request for many, maxFileBytes each of them.
	maxFiles     = 64
	maxFileBytes = 64 << 10
)

// whole asks for a file from its beginning on.
type whole struct {
	place
	Version string `json:"version"`
	Size    int64  `json:"size"`
}

// sendFiles answers a request for many small files: for each that can be read, its number
// in the request and its size, four bytes each, and its bytes.
func sendFiles(w http.ResponseWriter, r *http.Request, b Browse) {
	var asked []whole
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&asked)
	if err == nil && (len(asked) == 0 || len(asked) > maxFiles) {
		err = fmt.Errorf("%d files", len(asked))
	}
	scs, ids, sizes := make([]store.Scope, len(asked)), make([]store.VersionID, len(asked)), make([]int64, len(asked))
	for i, a := range asked {
		scs[i] = store.Scope{Space: a.Space, Root: a.Root, Rights: store.MayRead}
		ids[i], _ = store.ParseVersionID(a.Version)
		if sizes[i] = a.Size; a.Size < 0 || a.Size > maxFileBytes {
			err = fmt.Errorf("%d bytes of a file", a.Size)
		}
	}
	if err != nil {
		answer(w, http.StatusBadRequest, failure{Message: err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	out := bufio.NewWriterSize(w, maxFileBytes)
	err = b.ReadFiles(r.Context(), scs, ids, sizes, func(i int, p []byte) {
		var head [8]byte
		binary.BigEndian.PutUint32(head[:], uint32(i))
		binary.BigEndian.PutUint32(head[4:], uint32(len(p)))
		out.Write(head[:])
		out.Write(p)
	})
	if err != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
}

// ReadFiles is that of the mount's Store.
func (b *Browser) ReadFiles(ctx context.Context, scs []store.Scope, ids []store.VersionID, sizes []int64, each func(i int, p []byte)) error {
	for len(scs) > 0 {
		n := min(len(scs), maxFiles)
		from := len(ids) - len(scs)
		if err := b.readFiles(ctx, scs[:n], ids[from:from+n], sizes[from:from+n], func(i int, p []byte) { each(from+i, p) }); err != nil {
			return err
		}
		scs = scs[n:]
	}
	return nil
}

func (b *Browser) readFiles(ctx context.Context, scs []store.Scope, ids []store.VersionID, sizes []int64, each func(i int, p []byte)) error {
	ask := make([]whole, len(scs))
	for i, sc := range scs {
		ask[i] = whole{place{sc.Space, sc.Root}, ids[i].String(), sizes[i]}
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	ctx, end := context.WithTimeout(ctx, askTime)
	defer end()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://cairn/browse/files", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := b.do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	in := bufio.NewReaderSize(resp.Body, maxFileBytes)
	buf := make([]byte, maxFileBytes)
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("ask the running server: %w", err)
		}
		i, n := int(binary.BigEndian.Uint32(head[:])), int64(binary.BigEndian.Uint32(head[4:]))
		if i >= len(sizes) || n != sizes[i] {
			return fmt.Errorf("ask the running server: a file of %d bytes that was not asked for", n)
		}
		if _, err := io.ReadFull(in, buf[:n]); err != nil {
			return fmt.Errorf("ask the running server: %w", err)
		}
		each(i, buf[:n])
	}
}
