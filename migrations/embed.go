// Package migrations holds the database schema as numbered SQL files, one folder a
// dialect. store/meta applies them in order, each in a transaction of its own.
package migrations

import "embed"

// SQLite holds sqlite/NNNN_name.sql.
//
//go:embed sqlite/*.sql
var SQLite embed.FS
