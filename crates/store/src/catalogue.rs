//! The schema as both engines would describe it, so that a test can hold the twins side by side.

use sqlx::FromRow;

use crate::{Conn, Db, StoreError};

/// What a column can hold, whatever the engine calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Whole numbers and booleans (SQLite stores a boolean as a number).
    Integer,
    /// Floating point.
    Real,
    /// Text and JSON.
    Text,
    /// Bytes and UUIDs (SQLite stores a UUID as 16 bytes).
    Bytes,
    /// A type that the twins have no common name for.
    Other(String),
}

/// One column of one table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// What it holds.
    pub class: Class,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// Dialect exceptions: each engine describes itself in its own way.
const CATALOGUE_LITE: &str = "SELECT t.name AS \"table\", c.name AS \"column\", c.type AS kind,
  c.\"notnull\" = 0 AS nullable
FROM sqlite_schema t JOIN pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const CATALOGUE_PG: &str = "SELECT table_name::text AS \"table\", column_name::text AS \"column\",
  data_type::text AS kind, is_nullable = 'YES' AS nullable
FROM information_schema.columns WHERE table_schema = current_schema()";

#[derive(FromRow)]
struct Row {
    table: String,
    column: String,
    kind: String,
    nullable: bool,
}

/// Returns every column of every table, sorted, in words that both engines share.
pub async fn catalogue(db: &Db) -> Result<Vec<Column>, StoreError> {
    let mut read = db.read().await?;
    let rows: Vec<Row> = match &mut *read {
        Conn::Lite(c) => sqlx::query_as(CATALOGUE_LITE).fetch_all(&mut **c).await?,
        Conn::Pg(c) => sqlx::query_as(CATALOGUE_PG).fetch_all(&mut **c).await?,
    };
    let mut columns: Vec<Column> = rows.into_iter().map(column).collect();
    columns.sort();
    Ok(columns)
}

fn column(row: Row) -> Column {
    let class = match row.kind.to_ascii_lowercase().as_str() {
        "integer" | "bigint" | "smallint" | "boolean" => Class::Integer,
        "real" | "double precision" => Class::Real,
        "text" | "json" | "jsonb" | "character varying" => Class::Text,
        "blob" | "bytea" | "uuid" => Class::Bytes,
        other => Class::Other(other.to_owned()),
    };
    Column { table: row.table, column: row.column, class, nullable: row.nullable }
}
