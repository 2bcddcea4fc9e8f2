CREATE TABLE number_series (
    series  TEXT NOT NULL,
    year    BIGINT NOT NULL,
    last    BIGINT NOT NULL,
    PRIMARY KEY (series, year)
);

CREATE TABLE matter (
    id           UUID NOT NULL PRIMARY KEY,
    kind         TEXT NOT NULL,
    number       TEXT NOT NULL UNIQUE,
    title        TEXT NOT NULL,
    search_key   TEXT NOT NULL,
    state        TEXT NOT NULL,
    lead         UUID NOT NULL REFERENCES unit (id),
    -- The unit that it concerns.
    unit         UUID NOT NULL REFERENCES unit (id),
    marking      TEXT NOT NULL,
    strict       BOOLEAN NOT NULL,
    category     TEXT,
    severity     TEXT NOT NULL,
    detected_at  BIGINT NOT NULL,
    opened_at    BIGINT NOT NULL,
    state_since  BIGINT NOT NULL,
    closed_at    BIGINT,
    -- Set while the matter is open: at most one open matter per dedup key.
    live_key     TEXT UNIQUE,
    -- The same key for good: a recurrence finds the matter that it follows.
    dedup_key    TEXT,
    clock_pack   TEXT NOT NULL,
    follows      UUID REFERENCES matter (id),
    merged_into  UUID REFERENCES matter (id),
    leak         TEXT,
    leak_reason  TEXT,
    leak_by      UUID REFERENCES person (id),
    leak_at      BIGINT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX matter_state ON matter (state, created_at);
CREATE INDEX matter_dedup ON matter (dedup_key, created_at);

CREATE TABLE party (
    matter    UUID NOT NULL REFERENCES matter (id),
    unit      UUID NOT NULL REFERENCES unit (id),
    role      TEXT NOT NULL,
    depth     BIGINT NOT NULL,
    added_at  BIGINT NOT NULL,
    PRIMARY KEY (matter, unit)
);
CREATE INDEX party_unit ON party (unit, matter);

-- The persons who may read a strict matter.
CREATE TABLE named (
    matter  UUID NOT NULL REFERENCES matter (id),
    person  UUID NOT NULL REFERENCES person (id),
    PRIMARY KEY (matter, person)
);

CREATE TABLE signal (
    id             UUID NOT NULL PRIMARY KEY,
    number         TEXT NOT NULL UNIQUE,
    kind           TEXT NOT NULL,
    level          TEXT NOT NULL,
    state          TEXT NOT NULL,
    unit           UUID NOT NULL REFERENCES unit (id),
    asset          UUID REFERENCES asset (id),
    source         UUID REFERENCES source (id),
    matter         UUID REFERENCES matter (id),
    title          TEXT NOT NULL,
    search_key     TEXT NOT NULL,
    -- The immutable body: what arrived, as JSON that SQL never looks into.
    body           TEXT NOT NULL,
    -- Set while further hits of the same story join this signal.
    live_key       TEXT UNIQUE,
    -- The same key for good: the matters of one story follow each other by it.
    dedup_key      TEXT,
    seen_count     BIGINT NOT NULL,
    waits          BOOLEAN NOT NULL,
    happened_at    BIGINT,
    detected_at    BIGINT NOT NULL,
    received_at    BIGINT NOT NULL,
    last_seen_at   BIGINT NOT NULL,
    reporter       UUID REFERENCES person (id),
    entered_by     UUID REFERENCES person (id),
    -- A form that was sent twice is one signal.
    form_key       TEXT UNIQUE,
    reason         TEXT,
    created_at     BIGINT NOT NULL
);
CREATE INDEX signal_state ON signal (state, waits, created_at);
CREATE INDEX signal_unit ON signal (unit, created_at);
CREATE INDEX signal_matter ON signal (matter);

CREATE TABLE task (
    id            UUID NOT NULL PRIMARY KEY,
    number        TEXT NOT NULL UNIQUE,
    matter        UUID NOT NULL REFERENCES matter (id),
    unit          UUID NOT NULL REFERENCES unit (id),
    title         TEXT NOT NULL,
    details       TEXT NOT NULL,
    search_key    TEXT NOT NULL,
    answer_kind   TEXT NOT NULL,
    state         TEXT NOT NULL,
    due           BIGINT NOT NULL,
    sent_at       BIGINT NOT NULL,
    received_at   BIGINT,
    submitted_at  BIGINT,
    accepted_at   BIGINT,
    exempt_until  BIGINT,
    -- The answer of the unit, as JSON that SQL never looks into.
    answer        TEXT,
    reason        TEXT,
    given_by      UUID REFERENCES person (id),
    created_at    BIGINT NOT NULL
);
CREATE INDEX task_unit ON task (unit, state, due);
CREATE INDEX task_matter ON task (matter);
CREATE INDEX task_state ON task (state, due);

-- Parties named on a task: they read it beside its own unit and the lead.
CREATE TABLE task_party (
    task  UUID NOT NULL REFERENCES task (id),
    unit  UUID NOT NULL REFERENCES unit (id),
    PRIMARY KEY (task, unit)
);

CREATE TABLE evidence (
    id            UUID NOT NULL PRIMARY KEY,
    matter        UUID REFERENCES matter (id),
    task          UUID REFERENCES task (id),
    signal        UUID REFERENCES signal (id),
    name          TEXT NOT NULL,
    media_type    TEXT NOT NULL,
    size_bytes    BIGINT NOT NULL,
    sha256        BYTEA   NOT NULL,
    added_by      UUID NOT NULL REFERENCES person (id),
    added_at      BIGINT NOT NULL,
    destroyed_at  BIGINT
);
CREATE INDEX evidence_matter ON evidence (matter);
CREATE INDEX evidence_task ON evidence (task);
CREATE INDEX evidence_signal ON evidence (signal);
