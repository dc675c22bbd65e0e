package meta

import (
	"slices"
	"time"
)

// Space finds a space. Only a Tx is told its Seq, which every change raises; in a View
// it is 0.
func (r *Reader) Space(id SpaceID) (Space, bool, error) {
	return cached(r, cacheKey{kind: cachedSpace, id: int64(id)}, 0, func() (sp Space, ok bool, err error) {
		if r.cache != nil {
			defer func() { sp.Seq = 0 }()
		}
		return r.oneSpace("SELECT id, owner, name, root, trash, quota, created, removed, seq FROM space WHERE id = ?", int64(id))
	})
}

func (r *Reader) oneSpace(query string, arg any) (sp Space, ok bool, err error) {
	var created int64
	ok, err = r.row(query, []any{arg}, &sp.ID, &sp.Owner, &sp.Name, &sp.Root, &sp.Trash, &sp.Quota, &created, &sp.Removed, &sp.Seq)
	sp.Created = fromNano(created)
	return sp, ok, err
}

const (
	accountColumns = "SELECT a.id, a.name, a.password, a.admin, a.created, a.epoch, a.space, s.quota, "
	accountTables  = " FROM account a JOIN space s ON s.id = a.space "
)

func scanAccount(scan func(...any) error) (User, error) {
	var u User
	var created int64
	err := scan(&u.ID, &u.Name, &u.Password, &u.Admin, &created, &u.Epoch, &u.Space, &u.Quota, &u.Used)
	u.Created = fromNano(created)
	return u, err
}

func (r *Reader) oneAccount(where string, arg any) (u User, ok bool, err error) {
	err = r.rows(accountColumns+"0"+accountTables+where, []any{arg}, func(rows *cursor) error {
		ok = true
		u, err = scanAccount(rows.Scan)
		return err
	})
	return u, ok && err == nil, err
}

// Account finds an account that has not been removed. Used is 0, here and where else one
// account is asked for, since every change moves it: Accounts tells it.
func (r *Reader) Account(id UserID) (User, bool, error) {
	return cached(r, cacheKey{kind: cachedAccount, id: int64(id)}, 0, func() (User, bool, error) {
		return r.oneAccount("WHERE a.id = ? AND a.key IS NOT NULL", int64(id))
	})
}

// AccountByName finds an account by its name, without case.
func (r *Reader) AccountByName(name string) (User, bool, error) {
	name = FoldName(name)
	return cached(r, cacheKey{kind: cachedAccountName, text: name}, 0, func() (User, bool, error) {
		return r.oneAccount("WHERE a.key = ?", name)
	})
}

// AccountByAppPassword finds the account of an app password.
func (r *Reader) AccountByAppPassword(hash [32]byte) (User, bool, error) {
	return cached(r, cacheKey{kind: cachedAppPassword, text: string(hash[:])}, 0, func() (User, bool, error) {
		return r.oneAccount("JOIN app_password p ON p.account = a.id WHERE p.hash = ? AND a.key IS NOT NULL", hash[:])
	})
}

// Accounts lists the accounts by name.
func (r *Reader) Accounts() ([]User, error) {
	var out []User
	err := r.rows(accountColumns+"coalesce(f.bytes, 0)"+accountTables+"LEFT JOIN folder f ON f.node = s.root WHERE a.key IS NOT NULL ORDER BY a.key", nil, func(rows *cursor) error {
		u, err := scanAccount(rows.Scan)
		out = append(out, u)
		return err
	})
	return out, err
}

// MaxIDs gives the highest number used of accounts, spaces and app passwords.
func (r *Reader) MaxIDs() (account UserID, space SpaceID, app int64, err error) {
	_, err = r.row(`SELECT (SELECT coalesce(max(id), 0) FROM account), (SELECT coalesce(max(id), 0) FROM space),
		(SELECT coalesce(max(id), 0) FROM app_password)`, nil, &account, &space, &app)
	return account, space, app, err
}

// AppPasswords lists the app passwords of an account, oldest first.
func (r *Reader) AppPasswords(u UserID) ([]AppPassword, error) {
	var out []AppPassword
	err := r.rows("SELECT id, account, label, hash, created FROM app_password WHERE account = ? ORDER BY id", []any{int64(u)},
		func(rows *cursor) error {
			var p AppPassword
			var hash []byte
			var created int64
			err := rows.Scan(&p.ID, &p.User, &p.Label, &hash, &created)
			copy(p.Hash[:], hash)
			p.Created = fromNano(created)
			out = append(out, p)
			return err
		})
	return out, err
}

const lockColumns = `SELECT l.token, l.space, l.node, l.infinite, l.shared, l.owner, l.account, coalesce(a.name, ''), l.created, l.timeout, l.expires
	FROM lock l LEFT JOIN account a ON a.id = l.account `

