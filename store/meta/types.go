package meta

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NodeID names an entry of a tree for ever: it survives rename, overwrite, trash
// and restore. It is positive and time-ordered (milliseconds in the high bits), so
// that a restored backup does not give an old id to a new node.
type NodeID int64

// String is the id as 16 hexadecimal digits.
func (id NodeID) String() string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	return hex.EncodeToString(b[:])
}

// SpaceID numbers a space, from 1, without gaps being promised.
type SpaceID int64

// UserID numbers an account, from 1. A removed account's number is not used again.
type UserID int64

// PackID numbers a pack, from 1; 0 is no pack.
type PackID uint64

// VersionID names one content of one node: 48 bits of milliseconds and 80 random
// bits, so that no two contents ever share one, across restores too. It is the
// strong ETag of a file.
type VersionID [16]byte

// NewVersionID makes a fresh id that sorts after the ids of earlier milliseconds.
func NewVersionID(now time.Time) VersionID {
	var v VersionID
	rand.Read(v[:])
	ms := uint64(now.UnixMilli())
	v[0], v[1], v[2] = byte(ms>>40), byte(ms>>32), byte(ms>>24)
	v[3], v[4], v[5] = byte(ms>>16), byte(ms>>8), byte(ms)
	return v
}

// String is the id as 32 hexadecimal digits.
func (v VersionID) String() string { return hex.EncodeToString(v[:]) }

// IsZero reports whether v names nothing (folders have no version).
func (v VersionID) IsZero() bool { return v == VersionID{} }

// UploadID names an unfinished upload: 128 random bits.
type UploadID [16]byte

// NewUploadID makes a random id.
func NewUploadID() UploadID {
	var u UploadID
	rand.Read(u[:])
	return u
}

// String is the id as 32 hexadecimal digits.
func (u UploadID) String() string { return hex.EncodeToString(u[:]) }

// ParseUploadID reads what String wrote.
func ParseUploadID(s string) (UploadID, bool) { return parseID(s) }

// ParseVersionID reads what String wrote.
func ParseVersionID(s string) (VersionID, bool) { return parseID(s) }

func parseID(s string) (id [16]byte, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	copy(id[:], b)
	return id, true
}

// Kind says what a node is.
type Kind uint8

// The kinds of node.
const (
	File   Kind = 1
	Folder Kind = 2
)

// Extent is a run of Count chunks of one pack, from ordinal First on, that hold
// Bytes plain bytes together.
type Extent struct {
	Pack  PackID
	First uint32
	Count uint32
	Bytes int64
}

// Ref is one record: a spilled tail or a manifest page.
type Ref struct {
	Pack    PackID
	Ordinal uint32
	Bytes   int64
}

// Manifest is the ordered content of one file. Either Extents holds all of it, or
// Pages points at records that do, each with the plain bytes that it covers.
type Manifest struct {
	Extents []Extent
	Pages   []Ref
}

// Node is an entry of a tree as it is now.
type Node struct {
	ID      NodeID
	Space   SpaceID
	Parent  NodeID
	Name    string // byte for byte as it was given
	Kind    Kind
	Since   int64 // change number that made this row
	Version VersionID
	Size    int64 // plain bytes of a file; 0 for a folder
	ModTime time.Time
	Created time.Time
	Author  UserID

	Manifest Manifest

	// Of folders: everything below, however deep.
	Bytes int64
	Files int64
	Seq   int64 // newest change number in or below the folder
	Epoch int64 // of the store, part of a folder's ETag
}

// IsFolder reports whether the node can have children.
func (n Node) IsFolder() bool { return n.Kind == Folder }

// ETag is the opaque strong entity tag, without quotes: a file's version id, or a
// folder's id with the newest change below it. It never names two contents.
func (n Node) ETag() string {
	if n.Kind == File {
		return n.Version.String()
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(n.Seq))
	binary.BigEndian.PutUint64(b[8:], uint64(n.Epoch))
	return n.ID.String() + "-" + hex.EncodeToString(b[2:8]) + "-" + hex.EncodeToString(b[12:])
}

