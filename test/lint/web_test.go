package lint

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// webFlow: imports in the browser app flow one way, and only components and pages know
// React. (Formatting, default exports, barrels, any and file names are Biome's.)
func webFlow() rule {
	order := []string{"lib", "api", "state", "upload", "actions", "components", "pages"}
	specifier := regexp.MustCompile(`(?m)(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]`)
	check := func(f file) []string {
		if !f.in("web/src") || !(strings.HasSuffix(f.path, ".ts") || strings.HasSuffix(f.path, ".tsx")) {
			return nil
		}
		room := func(p string) int {
			first, _, nested := strings.Cut(strings.TrimPrefix(p, "web/src/"), "/")
			if !nested {
				return -1 // main.tsx and its like stand above all
			}
			return slices.Index(order, first)
		}
		mine := room(f.path)
		if mine < 0 {
			return nil
		}
		var complaints []string
		for _, m := range specifier.FindAllStringSubmatch(f.text, -1) {
			imported := m[1]
			if strings.HasPrefix(imported, ".") {
				if to := room(path.Join(f.dir(), imported)); to > mine {
					complaints = append(complaints, fmt.Sprintf("%s imports %s: imports flow %v", order[mine], order[to], order))
				}
			} else if order[mine] != "components" && order[mine] != "pages" &&
				(imported == "react" || strings.HasPrefix(imported, "react/") || strings.HasPrefix(imported, "react-") || strings.HasSuffix(imported, "-react")) {
				complaints = append(complaints, fmt.Sprintf("imports %s: only components and pages know React", imported))
			}
		}
		return complaints
	}
	return rule{name: "web imports", check: check, fixtures: []fixture{
		{"web/src/main.tsx", `import { createRoot } from 'react-dom/client';`, ""},
		{"web/src/pages/a.tsx", `import { B } from '../components/b'; import 'react';`, ""},
		{"web/src/upload/a.ts", `import { b } from '../lib/b';`, ""},
		{"web/src/lib/a.ts", `import { b } from './b';`, ""},
		{"web/src/lib/a.ts", `import { b } from '../upload/b';`, "lib imports upload"},
		{"web/src/components/a.tsx", "import {\n  B,\n} from '../pages/b';", "components imports pages"},
		{"web/src/state/a.ts", `const b = await import('../actions/b');`, "state imports actions"},
		{"web/src/api/a.ts", `import { useState } from 'react';`, "only components and pages"},
		{"web/src/lib/a.ts", `import { Copy } from "lucide-react";`, "only components and pages"},
	}}
}
