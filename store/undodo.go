package store

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"cairn/store/meta"
)

// These are what an undo leaves alone, and why.
var (
	errChangedSince = errors.New("it has changed since")
	errNoContent    = errors.New("what it held is not kept any more")
	errNoFolder     = errors.New("the folder that it was in is not there")
	errTaken        = errors.New("its name is taken by something newer")
	errElsewhere    = errors.New("it was elsewhere then, and stays")
)

// refusal reports whether an error is about one node only.
func refusal(err error) bool {
	return errors.Is(err, ErrLocked) || errors.Is(err, errNoContent) || errors.Is(err, errNoFolder) || errors.Is(err, errTaken) ||
		errors.Is(err, errChangedSince) || errors.Is(err, ErrIntoItself)
}

// remove puts a node into the trash that was not there then.
func (u *undoing) remove(t *undoTx, id NodeID) error {
	n, ok, err := t.NodeByID(id)
	if err != nil || !ok {
		return err
	}
	sp, err := u.spotOf(&t.Reader, id)
	if err != nil || sp.entry == id || !sp.live && !sp.trashed {
		return err
	}
	if sp.trashed && !u.all && !u.placed[sp.entry] {
		return nil // it went with the folder that it was made in
	}
	if sp.live {
		if u.others(t, n.Since) || n.IsFolder() && u.others(t, n.Seq) {
			t.did.left(id, n.Name, errChangedSince)
			return nil
		}
		if err := u.mayMove(t, n); refusal(err) {
			t.did.left(id, n.Name, err)
			return nil
		} else if err != nil {
			return err
		}
	}
	t.did.Trashed++
	return toTrash(t.Tx, u.sc, t.locks, n)
}

// shrink gives a file what it held if that takes less, wherever it is.
func (u *undoing) shrink(t *undoTx, id NodeID) error {
	was, ok, err := t.NodeAt(id, u.seq)
	if err != nil || !ok || was.IsFolder() {
		return err
	}
	now, ok, err := t.NodeByID(id)
	if err != nil || !ok || was.Size >= now.Size || u.others(t, now.Since) {
		return err
	}
	sp, err := u.spotOf(&t.Reader, id)
	if err != nil || !sp.live || !sp.top {
		return err
	}
	parent, ok, err := t.NodeByID(now.Parent)
	if err == nil && ok {
		err = u.fill(t, was, now, parent)
	}
	if refusal(err) { // place tells
		return nil
	}
	return err
}

// mayMove asks the locks whether a node may leave its place.
func (u *undoing) mayMove(t *undoTx, n Node) error {
	if len(t.locks) == 0 {
		return nil
	}
	pl, err := u.placeOf(&t.Reader, n)
	if err == nil {
		err = t.locks.allowName(u.sc, u.c.Tokens, &pl)
	}
	if err == nil {
		err = t.locks.allowSubtree(&t.Reader, u.sc, u.c.Tokens, &pl)
	}
	return err
}

// mayEnter asks the locks whether a folder may get a member.
func (u *undoing) mayEnter(t *undoTx, folder Node) error {
	if len(t.locks) == 0 {
		return nil
	}
	pl, err := u.placeOf(&t.Reader, folder)
	if err == nil {
		err = t.locks.allowContent(u.sc, u.c.Tokens, pl.line(), pl.path)
	}
	return err
}

// place puts a node where it was, with what it held.
func (u *undoing) place(t *undoTx, id NodeID) error {
	was, ok, err := t.NodeAt(id, u.seq)
	if err != nil {
		return err
	}
	if !ok {
		t.did.left(id, id.String(), errNoContent)
		return nil
	}
	if err := u.placeAs(t, was); refusal(err) && id != u.first {
		t.did.left(id, was.Name, err)
		return nil
	} else if err != nil {
		return err
	}
	return nil
}

