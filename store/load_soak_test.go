//go:build soak

package store_test

import "time"

// loadTime in a soak: go test -tags soak -run TestManyAtOnce -timeout 20m ./store
const loadTime = 10 * time.Minute