// Version is one superseded content of a node.
type Version struct {
	ID       VersionID
	Node     NodeID
	Space    SpaceID
	Size     int64
	ModTime  time.Time
	Created  time.Time
	Author   UserID
	Manifest Manifest
	Since    int64 // change that made it current
	Until    int64 // change that superseded it
}

// OldVersion is a superseded content, as retention looks at it.
type OldVersion struct {
	ID           VersionID
	Node         NodeID
	Space        SpaceID
	Size         int64
	Since, Until int64
	At           time.Time // when it was superseded; zero: the change log does not go back so far
}

// OldRow is a superseded row of a node, true for change numbers Since <= n < Until.
type OldRow struct {
	Node         NodeID
	Since, Until int64
	Version      VersionID // that a file had then
}

// Trashed is a removed node that can be restored.
type Trashed struct {
	Node    NodeID
	Space   SpaceID
	Parent  NodeID // where it was
	Name    string // what it was called there
	Deleted time.Time
	By      UserID
	Seq     int64
}

// User is an account. Each has one space of its own.
type User struct {
	ID       UserID
	Name     string // as given; compared without case
	Password string // argon2id in PHC form; empty: no password sign-in
	Admin    bool
	Created  time.Time
	Epoch    int64 // raised by each password change: ends sessions and caches
	Space    SpaceID
	Quota    int64 // bytes of current content; 0 is unlimited
	Used     int64 // bytes of current content
}

// AppPassword is a machine-made password of an account.
type AppPassword struct {
	ID      int64
	User    UserID
	Label   string
	Hash    [32]byte // SHA-256 of the secret (128 random bits, so no slow hash is needed)
	Created time.Time
}

// Lock is a WebDAV write lock on a node.
type Lock struct {
	Token    string // urn:uuid:…
	Space    SpaceID
	Node     NodeID
	Infinite bool // depth infinity; else depth 0
	Shared   bool
	Owner    string // the client's owner element, inner XML
	User     UserID
	UserName string
	Created  time.Time
	Timeout  time.Duration // as granted
	Expires  time.Time
}

// PropName is the expanded name of a dead property.
type PropName struct{ Space, Local string }

// Prop is a dead property: what a client stored on a node for itself.
type Prop struct {
	Name  PropName
	Lang  string
	Value []byte // inner XML, as given
}

// Part is one piece of an upload with its own durable offset.
type Part struct {
	Number   int
	Offset   int64 // plain bytes that are durable
	Manifest Manifest
	Tail     []Ref  // durable bytes after the last border, in order
	State    []byte // of the cutter, which is in the middle of a chunk; opaque here
}

// Upload is unfinished (or lately finished) incoming content.
type Upload struct {
	ID       UploadID
	Space    SpaceID
	User     UserID
	Root     NodeID // of the scope that Path is relative to
	Path     string
	Size     int64 // declared bytes; -1: not yet declared
	ModTime  time.Time
	Meta     []byte // the door's own metadata, opaque here
	Guard    []byte // preconditions, encoded by the store
	Created  time.Time
	Expires  time.Time
	Parts    []Part
	Finished bool
	Node     NodeID // once finished
	Version  VersionID
}

// Partial reports whether the upload is a part of a file only: it has no place of its own.
func (u *Upload) Partial() bool { return u.Path == "" }

// Offset is the durable offset of an upload of one part as clients are told it: it
// stays below the size until the file is committed, so that a complete upload whose
// commit was refused is not taken for a file that is there. A partial one is no file.
func (u *Upload) Offset() int64 {
	if len(u.Parts) == 0 {
		return 0
	}
	at := u.Parts[0].Offset
	if !u.Finished && !u.Partial() && u.Size > 0 && at >= u.Size {
		return u.Size - 1
	}
	return at
}

// ChangeKind says what happened to a node.
type ChangeKind uint8

// The kinds of change.
const (
	Created  ChangeKind = 1
	Written  ChangeKind = 2
	Moved    ChangeKind = 3
	Removed  ChangeKind = 4
	Restored ChangeKind = 5
	Patched  ChangeKind = 6 // dead properties
)

// Change is one entry of a space's change log. A folder's entry stands for its
// whole subtree.
type Change struct {
	Space  SpaceID
	Seq    int64
	Node   NodeID
	Parent NodeID
	Kind   ChangeKind
	Author UserID
	At     time.Time
}
