package object

import "os"

// DirectBytes is what offsets, lengths and addresses of direct reads are multiples of.
const DirectBytes = 4096

// directOpener is a file system that can read past the cache of the operating system.
type directOpener interface {
	OpenDirect(path string) (File, error)
}

// OpenDirect opens a file for reading what the medium holds, past the cache of the
// operating system: nothing in it is looked at, and nothing has to give way. The offset of
// a ReadAt, the length of its buffer and the address of that must be multiples of
// DirectBytes; one that comes to the end of the file is io.EOF, with what there is. Where
// the system, the file system or this FS cannot do that, it is Open, and what is read then
// leaves the cache again.
func OpenDirect(fsys FS, path string) (File, error) {
	if d, ok := fsys.(directOpener); ok {
		return d.OpenDirect(path)
	}
	return fsys.Open(path, os.O_RDONLY)
}
