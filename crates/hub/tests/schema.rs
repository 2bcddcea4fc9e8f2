//! One schema and one SQL text for two engines.

use std::path::Path;

use khien_hub::migrations;
use khien_hub::statements::statements;
use khien_store::{catalogue, describe_all, own_statements, testing};

use crate::harness::source;

#[tokio::test]
async fn the_twins_are_equal() {
    let mut schemas = Vec::new();
    for bench in testing::engines().await {
        bench.db.migrate(&migrations::ALL).await.unwrap();
        schemas.push(catalogue(&bench.db).await.unwrap());
    }
    assert!(schemas[0].iter().any(|c| c.table == "signal" && c.column == "live_key"));
    for schema in &schemas {
        assert_eq!(schema, &schemas[0]);
    }
}

#[test]
fn the_twins_have_the_same_steps() {
    let steps = |list: &[khien_store::Migration]| {
        list.iter().map(|step| (step.version, step.name)).collect::<Vec<_>>()
    };
    assert_eq!(steps(migrations::ALL.lite), steps(migrations::ALL.pg));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/migrations");
    for engine in ["sqlite", "postgres"] {
        let written = std::fs::read_dir(folder.join(engine)).unwrap().count();
        // The store's own first step lies in its own crate.
        assert_eq!(written, migrations::ALL.lite.len() - 1, "a step of {engine} is not listed");
    }
}

#[tokio::test]
async fn both_engines_take_every_statement() {
    let all = [statements(), own_statements()].concat();
    for bench in testing::engines().await {
        bench.db.migrate(&migrations::ALL).await.unwrap();
        describe_all(&bench.db, &all).await.unwrap();
    }
}

#[test]
fn every_module_with_statements_is_listed() {
    let listed = statements();
    let mut modules = 0;
    for (path, text) in source::files("rs") {
        if !text.lines().any(|line| line.trim() == "statements! {") {
            continue;
        }
        modules += 1;
        let module = path.with_extension("").to_string_lossy().replace('/', "::");
        let module = module.strip_suffix("::mod").unwrap_or(&module);
        let prefix = format!("khien_hub::{module}::");
        assert!(listed.iter().any(|(name, _)| name.starts_with(&prefix)), "{prefix} is not listed");
    }
    assert!(modules >= 5, "only {modules} modules found");
}

/// What SQL may not say: it would mean something else on the other engine, or read the clock.
#[test]
fn no_statement_leans_on_one_engine() {
    for (name, sql) in statements() {
        let sql = sql.to_uppercase();
        for word in ["NOW(", "CURRENT_TIMESTAMP", "ILIKE", "->>", "JSON_EXTRACT", "?1", "STRFTIME"]
        {
            assert!(!sql.contains(word), "{name} says {word}");
        }
        let unescaped = sql.contains(" LIKE ") && !sql.contains("ESCAPE '\\'");
        assert!(!unescaped, "{name}: LIKE without ESCAPE");
    }
}
