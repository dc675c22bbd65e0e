package transfer

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/adler32"
	"io"
	"net/http"
	"strings"

	"cairn/server/httperr"
	"cairn/store"
)

// digest is what a client says that the bytes of a body come to.
type digest struct {
	hash.Hash
	want []byte
}

// hashes are the algorithms that are checked, by their names without dashes.
var hashes = map[string]func() hash.Hash{
	"sha512": sha512.New, "sha256": sha256.New, "sha": sha1.New, "sha1": sha1.New, "md5": md5.New,
	"adler32": func() hash.Hash { return adler32.New() }, "adler": func() hash.Hash { return adler32.New() },
}

// Digested is a body that is not read to its end if it is not what its headers say: then
// the last Read returns store.ErrDigest in place of io.EOF.
type Digested struct {
	*Body
	all []digest
}

// CheckDigest has a body compared with what Content-Digest, Repr-Digest (RFC 9530), Digest
// (RFC 3230), Content-MD5 and ownCloud's OC-Checksum say of it. Algorithms that it does not
// know are ignored; one that it knows with a sum that cannot be is a 400. A body of which
// nothing is said is returned as it is.
func CheckDigest(h http.Header, b *Body) (io.Reader, error) {
	d := &Digested{Body: b}
	for _, name := range []string{"Content-Digest", "Repr-Digest"} {
		for item := range items(h, name) {
			key, value, _ := strings.Cut(item, "=")
			value, _, _ = strings.Cut(value, ";")
			value = strings.TrimSpace(value)
			in, ok := strings.CutPrefix(value, ":")
			in, closed := strings.CutSuffix(in, ":")
			if err := d.add(name, key, in, ok && closed, base64.StdEncoding.DecodeString); err != nil {
				return nil, err
			}
		}
	}
	for item := range items(h, "Digest") {
		key, value, _ := strings.Cut(item, "=")
		decode := base64.StdEncoding.DecodeString
		if strings.EqualFold(strings.TrimSpace(key), "adler32") {
			decode = hex.DecodeString
		}
		if err := d.add("Digest", key, value, true, decode); err != nil {
			return nil, err
		}
	}
	if v := h.Get("Content-MD5"); v != "" {
		if err := d.add("Content-MD5", "md5", v, true, base64.StdEncoding.DecodeString); err != nil {
			return nil, err
		}
	}
	for item := range strings.FieldsSeq(h.Get("OC-Checksum")) {
		key, value, _ := strings.Cut(item, ":")
		if err := d.add("OC-Checksum", key, value, true, hex.DecodeString); err != nil {
			return nil, err
		}
	}
	if len(d.all) == 0 {
		return b, nil
	}
	return d, nil
}

// items are the members of a header that is a list.
func items(h http.Header, name string) func(yield func(string) bool) {
	return strings.SplitSeq(strings.Join(h.Values(name), ","), ",")
}

func (d *Digested) add(header, algorithm, text string, right bool, decode func(string) ([]byte, error)) error {
	make := hashes[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(algorithm)), "-", "")]
	if make == nil {
		return nil
	}
	h := make()
	want, err := decode(strings.TrimSpace(text))
	if !right || err != nil || len(want) != h.Size() {
		return httperr.BadRequest("digest", "The header "+header+" does not hold what its algorithm gives.", "Leave it out, or send the digest of the body.")
	}
	d.all = append(d.all, digest{h, want})
	return nil
}

// Read implements io.Reader.
func (d *Digested) Read(p []byte) (int, error) {
	n, err := d.Body.Read(p)
	for _, one := range d.all {
		one.Write(p[:n])
	}
	if err == io.EOF {
		for _, one := range d.all {
			if !bytes.Equal(one.Sum(nil), one.want) {
				return n, store.ErrDigest
			}
		}
	}
	return n, err
}
