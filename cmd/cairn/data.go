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

// inContainer reports whether Docker or Podman started us, with a place for the data:
// the mark alone also lies in machine images that were made from a container's.
func inContainer() bool {
	if st, err := os.Stat("/data"); err != nil || !st.IsDir() {
		return false
	}
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}
