-- The state engine's own tables. Times are microseconds UTC.

CREATE TABLE entry (
  seq       INTEGER NOT NULL PRIMARY KEY,
  at        INTEGER NOT NULL,
  actor     TEXT    NOT NULL,
  action    TEXT    NOT NULL,
  subject   TEXT    NOT NULL,
  body_hash BLOB    NOT NULL CHECK (length(body_hash) = 32),
  prev      BLOB    NOT NULL CHECK (length(prev) = 32),
  hash      BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX entry_by_subject ON entry (subject, seq);
CREATE INDEX entry_by_actor ON entry (actor, seq);

-- Also stops INSERT OR REPLACE, which fires no DELETE trigger.
CREATE TRIGGER entry_appends BEFORE INSERT ON entry
WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM entry)
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_keeps_lines BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_keeps_rows BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;

-- Apart from the chain, so that a body can be sealed or destroyed and the chain still verifies.
CREATE TABLE entry_body (
  seq    INTEGER NOT NULL PRIMARY KEY REFERENCES entry (seq),
  salt   BLOB    NOT NULL CHECK (length(salt) = 32),
  body   TEXT    NOT NULL,
  sealed INTEGER NOT NULL CHECK (sealed IN (0, 1))
) STRICT;
CREATE TRIGGER entry_body_keeps_text BEFORE UPDATE OF seq, salt, body ON entry_body
BEGIN SELECT RAISE(ABORT, 'an entry body is never rewritten'); END;

CREATE TABLE fact (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  at         INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  done_at    INTEGER,
  attempts   INTEGER NOT NULL,
  next_at    INTEGER NOT NULL,
  last_error TEXT
) STRICT;
CREATE INDEX fact_pending ON fact (id) WHERE done_at IS NULL;

CREATE TABLE reaction (
  fact BLOB    NOT NULL REFERENCES fact (id),
  name TEXT    NOT NULL,
  at   INTEGER NOT NULL,
  PRIMARY KEY (fact, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
  name   TEXT    NOT NULL PRIMARY KEY,
  holder TEXT    NOT NULL,
  until  INTEGER NOT NULL
) STRICT;
