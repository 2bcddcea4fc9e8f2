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
    -- Events refused at the door, and events that no decoder could read.
    rejected    INTEGER NOT NULL,
    -- Messages that were longer than the bound and lost their tail.
    cut         INTEGER NOT NULL,
    -- Datagrams that came faster than they could be kept.
    lost        INTEGER NOT NULL,
    -- The sender's clock minus ours, as the latest batch shows it, µs.
    skew        INTEGER
) STRICT;

-- How far detection has read the intake log; advanced in the transaction that saves the hits.
CREATE TABLE intake_offset (
    log       TEXT NOT NULL PRIMARY KEY,
    position  INTEGER NOT NULL,
    -- Where to read from after a restart so that the counting rules see their window again.
    warm      INTEGER NOT NULL
) STRICT;
