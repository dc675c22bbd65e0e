package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// topLevel: the folders are fixed (dot folders apart).
func topLevel() rule {
	folders := []string{"server", "web", "store", "migrations", "cmd", "test"}
	return rule{
		name: "top level",
		check: func(f file) []string {
			top, _, nested := strings.Cut(f.path, "/")
			if !nested || strings.HasPrefix(top, ".") || slices.Contains(folders, top) {
				return nil
			}
			return []string{fmt.Sprintf("top-level folder %q: only %v may stand there", top, folders)}
		},
		fixtures: []fixture{
			{"store/api.go", "package store", ""},
			{"README.md", "", ""},
			{".ci/run", "", ""},
			{"internal/x.go", "package x", "top-level folder"},
			{"docs/x.md", "", "top-level folder"},
		},
	}
}

// machinePaths: nothing names a folder of the machine it was written on.
func machinePaths() rule {
	// Taken apart, so that the rule does not find itself.
	pattern := regexp.MustCompile(`(?m)(?:^|[^\w.~$})-])(/(?:` + `work|root|home)/[\w.-]+)`)
	made := func(folder string) string { return "/" + folder + "/x" }
	return rule{
		name: "machine paths",
		check: func(f file) []string {
			var complaints []string
			for _, m := range pattern.FindAllStringSubmatch(f.text, -1) {
				complaints = append(complaints, "names a path of one machine: "+m[1])
			}
			return complaints
		},
		fixtures: []fixture{
			{"README.md", "the folder ~/.local/share", ""},
			{"web/src/a.ts", "import './home/x';", ""},
			{"Makefile", "$(CURDIR)" + made("work"), ""},
			{"README.md", "see " + made("work"), "path of one machine"},
			{"a.go", `package a; const p = "` + made("root") + `"`, "path of one machine"},
			{"a.txt", made("home"), "path of one machine"},
		},
	}
}

// thinMain: main.go starts things and holds nothing.
func thinMain() rule {
	const most = 40
	return rule{
		name: "thin main.go",
		check: func(f file) []string {
			if lines := strings.Count(f.text, "\n"); f.path == "cmd/cairn/main.go" && lines > most {
				return []string{fmt.Sprintf("%d lines, at most %d", lines, most)}
			}
			return nil
		},
		fixtures: []fixture{
			{"cmd/cairn/main.go", "package main\n", ""},
			{"cmd/cairn/serve.go", "package main\n" + strings.Repeat("//\n", 50), ""},
			{"cmd/cairn/main.go", "package main\n" + strings.Repeat("//\n", 50), "lines, at most"},
		},
	}
}
