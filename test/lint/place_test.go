package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sqlPlace: SQL stands in store/meta and migrations, and nowhere else.
func sqlPlace() rule {
	drivers := []string{"database/sql", "github.com/ncruces/go-sqlite3", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/lib/pq", "github.com/mattn/go-sqlite3"}
	statement := regexp.MustCompile(`(?is)^\s*(?:SELECT\s.+\bFROM\b|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|REPLACE\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s.+\bSELECT\b|(?:CREATE|DROP|ALTER)\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|TRIGGER|VIEW)\s|PRAGMA\s+\w+|BEGIN\s+IMMEDIATE)`)
	check := func(f file) []string {
		if f.ast == nil || f.in("migrations") || f.in("test/lint") || f.in("store/storetest/sqlite") {
			return nil // test/lint holds the fixtures below, storetest/sqlite the driver of the tests
		}
		var complaints []string
		if f.in("store/meta") {
			for imported := range f.imports() {
				if within(imported, "github.com/ncruces/go-sqlite3") {
					complaints = append(complaints, "imports "+imported+": for tests, in store/storetest/sqlite")
				}
			}
			return complaints
		}
		for _, imported := range sortedKeys(f.imports()) {
			for _, driver := range drivers {
				if within(imported, driver) {
					complaints = append(complaints, "imports "+imported+": SQL only in store/meta and migrations")
				}
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if value, err := strconv.Unquote(literal.Value); err == nil && statement.MatchString(value) {
					complaints = append(complaints, fmt.Sprintf("SQL only in store/meta and migrations: %.40q", value))
				}
			}
			return true
		})
		return complaints
	}
	literal := func(sql string) string { return "package x; const q = `" + sql + "`" }
	return rule{name: "SQL", check: check, fixtures: []fixture{
		{"store/meta/x.go", `package meta; import "database/sql"; const q = "SELECT a FROM b"`, ""},
		{"migrations/x.go", `package migrations; import "database/sql"`, ""},
		{"store/x.go", literal("select a file from the list"), "SQL only"}, // close enough to rephrase
		{"store/x.go", literal("Update the row"), ""},
		{"store/x.go", literal("delete the file"), ""},
		{"store/x.go", `package store; import "database/sql"`, "imports database/sql"},
		{"server/auth/x.go", `package auth; import "database/sql/driver"`, "imports database/sql/driver"},
		{"cmd/cairn/x.go", `package main; import _ "modernc.org/sqlite"`, "imports modernc.org/sqlite"},
		{"server/x.go", literal("SELECT a\nFROM b"), "SQL only"},
		{"store/x.go", literal("INSERT OR IGNORE INTO b VALUES (1)"), "SQL only"},
		{"store/x.go", literal("\n\tUPDATE b SET a = 1"), "SQL only"},
		{"store/x.go", literal("DELETE FROM b"), "SQL only"},
		{"store/x.go", literal("PRAGMA journal_mode"), "SQL only"},
		{"store/storetest/sqlite/x.go", `package sqlite; import ("database/sql/driver"; "github.com/ncruces/go-sqlite3/vfs")`, ""},
		{"store/meta/x.go", `package meta; import "github.com/ncruces/go-sqlite3"`, "for tests"},
		{"store/x_test.go", `package store; import "github.com/ncruces/go-sqlite3/driver"`, "SQL only"},
	}}
}

// fileSystemPlace: below store/, only store/object touches the file system, so that a
// test can fail or crash every call. Memory mapped anonymously is not a file.
func fileSystemPlace() rule {
	allowed := map[string]*regexp.Regexp{
		"os":                       regexp.MustCompile(`^(Err\w+|Getpid|Getpagesize|File(Info|Mode)|Is(NotExist|Exist|Permission)|PathError|O_\w+|Mode\w+)$`),
		"syscall":                  regexp.MustCompile(`^(E[A-Z0-9]+|Errno|Mmap|Munmap|Madvise|PROT_\w+|MAP_\w+|MADV_\w+)$`),
		"golang.org/x/sys/unix":    regexp.MustCompile(`^(E[A-Z0-9]+|Errno|Mmap|Munmap|Madvise|PROT_\w+|MAP_\w+|MADV_\w+)$`),
		"io/ioutil":                regexp.MustCompile(`^(Discard|NopCloser|ReadAll)$`),
		"path/filepath":            regexp.MustCompile(`^(Abs|Join|Base|Dir|Ext|Clean|Rel|IsAbs|ToSlash|FromSlash|Separator)$`),
		"os/exec":                  regexp.MustCompile(`^$`),
		"golang.org/x/sys/plan9":   regexp.MustCompile(`^$`),
		"golang.org/x/sys/windows": regexp.MustCompile(`^(E[A-Z0-9_]+|Errno|VirtualAlloc|VirtualFree|MEM_\w+|PAGE_\w+)$`),
	}
	check := func(f file) []string {
		if f.ast == nil || f.isTest() || !f.in("store") || f.in("store/object") || f.in("store/storetest") {
			return nil
		}
		var complaints []string
		for imported, pattern := range allowed {
			name, ok := f.imports()[imported]
			if !ok || name == "_" {
				continue
			}
			if name == "." {
				complaints = append(complaints, "imports "+imported+" with a dot, which hides what it calls")
				continue
			}
			if name == "" {
				name = path.Base(imported)
			}
			for _, used := range selectors(f.ast, name) {
				if !pattern.MatchString(used) {
					complaints = append(complaints, fmt.Sprintf("%s.%s: file-system calls only behind the seam of store/object", name, used))
				}
			}
		}
		slices.Sort(complaints)
		return complaints
	}
	return rule{name: "file system", check: check, fixtures: []fixture{
		{"store/object/dir.go", `package object; import "os"; var _ = os.Open`, ""},
		{"store/pack/x_test.go", `package pack; import "os"; var _ = os.Open`, ""},
		{"store/pack/x.go", `package pack; import "os"; var _ = os.ErrNotExist`, ""},
		{"store/slab/x.go", `package slab; import "golang.org/x/sys/unix"; var _ = unix.Mmap`, ""},
		{"cmd/cairn/x.go", `package main; import "os"; var _ = os.Open`, ""},
		{"store/pack/x.go", `package pack; import "os"; var _ = os.Open`, "os.Open"},
		{"store/pack/x.go", `package pack; import o "os"; var _ = o.Rename`, "o.Rename"},
		{"store/x.go", `package store; import "syscall"; var _ = syscall.Fsync`, "syscall.Fsync"},
		{"store/meta/x.go", `package meta; import "golang.org/x/sys/unix"; var _ = unix.Unlink`, "unix.Unlink"},
		{"store/x.go", `package store; import "path/filepath"; var _ = filepath.WalkDir`, "filepath.WalkDir"},
		{"store/x.go", `package store; import . "os"; var _ = Open`, "with a dot"},
	}}
}

// selectors lists what the file uses of the package with this name.
func selectors(f *ast.File, name string) []string {
	used := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && x.Name == name {
				used[selector.Sel.Name] = ""
			}
		}
		return true
	})
	return sortedKeys(used)
}

func sortedKeys(m map[string]string) []string {
	keys := slices.Collect(maps.Keys(m))
	slices.SortFunc(keys, strings.Compare)
	return keys
}
