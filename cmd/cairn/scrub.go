package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"cairn/server/admin"
	"cairn/store"
)

type scrubCmd struct {
	Rate   size `help:"How fast it is read at most, a second; 0: as fast as the disk (${default})." default:"0" placeholder:"SIZE"`
	Status bool `help:"Only say how much was read within the time that a server takes for all of it, and what is known to be damaged."`
}

// Run scrubs the data folder, or has the server do so that has it. SIGINT ends it where it
// is, and the next one goes on there.
func (k *scrubCmd) Run(c *cli, std streams) error {
	begin := time.Now()
	return keeping(c, std, "scrub", func(ctx context.Context, keeper admin.Keeper, progress func(done, total int64)) error {
		if k.Status {
			got, err := keeper.ScrubStatus(ctx)
			if err != nil {
				return err
			}
			scrubStatus(std.out, got, time.Now())
			return damaged(std.out, got.Damage, got.Damaged)
		}
		got, err := keeper.Scrub(ctx, store.ScrubOptions{Rate: int64(k.Rate), Progress: progress})
		if err != nil {
			return err
		}
		return k.report(std.out, got, time.Since(begin))
	}, "what was read is remembered, and the next scrub goes on there")
}

// report says what was found, the damage first.
func (k *scrubCmd) report(w io.Writer, s store.Scrubbed, took time.Duration) error {
	err := damaged(w, s.Damage, s.Damaged)
	for _, name := range s.Unread {
		fmt.Fprintf(w, "%s: it could not be looked at; the log says why\n", name)
		err = errReported
	}
	what := "no damage found"
	if s.Damaged > 0 {
		what = "damage found"
	}
	fmt.Fprintf(w, "%s: %d packs (%v), %d records", what, s.Packs, size(s.Bytes), s.Records)
	if s.Before > 0 {
		fmt.Fprintf(w, "; %d more were read before, since this scrub began", s.Before)
	}
	fmt.Fprintf(w, "; %.1f s.\n", took.Seconds())
	return err
}

// damaged lists what is damaged; errReported if anything is.
func damaged(w io.Writer, list []store.Finding, n int) error {
	for _, f := range list {
		fmt.Fprintln(w, f)
	}
	if more := n - len(list); more > 0 {
		fmt.Fprintf(w, "and %d more, which the log of the server names\n", more)
	}
	if n > 0 {
		return errReported
	}
	return nil
}

func scrubStatus(w io.Writer, s store.ScrubStatus, now time.Time) {
	fmt.Fprintf(w, "%d of %d packs (%v in all) were written or read within the last %s", s.Fresh, s.Packs, size(s.Bytes), days(s.Every))
	if s.Oldest.IsZero() && s.Packs > 0 {
		fmt.Fprint(w, ", one at no time that is known")
	} else if s.Packs > 0 {
		fmt.Fprintf(w, ", the oldest %s ago", days(now.Sub(s.Oldest)))
	}
	if s.Last.IsZero() {
		fmt.Fprintln(w, "; none was ever scrubbed.")
		return
	}
	fmt.Fprintf(w, "; the last one was scrubbed %s ago.\n", days(now.Sub(s.Last)))
}

// days is a time as people say it, from minutes on.
func days(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", max(0, d)/time.Second)
}
