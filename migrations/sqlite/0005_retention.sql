-- What is oldest of a space, for retention; with the size, so that their sum needs no
-- look at the rows.
CREATE INDEX version_space ON version (space, until, size);
CREATE INDEX past_space ON past (space, until);
-- What retention knows of the clock: when it was looked at last, and since when it is known
-- to have gone on evenly.
CREATE TABLE watch (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  seen  INTEGER NOT NULL,
  since INTEGER NOT NULL
);
