package transfer

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"cairn/store"
)

// digestNames are the algorithms of hashes as answers call them: in Repr-Digest (RFC 9530 §5)
// and in Digest (RFC 3230 §4.1.1).
var digestNames = map[string]struct{ repr, legacy string }{
	"sha256": {"sha-256", "SHA-256"}, "sha512": {"sha-512", "SHA-512"},
	"sha": {"sha", "SHA"}, "md5": {"md5", "MD5"}, "adler": {"adler", "adler32"},
}

// tellDigest answers Want-Repr-Digest (RFC 9530 §4) by Repr-Digest, and the older Want-Digest
// (RFC 3230) by Digest, each with the one algorithm that is wanted most, of those that
// we have: of the whole file, also where a range of it is sent. One that is not known yet is
// left out.
func (a *Answer) tellDigest(n *store.Node, c store.Content, d *Digests) {
	h := a.Header()
	if alg := wanted(a.r.Header, "Want-Repr-Digest"); alg != "" {
		if sum, ok := d.of(a.r.Context(), n, c, alg); ok {
			h.Set("Repr-Digest", digestNames[alg].repr+"=:"+base64.StdEncoding.EncodeToString(sum)+":")
		}
	}
	if alg := wanted(a.r.Header, "Want-Digest"); alg != "" {
		if sum, ok := d.of(a.r.Context(), n, c, alg); ok {
			text := base64.StdEncoding.EncodeToString(sum)
			if alg == "adler" {
				text = hex.EncodeToString(sum)
			}
			h.Set("Digest", digestNames[alg].legacy+"="+text)
		}
	}
}

// wanted reads a list of algorithms with weights, "sha-256=10, sha=3" or
// "SHA-256, MD5;q=0.3", and finds the one of ours with the most; of several SHA-256, or
// else the first. "": none. What it does not understand it ignores: it is a wish.
func wanted(h http.Header, name string) (algorithm string) {
	if len(h.Values(name)) == 0 {
		return ""
	}
	most := 0.0
	for item := range items(h, name) {
		item, parameters, _ := strings.Cut(item, ";")
		key, weight, weighed := strings.Cut(item, "=")
		if name == "Want-Digest" {
			var q string
			if q, weight, weighed = strings.Cut(parameters, "="); weighed && !strings.EqualFold(strings.TrimSpace(q), "q") {
				weighed = false
			}
		}
		w := 1.0
		if weighed {
			var err error
			if w, err = strconv.ParseFloat(strings.TrimSpace(weight), 64); err != nil || w < 0 || w > 10 {
				continue
			}
		}
		alg := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(key)), "-", "")
		switch alg {
		case "sha1":
			alg = "sha"
		case "adler32":
			alg = "adler"
		}
		if digestNames[alg].repr != "" && (w > most || w == most && w > 0 && alg == preferredDigest) {
			algorithm, most = alg, w
		}
	}
	return algorithm
}
