package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// Connect opens a connection of the process: dsn is a "file:" URI, as the product's
// driver takes it, "_pragma" parameters included. It fits store.Options.Connect.
func (p *Process) Connect(dsn string) (driver.Conn, error) {
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	c, err := sqlite3.Open(dsn + sep + "vfs=" + p.name)
	if err != nil {
		return nil, wrap(err)
	}
	return &conn{c}, nil
}

// failure is an error of SQLite with its code as the product's driver gives it.
type failure struct {
	err  error
	code int
}

func (f *failure) Error() string { return fmt.Sprintf("%v (%d)", f.err, f.code) }
func (f *failure) Unwrap() error { return f.err }
func (f *failure) Code() int     { return f.code }

func wrap(err error) error {
	var code sqlite3.ExtendedErrorCode
	if errors.As(err, &code) {
		return &failure{err, int(code)}
	}
	return err
}

type conn struct{ c *sqlite3.Conn }

func (c *conn) Close() error              { return wrap(c.c.Close()) }
func (c *conn) Begin() (driver.Tx, error) { return nil, errors.New("not used") }

// ExecContext implements driver.ExecerContext, for scripts.
func (c *conn) ExecContext(_ context.Context, text string, _ []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(0), wrap(c.c.Exec(text))
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	s, _, err := c.c.Prepare(query)
	if err != nil {
		return nil, wrap(err)
	}
	return &stmt{c.c, s}, nil
}

type stmt struct {
	c *sqlite3.Conn
	s *sqlite3.Stmt
}

func (s *stmt) Close() error                               { return wrap(s.s.Close()) }
func (s *stmt) NumInput() int                              { return s.s.BindCount() }
func (s *stmt) Exec([]driver.Value) (driver.Result, error) { return nil, errors.New("not used") }
func (s *stmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.New("not used") }

func (s *stmt) bind(args []driver.NamedValue) error {
	for _, a := range args {
		var err error
		switch v := a.Value.(type) {
		case nil:
			err = s.s.BindNull(a.Ordinal)
		case int64:
			err = s.s.BindInt64(a.Ordinal, v)
		case float64:
			err = s.s.BindFloat(a.Ordinal, v)
		case bool:
			err = s.s.BindBool(a.Ordinal, v)
		case string:
			err = s.s.BindText(a.Ordinal, v)
		case []byte:
			err = s.s.BindBlob(a.Ordinal, v)
		default:
			err = fmt.Errorf("argument %d is a %T", a.Ordinal, v)
		}
		if err != nil {
			return wrap(err)
		}
	}
	return nil
}

// ExecContext implements driver.StmtExecContext.
func (s *stmt) ExecContext(_ context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.bind(args); err != nil {
		return nil, err
	}
	if err := s.s.Exec(); err != nil {
		return nil, wrap(err)
	}
	return driver.RowsAffected(s.c.Changes()), nil
}

// QueryContext implements driver.StmtQueryContext.
func (s *stmt) QueryContext(_ context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.bind(args); err != nil {
		return nil, err
	}
	return &rows{s: s.s, columns: make([]string, s.s.ColumnCount())}, nil
}

type rows struct {
	s       *sqlite3.Stmt
	columns []string
}

func (r *rows) Columns() []string { return r.columns }
func (r *rows) Close() error      { return wrap(r.s.Reset()) }

func (r *rows) Next(dest []driver.Value) error {
	if !r.s.Step() {
		if err := r.s.Err(); err != nil {
			return wrap(err)
		}
		return io.EOF
	}
	for i := range dest {
		switch r.s.ColumnType(i) {
		case sqlite3.INTEGER:
			dest[i] = r.s.ColumnInt64(i)
		case sqlite3.FLOAT:
			dest[i] = r.s.ColumnFloat(i)
		case sqlite3.TEXT:
			dest[i] = r.s.ColumnText(i)
		case sqlite3.BLOB:
			dest[i] = bytes.Clone(r.s.ColumnRawBlob(i))
		default:
			dest[i] = nil
		}
	}
	return nil
}
