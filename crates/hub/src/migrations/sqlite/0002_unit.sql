-- The dated province tree. A unit that ends names its successor, which inherits its scope and its open tasks.
CREATE TABLE unit (
    id          BLOB NOT NULL PRIMARY KEY,
    code        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    search_key  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    parent      BLOB REFERENCES unit (id),
    valid_from  INTEGER NOT NULL,
    valid_to    INTEGER,
    successor   BLOB REFERENCES unit (id),
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX unit_parent ON unit (parent);

-- Who covers whom: the closure of the tree, rebuilt in the transaction that changes the tree.
-- `own` marks the unit itself and the dissolved units that it succeeds.
CREATE TABLE unit_scope (
    ancestor    BLOB NOT NULL REFERENCES unit (id),
    descendant  BLOB NOT NULL REFERENCES unit (id),
    own         INTEGER NOT NULL,
    PRIMARY KEY (ancestor, descendant)
) STRICT;
CREATE INDEX unit_scope_descendant ON unit_scope (descendant, ancestor, own);

CREATE TABLE contact (
    id          BLOB NOT NULL PRIMARY KEY,
    unit        BLOB NOT NULL REFERENCES unit (id),
    purpose     TEXT NOT NULL,
    name        TEXT NOT NULL,
    phone       TEXT NOT NULL,
    email       TEXT NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_to    INTEGER
) STRICT;
CREATE INDEX contact_unit ON contact (unit);
