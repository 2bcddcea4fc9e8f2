-- A source is what may knock at a door: it has its own token (HTTP) or its own networks (syslog).
CREATE TABLE source (
    id          UUID NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    unit        UUID NOT NULL REFERENCES unit (id),
    door        TEXT NOT NULL CHECK (door IN ('http', 'syslog')),
    token_hash  BYTEA UNIQUE,
    networks    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT,
    seen_at     BIGINT,
    accepted    BIGINT NOT NULL,
    -- Events refused at the door, and events that no decoder could read.
    rejected    BIGINT NOT NULL,
    -- Messages that were longer than the bound and lost their tail.
    cut         BIGINT NOT NULL,
    -- Datagrams that came faster than they could be kept.
    lost        BIGINT NOT NULL,
    -- The sender's clock minus ours, as the latest batch shows it, µs.
    skew        BIGINT
);

-- How far detection has read the intake log; advanced in the transaction that saves the hits.
CREATE TABLE intake_offset (
    log       TEXT NOT NULL PRIMARY KEY,
    position  BIGINT NOT NULL,
    -- Where to read from after a restart so that the counting rules see their window again.
    warm      BIGINT NOT NULL
);
