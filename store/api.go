package store

import (
	"context"
	"io"
	"time"

	"cairn/store/meta"
)

// The store's words, shared with the packages below it.
type (
	NodeID      = meta.NodeID
	SpaceID     = meta.SpaceID
	UserID      = meta.UserID
	VersionID   = meta.VersionID
	UploadID    = meta.UploadID
	Node        = meta.Node
	Version     = meta.Version
	Trashed     = meta.Trashed
	User        = meta.User
	AppPassword = meta.AppPassword
	Lock        = meta.Lock
	Prop        = meta.Prop
	PropName    = meta.PropName
	Upload      = meta.Upload
	Change      = meta.Change
	Session     = meta.Session
	Snapshot    = meta.Snapshot
	SnapshotID  = meta.SnapshotID
)

// ParseUploadID reads what UploadID.String wrote.
func ParseUploadID(s string) (UploadID, bool) { return meta.ParseUploadID(s) }

// ParseVersionID reads what VersionID.String wrote.
func ParseVersionID(s string) (VersionID, bool) { return meta.ParseVersionID(s) }

// The kinds of node.
const (
	File   = meta.File
	Folder = meta.Folder
)

// Rights are what a scope may do.
type Rights uint8

// The rights.
const (
	MayRead Rights = 1 << iota
	MayWrite
)

// Scope is a tree as somebody may use it: every path of a call is relative to its
// root. server/auth makes a Principal, one resolver turns it into a Scope.
type Scope struct {
	Space  SpaceID
	Root   NodeID
	Rights Rights
	User   UserID // who acts; the author of what is written
}

// Written is a node after a write, and whether its name was free before.
type Written struct {
	Node
	Created bool
}

// InTrash is a removed node, and what can be told of it.
type InTrash struct {
	Trashed
	Now Node // as it lies in the trash, sums of a folder included
	// Folder is the path of the folder that it was in, as that is called now. With
	// FolderGone that is in the trash too, and Folder the path that it had.
	Folder     Path
	FolderGone bool
}

// TrashSize is how much is in the trash.
type TrashSize struct {
	Entries int
	Bytes   int64 // of current contents; older versions are not counted
	Upto    int64 // 0: it is empty
}

// View is the tree as one transaction sees it. It is valid only during the call it
// was passed to.
type View interface {
	// Stat finds the node at p: ErrNotExist.
	Stat(p Path) (Node, error)
	// Locks lists the live locks that cover the resource at p (which need not
	// exist): its own, and those of depth infinity on the folders above it.
	Locks(p Path) ([]Lock, error)
}

// Conditions travel with every write and are checked in its commit transaction
// (and before any byte is read, so that a hopeless upload is refused early).
type Conditions struct {
	// IfMatch: the node must exist with one of these opaque tags (unquoted; "*" is
	// any). nil: no condition.
	IfMatch []string
	// IfNoneMatch: the node must not exist with one of these tags ("*": must not
	// exist at all). nil: no condition.
	IfNoneMatch []string
	// IfUnmodifiedSince: the node must exist and be no newer, in whole seconds.
	IfUnmodifiedSince time.Time
	// Tokens are the lock tokens the client submitted. A lock binds everyone: a
	// write needs the token of each exclusive lock, or of one shared lock, that
	// covers what it changes, and the token must belong to the scope's user.
	Tokens []string
	// Guard, if set, is asked inside the transaction; its error is returned. It may
	// be called more than once and must only look.
	Guard func(View) error
}

// PutOptions say how a file is written.
type PutOptions struct {
	Conditions
	Size    int64     // declared bytes; negative: unknown
	ModTime time.Time // zero: now
	// Parents makes missing folders above the path.
	Parents bool
}

// MoveOptions say how a node is moved or copied.
type MoveOptions struct {
	Conditions
	// Overwrite lets the destination be replaced (it goes to the trash, or, for a
	// file moved over a file, becomes an older version of the destination's node).
	// Without it a taken name is ErrExist.
	Overwrite bool
	// Shallow copies a folder without what is in it. Ignored by Move.
	Shallow bool
}

