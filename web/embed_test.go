package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// The server's rewriting of BaseTag and its Content-Security-Policy depend on these.
func TestPages(t *testing.T) {
	pages := map[string]string{"NotBuilt": NotBuilt}
	source, err := fs.ReadFile(dist, "dist/index.html")
	if Built() != (err == nil) {
		t.Fatalf("Built() = %v, but reading index.html: %v", Built(), err)
	}
	if err == nil {
		pages["index.html"] = string(source)
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			for _, complaint := range pageComplaints(page) {
				t.Error(complaint)
			}
		})
	}
}

func TestPageComplaints(t *testing.T) {
	good := "<head>" + BaseTag + `<script type="module" src="./assets/a.js"></script></head>`
	tests := []struct{ name, page, want string }{
		{"good", good, ""},
		{"no base", strings.Replace(good, BaseTag, "", 1), "base tag"},
		{"two bases", good + BaseTag, "base tag"},
		{"base too late", strings.Replace(good, "<head>", `<head><link href="./x.css">`, 1), "before the base"},
		{"inline script", good + "<script>1</script>", "inline"},
		{"inline style", good + "<style>a{}</style>", "inline"},
		{"style attribute", good + `<p style="top:0">`, "inline"},
		{"absolute address", good + `<img src="/logo.svg">`, "absolute"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(pageComplaints(test.page), "; ")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("complaints = %q, want one about %q", got, test.want)
			}
		})
	}
}

func pageComplaints(page string) []string {
	var complaints []string
	if n := strings.Count(page, BaseTag); n != 1 {
		complaints = append(complaints, "want exactly one base tag")
	}
	rest := page
	if before, after, ok := strings.Cut(page, BaseTag); ok {
		rest = before + after
		if regexp.MustCompile(`(?i)\s(src|href)=`).MatchString(before) {
			complaints = append(complaints, "an address stands before the base tag")
		}
	}
	if regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:\s+type="module"|\s+crossorigin)*\s*>`).MatchString(rest) {
		complaints = append(complaints, "inline script or style")
	}
	if m := regexp.MustCompile(`(?i)\s(?:src|href)="(?:/|https?:|data:)[^"]*"`).FindString(rest); m != "" {
		complaints = append(complaints, "absolute address:"+m)
	}
	return complaints
}
