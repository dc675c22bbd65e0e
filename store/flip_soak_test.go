//go:build soak

package store_test

// flipEvery: every byte there is.
func flipEvery(string) int { return 1 }

func flipOpens(string) int { return 64 }

func flipMasks(at int) []byte { return []byte{1 << (at * 5 % 8), 0xff} }
