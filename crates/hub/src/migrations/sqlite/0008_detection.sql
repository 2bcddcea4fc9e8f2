-- Rule hits with their event; until the lake stands they are rows of the state store.
CREATE TABLE hit (
    -- SHA-256 of (rule, event uid): a replay cannot double it.
    id           BLOB NOT NULL PRIMARY KEY,
    rule         TEXT NOT NULL,
    family       TEXT NOT NULL,
    title        TEXT NOT NULL,
    level        TEXT NOT NULL,
    unit         BLOB NOT NULL REFERENCES unit (id),
    asset        BLOB REFERENCES asset (id),
    source       BLOB REFERENCES source (id),
    host         TEXT NOT NULL,
    happened_at  INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    event        TEXT NOT NULL,
    signal       BLOB REFERENCES signal (id)
) STRICT;
CREATE INDEX hit_signal ON hit (signal, happened_at);
CREATE INDEX hit_rule ON hit (rule, received_at);
CREATE INDEX hit_received ON hit (received_at);

-- How often each rule fired in each hour, the hits that were only counted included.
CREATE TABLE rule_tally (
    rule  TEXT NOT NULL,
    hour  INTEGER NOT NULL,
    hits  INTEGER NOT NULL,
    PRIMARY KEY (rule, hour)
) STRICT;
