package dav

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// transcript is what a client says, and what it needs to hear.
type transcript struct {
	name, client, source string
	agent                string            // User-Agent
	ns                   map[string]string // prefix to namespace, for properties
	steps                []*step
}

// step is one request and what the client needs of its answer.
type step struct {
	at           string // file:line
	name         string
	method, path string
	header       [][2]string
	body         string
	want         []int
	expect       []expectation
	apache       []int  // its statuses, where they are others
	apacheWhy    string // why, or why an expectation fails there
}

// expectation is one line about an answer.
type expectation struct {
	at     string
	text   string
	failed bool // by Apache: the line starts with ~
}

// recordedHere and cited are the two kinds of sources that a transcript may have.
var (
	recordedHere = regexp.MustCompile(`^recorded \d{4}-\d{2}-\d{2}: `)
	cited        = regexp.MustCompile(`https://\S+/\S+|[\w.-]+/[\w.-]+#\d+|[\w.-]+/[\w.-]+ \S+\.\w+`)
)

// parseTranscript reads the format that testdata/transcripts/README.md explains.
func parseTranscript(name, text string) (*transcript, error) {
	p := parser{lines: strings.Split(text, "\n"), tr: &transcript{name: name, ns: map[string]string{"D": "DAV:"}}}
	if err := p.head(); err != nil {
		return nil, err
	}
	for p.more() {
		s, err := p.step()
		if err != nil {
			return nil, err
		}
		p.tr.steps = append(p.tr.steps, s)
	}
	return p.tr, p.check()
}

type parser struct {
	lines []string
	n     int // next line
	tr    *transcript
}

func (p *parser) more() bool { return p.n < len(p.lines) }
func (p *parser) at() string { return fmt.Sprintf("%s.http:%d", p.tr.name, p.n+1) }
func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", p.at(), fmt.Sprintf(format, args...))
}

// peek is the next line without its end. A comment of transcripts starts with #.
func (p *parser) peek() string { return strings.TrimRight(p.lines[p.n], " \r") }

func (p *parser) comment() bool {
	l := p.peek()
	return strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "###")
}

func (p *parser) head() error {
	for ; p.more() && !strings.HasPrefix(p.peek(), "### "); p.n++ {
		if p.comment() || p.peek() == "" {
			continue
		}
		k, v, ok := strings.Cut(p.peek(), ": ")
		v = strings.TrimSpace(v)
		switch {
		case ok && k == "client":
			p.tr.client = v
		case ok && k == "source":
			p.tr.source = strings.TrimSpace(p.tr.source + "\n" + v)
		case ok && k == "agent":
			p.tr.agent = v
		case ok && k == "ns":
			prefix, uri, _ := strings.Cut(v, " ")
			p.tr.ns[prefix] = uri
		default:
			return p.errorf("neither client, agent, source nor ns: %q", p.peek())
		}
	}
	return nil
}

// step reads from ### to the next.
func (p *parser) step() (*step, error) {
	s := &step{at: p.at(), name: strings.TrimPrefix(p.peek(), "### ")}
	for p.n++; p.more() && (p.comment() || p.peek() == ""); p.n++ {
	}
	if !p.more() {
		return nil, p.errorf("a step without a request")
	}
	var ok bool
	if s.method, s.path, ok = strings.Cut(p.peek(), " "); !ok || !strings.HasPrefix(s.path, "{") {
		return nil, p.errorf("want a method and a path that starts with a variable: %q", p.peek())
	}
	for p.n++; p.more() && p.peek() != "" && !strings.HasPrefix(p.peek(), "=> "); p.n++ {
		if p.comment() {
			continue
		}
		k, v, ok := strings.Cut(p.peek(), ":")
		if !ok {
			return nil, p.errorf("no header: %q", p.peek())
		}
		s.header = append(s.header, [2]string{k, strings.TrimSpace(v)})
	}
	if err := p.body(s); err != nil {
		return nil, err
	}
	for _, w := range strings.Fields(strings.TrimPrefix(p.peek(), "=> ")) {
		n, err := strconv.Atoi(w)
		if err != nil {
			return nil, p.errorf("%q is no status", w)
		}
		s.want = append(s.want, n)
	}
	for p.n++; p.more() && !strings.HasPrefix(p.peek(), "### "); p.n++ {
		if err := p.expectation(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (p *parser) body(s *step) error {
	var lines []string
	for ; p.more() && !strings.HasPrefix(p.peek(), "=> "); p.n++ {
		if strings.HasPrefix(p.peek(), "### ") {
			break
		}
		lines = append(lines, p.peek())
	}
	if !p.more() || !strings.HasPrefix(p.peek(), "=> ") {
		return p.errorf("a step without =>")
	}
	s.body = strings.Trim(strings.Join(lines, "\n"), "\n")
	if _, err := generated(s.body); err != nil {
		return p.errorf("%v", err)
	}
	return nil
}

func (p *parser) expectation(s *step) error {
	text := p.peek()
	why, apache := strings.CutPrefix(text, "apache: ")
	switch {
	case text == "" || p.comment():
	case apache:
		for {
			word, rest, _ := strings.Cut(why, " ")
			n, err := strconv.Atoi(strings.Trim(word, ":"))
			if err != nil {
				break
			}
			s.apache, why = append(s.apache, n), rest
		}
		s.apacheWhy = strings.TrimPrefix(why, "differs: ")
		if len(s.apacheWhy) < 10 {
			return p.errorf("no reason why Apache differs")
		}
	default:
		text, failed := strings.CutPrefix(text, "~ ")
		s.expect = append(s.expect, expectation{p.at(), text, failed})
	}
	return nil
}

// check finds what no transcript may lack: a source, and a majority of steps in which
// Apache gives the client what it needs.
func (p *parser) check() error {
	tr, same := p.tr, 0
	for _, s := range tr.steps {
		failed := false
		for _, e := range s.expect {
			failed = failed || e.failed
		}
		if failed && s.apacheWhy == "" || !failed && s.apacheWhy != "" && s.apache == nil {
			return fmt.Errorf("%s: a difference of Apache needs its line (~ or a status) and its reason", s.at)
		}
		if s.apacheWhy == "" {
			same++
		}
	}
	switch {
	case tr.client == "" || !recordedHere.MatchString(tr.source) && !cited.MatchString(tr.source):
		return fmt.Errorf("%s: a transcript needs its client, and a source that can be found", tr.name)
	case len(tr.steps) == 0 || 2*same <= len(tr.steps):
		return fmt.Errorf("%s: Apache passes %d of %d steps: what only one server does, clients cannot need", tr.name, same, len(tr.steps))
	}
	return nil
}

var bytesOf = regexp.MustCompile(`^@bytes (\d+) seed (\w+)(?: \[(\d+):(\d+)\])?$`)

// generated is the body that text stands for: @bytes N seed S, or a part of that, or
// text itself.
func generated(text string) (string, error) {
	if !strings.HasPrefix(text, "@bytes") {
		return text, nil
	}
	m := bytesOf.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("want @bytes N seed S, or @bytes N seed S [from:to]: %q", text)
	}
	n, _ := strconv.Atoi(m[1])
	b := string(random(m[2], n))
	if m[3] != "" {
		from, _ := strconv.Atoi(m[3])
		to, _ := strconv.Atoi(m[4])
		if from > to || to > n {
			return "", fmt.Errorf("no such part: %q", text)
		}
		b = b[from:to]
	}
	return b, nil
}
