//go:build !unix

package server

import "syscall"

func awaitBytes(syscall.Conn) (bool, error) { return false, nil }

func readPresent(syscall.RawConn, []byte) (int, error) { return 0, nil }
