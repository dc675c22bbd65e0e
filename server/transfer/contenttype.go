package transfer

import (
	"mime"
	"path"
	"strings"
)

// ContentType is the media type of a file, by its name alone: content is never
// sniffed, neither here nor, because of nosniff, in the browser.
func ContentType(name string) string {
	ext := extension(name)
	if texts[ext] {
		return "text/plain; charset=utf-8"
	}
	if t, ok := types[ext]; ok {
		return t
	}
	if ext != "" {
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
	}
	return "application/octet-stream"
}

// texts are shown as plain text: sources and notes that no browser runs. The system
// takes .ts for a film.
var texts = map[string]bool{
	".txt": true, ".md": true, ".log": true, ".csv": true, ".ini": true, ".conf": true, ".yaml": true, ".yml": true,
	".toml": true, ".sh": true, ".c": true, ".h": true, ".go": true, ".py": true, ".rs": true,
	".ts": true, ".mts": true, ".cts": true,
}

// types come before those of the system, which differ from machine to machine, for
// what people keep most and what the answer's headers depend on.
var types = map[string]string{
	".json": "application/json", ".xml": "application/xml",
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8", ".xhtml": "application/xhtml+xml",
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".svgz": "image/svg+xml", ".pdf": "application/pdf",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".heic": "image/heic", ".heif": "image/heif", ".bmp": "image/bmp", ".tif": "image/tiff",
	".tiff": "image/tiff", ".ico": "image/vnd.microsoft.icon", ".jxl": "image/jxl",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".flac": "audio/flac", ".ogg": "audio/ogg",
	".oga": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".weba": "audio/webm",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".mkv": "video/matroska",
	".avi": "video/x-msvideo", ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".ogv": "video/ogg",
	".zip": "application/zip", ".gz": "application/gzip", ".tar": "application/x-tar", ".7z": "application/x-7z-compressed",
	".bz2": "application/x-bzip2", ".xz": "application/x-xz", ".zst": "application/zstd", ".rar": "application/vnd.rar",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".doc":  "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
	".odp": "application/vnd.oasis.opendocument.presentation", ".epub": "application/epub+zip",
}

// rasters are the images that are shown: no SVG, which can hold a script.
var rasters = map[string]bool{
	"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true, "image/avif": true,
	"image/heic": true, "image/heif": true, "image/bmp": true, "image/tiff": true, "image/jxl": true,
	"image/vnd.microsoft.icon": true,
}

// inline reports whether a browser may show content of the type, rather than save it.
func inline(ctype string) bool {
	t, _, _ := strings.Cut(ctype, ";")
	return rasters[t] || strings.HasPrefix(t, "audio/") || strings.HasPrefix(t, "video/") ||
		t == "text/plain" || t == "application/pdf"
}

// extension is the lower-case extension of a name with its dot.
func extension(name string) string { return strings.ToLower(path.Ext(name)) }
