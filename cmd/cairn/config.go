package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile gives flags their value from a file of "flag = value" lines, where
// neither the command line nor the environment has one. It knows the flags of serve
// and --data; a key it does not know is an error, in every command.
type configFile struct {
	lookup func(string) (string, bool)
	loaded bool
	values map[string]string
	err    error
}

func newConfigFile(lookup func(string) (string, bool)) *configFile {
	return &configFile{lookup: lookup}
}

// Validate implements kong.Resolver; the file is not known yet.
func (*configFile) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (f *configFile) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !f.loaded {
		f.loaded = true
		f.err = f.load(ctx)
	}
	if f.err != nil {
		return nil, f.err
	}
	v, ok := f.values[flag.Name]
	if !ok || !settable(flag) {
		return nil, nil
	}
	for _, env := range flag.Envs {
		if _, set := f.lookup(env); set {
			return nil, nil
		}
	}
	return v, nil
}

// settable flags have a name in the environment and in the file.
func settable(flag *kong.Flag) bool { return len(flag.Envs) > 0 && flag.Name != "config" }

func (f *configFile) load(ctx *kong.Context) error {
	known := map[string]bool{}
	flags := ctx.Model.Flags
	for _, child := range ctx.Model.Children {
		flags = append(flags[:len(flags):len(flags)], child.Flags...)
	}
	path := ""
	for _, flag := range flags {
		if settable(flag) {
			known[flag.Name] = true
		} else if flag.Name == "config" {
			path, _ = ctx.FlagValue(flag).(string)
		}
	}
	paths := []string{path}
	if path == "" {
		paths = defaultConfigs(f.lookup)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) && path == "" {
			continue
		}
		if err != nil {
			return fmt.Errorf("config file: %w", err)
		}
		f.values, err = parseConfig(string(b), known)
		if err != nil {
			return fmt.Errorf("config file %s: %w", p, err)
		}
		return nil
	}
	return nil
}

// defaultConfigs are the files that are read if they are there: the first one only.
func defaultConfigs(lookup func(string) (string, bool)) []string {
	var paths []string
	if dir, _ := lookup("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		paths = append(paths, filepath.Join(dir, "cairn", "cairn.conf"))
	} else if home, _ := lookup("HOME"); home != "" {
		paths = append(paths, filepath.Join(home, ".config", "cairn", "cairn.conf"))
	}
	return append(paths, "/etc/cairn.conf")
}

// parseConfig reads "flag = value" lines. A line that begins with # is a comment; a
// value may stand in double quotes.
func parseConfig(text string, known map[string]bool) (map[string]string, error) {
	values := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch _, twice := values[key]; {
		case !ok:
			return nil, fmt.Errorf("line %d: not 'flag = value'", i+1)
		case !known[key]:
			return nil, fmt.Errorf("line %d: unknown key %q", i+1, key)
		case twice:
			return nil, fmt.Errorf("line %d: %q is set twice", i+1, key)
		}
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		values[key] = value
	}
	return values, nil
}
