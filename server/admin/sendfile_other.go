//go:build !linux

package admin

import "net"

func withFiles(c net.Conn) net.Conn { return c }
