package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

// people is the two look-ups that Basic needs, over maps.
type people struct {
	mu    sync.Mutex
	users map[string]store.User
	apps  map[[32]byte]string
}

func (p *people) UserByName(_ context.Context, name string) (store.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u, ok := p.users[strings.ToLower(name)]; ok {
		return u, nil
	}
	return store.User{}, store.ErrNotExist
}

func (p *people) AppPasswordUser(ctx context.Context, hash [32]byte) (store.User, error) {
	p.mu.Lock()
	name, ok := p.apps[hash]
	p.mu.Unlock()
	if !ok {
		return store.User{}, store.ErrNotExist
	}
	return p.UserByName(ctx, name)
}

func (p *people) set(t *testing.T, name, password string) {
	t.Helper()
	hash, err := Hash(password)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.users[strings.ToLower(name)]
	if !ok {
		u = store.User{ID: store.UserID(len(p.users) + 1), Name: name}
	}
	u.Password = hash
	u.Epoch++
	p.users[strings.ToLower(name)] = u
}

func newPeople(t *testing.T) (*people, *Basic, *clock) {
	p := &people{users: map[string]store.User{}, apps: map[[32]byte]string{}}
	p.set(t, "Alice", "correct horse")
	c := newClock()
	return p, NewBasic(p, c.now), c
}

func TestBasic(t *testing.T) {
	p, b, _ := newPeople(t)
	p.set(t, "jörg", "ünïcode £5")
	p.users["robot"] = store.User{ID: 9, Name: "robot"}
	secret, hash := NewAppPassword()
	p.apps[hash] = "Alice"
	for _, c := range []struct {
		name, user, secret string
		want               string // "": denied
	}{
		{"right", "Alice", "correct horse", "Alice"},
		{"name without case", "aLICE", "correct horse", "Alice"},
		{"wrong", "alice", "correct hors", ""},
		{"empty", "alice", "", ""},
		{"unknown name", "mallory", "correct horse", ""},
		{"account without a password", "robot", "", ""},
		{"too long", "alice", strings.Repeat("x", 2000), ""},
		{"NUL", "alice", "correct horse\x00", ""},
		{"UTF-8", "jörg", "ünïcode £5", "jörg"},
		{"Latin-1", "jörg", "\xfcn\xefcode \xa35", "jörg"},
		{"decomposed", "jörg", "u\u0308ni\u0308code £5", "jörg"},
		{"app password", "alice", secret, "Alice"},
		{"app password, retyped", "alice", strings.ToUpper(strings.ReplaceAll(secret, "-", " ")), "Alice"},
		{"app password of somebody else", "jörg", secret, ""},
		{"app password, one digit off", "alice", flip(secret), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := b.Check(t.Context(), here, c.user, c.secret)
			if c.want == "" && !errors.Is(err, ErrDenied) || c.want != "" && (err != nil || got.Name != c.want) {
				t.Errorf("got %v, %v, want %q", got, err, c.want)
			}
		})
	}
}

