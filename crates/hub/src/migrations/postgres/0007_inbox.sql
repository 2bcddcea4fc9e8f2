-- In-app messages: number, level, action and link, never content.
CREATE TABLE message (
    id          UUID NOT NULL PRIMARY KEY,
    person      UUID NOT NULL REFERENCES person (id),
    fact        UUID NOT NULL,
    action      TEXT NOT NULL,
    number      TEXT NOT NULL,
    level       TEXT NOT NULL,
    link        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    read_at     BIGINT,
    UNIQUE (person, fact, action)
);
CREATE INDEX message_person ON message (person, created_at);
