package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"cairn/test/rig"
)

// webdriver is a browser driven by W3C WebDriver.
type webdriver struct {
	t       *testing.T
	session string // its address
}

// elementKey is the member that holds an element's id (WebDriver §11).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// webKit starts Debian's WebKitGTK on a screen of its own.
func webKit(t *testing.T) *webdriver {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	home := t.TempDir()
	display := screen(ctx, t, home)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	driver := child(ctx, t, home, rig.Need(t, "WebKitWebDriver", "webkit2gtk-driver"), "--host=127.0.0.1", "--port="+port)
	driver.Env = append(driver.Env, "DISPLAY="+display, "XDG_RUNTIME_DIR="+home, "GDK_BACKEND=x11", "NO_AT_BRIDGE=1",
		"LIBGL_ALWAYS_SOFTWARE=1", "DBUS_SESSION_BUS_ADDRESS=disabled:", "no_proxy=*")
	log, err := os.CreateTemp(home, "driver-*.log")
	if err != nil {
		t.Fatal(err)
	}
	driver.Stdout, driver.Stderr = log, log
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		driver.Wait()
		if b, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("WebKitWebDriver:\n%s", b[max(0, len(b)-2000):])
		}
		log.Close()
	})
	w := &webdriver{t: t}
	base := "http://127.0.0.1:" + port + "/session"
	if !rig.Poll(rig.Patience, func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err == nil
	}) {
		t.Fatal("WebKitWebDriver does not listen")
	}
	var made struct{ SessionID string }
	w.call("POST", base, map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"webkitgtk:browserOptions": map[string]any{"binary": miniBrowser(t), "args": []string{"--automation"}}}}}, &made)
	w.session = base + "/" + made.SessionID
	t.Cleanup(func() { w.try("DELETE", w.session, nil, nil) })
	return w
}

// miniBrowser is where Debian puts WebKitGTK's own browser, on any architecture.
func miniBrowser(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")
	if len(found) == 0 {
		t.Fatal("this test needs MiniBrowser: apt-get install webkit2gtk-driver")
	}
	return found[0]
}

// screen starts an X server without a screen and returns its name.
func screen(ctx context.Context, t *testing.T, home string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	name := fmt.Sprintf(":%d", 1000+os.Getpid()%50_000) // the free one it would choose may be another's a moment later
	x := child(ctx, t, home, rig.Need(t, "Xvfb", "xvfb"), name, "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	x.Cancel = func() error { return x.Process.Signal(syscall.SIGTERM) } // so that it takes its files along
	var said bytes.Buffer
	x.Stdout, x.Stderr = &said, &said
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		x.Cancel()
		x.Wait()
		if t.Failed() {
			t.Logf("Xvfb: %s", said.String())
		}
	})
	r.SetReadDeadline(time.Now().Add(rig.Patience))
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		x.Cancel()
		x.Wait()
		t.Fatalf("Xvfb does not start: %v %s", err, said.String())
	}
	return name
}

// try sends a command and decodes its value.
func (w *webdriver) try(method, url string, body, value any) error {
	var text []byte
	if method == "POST" {
		if body == nil {
			body = map[string]any{}
		}
		text, _ = json.Marshal(body)
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %.300s %v", method, url, resp.Status, answer, err)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(answer, &struct{ Value any }{value})
}

func (w *webdriver) call(method, url string, body, value any) {
	w.t.Helper()
	if err := w.try(method, url, body, value); err != nil {
		w.t.Fatal(err)
	}
}

func (w *webdriver) open(url string) {
	w.t.Helper()
	w.call("POST", w.session+"/url", map[string]string{"url": url}, nil)
}

// find waits for an element and returns its address.
func (w *webdriver) find(css string) string {
	w.t.Helper()
	var found map[string]string
	var err error
	if !rig.Poll(rig.Patience, func() bool {
		err = w.try("POST", w.session+"/element", map[string]string{"using": "css selector", "value": css}, &found)
		return err == nil
	}) {
		w.t.Fatalf("%s is not in the page: %v", css, err)
	}
	return w.session + "/element/" + found[elementKey]
}

func (w *webdriver) write(css, text string) {
	w.t.Helper()
	w.call("POST", w.find(css)+"/value", map[string]string{"text": text}, nil)
}

func (w *webdriver) click(css string) {
	w.t.Helper()
	w.call("POST", w.find(css)+"/click", nil, nil)
}

// run runs a script in the page and decodes what it returns.
func (w *webdriver) run(script string, value any) {
	w.t.Helper()
	w.call("POST", w.session+"/execute/sync", map[string]any{"script": script, "args": []any{}}, value)
}
