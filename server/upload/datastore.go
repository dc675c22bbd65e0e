package upload

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/server/underway"
	"cairn/store"

	"github.com/tus/tusd/v2/pkg/handler"
)

// dataStore is the store as tusd sees it.
type dataStore struct {
	store    Store
	underway *underway.Uploads
}

func parseID(s string) (store.UploadID, bool) { return store.ParseUploadID(s) }

// NewUpload begins an upload. An empty one is a file at once.
func (d dataStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	q := from(ctx)
	u, err := d.newUpload(ctx, q, info)
	if err != nil {
		return nil, q.fail(err)
	}
	if q.whole == nil {
		q.created = u.ID
	}
	up := &upload{d.store, d.underway, u}
	up.told(q)
	return up, nil
}

func (d dataStore) newUpload(ctx context.Context, q *request, info handler.FileInfo) (u store.Upload, err error) {
	if info.IsPartial { // what it says of the file, the final one says
		spec := store.UploadSpec{Partial: true, Size: info.Size, Meta: []byte(q.raw)}
		if info.SizeIsDeferred {
			spec.Size = -1
		}
		return d.store.CreateUpload(ctx, q.Scope, spec)
	}
	spec, err := q.meta.spec(q.dir)
	if err != nil {
		return u, err
	}
	if spec.Conditions, err = conditions(q.header); err != nil {
		return u, err
	}
	spec.Meta = []byte(q.raw)
	if info.IsFinal {
		parts := make([]store.UploadID, len(info.PartialUploads))
		for i, text := range info.PartialUploads {
			var ok bool
			if parts[i], ok = parseID(text); !ok {
				return u, store.ErrNotExist
			}
		}
		return d.store.JoinUploads(ctx, q.Scope, spec, parts)
	}
	if spec.Size = info.Size; info.SizeIsDeferred {
		spec.Size = -1
	}
	if q.comes == info.Size && 0 < q.comes && q.comes < store.MaxWith && q.sum == nil {
		spec.ID = store.NewUploadID()
		q.whole = &spec
		return store.Upload{ID: spec.ID, Path: string(spec.Path), Size: spec.Size, Meta: spec.Meta}, nil
	}
	return d.store.CreateUpload(ctx, q.Scope, spec)
}

// AsConcatableUpload is for what NewUpload has joined.
func (dataStore) AsConcatableUpload(u handler.Upload) handler.ConcatableUpload { return u.(*upload) }

// GetUpload finds an upload of the request's user.
func (d dataStore) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	q := from(ctx)
	uid, ok := parseID(id)
	if !ok {
		return nil, q.fail(store.ErrNotExist)
	}
	u, err := d.store.GetUpload(ctx, q.Scope, uid)
	if err != nil {
		return nil, q.fail(err)
	}
	up := &upload{d.store, d.underway, u}
	up.told(q)
	return up, nil
}

// AsTerminatableUpload is for DELETE.
func (dataStore) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	return u.(*upload)
}

// AsLengthDeclarableUpload is for an Upload-Length that comes later.
func (dataStore) AsLengthDeclarableUpload(u handler.Upload) handler.LengthDeclarableUpload {
	return u.(*upload)
}

// upload is one upload during one request.
type upload struct {
	store    Store
	underway *underway.Uploads
	store.Upload
}

// GetInfo tells tusd what it needs. The offset stays below the size until the file is
// committed: tusd takes an upload whose offset is its size for done, and never asks
// the store again.
func (u *upload) GetInfo(context.Context) (handler.FileInfo, error) {
	info := handler.FileInfo{ID: u.ID.String(), Size: max(0, u.Size), SizeIsDeferred: u.Size < 0, Offset: u.Offset(), IsPartial: u.Partial()}
	for _, id := range store.JoinedFrom(&u.Upload) {
		info.IsFinal, info.PartialUploads = true, append(info.PartialUploads, id.String())
	}
	m, err := parseMetadata(string(u.Meta))
	info.MetaData = handler.MetaData(m)
	return info, err
}

// WriteChunk takes what arrives. A client that goes away does not end what the store
// does with the bytes that are here.
func (u *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	if u.Finished { // created empty: there is nothing to take
		return 0, nil
	}
	q := from(ctx)
	ctx = context.WithoutCancel(ctx)
	defer u.underway.Begin(q.Scope, u.ID)()
	body := &wholeBody{r: src, body: q.body}
	at, err := u.append(ctx, q, offset, body)
	switch {
	case body.long:
		return max(0, at-offset), q.fail(problems["ERR_UPLOAD_SIZE_EXCEEDED"])
	case errors.Is(err, store.ErrRead) && !errors.Is(err, store.ErrDigest): // tusd says why
		return max(0, at-offset), nil
	}
	if err == nil {
		var now store.Upload
		if now, err = u.store.GetUpload(ctx, q.Scope, u.ID); err == nil {
			u.Upload = now
			u.told(q)
		}
	}
	if err != nil {
		return max(0, at-offset), q.fail(err)
	}
	return at - offset, nil
}

