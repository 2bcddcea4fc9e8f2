//! The rules that travel inside the binary: every `*.yml` under the project's `rules/` folder.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../rules"]
#[include = "*.yml"]
struct Pack;

/// Returns the name and text of every embedded rule file, by name.
pub(crate) fn texts() -> impl Iterator<Item = (String, String)> {
    let mut names: Vec<_> = Pack::iter().collect();
    names.sort();
    names.into_iter().filter_map(|name| {
        let file = Pack::get(&name)?;
        let text = String::from_utf8_lossy(&file.data).into_owned();
        Some((name.into_owned(), text))
    })
}
