package crash

import (
	"strings"
	"testing"
)

// TestRule shows that the rule that other tests rely on complains of what it should.
func TestRule(t *testing.T) {
	for _, c := range []struct{ name, trace, want string }{
		{"in order", "create p/1;begin syncdir p;syncdir p;write p/1;begin sync p/1;sync p/1;COMMIT;reply PUT 201", ""},
		{"reading", "reply GET 200;reply PUT 412", ""},
		{"no flush", "write p/1;COMMIT;reply PUT 201", "COMMIT while p/1"},
		{"flush too early", "begin sync p/1;sync p/1;write p/1;COMMIT;reply PUT 201", "COMMIT while p/1"},
		{"write during the flush", "write p/1;begin sync p/1;write p/1;sync p/1;COMMIT;reply PUT 201", "COMMIT while p/1"},
		{"another file", "write p/1;write p/2;begin sync p/1;sync p/1;COMMIT;reply PUT 201", "COMMIT while p/2"},
		{"flush failed", "write p/1;begin sync p/1;sync p/1\tx !input/output error;COMMIT", "COMMIT while p/1"},
		{"flush after COMMIT", "write p/1;COMMIT;begin sync p/1;sync p/1;reply PUT 201", "COMMIT while p/1"},
		{"no COMMIT", "write p/1;begin sync p/1;sync p/1;reply DELETE 204", "without a COMMIT"},
		{"another's COMMIT", "COMMIT;reply PUT 201;reply PUT 201", "without a COMMIT"},
		{"no flush of a new name", "create p/1;COMMIT;reply PUT 201", "while p is not"},
		{"no flush of a new folder", "mkdir p;mkdir p/q;begin syncdir p;syncdir p;COMMIT", "while . is not"},
		{"renamed unflushed", "write a;rename a b;begin syncdir .;syncdir .", "before its bytes"},
		{"name before bytes", "create p/1;write p/1;begin syncdir p;syncdir p;begin sync p/1;sync p/1", "before its first bytes"},
		{"rename not flushed", "write a;begin sync a;sync a;rename a b;mkdir c;begin syncdir .;syncdir .", "while a rename"},
		{"space ahead", "allocate p/1 1000 @0;write p/1 72+28 @0;begin sync p/1;sync p/1;COMMIT;reply PUT 201;truncate p/1 100;COMMIT", ""},
		{"more than space ahead", "write p/1 72+28 @0;begin sync p/1;sync p/1;truncate p/1 99;COMMIT", "COMMIT while p/1"},
		{"hints", "create hints.new;write hints.new 4096 @0;rename hints.new hints;write hints 4096 @4096;COMMIT;reply PUT 201", ""},
		{"hints flushed", "write hints 4096 @0;begin sync hints;sync hints;COMMIT", "disposable"},
		{"scrub", "create scrub.tmp;write scrub.tmp 90 @0;begin sync scrub.tmp;sync scrub.tmp;rename scrub.tmp scrub;COMMIT;begin syncdir .;syncdir .;reply PUT 201", ""},
		{"write after COMMIT", "COMMIT;write p/1;reply PUT 201", "PUT 201 while p/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDurability("")
			d.follow(strings.Split(c.trace, ";"))
			got := strings.Join(d.faults, "; ")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
