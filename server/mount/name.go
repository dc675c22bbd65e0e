package mount

import (
	"path"
	"strconv"
	"time"

	"cairn/store"
)

// stamp is how names tell a time: UTC, without what other systems do not take in a name.
const stamp = "2006-01-02T15-04-05Z"

// numbered is the name of something that a change ended: its time, and the number of that
// change, which nothing else in the space has. So names cannot collide, and the number
// alone finds what is meant. (The first digits of a version's id would do neither: they
// are its time.)
func numbered(at time.Time, change int64) string {
	return at.UTC().Format(stamp) + "-" + strconv.FormatInt(change, 10)
}

// numberOf is the number in a name that numbered may have made, with anything behind it.
func numberOf(name string) (change int64, ok bool) {
	if len(name) < len(stamp)+2 || name[len(stamp)] != '-' {
		return 0, false
	}
	digits := name[len(stamp)+1:]
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	change, err := strconv.ParseInt(digits[:end], 10, 64)
	return change, err == nil && change > 0 && change < 1<<63-1
}

// maxExtension is the longest end of a name that is taken for its type.
const maxExtension = 16

// versionName is what an older content of a file is called: when it was saved, the change
// that took its place, and the end of the file's name, so that programs know its type.
func versionName(v *store.Version, file string) string {
	ext := path.Ext(file)
	if len(ext) == len(file) || len(ext) < 2 || len(ext) > maxExtension {
		ext = ""
	}
	return numbered(v.Created, v.Until) + ext
}
