package meta

// The fields of each op, in the order of the format (store/pack/FORMAT.md, Commit
// payload). A field may only ever be added at the end.

func (o *PutSpace) fields(c *coder) {
	num(c, &o.ID)
	num(c, &o.Owner)
	c.str(&o.Name)
	num(c, &o.Root)
	num(c, &o.Trash)
	c.i64(&o.Quota)
	c.when(&o.Created)
	c.flag(&o.Removed)
}

func (o *PutSpaceSeq) fields(c *coder) {
	num(c, &o.Space)
	c.i64(&o.Seq)
}

func (o *PutAccount) fields(c *coder) {
	num(c, &o.ID)
	c.str(&o.Name)
	c.str(&o.Password)
	c.flag(&o.Admin)
	c.when(&o.Created)
	c.i64(&o.Epoch)
	num(c, &o.User.Space)
	c.flag(&o.Removed)
}

func (o *PutAppPassword) fields(c *coder) {
	c.i64(&o.ID)
	num(c, &o.User)
	c.str(&o.Label)
	c.fixed(o.Hash[:])
	c.when(&o.Created)
}

func (o *DropAppPassword) fields(c *coder) { c.i64(&o.ID) }

func (o *PutSession) fields(c *coder) {
	c.fixed(o.Hash[:])
	num(c, &o.User)
	c.fixed(o.Token[:])
	c.i64(&o.Epoch)
	c.when(&o.Created)
	c.when(&o.Expires)
}

func (o *DropSession) fields(c *coder) { c.fixed(o.Hash[:]) }

// node codes what a current and a superseded row share.
func (c *coder) node(n *Node, key *string) {
	num(c, &n.ID)
	num(c, &n.Space)
	num(c, &n.Parent)
	c.str(key)
	c.str(&n.Name)
	num(c, &n.Kind)
	c.i64(&n.Since)
	if n.Kind == File {
		c.fixed(n.Version[:])
	}
	c.i64(&n.Size)
	c.when(&n.ModTime)
	c.when(&n.Created)
	num(c, &n.Author)
}

func (c *coder) manifest(m *Manifest) {
	var b []byte
	if !c.reading {
		b = m.Encode()
	}
	c.bytes(&b)
	if c.reading && c.err == nil {
		*m, c.err = DecodeManifest(b)
	}
}

func (o *PutNode) fields(c *coder) {
	c.node(&o.Node, &o.Key)
	c.manifest(&o.Manifest)
}

func (o *DropNode) fields(c *coder) { num(c, &o.ID) }

func (o *PutFolder) fields(c *coder) {
	num(c, &o.Node)
	c.i64(&o.Bytes)
	c.i64(&o.Files)
	c.i64(&o.Seq)
}

func (o *PutPast) fields(c *coder) {
	c.node(&o.Node, &o.Key)
	c.i64(&o.Until)
}

func (o *PutVersion) fields(c *coder) {
	c.fixed(o.ID[:])
	num(c, &o.Node)
	num(c, &o.Space)
	c.i64(&o.Size)
	c.when(&o.ModTime)
	num(c, &o.Author)
	c.i64(&o.Since)
	c.i64(&o.Until)
	c.manifest(&o.Manifest)
}

func (o *DropVersion) fields(c *coder) { c.fixed(o.ID[:]) }

func (o *PutTrash) fields(c *coder) {
	num(c, &o.Node)
	num(c, &o.Space)
	num(c, &o.Parent)
	c.str(&o.Name)
	c.when(&o.Deleted)
	num(c, &o.By)
	c.i64(&o.Seq)
}

func (o *DropTrash) fields(c *coder) { num(c, &o.Node) }

func (o *PutChange) fields(c *coder) {
	num(c, &o.Space)
	c.i64(&o.Seq)
	num(c, &o.Node)
	num(c, &o.Parent)
	num(c, &o.Kind)
	num(c, &o.Author)
	c.when(&o.At)
}

func (o *PutUpload) fields(c *coder) {
	c.fixed(o.ID[:])
	num(c, &o.Space)
	num(c, &o.User)
	num(c, &o.Root)
	c.str(&o.Path)
	c.i64(&o.Size)
	c.when(&o.ModTime)
	c.bytes(&o.Meta)
	c.bytes(&o.Guard)
	c.when(&o.Created)
	c.when(&o.Expires)
	c.flag(&o.Finished)
	num(c, &o.Node)
	c.fixed(o.Version[:])
}

func (o *DropUpload) fields(c *coder) { c.fixed(o.ID[:]) }

func (o *PutPart) fields(c *coder) {
	c.fixed(o.Upload[:])
	num(c, &o.Number)
	c.i64(&o.Offset)
	c.manifest(&o.Manifest)
	many(c, &o.Tail, codeRef)
	c.bytes(&o.State)
}

func (o *PutLock) fields(c *coder) {
	c.str(&o.Token)
	num(c, &o.Space)
	num(c, &o.Node)
	c.flag(&o.Infinite)
	c.flag(&o.Shared)
	c.str(&o.Owner)
	num(c, &o.User)
	c.when(&o.Created)
	num(c, &o.Timeout)
	c.when(&o.Expires)
}

func (o *DropLock) fields(c *coder) { c.str(&o.Token) }

func (o *PutProp) fields(c *coder) {
	num(c, &o.Node)
	c.str(&o.Name.Space)
	c.str(&o.Name.Local)
	c.str(&o.Lang)
	c.bytes(&o.Value)
}

func (o *DropProp) fields(c *coder) {
	num(c, &o.Node)
	c.str(&o.Name.Space)
	c.str(&o.Name.Local)
}

func (o *PutPack) fields(c *coder) {
	num(c, &o.ID)
	c.i64(&o.Object)
	c.i64(&o.At)
	c.i64(&o.Bytes)
	c.i64(&o.Records)
	c.when(&o.Sealed)
	c.str(&o.Pack.Name)
}

func (o *PutEpoch) fields(c *coder) { c.i64(&o.Epoch) }

func (o *DropPast) fields(c *coder) {
	num(c, &o.Node)
	c.i64(&o.From)
	c.i64(&o.To)
}

func (o *DropChanges) fields(c *coder) {
	num(c, &o.Space)
	c.i64(&o.Upto)
}

func (o *PutWatch) fields(c *coder) {
	c.when(&o.Seen)
	c.when(&o.Since)
}

func (o *PutVersionOwner) fields(c *coder) {
	num(c, &o.From)
	num(c, &o.To)
}

func (o *DropPack) fields(c *coder) { num(c, &o.ID) }

func (o *PutCheckpoint) fields(c *coder) {
	num(c, &o.LSN)
	many(c, &o.Records, codeRef)
}

func (o *PutSnapshot) fields(c *coder) {
	num(c, &o.ID)
	num(c, &o.Space)
	c.i64(&o.Seq)
	c.str(&o.Name)
	num(c, &o.Author)
	c.when(&o.Created)
}

func (o *DropSnapshot) fields(c *coder) { num(c, &o.ID) }

func (o *PutHeir) fields(c *coder) {
	num(c, &o.Node)
	num(c, &o.Taker)
}