func (u *undoing) placeAs(t *undoTx, was Node) error {
	parent, ok, err := t.NodeByID(u.folder(t, was.Parent))
	if err != nil {
		return err
	}
	if !ok || !parent.IsFolder() {
		return errNoFolder
	}
	to, err := u.spotOf(&t.Reader, parent.ID)
	if err != nil {
		return err
	}
	if !to.live {
		return errNoFolder
	}
	now, exists, err := t.NodeByID(was.ID)
	if err != nil {
		return err
	}
	if exists && u.others(t, now.Since) {
		return errChangedSince
	}
	at, err := u.spotOf(&t.Reader, was.ID)
	if err != nil {
		return err
	}
	if parent.ID == was.ID || slices.Contains(to.above, was.ID) {
		return ErrIntoItself
	}
	if was.ID != u.first && slices.Contains(at.above, u.folder(t, u.first)) {
		at.top = true // it came along
	}
	if !at.trashed && !(at.live && at.top) { // it is gone, or stays where it is
		return u.again(t, was, parent, now, exists)
	}
	if now.Parent != parent.ID || now.Name != was.Name || at.entry == was.ID {
		if now, err = u.bring(t, was, now, parent, at); err != nil {
			return err
		}
	}
	return u.fill(t, was, now, parent)
}

// giveWay has what is at the name of a node go to the trash, if it may. bytes are what the
// space will grow by else.
func (u *undoing) giveWay(t *undoTx, was, parent Node, bytes int64) error {
	other, taken, err := t.Node(parent.ID, keyOf(was.Name))
	if err != nil {
		return err
	}
	taken = taken && other.ID != was.ID
	if taken {
		if !u.all && !u.planned[other.ID] || u.others(t, other.Since) || other.IsFolder() && u.others(t, other.Seq) {
			return errTaken
		}
		if err := u.mayMove(t, other); err != nil {
			return err
		}
		less, _, err := weight(t.Tx, other)
		if err != nil {
			return err
		}
		bytes -= less
	}
	if err := u.mayEnter(t, parent); err != nil {
		return err
	}
	if err := allowGrowth(t.Tx, u.sc.Space, max(bytes, 0)); err != nil || !taken {
		return err
	}
	return toTrash(t.Tx, u.sc, t.locks, other)
}

// bring moves a node to where it was.
func (u *undoing) bring(t *undoTx, was, n, parent Node, at spot) (Node, error) {
	bytes, files, err := weight(t.Tx, n)
	if err != nil {
		return n, err
	}
	grown, key, kind := int64(0), keyOf(n.Name), meta.Moved
	switch {
	case at.trashed:
		grown, kind = bytes, meta.Restored
		if at.entry == n.ID {
			key = n.ID.String()
		}
	default:
		if err := u.mayMove(t, n); err != nil {
			return n, err
		}
	}
	if err := u.giveWay(t, was, parent, grown); err != nil {
		return n, err
	}
	if !at.trashed {
		if err := t.locks.end(t.Tx, n); err != nil {
			return n, err
		}
	}
	seq, err := t.NextSeq(u.sc.Space)
	if err != nil {
		return n, err
	}
	if err := t.Apply(&meta.PutPast{Node: n, Key: key, Until: seq}); err != nil {
		return n, err
	}
	from := n.Parent
	n.Parent, n.Name, n.Since = parent.ID, was.Name, seq
	t.AddSum(from, -bytes, -files, seq)
	t.AddSum(n.Parent, bytes, files, seq)
	if n.IsFolder() {
		t.AddSum(n.ID, 0, 0, seq)
	}
	t.did.Placed++
	ops := []meta.Op{&meta.PutNode{Node: n, Key: keyOf(n.Name)}, change(t.Tx, u.sc, n, seq, kind)}
	if at.entry == n.ID {
		ops = append(ops, &meta.DropTrash{Node: n.ID})
	}
	return n, t.Apply(ops...)
}

