package e2e

import (
	"regexp"
	"strings"
	"testing"

	"cairn/test/rig"
)

var console = regexp.MustCompile(`(?m)^.*\bCONSOLE\b.*$`)

// TestApp loads the first page, at the root and below a path: it draws itself without
// a complaint of the browser's console, of the content security policy above all.
func TestApp(t *testing.T) {
	for name, o := range map[string]rig.Options{"at the root": {}, "below a path": {BaseURL: "/files/"}} {
		t.Run(name, func(t *testing.T) {
			s := rig.Start(t, o)
			dom, log := load(t, s.URL)
			if !strings.Contains(dom, "<title>Cairn</title>") || len(dom) < 500 {
				t.Errorf("the page: %s", dom)
			}
			if strings.Contains(dom, `<div id="root"></div>`) {
				t.Errorf("the app has not drawn anything: %s", dom)
			}
			for _, line := range console.FindAllString(log, -1) {
				t.Errorf("the console says: %s", line)
			}
			if strings.Contains(log, "Content Security Policy") {
				t.Errorf("content security policy: %s", log)
			}
		})
	}
}
