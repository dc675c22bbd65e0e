package meta

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"
)

// tree is the model that TestLateRowsAreThere compares with: folders by index, files
// by name in each.
type tree struct {
	folders []NodeID
	parents []int
	files   []map[string]Node
}

// TestLateRowsAreThere runs random changes in full batches. Whatever waits in memory
// or is remembered there, each plan must see what those before it did, a plan that
// fails must leave nothing, the sums must be right, and the records must lead to the
// same rows in an empty database.
func TestLateRowsAreThere(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("CAIRN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("CAIRN_SEED=%d go test ./store/meta -run TestLateRowsAreThere", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	log := &memLog{}
	d := started(t, log)
	m := &tree{}
	if err := d.Commit(t.Context(), nil, func(tx *Tx) error {
		root, err := putSpace(tx)
		*m = tree{[]NodeID{root}, []int{-1}, []map[string]Node{{}}}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for range 60 {
		commitTogether(t, d, 1+rnd.IntN(40), func() (plan func(*Tx) error, want error) { return m.random(t, rnd) })
	}
	d.View(t.Context(), func(r *Reader) error { m.compare(t, r); return nil })
	again := open(t, &memLog{}, "again.db")
	replayAll(t, again, log.records)
	if got, want := dump(t, again), dump(t, d); got != want {
		t.Errorf("replayed rows differ:\n%s\nlive:\n%s", got, want)
	}
}

// commitTogether commits n plans, all of which wait when the batch begins.
func commitTogether(t *testing.T, d *DB, n int, next func() (func(*Tx) error, error)) {
	t.Helper()
	begun, block := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		d.Commit(context.Background(), nil, func(*Tx) error {
			select {
			case <-begun:
			default:
				close(begun)
			}
			<-block
			return nil
		})
	})
	<-begun
	for i := range n {
		plan, want := next()
		wg.Go(func() {
			err := d.Commit(context.Background(), nil, plan)
			if want == errFault && err != nil && !errors.Is(err, ErrStopped) {
				return
			}
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
		for len(d.queue) != i+1 {
			time.Sleep(10 * time.Microsecond)
		}
	}
	close(block)
	wg.Wait()
}

var (
	errRefused = errors.New("refused")
	errFault   = errors.New("any error of the database")
)

// random is one change of the model and the plan that makes it. A plan may run twice,
// so it must not touch the model.
func (m *tree) random(t *testing.T, rnd *rand.Rand) (func(*Tx) error, error) {
	in := rnd.IntN(len(m.folders))
	name := fmt.Sprintf("f%02d", rnd.IntN(20))
	late := rnd.IntN(10) == 0 // fails after it has applied something
	was, there := m.files[in][name]
	var err error
	if late {
		err = errRefused
	}
	what := rnd.IntN(20)
	switch {
	case what == 0 && !late: // a folder that is moved to the end of its parent
		name := fmt.Sprintf("d%d", len(m.folders))
		at := len(m.folders)
		m.folders, m.parents, m.files = append(m.folders, 0), append(m.parents, in), append(m.files, map[string]Node{})
		return func(tx *Tx) error {
			seq, _ := tx.NextSeq(1)
			n := Node{ID: tx.NewNodeID(), Space: 1, Parent: m.folders[in], Name: name, Kind: Folder, Since: seq}
			m.folders[at] = n.ID
			tx.AddSum(n.Parent, 0, 0, seq)
			return tx.Apply(&PutNode{Node: n, Key: name, Fresh: true})
		}, nil
	case what == 1 && in > 0 && !late: // a folder below the root changes its place
		to, name := 0, fmt.Sprintf("moved%d", rnd.IntN(1<<30))
		m.parents[in] = to
		return func(tx *Tx) error {
			if err := tx.Fold(); err != nil {
				return err
			}
			n, ok, err := tx.NodeByID(m.folders[in])
			if err != nil || !ok {
				return fmt.Errorf("folder %d is gone: %w", in, err)
			}
			seq, _ := tx.NextSeq(1)
			tx.AddSum(n.Parent, -n.Bytes, -n.Files, seq)
			n.Parent, n.Name, n.Since = m.folders[to], name, seq
			tx.AddSum(n.Parent, n.Bytes, n.Files, seq)
			return tx.Apply(&PutNode{Node: n, Key: name})
		}, nil
	case what < 6 && there: // a file goes
		if !late {
			delete(m.files[in], name)
		}
		return func(tx *Tx) error {
			n, ok, err := tx.Node(m.folders[in], name)
			if err != nil || !ok || n.Size != was.Size {
				return fmt.Errorf("%s to remove: %+v, %v, %w", name, n, ok, err)
			}
			seq, _ := tx.NextSeq(1)
			tx.AddSum(n.Parent, -n.Size, -1, seq)
			return errors.Join(tx.Apply(&DropNode{n.ID}), refuse(late))
		}, err
	}
	if what == 6 { // a listing
		want := len(m.files[in])
		return func(tx *Tx) error {
			kids, err := tx.Children(m.folders[in], "f", 1000)
			n := 0
			for _, k := range kids {
				if k.Kind == File {
					n++
				}
			}
			if err != nil || n != want {
				return fmt.Errorf("folder %d lists %d files, %w, want %d", in, n, err, want)
			}
			return nil
		}, nil
	}
	blind := rnd.IntN(5) == 0 // without a look before
	if blind && there {       // a fault: it must fail, alone
		return func(tx *Tx) error {
			return tx.Apply(&PutNode{Node: Node{ID: tx.NewNodeID(), Space: 1, Parent: m.folders[in], Name: name, Kind: File}, Key: name, Fresh: true})
		}, errFault
	}
	size := rnd.Int64N(1000)
	if !late {
		m.files[in][name] = Node{Size: size}
	}
	return func(tx *Tx) error {
		var n Node
		if !blind {
			var ok bool
			var err error
			if n, ok, err = tx.Node(m.folders[in], name); err != nil || ok != there || ok && n.Size != was.Size {
				return fmt.Errorf("%s in folder %d: %+v, %v, %w; want %v of %d bytes", name, in, n, ok, err, there, was.Size)
			}
		}
		seq, _ := tx.NextSeq(1)
		if !there {
			n = Node{ID: tx.NewNodeID(), Space: 1, Parent: m.folders[in], Name: name, Kind: File}
			tx.AddSum(n.Parent, size, 1, seq)
		} else {
			tx.AddSum(n.Parent, size-n.Size, 0, seq)
		}
		n.Since, n.Size, n.Version = seq, size, NewVersionID(tx.Now())
		return errors.Join(tx.Apply(&PutNode{Node: n, Key: name, Fresh: !there},
			&PutChange{Change{Space: 1, Seq: seq, Node: n.ID, Parent: n.Parent, Kind: Written}}), refuse(late))
	}, err
}

func refuse(late bool) error {
	if late {
		return errRefused
	}
	return nil
}

func (m *tree) compare(t *testing.T, r *Reader) {
	bytes, files := make([]int64, len(m.folders)), make([]int64, len(m.folders))
	for i := range m.folders {
		got := map[string]Node{}
		kids, err := r.Children(m.folders[i], "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kids {
			if k.Kind == File {
				got[k.Name] = Node{Size: k.Size}
			}
		}
		if !reflect.DeepEqual(got, m.files[i]) {
			t.Errorf("folder %d: got %v, want %v", i, got, m.files[i])
		}
		for up := i; up >= 0; up = m.parents[up] {
			for _, f := range m.files[i] {
				bytes[up] += f.Size
				files[up]++
			}
		}
	}
	for i, id := range m.folders {
		if n, _, _ := r.NodeByID(id); n.Bytes != bytes[i] || n.Files != files[i] {
			t.Errorf("folder %d: %d bytes in %d files, want %d in %d", i, n.Bytes, n.Files, bytes[i], files[i])
		}
	}
}

func replayAll(t *testing.T, d *DB, records [][]byte) {
	t.Helper()
	r, err := d.Replay(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range records {
		if err == nil {
			err = r.Apply(p)
		}
	}
	if err := r.End(err); err != nil {
		t.Fatal(err)
	}
}
