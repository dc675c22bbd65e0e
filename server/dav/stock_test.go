package dav

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/webdav"
)

// defect is one thing that golang.org/x/net/webdav does wrong. It is shown from
// outside, by requests that go well here and do not there: play, or show where
// requests in a row are not enough. One that x/net has mended since it was found is
// shown to go well at both, so that nobody relies on it should it come back. What
// cannot be seen from outside says why.
type defect struct {
	name   string
	source string // issue, or place in the code

	before []req // made ready by these, which must succeed at both
	play   []req // want 0: any status
	show   func(*door) error
	stock  string // in the error that the stock handler earns

	dir  bool // the stock handler serves a folder of the disk; else its files in memory
	fs   func(webdav.FileSystem, *atomic.Bool) webdav.FileSystem
	ours func(*door) // after before: brings here about what fs does there from then on

	mended string // the evidence
	unseen string // why nothing can be shown
}

func TestStock(t *testing.T) {
	groups := map[string][]defect{
		"door": stockDoor(), "write": stockWrite(), "copymove": stockCopyMove(), "lock": stockLock(),
		"lockinfo": stockLockInfo(), "if": stockIf(), "propfind": stockPropfind(), "proppatch": stockProppatch(),
	}
	shown, mended, unseen := 0, 0, 0
	for group, defects := range groups {
		for _, f := range defects {
			t.Run(group+"/"+f.name, func(t *testing.T) {
				if f.unseen != "" {
					unseen++
					t.Log("not shown: " + f.unseen)
					return
				}
				if (f.play == nil) == (f.show == nil) || (f.stock == "") == (f.mended == "") {
					t.Fatal("play or show, and what the stock handler does or that it was mended")
				}
				var ill atomic.Bool
				there := f.run(newStock(t, &f, &ill), func(*door) { ill.Store(true) })
				here := f.run(newDoor(t, nil), f.ours)
				if here != nil {
					t.Errorf("here: %v", here)
				}
				switch {
				case f.mended != "":
					mended++
					if there != nil {
						t.Errorf("mended, it was said (%s), but: %v", f.mended, there)
					}
				case there == nil:
					t.Error("the stock handler does it right: is it mended?")
				case !strings.Contains(there.Error(), f.stock):
					t.Errorf("the stock handler fails otherwise than by %q: %v", f.stock, there)
				default:
					shown++
					t.Logf("stock: %v", there)
				}
			})
		}
	}
	t.Logf("%d defects shown, %d mended upstream, %d not visible from outside", shown, mended, unseen)
}

// run plays it at one of the two and returns what is wrong.
func (f *defect) run(d *door, fall func(*door)) error {
	d.Helper()
	for _, r := range f.before {
		if a := d.ask(r); a.StatusCode >= 300 {
			d.Fatalf("%s %s, before: %d %s", r.method, r.path, a.StatusCode, a.body)
		}
	}
	if fall != nil {
		fall(d)
	}
	if f.show != nil {
		return f.show(d)
	}
	return d.wrong(f.play...)
}

// wrong plays requests up to the first whose answer is not as wanted, and says so.
func (d *door) wrong(rs ...req) error {
	d.Helper()
	for _, r := range rs {
		a := d.ask(r)
		if r.want != 0 && a.StatusCode != r.want {
			return fmt.Errorf("%s %s: %d, want %d", r.method, r.path, a.StatusCode, r.want)
		}
		if !strings.Contains(a.body, r.has) {
			return fmt.Errorf("%s %s: %d without %q: %.600s", r.method, r.path, a.StatusCode, r.has, a.body)
		}
	}
	return nil
}

// newStock is the handler as golang.org/x/net/webdav has it, behind the same address.
func newStock(t *testing.T, f *defect, ill *atomic.Bool) *door {
	t.Helper()
	d := &door{T: t}
	fs := webdav.NewMemFS()
	if f.dir {
		fs = webdav.Dir(t.TempDir())
	}
	if f.fs != nil {
		fs = f.fs(fs, ill)
	}
	d.srv = httptest.NewServer(&webdav.Handler{Prefix: mount, FileSystem: fs, LockSystem: webdav.NewMemLS()})
	d.reopen = func() {
		d.srv.Config.Handler = &webdav.Handler{Prefix: mount, FileSystem: fs, LockSystem: webdav.NewMemLS()}
	}
	t.Cleanup(d.srv.Close)
	return d
}
