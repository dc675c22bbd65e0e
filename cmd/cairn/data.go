package main

import (
	"os"
	"path/filepath"
)

// defaultData is the data folder if none is named.
func defaultData(lookup func(string) (string, bool), container bool) string {
	if container {
		return "/data"
	}
	if dir, _ := lookup("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "cairn")
	}
	if home, _ := lookup("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "cairn")
	}
	return "/var/lib/cairn"
}

// inContainer reports whether Docker or Podman started us.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}
