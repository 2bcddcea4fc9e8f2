CREATE TABLE person (
    id             UUID NOT NULL PRIMARY KEY,
    login          TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    title          TEXT NOT NULL,
    search_key     TEXT NOT NULL,
    phone          TEXT NOT NULL,
    email          TEXT NOT NULL,
    unit           UUID NOT NULL REFERENCES unit (id),
    password_hash  TEXT,
    disabled_at    BIGINT,
    created_at     BIGINT NOT NULL
);

-- A role over a unit (and what lies below it when `subtree`). Only state `active` counts.
CREATE TABLE access_grant (
    id           UUID NOT NULL PRIMARY KEY,
    person       UUID NOT NULL REFERENCES person (id),
    role         TEXT NOT NULL,
    unit         UUID NOT NULL REFERENCES unit (id),
    subtree      BOOLEAN NOT NULL,
    ceiling      BIGINT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'active', 'refused', 'ended')),
    proposed_by  UUID REFERENCES person (id),
    decided_by   UUID REFERENCES person (id),
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX access_grant_person ON access_grant (person, state);

-- One activation slip per officer: only the hash of its code is kept.
CREATE TABLE slip (
    person      UUID NOT NULL PRIMARY KEY REFERENCES person (id),
    code_hash   BYTEA NOT NULL,
    issued_by   UUID REFERENCES person (id),
    issued_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE TABLE session (
    token_hash  BYTEA NOT NULL PRIMARY KEY,
    person      UUID NOT NULL REFERENCES person (id),
    kind        TEXT NOT NULL CHECK (kind IN ('web', 'api')),
    address     TEXT NOT NULL,
    agent       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person);
