//go:build !unix

package slab

func mapMemory(n int) ([]byte, error) { return make([]byte, n), nil }
func unmapMemory([]byte) error        { return nil }
func releasePages([]byte)             {}
