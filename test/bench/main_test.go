//go:build bench

package bench

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/test/bench/report"
	"cairn/test/rig"
)

var (
	outDir = flag.String("out", "", "folder for tables and plots; none if empty")
	seed   = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of all that is random")
)

func TestMain(m *testing.M) {
	flag.Parse()
	fmt.Printf("%s\nseed %d\n", machine(), *seed)
	os.Exit(rig.Main(m))
}

// machine tells in a line what the figures were taken on.
func machine() string {
	cpu := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindSubmatch(b); m != nil {
			cpu = strings.Join(strings.Fields(string(m[1])), " ")
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %d × %s, Linux %s, %s, load %s before",
		time.Now().UTC().Format("2006-01-02 15:04 MST"), runtime.NumCPU(), cpu, bytes.TrimSpace(kernel), runtime.Version(), first)
}

// show prints a table, and writes it to name.md in the folder for results.
func show(t testing.TB, name, title string, table *report.Table, notes ...string) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n%s\n\n", title)
	table.WriteTo(&b)
	if len(notes) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(notes, "\n"))
	}
	os.Stdout.Write(b.Bytes())
	save(t, name+".md", append([]byte(machine()+"\n"), b.Bytes()...))
}

// save writes a result to the folder for results, if there is one.
func save(t testing.TB, name string, content []byte) {
	t.Helper()
	if *outDir == "" {
		return
	}
	if err := os.MkdirAll(*outDir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(*outDir, name)
	if err := os.WriteFile(p, content, 0o644); err != nil {
		t.Fatal(err)
	}
	fmt.Println("written:", p)
}

// note prints how far a long run is.
func note(format string, args ...any) {
	fmt.Printf("%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

// numbers reads a list of numbers with commas between.
func numbers(t testing.TB, list string) []int {
	t.Helper()
	var out []int
	for word := range strings.SplitSeq(list, ",") {
		var n int
		if _, err := fmt.Sscanf(strings.TrimSpace(word), "%d", &n); err != nil || n <= 0 {
			t.Fatalf("%q is not a list of numbers above 0", list)
		}
		out = append(out, n)
	}
	return out
}

// freeBytes is what is left on the disk of a folder.
func freeBytes(t testing.TB, dir string) int64 {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bavail) * int64(st.Bsize)
}
