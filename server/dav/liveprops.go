package dav

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"time"

	"cairn/server/transfer"
)

// live is a property the server keeps (RFC 4918 §15, RFC 4331).
type live int

// The live properties, in the order of allprop. Those up to lastCheap are in the node
// and are told to whoever asks for all; the rest costs the store a call, or clients
// stumble over it, and is told to who asks for it by name (lockdiscovery also with
// all others of a single resource).
const (
	resourceType live = 1 + iota
	displayName
	creationDate
	contentLength
	lastModified
	contentMediaType
	entityTag
	supportedLocks
	lockDiscovery
	quotaUsed
	quotaAvailable
	quotaBlocks      // Apple's, from before RFC 4331: all there is, in blocks of 512 bytes
	quotaUsedBlocks  // likewise, what is used
	syncTokenProp    // of collections (RFC 6578 §4), the moment of the answer
	supportedReports // RFC 3253 §3.1.5
	contentLanguage  // nothing has it, and nobody can set it

	firstLive, lastCheap, lastLive = resourceType, supportedLocks, contentLanguage
)

// lives finds a live property by name.
var lives = map[xml.Name]live{
	dav("resourcetype"): resourceType, dav("displayname"): displayName, dav("creationdate"): creationDate,
	dav("getcontentlength"): contentLength, dav("getlastmodified"): lastModified, dav("getcontenttype"): contentMediaType,
	dav("getetag"): entityTag, dav("supportedlock"): supportedLocks, dav("lockdiscovery"): lockDiscovery,
	dav("quota-used-bytes"): quotaUsed, dav("quota-available-bytes"): quotaAvailable,
	dav("quota"): quotaBlocks, dav("quotaused"): quotaUsedBlocks,
	dav("sync-token"): syncTokenProp, dav("supported-report-set"): supportedReports,
	dav("getcontentlanguage"): contentLanguage,
}

// liveTags are the start and the end tag of each.
var liveTags = func() (tags [lastLive + 1][2]string) {
	for n, l := range lives {
		tags[l] = [2]string{"<D:" + n.Local + ">", "</D:" + n.Local + ">"}
	}
	return tags
}()

// has reports whether a resource has a live property.
func (m *multistatus) has(l live, r *member) bool {
	switch l {
	case contentLength, contentMediaType:
		return !r.IsFolder()
	case quotaUsed, quotaAvailable, quotaBlocks, quotaUsedBlocks:
		return r.IsFolder() && m.q.tellsQuota()
	case syncTokenProp, supportedReports:
		return r.IsFolder()
	case contentLanguage:
		return false
	}
	return true
}

// live writes a live property that r has, or its name alone.
func (m *multistatus) live(l live, r *member, value bool) error {
	m.WriteString(liveTags[l][0])
	if value {
		if err := m.liveValue(l, r); err != nil {
			return err
		}
	}
	m.WriteString(liveTags[l][1])
	return nil
}

func (m *multistatus) liveValue(l live, r *member) error {
	b := m.scratch[:0]
	switch l {
	case resourceType:
		if r.IsFolder() {
			b = append(b, "<D:collection/>"...)
		}
	case displayName:
		m.text(r.Name)
	case creationDate:
		b = transfer.Told(r.Created).AppendFormat(b, time.RFC3339)
	case contentLength:
		b = strconv.AppendInt(b, r.Size, 10)
	case lastModified:
		if t := r.ModTime.Unix(); t != m.dated || len(m.date) == 0 { // files come in crowds of one time
			m.dated, m.date = t, transfer.Told(r.ModTime).AppendFormat(m.date[:0], http.TimeFormat)
		}
		m.Write(m.date)
	case contentMediaType: // by the name: no property reads content
		m.text(transfer.ContentType(r.Name))
	case entityTag:
		b = append(append(append(b, '"'), r.ETag()...), '"')
	case supportedLocks:
		b = append(b, supportedLock...)
	case lockDiscovery:
		return m.locks(r)
	case syncTokenProp:
		b = append(b, syncTokenOf(m.point)...)
	case supportedReports:
		b = append(b, "<D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>"...)
	case quotaUsed:
		b = strconv.AppendInt(b, m.usage[0], 10)
	case quotaAvailable:
		b = strconv.AppendInt(b, m.usage[1], 10)
	case quotaBlocks:
		b = strconv.AppendInt(b, (m.usage[0]+m.usage[1])/512, 10)
	case quotaUsedBlocks:
		b = strconv.AppendInt(b, (m.usage[0]+511)/512, 10)
	}
	m.scratch = b
	m.Write(b)
	return nil
}

const supportedLock = `<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>` +
	`<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`

// locks writes the locks that cover r: of a member what was found for its page.
func (m *multistatus) locks(r *member) error {
	q := m.q
	if r.href == "" {
		for i := range m.held.All {
			m.WriteString(q.h.activeLock(&m.held.All[i], m.held.Paths[i], true))
		}
		on := m.held.On[r.ID]
		for i := range on {
			m.WriteString(q.h.activeLock(&on[i], m.at.Join(r.Name), r.IsFolder()))
		}
		return nil
	}
	locks, roots, err := q.h.store.Locks(q.r.Context(), q.sc, r.p)
	if err != nil && !absentPath(err) {
		return err
	}
	for i := range locks {
		m.WriteString(q.h.activeLock(&locks[i], roots[i], roots[i] != r.p || r.IsFolder()))
	}
	return nil
}
