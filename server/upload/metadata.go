package upload

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"cairn/server/httperr"
	"cairn/server/transfer"
	"cairn/store"
)

// metadata is what a client says of the file (tus 1.0, Upload-Metadata). The field
// writes it in several ways: tus-js-client and Uppy filename, relativePath, filetype,
// name, type; ownCloud a path in filename, mtime, checksum; our app dir.
type metadata map[string]string

func badMetadata(hint string) error {
	return httperr.BadRequest("bad-metadata", "Upload-Metadata cannot be read.", hint)
}

// parseMetadata reads the header: pairs of a key and a base64 value, with commas
// between. tusd leaves out what it cannot read, which would lose a file's name.
func parseMetadata(text string) (metadata, error) {
	m := metadata{}
	if strings.TrimSpace(text) == "" {
		return m, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if key == "" {
			return nil, badMetadata("A key is missing: write key and base64 value, with commas between the pairs.")
		}
		if _, twice := m[key]; twice {
			return nil, badMetadata("A key stands there twice.")
		}
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return nil, badMetadata("A value is not base64.")
		}
		m[key] = string(b)
	}
	return m, nil
}

// first is the first of the keys that says something. Uppy sends the text "null" for a
// relative path that it does not have.
func (m metadata) first(keys ...string) string {
	for _, k := range keys {
		if v := m[k]; v != "" && !(k == "relativePath" && (v == "null" || v == "undefined")) {
			return v
		}
	}
	return ""
}

// spec is the upload that the metadata asks for, below a folder, or that which the key dir
// names. It must be there; folders that the name itself holds are made.
func (m metadata) spec(dir store.Path) (store.UploadSpec, error) {
	var spec store.UploadSpec
	name := strings.TrimPrefix(m.first("relativePath", "filename", "name"), "/")
	if name == "" || strings.HasSuffix(name, "/") {
		return spec, badMetadata("It does not tell the file's name: send filename.")
	}
	named, err := store.ParsePath(m["dir"])
	if err != nil {
		return spec, err
	}
	switch {
	case dir.IsRoot():
		dir = named
	case !named.IsRoot():
		return spec, badMetadata("dir is for uploads that are not begun in a folder: leave it out.")
	}
	if spec.Path, err = store.ParsePath(name); err != nil {
		return spec, err
	}
	if !dir.IsRoot() {
		spec.Path = dir + "/" + spec.Path
	}
	if _, err = store.ParsePath(string(spec.Path)); err != nil { // too deep
		return spec, err
	}
	spec.Parents, spec.Base = strings.Contains(name, "/"), dir
	if spec.ModTime, err = parseMtime(m.first("mtime")); err != nil {
		return spec, err
	}
	spec.Digest, err = parseChecksum(m["checksum"])
	return spec, err
}

// parseMtime reads seconds since 1970, with decimals or without.
func parseMtime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, ok := transfer.ParseSeconds(s)
	if !ok {
		return time.Time{}, badMetadata("mtime is not a time in seconds since 1970.")
	}
	return t, nil
}

// parseChecksum reads "SHA1 hex" or "SHA1:hex".
func parseChecksum(s string) (store.Digest, error) {
	if s == "" {
		return store.Digest{}, nil
	}
	algorithm, text, _ := strings.Cut(strings.Replace(s, ":", " ", 1), " ")
	sum, err := hex.DecodeString(strings.TrimSpace(text))
	algorithm = strings.ReplaceAll(strings.ToLower(algorithm), "-", "")
	length, known := map[string]int{"sha1": 20, "sha256": 32, "md5": 16, "adler32": 4}[algorithm]
	switch {
	case err != nil || known && len(sum) != length:
		return store.Digest{}, badMetadata("checksum is not an algorithm and a hexadecimal digest of its length.")
	case !known:
		return store.Digest{}, badMetadata("checksum names an algorithm that is not known here: SHA1, SHA256, MD5 and ADLER32 are.")
	}
	return store.Digest{Algorithm: algorithm, Sum: sum}, nil
}

// conditions are If-Match and If-None-Match of the request that creates an upload;
// they hold when the file is committed too.
func conditions(h http.Header) (c store.Conditions, err error) {
	if c.IfMatch, err = tags(h.Values("If-Match")); err != nil {
		return c, err
	}
	c.IfNoneMatch, err = tags(h.Values("If-None-Match"))
	return c, err
}

// tags reads "*" or a list of strong entity tags; nil if there is none.
func tags(lines []string) ([]string, error) {
	var out []string
	for _, line := range lines {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" {
				out = append(out, tag)
				continue
			}
			if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
				return nil, httperr.BadRequest("entity-tag", "A condition holds what is not a strong entity tag.", `Write "tag" or *.`)
			}
			out = append(out, tag[1:len(tag)-1])
		}
	}
	return out, nil
}
