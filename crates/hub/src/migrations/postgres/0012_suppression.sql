-- A rule that raises no signal in some place for a while; over once `until_at` has passed.
CREATE TABLE suppression (
    id           UUID NOT NULL PRIMARY KEY,
    rule         TEXT NOT NULL,
    -- The unit, or the unit of the asset; neither where it is in force everywhere.
    unit         UUID REFERENCES unit (id),
    asset        UUID REFERENCES asset (id),
    reason       TEXT NOT NULL,
    owner        UUID NOT NULL REFERENCES person (id),
    from_at      BIGINT NOT NULL,
    until_at     BIGINT NOT NULL,
    lifted_at    BIGINT,
    lifted_by    UUID REFERENCES person (id),
    -- What it has kept from raising a signal.
    hits         BIGINT NOT NULL,
    last_hit_at  BIGINT
);
CREATE INDEX suppression_until ON suppression (until_at);
