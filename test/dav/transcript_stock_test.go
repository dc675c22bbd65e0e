package dav

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/webdav"
)

// TestTranscriptsStock plays them against golang.org/x/net/webdav as it comes: what is
// known to be wrong there, they must find, and where they find something new, somebody
// should look. That shows that transcripts can fail.
func TestTranscriptsStock(t *testing.T) {
	stock := &webdav.Handler{FileSystem: webdav.NewMemFS(), LockSystem: webdav.NewMemLS()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok && r.Method != http.MethodOptions {
			w.Header().Set("WWW-Authenticate", `Basic realm="stock"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		stock.ServeHTTP(w, r)
	}))
	defer server.Close()
	known := map[string]string{ // the first that each finds
		"cadaver":            "discover moved", // lockdiscovery is hidden
		"cyberduck":          "A rename under the lock: MOVE answers 412",
		"davfs2":             "df: ", // no quota
		"davfs2-after-crash": "Whose lock is that?",
		"davx5":              "Not over one that is there: PUT answers 201",
		"finder":             "A name that macOS wrote apart: PROPFIND answers 404",
		"gvfs":               "gio info: in {base}folder/a: D:creationdate",
		"joplin":             "",
		"keepass":            "",
		"keeweb":             "",
		"kio":                "ls: in {base}: D:quota-available-bytes",
		"kodi":               "",
		"office-by-link":     "lockroot",
		"office-on-drive":    "It takes the place of the document: MOVE answers 412",
		"rclone":             "rclone about",
		"vlc":                "",
		"windows-explorer":   "D:creationdate",
		"windows-times":      "D:getlastmodified = Thu, 09 Oct 2025",
		"zotero":             "",
	}
	for _, tr := range readTranscripts(t) {
		want, ok := known[tr.name]
		if !ok {
			t.Errorf("%s: what does the stock handler do?", tr.name)
		}
		got := play(&target{origin: server.URL, root: "/"}, tr)
		if want == "" && got != nil || want != "" && (got == nil || !strings.Contains(got[0], want)) {
			t.Errorf("%s: %.300q, want %q", tr.name, got, want)
		}
	}
}
