package api

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
	"unicode/utf8"

	"cairn/server/httperr"
	"cairn/store"
)

// The bounds of a batch: of the bytes of one file, and of the line before them.
const (
	maxBatchFile   = 1 << 20
	maxBatchHeader = 128 << 10
	batchTime      = 10 * time.Minute // to arrive as a whole
	batchType      = "application/vnd.cairn.batch"
)

// batchHeader is the line that stands before the bytes of a file.
type batchHeader struct {
	Path        *pathText `json:"path"`
	Size        *int64    `json:"size"`
	MTime       *int64    `json:"mtime"` // milliseconds since 1970; missing: now
	IfNoneMatch *string   `json:"ifNoneMatch"`
	IfMatch     *string   `json:"ifMatch"` // an entity-tag without quotes
	SHA256      *string   `json:"sha256"`  // base64
}

// batch stores many small files at once, each done or refused on its own, in as few
// transactions as they take. The body is, for each file, a line of JSON (batchHeader) and
// then its bytes, at most store.MaxPutMany files of 1 MiB. What has arrived whole before the
// body breaks off, or makes no sense, is stored; the same batch may be sent again.
func (a *API) batch(q *request) error {
	if t, _, err := mime.ParseMediaType(q.r.Header.Get("Content-Type")); err != nil || t != batchType {
		return httperr.Problem{Status: http.StatusUnsupportedMediaType, Code: "media-type", // a form of another site cannot send it
			Title: "The request is not a batch of files.", Hint: "Send it with Content-Type: " + batchType + "."}
	}
	b := &batchReader{r: bufio.NewReaderSize(q.body, 16<<10), paths: map[store.Path]bool{}}
	q.body.Until(time.Now().Add(batchTime))
	var paths []store.Path
	stored, err := a.o.Store.PutMany(q.r.Context(), q.sc, func() (store.PutFile, error) {
		f, err := b.next()
		if err == nil {
			paths = append(paths, f.Path)
		}
		return f, err
	})
	if err == nil && len(stored) == store.MaxPutMany {
		if _, end := b.next(); end != io.EOF {
			err = badBatch(fmt.Sprintf("holds more than %d files", store.MaxPutMany))
		}
	}
	if err != nil {
		if end := q.body.Err(); end != nil && end != io.EOF {
			err = unread(end)
		}
		return err
	}
	results := make([]result, len(stored))
	for i := range stored {
		err := stored[i].Err
		if b.bad[i] != nil {
			err = b.bad[i]
		}
		if err != nil {
			p := httperr.InJSON(err)
			p.Log(q.r, a.o.Log)
			results[i].Problem = &problem{p.Status, p.Code, p.Title, p.Hint}
			continue
		}
		n := stored[i].Node
		results[i] = done(&n, paths[i])
	}
	return q.json(struct {
		Results []result `json:"results"`
	}{results})
}

func badBatch(what string) error {
	return httperr.BadRequest("bad-batch", "The batch "+what+".", "Send, for each file, a line of JSON and then its bytes.")
}

// batchReader takes a batch apart.
type batchReader struct {
	r     *bufio.Reader
	body  *io.LimitedReader // of the file that was given last
	paths map[store.Path]bool
	bad   map[int]error // of files that the store is asked to refuse
	count int
}

// next reads over what is left of the last file, and gives the next one. One that cannot be
// stored gets a path that the store refuses too, so that the others have their turn.
func (b *batchReader) next() (f store.PutFile, err error) {
	if b.body != nil {
		if _, err := io.Copy(io.Discard, b.body); err != nil {
			return f, err
		}
		if b.body.N > 0 {
			return f, badBatch("ends in the middle of a file")
		}
	}
	line, err := b.line()
	if err != nil {
		return f, err
	}
	var h batchHeader
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil || !utf8.Valid(line) {
		return f, badBatch("has a line that cannot be read")
	}
	if _, err := d.Token(); err != io.EOF {
		return f, badBatch("has a line that goes on after its value")
	}
	if h.Path == nil || h.Size == nil || *h.Size < 0 {
		return f, badBatch("has a line without path and size")
	}
	b.body = &io.LimitedReader{R: b.r, N: *h.Size}
	f = store.PutFile{Body: b.body, Options: store.PutOptions{Size: *h.Size}}
	if err := b.fill(&f, &h); err != nil {
		if b.bad == nil {
			b.bad = map[int]error{}
		}
		b.bad[b.count] = err
		f.Path = store.Root
	}
	b.count++
	return f, nil
}

// line reads one line; io.EOF: the batch ends where one could begin.
func (b *batchReader) line() (line []byte, err error) {
	for {
		part, err := b.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxBatchHeader:
			return nil, badBatch("has a line that is too long")
		case err == nil:
			return line, nil
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case err == io.EOF:
			return nil, badBatch("ends in the middle of a line")
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

// fill says what the header does. Errors are of this file alone.
func (b *batchReader) fill(f *store.PutFile, h *batchHeader) (err error) {
	if f.Path, err = store.ParsePath(string(*h.Path)); err != nil {
		return err
	}
	switch {
	case f.Path.IsRoot():
		return store.ErrIsFolder
	case *h.Size > maxBatchFile:
		return httperr.Problem{Status: http.StatusRequestEntityTooLarge, Code: "too-large", Title: "The file is too large for a batch.", Hint: "Upload it by tus."}
	case b.paths[f.Path]:
		return httperr.BadRequest("twice", "The batch holds this path twice.", "Send it in another one.")
	}
	b.paths[f.Path] = true
	if h.MTime != nil {
		f.Options.ModTime = time.UnixMilli(*h.MTime)
	}
	if h.IfNoneMatch != nil {
		f.Options.IfNoneMatch = []string{*h.IfNoneMatch}
	}
	if h.IfMatch != nil {
		f.Options.IfMatch = []string{*h.IfMatch}
	}
	if h.SHA256 != nil {
		f.Digest.Algorithm = "sha256"
		if f.Digest.Sum, err = base64.StdEncoding.DecodeString(*h.SHA256); err != nil || len(f.Digest.Sum) != 32 {
			return httperr.BadRequest("bad-digest", "sha256 is not the base64 of a digest.", "Leave it out, or send 32 bytes in base64.")
		}
	}
	return nil
}