func (u *upload) append(ctx context.Context, q *request, offset int64, body io.Reader) (at int64, err error) {
	if q.whole != nil {
		at, err = u.store.CreateWith(ctx, q.Scope, *q.whole, body)
		if _, none := u.store.GetUpload(ctx, q.Scope, u.ID); none == nil {
			q.created = u.ID // all of it, or what arrived
		}
		return at, err
	}
	if q.sum != nil {
		return u.store.AppendChecked(ctx, q.Scope, u.ID, 0, offset, body, *q.sum)
	}
	return u.store.AppendUpload(ctx, q.Scope, u.ID, 0, offset, body)
}

// ConcatUploads has nothing to do: NewUpload has joined them, in one transaction.
func (u *upload) ConcatUploads(context.Context, []handler.Upload) error { return nil }

// wholeBody tells the true end of a body from the others, which tusd makes look alike:
// one that broke off, was stopped, or goes on behind the last byte that may come. Only
// at a true end may the store take it for complete.
type wholeBody struct {
	r    io.Reader
	body *transfer.Body // nil: there is none
	long bool           // it goes on
}

func (w *wholeBody) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err == io.EOF && w.body != nil {
		switch end := w.body.Err(); end {
		case io.EOF:
		case nil: // tusd has stopped reading, not the body
			w.long, err = true, io.ErrUnexpectedEOF
		default:
			err = end
		}
	}
	return n, err
}

// Await is the body's: tusd reads it without a buffer of its own.
func (w *wholeBody) Await() (ready, prompt bool) {
	if w.body == nil {
		return false, false
	}
	return w.body.Await()
}

// told puts into the answer what the file has become, or how long the upload is kept.
func (u *upload) told(q *request) {
	if q.expires = u.Expires; u.Finished {
		q.expires = time.Time{}
	}
	tell(q.w, &u.Upload)
}

func tell(h http.Header, u *store.Upload) {
	if !u.Finished || u.Partial() {
		return
	}
	h.Set("ETag", `"`+u.Version.String()+`"`)
	h.Set("OC-ETag", `"`+u.Version.String()+`"`)
	h.Set("OC-FileId", u.Node.String())
	if !u.ModTime.IsZero() {
		h.Set("Last-Modified", u.ModTime.UTC().Format(http.TimeFormat))
	}
}

// FinishUpload has nothing to do: the request that brought the last byte committed the
// file. It asks the store all the same if that is not so.
func (u *upload) FinishUpload(ctx context.Context) error {
	if u.Finished || u.Partial() { // a part is joined later
		return nil
	}
	q := from(ctx)
	if _, err := u.store.FinishUpload(ctx, q.Scope, u.ID, store.Root, -1, store.Conditions{}); err != nil {
		return q.fail(err)
	}
	return nil
}

// DeclareLength sets the size of an upload that began without one.
func (u *upload) DeclareLength(ctx context.Context, length int64) error {
	q := from(ctx)
	now, err := u.store.DeclareSize(ctx, q.Scope, u.ID, length)
	if err != nil {
		return q.fail(err)
	}
	u.Upload = now
	u.told(q)
	return nil
}

// Terminate drops the upload; a file that it has become stays.
func (u *upload) Terminate(ctx context.Context) error {
	q := from(ctx)
	if err := u.store.DropUpload(ctx, q.Scope, u.ID); err != nil {
		return q.fail(err)
	}
	q.expires = time.Time{}
	return nil
}

// GetReader is not served: unfinished bytes are nobody's file.
func (u *upload) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotImplemented
}

// fail keeps the store's error for the answer, and gives tusd one of its own.
func (q *request) fail(err error) error {
	p := httperr.Of(err)
	switch {
	case errors.Is(err, store.ErrDigest):
		p.Status = 460 // tus: checksum mismatch
	case errors.Is(err, store.ErrExist), errors.Is(err, store.ErrIsFolder):
		p.Status = http.StatusConflict
	}
	if q.err == nil { // tusd goes on after the first
		q.err = p
	}
	return handler.NewError("CAIRN", p.Title, p.Status)
}
