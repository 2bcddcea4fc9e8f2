CREATE TABLE asset (
    id           BLOB NOT NULL PRIMARY KEY,
    unit         BLOB NOT NULL REFERENCES unit (id),
    kind         TEXT NOT NULL,
    system_type  TEXT,
    name         TEXT NOT NULL,
    search_key   TEXT NOT NULL,
    level        INTEGER,
    created_at   INTEGER NOT NULL,
    retired_at   INTEGER
) STRICT;
CREATE INDEX asset_unit ON asset (unit);

-- Host names and addresses by which events find their asset. Within a unit a key leads to one
-- asset; another unit may use the same private address.
CREATE TABLE asset_key (
    key    TEXT NOT NULL,
    unit   BLOB NOT NULL REFERENCES unit (id),
    asset  BLOB NOT NULL REFERENCES asset (id),
    PRIMARY KEY (key, unit)
) STRICT;
CREATE INDEX asset_key_asset ON asset_key (asset);
