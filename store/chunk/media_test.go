package chunk

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestMediaTable(t *testing.T) {
	for _, m := range media {
		var sample [HeadBytes]byte
		for _, p := range m.patterns {
			if p.bytes == "" || p.mask != "" && len(p.mask) != len(p.bytes) {
				t.Fatalf("%s: %q has the mask %q", m.name, p.bytes, p.mask)
			}
			if end := p.at + len(p.bytes); end > HeadBytes {
				t.Fatalf("%s: looks at byte %d", m.name, end-1)
			}
			for i := range len(p.mask) {
				if p.bytes[i]&^p.mask[i] != 0 {
					t.Errorf("%s: byte %d of %q is masked out", m.name, i, p.bytes)
				}
			}
			copy(sample[p.at:], p.bytes)
		}
		if !m.fits(&sample) {
			t.Errorf("%s does not fit itself", m.name)
		}
	}
}

func TestMethodOf(t *testing.T) {
	ts := strings.Repeat("\x47\x40\x00\x10"+strings.Repeat("\xff", 184), 3)
	m2ts := strings.Repeat("abcd\x47\x40\x00\x10"+strings.Repeat("\xff", 184), 3)
	for _, c := range []struct {
		name, head string
		want       method
	}{
		{"jpeg", "\xff\xd8\xff\xe1..Exif", raw},
		{"heic", "\x00\x00\x00\x24ftypheic", raw},
		{"mp3 with tag", "ID3\x04\x00\x00\x00\x00\x1f\x76", raw},
		{"mp3, 128 kbit", "\xff\xfb\x90\x64", raw},
		{"mp3, 22.05 kHz", "\xff\xf3\x40\xc4", raw},
		{"docx", "PK\x03\x04\x14\x00\x06\x00", raw},
		{"gzip", "\x1f\x8b\x08\x08", raw},
		{"bzip2", "BZh91AY&SY", raw},
		{"transport stream", ts, raw},
		{"m2ts", m2ts, raw},

		{"nothing", "", borders},
		{"zeros", strings.Repeat("\x00", 512), borders},
		{"ones", strings.Repeat("\xff", 512), borders},
		{"pdf", "%PDF-1.7\n", borders},
		{"wav", "RIFF\x24\x08\x00\x00WAVEfmt ", borders},
		{"bmp", "BM\x36\x00\x0c", borders},
		{"tiff", "II*\x00\x08\x00\x00\x00\x10\x00", borders},
		{"elf", "\x7fELF\x02\x01\x01", borders},
		{"sqlite", "SQLite format 3\x00", borders},
		{"utf-16, little-endian", "\xff\xfeh\x00i\x00", borders},
		{"utf-16, big-endian", "\xfe\xff\x00h\x00i", borders},
		{"utf-8 with mark", "\xef\xbb\xbfhello", borders},
		{"text", "ID3 tags are described in", borders},
		{"text about bzip", "BZh is the magic of bzip2", borders},
		{"text about pk", "PK is a prefix", borders},
		{"genome", strings.Repeat("G", 512), borders},
		{"tar of a jpeg", "photo.jpg\x00", borders},
		{"ar", "!<arch>\nfoo.o/", borders},
		{"one packet", ts[:188], borders},
	} {
		var head [HeadBytes]byte
		copy(head[:], c.head)
		if got := methodOf(&head); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// TestFormatListsMedia: once FORMAT.md says how content is cut, it has every row of the
// table as the code has it.
func TestFormatListsMedia(t *testing.T) {
	text, err := os.ReadFile("../pack/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range media {
		row := "| " + m.name + " |"
		for i, p := range m.patterns {
			if i > 0 {
				row += ","
			}
			row += fmt.Sprintf(" %d: `%x`", p.at, p.bytes)
			if p.mask != "" {
				row += fmt.Sprintf(" & `%x`", p.mask)
			}
		}
		if row += " |\n"; !strings.Contains(string(text), row) {
			t.Errorf("FORMAT.md lacks the line %s", row)
		}
	}
}
