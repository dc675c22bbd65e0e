package meta

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// session is one connection with its prepared statements, on the driver's own level:
// the pool of database/sql costs as much as SQLite does for a look-up, and this
// package has its own. One goroutine at a time. Queries run to their end: they are
// short, and none is worth a goroutine that could interrupt it.
type session struct {
	conn  driver.Conn
	stmts map[string]statement
	args  []driver.NamedValue
	vals  []driver.Value
	bulk  []driver.Value // of a bulk insert
}

// statement is what a driver's prepared statement must be able to do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func newSession(connect Connect, dsn string) (*session, error) {
	conn, err := connect(dsn)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, stmts: map[string]statement{}}, nil
}

// script runs statements that are not prepared.
func (s *session) script(text string) error {
	x, ok := s.conn.(driver.ExecerContext)
	if !ok {
		return errors.New("the driver takes no scripts")
	}
	_, err := x.ExecContext(context.Background(), text, nil)
	return err
}

// prepare finds the statement for a query text, which must come from a fixed set.
func (s *session) prepare(query string) (statement, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	prepared, err := s.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	st, ok := prepared.(statement)
	if !ok {
		return nil, fmt.Errorf("the driver's statements are %T", prepared)
	}
	s.stmts[query] = st
	return st, nil
}

// bind makes the arguments of a statement, in a slice that is used again.
func (s *session) bind(args []any) ([]driver.NamedValue, error) {
	s.args = s.args[:0]
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, err
		}
		s.args = append(s.args, named(i, v))
	}
	return s.args, nil
}

// named is the i-th argument. Drivers differ in what they take a nil slice for.
func named(i int, v driver.Value) driver.NamedValue {
	if b, ok := v.([]byte); ok && b == nil {
		v = nil
	}
	return driver.NamedValue{Ordinal: i + 1, Value: v}
}

func (s *session) exec(query string, args ...any) (int64, error) {
	st, err := s.prepare(query)
	if err != nil {
		return 0, err
	}
	bound, err := s.bind(args)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(context.Background(), bound)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row scans the first row into dest and reports whether there was one.
func (s *session) row(query string, args []any, dest ...any) (ok bool, err error) {
	err = s.rows(query, args, func(c *cursor) error {
		if ok {
			return nil
		}
		ok = true
		return c.Scan(dest...)
	})
	return ok && err == nil, err
}

// errEnough is what a scan returns that needs no more rows.
var errEnough = errors.New("no more rows are needed")

// rows calls scan for each row.
func (s *session) rows(query string, args []any, scan func(*cursor) error) (err error) {
	st, err := s.prepare(query)
	if err != nil {
		return err
	}
	bound, err := s.bind(args)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), bound)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := len(rows.Columns())
	if cap(s.vals) < n {
		s.vals = make([]driver.Value, n)
	}
	c := cursor{s.vals[:n]}
	for {
		switch err := rows.Next(c.vals); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		switch err := scan(&c); err {
		case nil:
		case errEnough:
			return nil
		default:
			return err
		}
	}
}

func (s *session) close() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// cursor is one row of a result. scan functions must not query on the same session.
type cursor struct{ vals []driver.Value }

// Scan copies the columns, in order. Byte slices may be kept.
func (c *cursor) Scan(dest ...any) error {
	if len(dest) != len(c.vals) {
		return fmt.Errorf("%d columns for %d variables", len(c.vals), len(dest))
	}
	for i, v := range c.vals {
		if err := assign(dest[i], v); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *[]byte:
		switch v := v.(type) {
		case nil:
			*d = nil
			return nil
		case []byte:
			*d = v
			return nil
		}
	case *string:
		if t, ok := v.(string); ok {
			*d = t
			return nil
		}
	case *sql.NullString:
		*d = sql.NullString{}
		if t, ok := v.(string); ok {
			d.String, d.Valid = t, true
		}
		if v == nil || d.Valid {
			return nil
		}
	default:
		n, ok := v.(int64)
		if ok && assignInt(dest, n) {
			return nil
		}
	}
	return fmt.Errorf("%T does not go into %T", v, dest)
}

func assignInt(dest any, n int64) bool {
	switch d := dest.(type) {
	case *int64:
		*d = n
	case *int:
		*d = int(n)
	case *uint64:
		*d = uint64(n)
	case *bool:
		*d = n != 0
	case *NodeID:
		*d = NodeID(n)
	case *SpaceID:
		*d = SpaceID(n)
	case *UserID:
		*d = UserID(n)
	case *Kind:
		*d = Kind(n)
	case *ChangeKind:
		*d = ChangeKind(n)
	default:
		return false
	}
	return true
}
