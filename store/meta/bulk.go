package meta

import (
	"context"
	"database/sql/driver"
	"strings"
)

// bulk is an INSERT that takes many rows at once: most of what one row costs is the
// statement, not the row.
type bulk struct {
	head, tail string
	cols       int
	texts      [len(bulkRows)]string // made when first needed
}

// bulkRows are the numbers of rows that statements are prepared for.
var bulkRows = [...]int{64, 32, 16, 8, 4, 2, 1}

// insert puts n rows in; row appends the columns of the i-th.
func (b *bulk) insert(s *session, n int, row func(args []driver.Value, i int) []driver.Value) error {
	vals := s.bulk
	defer func() { clear(vals); s.bulk = vals[:0] }()
	for done := 0; done < n; {
		size := 0
		for n-done < bulkRows[size] {
			size++
		}
		if b.texts[size] == "" {
			one := "(?" + strings.Repeat(", ?", b.cols-1) + ")"
			b.texts[size] = b.head + one + strings.Repeat(", "+one, bulkRows[size]-1) + b.tail
		}
		vals = vals[:0]
		for range bulkRows[size] {
			vals = row(vals, done)
			done++
		}
		st, err := s.prepare(b.texts[size])
		if err != nil {
			return err
		}
		s.args = s.args[:0]
		for i, v := range vals {
			s.args = append(s.args, named(i, v))
		}
		if _, err := st.ExecContext(context.Background(), s.args); err != nil {
			return err
		}
	}
	return nil
}
