-- Rule hits with their event; until the lake stands they are rows of the state store.
CREATE TABLE hit (
    -- SHA-256 of (rule, event uid): a replay cannot double it.
    id           BYTEA NOT NULL PRIMARY KEY,
    rule         TEXT NOT NULL,
    family       TEXT NOT NULL,
    title        TEXT NOT NULL,
    level        TEXT NOT NULL,
    unit         UUID NOT NULL REFERENCES unit (id),
    asset        UUID REFERENCES asset (id),
    source       UUID REFERENCES source (id),
    host         TEXT NOT NULL,
    happened_at  BIGINT NOT NULL,
    received_at  BIGINT NOT NULL,
    event        TEXT NOT NULL,
    signal       UUID REFERENCES signal (id)
);
CREATE INDEX hit_signal ON hit (signal, happened_at);
CREATE INDEX hit_rule ON hit (rule, received_at);
CREATE INDEX hit_received ON hit (received_at);

-- How often each rule fired in each hour, the hits that were only counted included.
CREATE TABLE rule_tally (
    rule  TEXT NOT NULL,
    hour  BIGINT NOT NULL,
    hits  BIGINT NOT NULL,
    PRIMARY KEY (rule, hour)
);
