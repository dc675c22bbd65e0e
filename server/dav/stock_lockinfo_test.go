package dav

import (
	"fmt"
	"strconv"
)

// granted is the timeout in an answer to LOCK, -1 if there is none.
func granted(a answer) int {
	m := seconds.FindStringSubmatch(a.body)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// locksFor takes a lock on /f and wants a timeout from least to most.
func locksFor(least, most int, timeout ...string) func(*door) error {
	return func(d *door) error {
		a := d.ask(req{method: "LOCK", path: "/f", head: timeout, body: exclusive})
		if got := granted(a); a.StatusCode != 200 || got < least || got > most {
			return fmt.Errorf("LOCK with %q: %d, Second-%d, want %d to %d", timeout, a.StatusCode, got, least, most)
		}
		return nil
	}
}

func stockLockInfo() []defect {
	odd := req{method: "PUT", path: "/a%20%25", body: "x"}
	foreign := `<?xml version="1.0"?><d:lockinfo xmlns:d="DAV:" xmlns:o="urn:own"><d:lockscope><d:exclusive/></d:lockscope>` +
		`<d:locktype><d:write/></d:locktype><d:owner><o:who>Me</o:who></d:owner></d:lockinfo>`
	return []defect{
		{
			name: "a lock for ever, called Second-0", source: "parseTimeout, writeLockInfo", before: []req{aFile},
			show: locksFor(1, 3600), stock: "Second-0",
		},
		{
			name: "Infinite is Second-0", source: "writeLockInfo", before: []req{aFile},
			show: locksFor(1, 3600, "Timeout", "Infinite"), stock: "Second-0",
		},
		{
			name: "only the first Timeout counts", source: "parseTimeout", before: []req{aFile},
			show: locksFor(7, 7, "Timeout", "Extend-3, Second-7"), stock: "400",
		},
		{
			name: "the server cannot shorten", source: "LockSystem.Create returns a token alone", before: []req{aFile},
			show: locksFor(1, 3600, "Timeout", "Second-4100000000"), stock: "Second-4100000000",
		},
		{
			name: "lockroot without the mount", source: "writeLockInfo", before: []req{aFile},
			play: []req{{method: "LOCK", path: "/f", body: exclusive, want: 200, has: "<D:lockroot><D:href>/files/dav/f</D:href></D:lockroot>"}}, stock: "<D:href>/f</D:href>",
		},
		{
			name: "lockroot unescaped", source: "golang/net#167", before: []req{odd},
			play: []req{{method: "LOCK", path: "/a%20%25", body: exclusive, want: 200, has: "/a%20%25</D:href>"}}, stock: "<D:href>/a %</D:href>",
		},
		{
			name: "owner loses its namespaces", source: "writeLockInfo", before: []req{aFile},
			show: func(d *door) error {
				a := d.ask(req{method: "LOCK", path: "/f", body: foreign})
				if err := checkXML([]byte(a.body)); a.StatusCode != 200 || err != nil {
					return fmt.Errorf("LOCK: %d, %v: %s", a.StatusCode, err, a.body)
				}
				return nil
			},
			stock: "uses a prefix it does not declare",
		},
	}
}
