package transfer

import (
	"bufio"
	"net/http"
	"net/textproto"
	"reflect"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// The lines say what the header would.
func TestFileLines(t *testing.T) {
	for _, name := range []string{"a", "a.txt", "a.pdf", "a.svg", "a.html", "ä \"\\%.jpg", "a\x01b", "\u2028.mp4", "x.unknown"} {
		for _, attachment := range []bool{false, true} {
			n := &store.Node{Name: name, Kind: 1, ModTime: time.Unix(1e9, 5).In(time.FixedZone("", 3600)), Size: 3}
			n.Version[3] = 7
			want := http.Header{}
			describe(want, n)
			guard(want, ContentType(name), name, attachment)
			text := string(fileLines(nil, n, FileOptions{Attachment: attachment}))
			got, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text + "\r\n"))).ReadMIMEHeader()
			if err != nil || !reflect.DeepEqual(http.Header(got), want) {
				t.Errorf("%q: %v\n%v\nwant\n%v", name, err, got, want)
			}
		}
	}
}
