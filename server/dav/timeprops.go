package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"cairn/server/transfer"
	"cairn/store"
)

// timeProp is a property by which clients set a time of a node.
type timeProp struct {
	in      func(*store.Patch) *time.Time
	of      func(*store.Node) time.Time
	seconds bool // it is told as seconds since 1970
}

// timed are those properties. The live ones are the node's time and nothing else; the
// others are kept as dead properties too and read back as they were set, as long as
// they are true (tells).
//
//   - DAV:getlastmodified and DAV:creationdate, which RFC 4918 §15 lets a server protect
//     or not: Nextcloud's server takes both, sync clients set the first.
//   - DAV:lastmodified, which is in no RFC: rclone (Unix seconds), as ownCloud had it.
//   - Windows' two, sent with each copied file, whose upload fails if they are refused.
//     Its Win32LastAccessTime and Win32FileAttributes are dead properties.
//
// No PROPPATCH of the macOS client is known. Cyberduck's
// {SAR:}lastmodified is left a dead property: beside it Cyberduck keeps the server's own
// time, and takes a node whose time has changed since for one that somebody else wrote.
var timed = func() map[xml.Name]*timeProp {
	modified := timeProp{in: func(p *store.Patch) *time.Time { return &p.ModTime }, of: func(n *store.Node) time.Time { return n.ModTime }}
	created := timeProp{in: func(p *store.Patch) *time.Time { return &p.Created }, of: func(n *store.Node) time.Time { return n.Created }}
	seconds := modified
	seconds.seconds = true
	const microsoft = "urn:schemas-microsoft-com:"
	return map[xml.Name]*timeProp{
		dav("getlastmodified"): &modified, dav("creationdate"): &created, dav("lastmodified"): &seconds,
		{Space: microsoft, Local: "Win32LastModifiedTime"}: &modified, {Space: microsoft, Local: "Win32CreationTime"}: &created,
	}
}()

// tells is the value of a dead property as a listing has it: what the client set. Of one
// that set a time of the node which has changed since (the file was written again, or
// is a copy), it is that time; else Windows would show a stale one for ever.
func tells(p *store.Prop, n *store.Node) []byte {
	tp := timed[xml.Name(p.Name)]
	if tp == nil {
		return p.Value
	}
	now := transfer.Told(tp.of(n))
	if t, ok := parseTime(p.Value); ok && t.Unix() == now.Unix() {
		return p.Value
	}
	if tp.seconds {
		return strconv.AppendInt(nil, now.Unix(), 10)
	}
	return now.AppendFormat(nil, http.TimeFormat)
}

// parseTime reads the value of a property, which must be text alone, as a time that the
// store can keep.
func parseTime(value []byte) (t time.Time, ok bool) {
	var text []byte
	for d := xml.NewDecoder(bytes.NewReader(value)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return transfer.ParseTime(string(text))
		}
		c, isText := token.(xml.CharData)
		if err != nil || !isText {
			return t, false
		}
		text = append(text, c...)
	}
}
