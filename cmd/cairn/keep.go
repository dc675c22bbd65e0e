package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"cairn/store"
)

// keepFlags say how long the past is kept.
type keepFlags struct {
	KeepVersions     age   `help:"How long an older version of a file is kept (${default})." default:"30d" env:"CAIRN_KEEP_VERSIONS" placeholder:"TIME"`
	KeepVersionCount count `help:"How many older versions a file may have (${default})." default:"100" env:"CAIRN_KEEP_VERSION_COUNT" placeholder:"N"`
	KeepTrash        age   `help:"How long the trash keeps what was deleted (${default})." default:"30d" env:"CAIRN_KEEP_TRASH" placeholder:"TIME"`
	KeepHistoryBytes room  `help:"How much older versions and trash of an account may come to (${default})." default:"unlimited" env:"CAIRN_KEEP_HISTORY_BYTES" placeholder:"SIZE"`
	KeepMinimum      age   `help:"How long they are kept whatever else is said, and however full the disk is (${default})." default:"24h" env:"CAIRN_KEEP_MINIMUM" placeholder:"TIME"`
}

func (k *keepFlags) retention() store.Retention {
	minimum := time.Duration(k.KeepMinimum)
	if minimum < 0 { // for ever
		minimum = math.MaxInt64
	}
	return store.Retention{Age: time.Duration(k.KeepVersions), Count: int(k.KeepVersionCount), Bytes: int64(k.KeepHistoryBytes),
		TrashAge: time.Duration(k.KeepTrash), Minimum: minimum}
}

// noLimit is the word for a limit that there is not; its value is -1.
const noLimit = "unlimited"

// age is a time as people write it: 30d, 2w, 12h, 1h30m, 0, unlimited.
type age time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *age) UnmarshalText(text []byte) error {
	t := strings.ToLower(strings.TrimSpace(string(text)))
	if t == noLimit {
		*a = -1
		return nil
	}
	bad := fmt.Errorf("%q is not a time: write it as 30d, 12h or %s", text, noLimit)
	for unit, of := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(t, unit); ok {
			n, err := strconv.ParseUint(number, 10, 31)
			if err != nil || time.Duration(n) > math.MaxInt64/of {
				return bad
			}
			*a = age(time.Duration(n) * of)
			return nil
		}
	}
	d, err := time.ParseDuration(t)
	if err != nil || d < 0 {
		return bad
	}
	*a = age(d)
	return nil
}

// count is a number, or unlimited.
type count int

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *count) UnmarshalText(text []byte) error {
	if strings.EqualFold(string(text), noLimit) {
		*c = -1
		return nil
	}
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("%q is not a number, nor %s", text, noLimit)
	}
	*c = count(n)
	return nil
}

// room is a size, or unlimited.
type room int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *room) UnmarshalText(text []byte) error {
	if strings.EqualFold(string(text), noLimit) {
		*r = -1
		return nil
	}
	n, err := parseSize(string(text))
	*r = room(n)
	return err
}
