CREATE TABLE asset (
    id           UUID NOT NULL PRIMARY KEY,
    unit         UUID NOT NULL REFERENCES unit (id),
    kind         TEXT NOT NULL,
    system_type  TEXT,
    name         TEXT NOT NULL,
    search_key   TEXT NOT NULL,
    level        BIGINT,
    created_at   BIGINT NOT NULL,
    retired_at   BIGINT
);
CREATE INDEX asset_unit ON asset (unit);

-- Host names and addresses by which events find their asset. Within a unit a key leads to one
-- asset; another unit may use the same private address.
CREATE TABLE asset_key (
    key    TEXT NOT NULL,
    unit   UUID NOT NULL REFERENCES unit (id),
    asset  UUID NOT NULL REFERENCES asset (id),
    PRIMARY KEY (key, unit)
);
CREATE INDEX asset_key_asset ON asset_key (asset);
