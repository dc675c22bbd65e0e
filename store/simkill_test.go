package store_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"cairn/store"
	"cairn/store/object"
	"cairn/store/storetest"
)

// A process is killed at any call, the next one goes on with what it finds in the page
// cache, and then the power is lost: what the second acknowledged is there, though the
// first may have died between making a name and flushing it.
func TestSimKillThenPowerLoss(t *testing.T) {
	tmp := simTmp(t)
	for _, fresh := range []bool{true, false} {
		n := 1
		for over := false; !over; n++ {
			if n > 40 {
				n += int(simFlag("SIM_KILL_STRIDE", 4)) - 1 // make soak: each
			}
			over = killThenPowerLoss(t, tmp, fresh, n)
		}
		t.Logf("new: %v, %d calls", fresh, n)
	}
}

func killThenPowerLoss(t *testing.T, tmp string, fresh bool, n int) (over bool) {
	ctx := context.Background()
	m := &simMachine{tmp: tmp, clock: newSimClock()}
	if fresh {
		m.disk = storetest.NewDisk(1)
		if err := m.disk.MkdirAll("/srv"); err != nil {
			t.Fatal(err)
		}
	} else {
		template, _ := simTemplate()
		m.disk = template.Clone(1)
	}
	m.fs = object.NewFaults(m.disk) // MkdirAll as the product has it
	m.disk.CrashAt(n, 1)
	write := func(name string) (store.Scope, error) {
		u, err := m.s.AddUser(ctx, name, "hash", 0, true)
		if err != nil {
			return store.Scope{}, err
		}
		sc, err := m.s.Home(ctx, u.ID)
		if err == nil {
			_, err = putBytes(m.s, sc, "f", simPool[:1_300_000])
		}
		return sc, err
	}
	if m.open(simParams{}) == nil {
		write("first")
	}
	if over = !m.disk.IsOff(); over {
		m.close()
		return over
	}
	m.close()
	m.disk = m.disk.Kill()
	m.fs = object.NewFaults(m.disk)
	if err := m.open(simParams{}); err != nil {
		t.Errorf("fresh %v, killed at call %d: the store does not open: %v", fresh, n, err)
		return over
	}
	sc, err := write("second")
	if err != nil {
		t.Errorf("fresh %v, killed at call %d: %v", fresh, n, err)
	}
	m.disk.Off()
	m.close()
	m.swap(m.disk.Crash(losing(uint64(n))))
	if err := m.open(simParams{}); err != nil {
		t.Errorf("fresh %v, killed at call %d, then power lost: the store does not open: %v", fresh, n, err)
		return over
	}
	defer m.close()
	if n%3 == 0 {
		found, err := verifyDisk(m.disk, "/srv/data", true)
		for _, f := range found {
			t.Errorf("fresh %v, killed at call %d, then power lost: %v", fresh, n, f)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if got, err := readAll(m.s, sc, "f"); err != nil || len(got) != 1_300_000 {
		t.Errorf("fresh %v, killed at call %d, then power lost: %d bytes (%v) of a file that the second process acknowledged", fresh, n, len(got), err)
	}
	return over
}

// losing is a source whose first crash keeps nothing that was not flushed.
func losing(seed uint64) *rand.Rand {
	for ; ; seed += 1000 {
		if storetest.KeepsNothing(rand.New(rand.NewPCG(seed, 9))) {
			return rand.New(rand.NewPCG(seed, 9))
		}
	}
}

func putBytes(s *store.Store, sc store.Scope, p store.Path, c []byte) (store.Written, error) {
	return s.Put(context.Background(), sc, p, bytes.NewReader(c), store.PutOptions{Size: int64(len(c))})
}
