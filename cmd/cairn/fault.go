//go:build cairnfault

package main

import (
	"fmt"
	"os"
	"time"

	"cairn/server"
	"cairn/store"
	"cairn/store/object"
)

// arm wraps the store's file system for crash tests. CAIRN_TRACE_FILE gets a line for
// every call that changes a file (object.Recorder), for every event of the store
// (COMMIT), and "reply METHOD STATUS" when an answer is about to be written.
// CAIRN_SKIP_FLUSH names one flush call site, as object.Faults.Sites does, whose
// flushes do nothing. CAIRN_SITES_FILE gets the sites seen, one a line, at the end.
// CAIRN_DELAY_FLUSH ("5ms") makes every flush of a file wait so long before it is made.
// With CAIRN_CPU_PROFILE there is a profile (see there) and nothing of all this.
func arm(o *store.Options, c *server.Config) (disarm func(), err error) {
	if end, err := profile(); end != nil || err != nil {
		return end, err // what is measured is the product, with nothing in between
	}
	fsys := o.FS
	if fsys == nil {
		fsys = object.OS()
	}
	var closeTrace func() error
	if path := os.Getenv("CAIRN_TRACE_FILE"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("CAIRN_TRACE_FILE: %w", err)
		}
		closeTrace = f.Close
		rec := object.NewRecorder(fsys, o.Dir, f, object.RecorderOptions{
			NoSizes: os.Getenv("CAIRN_TRACE_SIZES") == "", Begin: os.Getenv("CAIRN_TRACE_BEGIN") != "",
		})
		fsys = rec
		o.Trace = rec.Event
		c.Replied = func(method string, status int) { rec.Event(fmt.Sprintf("reply %s %d", method, status)) }
	}
	faults := object.NewFaults(fsys)
	if site := os.Getenv("CAIRN_SKIP_FLUSH"); site != "" {
		faults.SkipSite(site)
	}
	if text := os.Getenv("CAIRN_DELAY_FLUSH"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("CAIRN_DELAY_FLUSH: %w", err)
		}
		faults.Delay(object.OpSync, d)
	}
	o.FS = faults
	return func() {
		if path := os.Getenv("CAIRN_SITES_FILE"); path != "" {
			var lines []byte
			for site := range faults.Sites() {
				lines = append(lines, site+"\n"...)
			}
			os.WriteFile(path, lines, 0o600)
		}
		if closeTrace != nil {
			closeTrace()
		}
	}, nil
}
