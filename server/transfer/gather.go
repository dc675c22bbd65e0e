package transfer

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"cairn/store"
)

// Gatherer is a connection that can hold back what is written to it. net/http writes
// through 4 KiB of its own: an answer that does not fit leaves in two system calls, each
// of which wakes the client, and the kernel's part of a small GET is most of its cost.
// Next comes what net/http does with the header.
type Gatherer interface {
	// Gather holds back what is written from now on, as long as it is not much, and puts
	// lines, whole ones of a header, behind the first line: the status. They must not
	// change until Release. What is too much for it leaves with what was held back.
	Gather(lines []byte)
	// Release writes what was held back. Its error is that of the connection.
	Release() error
}

type gathererKey struct{}

// WithGatherer tells the requests of a connection of it. HTTP/1 without TLS alone uses
// it: nobody else writes to such a connection while an answer is written.
func WithGatherer(ctx context.Context, g Gatherer) context.Context {
	return context.WithValue(ctx, gathererKey{}, g)
}

// gatherer is the connection, if nothing but this answer is written to it and the answer
// has no header yet that fileLines would repeat.
func (a *Answer) gatherer() Gatherer {
	if a.r.ProtoMajor != 1 || a.r.TLS != nil {
		return nil
	}
	for k := range a.Header() {
		if k != "X-Request-Id" {
			return nil
		}
	}
	g, _ := a.r.Context().Value(gathererKey{}).(Gatherer)
	return g
}

// lineBuffers are for fileLines.
var lineBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// fileLines appends the header that File gives to n as HTTP/1 writes it. net/http takes
// three times as long for it: it copies, sorts and checks each name and value.
func fileLines(b []byte, n *store.Node, o FileOptions) []byte {
	ctype := ContentType(n.Name)
	b = append(b, "Accept-Ranges: bytes\r\nCache-Control: private, no-cache\r\nContent-Disposition: "...)
	b = append(b, disposition(ctype, n.Name, o.Attachment)...)
	b = append(b, "\r\nContent-Security-Policy: "...)
	b = append(b, policy(ctype)[0]...)
	b = append(b, "\r\nContent-Type: "...)
	b = append(b, ctype...)
	b = append(b, "\r\nCross-Origin-Resource-Policy: same-origin\r\nEtag: \""...)
	b = append(b, n.ETag()...)
	b = append(b, "\"\r\nLast-Modified: "...)
	b = Told(n.ModTime).AppendFormat(b, http.TimeFormat)
	return append(b, "\r\nX-Content-Type-Options: nosniff\r\n"...)
}

// sendOne answers with the file n, or the part of it that br is, from c. What it begins with
// is in lead; done is called when that is on its way.
func (a *Answer) sendOne(n *store.Node, o FileOptions, br byteRange, partial bool, c store.Content, lead []byte, done func()) error {
	g := a.gatherer()
	h := a.Header()
	if g != nil {
		lines := lineBuffers.Get().(*[]byte)
		defer lineBuffers.Put(lines)
		*lines = fileLines((*lines)[:0], n, o)
		h["Content-Type"] = nil // told already: net/http must not guess
		a.extend()
		g.Gather(*lines)
	} else {
		describe(h, n)
		guard(h, ContentType(n.Name), n.Name, o.Attachment)
	}
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h["Content-Range"] = []string{br.contentRange(n.Size)}
	}
	h["Content-Length"] = []string{strconv.FormatInt(br.length, 10)}
	a.WriteHeader(status)
	_, err := a.Write(lead)
	m := int64(len(lead))
	done()
	if rest := (byteRange{br.start + m, br.length - m}); err == nil && rest.length > 0 {
		err = a.sendRange(sink(a), c, rest)
	}
	if g == nil {
		return err
	}
	if err == nil {
		err = a.rc.Flush()
	}
	if e := g.Release(); err == nil {
		err = e
	}
	return err
}
