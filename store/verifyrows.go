package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"cairn/store/meta"
	"cairn/store/pack"
)

const (
	rebuildAdvice = "run 'cairn rebuild': it makes the database again from the packs"
	keepAdvice    = "keep meta.db, it is the only copy of some rows now; restore the damaged packs from a backup"
)

// advice is what to do about a database that is wrong.
func (c *verifier) advice() string {
	if c.complete {
		return rebuildAdvice
	}
	return keepAdvice
}

// openLive opens a copy of the database: opening the original would change it. It is
// nil afterwards if there is none that can be used, which has been reported.
func (c *verifier) openLive() error {
	err := c.copyLive()
	if errors.Is(err, ErrScratch) || c.ctx.Err() != nil {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		c.problem("meta.db", "the next start makes it again from the packs", "it is missing")
		return nil
	}
	if errors.Is(err, meta.ErrTooNew) {
		c.problem("meta.db", "if no newer version of Cairn was ever started here, "+rebuildAdvice, "%v", err)
		return nil
	}
	if err == nil {
		err = c.readLive()
	}
	if err != nil {
		c.problem("meta.db", rebuildAdvice, "it cannot be used: %v", err)
		c.dropLive()
	}
	return nil
}

func (c *verifier) copyLive() (err error) {
	if c.live = c.lent.live; c.live != nil {
		return nil
	}
	to := filepath.Join(c.v.Scratch, "meta.db")
	if err := c.copyOut(filepath.Join(c.dir, "meta.db"), to); err != nil {
		return err
	}
	err = c.copyOut(filepath.Join(c.dir, "meta.db-wal"), to+"-wal")
	if err != nil && (errors.Is(err, ErrScratch) || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if c.live, err = meta.Open(c.ctx, meta.Options{Path: to, Readers: 1}); err != nil {
		return err
	}
	return c.live.Integrity(func(text string) { c.problem("meta.db", rebuildAdvice, "%s", text) })
}

func (c *verifier) readLive() error {
	err := c.live.EachPack(func(p meta.Pack) error {
		c.known[p.ID] = p
		return nil
	})
	if err != nil {
		return err
	}
	st, ok, err := c.live.State(c.ctx)
	switch {
	case err != nil:
		return err
	case !ok:
		return errors.New("it does not say which store it belongs to")
	case st.UUID != c.store:
		return errors.New("it belongs to another store than cairn.json")
	}
	c.applied = st.Applied
	return nil
}

// dropLive gives up what cannot be read. Closing a copy cannot fail in a way that counts.
func (c *verifier) dropLive() {
	if c.live != nil && c.live != c.lent.live {
		c.live.Close()
	}
	c.live = nil
}

// compare replays the commits of all packs into a database of its own and compares
// this with the one that is there, at the newest commit that it has. The commits after
// that, which the next start would apply, must apply too.
func (c *verifier) compare(sb superblock) error {
	begin := time.Now()
	defer func() { c.stats.Replay = time.Since(begin) }()
	slices.SortStableFunc(c.commits, func(a, b commitSeen) int {
		return cmp.Or(cmp.Compare(a.lsn, b.lsn), cmp.Compare(a.pack, b.pack), cmp.Compare(a.ordinal, b.ordinal))
	})
	c.commits = lastOfEach(c.commits)
	c.stats.Commits = len(c.commits)
	whole := pack.WholeCheckpoints(c.parts)
	var newest, first uint64
	if n := len(c.commits); n > 0 {
		newest = c.commits[n-1].lsn
	}
	if len(whole) > 0 {
		first = c.parts[whole[0][0]].LSN
		newest = max(newest, first)
	}
	if c.live != nil && c.applied < first && !c.has(c.applied, first) {
		c.note("meta.db", "it holds commits up to %d, and those behind them are in a checkpoint only; the next start makes it again from that", c.applied)
		c.dropLive()
	}
	if c.live == nil {
		c.applied = newest
	}
	var err error
	if c.lent.truth != nil && c.lent.at == c.applied {
		c.truth, c.complete = c.lent.truth, true
	} else {
		if c.truth, err = meta.OpenScratch(c.ctx, filepath.Join(c.v.Scratch, "truth.db"), sb.Store); err != nil {
			return fmt.Errorf("%w: %w", ErrScratch, err)
		}
		base, err := c.fromCheckpoint(whole)
		if err != nil {
			return err
		}
		c.complete, err = c.replay(base, c.applied)
		if err != nil || c.ctx.Err() != nil {
			return err
		}
	}
	switch {
	case c.live != nil && c.applied > newest:
		c.complete = false
		c.problem("meta.db", keepAdvice, "it holds commits up to %d, the packs only up to %d: the newest commits are missing from the packs", c.applied, newest)
	case c.live != nil && c.complete:
		if err := c.compareRows(); err != nil {
			return err
		}
	case c.live != nil:
		c.note("meta.db", "its rows could not be compared with the packs, which lack commits")
	}
	if c.live != nil && c.applied < newest && c.complete {
		c.note("meta.db", "%d commits in the packs are not in the database yet; the next start applies them", newest-c.applied)
		if c.complete, err = c.replay(c.applied, newest); err != nil {
			return err
		}
	}
	return nil
}

// has says whether the packs have all commits behind after up to upto.
func (c *verifier) has(after, upto uint64) bool {
	for i := range c.commits {
		if c.commits[i].lsn == after+1 {
			after++
		}
	}
	return after >= upto
}

// fromCheckpoint gives truth the rows of the newest checkpoint that is not newer than the
// database, and returns its number; 0: there is none that can be used. truth is empty then.
func (c *verifier) fromCheckpoint(whole [][]int) (uint64, error) {
	for _, one := range whole {
		lsn := c.parts[one[0]].LSN
		if lsn > c.applied {
			continue
		}
		r, err := c.truth.Restore(c.ctx, lsn)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrScratch, err)
		}
		where, bad := c.eachPart(one, r.Apply)
		err = r.End(bad)
		switch {
		case c.ctx.Err() != nil:
			return 0, context.Cause(c.ctx)
		case bad != nil:
			c.problem(where, "restore this pack from a backup; as long as meta.db is whole nothing is lost, but it could not be made again", "a checkpoint of commit %d cannot be used: %v", lsn, bad)
		case err != nil:
			return 0, fmt.Errorf("%w: %w", ErrScratch, err)
		default:
			return lsn, nil
		}
		if r, err = c.truth.Restore(c.ctx, 0); err == nil {
			err = r.End(nil)
		}
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrScratch, err)
		}
	}
	return 0, nil
}

