//go:build cairnfault

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
)

// profile writes a CPU profile of the whole run to the file that CAIRN_CPU_PROFILE
// names, and what was allocated to the same name with .allocs; nil if it names none.
// Only the build for tests can do this: the product opens no such door.
func profile() (end func(), err error) {
	path := os.Getenv("CAIRN_CPU_PROFILE")
	if path == "" {
		return nil, nil
	}
	cpu, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("CAIRN_CPU_PROFILE: %w", err)
	}
	allocs, err := os.Create(path + ".allocs")
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		err := errors.Join(cpu.Close(), pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close())
		if err != nil {
			fmt.Fprintln(os.Stderr, "CAIRN_CPU_PROFILE:", err)
		}
	}, nil
}
