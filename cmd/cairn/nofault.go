//go:build !cairnfault

package main

import (
	"cairn/server"
	"cairn/store"
)

// arm does nothing: only the build for crash tests (-tags cairnfault) traces the
// store and lets flushes be skipped.
func arm(*store.Options, *server.Config) (disarm func(), err error) { return func() {}, nil }
