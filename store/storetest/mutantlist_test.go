//go:build soak

package storetest

// mutants is the table of TestMutants. A text that is not found any more fails the
// test: whoever changes the code brings the table along.
var mutants = []mutant{
	// Flushes of files.
	{"flush of a pack", "store/pack/file.go", "err = file.Sync()", "_, err = file, nil", nil},
	{"flush of a seal", "store/pack/seal.go", "err := p.file.Sync()", "var err error", nil},
	{"flush of a header", "store/pack/create.go", "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {", nil},
	{"flush of what was recovered", "store/pack/recover.go", "return true, f.Sync()", "return true, nil", nil},
	{"flush of the superblock", "store/object/fs.go", "err = f.Sync()\n\t}\n\treturn errors.Join", "err = nil\n\t}\n\treturn errors.Join", nil},

	// Flushes of folders.
	{"folder of a new pack", "store/pack/create.go", "return s.opt.FS.SyncDir(dir)", "return nil", nil},
	{"folders that recovery finds", "store/pack/recover.go", "if err := s.syncDirs(dirs); err != nil {", "if err := error(nil); err != nil {", nil},
	{"folder of the superblock", "store/object/fs.go", "return fsys.SyncDir(filepath.Dir(path))", "return nil", nil},
	{"folder of a new folder", "store/object/fs.go", "if err := fsys.SyncDir(filepath.Dir(path)); err != nil {", "if err := error(nil); err != nil {", nil},

	// The order of a commit.
	{"commit record before COMMIT", "store/meta/commit.go", "if err := d.o.Log.Append(ctx, lsn, encodeRecord(lsn, tx.now, tx.ops, tx.rec.buf), after); err != nil {\n\t\treturn err\n\t}\n\tif _, err := d.writer.exec(\"COMMIT\"); err != nil {\n\t\treturn err\n\t}\n",
		"if _, err := d.writer.exec(\"COMMIT\"); err != nil {\n\t\treturn err\n\t}\n\tif err := d.o.Log.Append(ctx, lsn, encodeRecord(lsn, tx.now, tx.ops, tx.rec.buf), after); err != nil {\n\t\treturn err\n\t}\n", nil},
	{"no commit record", "store/meta/commit.go", "if err := d.o.Log.Append(ctx, lsn, encodeRecord(lsn, tx.now, tx.ops, tx.rec.buf), after); err != nil {", "if err := ctx.Err(); err != nil {", nil},
	{"flush of a commit record", "store/commitlog.go", "return l.packs.Flush(ctx, place.Pack)", "_ = place\n\t\treturn nil", nil},
	// The request and the committer both flush the packs that content lies in: the request so
	// that commits need not wait, the committer for hits in packs that others write. Until
	// there are hits one of the two is enough; then the second is a mutant of its own.
	{"flush of the content's packs", "store/commitlog.go", "if err := l.packs.Flush(ctx, others...); err != nil {", "if err := l.packs.Flush(ctx, others[:0]...); err != nil {", &mutant{"", "store/ingest.go",
		"return in.s.packs.Flush(ctx, slices.DeleteFunc", "return nil\n\treturn in.s.packs.Flush(ctx, slices.DeleteFunc", nil}},
	{"writes go on after a failed COMMIT", "store/meta/commit.go", "d.stop(err)\n\t\tfinish(batch, d.Stopped())", "finish(batch, err)", nil},
	{"a failed flush is forgotten", "store/pack/file.go", "p.failed = fmt.Errorf(\"pack %s: %w: %w\", name(p.id), ErrLaneFailed, err)", "_ = err", nil},

	// Opening.
	{"the newest record's references", "store/recover.go", "if missing := s.missing(ctx, held); missing != nil {", "if missing := error(nil); missing != nil {", nil},
	{"a torn tail is not cut", "store/pack/recover.go", "if err := f.Truncate(found.end); err != nil {", "if err := error(nil); err != nil {", nil},
	{"the checksum of a scanned record", "store/pack/scan.go", "return e, crcs, all == e.StoredCRC, nil", "return e, crcs, true, nil", nil},
	{"what a footer covers is believed", "store/pack/recover.go", "if bad, err := dropBad(ctx, f, x); err != nil {", "if bad, err := 0, error(nil); err != nil {", nil},

	// What a commit asks again.
	{"quota in the transaction", "store/put.go", "if err := allowGrowth(tx, sc.Space, c.size-pl.node.Size); err != nil {", "if err := error(nil); err != nil {", nil},
	{"If-Match in the transaction", "store/put.go", "pl, err := allowPut(&tx.Reader, sc, p, tx.Now(), o)", "o.IfMatch = nil\n\tpl, err := allowPut(&tx.Reader, sc, p, tx.Now(), o)", nil},
	{"locks in the transaction", "store/put.go", "return pl, ls.allowContent(sc, o.Tokens, pl.line(), p)", "return pl, nil", nil},

	// The pin of a dedup hit: place for it here.
	// The checks of a dedup hit (full id, length, draining, damaged): place for them here.
	// The flush of a pack that a hit lies in, written by another upload: place for it here.
}
