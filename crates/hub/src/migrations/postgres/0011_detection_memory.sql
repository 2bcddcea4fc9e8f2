-- What the rules that count remembered when the log had been read up to `position`: a restart goes
-- on from there, and what lies between it and `intake_offset.position` is only counted again.
CREATE TABLE detection_memory (
    log       TEXT NOT NULL PRIMARY KEY,
    position  BIGINT NOT NULL,
    bytes     BYTEA NOT NULL
);
ALTER TABLE intake_offset DROP COLUMN warm;
