CREATE TABLE number_series (
    series  TEXT NOT NULL,
    year    INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    PRIMARY KEY (series, year)
) STRICT;

CREATE TABLE matter (
    id           BLOB NOT NULL PRIMARY KEY,
    kind         TEXT NOT NULL,
    number       TEXT NOT NULL UNIQUE,
    title        TEXT NOT NULL,
    search_key   TEXT NOT NULL,
    state        TEXT NOT NULL,
    lead         BLOB NOT NULL REFERENCES unit (id),
    -- The unit that it concerns.
    unit         BLOB NOT NULL REFERENCES unit (id),
    marking      TEXT NOT NULL,
    strict       INTEGER NOT NULL,
    category     TEXT,
    severity     TEXT NOT NULL,
    detected_at  INTEGER NOT NULL,
    opened_at    INTEGER NOT NULL,
    state_since  INTEGER NOT NULL,
    closed_at    INTEGER,
    -- Set while the matter is open: at most one open matter per dedup key.
    live_key     TEXT UNIQUE,
    -- The same key for good: a recurrence finds the matter that it follows.
    dedup_key    TEXT,
    clock_pack   TEXT NOT NULL,
    follows      BLOB REFERENCES matter (id),
    merged_into  BLOB REFERENCES matter (id),
    leak         TEXT,
    leak_reason  TEXT,
    leak_by      BLOB REFERENCES person (id),
    leak_at      INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX matter_state ON matter (state, created_at);
CREATE INDEX matter_dedup ON matter (dedup_key, created_at);

CREATE TABLE party (
    matter    BLOB NOT NULL REFERENCES matter (id),
    unit      BLOB NOT NULL REFERENCES unit (id),
    role      TEXT NOT NULL,
    depth     INTEGER NOT NULL,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (matter, unit)
) STRICT;
CREATE INDEX party_unit ON party (unit, matter);

-- The persons who may read a strict matter.
CREATE TABLE named (
    matter  BLOB NOT NULL REFERENCES matter (id),
    person  BLOB NOT NULL REFERENCES person (id),
    PRIMARY KEY (matter, person)
) STRICT;

CREATE TABLE signal (
    id             BLOB NOT NULL PRIMARY KEY,
    number         TEXT NOT NULL UNIQUE,
    kind           TEXT NOT NULL,
    level          TEXT NOT NULL,
    state          TEXT NOT NULL,
    unit           BLOB NOT NULL REFERENCES unit (id),
    asset          BLOB REFERENCES asset (id),
    source         BLOB REFERENCES source (id),
    matter         BLOB REFERENCES matter (id),
    title          TEXT NOT NULL,
    search_key     TEXT NOT NULL,
    -- The immutable body: what arrived, as JSON that SQL never looks into.
    body           TEXT NOT NULL,
    -- Set while further hits of the same story join this signal.
    live_key       TEXT UNIQUE,
    -- The same key for good: the matters of one story follow each other by it.
    dedup_key      TEXT,
    seen_count     INTEGER NOT NULL,
    waits          INTEGER NOT NULL,
    happened_at    INTEGER,
    detected_at    INTEGER NOT NULL,
    received_at    INTEGER NOT NULL,
    last_seen_at   INTEGER NOT NULL,
    reporter       BLOB REFERENCES person (id),
    entered_by     BLOB REFERENCES person (id),
    -- A form that was sent twice is one signal.
    form_key       TEXT UNIQUE,
    reason         TEXT,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX signal_state ON signal (state, waits, created_at);
CREATE INDEX signal_unit ON signal (unit, created_at);
CREATE INDEX signal_matter ON signal (matter);

CREATE TABLE task (
    id            BLOB NOT NULL PRIMARY KEY,
    number        TEXT NOT NULL UNIQUE,
    matter        BLOB NOT NULL REFERENCES matter (id),
    unit          BLOB NOT NULL REFERENCES unit (id),
    title         TEXT NOT NULL,
    details       TEXT NOT NULL,
    search_key    TEXT NOT NULL,
    answer_kind   TEXT NOT NULL,
    state         TEXT NOT NULL,
    due           INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL,
    received_at   INTEGER,
    submitted_at  INTEGER,
    accepted_at   INTEGER,
    exempt_until  INTEGER,
    -- The answer of the unit, as JSON that SQL never looks into.
    answer        TEXT,
    reason        TEXT,
    given_by      BLOB REFERENCES person (id),
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX task_unit ON task (unit, state, due);
CREATE INDEX task_matter ON task (matter);
CREATE INDEX task_state ON task (state, due);

-- Parties named on a task: they read it beside its own unit and the lead.
CREATE TABLE task_party (
    task  BLOB NOT NULL REFERENCES task (id),
    unit  BLOB NOT NULL REFERENCES unit (id),
    PRIMARY KEY (task, unit)
) STRICT;

CREATE TABLE evidence (
    id            BLOB NOT NULL PRIMARY KEY,
    matter        BLOB REFERENCES matter (id),
    task          BLOB REFERENCES task (id),
    signal        BLOB REFERENCES signal (id),
    name          TEXT NOT NULL,
    media_type    TEXT NOT NULL,
    size_bytes    INTEGER NOT NULL,
    sha256        BLOB NOT NULL,
    added_by      BLOB NOT NULL REFERENCES person (id),
    added_at      INTEGER NOT NULL,
    destroyed_at  INTEGER
) STRICT;
CREATE INDEX evidence_matter ON evidence (matter);
CREATE INDEX evidence_task ON evidence (task);
CREATE INDEX evidence_signal ON evidence (signal);
