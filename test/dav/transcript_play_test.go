package dav

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cairn/test/rig"
)

// played numbers the fresh folders of a run.
var played atomic.Int64

// play plays a transcript on a fresh folder and returns what is not as it says. It ends
// at the first step that lets the next ones down.
func play(at *target, tr *transcript) (complaints []string) {
	folder := fmt.Sprintf("%s-%d/", tr.name, played.Add(1))
	p := &player{
		at: at, tr: tr,
		client: &http.Client{
			Transport:     &http.Transport{DisableCompression: true},
			Timeout:       rig.Patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		vars: vars{
			"origin": at.origin, "host": strings.TrimPrefix(at.origin, "http://"), "root": at.root,
			"base": at.root + folder, "folder": strings.TrimSuffix(at.root+folder, "/"),
		},
	}
	defer p.client.CloseIdleConnections()
	made, err := p.send(&step{method: "MKCOL", path: "{base}"})
	if err != nil || made.Status != http.StatusCreated {
		return []string{fmt.Sprintf("the fresh folder: %+v, %v", made, err)}
	}
	for _, s := range tr.steps {
		found := p.step(s)
		complaints = append(complaints, found...)
		if len(found) > 0 {
			break
		}
		if at.settle != nil {
			if err := at.settle(folder); err != nil {
				return append(complaints, err.Error())
			}
		}
	}
	return complaints
}

type player struct {
	at     *target
	tr     *transcript
	client *http.Client
	vars   vars
}

// send sends the request of a step, on the connection of the last one where it is free.
func (p *player) send(s *step) (*rig.Response, error) {
	address, err := p.vars.fill(s.path)
	if err != nil {
		return nil, err
	}
	body, err := p.vars.text(s.body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(s.method, p.at.origin+address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(rig.User, rig.Password)
	req.Header.Set("User-Agent", p.tr.agent)
	// Not sent: it lets net/http try again, as clients do, where the connection that was
	// kept is gone. nginx closes it after an answer that came before the end of a body.
	req.Header["X-Idempotency-Key"] = nil
	for _, h := range s.header {
		v, err := p.vars.fill(h[1])
		switch {
		case err != nil && p.at.apache: // a client has nothing to send either
		case err != nil:
			return nil, err
		case strings.EqualFold(h[0], "Transfer-Encoding"):
			req.ContentLength, req.Body = -1, io.NopCloser(strings.NewReader(body))
		case v == "none":
			req.Header.Del(h[0])
		default:
			req.Header.Add(h[0], v)
		}
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return &rig.Response{Status: resp.StatusCode, Header: resp.Header, Body: string(b)}, err
}

// step plays one step and returns what the client would miss.
func (p *player) step(s *step) (complaints []string) {
	resp, err := p.send(s)
	if err != nil {
		return []string{fmt.Sprintf("%s: %s: %v", s.at, s.name, err)}
	}
	complain := func(at, format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%s: %s: %s", at, s.name, fmt.Sprintf(format, args...)))
	}
	want := s.want
	if p.at.apache && s.apache != nil {
		want = s.apache
	}
	if !slices.Contains(want, resp.Status) {
		complain(s.at, "%s answers %d, want %v: %.400s", s.method, resp.Status, want, resp.Body)
		return complaints
	}
	if p.at.apache && s.apache != nil {
		return complaints
	}
	for _, e := range s.expect {
		err := p.holds(e.text, resp)
		switch {
		case p.at.apache && e.failed && err == nil:
			complain(e.at, "Apache does this now: %s", e.text)
		case p.at.apache && e.failed:
		case err != nil:
			complain(e.at, "%s: %v\n%d %v\n%.1500s", e.text, err, resp.Status, resp.Header, resp.Body)
		}
	}
	return complaints
}

// vars are the variables of a transcript.
type vars map[string]string

var variable = regexp.MustCompile(`\{[a-z]+[0-9]*\}`)

// fill puts the variables into text.
func (v vars) fill(text string) (string, error) {
	var missing error
	filled := variable.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := v[strings.Trim(name, "{}")]
		if !ok {
			missing = fmt.Errorf("no step has set %s", name)
		}
		return value
	})
	return filled, missing
}

// text is a body as it is written: with its variables, or generated.
func (v vars) text(body string) (string, error) {
	if strings.HasPrefix(body, "@bytes") {
		return generated(body)
	}
	return v.fill(body)
}

// match compares a value with a pattern, in which * stands for anything and a variable
// for its value, or for any text, which it has from then on.
func (v vars) match(pattern, value string) error {
	var re strings.Builder
	var fresh []string
	quote := func(text string) {
		parts := strings.Split(text, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		re.WriteString(strings.Join(parts, ".*"))
	}
	re.WriteString("(?s)^")
	rest := 0
	for _, at := range variable.FindAllStringIndex(pattern, -1) {
		quote(pattern[rest:at[0]])
		rest = at[1]
		name := pattern[at[0]+1 : at[1]-1]
		if known, ok := v[name]; ok {
			re.WriteString(regexp.QuoteMeta(known))
			continue
		}
		fresh = append(fresh, name)
		re.WriteString("(.+?)")
	}
	quote(pattern[rest:])
	re.WriteString("$")
	m := regexp.MustCompile(re.String()).FindStringSubmatch(value)
	if m == nil {
		filled := maps.Clone(v)
		for _, name := range fresh {
			filled[name] = "…"
		}
		want, _ := filled.fill(pattern)
		return fmt.Errorf("got %.200q, want %.200q", value, want)
	}
	for i, name := range fresh {
		v[name] = m[i+1]
	}
	return nil
}

var errPast = errors.New("longer ago than a day")

// recent says whether an HTTP date is about now.
func recent(value string) error {
	at, err := http.ParseTime(value)
	if err == nil && time.Since(at).Abs() > 24*time.Hour {
		err = errPast
	}
	return err
}
