//! The schema, twice: one numbered list per engine, same numbers and names, held equal by a test.

use khien_store::{Migration, Migrations};

macro_rules! twins {
    ($($version:literal $name:literal),+ $(,)?) => {
        const LITE: &[Migration] = &[
            khien_store::STORE_MIGRATION.lite,
            $(Migration {
                version: $version,
                name: $name,
                sql: include_str!(concat!("migrations/sqlite/", $name, ".sql")),
            }),+
        ];
        const PG: &[Migration] = &[
            khien_store::STORE_MIGRATION.pg,
            $(Migration {
                version: $version,
                name: $name,
                sql: include_str!(concat!("migrations/postgres/", $name, ".sql")),
            }),+
        ];
    };
}

twins! {
    2 "0002_unit",
    3 "0003_access",
    4 "0004_asset",
    5 "0005_intake",
    6 "0006_work",
    7 "0007_inbox",
    8 "0008_detection",
    9 "0009_journal",
    10 "0010_law_report",
    11 "0011_detection_memory",
    12 "0012_suppression",
    13 "0013_merged",
}

/// Every migration of the state database, in order.
pub const ALL: Migrations = Migrations { lite: LITE, pg: PG };
