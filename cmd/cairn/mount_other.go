//go:build !linux

package main

import "errors"

// Run says where it would run.
func (*mountCmd) Run() error { return errors.New("cairn mount is for Linux") }
