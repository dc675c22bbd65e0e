package main

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// words gives the command line the forms that people try first.
func words(args []string) []string {
	if len(args) == 0 {
		return []string{"--help"}
	}
	switch args[0] {
	case "help":
		return append(append([]string{}, args[1:]...), "--help")
	case "--version", "-v", "-V":
		return []string{"version"}
	}
	return args
}

// exited is what kong's exit becomes, so that run can return the code.
type exited int

func usageHint(err error) string {
	for flag, hint := range map[string]string{
		"--quota":          "write it as 10GiB, 500M or a number of bytes; 0 is without limit",
		"--memory-budget":  "write it as 96MiB; 16MiB is the least",
		"--shutdown-grace": "write it with its unit: 30s, 2m",
		"--scrub-":         "write times as 30d or 12h, sizes as 16MiB; 0 turns it off",
		"--rate":           "write it as 100MiB; 0 is as fast as the disk",
		"--keep-":          "write times as 30d or 12h, sizes as 10GiB; 0 keeps nothing beyond the minimum, unlimited everything",
	} {
		if strings.Contains(err.Error(), flag) {
			return hint
		}
	}
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context != nil && pe.Context.Command() != "" {
		return fmt.Sprintf("'cairn %s --help' lists the flags", pe.Context.Command())
	}
	return "'cairn --help' lists the commands"
}

const leastMemory = 16 << 20

var portWord = regexp.MustCompile(`^[0-9]{1,5}$|^[a-z][a-z0-9-]*$`)

// check refuses what no server could be started with.
func (k *serveCmd) check() error {
	if _, port, err := net.SplitHostPort(k.Listen); err != nil || !portWord.MatchString(port) {
		return fmt.Errorf("--listen %s: not an address and a port\n  hint: write it as 127.0.0.1:8080, or :8080 for every address", k.Listen)
	}
	switch {
	case k.MemoryBudget < leastMemory:
		return fmt.Errorf("--memory-budget %d: too little\n  hint: write it as 96MiB; 16MiB is the least", int64(k.MemoryBudget))
	case k.ScrubEvery < 0:
		return errors.New("--scrub-every unlimited: not a time\n  hint: write it as 30d or 12h; 0 turns it off")
	case k.ShutdownGrace < 0:
		return fmt.Errorf("--shutdown-grace %v: less than nothing\n  hint: write it as 30s", k.ShutdownGrace)
	case k.DepthInfinity < 0:
		return fmt.Errorf("--propfind-infinity %d: less than nothing\n  hint: a number of files and folders, such as 100000; 0 turns it off", k.DepthInfinity)
	case k.MaxConnections < 0 || k.MaxConnections > 10_000:
		return fmt.Errorf("--max-connections %d: out of range\n  hint: a number from 1 to 10000, or 0 for automatic", k.MaxConnections)
	}
	return nil
}
