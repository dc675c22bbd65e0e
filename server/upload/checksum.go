package upload

import (
	"encoding/base64"
	"net/http"
	"strings"

	"cairn/server/httperr"
	"cairn/store"
)

// checksums are what Upload-Checksum may use (tus 1.0, Checksum): the names and the bytes
// of their digests. sha1 is the one that all clients know.
const checksums = "sha1,sha256,md5"

// parseBodyChecksum reads Upload-Checksum: an algorithm and the base64 of what the bytes
// of this request come to; nil if it is not there. tusd has no checksums.
func parseBodyChecksum(h http.Header) (*store.Digest, error) {
	text := h.Get("Upload-Checksum")
	if text == "" {
		return nil, nil
	}
	algorithm, value, _ := strings.Cut(strings.TrimSpace(text), " ")
	length, known := map[string]int{"sha1": 20, "sha256": 32, "md5": 16}[strings.ToLower(algorithm)]
	if !known {
		return nil, httperr.BadRequest("checksum", "Upload-Checksum names an algorithm that is not known here.", "Use one of "+checksums+".")
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil || len(sum) != length {
		return nil, httperr.BadRequest("checksum", "Upload-Checksum cannot be read.", "Write the algorithm, a space, and the digest in base64.")
	}
	return &store.Digest{Algorithm: strings.ToLower(algorithm), Sum: sum}, nil
}
