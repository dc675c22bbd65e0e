package object

import (
	"runtime"
	"strings"
)

// site names the function outside of this package that led to the call, without its
// import path and without the numbers of closures in it: "pack.(*Set).create".
func site() string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	own := ""
	for {
		f, more := frames.Next()
		if own == "" {
			own = strings.TrimSuffix(f.Function, "site")
		}
		if !strings.HasPrefix(f.Function, own) {
			return short(f.Function)
		}
		if !more {
			return "?"
		}
	}
}

func short(function string) string {
	s := function[strings.LastIndexByte(function, '/')+1:]
	for {
		i := strings.LastIndexByte(s, '.')
		last := strings.TrimPrefix(s[i+1:], "func")
		if i < 0 || strings.Trim(last, "0123456789") != "" {
			return s
		}
		s = s[:i]
	}
}