// fill gives a node in its place what it held, and its time.
func (u *undoing) fill(t *undoTx, was, now, parent Node) error {
	m := now.Manifest
	if was.Version != now.Version {
		var ok bool
		var err error
		if m, ok, err = t.ManifestOf(was.ID, was.Version); err != nil {
			return err
		}
		if !ok && was.Size > 0 {
			return errNoContent
		}
	}
	same := was.IsFolder() || was.Size == now.Size && reflect.DeepEqual(m, now.Manifest)
	created := was.Created
	if was.ID != now.ID || created.Equal(now.Created) {
		created = time.Time{} // as it is
	}
	if same && was.ModTime.Equal(now.ModTime) && created.IsZero() {
		return nil
	}
	if len(t.locks) > 0 {
		pl, err := u.placeOf(&t.Reader, now)
		if err == nil {
			err = t.locks.allowContent(u.sc, u.c.Tokens, pl.line(), pl.path)
		}
		if err != nil {
			return err
		}
	}
	if !same {
		if err := allowGrowth(t.Tx, u.sc.Space, was.Size-now.Size); err != nil {
			return err
		}
		t.did.Written++
		pl := place{path: Path(now.Name), above: []Node{parent}, node: now, exists: true}
		w, err := writeFile(t.Tx, u.sc, &pl, content{m, was.Size, was.ModTime})
		if err == nil && !created.IsZero() {
			_, err = retime(t.Tx, u.sc, w.Node, time.Time{}, created)
		}
		return err
	}
	t.did.Written++
	_, err := retime(t.Tx, u.sc, now, was.ModTime, created)
	return err
}

// again makes a node that is not there any more, or is elsewhere and stays there: with its id
// if nothing else has that.
func (u *undoing) again(t *undoTx, was, parent, now Node, exists bool) error {
	if there, ok, err := t.Node(parent.ID, keyOf(was.Name)); err != nil {
		return err
	} else if ok && there.Name == was.Name && there.Kind == was.Kind {
		if was.IsFolder() && (u.all || u.planned[there.ID]) {
			if may, err := u.mayStand(&t.Reader, there.ID); err != nil {
				return err
			} else if may {
				t.made[was.ID] = there.ID
				return u.fill(t, was, there, parent)
			}
		}
		if !was.IsFolder() {
			m, ok, err := t.ManifestOf(was.ID, was.Version)
			if err != nil {
				return err
			}
			if ok && there.Size == was.Size && there.ModTime.Equal(was.ModTime) && reflect.DeepEqual(m, there.Manifest) {
				if may, err := u.mayStand(&t.Reader, there.ID); err != nil || may { // else it goes back itself
					return err
				}
			}
		}
	}
	if was.IsFolder() && !u.makes[was.ID] { // it has gone since the plan, which knows only what had changed in it
		return errChangedSince
	}
	n := Node{ID: was.ID, Space: u.sc.Space, Parent: parent.ID, Name: was.Name, Kind: was.Kind, ModTime: was.ModTime, Created: was.Created,
		Author: u.sc.User, Size: was.Size}
	files := int64(0)
	if !was.IsFolder() {
		var ok bool
		var err error
		if n.Manifest, ok, err = t.ManifestOf(was.ID, was.Version); err != nil {
			return err
		}
		if !ok {
			return errNoContent
		}
		n.Version, files = meta.NewVersionID(t.Now()), 1
	}
	if err := u.giveWay(t, was, parent, n.Size); err != nil {
		return err
	}
	_, merged, err := t.Heir(was.ID)
	if err != nil {
		return err
	}
	fresh := merged || exists && !(now.Parent == 0 && now.Name == heldPrefix+now.ID.String())
	if fresh {
		n.ID = t.NewNodeID()
	}
	if n.Since, err = t.NextSeq(u.sc.Space); err != nil {
		return err
	}
	n.Seq = n.Since
	if err := t.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name), Fresh: fresh}); err != nil {
		return err
	}
	if n.IsFolder() {
		t.made[was.ID] = n.ID
		if err := t.Apply(&meta.PutFolder{Node: n.ID, Seq: n.Since}); err != nil {
			return err
		}
	}
	t.did.Placed++
	t.AddSum(parent.ID, n.Size, files, n.Since)
	if err := t.Apply(change(t.Tx, u.sc, n, n.Since, meta.Restored)); err != nil {
		return fmt.Errorf("log it: %w", err)
	}
	return nil
}
