package chunk

// Compressed media is changed as a whole or not at all: borders by content find nothing
// in it that larger chunks would not, and cost time. The table is part of the format and
// frozen, an error in it included. It is meant to be conservative: what it takes for
// media by mistake only finds fewer duplicates. Not in it on purpose: PDF, tar, disk
// images, WAV, BMP, TIFF and the like, which hold raw data in parts that stay.

// pattern is bytes at an offset of the content. If there is a mask, of the same length,
// both sides are ANDed with it before they are compared.
type pattern struct {
	at    int
	bytes string
	mask  string
}

// medium is a kind of compressed media: a content that fits all patterns of one.
type medium struct {
	name     string
	patterns []pattern
}

var media = []medium{
	{"JPEG", []pattern{{0, "\xff\xd8\xff", ""}}},
	{"PNG", []pattern{{0, "\x89PNG\r\n\x1a\n", ""}}},
	{"GIF", []pattern{{0, "GIF87a", ""}}},
	{"GIF", []pattern{{0, "GIF89a", ""}}},
	{"WebP", []pattern{{0, "RIFF", ""}, {8, "WEBP", ""}}},
	{"JPEG XL codestream", []pattern{{0, "\xff\x0a", ""}}},
	{"JPEG XL", []pattern{{0, "\x00\x00\x00\x0cJXL \r\n\x87\n", ""}}},
	{"JPEG 2000", []pattern{{0, "\x00\x00\x00\x0cjP  \r\n\x87\n", ""}}},
	{"JPEG 2000 codestream", []pattern{{0, "\xff\x4f\xff\x51", ""}}},
	{"Canon CR2", []pattern{{0, "II*\x00", ""}, {8, "CR\x02\x00", ""}}},

	{"MP4, MOV, M4A, HEIC, AVIF, CR3", []pattern{{0, "\x00\x00\x00", ""}, {4, "ftyp", ""}}},
	{"MP4 segment", []pattern{{0, "\x00\x00\x00", ""}, {4, "styp", ""}}},
	{"QuickTime", []pattern{{0, "\x00", ""}, {4, "moov", ""}}},
	{"QuickTime", []pattern{{4, "mdat", ""}}},
	{"QuickTime", []pattern{{0, "\x00\x00\x00\x08wide", ""}}},
	{"AVI", []pattern{{0, "RIFF", ""}, {8, "AVI ", ""}}},
	{"Matroska, WebM", []pattern{{0, "\x1a\x45\xdf\xa3", ""}}},
	{"ASF, WMV, WMA", []pattern{{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", ""}}},
	{"Flash video", []pattern{{0, "FLV\x01", ""}}},
	{"RealMedia", []pattern{{0, ".RMF\x00\x00\x00", ""}}},
	{"MPEG-2 program stream", []pattern{{0, "\x00\x00\x01\xba\x40", "\xff\xff\xff\xff\xc0"}}},
	{"MPEG-1 program stream", []pattern{{0, "\x00\x00\x01\xba\x20", "\xff\xff\xff\xff\xf0"}}},
	{"MPEG video", []pattern{{0, "\x00\x00\x01\xb3", ""}}},
	// No error bit and a payload in the first packet: else text in the letters ACGT would do.
	{"MPEG transport stream", []pattern{{0, "\x47\x00\x00\x10", "\xff\x80\x00\x10"}, {188, "\x47", ""}, {376, "\x47", ""}}},
	{"MPEG transport stream, M2TS", []pattern{{4, "\x47\x00\x00\x10", "\xff\x80\x00\x10"}, {196, "\x47", ""}, {388, "\x47", ""}}},

	{"MP3 with ID3v2", []pattern{{0, "ID3\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xf8\x00\x00\x80\x80\x80\x80"}}},
	// Frame sync, layer III; 44.1 or 22.05 kHz, 48 or 24, 32 or 16; no emphasis.
	{"MP3", []pattern{{0, "\xff\xf2\x00\x00", "\xff\xf6\x0c\x03"}}},
	{"MP3", []pattern{{0, "\xff\xf2\x04\x00", "\xff\xf6\x0c\x03"}}},
	{"MP3", []pattern{{0, "\xff\xf2\x08\x00", "\xff\xf6\x0c\x03"}}},
	// Layer 0, no CRC, low complexity.
	{"AAC in ADTS", []pattern{{0, "\xff\xf1\x40", "\xff\xf7\xc0"}}},
	{"Ogg", []pattern{{0, "OggS\x00", ""}}},
	{"FLAC", []pattern{{0, "fLaC\x00", "\xff\xff\xff\xff\x7f"}}},
	{"WavPack", []pattern{{0, "wvpk", ""}}},
	{"AMR", []pattern{{0, "#!AMR", ""}}},

	{"gzip", []pattern{{0, "\x1f\x8b\x08\x00", "\xff\xff\xff\xe0"}}},
	{"zip, OOXML, ODF, EPUB, JAR, APK", []pattern{{0, "PK\x03\x04", ""}}},
	{"zip, spanned", []pattern{{0, "PK\x07\x08PK\x03\x04", ""}}},
	{"bzip2", []pattern{{0, "BZh\x30\x31\x41\x59\x26\x53\x59", "\xff\xff\xff\xf0\xff\xff\xff\xff\xff\xff"}}},
	{"xz", []pattern{{0, "\xfd7zXZ\x00", ""}}},
	{"zstd", []pattern{{0, "\x28\xb5\x2f\xfd", ""}}},
	{"zstd or lz4, skippable frame first", []pattern{{0, "\x50\x2a\x4d\x18", "\xf0\xff\xff\xff"}}},
	{"lz4", []pattern{{0, "\x04\x22\x4d\x18", ""}}},
	{"lz4, legacy", []pattern{{0, "\x02\x21\x4c\x18", ""}}},
	{"lzip", []pattern{{0, "LZIP\x01", ""}}},
	{"lzop", []pattern{{0, "\x89LZO\x00\r\n\x1a\n", ""}}},
	{"snappy, framed", []pattern{{0, "\xff\x06\x00\x00sNaPpY", ""}}},
	{"compress", []pattern{{0, "\x1f\x9d\x80", "\xff\xff\x80"}}},
	{"7z", []pattern{{0, "7z\xbc\xaf\x27\x1c", ""}}},
	{"RAR 1.5", []pattern{{0, "Rar!\x1a\x07\x00", ""}}},
	{"RAR 5", []pattern{{0, "Rar!\x1a\x07\x01\x00", ""}}},
	{"Cabinet", []pattern{{0, "MSCF\x00\x00\x00\x00", ""}}},
	{"Debian package", []pattern{{0, "!<arch>\ndebian-binary", ""}}},
	{"RPM", []pattern{{0, "\xed\xab\xee\xdb", ""}}},
	{"WOFF", []pattern{{0, "wOFF", ""}}},
	{"WOFF2", []pattern{{0, "wOF2", ""}}},
}

// methodOf is how a content that begins with head is cut.
func methodOf(head *[HeadBytes]byte) method {
	for _, m := range media {
		if m.fits(head) {
			return raw
		}
	}
	return borders
}

func (m medium) fits(head *[HeadBytes]byte) bool {
	for _, p := range m.patterns {
		for i := range len(p.bytes) {
			mask := byte(0xff)
			if p.mask != "" {
				mask = p.mask[i]
			}
			if head[p.at+i]&mask != p.bytes[i]&mask {
				return false
			}
		}
	}
	return true
}