// eachPart reads the records of one checkpoint. where is the pack of the last one.
func (c *verifier) eachPart(one []int, use func([]byte) error) (where string, err error) {
	var buf []byte
	for _, i := range one {
		at := &c.partsAt[i]
		where = c.packName(at.pack)
		if c.ctx.Err() != nil {
			return where, context.Cause(c.ctx)
		}
		f, err := c.packs.BorrowPack(at.pack)
		if err != nil {
			return where, err
		}
		buf, err = c.packs.ReadFrom(f, at.pack, at.entry(), buf)
		f.Return()
		if err == nil {
			err = use(buf)
		}
		if err != nil {
			return where, err
		}
	}
	return where, nil
}

// lastOfEach keeps the last commit of each number: see Store.replay.
func lastOfEach(all []commitSeen) []commitSeen {
	out := all[:0]
	for i := range all {
		if i+1 == len(all) || all[i+1].lsn != all[i].lsn {
			out = append(out, all[i])
		}
	}
	return out
}

// replay applies the commits after from up to upto to truth, and says whether it has
// them all. What is wrong with one is reported.
func (c *verifier) replay(from, upto uint64) (complete bool, err error) {
	r, err := c.truth.Replay(c.ctx)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrScratch, err)
	}
	var (
		f      *pack.Handle
		of     meta.PackID
		buf    []byte
		failed error
		name   string
	)
	defer func() {
		if f != nil {
			f.Return()
		}
		if err == nil {
			err = r.End(failed)
		} else {
			r.End(err)
		}
		if failed != nil {
			c.problem(name, "restore this pack from a backup; as long as meta.db is whole nothing is lost, but it could not be made again", "%v", failed)
			err = nil
		}
	}()
	want := from + 1
	for i := range c.commits {
		at := &c.commits[i]
		if at.lsn <= from || at.lsn > upto {
			continue
		}
		if i&63 == 0 && c.ctx.Err() != nil {
			return false, context.Cause(c.ctx)
		}
		name = c.packName(at.pack)
		if at.lsn != want {
			failed = fmt.Errorf("the commits %d to %d are not in any pack; the next one is here", want, at.lsn-1)
			return false, nil
		}
		want++
		if f == nil || of != at.pack {
			if f != nil {
				f.Return()
			}
			if f, failed = c.packs.BorrowPack(at.pack); failed != nil {
				return false, nil
			}
			of = at.pack
		}
		if buf, failed = c.packs.ReadFrom(f, at.pack, at.entry(), buf); failed != nil {
			return false, nil
		}
		if at.lsn == upto && upto > c.applied && c.incomplete(buf) {
			c.note(name, "the newest commit, %d, was not complete when the server stopped; it was not acknowledged, and the next start leaves it out", at.lsn)
			return true, nil
		}
		if failed = r.Apply(buf); failed != nil {
			return false, nil
		}
	}
	return want > upto, nil
}

// incomplete says whether records that a commit refers to are missing.
func (c *verifier) incomplete(payload []byte) bool {
	missing := false
	err := meta.RecordRefs(payload, func(id meta.PackID, first, count uint32) {
		for n := range count {
			p := c.seen[id]
			missing = missing || p == nil || p.err == nil && (int(first+n) >= len(p.records) || p.records[first+n] == 0 || p.records[first+n].kind() == pack.Pad)
		}
	})
	return missing || err != nil
}

// maxDifferences is how many rows of a table are told of one by one.
const maxDifferences = 10

func (c *verifier) compareRows() error {
	counts := map[string]int{}
	var tables []string
	rows, err := meta.Compare(c.ctx, c.live, c.truth, func(d meta.Difference) {
		if counts[d.Table]++; counts[d.Table] == 1 {
			tables = append(tables, d.Table)
		}
		if counts[d.Table] > maxDifferences {
			return
		}
		what := fmt.Sprintf("table %s, row with %s: %s", d.Table, d.Key, d.What)
		if d.Key == "" {
			what = d.What
		}
		where := "meta.db"
		if d.Node != 0 {
			if path := c.path(d.Node); path != "" {
				where += ", of " + path
			}
		}
		c.problem(where, rebuildAdvice, "%s", what)
	})
	c.stats.Rows = rows
	c.differs = len(tables) > 0
	for _, t := range tables {
		if counts[t] > maxDifferences {
			c.problem("meta.db", rebuildAdvice, "table %s: %d rows are not what the packs say, the first %d are told above", t, counts[t], maxDifferences)
		}
	}
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if err != nil {
		c.problem("meta.db", rebuildAdvice, "it cannot be read: %v", err)
		c.dropLive()
	}
	return nil
}
