package lint

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// file is one file of the repository.
type file struct {
	path string // from the root, with slashes
	text string
	ast  *ast.File // nil unless it is Go
	err  error     // of parsing
}

func (f file) dir() string  { return path.Dir(f.path) }
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// in says whether the file lies in the folder or below it.
func (f file) in(dir string) bool { return within(f.dir(), dir) }

// within says whether an import path or folder is dir or lies below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// imports maps each import path to the name it has in the file ("" for its default).
func (f file) imports() map[string]string {
	found := map[string]string{}
	if f.ast == nil {
		return found
	}
	for _, spec := range f.ast.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		found[p] = ""
		if spec.Name != nil {
			found[p] = spec.Name.Name
		}
	}
	return found
}

func parse(name, text string) file {
	f := file{path: name, text: text}
	if strings.HasSuffix(name, ".go") {
		f.ast, f.err = parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	}
	return f
}

// repository reads every file that git tracks or would add.
func repository(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("git", "-c", "safe.directory="+root, "ls-files", "-z",
		"--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("the lint test needs git (apt-get install git) and a clone: %v", err)
	}
	var files []file
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		full := filepath.Join(root, name)
		info, err := os.Lstat(full)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if !info.Mode().IsRegular() {
			t.Errorf("%s is not a regular file", name)
			continue
		}
		text, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			text = nil // binary: only its name counts
		}
		files = append(files, parse(name, string(text)))
	}
	if len(files) < 20 {
		t.Fatalf("found only %d files: the walk is broken", len(files))
	}
	return files
}
