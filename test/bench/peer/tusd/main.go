// Command tusd serves tus 1.0 with tusd's own handler and file store, in memory locks,
// without flushing: what a Go program gets from that library alone. A peer for
// test/bench, nothing more.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:7105", "address")
	dir := flag.String("dir", ".", "folder for the uploads")
	flag.Parse()
	parts := handler.NewStoreComposer()
	filestore.New(*dir).UseIn(parts)
	memorylocker.New().UseIn(parts)
	h, err := handler.NewHandler(handler.Config{
		BasePath: "/files/", StoreComposer: parts, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err == nil {
		http.Handle("/files/", http.StripPrefix("/files/", h))
		err = http.ListenAndServe(*addr, nil)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
