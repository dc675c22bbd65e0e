package meta

import "time"

const sessionColumns = "SELECT hash, account, token, epoch, created, expires FROM session "

func scanSession(scan func(...any) error) (s Session, err error) {
	var hash, token []byte
	var created, expires int64
	err = scan(&hash, &s.User, &token, &s.Epoch, &created, &expires)
	copy(s.Hash[:], hash)
	copy(s.Token[:], token)
	s.Created, s.Expires = fromNano(created), fromNano(expires)
	return s, err
}

// Session finds a session by the hash of its secret, an expired one too.
func (r *Reader) Session(hash [32]byte) (s Session, ok bool, err error) {
	err = r.rows(sessionColumns+"WHERE hash = ?", []any{hash[:]}, func(rows *cursor) error {
		ok = true
		s, err = scanSession(rows.Scan)
		return err
	})
	return s, ok && err == nil, err
}

// Sessions lists the sessions of an account, oldest first.
func (r *Reader) Sessions(u UserID) ([]Session, error) {
	return r.sessions("WHERE account = ? ORDER BY created", int64(u))
}

// ExpiredSessions lists sessions whose time is over.
func (r *Reader) ExpiredSessions(now time.Time, limit int) ([]Session, error) {
	return r.sessions("WHERE expires < ? LIMIT ?", unixNano(now), limit)
}

func (r *Reader) sessions(where string, args ...any) (out []Session, err error) {
	err = r.rows(sessionColumns+where, args, func(rows *cursor) error {
		s, err := scanSession(rows.Scan)
		out = append(out, s)
		return err
	})
	return out, err
}

// UnfinishedAt are the unfinished uploads of an account in a space by their paths, at most
// limit of them.
func (r *Reader) UnfinishedAt(u UserID, space SpaceID, limit int) (map[string][]UploadID, error) {
	out := map[string][]UploadID{}
	err := r.rows("SELECT id, path FROM upload WHERE account = ? AND space = ? AND finished = 0 LIMIT ?",
		[]any{int64(u), int64(space), limit}, func(rows *cursor) error {
			var raw []byte
			var path string
			var id UploadID
			err := rows.Scan(&raw, &path)
			copy(id[:], raw)
			out[path] = append(out[path], id)
			return err
		})
	return out, err
}

// UnfinishedUploads lists those of an account in a space, oldest first.
func (r *Reader) UnfinishedUploads(u UserID, space SpaceID, limit int) (out []Upload, err error) {
	var ids []UploadID
	err = r.rows("SELECT id FROM upload WHERE account = ? AND space = ? AND finished = 0 ORDER BY created LIMIT ?",
		[]any{int64(u), int64(space), limit}, func(rows *cursor) error {
			var raw []byte
			var id UploadID
			err := rows.Scan(&raw)
			copy(id[:], raw)
			ids = append(ids, id)
			return err
		})
	for _, id := range ids {
		var up Upload
		var ok bool
		if up, ok, err = r.Upload(id); err != nil {
			return nil, err
		}
		if ok {
			out = append(out, up)
		}
	}
	return out, err
}
