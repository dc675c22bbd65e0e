package httperr

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/store"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{store.ErrNotExist, 404}, {store.ErrExist, 405}, {store.ErrNoParent, 409},
		{store.ErrNotFolder, 409}, {store.ErrIsFolder, 405}, {store.ErrName, 400},
		{store.ErrPathTooLong, 414}, {store.ErrPermission, 403}, {store.ErrRoot, 403},
		{store.ErrSame, 403}, {store.ErrIntoItself, 403}, {store.ErrPrecondition, 412},
		{store.ErrLocked, 423}, {&store.LockedError{}, 423}, {store.ErrLockLimit, 403},
		{store.ErrQuota, 507}, {store.ErrNoSpace, 507}, {store.ErrIncomplete, 400},
		{store.ErrTooLong, 400}, {store.ErrRead, 400}, {store.ErrOffset, 409},
		{store.ErrSnapshot, 409}, {store.ErrSnapshotLimit, 507}, {store.ErrHistory, 410}, {store.ErrSyncPoint, 403}, {store.ErrUndoLimit, 413},
		{store.ErrBusy, 423}, {store.ErrFinished, 410}, {store.ErrCorrupt, 500},
		{store.ErrStopped, 503}, {store.ErrClosed, 503}, {store.ErrPropsTooLarge, 507},
		{errors.New("disk on fire"), 500}, {&http.MaxBytesError{}, 413},
		{syscall.EMFILE, 503}, {&fs.PathError{Op: "open", Path: "x", Err: syscall.ENFILE}, 503},
		{Problem{Status: 415}, 415},
	} {
		for _, err := range []error{c.err, fmt.Errorf("x: %w", &store.OpError{Op: "put", Path: "a", Err: c.err})} {
			p := Of(err)
			if p.Status != c.want {
				t.Errorf("Of(%v) = %d, want %d", err, p.Status, c.want)
			}
			if c.want != 415 && (p.Title == "" || p.Hint == "" || p.Code == "") {
				t.Errorf("Of(%v) says nothing to the user: %+v", err, p)
			}
		}
	}
}

// TestInJSON checks that a door without WebDAV's methods has a conflict where WebDAV has
// a method that does not fit.
func TestInJSON(t *testing.T) {
	for err, want := range map[error]int{
		store.ErrExist: 409, store.ErrIsFolder: 409, store.ErrNotExist: 404,
		Problem{Status: 405, Code: "method", Allow: "GET"}: 405,
	} {
		w := httptest.NewRecorder()
		JSON(w, httptest.NewRequest("GET", "/x", nil), nil, err)
		if got := InJSON(err).Status; got != want || w.Code != want {
			t.Errorf("%v: %d and %d, want %d", err, got, w.Code, want)
		}
	}
}

func TestRenderings(t *testing.T) {
	secret := errors.New("/var/lib/secret: boom")
	locked := &store.LockedError{Path: "a", Locks: []store.Lock{{UserName: "b<o>b", Expires: time.Unix(0, 0)}}}
	for name, write := range map[string]func(http.ResponseWriter, *http.Request, *slog.Logger, error){"json": JSON, "dav": DAV, "text": Text} {
		for _, err := range []error{secret, locked, store.ErrQuota, store.ErrStopped} {
			var log bytes.Buffer
			w := httptest.NewRecorder()
			r := httptest.NewRequest("PUT", "/x", nil)
			r = r.WithContext(WithRequestID(r.Context(), "id42"))
			write(w, r, slog.New(slog.NewTextHandler(&log, nil)), err)
			if got, want := w.Code, Of(err).Status; got != want {
				t.Errorf("%s %v: %d, want %d", name, err, got, want)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s: leaks the cause: %s", name, w.Body)
			}
			if err == secret && (!strings.Contains(w.Body.String(), "id42") || strings.Count(log.String(), "secret") != 1) {
				t.Errorf("%s: no request id or not logged once: %s / %s", name, w.Body, log.String())
			}
			if err == store.ErrStopped && w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", name)
			}
			switch name {
			case "json":
				if !json.Valid(w.Body.Bytes()) {
					t.Errorf("not JSON: %s", w.Body)
				}
			case "dav":
				if err := xml.Unmarshal(w.Body.Bytes(), &struct {
					XMLName xml.Name `xml:"DAV: error"`
				}{}); err != nil {
					t.Errorf("%v: %s", err, w.Body)
				}
			}
		}
	}
}

// TestLog checks that what the server did not do wrong is not logged as an error.
func TestLog(t *testing.T) {
	for status, want := range map[int]string{400: "", 500: "ERROR", 501: "", 502: "", 503: "WARN", 507: "WARN"} {
		var log bytes.Buffer
		Text(httptest.NewRecorder(), httptest.NewRequest("FOO", "/x", nil), slog.New(slog.NewTextHandler(&log, nil)), Problem{Status: status})
		if got := log.String(); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}
