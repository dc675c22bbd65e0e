//go:build soak

package dav

// How often each of TestLocks' clients counts.
const ownLockCycles, sharedLockCycles = 2000, 2000
