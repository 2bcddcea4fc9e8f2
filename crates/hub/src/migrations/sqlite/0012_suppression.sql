-- A rule that raises no signal in some place for a while; over once `until_at` has passed.
CREATE TABLE suppression (
    id           BLOB NOT NULL PRIMARY KEY,
    rule         TEXT NOT NULL,
    -- The unit, or the unit of the asset; neither where it is in force everywhere.
    unit         BLOB REFERENCES unit (id),
    asset        BLOB REFERENCES asset (id),
    reason       TEXT NOT NULL,
    owner        BLOB NOT NULL REFERENCES person (id),
    from_at      INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,
    lifted_at    INTEGER,
    lifted_by    BLOB REFERENCES person (id),
    -- What it has kept from raising a signal.
    hits         INTEGER NOT NULL,
    last_hit_at  INTEGER
) STRICT;
CREATE INDEX suppression_until ON suppression (until_at);
