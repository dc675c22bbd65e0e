package api

import (
	"crypto/sha256"
	"strconv"
	"time"

	"cairn/store"
)

const (
	// digestPiece is how many bytes of an upload one digest is of; the last may have fewer.
	digestPiece = 8 << 20
	// maxDigests bounds an answer: it is some tenths of a second of work. digestTime bounds it
	// where the disk is slow, so that who waits gets on.
	maxDigests = 16
	digestTime = 3 * time.Second
)

// digests tells what the durable bytes of an unfinished upload come to, a piece at a time,
// beginning with byte from. Who has the file compares before it goes on with what another
// page or device began: path, size and time prove nothing.
func (a *API) digests(q *request) error {
	v, err := q.query("from")
	if err != nil {
		return err
	}
	id, ok := store.ParseUploadID(q.c.Param("id"))
	if !ok {
		return store.ErrNotExist
	}
	from := int64(0)
	if v.Has("from") {
		if from, err = strconv.ParseInt(v.Get("from"), 10, 64); err != nil || from < 0 {
			return badQuery("has a from that is no number of bytes")
		}
	}
	ctx := q.r.Context()
	u, err := a.o.Store.GetUpload(ctx, q.sc, id)
	if err != nil {
		return err
	}
	if u.Finished {
		return store.ErrFinished
	}
	if len(u.Parts) != 1 {
		return store.ErrIncomplete
	}
	out := struct {
		Offset int64    `json:"offset"` // durable bytes, the last one of a refused commit included
		Piece  int64    `json:"piece"`
		From   int64    `json:"from"`
		SHA256 [][]byte `json:"sha256"` // base64
	}{u.Parts[0].Offset, digestPiece, from, [][]byte{}}
	h := sha256.New()
	begun := time.Now()
	for len(out.SHA256) < maxDigests && from < out.Offset {
		if len(out.SHA256) > 0 && time.Since(begun) > digestTime {
			break
		}
		n := min(digestPiece, out.Offset-from)
		h.Reset()
		if err := a.o.Store.ReadUpload(ctx, q.sc, id, h, from, n); err != nil {
			return err
		}
		out.SHA256 = append(out.SHA256, h.Sum(nil))
		from += n
	}
	return q.json(out)
}
