package meta

import "time"

// Op is a typed operation: the image of one row as it is to be, or the key of one
// that is to go. Live commits, replay and rebuild apply the same ops through the
// same function, so applying one again changes nothing.
type Op interface {
	kind() opKind
	fields(*coder)
}

type opKind uint8

// The kinds of op, fixed by the format. A new one gets a new number.
const (
	opSpace       opKind = 1
	opSpaceSeq    opKind = 2
	opAccount     opKind = 3
	opAppPassword opKind = 4
	opAppPassGone opKind = 5
	opSession     opKind = 6
	opSessionGone opKind = 7
	opNode        opKind = 8
	opNodeGone    opKind = 9
	opFolder      opKind = 10
	opPast        opKind = 11
	opVersion     opKind = 12
	opVersionGone opKind = 13
	opTrash       opKind = 14
	opTrashGone   opKind = 15
	opChange      opKind = 16
	opUpload      opKind = 17
	opUploadGone  opKind = 18
	opPart        opKind = 19
	opLock        opKind = 20
	opLockGone    opKind = 21
	opProp        opKind = 22
	opPropGone    opKind = 23
	opPack        opKind = 24
	opVersions    opKind = 25
	opEpoch       opKind = 26
	opPackGone    opKind = 27
	opCheckpoint  opKind = 32
	opPastGone    opKind = 28
	opChangesGone opKind = 29
	opWatch       opKind = 30
	opSnapshot    opKind = 33
	opSnapGone    opKind = 34
	opHeir        opKind = 35
)

// newOp makes an empty op to decode into; nil for an unknown kind.
func newOp(k opKind) Op {
	switch k {
	case opSpace:
		return &PutSpace{}
	case opSpaceSeq:
		return &PutSpaceSeq{}
	case opAccount:
		return &PutAccount{}
	case opAppPassword:
		return &PutAppPassword{}
	case opAppPassGone:
		return &DropAppPassword{}
	case opSession:
		return &PutSession{}
	case opSessionGone:
		return &DropSession{}
	case opNode:
		return &PutNode{}
	case opNodeGone:
		return &DropNode{}
	case opFolder:
		return &PutFolder{}
	case opPast:
		return &PutPast{}
	case opVersion:
		return &PutVersion{}
	case opVersionGone:
		return &DropVersion{}
	case opTrash:
		return &PutTrash{}
	case opTrashGone:
		return &DropTrash{}
	case opChange:
		return &PutChange{}
	case opUpload:
		return &PutUpload{}
	case opUploadGone:
		return &DropUpload{}
	case opPart:
		return &PutPart{}
	case opLock:
		return &PutLock{}
	case opLockGone:
		return &DropLock{}
	case opProp:
		return &PutProp{}
	case opPropGone:
		return &DropProp{}
	case opPack:
		return &PutPack{}
	case opVersions:
		return &PutVersionOwner{}
	case opEpoch:
		return &PutEpoch{}
	case opPackGone:
		return &DropPack{}
	case opCheckpoint:
		return &PutCheckpoint{}
	case opPastGone:
		return &DropPast{}
	case opChangesGone:
		return &DropChanges{}
	case opWatch:
		return &PutWatch{}
	case opSnapshot:
		return &PutSnapshot{}
	case opSnapGone:
		return &DropSnapshot{}
	case opHeir:
		return &PutHeir{}
	}
	return nil
}

// Space is a tree with its own quota and change sequence.
type Space struct {
	ID      SpaceID
	Owner   UserID
	Name    string
	Root    NodeID
	Trash   NodeID
	Quota   int64
	Created time.Time
	Removed bool
	Seq     int64 // kept by PutSpaceSeq
}

