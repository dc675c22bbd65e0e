package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"slices"
	"strings"
)

func formatted() rule {
	return rule{
		name: "gofmt",
		check: func(f file) []string {
			if !strings.HasSuffix(f.path, ".go") {
				return nil
			}
			if f.err != nil {
				return []string{"does not parse: " + f.err.Error()}
			}
			want, err := format.Source([]byte(f.text))
			if err != nil || !bytes.Equal(want, []byte(f.text)) {
				return []string{"is not formatted: run gofmt -w"}
			}
			return nil
		},
		fixtures: []fixture{
			{"a.go", "package a\n\nvar b = 1\n", ""},
			{"a.md", "package  a", ""},
			{"a.go", "package a\n\nvar  b = 1\n", "not formatted"},
			{"a.go", "package a\n\nfunc {", "does not parse"},
		},
	}
}

// packageNames: a package is named after what it holds.
func packageNames() rule {
	empty := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "service", "services", "misc", "shared"}
	return rule{
		name: "package names",
		check: func(f file) []string {
			if f.ast == nil {
				return nil
			}
			var complaints []string
			name := strings.TrimSuffix(f.ast.Name.Name, "_test")
			parts := append(strings.Split(f.dir(), "/"), name)
			for _, part := range slices.Compact(parts) {
				if slices.Contains(empty, part) {
					complaints = append(complaints, fmt.Sprintf("package or folder %q says nothing about what it holds", part))
				}
			}
			return complaints
		},
		fixtures: []fixture{
			{"store/pack/x.go", "package pack", ""},
			{"store/util/x.go", "package util", `"util"`},
			{"store/helpers/x_test.go", "package helpers_test", `"helpers"`},
			{"server/models/x.go", "package m", `"models"`},
			{"server/x/x.go", "package common", `"common"`},
			{"server/services/x.go", "package services", `"services"`},
		},
	}
}

func noInit() rule {
	return rule{
		name: "no init",
		check: func(f file) []string {
			if f.ast == nil {
				return nil
			}
			for _, decl := range f.ast.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					return []string{"has an init function: call it from main, where it can be seen"}
				}
			}
			return nil
		},
		fixtures: []fixture{
			{"a.go", "package a; type t int; func (t) init() {}; func initial() {}", ""},
			{"a.go", "package a; func init() {}", "init function"},
		},
	}
}

// noSkip: a missing component fails a test with a line that says what to install. Long
// tests carry the build tag soak.
func noSkip() rule {
	names := []string{"Skip", "Skipf", "SkipNow"}
	return rule{
		name: "no skips",
		check: func(f file) []string {
			if f.ast == nil || (!f.isTest() && !f.in("test") && !f.in("store/storetest")) {
				return nil
			}
			var complaints []string
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if selector, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(names, selector.Sel.Name) {
						complaints = append(complaints, "calls "+selector.Sel.Name+": install what is missing, or fail")
					}
				}
				return true
			})
			return complaints
		},
		fixtures: []fixture{
			{"a_test.go", `package a; import "testing"; func TestA(t *testing.T) { t.Fatal() }`, ""},
			{"store/lexer.go", `package store; func f(l lexer) { l.Skip() }`, ""},
			{"a_test.go", `package a; import "testing"; func TestA(t *testing.T) { t.Skip() }`, "calls Skip"},
			{"test/dav/x.go", `package dav; func f(t T) { t.Skipf("") }`, "calls Skipf"},
			{"a_test.go", `package a; func BenchmarkA(b *testing.B) { b.SkipNow() }`, "calls SkipNow"},
		},
	}
}
