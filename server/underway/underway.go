// Package underway knows which uploads bytes are arriving for. The store makes a long request
// durable step by step and tells nobody: whoever shows how far an upload is asks the store, and
// by this knows when there is something to ask for.
package underway

import (
	"sync"

	"cairn/store"
)

// Uploads are those that requests bring bytes for just now. The zero value is ready; nil has
// none. Safe for concurrent use.
type Uploads struct {
	mu     sync.Mutex
	people map[person]*arriving
}

// person is one account in one space: as the store tells uploads apart.
type person struct {
	user  store.UserID
	space store.SpaceID
}

// arriving is what there is of a person.
type arriving struct {
	requests map[store.UploadID]int
	begun    chan struct{} // closed at the next Begin; nil: nobody waits
}

func of(sc store.Scope) person { return person{sc.User, sc.Space} }

func (u *Uploads) get(p person) *arriving {
	a := u.people[p]
	if a == nil {
		if u.people == nil {
			u.people = map[person]*arriving{}
		}
		a = &arriving{requests: map[store.UploadID]int{}}
		u.people[p] = a
	}
	return a
}

// Begin notes that a request brings bytes for an upload, until end is called, once.
func (u *Uploads) Begin(sc store.Scope, id store.UploadID) (end func()) {
	if u == nil {
		return func() {}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	p := of(sc)
	a := u.get(p)
	a.requests[id]++
	if a.begun != nil {
		close(a.begun)
		a.begun = nil
	}
	return func() { u.end(p, id) }
}

func (u *Uploads) end(p person, id store.UploadID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	a := u.people[p]
	if a.requests[id]--; a.requests[id] == 0 {
		delete(a.requests, id)
	}
	if len(a.requests) == 0 && a.begun == nil {
		delete(u.people, p)
	}
}

// List names the uploads that bytes arrive for, in no order: some of them if there are more
// than limit.
func (u *Uploads) List(sc store.Scope, limit int) (ids []store.UploadID) {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if a := u.people[of(sc)]; a != nil {
		for id := range a.requests {
			if len(ids) == limit {
				break
			}
			ids = append(ids, id)
		}
	}
	return ids
}

// Has reports whether bytes arrive for an upload.
func (u *Uploads) Has(sc store.Scope, id store.UploadID) bool {
	if u == nil {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	a := u.people[of(sc)]
	return a != nil && a.requests[id] > 0
}

// Begun is closed as soon as bytes arrive for an upload of the scope's user: at once if they do.
func (u *Uploads) Begun(sc store.Scope) <-chan struct{} {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	a := u.get(of(sc))
	if len(a.requests) > 0 {
		now := make(chan struct{})
		close(now)
		return now
	}
	if a.begun == nil {
		a.begun = make(chan struct{})
	}
	return a.begun
}
