package storetest

// mutants is the table of TestMutants. A text that is not found any more fails the
// test: whoever changes the code brings the table along.
var mutants = []mutant{
	// Flushes of files.
	{"flush of a pack", "store/pack/file.go", "err = file.Sync()", "_, err = file, nil", nil},
	{"flush of a seal", "store/pack/seal.go", "err = p.file.Sync()", "err = nil", nil},
	{"flush of a header", "store/pack/create.go", "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {", nil},
	{"flush of what was recovered", "store/pack/recover.go", "return true, f.Sync()", "return true, nil", nil},
	{"flush of the superblock", "store/object/fs.go", "err = f.Sync()\n\t}\n\treturn errors.Join", "err = nil\n\t}\n\treturn errors.Join", nil},

	// Flushes of folders.
	{"folder of a new pack", "store/pack/create.go", "return s.opt.FS.SyncDir(dir)", "return nil", nil},
	{"folders that recovery finds", "store/pack/recover.go", "if err := s.syncDirs(dirs); err != nil {", "if err := error(nil); err != nil {", nil},
	{"folder of the superblock", "store/object/fs.go", "return fsys.SyncDir(filepath.Dir(path))", "return nil", nil},
	{"folder of a new folder", "store/object/fs.go", "if err := fsys.SyncDir(filepath.Dir(path)); err != nil {", "if err := error(nil); err != nil {", nil},

	// The order of a commit.
	{"commit record before COMMIT", "store/meta/commit.go", "logged := d.o.Log.Append(ctx, lsn, record, after)\n\terr := <-rows\n",
		"err := <-rows\n\tif err == nil {\n\t\terr = d.apply(lsn)\n\t}\n\tif err == nil {\n\t\terr = d.commitOpen()\n\t}\n\tif err == nil {\n\t\t_, err = d.writer.exec(\"BEGIN IMMEDIATE\")\n\t}\n\tlogged := d.o.Log.Append(ctx, lsn, record, after)\n", nil},
	{"no commit record", "store/meta/commit.go", "logged := d.o.Log.Append(ctx, lsn, record, after)", "logged := ctx.Err()\n\t_, _ = record, after", nil},
	{"flush of a commit record", "store/commitlog.go", "return l.packs.Flush(ctx, place.Pack)", "_ = place\n\t\treturn nil", nil},
	// The request and the committer both flush the packs that content lies in: the request so
	// that commits need not wait, the committer for hits in packs that others write. Until
	// there are hits one of the two is enough; then the second is a mutant of its own.
	{"flush of the content's packs", "store/commitlog.go", "if err := l.packs.Flush(ctx, others...); err != nil {", "if err := l.packs.Flush(ctx, others[:0]...); err != nil {", &mutant{"", "store/lay.go",
		"return in.s.packs.Flush(ctx, slices.DeleteFunc", "return nil\n\treturn in.s.packs.Flush(ctx, slices.DeleteFunc", nil}},
	{"writes go on after a failed COMMIT", "store/meta/commit.go", "d.stop(err)\n\t\tfinish(batch, d.Stopped())", "finish(batch, err)", nil},
	{"a failed flush is forgotten", "store/pack/file.go", "p.failed = fmt.Errorf(\"pack %s: %w: %w\", name(p.id), ErrLaneFailed, err)", "_ = err", nil},

	// Opening.
	{"the newest record's references", "store/recover.go", "switch missing, err = s.missing(ctx, held); {", "switch missing, err = nil, nil; {", nil},
	{"what cannot be read is missing", "store/recover.go", "unread = append(unread, err)", "gone = append(gone, err)", nil},
	{"a torn tail is not cut", "store/pack/recover.go", "if err := f.Truncate(found.end); err != nil {", "if err := error(nil); err != nil {", nil},
	{"the checksum of a scanned record", "store/pack/scan.go", "return e, crcs, all == e.StoredCRC, nil", "return e, crcs, true, nil", nil},
	{"what a footer covers is believed", "store/pack/recover.go", "bad, heads, err := dropBad(ctx, f, x, h.marker)\n\t\tif err == nil && ours", "bad, heads, err := 0, []Entry(nil), error(nil)\n\t\tif err == nil && ours", nil},

	// What the committer remembers.
	{"a name that comes by a move is not noted", "store/meta/near.go", "\t\tn.made.note(o)\n", "\t\tif o.Fresh {\n\t\t\tn.made.note(o)\n\t\t}\n", nil},

	// What is held.
	{"readers do not wait for what is held", "store/meta/hold.go", "if l == nil {\n\t\treturn nil\n\t}\n\tl.wanted", "if l == nil || l != nil {\n\t\treturn nil\n\t}\n\tl.wanted", nil},
	{"what is held is not done again", "store/meta/hold.go", "err := d.redoHeld()", "err := error(nil)\n\td.writer.exec(\"BEGIN IMMEDIATE\")", nil},

	// What a commit asks again.
	{"what a copy has read ahead", "store/stage.go", "if err != nil || same {", "if err != nil || same || true {", nil},
	{"only staged trees are dropped", "store/stage.go", "if n.Parent != 0 || n.Name != stagePrefix+root.String() {", "if false && n.Parent != 0 {", nil},
	{"changes of the same batch, to a copy", "store/meta/readcopy.go", "if tx.sums[folder] != nil {", "if false && tx.sums[folder] != nil {", nil},
	{"quota in the transaction", "store/put.go", "if err := allowGrowth(tx, sc.Space, c.size-pl.node.Size); err != nil {", "if err := error(nil); err != nil {", nil},
	{"If-Match in the transaction", "store/put.go", "pl, err := allowPut(&tx.Reader, sc, p, tx.Now(), o)", "o.IfMatch = nil\n\tpl, err := allowPut(&tx.Reader, sc, p, tx.Now(), o)", nil},
	{"locks in the transaction", "store/put.go", "return pl, ls.allowContent(sc, o.Tokens, pl.line(), p)", "return pl, nil", nil},

	// Hits.
	{"a hit is not pinned", "store/pack/pin.go", "p.pins++\n\tp.mu.Unlock()\n\tvar one [1]Entry", "p.mu.Unlock()\n\tvar one [1]Entry", nil},
	{"a hit in an open pack is not pinned", "store/pack/pin.go", "p.pins++\n\treturn Place{Pack: p.id, First: e.Ordinal, Count: 1}, true", "return Place{Pack: p.id, First: e.Ordinal, Count: 1}, true", nil},
	{"pins end before the commit", "store/lay.go", "func (h *holds) packs() []meta.PackID { return slices.Clone(h.ids) }", "func (h *holds) packs() []meta.PackID {\n\tids := slices.Clone(h.ids)\n\th.release()\n\treturn ids\n}", nil},
	{"the id of a hit", "store/pack/pin.go", "err == nil && es[0].ID == id && es[0].Type == Chunk", "err == nil && es[0].Type == Chunk", nil},
	{"the length of a hit", "store/pack/pin.go", "if right && int64(es[0].Plain) == int64(plain) {", "if right {", nil},
	{"the length of a hit in an open pack", "store/pack/pin.go", "if e == nil || int64(e.Plain) != int64(plain) {", "if e == nil {", nil},
	{"a hit in a draining pack", "store/pack/pin.go", "return !p.draining && !p.gone && p.failed == nil", "return p.failed == nil", nil},
	{"an append is not pinned", "store/pack/lane.go", "l.cur.append(d, only == nil)", "l.cur.append(d, false)", nil},
	{"a hit in an abandoned pack", "store/pack/pin.go", "!p.gone && p.failed == nil && !p.damaged", "!p.gone && !p.damaged", nil},
	{"a hit in a damaged pack", "store/pack/pin.go", "p.failed == nil && !p.damaged && len(p.bad)", "p.failed == nil && len(p.bad)", nil},
	{"a hit that is marked damaged", "store/pack/pin.go", "if !p.hit() || p.bad[h.ordinal()] {", "if !p.hit() {", nil},
	{"a pinned pack is dropped", "store/pack/pin.go", "if !p.draining || p.pins > 0 || !p.sealed", "if !p.draining || !p.sealed", nil},
	{"flush of a hit's pack", "store/lay.go", `	in.held.took(l.place.Pack)
	in.m.Add(meta.Extent{Pack: l.place.Pack, First: l.place.First, Count: 1, Bytes: int64(l.n)})
	return nil
}

// lay finds a chunk in the packs, or appends it.
func (s *Store) lay(ctx context.Context, l *laying) {
	id := chunk.Sum(&s.key, l.parts...)
	var known bool
	if l.place, known = s.packs.Find(id, l.n); known {
`, `	if l.parts != nil {
		in.held.took(l.place.Pack)
	} else if !slices.Contains(in.held.ids, l.place.Pack) {
		in.s.packs.Unpin(l.place.Pack)
	}
	in.m.Add(meta.Extent{Pack: l.place.Pack, First: l.place.First, Count: 1, Bytes: int64(l.n)})
	return nil
}

func (s *Store) lay(ctx context.Context, l *laying) {
	id := chunk.Sum(&s.key, l.parts...)
	var known bool
	if l.place, known = s.packs.Find(id, l.n); known {
		l.parts = nil
`, nil},

	// What is read ahead.
	{"a name that is not there is its neighbour", "store/meta/ahead.go", "if n == 0 && at.text != k.text {", "if n == 0 && at.text == \"\" {", nil},
	{"what is read ahead counts as newer than it is", "store/meta/cache.go", "r.cache.put(k, cacheEntry{r.gen, n.ID, n, more})", "r.cache.put(k, cacheEntry{r.db.gen.Load() + 1, n.ID, n, more})", nil},

	// Chunks.
	{"the state of the cutter", "store/append.go", "if err := in.cut.UnmarshalBinary(p.State); err != nil {", "if err := error(nil); err != nil {", nil},
	{"the order of what is read back", "store/spill.go", "for _, ref := range in.tail {", "for i := range in.tail {\n\t\tref := in.tail[len(in.tail)-1-i]", nil},
	{"a plain chunk that failed stays cached", "store/plain.go", "if p.err = err; err != nil {\n\t\tdelete(c.byKey, p.key)", "if p.err = err; err != nil {", nil},

	// Packs that are read back.
	{"an unreadable pack is a damaged one", "store/pack/recover.go", "if err == nil && found.unread != nil {", "if err == nil && found.unread != nil && h.id == 0 {", nil},
	{"mending asks no rows", "store/mend.go", "if needed[id] || i > 0 &&", "if needed[0] || i > 0 &&", nil},
	{"mending asks for no commits", "store/mend.go", "if err == nil && !whole {", "if err == nil && !whole && lost == nil {", nil},
	{"mending allows for gaps between commits", "store/pack/mend.go", "sane = sane && (lsn == 0 || n == lsn+1)", "sane = sane && (lsn == 0 || n > lsn)", nil},
	{"pads count as what they replace", "store/recover.go", "case err == nil && slices.ContainsFunc(es", "case err == nil && payload == nil && slices.ContainsFunc(es", nil},
	{"headers behind a footer", "store/pack/recover.go", "err = rewrite(f, h.marker, heads)", "err = rewrite(f, h.marker, heads[:0])", nil},

	// Collections.
	{"pins are not waited for", "store/giveback.go", "bool { return c.s.packs.Pinned(d.id) }", "bool { return false }", nil},
	{"a pinned pack is compacted", "store/pack/compact.go", "return p.draining && p.pins == 0 &&", "return p.draining &&", nil},
	{"nothing is committed before a compaction", "store/giveback.go", "if err := c.announce(ctx, m, dead, rest); err != nil {", "if err := error(nil); err != nil {", nil},
	{"commits behind the checkpoint go", "store/mark.go", "return e.LSN() > checkpoint", "return false", nil},
	{"nothing is done for an older database", "store/giveback.go", "if err := c.s.flushDatabase(); err != nil {", "if err := error(nil); err != nil {",
		&mutant{"", "store/recover.go", "if applied > 0 && (lsn <= applied || has(applied, lsn)) {", "if applied > 0 {", nil}},
	{"tails are not marked", "store/mark.go", "for _, r := range h.Tail {", "for _, r := range h.Tail[:0] {", nil},
	{"what pages hold is not marked", "store/mark.go", "for _, x := range extents {", "for _, x := range extents[:0] {", nil},
	{"pages are not marked", "store/mark.go", "m.set(r.Pack, r.Ordinal, 1)\n\t\t\t\t\tpages", "pages", nil},
	{"older versions are not roots", "store/meta/refs.go", "FROM version WHERE manifest IS NOT NULL", "FROM version WHERE manifest IS NULL", nil},
	{"the checkpoint is not marked", "store/mark.go", "for _, r := range c.Records {", "for _, r := range c.Records[:0] {", nil},
	{"flush of a compacted pack", "store/pack/compact.go", "err = file.Sync()", "err = nil", nil},
	{"folder of a compacted pack", "store/pack/compact.go", "if err := s.opt.FS.SyncDir(filepath.Dir(p.path)); err != nil {", "if filepath.Dir(p.path) == \"\" {", nil},
	{"folder of a compaction that a start finds", "store/store.go", "if err := s.fs.SyncDir(dir); err != nil {", "if err := error(nil); dir == \"\" && err != nil {", nil},
	{"a replaced pack is opened", "store/pack/member.go", "if !p.isReplaced() {", "if !p.isReplaced() || p.id != 0 {", nil},
	{"copied blocks are not checked", "store/pack/compact.go", "if crc32.Checksum(b, castagnoli) != want {", "if crc32.Checksum(b, castagnoli) != want && e.Stored == 0 {", nil},
	// That the pack with the highest id stays has no mutant: it is the second of two fences, and
	// the first cannot be taken away. Whatever is sealed, the commit that comes before anything
	// is deleted lies in an open pack, or opens one with a higher id.

	// Merged objects.
	{"flush of a merged object", "store/pack/merge.go", "err = file.Sync()", "err = nil", nil},
	{"folder of a merged object", "store/pack/merge.go", "if err := files.SyncDir(dir); err != nil {", "if err := error(nil); err != nil {", nil},
	{"a merge in doubt is taken back", "store/pack/merge.go", "if err != nil && !errors.Is(err, ErrDoubt) {", "if err != nil {", nil},
	{"an object of which not all is known goes", "store/pack/compact.go", "(p.in == nil || !p.in.object.unlisted)", "true",
		&mutant{"", "store/pack/merge.go", "len(o.twice) == 0 && !o.unlisted {", "len(o.twice) == 0 {", nil}},
	{"nothing is committed before a merge", "store/mergepacks.go", "if err := c.announce(ctx, m, slices.Concat(dead, left), slices.Concat(rest, many)); err != nil {", "if err := error(nil); err != nil {", nil},
	{"an object goes before all its packs have left it", "store/pack/merge.go", "if len(o.packs) == 0 && before > 0 && len(o.twice) == 0 && !o.unlisted {", "if before > 0 {", nil},
	{"a pack of an object is left out", "store/pack/merge.go", "if !given[q] {", "if !given[q] && q.id == 0 {", &mutant{"", "store/mergepacks.go", "return have[d.object] < inside[d.object]", "return false", nil}},
	{"an earlier generation counts", "store/pack/admit.go", "newer = err != nil || generation <= p.in.generation", "newer = err != nil && generation > p.in.generation", nil},
	{"what is twice goes unread", "store/pack/merge.go", "err = s.Verify(ctx, old.id, true, func(error) { whole = false })", "err = nil", nil},

	// Snapshots.
	{"prune drops versions that a snapshot shows", "store/prunedrop.go", "if pinned.has(v.ID) {", "if pinned.has(v.ID) && v.Size < 0 {", nil},
	{"prune drops rows that a snapshot shows", "store/prunelog.go", "if pinned.in(o.Since, o.Until) {", "if pinned.in(o.Since, o.Since) {", nil},
	{"the content of what is deleted for good is not kept", "store/pinned.go", "o, ok := rows[n.Version]", "o, ok := rows[VersionID{1}]", nil},
	{"what lies in a folder that is deleted for good is not kept", "store/gone.go", "if err := d.keep(k, n.Since); err != nil {", "if err := error(nil); err != nil {", nil},
	{"what is held goes", "store/gone.go", "pinned.covers(o) {", "pinned.covers(o) && o.Node == 0 {", &mutant{"", "store/gone.go", "pinned.has(v.ID) {", "pinned.has(v.ID) && v.Node == 0 {", nil}},
	{"nobody knows who took contents over", "store/move.go", "&meta.PutHeir{Node: src.ID, Taker: dst.ID}", "&meta.PutHeir{Node: src.ID, Taker: src.ID}", nil},
}
