-- Times are nanoseconds since 1970, UTC; sizes are bytes. Ids: store/meta/types.go.

-- What the whole store is. applied is the number (LSN) of the last commit record
-- that this database holds: opening replays the later ones from the packs.
CREATE TABLE store (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  uuid    BLOB    NOT NULL,
  epoch   INTEGER NOT NULL,
  applied INTEGER NOT NULL
);

CREATE TABLE account (
  id       INTEGER PRIMARY KEY,
  name     TEXT    NOT NULL,
  key      TEXT    UNIQUE,          -- lower case; NULL once removed
  password TEXT    NOT NULL,        -- argon2id, PHC form; '' is none
  admin    INTEGER NOT NULL,
  created  INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  space    INTEGER NOT NULL
);

CREATE TABLE app_password (
  id      INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  label   TEXT    NOT NULL,
  hash    BLOB    NOT NULL UNIQUE,  -- SHA-256 of the secret
  created INTEGER NOT NULL
);
CREATE INDEX app_password_account ON app_password (account);

CREATE TABLE session (
  hash    BLOB    PRIMARY KEY,      -- SHA-256 of the cookie
  account INTEGER NOT NULL,
  token   BLOB    NOT NULL,         -- SHA-256 of the header token
  epoch   INTEGER NOT NULL,         -- of the account when it signed in
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_account ON session (account);

CREATE TABLE space (
  id      INTEGER PRIMARY KEY,
  owner   INTEGER NOT NULL,
  name    TEXT    NOT NULL,
  root    INTEGER NOT NULL,         -- node
  trash   INTEGER NOT NULL,         -- node: the folder that removed nodes move to
  quota   INTEGER NOT NULL,         -- 0 is none
  created INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  seq     INTEGER NOT NULL          -- newest change number
);

-- The tree as it is. key is the NFC form of the name; name is NULL where it is the
-- same. One row a file: the current version lies here, manifest included.
CREATE TABLE node (
  parent   INTEGER NOT NULL,        -- 0 above a space's root and trash
  key      TEXT    NOT NULL,
  id       INTEGER NOT NULL,
  space    INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  name     TEXT,
  since    INTEGER NOT NULL,        -- change number that made this row
  version  BLOB,
  size     INTEGER NOT NULL,
  mtime    INTEGER NOT NULL,
  created  INTEGER NOT NULL,
  author   INTEGER NOT NULL,
  manifest BLOB,
  PRIMARY KEY (parent, key)
) WITHOUT ROWID;
CREATE UNIQUE INDEX node_id ON node (id);

-- What a folder holds, however deep, and the newest change in it or below.
CREATE TABLE folder (
  node  INTEGER PRIMARY KEY,
  bytes INTEGER NOT NULL,
  files INTEGER NOT NULL,
  seq   INTEGER NOT NULL
);

-- Superseded node rows, true for change numbers since <= n < until.
CREATE TABLE past (
  node    INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  space   INTEGER NOT NULL,
  parent  INTEGER NOT NULL,
  key     TEXT    NOT NULL,
  kind    INTEGER NOT NULL,
  name    TEXT,
  version BLOB,
  size    INTEGER NOT NULL,
  mtime   INTEGER NOT NULL,
  created INTEGER NOT NULL,
  author  INTEGER NOT NULL,
  PRIMARY KEY (node, since)
) WITHOUT ROWID;
CREATE INDEX past_tree ON past (parent, key, since);

-- Superseded contents.
CREATE TABLE version (
  id       BLOB    PRIMARY KEY,
  node     INTEGER NOT NULL,
  space    INTEGER NOT NULL,
  size     INTEGER NOT NULL,
  mtime    INTEGER NOT NULL,
  author   INTEGER NOT NULL,
  since    INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  manifest BLOB
) WITHOUT ROWID;
CREATE INDEX version_node ON version (node, until);

-- Where the children of the trash folders were.
CREATE TABLE trash (
  node    INTEGER PRIMARY KEY,
  space   INTEGER NOT NULL,
  parent  INTEGER NOT NULL,
  name    TEXT    NOT NULL,
  deleted INTEGER NOT NULL,
  author  INTEGER NOT NULL,
  seq     INTEGER NOT NULL
);
CREATE INDEX trash_space ON trash (space, seq);

CREATE TABLE change (
  space  INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  node   INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  author INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (space, seq)
) WITHOUT ROWID;

CREATE TABLE upload (
  id       BLOB    PRIMARY KEY,
  space    INTEGER NOT NULL,
  account  INTEGER NOT NULL,
  root     INTEGER NOT NULL,        -- node that path is relative to
  path     TEXT    NOT NULL,
  size     INTEGER NOT NULL,        -- declared; -1: not yet
  mtime    INTEGER,
  meta     BLOB,
  guard    BLOB,
  created  INTEGER NOT NULL,
  expires  INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  node     INTEGER NOT NULL,
  version  BLOB
) WITHOUT ROWID;
CREATE INDEX upload_account ON upload (account);
CREATE INDEX upload_expires ON upload (expires);

-- One piece of an upload: what is durable of it.
CREATE TABLE part (
  upload   BLOB    NOT NULL,
  number   INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,        -- the durable offset
  manifest BLOB,                    -- whole chunks
  tail     BLOB,                    -- the bytes after the last border
  PRIMARY KEY (upload, number)
) WITHOUT ROWID;

CREATE TABLE lock (
  token    TEXT    PRIMARY KEY,
  space    INTEGER NOT NULL,
  node     INTEGER NOT NULL,
  infinite INTEGER NOT NULL,        -- depth
  shared   INTEGER NOT NULL,
  owner    TEXT    NOT NULL,        -- inner XML, as the client gave it
  account  INTEGER NOT NULL,
  created  INTEGER NOT NULL,
  timeout  INTEGER NOT NULL,
  expires  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lock_space ON lock (space);

-- Dead properties.
CREATE TABLE prop (
  node  INTEGER NOT NULL,
  ns    TEXT    NOT NULL,
  local TEXT    NOT NULL,
  lang  TEXT    NOT NULL,
  value BLOB    NOT NULL,
  PRIMARY KEY (node, ns, local)
) WITHOUT ROWID;

-- Where packs lie. An object holds one pack, or many once they are merged.
CREATE TABLE pack (
  id      INTEGER PRIMARY KEY,
  object  INTEGER NOT NULL,
  at      INTEGER NOT NULL,         -- first byte in the object
  bytes   INTEGER NOT NULL,
  records INTEGER NOT NULL,
  created INTEGER NOT NULL          -- when it was sealed
);
CREATE TABLE object (
  id    INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,           -- 1: the data folder
  name  TEXT    NOT NULL,
  bytes INTEGER NOT NULL
);
