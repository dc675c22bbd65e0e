//go:build soak

package store_test

import "testing"

// What TestSimCrashes does, 100,000 times.
func TestSimCrashesSoak(t *testing.T) { simCrashes(t, int(simFlag("SIM_CRASHES", 100_000))) }

// What TestSimEveryCallFails does, for every call of 30 workloads.
func TestSimEveryCallFailsSoak(t *testing.T) { simInject(t, 30, int(simFlag("SIM_STRIDE", 1)), 1) }

// What TestSimKillThenPowerLoss does, at every call.
func TestSimKillThenPowerLossSoak(t *testing.T) {
	t.Setenv("SIM_KILL_STRIDE", "1")
	TestSimKillThenPowerLoss(t)
}
