// Cairn is a file server: one binary, one data folder.
package main

import "os"

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

func main() {
	keepPrivate()
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
