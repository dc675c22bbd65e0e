package sqlite_test

import (
	"context"
	"database/sql/driver"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"cairn/store/object"
	"cairn/store/storetest"
	"cairn/store/storetest/sqlite"
)

const uri = "file:/meta.db?_pragma=busy_timeout(1000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=wal_autocheckpoint(20)"

func connect(t *testing.T, p *sqlite.Process) driver.Conn {
	t.Helper()
	c, err := p.Connect(uri)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func exec1(c driver.Conn, text string) error {
	_, err := c.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return err
}

func one(t *testing.T, c driver.Conn, query string) driver.Value {
	t.Helper()
	st, err := c.Prepare(query)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	rows, err := st.(driver.StmtQueryContext).QueryContext(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	v := make([]driver.Value, 1)
	if err := rows.Next(v); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return v[0]
}

// A reader beside the writer sees whole transactions, over the index they share; after
// each crash the database is sound, and a prefix of what was committed.
func TestCrashes(t *testing.T) {
	tmp := t.TempDir()
	d := storetest.NewDisk(1)
	last, behind, logged := int64(0), 0, false
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := sqlite.NewProcess(d, tmp)
		w, rd := connect(t, p), connect(t, p)
		if got := one(t, w, "PRAGMA integrity_check"); got != "ok" {
			t.Fatalf("seed %d: %v", seed, got)
		}
		if got := one(t, rd, "PRAGMA journal_mode"); got != "wal" {
			t.Fatalf("journal mode %v", got)
		}
		if err := exec1(w, "CREATE TABLE IF NOT EXISTS n (i INTEGER, fill BLOB)"); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		n, _ := one(t, rd, "SELECT coalesce(max(i), 0) FROM n").(int64)
		if n > last || one(t, rd, "SELECT count(*) FROM n") != n {
			t.Fatalf("seed %d: holds %d rows, %d were committed", seed, n, last)
		}
		if n < last {
			behind++
		}
		d.CrashAt(1+r.IntN(120), r.Float64()-0.3)
		for last = n; exec1(w, "INSERT INTO n SELECT coalesce(max(i), 0) + 1, randomblob(3000) FROM n") == nil; last++ {
			if d.IsOff() { // in the checkpoint behind the commit
				continue
			}
			if got := one(t, rd, "SELECT count(*) FROM n"); got != last+1 {
				t.Fatalf("seed %d: a reader sees %v rows, %d are committed", seed, got, last+1)
			}
		}
		last++ // the one under way may have come through
		list, _ := d.Kill().ReadDir("/")
		for _, e := range list {
			logged = logged || e.Name == "meta.db-wal"
		}
		w.Close()
		rd.Close()
		p.Close()
		d = d.Crash(r)
	}
	if behind == 0 || !logged {
		t.Errorf("%d crashes lost commits, log seen: %v: nothing was tested", behind, logged)
	}
}

// A full disk is told apart, by the code that the product's driver gives too.
func TestFull(t *testing.T) {
	d := storetest.NewDisk(1)
	p := sqlite.NewProcess(d, t.TempDir())
	defer p.Close()
	c := connect(t, p)
	defer c.Close()
	if err := exec1(c, "CREATE TABLE n (fill BLOB)"); err != nil {
		t.Fatal(err)
	}
	d.Limit(10_000)
	err := exec1(c, "INSERT INTO n SELECT randomblob(100000)")
	coded, ok := err.(interface{ Code() int })
	if !ok || coded.Code()&0xff != 13 {
		t.Errorf("%T %v", err, err)
	}
	d.Limit(-1)
	if err := exec1(c, "INSERT INTO n SELECT randomblob(100000)"); err != nil {
		t.Error(err)
	}
}

var _ object.FS = (*storetest.Disk)(nil)

// The driver of the tests is not in the product.
func TestNotInTheProduct(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "cairn/cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "modernc.org/sqlite") || strings.Contains(string(out), "ncruces/go-sqlite3") {
		t.Error("cairn/cmd links github.com/ncruces/go-sqlite3, which is for tests")
	}
}
