package dav

import "strings"

// prefers is what the client would rather have (RFC 7240, RFC 8144).
type prefers struct {
	minimal bool // return=minimal, or Microsoft's older Brief: t: no word of what is not there
	noRoot  bool // depth-noroot, or Depth: 1,noroot: the members alone
}

// prefers reads Prefer, Brief and Depth. What it does not know it ignores.
func (q *request) prefers() (p prefers) {
	for _, line := range q.r.Header.Values("Prefer") {
		for one := range strings.SplitSeq(line, ",") {
			one, _, _ = strings.Cut(one, ";") // parameters
			name, value, _ := strings.Cut(one, "=")
			name, value = strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)
			p.minimal = p.minimal || name == "return" && strings.EqualFold(value, "minimal")
			p.noRoot = p.noRoot || name == "depth-noroot"
		}
	}
	p.minimal = p.minimal || strings.EqualFold(strings.TrimSpace(q.r.Header.Get("Brief")), "t")
	p.noRoot = p.noRoot || strings.HasSuffix(strings.ToLower(strings.TrimSpace(q.r.Header.Get("Depth"))), ",noroot")
	return p
}

// applied says in the answer which of them it follows.
func (q *request) applied(p prefers) {
	if p.minimal {
		q.w.Header().Add("Preference-Applied", "return=minimal")
	}
	if p.noRoot {
		q.w.Header().Add("Preference-Applied", "depth-noroot")
	}
}