// UploadSpec describes an upload to begin.
type UploadSpec struct {
	Conditions // Guard is not kept
	Path       Path
	Size       int64 // declared bytes; negative: to be declared later
	ModTime    time.Time
	Meta       []byte // at most 64 KiB, opaque
	Parents    bool   // make missing folders above the path when it is committed
	// Base, with Parents, is the folder that must be there: only those below it are
	// made. The root: all of them.
	Base     Path
	Digest   Digest // of the whole content; the zero value: none is checked
	Lifetime time.Duration
	// Partial is a part of a file, to be joined with others: JoinUploads. Of the above only
	// Size, Meta and Lifetime count.
	Partial bool
	// ID is NewUploadID's, for who must tell it before there is an upload; zero: a new one.
	ID UploadID
}

// Resume is a file that may have been begun to be uploaded.
type Resume struct {
	Path    Path
	Size    int64
	ModTime time.Time
}

// PutFile is one of the files of PutMany.
type PutFile struct {
	Path    Path
	Body    io.Reader // Options.Size bytes, which is not negative, to its io.EOF
	Options PutOptions
	Digest  Digest // of the content; the zero value: none is checked
}

// PutResult is what became of it.
type PutResult struct {
	Written
	Same bool // it was there already: see PutMany
	Err  error
}

// Digest is what the bytes of a whole file must come to.
type Digest struct {
	Algorithm string // sha1, sha256, md5 or adler32; empty: no digest
	Sum       []byte
}

// MemberLocks are the locks that cover members of a folder.
type MemberLocks struct {
	// All cover every member: those of depth infinity on the folder, and above it. Paths
	// are where they are, in the same order; as those of Locks.
	All   []Lock
	Paths []Path
	On    map[NodeID][]Lock // of a member alone
}

// LockSpec describes a lock to take.
type LockSpec struct {
	Infinite bool
	Shared   bool
	Owner    string // inner XML, at most 8 KiB
	Timeout  time.Duration
	Conditions
}

// PropPatch sets one dead property, or removes it.
type PropPatch struct {
	Prop
	Remove bool
}

// SyncPoint is a moment in the life of a space. One that is older than a rebuild, or than the
// restoring of a backup, is of another epoch, and nothing is told about it: what came after
// it may be gone.
type SyncPoint struct {
	Epoch int64
	Space SpaceID
	Seq   int64 // number of the last change
}

// Changed is a node that is, or was, at a place.
type Changed struct {
	Path Path
	Node Node // as it is; if it is gone, as it was
	Gone bool
}

// Patch is one change of what is told of a node, beside its content and its place.
type Patch struct {
	Props []PropPatch // in order; at most MaxProps and MaxPropsBytes are left, else ErrPropsTooLarge
	// ModTime and Created are its times, kept to the nanosecond; zero: as it is. A root
	// keeps its times: ErrRoot.
	ModTime, Created time.Time
}

// Content is an opened file at one version. It stays readable when the node is
// overwritten or removed meanwhile. Not for concurrent use. Close it.
type Content interface {
	// Node is the node as it was when it was opened.
	Node() Node
	// WriteRange writes plain bytes [off, off+n) to w. Raw chunks of a local pack
	// are passed to w's io.ReaderFrom as *io.LimitedReader over *os.File, so that a
	// TCP connection is fed by sendfile. It holds no chunk while w blocks.
	WriteRange(ctx context.Context, w io.Writer, off, n int64) (int64, error)
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Closer
}