// Row images, and the keys of rows that go.
type (
	// PutSpace keeps the space's row, except its sequence.
	PutSpace struct{ Space }
	// PutSpaceSeq raises the space's newest change number.
	PutSpaceSeq struct {
		Space SpaceID
		Seq   int64
	}
	// PutAccount keeps an account. Removed accounts stay as rows without a key.
	PutAccount struct {
		User
		Removed bool
	}
	// PutAppPassword keeps an app password.
	PutAppPassword struct{ AppPassword }
	// DropAppPassword ends one.
	DropAppPassword struct{ ID int64 }
	// PutSession keeps a browser session.
	PutSession struct{ Session }
	// DropSession ends one.
	DropSession struct{ Hash [32]byte }
	// PutNode keeps a node's row. Key is the NFC form of the name, or, above the
	// roots of spaces and inside trash folders, the node's id.
	PutNode struct {
		Node
		Key string
		// Fresh says that the id has no row yet, which saves a look, and Free that the place
		// has none either: whoever says that of a place that is taken stops the store (late).
		// Not encoded.
		Fresh, Free bool
	}
	// DropNode removes a node's row.
	DropNode struct{ ID NodeID }
	// PutFolder keeps a folder's sums.
	PutFolder struct {
		Node  NodeID
		Bytes int64
		Files int64
		Seq   int64
	}
	// PutPast keeps a superseded row: the node as it was, and the change that ended it.
	PutPast struct {
		Node
		Key   string
		Until int64
	}
	// PutVersion keeps a superseded content.
	PutVersion struct{ Version }
	// PutVersionOwner gives all superseded contents of one node to another.
	PutVersionOwner struct{ From, To NodeID }
	// DropVersion forgets one.
	DropVersion struct{ ID VersionID }
	// PutTrash says where a node in the trash was.
	PutTrash struct{ Trashed }
	// DropTrash ends that.
	DropTrash struct{ Node NodeID }
	// PutChange appends to a space's change log.
	PutChange struct{ Change }
	// PutUpload keeps an upload, without its parts.
	PutUpload struct{ Upload }
	// DropUpload forgets an upload and its parts.
	DropUpload struct{ ID UploadID }
	// PutPart keeps one part of an upload.
	PutPart struct {
		Upload UploadID
		Part
	}
	// PutLock keeps a lock.
	PutLock struct{ Lock }
	// DropLock ends one.
	DropLock struct{ Token string }
	// PutProp keeps a dead property.
	PutProp struct {
		Node NodeID
		Prop
	}
	// DropProp removes one; with an empty name, all of the node.
	DropProp struct {
		Node NodeID
		Name PropName
	}
	// PutPack registers a sealed pack and the object that holds it.
	PutPack struct{ Pack }
	// PutEpoch raises the epoch of the store.
	PutEpoch struct{ Epoch int64 }
	// DropPack forgets a pack that is about to be deleted, or to be merged.
	DropPack struct{ ID PackID }
	// PutCheckpoint says which checkpoint is the newest that is whole and durable.
	PutCheckpoint struct{ Checkpoint }
	// DropPast forgets the superseded rows of a node with From <= since < To.
	DropPast struct {
		Node     NodeID
		From, To int64
	}
	// DropChanges forgets the entries of a space's change log up to a number.
	DropChanges struct {
		Space SpaceID
		Upto  int64
	}
	// PutWatch keeps what retention knows of the clock, in the one row that there is.
	PutWatch struct{ Watch }
	// PutSnapshot keeps a snapshot.
	PutSnapshot struct{ Snapshot }
	// DropSnapshot forgets one.
	DropSnapshot struct{ ID SnapshotID }
	// PutHeir says that the contents of a node that is no more are another's, and those that
	// it had taken over too. It is forgotten with the last superseded row of the node.
	PutHeir struct{ Node, Taker NodeID }
)

// Session is a signed-in browser.
type Session struct {
	Hash    [32]byte
	User    UserID
	Token   [32]byte
	Epoch   int64
	Created time.Time
	Expires time.Time
}

// Checkpoint is a copy of all rows in the packs. With it, commits up to its number are not
// needed any more.
type Checkpoint struct {
	LSN     uint64 // of the newest commit that it has; 0: there is none
	Records []Ref  // in their order; Bytes are those of the payload
}

// Bytes is the payload of all its records.
func (c *Checkpoint) Bytes() (n int64) {
	for _, r := range c.Records {
		n += r.Bytes
	}
	return n
}

// Watch is what retention knows of the clock.
type Watch struct {
	Seen  time.Time // when it was looked at last
	Since time.Time // since when it is known to have gone on evenly; zero: always
}

// Pack is a sealed pack.
type Pack struct {
	ID      PackID
	Object  int64
	At      int64
	Bytes   int64
	Records int64
	Sealed  time.Time
	Name    string // of the object
}

func (*PutSpace) kind() opKind        { return opSpace }
func (*PutSpaceSeq) kind() opKind     { return opSpaceSeq }
func (*PutAccount) kind() opKind      { return opAccount }
func (*PutAppPassword) kind() opKind  { return opAppPassword }
func (*DropAppPassword) kind() opKind { return opAppPassGone }
func (*PutSession) kind() opKind      { return opSession }
func (*DropSession) kind() opKind     { return opSessionGone }
func (*PutNode) kind() opKind         { return opNode }
func (*DropNode) kind() opKind        { return opNodeGone }
func (*PutFolder) kind() opKind       { return opFolder }
func (*PutPast) kind() opKind         { return opPast }
func (*PutVersion) kind() opKind      { return opVersion }
func (*DropVersion) kind() opKind     { return opVersionGone }
func (*PutTrash) kind() opKind        { return opTrash }
func (*DropTrash) kind() opKind       { return opTrashGone }
func (*PutChange) kind() opKind       { return opChange }
func (*PutUpload) kind() opKind       { return opUpload }
func (*DropUpload) kind() opKind      { return opUploadGone }
func (*PutPart) kind() opKind         { return opPart }
func (*PutLock) kind() opKind         { return opLock }
func (*DropLock) kind() opKind        { return opLockGone }
func (*PutProp) kind() opKind         { return opProp }
func (*DropProp) kind() opKind        { return opPropGone }
func (*PutPack) kind() opKind         { return opPack }
func (*PutVersionOwner) kind() opKind { return opVersions }
func (*PutEpoch) kind() opKind        { return opEpoch }
func (*DropPack) kind() opKind        { return opPackGone }
func (*PutCheckpoint) kind() opKind   { return opCheckpoint }
func (*DropPast) kind() opKind        { return opPastGone }
func (*DropChanges) kind() opKind     { return opChangesGone }
func (*PutWatch) kind() opKind        { return opWatch }
func (*PutSnapshot) kind() opKind     { return opSnapshot }
func (*DropSnapshot) kind() opKind    { return opSnapGone }
func (*PutHeir) kind() opKind         { return opHeir }
