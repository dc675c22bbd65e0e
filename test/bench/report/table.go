// Package report turns measurements into what a document can show: tables in Markdown
// and plots in SVG.
package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Table is a table with a head. The first column is aligned left, the others right.
type Table struct {
	head []string
	rows [][]string
}

// NewTable is an empty table with these columns.
func NewTable(columns ...string) *Table { return &Table{head: columns} }

// Add appends a row: a float is written by Number, an int with commas, anything else as
// fmt prints it.
// Columns without a value stay empty.
func (t *Table) Add(values ...any) {
	row := make([]string, len(t.head))
	for i, v := range values {
		switch v := v.(type) {
		case float64:
			row[i] = Number(v)
		case int:
			row[i] = commas(fmt.Sprint(v))
		default:
			row[i] = fmt.Sprint(v)
		}
	}
	t.rows = append(t.rows, row)
}

// WriteTo writes the table as Markdown that is readable as it stands.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("| " + cell + gap + " |")
			} else {
				b.WriteString(" " + gap + cell + " |")
			}
		}
		b.WriteByte('\n')
	}
	line(t.head)
	for i, n := range width {
		if i == 0 {
			b.WriteString("|" + strings.Repeat("-", n+2) + "|")
		} else {
			b.WriteString(strings.Repeat("-", n+1) + ":|")
		}
	}
	b.WriteByte('\n')
	for _, row := range t.rows {
		line(row)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Number writes a measurement with three digits that count and, from a thousand on,
// commas: 0.0123, 1.23, 45.6, 789, 12,345. What was not measured (NaN) is a dash.
func Number(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	if f == 0 {
		return "0"
	}
	places := max(0, 2-int(math.Floor(math.Log10(math.Abs(f)))))
	s := fmt.Sprintf("%.*f", min(places, 6), f)
	if strings.Contains(s, ".") {
		return s
	}
	return commas(s)
}

// commas sets a whole number apart in thousands.
func commas(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
