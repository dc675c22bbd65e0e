//go:build !unix

package server

import "syscall"

func awaitBytes(syscall.Conn) bool { return false }

func readPresent(syscall.RawConn, []byte) int { return 0 }
