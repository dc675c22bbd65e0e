// Package dav drives the WebDAV door of the real binary with the clients people have,
// with and without a proxy, and with bytes that nobody should send.
package dav

import (
	"os"
	"testing"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
