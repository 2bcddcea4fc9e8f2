-- The state engine's own tables. Times are microseconds UTC.

CREATE TABLE entry (
  seq       BIGINT NOT NULL PRIMARY KEY,
  at        BIGINT NOT NULL,
  actor     TEXT   NOT NULL,
  action    TEXT   NOT NULL,
  subject   TEXT   NOT NULL,
  body_hash BYTEA  NOT NULL CHECK (length(body_hash) = 32),
  prev      BYTEA  NOT NULL CHECK (length(prev) = 32),
  hash      BYTEA  NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX entry_by_subject ON entry (subject, seq);
CREATE INDEX entry_by_actor ON entry (actor, seq);

CREATE FUNCTION entry_refuses() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'entry is append-only'; END $$;
CREATE TRIGGER entry_keeps_rows BEFORE UPDATE OR DELETE ON entry
FOR EACH ROW EXECUTE FUNCTION entry_refuses();
CREATE TRIGGER entry_keeps_all BEFORE TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION entry_refuses();

-- Apart from the chain, so that a body can be sealed or destroyed and the chain still verifies.
CREATE TABLE entry_body (
  seq    BIGINT  NOT NULL PRIMARY KEY REFERENCES entry (seq),
  salt   BYTEA   NOT NULL CHECK (length(salt) = 32),
  body   TEXT    NOT NULL,
  sealed BOOLEAN NOT NULL
);
CREATE FUNCTION entry_body_refuses() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an entry body is never rewritten'; END $$;
CREATE TRIGGER entry_body_keeps_text BEFORE UPDATE OF seq, salt, body ON entry_body
FOR EACH ROW EXECUTE FUNCTION entry_body_refuses();

CREATE TABLE fact (
  id         UUID   NOT NULL PRIMARY KEY,
  at         BIGINT NOT NULL,
  kind       TEXT   NOT NULL,
  body       TEXT   NOT NULL,
  done_at    BIGINT,
  attempts   BIGINT NOT NULL,
  next_at    BIGINT NOT NULL,
  last_error TEXT
);
CREATE INDEX fact_pending ON fact (id) WHERE done_at IS NULL;

CREATE TABLE reaction (
  fact UUID   NOT NULL REFERENCES fact (id),
  name TEXT   NOT NULL,
  at   BIGINT NOT NULL,
  PRIMARY KEY (fact, name)
);

CREATE TABLE lease (
  name   TEXT   NOT NULL PRIMARY KEY,
  holder TEXT   NOT NULL,
  until  BIGINT NOT NULL
);
