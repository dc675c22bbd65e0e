//go:build !soak

package store_test

import "time"

const loadTime = 20 * time.Second
