//! `--values`: lists of values for the placeholders of rules, `%Administrators%`.
//!
//! A file that cannot be taken ends the command: without its lists rules would be silent that the
//! caller counts on.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use khien_detect::{Loader, Placeholders, Refused, Rules};
use khien_hub::web::i18n::{Arg, Lang};

/// Names of lists that are told one by one.
const NAMED_MAX: usize = 20;

/// The files that were named.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Lists {
    /// Files of value lists for rules with placeholders (%Servers%): YAML of names to values, or a
    /// pipeline of pySigma with `vars`. Lists of the same name are put together
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) values: Vec<PathBuf>,
}

impl Lists {
    /// Loads the rules of these folders, or without any the rules that travel inside this program.
    ///
    /// # Errors
    /// When a file of lists cannot be taken.
    pub(crate) fn load(&self, folders: &[PathBuf]) -> Result<(Rules, Vec<Refused>)> {
        let mut lists = Placeholders::default();
        for path in &self.values {
            lists.file(path).with_context(|| path.display().to_string())?;
        }
        let mut loader = Loader::new();
        loader.placeholders(lists);
        match folders {
            [] => loader.pack(),
            folders => folders.iter().for_each(|folder| loader.folder(folder)),
        }
        Ok(loader.finish())
    }
}

/// Returns what is told of lists that no rule asks for; nothing when there are none.
pub(crate) fn unused(rules: &Rules, lang: Lang) -> Option<String> {
    let names = rules.lists_unused();
    let total = Arg::Number(i64::try_from(names.len()).unwrap_or(i64::MAX));
    let mut first = names[..names.len().min(NAMED_MAX)].join(", ");
    if names.len() > NAMED_MAX {
        first.push_str(", …");
    }
    let args = [("total", total), ("names", Arg::Text(&first))];
    (!names.is_empty()).then(|| lang.ta("cli-values-unused", &args))
}
