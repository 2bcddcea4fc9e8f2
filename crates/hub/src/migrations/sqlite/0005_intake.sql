-- A source is what may knock at a door: it has its own token (HTTP) or its own networks (syslog).
CREATE TABLE source (
    id          BLOB NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    unit        BLOB NOT NULL REFERENCES unit (id),
    door        TEXT NOT NULL CHECK (door IN ('http', 'syslog')),
    token_hash  BLOB UNIQUE,
    networks    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER,
    seen_at     INTEGER,
    accepted    INTEGER NOT NULL,
    rejected    INTEGER NOT NULL
) STRICT;

-- How far detection has read the intake log; advanced in the transaction that saves the hits.
CREATE TABLE intake_offset (
    log       TEXT NOT NULL PRIMARY KEY,
    position  INTEGER NOT NULL
) STRICT;