func flip(s string) string {
	if s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

func TestBasic_cache(t *testing.T) {
	p, b, c := newPeople(t)
	check := func(secret string) error {
		_, err := b.Check(t.Context(), here, "alice", secret)
		return err
	}
	hashed := func(secret string) bool { // whether a check runs argon2: both places taken, it cannot
		for range hashesAtOnce {
			b.queue.enter(t.Context(), Network(there), false)
			defer b.queue.leave()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := b.Check(ctx, here, "alice", secret)
		return errors.Is(err, context.DeadlineExceeded)
	}
	if !hashed("correct horse") {
		t.Fatal("a first check is answered without hashing")
	}
	if check("correct horse") != nil || !errors.Is(check("wrong"), ErrDenied) {
		t.Fatal("the check itself is wrong")
	}
	if hashed("correct horse") || hashed("wrong") {
		t.Error("a result is not remembered")
	}
	c.t = c.t.Add(cacheTTL)
	if !hashed("correct horse") || !hashed("wrong") {
		t.Error("a result is remembered for more than five minutes")
	}
	if check("correct horse") != nil {
		t.Fatal("not let in")
	}
	p.set(t, "alice", "battery staple")
	if !errors.Is(check("correct horse"), ErrDenied) || check("battery staple") != nil {
		t.Error("the old password outlives its change")
	}
	delete(p.users, "alice")
	if !errors.Is(check("battery staple"), ErrDenied) {
		t.Error("a removed account is let in")
	}
}

func TestBasic_throttle(t *testing.T) {
	p, b, c := newPeople(t)
	p.set(t, "bob", "bob's own")
	secret, hash := NewAppPassword()
	p.apps[hash] = "bob"
	if _, err := b.Check(t.Context(), here, "alice", "correct horse"); err != nil {
		t.Fatal(err)
	}
	for range 100 { // an old password in somebody's phone is no new guess
		if _, err := b.Check(t.Context(), here, "alice", "last year's"); !errors.Is(err, ErrDenied) {
			t.Fatalf("got %v, want ErrDenied", err)
		}
	}
	var throttled *ThrottledError
	n := 0
	for ; n < 100; n++ {
		if _, err := b.Check(t.Context(), here, "bob", fmt.Sprint("guess ", n)); errors.As(err, &throttled) {
			break
		}
	}
	if n != pairBurst {
		t.Errorf("%d guesses, want %d", n, pairBurst)
	}
	if throttled == nil || throttled.Seconds() < 1 || throttled.Seconds() > 30 {
		t.Fatalf("Retry-After %+v, want 1 to 30 s", throttled)
	}
	if _, err := b.Check(t.Context(), here, "bob", "bob's own"); !errors.As(err, &throttled) {
		t.Errorf("the right password while throttled: got %v", err)
	}
	for _, ok := range []struct {
		name, user, secret string
		from               netip.Addr
	}{{"another address", "bob", "bob's own", there}, {"an app password", "bob", secret, here}, {"another account", "alice", "correct horse", here}} {
		if _, err := b.Check(t.Context(), ok.from, ok.user, ok.secret); err != nil {
			t.Errorf("%s: %v", ok.name, err)
		}
	}
	c.t = c.t.Add(pairRefill)
	if _, err := b.Check(t.Context(), here, "bob", "bob's own"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// What others at its address guess does not keep a remembered password out, and does
// not tell them which it is.
func TestBasic_rememberedWhileThrottled(t *testing.T) {
	_, b, _ := newPeople(t)
	check := func(secret string) error {
		_, err := b.Check(t.Context(), here, "alice", secret)
		return err
	}
	if err := check("correct horse"); err != nil {
		t.Fatal(err)
	}
	for i := range pairBurst + 5 {
		check(fmt.Sprint("guess ", i))
	}
	for range 100 {
		if err := check("correct horse"); err != nil {
			t.Fatalf("the right password, remembered: %v", err)
		}
	}
	for i := range pairBurst {
		check(fmt.Sprint("more ", i))
	}
	if err := check("correct horse"); !errors.As(err, new(*ThrottledError)) {
		t.Errorf("a throttled guesser can go on guessing at what is remembered: %v", err)
	}
}

// 480 guesses from eight addresses do not make anybody else wait.
func TestBasic_queue(t *testing.T) {
	_, b, _ := newPeople(t)
	begin := time.Now()
	if _, err := Hash("x"); err != nil {
		t.Fatal(err)
	}
	most := 60 * time.Since(begin) // of 16 that wait two at a time, on a busy machine; of 480 it is 240 and more
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range 480 {
		wg.Go(func() {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 8)})
			_, err := b.Check(t.Context(), a, fmt.Sprint("user", i), fmt.Sprint("guess ", i))
			if t := (*ThrottledError)(nil); errors.As(err, &t) && t.Seconds() == 1 {
				mu.Lock()
				refused++
				mu.Unlock()
			}
		})
	}
	for waiting := 0; waiting < 8; runtime.Gosched() {
		b.queue.mu.Lock()
		waiting = len(b.queue.strange)
		b.queue.mu.Unlock()
	}
	begin = time.Now()
	_, err := b.Check(t.Context(), here, "alice", "correct horse")
	took := time.Since(begin)
	wg.Wait()
	t.Logf("alice waited %v, %d guesses were sent away", took, refused)
	if err != nil || took > most || refused < 400 {
		t.Errorf("alice: %v after %v; %d guesses sent away, want at least 400", err, took, refused)
	}
	if w := b.throttle.Wait("user0", netip.AddrFrom4([4]byte{10, 0, 0, 0})); w != 0 {
		t.Errorf("guesses that were never checked were counted: wait %v", w)
	}
}

func TestQueue(t *testing.T) {
	q := &queue{}
	from := Network(here)
	for range hashesAtOnce {
		q.enter(t.Context(), from, false)
	}
	order := make(chan string, 3)
	begin := func(name string, known bool) {
		line := func() int { q.mu.Lock(); defer q.mu.Unlock(); return len(q.known) + len(q.strange) }
		n := line()
		go func() {
			if q.enter(t.Context(), from, known) {
				order <- name
			}
		}()
		for line() == n {
			runtime.Gosched()
		}
	}
	begin("stranger 1", false)
	begin("stranger 2", false)
	if q.enter(t.Context(), from, false) {
		t.Error("a third waits")
	}
	begin("known", true)
	for _, want := range []string{"known", "stranger 1", "stranger 2"} {
		q.leave()
		if got := <-order; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if q.enter(ctx, from, false) || len(q.strange) != 0 {
		t.Error("who left still waits")
	}
}

// A sync client that opens 32 connections with a password that is not remembered yet
// makes one hash and no guess.
func TestBasic_together(t *testing.T) {
	_, b, _ := newPeople(t)
	var wg sync.WaitGroup
	errs := make(chan error, 32)
	for range 32 {
		wg.Go(func() {
			_, err := b.Check(t.Context(), here, "alice", "correct horse")
			errs <- err
		})
	}
	wg.Wait()
	for range 32 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if w := b.throttle.Wait("alice", here); w != 0 || len(b.cache.right) != 1 || len(b.cache.pending) != 0 {
		t.Errorf("wait %v, %d remembered, %d pending", w, len(b.cache.right), len(b.cache.pending))
	}
}

// Guesses from everywhere at once hold two hashes' memory, not each their own.
func TestBasic_memory(t *testing.T) {
	_, b, _ := newPeople(t)
	runtime.GC()
	debug.FreeOSMemory()
	var begin, peak runtime.MemStats
	runtime.ReadMemStats(&begin)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			b.Check(t.Context(), netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "alice", fmt.Sprint("guess ", i))
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&peak)
	if grown := int64(peak.HeapSys-begin.HeapSys) >> 20; grown > 64 {
		t.Errorf("the heap grew by %d MiB, want at most 64", grown)
	}
}

func TestCache_bounded(t *testing.T) {
	c := newCache(newClock().now)
	for i := range 2 * maxCache {
		m := c.mark(int64(i), "alice", "x")
		c.begin(m)
		c.end(m, i%2 == 0, true)
	}
	if len(c.right) > maxCache || len(c.wrong) > maxCache {
		t.Errorf("%d right, %d wrong, want at most %d", len(c.right), len(c.wrong), maxCache)
	}
}

func TestHash(t *testing.T) {
	h, err := Hash("secret")
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %q, %v", h, err)
	}
	if !Verify(h, "secret") || Verify(h, "secret ") || Verify("", "secret") || Verify("$argon2id$v=19$m=9999999,t=2,p=1$AAAA$AAAA", "secret") {
		t.Error("Verify is wrong")
	}
	for _, bad := range []string{"", strings.Repeat("x", 1025), "a\x00b", "\xff"} {
		if _, err := Hash(bad); !errors.Is(err, ErrPassword) {
			t.Errorf("%q: got %v, want ErrPassword", bad, err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	p := &people{users: map[string]store.User{}, apps: map[[32]byte]string{}}
	hash, _ := Hash("correct horse")
	p.users["alice"] = store.User{ID: 1, Name: "alice", Password: hash}
	basic := NewBasic(p, nil)
	for b.Loop() {
		if _, err := basic.Check(b.Context(), here, "alice", "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
