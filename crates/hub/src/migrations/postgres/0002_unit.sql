-- The dated province tree. A unit that ends names its successor, which inherits its scope and its open tasks.
CREATE TABLE unit (
    id          UUID NOT NULL PRIMARY KEY,
    code        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    search_key  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    parent      UUID REFERENCES unit (id),
    valid_from  BIGINT NOT NULL,
    valid_to    BIGINT,
    successor   UUID REFERENCES unit (id),
    created_at  BIGINT NOT NULL
);
CREATE INDEX unit_parent ON unit (parent);

-- Who covers whom: the closure of the tree, rebuilt in the transaction that changes the tree.
-- `own` marks the unit itself and the dissolved units that it succeeds.
CREATE TABLE unit_scope (
    ancestor    UUID NOT NULL REFERENCES unit (id),
    descendant  UUID NOT NULL REFERENCES unit (id),
    own         BOOLEAN NOT NULL,
    PRIMARY KEY (ancestor, descendant)
);
CREATE INDEX unit_scope_descendant ON unit_scope (descendant, ancestor, own);

CREATE TABLE contact (
    id          UUID NOT NULL PRIMARY KEY,
    unit        UUID NOT NULL REFERENCES unit (id),
    purpose     TEXT NOT NULL,
    name        TEXT NOT NULL,
    phone       TEXT NOT NULL,
    email       TEXT NOT NULL,
    valid_from  BIGINT NOT NULL,
    valid_to    BIGINT
);
CREATE INDEX contact_unit ON contact (unit);
