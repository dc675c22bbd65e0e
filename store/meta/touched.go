package meta

// touched is what a batch changes, as far as the cache wants to know.
type touched struct {
	ops               int // that were noted
	who, locks, props bool
	rows, sums        []NodeID
	other             bool // something that is not known here
}

// note is told every op of the batch.
func (t *touched) note(op Op) {
	t.ops++
	switch o := op.(type) {
	case *PutNode:
		t.rows = append(t.rows, o.ID)
	case *DropNode:
		t.rows = append(t.rows, o.ID)
	case *PutFolder:
		t.sums = append(t.sums, o.Node)
	case *PutProp:
		t.props, t.rows = true, append(t.rows, o.Node)
	case *DropProp:
		t.props, t.rows = true, append(t.rows, o.Node)
	case *PutSpace, *PutAccount, *PutAppPassword, *DropAppPassword:
		t.who = true
	case *PutLock, *DropLock:
		t.locks = true
	case *PutSpaceSeq, *PutSession, *DropSession, *PutPast, *PutVersion, *PutVersionOwner, *DropVersion, *PutTrash, *DropTrash,
		*PutChange, *PutUpload, *DropUpload, *PutPart, *PutPack, *DropPack, *PutCheckpoint, *DropPast, *DropChanges, *PutWatch,
		*PutSnapshot, *DropSnapshot, *PutHeir:
		// nothing of these is cached
	default:
		t.other = true
	}
}

// committed is called after each COMMIT, before anybody is told of it; lastID is the
// newest node id before the batch. See cache.
func (d *DB) committed(tx *Tx, lastID NodeID) {
	c, t, g := &d.cache, &tx.touched, d.gen.Load()+1
	if t.other || t.ops != tx.ops {
		c.all.Store(g)
	}
	if t.who {
		c.who.Store(g)
	}
	if t.locks {
		c.locks.Store(g)
	}
	if t.props {
		c.props.Store(g)
	}
	for _, id := range t.rows {
		if id <= lastID {
			c.rows[nodeMark(id)].Store(g)
		}
	}
	for _, id := range t.sums {
		if id <= lastID {
			c.sums[nodeMark(id)].Store(g)
		}
	}
	d.gen.Store(g)
}
