-- The newest checkpoint in the packs that is whole and durable: commits up to lsn are not
-- needed any more.
CREATE TABLE checkpoint (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  lsn     INTEGER NOT NULL,
  records BLOB                      -- where they lie, in their order
);
