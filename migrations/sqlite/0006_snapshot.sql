-- A snapshot: a change number of a space at which its tree can be looked at as long as this
-- row is there.
CREATE TABLE snapshot (
  id      INTEGER PRIMARY KEY,
  space   INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  name    TEXT    NOT NULL,
  author  INTEGER NOT NULL,
  created INTEGER NOT NULL
);
CREATE INDEX snapshot_space ON snapshot (space, seq);

-- Which node took over the contents of one that is no more: a file moved over a file.
CREATE TABLE heir (
  node  INTEGER PRIMARY KEY,
  taker INTEGER NOT NULL
);
CREATE INDEX heir_taker ON heir (taker);

-- Which of the superseded rows of a folder were true at a number.
DROP INDEX past_tree;
CREATE INDEX past_tree ON past (parent, key, since, until);
