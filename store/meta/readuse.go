package meta

// VersionSum is what superseded contents of a space come to: how many, their bytes, and
// the change that superseded the last of them (0: there is none). It counts those that
// were superseded by changes up to upto, by walking that part of one index: a quarter of a
// second a million.
func (r *Reader) VersionSum(space SpaceID, upto int64) (n, bytes, newest int64, err error) {
	_, err = r.row("SELECT count(*), coalesce(sum(size), 0), coalesce(max(until), 0) FROM version WHERE space = ? AND until <= ?",
		[]any{int64(space), upto}, &n, &bytes, &newest)
	return n, bytes, newest, err
}
