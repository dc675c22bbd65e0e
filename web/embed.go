// Package web carries the browser app, built by Vite into web/dist, inside the binary.
//
// A fresh clone holds only dist/.keep, so Go builds and tests need no Node. Vite
// empties dist before each build and copies .keep back from web/public, which leaves
// the git tree clean.
package web

import (
	"embed"
	"io/fs"
)

// BaseTag is the tag in index.html that the server replaces by one with the path of
// --base-url. Every other address in the build is relative to it. It occurs once.
const BaseTag = `<base href="/" />`

//go:embed all:dist
var dist embed.FS

// FS is the built app: index.html, assets/ (names carry a content hash, so they may be
// cached for ever) and a few small files beside them. Names starting with a dot are
// not part of the app and are not to be served.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only for an invalid path, and "dist" is valid
	}
	return sub
}

// Built says whether the app was built before this binary was. If not, the server
// answers with NotBuilt instead of index.html.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// NotBuilt is the page of a binary without the app. Like index.html it holds BaseTag
// and no inline script or style.
const NotBuilt = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
` + BaseTag + `
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>Cairn</title>
</head>
<body>
<h1>Cairn is running</h1>
<p>This binary was built without the browser app. WebDAV works all the same:
mount the address of <a href="dav/">dav/</a>.</p>
<p>To have the app, install Node 20 with npm, run <code>make build</code>
and start bin/cairn again.</p>
</body>
</html>
`
