//! The inventory of SQL texts, so that a test can hold every one against both engines.

use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

use crate::{Db, journal, lease, migrate, on, outbox};

/// Names a module's SQL texts: a constant each, and `ALL`, which lists them by full name for
/// [`describe_all`].
///
/// ```text
/// khien_store::statements! {
///     FIND = "SELECT id, name FROM unit WHERE id = $1",
///     LIST = concat!("SELECT id, name FROM unit", " ORDER BY name LIMIT $1"),
/// }
/// ```
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:expr),* $(,)?) => {
        $($(#[$meta])* pub(crate) const $name: &str = $sql;)*
        /// Every statement of this module with its full name.
        pub(crate) const ALL: &[(&str, &str)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}

/// Returns the store's own statements, for the test of whoever migrates the database.
pub fn own_statements() -> Vec<(&'static str, &'static str)> {
    [migrate::ALL, journal::ALL, outbox::ALL, lease::ALL].concat()
}

/// Prepares every statement on the database's engine; returns what the engine said of each that
/// it does not take.
pub async fn describe_all(db: &Db, statements: &[(&str, &str)]) -> Result<(), Vec<String>> {
    let mut refused = Vec::new();
    for (name, sql) in statements {
        // A fresh transaction each: PostgreSQL ends one at its first error.
        let prepared = match db.read().await {
            Ok(mut read) => on!(read, c => {
                // Audited: the texts are constants of the program, given by the test.
                let text = AssertSqlSafe(*sql).into_sql_str();
                (&mut **c).prepare(text).await.map(drop).map_err(crate::StoreError::from)
            }),
            Err(error) => Err(error),
        };
        if let Err(error) = prepared {
            refused.push(format!("{name}: {error}"));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}
