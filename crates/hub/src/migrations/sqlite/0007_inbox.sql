-- In-app messages: number, level, action and link, never content.
CREATE TABLE message (
    id          BLOB NOT NULL PRIMARY KEY,
    person      BLOB NOT NULL REFERENCES person (id),
    fact        BLOB NOT NULL,
    action      TEXT NOT NULL,
    number      TEXT NOT NULL,
    level       TEXT NOT NULL,
    link        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    read_at     INTEGER,
    UNIQUE (person, fact, action)
) STRICT;
CREATE INDEX message_person ON message (person, created_at);
