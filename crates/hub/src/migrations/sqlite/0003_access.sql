CREATE TABLE person (
    id             BLOB NOT NULL PRIMARY KEY,
    login          TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    title          TEXT NOT NULL,
    search_key     TEXT NOT NULL,
    phone          TEXT NOT NULL,
    email          TEXT NOT NULL,
    unit           BLOB NOT NULL REFERENCES unit (id),
    password_hash  TEXT,
    disabled_at    INTEGER,
    created_at     INTEGER NOT NULL
) STRICT;

-- A role over a unit (and what lies below it when `subtree`). Only state `active` counts.
CREATE TABLE access_grant (
    id           BLOB NOT NULL PRIMARY KEY,
    person       BLOB NOT NULL REFERENCES person (id),
    role         TEXT NOT NULL,
    unit         BLOB NOT NULL REFERENCES unit (id),
    subtree      INTEGER NOT NULL,
    ceiling      INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'active', 'refused', 'ended')),
    proposed_by  BLOB REFERENCES person (id),
    decided_by   BLOB REFERENCES person (id),
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;
CREATE INDEX access_grant_person ON access_grant (person, state);

-- One activation slip per officer: only the hash of its code is kept.
CREATE TABLE slip (
    person      BLOB NOT NULL PRIMARY KEY REFERENCES person (id),
    code_hash   BLOB NOT NULL,
    issued_by   BLOB REFERENCES person (id),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    token_hash  BLOB NOT NULL PRIMARY KEY,
    person      BLOB NOT NULL REFERENCES person (id),
    kind        TEXT NOT NULL CHECK (kind IN ('web', 'api')),
    address     TEXT NOT NULL,
    agent       TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX session_person ON session (person);
