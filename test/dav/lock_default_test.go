//go:build !soak

package dav

// How often each of TestLocks' clients counts. Of a file that all share one has the
// lock at a time, while the others knock.
const ownLockCycles, sharedLockCycles = 200, 50