// API lists what the doors use; *Store implements it. It is here to be read: each
// door declares the few methods it needs.
//
// Every method may be called concurrently. Every method that changes something
// returns after the change is on stable storage, or with an error and no change;
// after a crash the change is whole or absent. ctx ends waiting and reading, never
// a commit that has begun.
type API interface {
	// Home is the scope of a user's own space.
	Home(ctx context.Context, u UserID) (Scope, error)
	// Usage is the bytes of current content in the space, and its quota (0: none),
	// and the bytes that can still be written (the smaller of quota and disk).
	Usage(ctx context.Context, sc Scope) (used, quota, available int64, err error)
	// SpaceUse is Usage, and what the space's past takes. It takes time for each older
	// version, a quarter of a second for a million, and none for files. A part of a space is
	// ErrNotExist: only who has it whole is told.
	SpaceUse(ctx context.Context, sc Scope) (SpaceUse, error)

	Stat(ctx context.Context, sc Scope, p Path) (Node, error)
	// List pages the children of a folder in key order: at most limit nodes whose
	// key follows that of the name after ("" to begin), without Since, Author and
	// Manifest.
	List(ctx context.Context, sc Scope, p Path, after string, limit int) ([]Node, error)
	Open(ctx context.Context, sc Scope, p Path) (Content, error)

	// Put streams r into the file at p, which shows its old content until the new
	// one is complete. At a name that a file of the same user has left less than 15 s ago
	// it goes on with that file (takeBack), and Move and Copy of a file do so too. Junk, and an
	// empty file that its maker fills under its own lock, leave no version, unless a snapshot
	// shows them. Errors: ErrNoParent, ErrIsFolder (p is a folder), ErrRoot,
	// ErrQuota, ErrNoSpace, ErrIncomplete, ErrTooLong, ErrRead, ErrLocked,
	// ErrPrecondition, ErrStopped.
	Put(ctx context.Context, sc Scope, p Path, r io.Reader, o PutOptions) (Written, error)
	// Mkdir makes one folder: ErrExist, ErrNoParent.
	Mkdir(ctx context.Context, sc Scope, p Path, c Conditions) (Node, error)
	// Move renames a node, with all below it, in O(1) statements. The source is
	// looked at before the destination is touched. ErrNotExist (source), ErrNoParent
	// (destination), ErrExist, ErrSame, ErrIntoItself, ErrRoot, ErrLocked.
	Move(ctx context.Context, sc Scope, from, to Path, o MoveOptions) (Written, error)
	// Copy duplicates rows, never bytes. Errors as Move.
	Copy(ctx context.Context, sc Scope, from, to Path, o MoveOptions) (Written, error)
	// Remove puts a node, with all below it, into the trash: O(1) statements. A file with a
	// junk name (isJunk) is deleted for good, but for what a snapshot shows.
	Remove(ctx context.Context, sc Scope, p Path, c Conditions) error
	// Trash pages what can be restored, newest first: at most limit, whose Seq is below
	// before (0: all).
	Trash(ctx context.Context, sc Scope, before int64, limit int) ([]InTrash, error)
	// Restore puts a trashed node back under its old parent and name, or at to if
	// that is not the root. ErrNotExist, ErrExist, ErrNoParent.
	Restore(ctx context.Context, sc Scope, id NodeID, to Path, c Conditions) (Node, error)
	// Versions finds the node at p and pages the contents that it held before, newest
	// first: at most limit, whose Until is below before (0: all). A folder has none.
	Versions(ctx context.Context, sc Scope, p Path, before int64, limit int) (Node, []Version, error)
	// OpenVersion is Open of a file as it was at one of its versions, or is: the
	// content's Node has the version's id, size, time and author. ErrNotExist: no such
	// file, or no such version of it. ErrIsFolder.
	OpenVersion(ctx context.Context, sc Scope, p Path, id VersionID) (Content, error)
	// RestoreVersion makes what a file held at an older version its content again: in one
	// transaction, without a byte read or moved. The node keeps its id and gets a new
	// version, written now by the scope's user, with the older one's modification time;
	// what it held becomes an older version, and the one restored stays one. The current
	// version changes nothing. ErrNotExist as OpenVersion; else the errors of Put.
	RestoreVersion(ctx context.Context, sc Scope, p Path, id VersionID, c Conditions) (Node, error)
	// TrashSize is how much is in the trash, and the newest change that put something there.
	TrashSize(ctx context.Context, sc Scope) (TrashSize, error)
	// Purge deletes a node of the trash for good, with all below it: nothing brings it back.
	// ErrNotExist.
	Purge(ctx context.Context, sc Scope, id NodeID) error
	// EmptyTrash is Purge of all that went to the trash up to the change upto (0: all that
	// is there when it begins), and tells how many entries went. After an error, or a
	// crash, some may have gone.
	EmptyTrash(ctx context.Context, sc Scope, upto int64) (n int, err error)
	// OpenKept opens what the file that is the root of sc holds, held, or had in a snapshot,
	// under a version: also when the file itself has been deleted for good, as long as a
	// snapshot shows it. The content's Node has no name. ErrNotExist: nobody keeps it.
	OpenKept(ctx context.Context, sc Scope, id VersionID) (Content, error)
	// DropVersion deletes an older version of the file at p for good. ErrNotExist as
	// OpenVersion, also for the current version; ErrIsFolder, ErrLocked, ErrPrecondition.
	DropVersion(ctx context.Context, sc Scope, p Path, id VersionID, c Conditions) error
	// MakeSnapshot keeps what the space holds now under a name that no other of its snapshots
	// has: ErrExist, ErrName, ErrSnapshotLimit. What a snapshot shows stays until it is
	// dropped, also when it is deleted for good, and gives way to nothing.
	MakeSnapshot(ctx context.Context, sc Scope, name string) (Snapshot, error)
	// Snapshots lists those of the space, newest first.
	Snapshots(ctx context.Context, sc Scope) ([]Snapshot, error)
	// DropSnapshot forgets one: ErrNotExist. What only it has kept is the past from then on.
	DropSnapshot(ctx context.Context, sc Scope, id SnapshotID) error
	// StatAt, ListAt and OpenAt are Stat, List and Open in a snapshot. Nodes are as they
	// were, with the ids that they have; sums of folders are not known. The root of sc may be
	// any node of the space, and is as it was, also if it has been deleted for good since.
	// ErrNotExist: also no such snapshot. Properties are not of the past: a snapshot shows none.
	StatAt(ctx context.Context, sc Scope, id SnapshotID, p Path) (Node, error)
	ListAt(ctx context.Context, sc Scope, id SnapshotID, p Path, after string, limit int) ([]Node, error)
	OpenAt(ctx context.Context, sc Scope, id SnapshotID, p Path) (Content, error)
	// Revert makes what is at p, the root or something that the snapshot has there, what it
	// was in a snapshot: names, places, contents, times and ids, without a byte read or moved.
	// Nodes come back from where they are, or from the trash; what was not there then goes to
	// the trash; files get new versions. With p not the root, what is in other folders now
	// stays there, and is made once more at p. Of c only Tokens count.
	//
	// It works in short transactions, each whole in itself, beside everything else: after an
	// error, or a crash, call it again. ErrLocked and ErrQuota come before anything is changed,
	// unless somebody else writes meanwhile. ErrUndoLimit.
	Revert(ctx context.Context, sc Scope, id SnapshotID, p Path, c Conditions) (Undone, error)
	// Undo takes the changes from < number <= to back (to 0: up to the newest): what they made
	// goes to the trash, what they moved, removed or wrote is as it was. What has changed after
	// them is left as it is. Properties stay. It works as Revert does. ErrHistory.
	Undo(ctx context.Context, sc Scope, from, to int64, c Conditions) (Undone, error)
	// VersionsSize is how much DropVersions would drop of what was superseded at least so
	// long ago (0 or less: of all that is there), and up to which change. What is pinned is
	// counted too. Its Since is not set.
	VersionsSize(ctx context.Context, sc Scope, age time.Duration) (Past, error)
	// DropVersions deletes the older versions of a whole space for good that were superseded
	// up to the change upto, also those of what lies in the trash, and tells how many went.
	// The files stay as they are, and so do versions that are pinned. It takes several
	// transactions: after an error, or a crash, some may have gone.
	DropVersions(ctx context.Context, sc Scope, upto int64) (n int, err error)
	// Prune drops what of the past is to be kept no longer.
	Prune(ctx context.Context, o PruneOptions) (Pruned, error)

	// SyncPoint is now, for ChangedSince. Take it before what is to be looked at.
	SyncPoint(ctx context.Context, sc Scope) (SyncPoint, error)
	// AwaitChange waits until something has changed in the space after a moment, and returns
	// now; at once if something has, or if the moment is of another life of the store. It
	// costs nothing while nothing changes. ctx ends the wait. ErrClosed.
	AwaitChange(ctx context.Context, sc Scope, since SyncPoint) (SyncPoint, error)
	// ChangedSince lists what has changed in a folder since a moment, each file and folder as
	// it is now, at its place, or gone from where it was: its members, or with deep all that
	// is below it. What came to another place with a folder above it is listed too; what went
	// with one is not. About limit (0 or more than 10,000: that many) at once: if there is
	// more, upto is where to go on. Unchanged ones may be among them. Memory: as many, and
	// what a moved folder holds. ErrSyncPoint: look at everything again.
	ChangedSince(ctx context.Context, sc Scope, p Path, since SyncPoint, deep bool, limit int) (out []Changed, upto SyncPoint, more bool, err error)
	// Patch changes dead properties and times of a file or folder in one transaction, which
	// checks locks and conditions too, and returns the node as it is then. The content, a
	// file's ETag and its versions stay; the ETags of the folders above change. ErrNotExist,
	// ErrPropsTooLarge, ErrRoot, ErrLocked, ErrPrecondition, ErrPermission.
	Patch(ctx context.Context, sc Scope, p Path, patch Patch, c Conditions) (Node, error)
	// Touch is Patch of the modification time.
	Touch(ctx context.Context, sc Scope, p Path, t time.Time, c Conditions) (Node, error)

	// Props lists the dead properties of a node.
	Props(ctx context.Context, sc Scope, p Path) ([]Prop, error)
	// ListProps finds the dead properties of the children of p that List gave between the
	// names after (not included; "" to begin) and last (included), by node. Children
	// without any are left out.
	ListProps(ctx context.Context, sc Scope, p Path, after, last string) (map[NodeID][]Prop, error)
	// SetProps is Patch of dead properties.
	SetProps(ctx context.Context, sc Scope, p Path, patch []PropPatch, c Conditions) error

	// Lock takes a write lock. Where nothing is at p an empty file is made (created).
	// ErrLocked on conflict, ErrNoParent, ErrLockLimit.
	Lock(ctx context.Context, sc Scope, p Path, spec LockSpec) (lk Lock, created bool, err error)
	// Refresh restarts the timeout of the user's lock token, which must cover p.
	// ErrPrecondition if it does not.
	Refresh(ctx context.Context, sc Scope, p Path, token string, timeout time.Duration) (Lock, error)
	// Unlock ends the user's lock, which must cover p: ErrNotExist.
	Unlock(ctx context.Context, sc Scope, p Path, token string) error
	// Locks lists the live locks that cover p, and the path of each one's root.
	Locks(ctx context.Context, sc Scope, p Path) ([]Lock, []Path, error)
	// ListLocks finds the live locks that cover the members of a folder, all at once.
	// ErrNotExist, ErrNotFolder.
	ListLocks(ctx context.Context, sc Scope, p Path) (MemberLocks, error)

	// PutMany puts files as Put does, each of them done or refused on its own, and all that
	// are done in as few transactions as they take, after the last has arrived. next gives
	// them one after the other, at most MaxPutMany, each when the one before has been read
	// or refused, whose body then may have been left; io.EOF ends them. What next or a body
	// fails with is returned, with the results of the files before it, which are stored all
	// the same. It may be repeated: a file whose condition fails, but whose path holds a
	// file of the user's with the same content and time, is taken for stored (Same).
	PutMany(ctx context.Context, sc Scope, next func() (PutFile, error)) ([]PutResult, error)

	// CreateUpload begins an upload of one part. One of no bytes is committed in the
	// same transaction. What uploads of the account that took bytes, or were begun, within
	// the last hour have declared is taken as used, and so is of the disk what those of
	// all accounts have. ErrQuota, ErrNoSpace, ErrNoParent, ErrLocked, ErrDigest (an algorithm that
	// is not known), ErrUploadLimit…
	CreateUpload(ctx context.Context, sc Scope, spec UploadSpec) (Upload, error)
	// CreateWith is CreateUpload and AppendUpload from its beginning in one transaction, for a
	// small file whose bytes come along: less than 1 MiB, and not partial. When what was sent
	// is the file, there is never an unfinished upload. What r's failure, or the commit's refusal,
	// leaves behind is an upload as AppendUpload would leave it, unless the account has
	// MaxUploads; what is refused before leaves nothing.
	CreateWith(ctx context.Context, sc Scope, spec UploadSpec, r io.Reader) (int64, error)
	// GetUpload finds an upload of the scope's user; anybody else's is ErrNotExist.
	GetUpload(ctx context.Context, sc Scope, id UploadID) (Upload, error)
	// AppendUpload streams r onto a part at offset and returns the durable offset,
	// which counts every byte that arrived, also when r fails (then with ErrRead).
	// When the last byte of a single-part upload arrives the file is committed in
	// the same transaction; what that commit refuses is returned, the bytes are
	// kept, and the offset stays below the size. So it does when r fails or goes on
	// behind the last byte. What has arrived becomes durable every 2 s, or
	// after 32 MiB if that is half a second later at least. ErrDigest: the bytes are not those
	// that were announced, and the upload is dropped. ErrOffset, ErrBusy, ErrTooLong.
	AppendUpload(ctx context.Context, sc Scope, id UploadID, part int, offset int64, r io.Reader) (int64, error)
	// AppendChecked is AppendUpload of bytes that come to a digest: they count, and become
	// durable, once r has ended and they do. Otherwise nothing of them counts, and the
	// upload is as it was: ErrDigest, ErrRead.
	AppendChecked(ctx context.Context, sc Scope, id UploadID, part int, offset int64, r io.Reader, sum Digest) (int64, error)
	// JoinUploads commits a file made of complete partial uploads, at most MaxJoined, in
	// their order, without moving a byte of them; spec.Size is not looked at. The result is
	// finished, and so are they. What the commit refuses is returned, and they stay as they
	// are. Idempotent: the same parts for the same path, once more, are the same file.
	// ErrIncomplete: one is not complete, or not partial. ErrFinished: one is part of
	// another file. ErrDigest: the whole content is read to know.
	JoinUploads(ctx context.Context, sc Scope, spec UploadSpec, parts []UploadID) (Upload, error)
	// DeclareSize tells the size of an upload that began without one, and commits it
	// in the same transaction if that many bytes are there; what that commit refuses is
	// returned, with the bytes kept and the size not declared. ErrTooLong: more bytes
	// are there. ErrQuota, ErrNoSpace, as CreateUpload.
	DeclareSize(ctx context.Context, sc Scope, id UploadID, size int64) (Upload, error)
	// ReadUpload writes the durable bytes [off, off+n) of an unfinished upload of one part to
	// w, which must not wait for a client: memory of the budget is held while it is written
	// to. ErrOffset: so many are not durable. ErrFinished; ErrIncomplete: it has more parts.
	// What takes the upload's place meanwhile, such as its commit, may end it with an error.
	ReadUpload(ctx context.Context, sc Scope, id UploadID, w io.Writer, off, n int64) error
	// Uploads lists the unfinished uploads of the scope's user in its space, oldest
	// first, at most limit.
	Uploads(ctx context.Context, sc Scope, limit int) ([]Upload, error)
	// Resumable finds, for each of the files, the unfinished upload of the scope's user for
	// the same path, of the same size and time, that no request brings bytes of just now;
	// of several the one that has most. nil: there is none.
	Resumable(ctx context.Context, sc Scope, files []Resume) ([]*Upload, error)
	// FinishUpload commits an upload whose bytes are all there: with the size
	// declared now (size ≥ 0) or before (negative), at another place if to is not
	// the root. Idempotent. ErrIncomplete, which a partial upload always is.
	FinishUpload(ctx context.Context, sc Scope, id UploadID, to Path, size int64, c Conditions) (Written, error)
	// DropUpload discards an upload.
	DropUpload(ctx context.Context, sc Scope, id UploadID) error

	// StoreUse is what the whole store takes now, and what its last collection, or a dry run
	// of one, has found: nothing is looked at for it. It is for administrators.
	StoreUse(ctx context.Context) (StoreUse, error)

	// Accounts. Names are [a-z0-9._@-]{1,64} compared without case; password is an
	// argon2id hash made by server/auth. ErrName, ErrExist, ErrNotExist.
	AddUser(ctx context.Context, name, password string, quota int64, admin bool) (User, error)
	// AddFirstUser makes an administrator where there is no account at all: else ErrExist.
	AddFirstUser(ctx context.Context, name, password string) (User, error)
	SetPassword(ctx context.Context, u UserID, password string) error
	SetQuota(ctx context.Context, u UserID, quota int64) error
	RemoveUser(ctx context.Context, u UserID) error
	Users(ctx context.Context) ([]User, error)
	// Its Used is 0, as that of AppPasswordUser.
	UserByName(ctx context.Context, name string) (User, error)
	// UserByID finds an account that has not been removed, without Used: ErrNotExist.
	UserByID(ctx context.Context, u UserID) (User, error)
	AddAppPassword(ctx context.Context, u UserID, label string, hash [32]byte) (AppPassword, error)
	AppPasswords(ctx context.Context, u UserID) ([]AppPassword, error)
	RemoveAppPassword(ctx context.Context, u UserID, id int64) error
	// AppPasswordUser finds the account that a secret's hash belongs to.
	AppPasswordUser(ctx context.Context, hash [32]byte) (User, error)

	// AddSession keeps a session of an account, whose oldest give way above
	// MaxSessions. ErrNotExist: the account is gone, or its epoch is another.
	AddSession(ctx context.Context, ses Session) error
	// SessionUser finds a live session by the hash of its secret, and its account.
	// ErrNotExist: unknown, expired, or from before the last change of the password.
	SessionUser(ctx context.Context, hash [32]byte) (Session, User, error)
	// RenewSession gives a live session until expires.
	RenewSession(ctx context.Context, hash [32]byte, expires time.Time) error
	// DropSession ends a session; one that is not there is no error.
	DropSession(ctx context.Context, hash [32]byte) error
	// DropSessions ends all sessions of an account.
	DropSessions(ctx context.Context, u UserID) error
}
