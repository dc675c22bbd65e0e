package store

import (
	"strings"

	"cairn/store/meta"
)

// isJunk reports whether a name is one of those that programs give to files of their own,
// beside those of people: what macOS, Windows and office suites note about a folder or a
// document. They are stored and served as any other, but keep no versions and no trash.
func isJunk(name string) bool {
	switch strings.ToLower(name) {
	case ".ds_store", "thumbs.db", "desktop.ini":
		return true
	}
	return strings.HasPrefix(name, "._") || strings.HasPrefix(name, "~$") ||
		strings.HasPrefix(name, ".~lock.") && strings.HasSuffix(name, "#")
}

// keepsContent reports whether what a file holds becomes an older version when something
// else takes its place: not that of junk, nor of an empty file that a client made to have
// something to lock. But what a snapshot shows stays.
func keepsContent(tx *meta.Tx, pl *place, until int64) (bool, error) {
	if !pl.draft && !isJunk(pl.node.Name) {
		return true, nil
	}
	kept, err := pinsOf(&tx.Reader, pl.node.Space)
	return kept.in(pl.node.Since, until), err
}