// Locks lists the locks of a space, expired ones too.
func (r *Reader) Locks(space SpaceID) ([]Lock, error) {
	out, _, err := cached(r, cacheKey{kind: cachedLocks, id: int64(space)}, 0, func() ([]Lock, bool, error) {
		out, err := r.locks(space)
		return out, len(out) < 100, err
	})
	return slices.Clone(out), err
}

func (r *Reader) locks(space SpaceID) ([]Lock, error) {
	var out []Lock
	err := r.rows(lockColumns+"WHERE l.space = ?", []any{int64(space)}, func(rows *cursor) error {
		l, err := scanLock(rows.Scan)
		out = append(out, l)
		return err
	})
	return out, err
}

func scanLock(scan func(...any) error) (Lock, error) {
	var l Lock
	var created, timeout, expires int64
	err := scan(&l.Token, &l.Space, &l.Node, &l.Infinite, &l.Shared, &l.Owner, &l.User, &l.UserName, &created, &timeout, &expires)
	l.Created, l.Expires, l.Timeout = fromNano(created), fromNano(expires), time.Duration(timeout)
	return l, err
}

// Upload finds an upload with its parts.
func (r *Reader) Upload(id UploadID) (u Upload, ok bool, err error) {
	var version []byte
	var mtime, created, expires int64
	err = r.rows(`SELECT space, account, root, path, size, mtime, meta, guard, created, expires, finished, node, version FROM upload WHERE id = ?`,
		[]any{id[:]}, func(rows *cursor) error {
			ok = true
			if err := rows.Scan(&u.Space, &u.User, &u.Root, &u.Path, &u.Size, &mtime, &u.Meta, &u.Guard, &created, &expires,
				&u.Finished, &u.Node, &version); err != nil {
				return err
			}
			copy(u.Version[:], version)
			return nil
		})
	if err != nil || !ok {
		return u, false, err
	}
	u.ID, u.ModTime, u.Created, u.Expires = id, fromNano(mtime), fromNano(created), fromNano(expires)
	err = r.rows("SELECT number, bytes, manifest, tail, state FROM part WHERE upload = ? ORDER BY number", []any{id[:]},
		func(rows *cursor) error {
			var p Part
			var manifest, tail []byte
			if err := rows.Scan(&p.Number, &p.Offset, &manifest, &tail, &p.State); err != nil {
				return err
			}
			var err error
			if p.Manifest, err = DecodeManifest(manifest); err != nil {
				return err
			}
			p.Tail, err = decodeRefs(tail)
			u.Parts = append(u.Parts, p)
			return err
		})
	return u, true, err
}

// UnfinishedBytes is what the unfinished uploads of an account have brought so far.
func (r *Reader) UnfinishedBytes(u UserID) (n int64, err error) {
	_, err = r.row(`SELECT coalesce(sum(p.bytes), 0) FROM upload u JOIN part p ON p.upload = u.id
		WHERE u.account = ? AND u.finished = 0`, []any{int64(u)}, &n)
	return n, err
}

// ReservedBytes is what unfinished uploads that expire after a time are still to bring, of
// one account or, with 0, of all, but for those of but to a path, if that is not empty.
// Those without a declared size count nothing, and none counts more than a pebibyte.
func (r *Reader) ReservedBytes(u UserID, after time.Time, but UserID, path string) (n int64, err error) {
	_, err = r.row(`SELECT coalesce(sum(min(max(u.size - p.bytes, 0), 1 << 50)), 0) FROM upload u JOIN part p ON p.upload = u.id
		WHERE u.expires > ? AND u.finished = 0 AND (? = 0 OR u.account = ?) AND NOT (u.account = ? AND u.path = ? AND u.path <> '')`,
		[]any{unixNano(after), int64(u), int64(u), int64(but), path}, &n)
	return n, err
}

// CountUnfinished is how many unfinished uploads an account has.
func (r *Reader) CountUnfinished(u UserID) (n int, err error) {
	_, err = r.row("SELECT count(*) FROM upload WHERE account = ? AND finished = 0", []any{int64(u)}, &n)
	return n, err
}

// ExpiredUploads lists uploads whose time is over.
func (r *Reader) ExpiredUploads(now time.Time, limit int) ([]UploadID, error) {
	var out []UploadID
	err := r.rows("SELECT id FROM upload WHERE expires < ? LIMIT ?", []any{unixNano(now), limit}, func(rows *cursor) error {
		var raw []byte
		err := rows.Scan(&raw)
		var id UploadID
		copy(id[:], raw)
		out = append(out, id)
		return err
	})
	return out, err
}

// PackKnown reports whether a pack is registered as sealed.
func (r *Reader) PackKnown(id PackID) (bool, error) {
	var one int
	return r.row("SELECT 1 FROM pack WHERE id = ?", []any{int64(id)}, &one)
}
