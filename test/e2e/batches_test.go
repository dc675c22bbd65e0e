package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"cairn/test/rig"
)

// batcher sends small files many in a request, as the app does, and sends a request again
// that was not answered.
type batcher struct {
	http    http.Client
	address string // with a slash at its end
	token   string
	most    int // bytes of files in one request
}

// little is a small file on its way.
type little struct {
	path    string
	content []byte
	mtime   int64
	over    string // entity-tag of what it replaces; "": nothing is there
}

// line is what stands before its bytes in a batch.
func (l little) line() []byte {
	sum := sha256.Sum256(l.content)
	said := map[string]any{"path": l.path, "size": len(l.content), "mtime": l.mtime, "sha256": base64.StdEncoding.EncodeToString(sum[:])}
	if l.over == "" {
		said["ifNoneMatch"] = "*"
	} else {
		said["ifMatch"] = l.over
	}
	text, _ := json.Marshal(said) // of strings and numbers
	return append(text, '\n')
}

// enter signs in.
func enter(address string, most int) (*batcher, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &batcher{http: http.Client{Jar: jar, Timeout: 5 * time.Second, Transport: &http.Transport{}}, address: address, most: most}
	in, _ := json.Marshal(map[string]string{"name": rig.User, "password": rig.Password})
	var out struct{ Token string }
	_, err = b.ask("POST", "api/v1/session", "application/json", in, &out)
	b.token = out.Token
	return b, err
}

// ask sends one request; status is 0 if there was no answer.
func (b *batcher) ask(method, path, media string, body []byte, out any) (status int, err error) {
	req, err := http.NewRequest(method, b.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", media)
	if b.token != "" {
		req.Header.Set("X-Cairn-Token", b.token)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, fmt.Errorf("%s %s: %s %.200s", method, path, resp.Status, text)
	}
	return resp.StatusCode, json.Unmarshal(text, out)
}

// send sends files until each is confirmed, and returns the bytes that had to be sent.
func (b *batcher) send(files []little) (needed int64, err error) {
	defer b.http.CloseIdleConnections()
	for failures := 0; len(files) > 0; {
		var body []byte
		n := 0
		for sum := 0; n < len(files) && (n == 0 || sum+len(files[n].content) <= b.most); n++ {
			sum += len(files[n].content)
			body = append(append(body, files[n].line()...), files[n].content...)
		}
		var out struct {
			Results []struct {
				Problem *struct{ Code string }
			}
		}
		status, err := b.ask("POST", "api/v1/batch", "application/vnd.cairn.batch", body, &out)
		if err == nil && len(out.Results) != n {
			err = fmt.Errorf("%d results for %d files", len(out.Results), n)
		}
		if err != nil {
			failures++
			refused := status >= 400 && status < 500 && status != http.StatusRequestEntityTooLarge
			if refused || failures > 20 {
				return needed, err
			}
			if status == http.StatusRequestEntityTooLarge || status == 0 && failures > 1 { // the first time the very same goes again
				b.most = max(b.most/2, 64<<10)
			}
			continue
		}
		for i, r := range out.Results {
			if r.Problem != nil {
				return needed, fmt.Errorf("%s: %s", files[i].path, r.Problem.Code)
			}
		}
		needed += int64(len(body))
		files, failures = files[n:], 0
	}
	return needed, nil
}

// older is how many versions are kept of what a file held before.
func (b *batcher) older(path string) (int, error) {
	var out struct{ Older []json.RawMessage }
	_, err := b.ask("GET", "api/v1/versions?path="+url.QueryEscape(path), "", nil, &out)
	return len(out.Older), err
}

// batchThrough sends a folder of small files, half of them over others, in batches: each is
// there once, and the files that were replaced have one older version.
func batchThrough(t *testing.T, s *rig.Server, to, folder string) (needed int64, err error) {
	t.Helper()
	count := 60
	if soak {
		count = 300
	}
	s.Must(t, rig.Request{Method: "MKCOL", Path: folder}, 201)
	near, err := enter(s.URL, 8<<20)
	if err != nil {
		return 0, err
	}
	noise := rand.NewChaCha8(sha256.Sum256([]byte(folder)))
	files := make([]little, count)
	for i := range files {
		content := make([]byte, 100_000)
		noise.Read(content)
		files[i] = little{path: fmt.Sprintf("%s/%d", folder, i), content: content, mtime: 1.5e12 + int64(i)}
		if i%2 == 0 {
			tag := s.Put(t, files[i].path, "old").Header.Get("ETag")
			files[i].over = tag[1 : len(tag)-1]
		}
	}
	b, err := enter(to, int(part()))
	if err != nil {
		return 0, err
	}
	if needed, err = b.send(files); err != nil {
		return needed, err
	}
	var listed struct{ Entries []json.RawMessage }
	if _, err := near.ask("GET", "api/v1/files?limit=1000&path="+url.QueryEscape(folder), "", nil, &listed); err != nil {
		return needed, err
	}
	if len(listed.Entries) != count {
		err = fmt.Errorf("%d files are there, not %d", len(listed.Entries), count)
	}
	for i, f := range files {
		if got := s.Get(t, f.path); got != string(f.content) {
			err = errors.Join(err, fmt.Errorf("%s is another file, of %d bytes", f.path, len(got)))
		}
		kept, verr := near.older(f.path)
		if want := (i + 1) % 2; verr != nil || kept != want {
			err = errors.Join(err, fmt.Errorf("%s: %d older versions, want %d (%v)", f.path, kept, want, verr))
		}
	}
	return needed, err
}
